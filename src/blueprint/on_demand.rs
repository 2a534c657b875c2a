//! A control plane on demand: what wakes it, what puts it to sleep again, and the roles both act in.
//!
//! Autoscaling's own activities start nothing: each new task is an event of its own, and fewer of them need nobody awake.
//!
//! Nothing runs for it: events and one timer start a state machine that acts and ends. How it keeps from stopping a
//! control plane that somebody waits for is told where its definition is made.

use super::addresses;
use super::compute::cluster;
use super::draft::Draft;
use super::encryption;
use super::identity::{account, allow, arn, draw_policy, draw_role, partition};
use super::secrets;
use crate::kinds::events::{Rule, RuleDesired, Trigger};
use crate::kinds::iam::{Condition, PolicyDocument, Statement};
use crate::kinds::logs::{LogGroup, LogGroupDesired};
use crate::kinds::scheduler::{ScheduleGroup, ScheduleGroupDesired};
use crate::kinds::sfn::{
    ControlPlaneSettings, Definition, Sort, StateMachine, StateMachineDesired,
};
use crate::resource::{Address, Ref, Text};
use crate::spec::{Named, OnDemand, StackSpec};

/// What the rules start the machine with.
const WAKE: &str = r#"{"act":"wake"}"#;

/// Draws all of it, if the control plane is on demand.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let Some(times) = draft.spec.control_plane.on_demand() else {
        return;
    };
    draw_identity(draft);
    draw_logs(draft);
    draw_timer(draft);
    draw_machine(draft, times);
    draw_rules(draft);
}

/// What must be there before the data planes start, so that the first of them wake the control plane's timer too.
pub(super) fn watched(spec: &StackSpec) -> Vec<Address> {
    match spec.control_plane.on_demand() {
        Some(_) => vec![addresses::new_tasks_rule(), addresses::push_rule()],
        None => Vec::new(),
    }
}

fn draw_identity(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    draw_role(
        draft,
        addresses::machine_role(),
        Named::MachineRole,
        "What the machine runs as that wakes the control plane of",
        &[("Machine", "states.amazonaws.com")],
    );
    draw_role(
        draft,
        addresses::starter_role(),
        Named::StarterRole,
        "Lets events and the timer start the machine of",
        &[
            ("Rules", "events.amazonaws.com"),
            ("Timer", "scheduler.amazonaws.com"),
        ],
    );
    draw_policy(
        draft,
        addresses::machine_policy(),
        (addresses::machine_role(), Named::MachineRole),
        machine_policy(spec),
    );
    let machine = arn(
        spec,
        "states",
        &format!("stateMachine:{}", spec.name_of(Named::ControlPlaneMachine)),
    );
    let start = allow("Start", &["states:StartExecution"], vec![machine]);
    draw_policy(
        draft,
        addresses::starter_policy(),
        (addresses::starter_role(), Named::StarterRole),
        PolicyDocument {
            statements: vec![start],
        },
    );
}

/// Exactly the two services, the one timer, and the one role that it may give to that timer. What Step Functions needs to
/// deliver its log knows no resources, nor does the health of targets.
fn machine_policy(spec: &StackSpec) -> PolicyDocument {
    let service = |named| {
        let (cluster, service) = (spec.name_of(Named::EcsCluster), spec.name_of(named));
        arn(spec, "ecs", &format!("service/{cluster}/{service}"))
    };
    let (control, data) = (
        service(Named::ControlPlaneService),
        service(Named::DataPlaneService),
    );
    let everything = || vec![Text::from("*")];
    let deliver = [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ];
    let [timer, passed] = timing(spec);
    PolicyDocument {
        statements: vec![
            allow(
                "ControlPlane",
                &["ecs:UpdateService"],
                vec![control.clone()],
            ),
            allow("Planes", &["ecs:DescribeServices"], vec![control, data]),
            in_cluster("Nodes", &["ecs:DescribeTasks", "ecs:ListTasks"]),
            allow(
                "Password",
                &["secretsmanager:DescribeSecret"],
                vec![Text::from(&secrets::database_secret())],
            ),
            allow(
                "Targets",
                &["elasticloadbalancing:DescribeTargetHealth"],
                everything(),
            ),
            timer,
            passed,
            allow("Log", &deliver, everything()),
        ],
    }
}

/// Setting the timer, and giving it the one role that it starts the machine as.
fn timing(spec: &StackSpec) -> [Statement; 2] {
    let timer = spec.name_of(Named::ControlPlaneTimer);
    let timer = arn(spec, "scheduler", &format!("schedule/{timer}/{timer}"));
    let set = [
        "scheduler:CreateSchedule",
        "scheduler:GetSchedule",
        "scheduler:UpdateSchedule",
    ];
    let role = Ref::<crate::resource::Arn>::Of(addresses::starter_role());
    let passed = Statement {
        conditions: vec![Condition {
            operator: "StringEquals",
            key: "iam:PassedToService",
            value: Text::from("scheduler.amazonaws.com"),
        }],
        ..allow("TimersRole", &["iam:PassRole"], vec![Text::from(&role)])
    };
    [allow("Timer", &set, vec![timer]), passed]
}

