//! What passes through the VPC, written down: the flow log, its log group, and the role it writes as.

use super::addresses;
use super::draft::Draft;
use super::encryption;
use super::identity::{account, allow, log_group, trust};
use super::network;
use crate::kinds::ec2::{FlowLog, flow_log};
use crate::kinds::iam::{PolicyDocument, Role, RolePolicy, role, role_policy};
use crate::kinds::logs::{LogGroup, LogGroupDesired};
use crate::resource::{Ref, Text};
use crate::spec::{Named, StackSpec, Traffic};

/// How EC2 begins the names of the streams: each is one network interface's.
const WRITERS: &str = "eni-";

/// Draws them, where they are wanted.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let wanted = &spec.network.flow_logs;
    if !wanted.enabled {
        return;
    }
    draw_group(draft);
    draw_role(draft);
    let address = addresses::flow_log();
    let desired = flow_log::Desired {
        vpc: network::vpc(spec),
        group: Ref::Of(addresses::flow_logs_group()),
        role: Ref::Of(addresses::flow_logs_role()),
        traffic: match wanted.traffic {
            Traffic::All => "ALL",
            Traffic::Accept => "ACCEPT",
            Traffic::Reject => "REJECT",
        },
        after: vec![addresses::flow_logs_policy()],
        tags: draft.tags(&address, &format!("{}-flow-log", spec.name)),
    };
    draft.add::<FlowLog>(address, desired);
}

fn draw_group(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::flow_logs_group();
    let name = spec.name_of(Named::FlowLogsLogGroup);
    draft.output(Named::FlowLogsLogGroup.key(), name.clone());
    let desired = LogGroupDesired {
        key: encryption::key(spec),
        deletion_protection: spec.logs.deletion_protection,
        retention_days: spec.network.flow_logs.retention_days,
        writers: WRITERS.to_owned(),
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<LogGroup>(address, desired);
}

fn draw_role(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::flow_logs_role();
    let name = spec.name_of(Named::FlowLogsRole);
    let desired = role::Desired {
        description: format!("Writes the flow log of the Kong stack {}", spec.name),
        trust: trust(&[("FlowLogs", "vpc-flow-logs.amazonaws.com")]),
        tags: draft.tags(&address, &name),
        name: name.clone(),
    };
    draft.add::<Role>(address, desired);
    let address = addresses::flow_logs_policy();
    let desired = role_policy::Desired {
        role: addresses::flow_logs_role(),
        role_name: name,
        name: address.name().to_owned(),
        document: policy(spec),
    };
    draft.add::<RolePolicy>(address, desired);
}

/// Writing to exactly its group. Of what the guide of flow logs lists ("IAM role for publishing flow logs to CloudWatch
/// Logs") it may not make groups: the stack makes this one, and one made again behind its back would keep lines for ever.
/// What it looks for groups with knows no smaller resource than all of them.
fn policy(spec: &StackSpec) -> PolicyDocument {
    let group = log_group(spec, Named::FlowLogsLogGroup);
    let writing = [
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ];
    let region = spec.region.as_str();
    let partition = super::identity::partition(region);
    let all = Text::from(format!("arn:{partition}:logs:{region}:"));
    let all = all.then_ref(&account()).then(":log-group:*");
    PolicyDocument {
        statements: vec![
            allow("Write", &writing, vec![group.clone(), group.then(":*")]),
            allow("Find", &["logs:DescribeLogGroups"], vec![all]),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    fn drawn(rest: &str) -> Vec<String> {
        let blueprint = crate::blueprint::draw(&spec(rest));
        let addresses = blueprint.resources.keys().map(ToString::to_string);
        addresses.filter(|one| one.contains("flow-log")).collect()
    }

    #[test]
    fn nothing_is_written_down_unless_asked_for() {
        assert!(drawn("").is_empty());
        assert!(drawn("network: {flow_logs: {traffic: reject}}").is_empty());
        assert_eq!(
            drawn("network: {flow_logs: {enabled: true}}"),
            [
                "network/flow-log",
                "identity/flow-logs-policy",
                "identity/flow-logs-role",
                "logs/flow-logs"
            ]
        );
    }

    #[test]
    fn the_role_writes_to_its_group_and_no_other() {
        let statements = policy(&spec("")).statements;
        let write = &statements[0];
        let resources: Vec<String> = write.resources.iter().map(ToString::to_string).collect();
        let group =
            "arn:aws:logs:eu-west-1:${lookup/account.id}:log-group:/kongstack/demo/flow-logs";
        assert_eq!(resources, [group.to_owned(), format!("{group}:*")]);
        let making = "logs:CreateLogGroup";
        assert!(statements.iter().all(|one| !one.actions.contains(&making)));
    }
}
