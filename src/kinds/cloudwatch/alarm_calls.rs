//! The calls an alarm takes: how alarms are listed, put and tagged.

use std::collections::HashMap;

use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, StateValue, Statistic, Tag};
use futures::future::try_join_all;
use futures::try_join;

use super::alarm::{Alarm, AlarmDesired, AlarmLive, seconds};
use super::metric::{Watched, live_text};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Arn, Error, Observer, Output, Patience, Step, Tags, Wanted};

/// CloudWatch's words for an alarm or a dashboard that is not there; the protocols have different ones.
pub(super) const ABSENT: &[&str] = &["ResourceNotFound", "DashboardNotFoundError"];

/// What was just put shows within seconds.
pub(super) const NEW: Patience = Patience::seconds(2, 3, 120);

/// What the names of a stack's alarms begin with; the address without its layer follows.
pub(crate) fn prefix(stack: &str) -> String {
    format!("kongstack/{stack}/")
}

/// How an alarm is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Its name without the stack's.
    pub(crate) name: String,
    /// CloudWatch's word for it.
    pub(crate) state: StateValue,
    /// Whom it tells.
    pub(crate) topic: Option<String>,
}

/// The states of all alarms of a stack, by name.
///
/// # Errors
/// When AWS cannot be asked.
pub(crate) async fn states(clients: &Clients, stack: &str) -> Result<Vec<State>, AwsError> {
    let prefix = prefix(stack);
    let all = list(clients, &prefix).await?;
    let state = |alarm: MetricAlarm| {
        Some(State {
            name: alarm.alarm_name?.strip_prefix(&prefix)?.to_owned(),
            state: alarm.state_value.unwrap_or(StateValue::InsufficientData),
            topic: alarm.alarm_actions.unwrap_or_default().pop(),
        })
    };
    let mut states: Vec<State> = all.into_iter().filter_map(state).collect();
    states.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(states)
}

/// All alarms whose names begin so, 100 a page.
async fn list(clients: &Clients, prefix: &str) -> Result<Vec<MetricAlarm>, AwsError> {
    let mut pages = clients
        .cloudwatch()
        .describe_alarms()
        .alarm_name_prefix(prefix)
        .alarm_types(AlarmType::MetricAlarm)
        .max_records(100)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("cloudwatch:DescribeAlarms"))?;
        found.extend(page.metric_alarms.unwrap_or_default());
    }
    Ok(found)
}

