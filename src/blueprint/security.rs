//! Security groups: one a role in the stack, and between them only what that role needs.
//!
//! Rules are resources of their own, named after what they allow, so that a changed rule is a new one and its old form
//! goes. AWS's own resolver and credentials are reached without any rule.

use ipnet::Ipv4Net;

use super::draft::Draft;
use super::{addresses, endpoints, network};
use crate::kinds::ec2::security_group_rule::{self, Direction, Peer};
use crate::kinds::ec2::{SecurityGroup, SecurityGroupRule, security_group};
use crate::kong::environment::{ADMIN_PORT, CLUSTER_PORT, DATABASE_PORT, PROXY_PORT, STATUS_PORT};
use crate::resource::{Address, Ref, SecurityGroupId};
use crate::spec::value::cidr::ANYWHERE;
use crate::spec::{Certificate, HttpMode, Named, StackSpec};

const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// Draws the groups and their rules.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    for group in groups(draft.spec) {
        draw_group(draft, group);
    }
    for rule in rules(draft.spec) {
        draw_rule(draft, &rule);
    }
}

/// The load balancer's group.
pub(crate) fn alb_group() -> Ref<SecurityGroupId> {
    Ref::Of(Group::Alb.address())
}

/// The VPC endpoints' group, where the stack has any.
pub(crate) fn endpoints_group() -> Ref<SecurityGroupId> {
    Ref::Of(Group::Endpoints.address())
}

/// The rules that must be there before a task runs: all but the load balancer's own front door.
pub(crate) fn tasks_ready(spec: &StackSpec) -> Vec<Address> {
    rules(spec)
        .into_iter()
        .filter(|rule| (rule.group, rule.direction) != (Group::Alb, Direction::Ingress))
        .map(|rule| rule.address())
        .collect()
}

/// The rules that must be there before the load balancer is worth anything.
pub(crate) fn alb_ready(spec: &StackSpec) -> Vec<Address> {
    rules(spec)
        .into_iter()
        .filter(|rule| rule.group == Group::Alb)
        .map(|rule| rule.address())
        .collect()
}

/// A role in the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Alb,
    DataPlane,
    ControlPlane,
    Database,
    Endpoints,
}

impl Group {
    fn address(self) -> Address {
        match self {
            Self::Alb => addresses::alb_group(),
            Self::DataPlane => addresses::data_plane_group(),
            Self::ControlPlane => addresses::control_plane_group(),
            Self::Database => addresses::database_group(),
            Self::Endpoints => addresses::endpoints_group(),
        }
    }

    fn named(self) -> Named {
        match self {
            Self::Alb => Named::LoadBalancerSecurityGroup,
            Self::DataPlane => Named::DataPlaneSecurityGroup,
            Self::ControlPlane => Named::ControlPlaneSecurityGroup,
            Self::Database => Named::DatabaseSecurityGroup,
            Self::Endpoints => Named::EndpointsSecurityGroup,
        }
    }

    /// How rules' names speak of it.
    fn short(self) -> &'static str {
        match self {
            Self::Alb => "alb",
            Self::DataPlane => "dp",
            Self::ControlPlane => "cp",
            Self::Database => "db",
            Self::Endpoints => "endpoints",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Alb => "Kong load balancer",
            Self::DataPlane => "Kong data plane",
            Self::ControlPlane => "Kong control plane and migrations",
            Self::Database => "Kong database",
            Self::Endpoints => "VPC endpoints of the Kong stack",
        }
    }
}

/// Who is at the other end of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    Group(Group),
    Cidr(Ipv4Net),
    /// The addresses of S3, which a gateway endpoint routes to.
    S3,
}