/// What tells of tasks knows no resource that all of them lie under but for the cluster.
fn in_cluster(sid: &'static str, actions: &[&'static str]) -> Statement {
    Statement {
        conditions: vec![Condition {
            operator: "ArnEquals",
            key: "ecs:cluster",
            value: Text::from(&cluster()),
        }],
        ..allow(sid, actions, vec![Text::from("*")])
    }
}

fn draw_logs(draft: &mut Draft<'_>) {
    let (spec, address) = (draft.spec, addresses::machine_logs());
    let name = spec.name_of(Named::MachineLogGroup);
    let desired = LogGroupDesired {
        key: encryption::key(spec),
        retention_days: spec.logs.retention_days,
        deletion_protection: spec.logs.deletion_protection,
        writers: "states/".to_owned(),
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<LogGroup>(address, desired);
}

fn draw_timer(draft: &mut Draft<'_>) {
    let address = addresses::timer();
    let name = draft.spec.name_of(Named::ControlPlaneTimer);
    let desired = ScheduleGroupDesired {
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<ScheduleGroup>(address, desired);
}

fn draw_machine(draft: &mut Draft<'_>, times: OnDemand) {
    let (spec, address) = (draft.spec, addresses::machine());
    let name = spec.name_of(Named::ControlPlaneMachine);
    let group = spec.name_of(Named::MachineLogGroup);
    let region = spec.region.as_str();
    let desired = StateMachineDesired {
        lead: format!("arn:{}:states:{region}:", partition(region)),
        account: account(),
        sort: Sort::Express,
        definition: Definition::ControlPlane(ControlPlaneSettings {
            cluster: spec.name_of(Named::EcsCluster),
            control_plane: spec.name_of(Named::ControlPlaneService),
            data_plane: spec.name_of(Named::DataPlaneService),
            target_group: Ref::Of(addresses::target_group()),
            password: secrets::database_secret(),
            timer: spec.name_of(Named::ControlPlaneTimer),
            starter: Ref::Of(addresses::starter_role()),
            hold: times.sync + times.cooldown,
            extend: times.extend,
        }),
        caveat: caveat(spec),
        role: Ref::Of(addresses::machine_role()),
        log: Some(arn(spec, "logs", &format!("log-group:{group}:*"))),
        tags: draft.tags(&address, &name),
        name,
        // It acts on the control plane as soon as it is there, and must be gone before that is.
        after: vec![
            addresses::machine_policy(),
            addresses::starter_policy(),
            addresses::machine_logs(),
            addresses::timer(),
            addresses::control_plane_service(),
        ],
    };
    draft.add::<StateMachine>(address, desired);
}

/// A database that never pauses costs most of what a sleeping control plane saves.
fn caveat(spec: &StackSpec) -> Option<(&'static str, &'static str)> {
    let keeps_awake = spec.database.capacity.auto_pause().is_none();
    keeps_awake.then_some((
        "the control plane sleeps while nobody needs it, and the database never does: its least capacity is above 0",
        "write `database.capacity.min: 0`, which lets it pause",
    ))
}

fn draw_rules(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let rules = [
        (
            addresses::new_tasks_rule(),
            Named::NewTasksRule,
            "A data plane starts and needs its configuration, in",
            Trigger::NewTasks {
                cluster: cluster(),
                service: spec.name_of(Named::DataPlaneService),
            },
        ),
        (
            addresses::push_rule(),
            Named::PushRule,
            "Somebody is about to change the configuration, in",
            Trigger::Push {
                stack: spec.name.as_str().to_owned(),
            },
        ),
    ];
    for (address, named, what, trigger) in rules {
        let name = spec.name_of(named);
        let desired = RuleDesired {
            description: format!("{what} the Kong stack {}", spec.name),
            trigger,
            machine: Ref::Of(addresses::machine()),
            role: Ref::Of(addresses::starter_role()),
            input: Some(WAKE),
            tags: draft.tags(&address, &name),
            name,
            after: vec![addresses::starter_policy()],
        };
        draft.add::<Rule>(address, desired);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    #[test]
    fn a_database_that_never_pauses_is_warned_of() {
        let warned = |capacity| {
            let spec = spec(&format!(
                "control_plane: {{mode: on-demand}}\ndatabase: {{capacity: {capacity}}}\n"
            ));
            caveat(&spec).is_some()
        };
        assert!(!warned("{min: 0, max: 2}"));
        assert!(warned("{min: 0.5, max: 2}"));
    }

    #[test]
    fn an_always_on_control_plane_has_none_of_it() {
        let mut spec = spec("control_plane: {mode: on-demand}\n");
        let drawn = |spec: &StackSpec| {
            let mut draft = Draft::new(spec);
            draw(&mut draft);
            draft.finish().resources.len()
        };
        assert_eq!(drawn(&spec), 9);
        spec.control_plane.mode = crate::spec::ControlPlaneMode::AlwaysOn;
        assert_eq!((drawn(&spec), watched(&spec)), (0, Vec::new()));
    }
}
