//! The load balancer's access logs: the bucket they go to, and who may put them there.

use super::addresses;
use super::draft::Draft;
use super::identity::{account, partition};
use crate::kinds::elb::AccessLogs;
use crate::kinds::iam::{Condition, Grant, Principal, ResourcePolicy, Statement};
use crate::kinds::s3::{Bucket, bucket};
use crate::resource::{Ref, Text};
use crate::spec::{Named, StackSpec};

/// Who puts load balancers' logs into buckets. Regions older than August 2022 once wanted an account of their own
/// here instead; Elastic Load Balancing's guide ("Enable access logs for your Application Load Balancer") by now has this
/// one for all of them, and keeps the accounts for policies that are there.
const DELIVERY: &str = "logdelivery.elasticloadbalancing.amazonaws.com";

/// What the keys of access logs begin with.
const PREFIX: &str = "alb";

/// Where the load balancer is to put its logs, if anywhere.
pub(super) fn wanted(spec: &StackSpec) -> Option<AccessLogs> {
    spec.ingress.access_logs.enabled.then(|| AccessLogs {
        bucket: Ref::Of(addresses::access_logs()),
        prefix: PREFIX,
    })
}

/// Draws the bucket.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    if !spec.ingress.access_logs.enabled {
        return;
    }
    let address = addresses::access_logs();
    let name = name(spec);
    let desired = bucket::Desired {
        account: account(),
        retention_days: spec.ingress.access_logs.retention_days,
        policy: policy(spec, &name),
        tags: draft.tags(&address, &spec.name_of(Named::AccessLogsBucket)),
        name: name.clone(),
    };
    draft.add::<Bucket>(address, desired);
    draft.output("access_logs_bucket", name);
}

/// A name that is generated ends with the account's number, so that nobody else is likely to have it.
fn name(spec: &StackSpec) -> Text {
    let stem = Text::from(spec.name_of(Named::AccessLogsBucket));
    match spec.names.get(Named::AccessLogsBucket) {
        Some(_) => stem,
        None => stem.then("-").then_ref(&account()),
    }
}

/// Nobody comes without TLS, and load balancers of this account may add logs to their own folder.
fn policy(spec: &StackSpec, name: &Text) -> ResourcePolicy {
    let arn = Text::join(
        [
            Text::from(format!("arn:{}:s3:::", partition(spec.region.as_str()))),
            name.clone(),
        ],
        "",
    );
    let logs = format!("/{PREFIX}/AWSLogs/");
    let logs = arn.clone().then(logs).then_ref(&account()).then("/*");
    ResourcePolicy {
        grants: vec![
            Grant {
                principal: Principal::Everybody,
                deny: true,
                statement: Statement {
                    sid: "TlsOnly",
                    service: None,
                    actions: vec!["s3:*"],
                    resources: vec![arn.clone(), arn.then("/*")],
                    conditions: vec![Condition {
                        operator: "Bool",
                        key: "aws:SecureTransport",
                        value: "false".into(),
                    }],
                },
            },
            Grant {
                principal: Principal::Service(DELIVERY),
                deny: false,
                statement: Statement {
                    sid: "AccessLogs",
                    service: None,
                    actions: vec!["s3:PutObject"],
                    resources: vec![logs],
                    conditions: Vec::new(),
                },
            },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;
    use crate::kinds::elb::LoadBalancer;

    fn drawn(rest: &str) -> crate::resource::Blueprint {
        crate::blueprint::draw(&spec(rest))
    }

    fn bucket_name(rest: &str) -> Option<String> {
        let blueprint = drawn(rest);
        let resource = blueprint.resources.get(&addresses::access_logs())?;
        Some(resource.desired_as::<Bucket>()?.name.to_string())
    }

    #[test]
    fn there_is_a_bucket_only_where_access_is_logged() {
        assert_eq!(bucket_name(""), None);
        assert_eq!(
            bucket_name("ingress: {access_logs: {retention_days: 7}}"),
            None
        );
        let on = "ingress: {access_logs: {enabled: true}}\n";
        assert_eq!(
            bucket_name(on).as_deref(),
            Some("demo-logs-eu-west-1-${lookup/account.id}")
        );
        let given = format!("{on}names: {{access_logs_bucket: our-logs}}");
        assert_eq!(bucket_name(&given).as_deref(), Some("our-logs"));
    }

    #[test]
    fn the_load_balancer_waits_for_its_bucket() {
        let blueprint = drawn("ingress: {access_logs: {enabled: true}}");
        let balancer = &blueprint.resources[&addresses::load_balancer()];
        let referred: Vec<_> = balancer.references.iter().collect();
        assert!(referred.contains(&&addresses::access_logs()));
        let logs = balancer.desired_as::<LoadBalancer>().unwrap();
        assert!(logs.access_logs.is_some());
    }

    #[test]
    fn logs_come_from_this_account_only_and_into_their_own_folder() {
        let policy = policy(&spec(""), &Text::from("our-logs"));
        let resources: Vec<String> = policy
            .grants
            .iter()
            .flat_map(|grant| &grant.statement.resources)
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            resources,
            [
                "arn:aws:s3:::our-logs",
                "arn:aws:s3:::our-logs/*",
                "arn:aws:s3:::our-logs/alb/AWSLogs/${lookup/account.id}/*"
            ]
        );
    }
}