impl Who {
    fn short(&self) -> String {
        match self {
            Self::Group(group) => group.short().to_owned(),
            Self::Cidr(block) => block.to_string().replace('/', "-"),
            Self::S3 => "s3".to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    group: Group,
    direction: Direction,
    port: u16,
    who: Who,
    description: &'static str,
}

impl Rule {
    fn name(&self) -> String {
        let direction = match self.direction {
            Direction::Ingress => "in",
            Direction::Egress => "out",
        };
        let (group, port, who) = (self.group.short(), self.port, self.who.short());
        format!("{group}-{direction}-{port}-{who}")
    }

    fn address(&self) -> Address {
        addresses::rule(self.name())
    }
}

fn groups(spec: &StackSpec) -> Vec<Group> {
    let mut groups = vec![
        Group::Alb,
        Group::DataPlane,
        Group::ControlPlane,
        Group::Database,
    ];
    if endpoints::drawn(spec) {
        groups.push(Group::Endpoints);
    }
    groups
}

/// All rules. The same one asked for twice (an upstream on 443 and AWS's services) is one.
fn rules(spec: &StackSpec) -> Vec<Rule> {
    let mut all = front_door(spec);
    all.extend(between());
    all.extend(services(spec));
    all.extend(upstreams(spec));
    let mut rules: Vec<Rule> = Vec::new();
    for rule in all {
        if rules.iter().all(|known| known.address() != rule.address()) {
            rules.push(rule);
        }
    }
    rules
}

fn front_door(spec: &StackSpec) -> Vec<Rule> {
    let ingress = &spec.ingress;
    let https = ingress.certificate != Certificate::None;
    let http = ingress.http() != HttpMode::Off;
    let ports = [
        (https, HTTPS, "HTTPS from clients"),
        (http, HTTP, "HTTP from clients"),
    ];
    let open = ports.into_iter().filter(|(open, ..)| *open);
    open.flat_map(|(_, port, description)| {
        ingress.allow.iter().map(move |block| Rule {
            group: Group::Alb,
            direction: Direction::Ingress,
            port,
            who: Who::Cidr(*block),
            description,
        })
    })
    .collect()
}

/// Who talks to whom inside the stack: a way out at one end and a way in at the other.
fn between() -> Vec<Rule> {
    use Group::{Alb, ControlPlane, DataPlane, Database};
    let links = [
        (Alb, DataPlane, PROXY_PORT, "proxy traffic"),
        (Alb, DataPlane, STATUS_PORT, "readiness checks"),
        (
            DataPlane,
            ControlPlane,
            ADMIN_PORT,
            "the Admin API behind the admin route",
        ),
        (
            DataPlane,
            ControlPlane,
            CLUSTER_PORT,
            "configuration for data planes",
        ),
        (ControlPlane, Database, DATABASE_PORT, "PostgreSQL"),
    ];
    let ends = links
        .into_iter()
        .flat_map(|(from, to, port, what)| link(from, to, port, what));
    ends.collect()
}

fn link(from: Group, to: Group, port: u16, description: &'static str) -> [Rule; 2] {
    let rule = |group, direction, who| Rule {
        group,
        direction,
        port,
        who: Who::Group(who),
        description,
    };
    [
        rule(from, Direction::Egress, to),
        rule(to, Direction::Ingress, from),
    ]
}

/// What every task needs: the registry, secrets and logs, anywhere or at the stack's own endpoints.
fn services(spec: &StackSpec) -> Vec<Rule> {
    let out = |group, who, description| Rule {
        group,
        direction: Direction::Egress,
        port: HTTPS,
        who,
        description,
    };
    let tasks = [Group::DataPlane, Group::ControlPlane].into_iter();
    if !endpoints::drawn(spec) {
        return tasks
            .map(|task| out(task, Who::Cidr(ANYWHERE), "image registry and AWS services"))
            .collect();
    }
    tasks
        .flat_map(|task| {
            let [leave, enter] = link(task, Group::Endpoints, HTTPS, "AWS services");
            [leave, enter, out(task, Who::S3, "image layers in S3")]
        })
        .collect()
}

fn upstreams(spec: &StackSpec) -> Vec<Rule> {
    let egress = spec.data_plane.egress.iter();
    egress
        .map(|rule| Rule {
            group: Group::DataPlane,
            direction: Direction::Egress,
            port: rule.port,
            who: Who::Cidr(rule.cidr),
            description: "upstreams",
        })
        .collect()
}

fn draw_group(draft: &mut Draft<'_>, group: Group) {
    let spec = draft.spec;
    let (address, name) = (group.address(), spec.name_of(group.named()));
    let desired = security_group::Desired {
        vpc: network::vpc(spec),
        tags: draft.tags(&address, &name),
        name,
        description: group.description().to_owned(),
    };
    draft.add::<SecurityGroup>(address, desired);
}

fn draw_rule(draft: &mut Draft<'_>, rule: &Rule) {
    let spec = draft.spec;
    let address = rule.address();
    let name = format!("{}-{}", spec.name, rule.name());
    let desired = security_group_rule::Desired {
        group: Ref::Of(rule.group.address()),
        direction: rule.direction,
        port: rule.port,
        peer: match rule.who {
            Who::Group(group) => Peer::Group(Ref::Of(group.address())),
            Who::Cidr(block) => Peer::Cidr(block),
            Who::S3 => Peer::PrefixList(endpoints::service_name(spec, "s3")),
        },
        description: rule.description.to_owned(),
        tags: draft.tags(&address, &name),
    };
    draft.add::<SecurityGroupRule>(address, desired);
}

#[cfg(test)]
mod tests {
    use super::super::sample::spec;
    use super::*;

    fn names(spec: &StackSpec) -> Vec<String> {
        rules(spec).iter().map(Rule::name).collect()
    }

    #[test]
    fn each_role_gets_what_it_needs_and_no_more() {
        assert_eq!(
            names(&spec("")),
            [
                "alb-in-80-0.0.0.0-0",
                "alb-out-8000-dp",
                "dp-in-8000-alb",
                "alb-out-8007-dp",
                "dp-in-8007-alb",
                "dp-out-8001-cp",
                "cp-in-8001-dp",
                "dp-out-8005-cp",
                "cp-in-8005-dp",
                "cp-out-5432-db",
                "db-in-5432-cp",
                "dp-out-443-0.0.0.0-0",
                "cp-out-443-0.0.0.0-0",
            ]
        );
    }

    #[test]
    fn with_endpoints_only_nothing_but_upstreams_leaves_the_network() {
        let spec = spec(
            "network: {egress: endpoints}\n\
             kong: {image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/kong:3.9.3'}\n\
             data_plane: {egress: [{port: 8443, cidr: 10.9.0.0/16}]}\n",
        );
        let leaving: Vec<String> = names(&spec)
            .into_iter()
            .filter(|name| name.contains("-out-443-") || name.contains("8443"))
            .collect();
        assert_eq!(
            leaving,
            [
                "dp-out-443-endpoints",
                "dp-out-443-s3",
                "cp-out-443-endpoints",
                "cp-out-443-s3",
                "dp-out-8443-10.9.0.0-16",
            ]
        );
        assert!(names(&spec).contains(&"endpoints-in-443-cp".to_owned()));
    }

    #[test]
    fn tasks_wait_for_all_but_the_front_door() {
        let spec = spec("");
        assert_eq!(tasks_ready(&spec).len(), rules(&spec).len() - 1);
        assert!(!tasks_ready(&spec).contains(&addresses::rule("alb-in-80-0.0.0.0-0")));
    }

    #[test]
    fn every_client_block_and_port_is_a_rule() {
        let spec = spec(
            "ingress:\n  certificate: 'arn:aws:acm:eu-west-1:123456789012:certificate/x'\n  \
             allow: [192.0.2.0/24, 198.51.100.7/32]\n",
        );
        let door: Vec<String> = names(&spec)
            .into_iter()
            .filter(|name| name.starts_with("alb-in"))
            .collect();
        assert_eq!(
            door,
            [
                "alb-in-443-192.0.2.0-24",
                "alb-in-443-198.51.100.7-32",
                "alb-in-80-192.0.2.0-24",
                "alb-in-80-198.51.100.7-32",
            ]
        );
    }
}
