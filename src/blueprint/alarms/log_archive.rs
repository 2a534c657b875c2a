//! The alarm on the archive of the log groups: that a day is missing in it.

use super::control_plane::of_machine;
use super::{Draught, Metric, Watched, draught};
use crate::blueprint::addresses;
use crate::resource::Text;
use crate::spec::{Alarms, Named, StackSpec};

/// A night that failed, one that was cut off, and one that could not even be started: of that only the rule knows.
pub(super) fn draw(spec: &StackSpec, alarms: &Alarms) -> Option<Draught> {
    if !spec.logs.archive.enabled {
        return None;
    }
    let failures = alarms.state_machine.clone().unwrap_or_default();
    let of = |name| of_machine(name, addresses::log_archive_machine());
    let rule = Metric {
        namespace: "AWS/Events",
        name: "FailedInvocations",
        statistic: "Sum",
        dimensions: vec![("RuleName", Text::from(spec.name_of(Named::LogArchiveRule)))],
    };
    failures.on().map(|it| Draught {
        description: format!(
            "The machine that archives the log groups failed {} times or more within a minute, after its own retries: of \
             at least one group a day is missing. Its execution says which and why; start it with {{\"day\": \
             \"YYYY-MM-DD\"}} to have the day exported again while the groups still hold it.",
            it.count
        ),
        watched: Watched::Formula(
            "FILL(failed, 0) + FILL(cut_off, 0) + FILL(not_started, 0)",
            vec![
                ("failed", of("ExecutionsFailed")),
                ("cut_off", of("ExecutionsTimedOut")),
                ("not_started", rule),
            ],
        ),
        after: addresses::log_archive_machine(),
        ..draught("log-archive", it.count.into(), 1)
    })
}
