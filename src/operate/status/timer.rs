//! The timer of a control plane on demand.

use aws_sdk_scheduler::types::ScheduleState;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::model::{Moment, Timer};
use crate::aws::{Clients, OrAbsent, failed};
use crate::blueprint::addresses;
use crate::kinds::scheduler::ScheduleGroup;
use crate::resource::{Blueprint, Error};

/// When it fires, if the stack has one.
pub(super) async fn look(clients: &Clients, blueprint: &Blueprint) -> Result<Option<Timer>, Error> {
    let Ok(group) = blueprint.desired::<ScheduleGroup>(&addresses::timer()) else {
        return Ok(None);
    };
    // The schedule is called like its group.
    let call = clients.scheduler().get_schedule();
    let answer = call.group_name(&group.name).name(&group.name).send().await;
    let answer = answer
        .map_err(failed("scheduler:GetSchedule"))
        .or_absent(&["ResourceNotFoundException"])?;
    let armed = answer.filter(|one| one.state() == Some(&ScheduleState::Enabled));
    let due_at = armed.and_then(|one| moment(one.schedule_expression()?));
    Ok(Some(Timer { due_at }))
}

/// `at(2026-09-21T16:13:20)`, in UTC.
fn moment(expression: &str) -> Option<Moment> {
    let text = expression.strip_prefix("at(")?.strip_suffix(')')?;
    let at = DateTime::from_str(&format!("{text}Z"), Format::DateTime).ok()?;
    Some(Moment::of(&at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_time_expressions_are_a_moment() {
        let at = moment("at(2026-09-21T16:13:20)").expect("a moment");
        assert_eq!(at.to_string(), "2026-09-21T16:13:20Z");
        assert_eq!(moment("rate(5 minutes)"), None);
    }
}
