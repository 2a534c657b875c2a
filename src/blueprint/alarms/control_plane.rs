//! The alarm on the control plane: that it runs, or that it is woken where it is on demand.

use super::{Crossing, Draught, Metric, Missing, Watched, draught};
use crate::blueprint::addresses;
use crate::resource::{Address, Arn, Ref, Text};
use crate::spec::{Alarms, Named, StackSpec};

/// A control plane on demand may be down; what wakes it may not fail.
pub(super) fn draw(spec: &StackSpec, alarms: &Alarms) -> Option<Draught> {
    match spec.control_plane.on_demand() {
        Some(_) => machine(alarms),
        None => down(spec, alarms),
    }
}

fn down(spec: &StackSpec, alarms: &Alarms) -> Option<Draught> {
    let down = alarms.control_plane_down.clone().unwrap_or_default();
    down.on().map(|it| Draught {
        description: format!(
            "No control plane ran for {} minutes. Traffic flows on, but no change of the configuration reaches the data \
             planes, and no new one of them gets ready.",
            it.minutes
        ),
        watched: Watched::Metric(Metric {
            namespace: "AWS/ECS",
            name: "CPUUtilization",
            statistic: "SampleCount",
            dimensions: vec![
                ("ClusterName", Text::from(spec.name_of(Named::EcsCluster))),
                ("ServiceName", Text::from(spec.name_of(Named::ControlPlaneService))),
            ],
        }),
        crossing: Crossing::Below(1.0),
        missing: Missing::Bad,
        after: addresses::control_plane_service(),
        ..draught("control-plane-down", 0.0, it.minutes)
    })
}

/// Executions that failed, and those that were cut off: Step Functions counts these apart.
fn machine(alarms: &Alarms) -> Option<Draught> {
    let failures = alarms.state_machine.clone().unwrap_or_default();
    let of = |name| of_machine(name, addresses::machine());
    failures.on().map(|it| Draught {
        description: format!(
            "The machine that wakes the control plane and puts it to sleep failed {} times or more within a minute, after \
             its own retries. A control plane that runs is left running; one that did not wake leaves new data planes \
             waiting. See the machine's log group, and `kongstack control-plane status`.",
            it.count
        ),
        watched: Watched::Formula(
            "FILL(failed, 0) + FILL(cut_off, 0)",
            vec![
                ("failed", of("ExecutionsFailed")),
                ("cut_off", of("ExecutionsTimedOut")),
            ],
        ),
        after: addresses::machine(),
        ..draught("state-machine", it.count.into(), 1)
    })
}

/// How often an execution of a state machine ended in a way.
pub(super) fn of_machine(name: &'static str, machine: Address) -> Metric {
    Metric {
        namespace: "AWS/States",
        name,
        statistic: "Sum",
        dimensions: vec![("StateMachineArn", Text::from(&Ref::<Arn>::Of(machine)))],
    }
}
