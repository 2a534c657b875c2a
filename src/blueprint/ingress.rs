//! The way in: a load balancer that faces the internet, its listeners, and the data planes behind it.

use std::time::Duration;

use super::draft::Draft;
use super::{access_logs, addresses, admin_guard, network, security};
use crate::kinds::elb::{
    Action, HealthCheck, Listener, ListenerDesired, LoadBalancer, LoadBalancerDesired, Protocol,
    TargetGroup, TargetGroupDesired,
};
use crate::kong::environment::{PROXY_PORT, STATUS_PORT};
use crate::kong::shutdown;
use crate::resource::{Address, Arn, DnsName, Output, Ref, Text};
use crate::spec::{Certificate, HttpMode, Named, StackSpec};

/// Less than the 75 s after which Kong's nginx closes a connection, so that it is never Kong that closes one the
/// load balancer is about to use.
const IDLE_TIMEOUT: u32 = 60;

/// Draws the target group, the load balancer, its listeners and the rules that guard the Admin API.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    draw_target_group(draft);
    draw_load_balancer(draft);
    draw_listeners(draft);
    admin_guard::draw(draft);
    draw_outputs(draft);
}

/// What must be there before the data planes' service, which ECS refuses to make while its target group belongs to
/// no load balancer. The rules are among it: not one request may pass before the Admin API is guarded.
pub(crate) fn service_ready(spec: &StackSpec) -> Vec<Address> {
    let listeners = listeners(spec).into_iter().map(|listener| listener.address);
    listeners
        .chain(
            admin_guard::rules(spec)
                .into_iter()
                .map(|rule| rule.address),
        )
        .chain(security::alb_ready(spec))
        .collect()
}

/// A listener of the load balancer.
pub(super) struct Entrance {
    /// Its address.
    pub(super) address: Address,
    /// Its name in other addresses.
    pub(super) name: &'static str,
    /// Whether it lets requests through, and does not only send them to the other.
    pub(super) forwards: bool,
    port: u16,
    protocol: Protocol,
    action: Action,
}

/// The listeners that the spec asks for.
pub(super) fn listeners(spec: &StackSpec) -> Vec<Entrance> {
    let forward = || Action::Forward(Ref::Of(addresses::target_group()));
    let certificate = match &spec.ingress.certificate {
        Certificate::None => None,
        // Not the certificate itself: until it is issued no listener takes it.
        Certificate::Issue => Some(Ref::Of(addresses::certificate_validation())),
        Certificate::Arn(arn) => Some(Ref::Literal(Arn::new(arn.as_str()))),
    };
    let https = certificate.map(|certificate| Entrance {
        address: addresses::https_listener(),
        name: "https",
        forwards: true,
        port: 443,
        protocol: Protocol::Https {
            certificate,
            policy: spec.ingress.tls_policy.as_str().to_owned(),
        },
        action: forward(),
    });
    let http = |forwards, action| Entrance {
        address: addresses::http_listener(),
        name: "http",
        forwards,
        port: 80,
        protocol: Protocol::Http,
        action,
    };
    let http = match spec.ingress.http() {
        HttpMode::Forward => Some(http(true, forward())),
        HttpMode::Redirect => Some(http(false, Action::RedirectToHttps)),
        HttpMode::Off => None,
    };
    https.into_iter().chain(http).collect()
}

/// Whether the gateway speaks TLS.
pub(super) fn speaks_tls(spec: &StackSpec) -> bool {
    spec.ingress.certificate != Certificate::None
}

