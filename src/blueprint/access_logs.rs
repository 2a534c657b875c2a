//! The load balancer's access logs: the bucket they go to, which the log groups' archive goes to as well, and who may put
//! anything there.

use super::addresses;
use super::draft::Draft;
use super::identity::{account, partition};
use crate::kinds::elb::AccessLogs;
use crate::kinds::iam::{Condition, Grant, Principal, ResourcePolicy, Statement};
use crate::kinds::s3::{Bucket, Retention, bucket};
use crate::resource::{Ref, ResourceName, Text};
use crate::spec::{Named, StackSpec};

/// Who puts load balancers' logs into buckets. Regions older than August 2022 once wanted an account of their own
/// here instead; Elastic Load Balancing's guide ("Enable access logs for your Application Load Balancer") by now has this
/// one for all of them, and keeps the accounts for policies that are there.
const DELIVERY: &str = "logdelivery.elasticloadbalancing.amazonaws.com";

/// What the keys of access logs begin with.
const PREFIX: &str = "alb";

/// What the keys of the log groups' archive begin with.
pub(super) const ARCHIVE: &str = "archive";

/// Where the load balancer is to put its logs, if anywhere.
pub(super) fn wanted(spec: &StackSpec) -> Option<AccessLogs> {
    spec.ingress.access_logs.enabled.then(|| AccessLogs {
        bucket: bucket(),
        prefix: PREFIX,
    })
}

/// The bucket, where there is one.
pub(super) fn bucket() -> Ref<ResourceName> {
    Ref::Of(addresses::access_logs())
}

/// Draws the bucket. What lies in one of its folders has its end also while nothing is put there any more.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let (access, archive) = (&spec.ingress.access_logs, &spec.logs.archive);
    if !access.enabled && !archive.enabled {
        return;
    }
    let address = addresses::access_logs();
    let name = name(spec);
    let ends = |folder, days| Retention { folder, days };
    let desired = bucket::Desired {
        account: account(),
        retention: vec![
            ends(PREFIX, access.retention_days),
            ends(ARCHIVE, archive.retention_days),
        ],
        policy: policy(spec),
        tags: draft.tags(&address, &spec.name_of(Named::AccessLogsBucket)),
        name: name.clone(),
    };
    draft.add::<Bucket>(address, desired);
    if access.enabled {
        draft.output("access_logs_bucket", name);
    }
}

/// A name that is generated ends with the account's number, so that nobody else is likely to have it.
fn name(spec: &StackSpec) -> Text {
    let stem = Text::from(spec.name_of(Named::AccessLogsBucket));
    match spec.names.get(Named::AccessLogsBucket) {
        Some(_) => stem,
        None => stem.then("-").then_ref(&account()),
    }
}

/// The bucket's ARN, which follows from its name.
pub(super) fn arn(spec: &StackSpec) -> Text {
    let lead = format!("arn:{}:s3:::", partition(spec.region.as_str()));
    Text::join([Text::from(lead), name(spec)], "")
}

/// Nobody comes without TLS; others come for what is switched on.
fn policy(spec: &StackSpec) -> ResourcePolicy {
    let arn = arn(spec);
    let tls_only = Grant {
        principal: Principal::Everybody,
        deny: true,
        statement: Statement {
            sid: "TlsOnly",
            service: None,
            actions: vec!["s3:*"],
            resources: vec![arn.clone(), arn.clone().then("/*")],
            conditions: vec![Condition {
                operator: "Bool",
                key: "aws:SecureTransport",
                value: "false".into(),
            }],
        },
    };
    let mut grants = vec![tls_only];
    if spec.ingress.access_logs.enabled {
        grants.push(access_logs(&arn));
    }
    if spec.logs.archive.enabled {
        grants.extend(archive(spec, &arn));
    }
    ResourcePolicy { grants }
}

/// Load balancers of this account may add logs to their own folder.
fn access_logs(bucket: &Text) -> Grant {
    let logs = format!("/{PREFIX}/AWSLogs/");
    let logs = bucket.clone().then(logs).then_ref(&account()).then("/*");
    Grant {
        principal: Principal::Service(DELIVERY.to_owned()),
        deny: false,
        statement: Statement {
            sid: "AccessLogs",
            service: None,
            actions: vec!["s3:PutObject"],
            resources: vec![logs],
            conditions: Vec::new(),
        },
    }
}

/// CloudWatch Logs may export this account's groups of this region to the archive's folder. Of what its guide has for it
/// ("Export log data to Amazon S3 using the AWS CLI") one condition is left out, that the account gets full control of
/// what is put there: who owns what is the bucket's to say, and it says that (`BucketOwnerEnforced`) whatever is asked for.
fn archive(spec: &StackSpec, bucket: &Text) -> [Grant; 2] {
    let region = spec.region.as_str();
    let grant = |sid, action, resource| Grant {
        principal: Principal::Service(format!("logs.{region}.amazonaws.com")),
        deny: false,
        statement: Statement {
            sid,
            service: None,
            actions: vec![action],
            resources: vec![resource],
            conditions: vec![
                Condition {
                    operator: "StringEquals",
                    key: "aws:SourceAccount",
                    value: Text::from(&account()),
                },
                Condition {
                    operator: "ArnLike",
                    key: "aws:SourceArn",
                    value: super::identity::arn(spec, "logs", "log-group:*"),
                },
            ],
        },
    };
    let folder = bucket.clone().then(format!("/{ARCHIVE}/*"));
    [
        grant("ArchiveOwner", "s3:GetBucketAcl", bucket.clone()),
        grant("Archive", "s3:PutObject", folder),
    ]
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

    /// The names of the bucket's statements, and its folders' days.
    fn shape(rest: &str) -> (Vec<&'static str>, Vec<u32>) {
        let blueprint = drawn(rest);
        let bucket = &blueprint.resources[&addresses::access_logs()];
        let bucket = bucket.desired_as::<Bucket>().unwrap();
        let grants = bucket.policy.grants.iter();
        let days = bucket.retention.iter().map(|one| one.days);
        (
            grants.map(|one| one.statement.sid).collect(),
            days.collect(),
        )
    }

    #[test]
    fn one_bucket_is_for_both_and_there_for_each() {
        let access = "ingress: {access_logs: {enabled: true, retention_days: 7}}\n";
        let archive = "logs: {archive: {enabled: true, retention_days: 30}}\n";
        let (sids, days) = shape(access);
        assert_eq!((sids, days), (vec!["TlsOnly", "AccessLogs"], vec![7, 365]));
        let (sids, days) = shape(archive);
        let alone = ["TlsOnly", "ArchiveOwner", "Archive"].to_vec();
        assert_eq!((sids, days), (alone, vec![90, 30]));
        let (sids, days) = shape(&format!("{access}{archive}"));
        let both = ["TlsOnly", "AccessLogs", "ArchiveOwner", "Archive"];
        assert_eq!((sids, days), (both.to_vec(), vec![7, 30]));
        assert_eq!(bucket_name(access), bucket_name(archive));
        let balancer = &drawn(archive).resources[&addresses::load_balancer()];
        let balancer = balancer.desired_as::<LoadBalancer>().unwrap();
        assert!(balancer.access_logs.is_none());
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
        let policy = policy(&spec(
            "ingress: {access_logs: {enabled: true}}\nnames: {access_logs_bucket: our-logs}",
        ));
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
