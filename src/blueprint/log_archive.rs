//! The archive of the log groups: what exports their days, when, and the roles that takes.
//!
//! It goes into the bucket of the access logs, which is drawn with them. How a day gets there, what becomes of one that
//! fails and what all of it costs is told where the machine's settings are.

use super::access_logs::ARCHIVE;
use super::draft::Draft;
use super::identity::{account, allow, arn, draw_policy, draw_role, partition};
use super::{access_logs, addresses};
use crate::kinds::events::{Rule, RuleDesired, Trigger};
use crate::kinds::iam::{PolicyDocument, Statement};
use crate::kinds::logs::LogGroup;
use crate::kinds::sfn::{
    ArchivedGroup, Definition, LogArchiveSettings, Sort, StateMachine, StateMachineDesired,
};
use crate::resource::{Address, Ref, Text};
use crate::spec::{Named, StackSpec};

/// Each day, two hours after the last line of the day before can be exported.
const DAILY: &str = "cron(0 14 * * ? *)";

/// Draws it, where one is wanted; after all log groups.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    if !draft.spec.logs.archive.enabled {
        return;
    }
    let groups = archived(draft);
    draw_identity(draft, &groups);
    draw_machine(draft, groups);
    draw_rule(draft);
    let bucket = Text::from("s3://").then_ref(&access_logs::bucket());
    draft.output("log_archive", bucket.then(format!("/{ARCHIVE}")));
}

/// Every log group that has been drawn, each with its address: whoever draws another need not come here.
fn archived(draft: &Draft<'_>) -> Vec<(Address, ArchivedGroup)> {
    let groups = draft.drawn::<LogGroup>();
    let one = |(address, desired): (&Address, &<LogGroup as crate::resource::Kind>::Desired)| {
        let group = ArchivedGroup {
            folder: address.name().to_owned(),
            name: desired.name.clone(),
        };
        (address.clone(), group)
    };
    groups.map(one).collect()
}

fn draw_identity(draft: &mut Draft<'_>, groups: &[(Address, ArchivedGroup)]) {
    let spec = draft.spec;
    draw_role(
        draft,
        addresses::log_archive_role(),
        Named::LogArchiveRole,
        "What the machine runs as that archives the logs of",
        &[("Machine", "states.amazonaws.com")],
    );
    draw_role(
        draft,
        addresses::log_archive_starter_role(),
        Named::LogArchiveStarterRole,
        "Lets the clock start the machine that archives the logs of",
        &[("Rules", "events.amazonaws.com")],
    );
    draw_policy(
        draft,
        addresses::log_archive_policy(),
        (addresses::log_archive_role(), Named::LogArchiveRole),
        machine_policy(spec, groups),
    );
    let machine = format!("stateMachine:{}", spec.name_of(Named::LogArchiveMachine));
    let start = allow(
        "Start",
        &["states:StartExecution"],
        vec![arn(spec, "states", &machine)],
    );
    draw_policy(
        draft,
        addresses::log_archive_starter_policy(),
        (
            addresses::log_archive_starter_role(),
            Named::LogArchiveStarterRole,
        ),
        PolicyDocument {
            statements: vec![start],
        },
    );
}

/// Exactly the stack's groups, into the one folder. CloudWatch Logs writes the lines in its own name, and wants of whoever
/// asks it to that they could have ("Exporting log data to Amazon S3"). Export tasks are no resources to IAM, and groups
/// are looked for among all of them.
fn machine_policy(spec: &StackSpec, groups: &[(Address, ArchivedGroup)]) -> PolicyDocument {
    let streams = |(_, group): &(Address, ArchivedGroup)| {
        arn(spec, "logs", &format!("log-group:{}:*", group.name))
    };
    let folder = access_logs::arn(spec).then(format!("/{ARCHIVE}/*"));
    let statement =
        |sid, action: &'static str, resources| -> Statement { allow(sid, &[action], resources) };
    PolicyDocument {
        statements: vec![
            statement(
                "Export",
                "logs:CreateExportTask",
                groups.iter().map(streams).collect(),
            ),
            statement("Tasks", "logs:DescribeExportTasks", vec![Text::from("*")]),
            statement(
                "Find",
                "logs:DescribeLogGroups",
                vec![arn(spec, "logs", "log-group:*")],
            ),
            statement("Write", "s3:PutObject", vec![folder]),
        ],
    }
}

