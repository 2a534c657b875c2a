//! What is asked of Step Functions, and of the timer that a machine keeps.

use aws_sdk_sfn::types::{
    CloudWatchLogsLogGroup, LogDestination, LogLevel, LoggingConfiguration, Tag,
};

use super::state_machine::Live;
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Arn, Error, Look, Output, Patience, Step, Tags};

/// AWS's word for a machine that is not there.
pub(super) const ABSENT: [&str; 1] = ["StateMachineDoesNotExist"];

/// From the start of an execution to what it does: a role that was just made is retried for most of a minute.
const ACTS: Patience = Patience::seconds(2, 5, 180);

/// Reads a machine, with its tags and whether `timer` is there.
pub(super) async fn find(
    clients: &Clients,
    arn: &str,
    timer: Option<&str>,
) -> Result<Option<Live>, AwsError> {
    let machine = async {
        let call = clients
            .sfn()
            .describe_state_machine()
            .state_machine_arn(arn);
        let answer = call.send().await;
        answer
            .map_err(failed("states:DescribeStateMachine"))
            .or_absent(&ABSENT)
    };
    let tags = async {
        let call = clients.sfn().list_tags_for_resource().resource_arn(arn);
        let answer = call.send().await;
        answer
            .map_err(failed("states:ListTagsForResource"))
            .or_absent(&["ResourceNotFound", "StateMachineDoesNotExist"])
    };
    let timer = async {
        match timer {
            Some(timer) => has_timer(clients, timer).await,
            None => Ok(true),
        }
    };
    let (machine, tags, timer_set) = futures::try_join!(machine, tags, timer)?;
    let Some(machine) = machine else {
        return Ok(None);
    };
    let logging = machine.logging_configuration();
    let group = logging.and_then(|one| one.destinations().first());
    let group = group.and_then(|one| one.cloud_watch_logs_log_group());
    let tags = tags.and_then(|answer| answer.tags).unwrap_or_default();
    Ok(Some(Live {
        arn: Arn::new(machine.state_machine_arn()),
        name: machine.name().to_owned(),
        role: Arn::new(machine.role_arn()),
        definition: machine.definition().to_owned(),
        sort: machine.r#type().as_str().to_owned(),
        log: group
            .and_then(|one| one.log_group_arn())
            .unwrap_or_default()
            .to_owned(),
        log_level: logging
            .and_then(LoggingConfiguration::level)
            .map_or("OFF", LogLevel::as_str)
            .to_owned(),
        leaving: machine
            .status()
            .is_some_and(|status| status.as_str() == "DELETING"),
        timer_set,
        tags: Tags::live(tags.into_iter().map(|tag| (tag.key, tag.value))),
    }))
}

/// Whether the machine has ever set its timer: it is never taken away again but with its group.
async fn has_timer(clients: &Clients, timer: &str) -> Result<bool, AwsError> {
    let answer = clients.scheduler().get_schedule();
    let answer = answer.group_name(timer).name(timer).send().await;
    let answer = answer
        .map_err(failed("scheduler:GetSchedule"))
        .or_absent(&["ResourceNotFoundException"])?;
    Ok(answer.is_some())
}

/// Starts the machine as an event would, and waits until it has set its timer: from then on it looks after itself.
pub(super) async fn arm(cx: &Step, arn: &str, timer: &str) -> Result<(), Error> {
    start(cx, arn, r#"{"act":"wake"}"#).await?;
    cx.wait("the control plane's timer", ACTS, || async {
        Ok(match has_timer(cx.clients(), timer).await? {
            true => Look::Ready(()),
            false => Look::Pending("not set yet".to_owned()),
        })
    })
    .await
}

/// Has the machine look now whether the control plane may sleep; what comes of it shows at the service.
///
/// # Errors
/// When AWS refuses.
pub(crate) async fn sleep(cx: &Step, arn: &str) -> Result<(), Error> {
    start(cx, arn, r#"{"act":"sleep"}"#).await
}

async fn start(cx: &Step, arn: &str, input: &str) -> Result<(), Error> {
    let call = cx.clients().sfn().start_execution();
    let call = call.state_machine_arn(arn).input(input).send().await;
    call.map_err(failed("states:StartExecution"))?;
    Ok(())
}

/// Failures go to the stack's own log group: an Express machine keeps no history anywhere else. Without a group nothing
/// is logged, and that is said, so that a log that was switched on by hand is switched off.
pub(super) fn logging(group: Option<&str>) -> LoggingConfiguration {
    let Some(group) = group else {
        return LoggingConfiguration::builder().level(LogLevel::Off).build();
    };
    let group = CloudWatchLogsLogGroup::builder().log_group_arn(group);
    let destination = LogDestination::builder().cloud_watch_logs_log_group(group.build());
    LoggingConfiguration::builder()
        .level(LogLevel::Error)
        .include_execution_data(true)
        .destinations(destination.build())
        .build()
}

pub(super) fn sdk(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}