/// The stack's alarms, and others of its names, with their tags. Nothing is asked of CloudWatch for a stack that wants
/// none and of which the tagging API knows none.
pub(super) async fn tagged(
    cx: &Observer,
    wanted: &[Wanted<'_, Alarm>],
) -> Result<Vec<AlarmLive>, Error> {
    let prefix = prefix(cx.stack());
    let listed = async {
        if wanted.is_empty() {
            return Ok(None);
        }
        Ok(Some(list(cx.clients(), &prefix).await?))
    };
    let (listed, inventory) = try_join!(listed, cx.inventory())?;
    let known: HashMap<&str, &Tags> = inventory.of("cloudwatch", "alarm").collect();
    let alarms = match listed {
        Some(alarms) => alarms,
        None if known.is_empty() => Vec::new(),
        None => list(cx.clients(), &prefix).await?,
    };
    let with_tags = alarms.into_iter().map(|alarm| {
        let arn = alarm.alarm_arn().unwrap_or_default();
        let want = wanted
            .iter()
            .find(|one| Some(one.desired.name.as_str()) == alarm.alarm_name());
        // The list lags: what it says is taken where it is as it should be, or where nothing should be.
        let as_wanted = |tags: &Tags| want.is_none_or(|want| want.desired.tags.is_as(tags));
        let tags = known.get(arn).filter(|tags| as_wanted(tags)).copied();
        let tags = tags.cloned();
        async move {
            let tags = match tags {
                Some(tags) => Some(tags),
                None => tags_of(cx.clients(), alarm.alarm_arn().unwrap_or_default()).await?,
            };
            Ok::<_, AwsError>(tags.map(|tags| from_sdk(&alarm, tags)))
        }
    });
    Ok(try_join_all(with_tags)
        .await?
        .into_iter()
        .flatten()
        .collect())
}

async fn tags_of(clients: &Clients, arn: &str) -> Result<Option<Tags>, AwsError> {
    let answer = clients
        .cloudwatch()
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await
        .map_err(failed("cloudwatch:ListTagsForResource"))
        .or_absent(ABSENT)?;
    Ok(answer.map(|answer| Tags::live(answer.tags().iter().map(|tag| (tag.key(), tag.value())))))
}

/// The alarm of a name, without its tags.
pub(super) async fn find(clients: &Clients, name: &str) -> Result<Option<AlarmLive>, AwsError> {
    let answer = clients
        .cloudwatch()
        .describe_alarms()
        .alarm_names(name)
        .send()
        .await
        .map_err(failed("cloudwatch:DescribeAlarms"))?;
    let mut found = answer.metric_alarms().iter();
    let alarm = found.find(|alarm| alarm.alarm_name() == Some(name));
    Ok(alarm.map(|alarm| from_sdk(alarm, Tags::default())))
}

fn from_sdk(alarm: &MetricAlarm, tags: Tags) -> AlarmLive {
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    let arns = |list: &[String]| list.iter().map(Arn::new).collect();
    let periods = alarm.evaluation_periods().unwrap_or_default();
    AlarmLive {
        name: text(alarm.alarm_name()),
        arn: text(alarm.alarm_arn()),
        description: text(alarm.alarm_description()),
        watched: live_text(alarm),
        operator: text(alarm.comparison_operator().map(|it| it.as_str())),
        threshold: alarm.threshold().unwrap_or_default(),
        periods,
        // Without it, all of them have to be.
        datapoints: alarm.datapoints_to_alarm().unwrap_or(periods),
        missing: alarm.treat_missing_data().unwrap_or("missing").to_owned(),
        unit: text(alarm.unit().map(|it| it.as_str())),
        actions_enabled: alarm.actions_enabled().unwrap_or(true),
        alarm_actions: arns(alarm.alarm_actions()),
        ok_actions: arns(alarm.ok_actions()),
        other_actions: arns(alarm.insufficient_data_actions()),
        tags,
    }
}

/// Puts an alarm as a whole; its tags are taken of a new one only.
pub(super) async fn put(cx: &Step, desired: &AlarmDesired, new: bool) -> Result<(), Error> {
    let period = seconds(desired.period);
    let topic = cx.get(&desired.topic)?;
    let mut call = cx
        .clients()
        .cloudwatch()
        .put_metric_alarm()
        .alarm_name(&desired.name)
        .alarm_description(&desired.description)
        .comparison_operator(desired.crossing.operator())
        .threshold(desired.crossing.threshold())
        .evaluation_periods(seconds(desired.periods))
        .datapoints_to_alarm(seconds(desired.periods))
        .treat_missing_data(desired.missing.as_str())
        .actions_enabled(true)
        .alarm_actions(topic.as_str())
        .ok_actions(topic.as_str());
    call = match &desired.watched {
        Watched::Metric(metric) => {
            let call = call
                .namespace(metric.namespace)
                .metric_name(metric.name)
                .set_dimensions(Some(metric.sdk_dimensions(cx)?))
                .period(period);
            // Percentiles are no `Statistic` in CloudWatch's eyes.
            if metric.statistic.starts_with('p') {
                call.extended_statistic(metric.statistic)
            } else {
                call.statistic(Statistic::from(metric.statistic))
            }
        }
        Watched::Formula(..) => call.set_metrics(Some(desired.watched.queries(cx, period)?)),
    };
    if new {
        call = call.set_tags(Some(to_sdk(&desired.tags)));
    }
    call.send()
        .await
        .map_err(failed("cloudwatch:PutMetricAlarm"))?;
    Ok(())
}

fn to_sdk(tags: &Tags) -> Vec<Tag> {
    let one = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().map(one).collect()
}

/// Makes an alarm's tags as wanted, touching only those that differ.
pub(super) async fn retag(cx: &Step, arn: &str, want: &Tags, live: &Tags) -> Result<(), Error> {
    let (set, remove) = (want.to_set(live), want.to_remove(live));
    if !set.is_empty() {
        let call = cx.clients().cloudwatch().tag_resource().resource_arn(arn);
        let call = call.set_tags(Some(to_sdk(&set)));
        call.send()
            .await
            .map_err(failed("cloudwatch:TagResource"))?;
    }
    if !remove.is_empty() {
        let call = cx.clients().cloudwatch().untag_resource().resource_arn(arn);
        let call = call.set_tag_keys(Some(remove));
        call.send()
            .await
            .map_err(failed("cloudwatch:UntagResource"))?;
    }
    Ok(())
}