fn draw_machine(draft: &mut Draft<'_>, groups: Vec<(Address, ArchivedGroup)>) {
    let (spec, address) = (draft.spec, addresses::log_archive_machine());
    let name = spec.name_of(Named::LogArchiveMachine);
    let region = spec.region.as_str();
    let (mut after, groups): (Vec<_>, Vec<_>) = groups.into_iter().unzip();
    after.push(addresses::log_archive_policy());
    let desired = StateMachineDesired {
        lead: format!("arn:{}:states:{region}:", partition(region)),
        account: account(),
        sort: Sort::Standard,
        definition: Definition::LogArchive(LogArchiveSettings {
            bucket: access_logs::bucket(),
            prefix: ARCHIVE,
            groups,
        }),
        caveat: None,
        role: Ref::Of(addresses::log_archive_role()),
        log: None,
        tags: draft.tags(&address, &name),
        name,
        // It must be gone before what it exports from and to.
        after,
    };
    draft.add::<StateMachine>(address, desired);
}

fn draw_rule(draft: &mut Draft<'_>) {
    let (spec, address) = (draft.spec, addresses::log_archive_rule());
    let name = spec.name_of(Named::LogArchiveRule);
    let desired = RuleDesired {
        description: format!("Archives yesterday's logs of the Kong stack {}", spec.name),
        trigger: Trigger::Schedule(DAILY),
        machine: Ref::Of(addresses::log_archive_machine()),
        role: Ref::Of(addresses::log_archive_starter_role()),
        // The machine takes the day from the event's time, which stays the same however late it is delivered.
        input: None,
        tags: draft.tags(&address, &name),
        name,
        after: vec![addresses::log_archive_starter_policy()],
    };
    draft.add::<Rule>(address, desired);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    const ON: &str = "logs: {archive: {enabled: true}}\n";

    fn groups(rest: &str) -> Vec<String> {
        let blueprint = crate::blueprint::draw(&spec(rest));
        let machine = &blueprint.resources[&addresses::log_archive_machine()];
        let machine = machine.desired_as::<StateMachine>().unwrap();
        let Definition::LogArchive(settings) = &machine.definition else {
            panic!("another machine")
        };
        let shown = settings.groups.iter();
        shown
            .map(|one| format!("{}: {}", one.folder, one.name))
            .collect()
    }

    #[test]
    fn there_is_none_unless_asked_for() {
        let drawn = |rest: &str| {
            let blueprint = crate::blueprint::draw(&spec(rest));
            let addresses = blueprint.resources.keys().map(ToString::to_string);
            let archive = addresses.filter(|one| one.contains("archive"));
            archive.count()
        };
        assert_eq!(drawn(""), 0);
        assert_eq!(drawn("logs: {archive: {retention_days: 30}}"), 0);
        assert_eq!(drawn(ON), 6);
    }

    #[test]
    fn every_log_group_of_the_stack_is_archived() {
        let all = [
            "control-plane: /kongstack/demo/control-plane",
            "data-plane: /kongstack/demo/data-plane",
            "database: /aws/rds/cluster/demo-db/postgresql",
            "migrations: /kongstack/demo/migrations",
        ];
        assert_eq!(groups(ON), all);
        let more = format!(
            "{ON}network: {{flow_logs: {{enabled: true}}}}\ncontrol_plane: {{mode: on-demand}}\n"
        );
        let more = groups(&more);
        assert_eq!(more.len(), all.len() + 2);
        for group in [
            "flow-logs: /kongstack/demo/flow-logs",
            "machine: /aws/vendedlogs/kongstack/demo/machine",
        ] {
            assert!(more.iter().any(|one| one == group), "{more:?}");
        }
    }

    #[test]
    fn the_machine_may_export_what_it_archives_and_no_more() {
        let spec = spec(ON);
        let group = ArchivedGroup {
            folder: "data-plane".to_owned(),
            name: "/kongstack/demo/data-plane".to_owned(),
        };
        let policy = machine_policy(&spec, &[(addresses::data_plane_logs(), group)]);
        let shown: Vec<String> = policy
            .statements
            .iter()
            .map(|one| format!("{}: {}", one.actions.join(" "), one.resources[0]))
            .collect();
        assert_eq!(
            shown,
            [
                "logs:CreateExportTask: arn:aws:logs:eu-west-1:${lookup/account.id}:log-group:/kongstack/demo/data-plane:*",
                "logs:DescribeExportTasks: *",
                "logs:DescribeLogGroups: arn:aws:logs:eu-west-1:${lookup/account.id}:log-group:*",
                "s3:PutObject: arn:aws:s3:::demo-logs-eu-west-1-${lookup/account.id}/archive/*"
            ]
        );
    }
}