fn draw_target_group(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::target_group();
    let name = target_group_name(spec);
    let desired = TargetGroupDesired {
        vpc: network::vpc(spec),
        port: PROXY_PORT,
        // Port 8000 answers 404 to a path without a route, and `/status` is 200 even on a node without any
        // configuration: only `/status/ready` on the status port tells a node that can serve.
        health_check: HealthCheck {
            port: STATUS_PORT,
            path: "/status/ready".to_owned(),
            matcher: "200".to_owned(),
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            healthy_threshold: 2,
            unhealthy_threshold: 3,
        },
        deregistration_delay: shutdown::DEREGISTRATION_DELAY,
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<TargetGroup>(address, desired);
}

/// A target group serves one load balancer, on one port, in one VPC: with any of them its name changes, so that its
/// successor can be made beside it.
fn target_group_name(spec: &StackSpec) -> String {
    let vpc = match &spec.network.existing {
        Some(existing) => existing.vpc.to_string(),
        None => spec.network.cidr().to_string(),
    };
    let balancer = spec.name_of(Named::LoadBalancer);
    let port = PROXY_PORT.to_string();
    spec.suffixed_name(Named::TargetGroup, &[&balancer, &port, &vpc])
}

fn draw_load_balancer(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::load_balancer();
    let name = spec.name_of(Named::LoadBalancer);
    let desired = LoadBalancerDesired {
        vpc: network::vpc(spec),
        subnets: network::public_subnets(spec),
        security_groups: vec![security::alb_group()],
        idle_timeout: IDLE_TIMEOUT,
        // It holds nothing that a new one would not have, but for its name in other people's records.
        deletion_protection: spec.ingress.deletion_protection,
        access_logs: access_logs::wanted(spec),
        // Kong passes headers with underscores on, and upstreams rely on them; nginx drops the really invalid ones.
        drop_invalid_headers: false,
        after: network::public_ready(spec),
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<LoadBalancer>(address, desired);
}

fn draw_listeners(draft: &mut Draft<'_>) {
    let balancer = draft.spec.name_of(Named::LoadBalancer);
    for entrance in listeners(draft.spec) {
        let Entrance {
            address,
            name,
            forwards: _,
            port,
            protocol,
            action,
        } = entrance;
        let desired = ListenerDesired {
            load_balancer: Ref::Of(addresses::load_balancer()),
            port,
            protocol,
            action,
            tags: draft.tags(&address, &format!("{balancer}-{name}")),
        };
        draft.add::<Listener>(address, desired);
    }
}

fn draw_outputs(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let dns_name = Ref::<DnsName>::Of(addresses::load_balancer());
    let scheme = if speaks_tls(spec) {
        "https://"
    } else {
        "http://"
    };
    let endpoint = match &spec.ingress.domain {
        Some(domain) => Text::from(scheme).then(domain.as_str()),
        None => Text::from(scheme).then_ref(&dns_name),
    };
    let admin = endpoint.clone().then(spec.admin.path.as_str());
    draft.output("endpoint", endpoint);
    draft.output("admin_endpoint", admin);
    draft.output("load_balancer_dns_name", &dns_name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    fn names(text: &str) -> Vec<(&'static str, bool)> {
        let listeners = listeners(&spec(text));
        listeners
            .iter()
            .map(|one| (one.name, one.forwards))
            .collect()
    }

    #[test]
    fn listeners_follow_certificate_and_http_mode() {
        let arn = "arn:aws:acm:eu-west-1:123456789012:certificate/abc";
        assert_eq!(names(""), [("http", true)]);
        let with = |http: &str| names(&format!("ingress: {{certificate: '{arn}'{http}}}"));
        assert_eq!(with(""), [("https", true), ("http", false)]);
        assert_eq!(with(", http: forward"), [("https", true), ("http", true)]);
        assert_eq!(with(", http: off"), [("https", true)]);
        let issued =
            "ingress: {certificate: issue, domain: a.example.com, hosted_zone: example.com}";
        assert_eq!(names(issued), [("https", true), ("http", false)]);
    }

    #[test]
    fn only_a_node_that_can_serve_is_healthy() {
        let spec = spec("");
        let mut draft = Draft::new(&spec);
        draw_target_group(&mut draft);
        let blueprint = draft.finish();
        let group = &blueprint.resources[&addresses::target_group()];
        let check = &group.desired_as::<TargetGroup>().unwrap().health_check;
        assert_eq!((check.port, check.path.as_str()), (8007, "/status/ready"));
        assert_eq!(check.matcher, "200");
    }

    #[test]
    fn a_target_groups_name_follows_what_it_cannot_change() {
        let name = |text: &str| target_group_name(&spec(text));
        let base = name("");
        assert!(base.len() <= 32 && base.starts_with("demo-"), "{base}");
        assert_eq!(base, name("data_plane: {cpu: 1024, memory: 2048}"));
        assert_ne!(base, name("network: {cidr: 10.9.0.0/16}"));
        assert_ne!(base, name("names: {load_balancer: other}"));
    }
}
