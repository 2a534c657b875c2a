//! Alarms on metrics.
//!
//! An alarm's name is unique in a region, and begins with the stack's, so one call lists all of a stack's. What it must
//! not do is ask each for its tags: the tagging API's list has those of all, and only an alarm whose tags are not there
//! as they should be is asked itself. An alarm of our name without our tags is somebody else's.
//!
//! Putting an alarm replaces the one of its name, so a repeated call does no harm. Its tags are taken when it is made
//! only.

use aws_sdk_cloudwatch::types::ComparisonOperator;

use super::alarm_calls::{ABSENT, NEW, find, put, retag, tagged};
use super::metric::Watched;
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Ref,
    References, Resolve, Step, Tags, Wanted,
};

/// An alarm on a metric.
#[derive(Debug)]
pub(crate) struct Alarm;

/// What an alarm should be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlarmDesired {
    /// Its name.
    pub(crate) name: String,
    /// What it means, and what to do about it: the mail has it.
    pub(crate) description: String,
    /// What it watches.
    pub(crate) watched: Watched,
    /// What is too much or too little.
    pub(crate) crossing: Crossing,
    /// The seconds that a value stands for.
    pub(crate) period: u32,
    /// How many values in a row have to be.
    pub(crate) periods: u32,
    /// What a period without a value means.
    pub(crate) missing: Missing,
    /// Whom it tells when it begins and when it ends.
    pub(crate) topic: Ref<Arn>,
    /// What must be at work before it is watched, and is watched until the end.
    pub(crate) after: Vec<Address>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// When a value is one to be told of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Crossing {
    /// As large as this, or larger.
    AtLeast(f64),
    /// Smaller than this.
    Below(f64),
}

impl Crossing {
    pub(super) fn operator(self) -> ComparisonOperator {
        match self {
            Self::AtLeast(_) => ComparisonOperator::GreaterThanOrEqualToThreshold,
            Self::Below(_) => ComparisonOperator::LessThanThreshold,
        }
    }

    pub(super) fn threshold(self) -> f64 {
        match self {
            Self::AtLeast(threshold) | Self::Below(threshold) => threshold,
        }
    }
}

/// What a period without a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing happened, and all is well.
    Good,
    /// What should be there is not.
    Bad,
    /// What was said before still holds.
    Same,
}

impl Missing {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Good => "notBreaching",
            Self::Bad => "breaching",
            Self::Same => "ignore",
        }
    }
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlarmLive {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) description: String,
    pub(super) watched: String,
    pub(super) operator: String,
    pub(super) threshold: f64,
    pub(super) periods: i32,
    pub(super) datapoints: i32,
    pub(super) missing: String,
    pub(super) unit: String,
    pub(super) actions_enabled: bool,
    pub(super) alarm_actions: Vec<Arn>,
    pub(super) ok_actions: Vec<Arn>,
    pub(super) other_actions: Vec<Arn>,
    pub(super) tags: Tags,
}

impl Kind for Alarm {
    const TYPE: &'static str = "AWS::CloudWatch::Alarm";
    const NOUN: &'static str = "alarm";

    type Desired = AlarmDesired;
    type Live = AlarmLive;

    fn references(desired: &AlarmDesired) -> References {
        let references = References::none().to(&desired.topic);
        desired
            .watched
            .referred(references)
            .after_all(&desired.after)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<AlarmLive>>, Error> {
        let mut found = Vec::new();
        for live in tagged(cx, wanted).await? {
            if let Some(address) = cx.address_of(&live.tags) {
                found.push(Found::Owned(address, live));
            } else if let Some(one) = wanted.iter().find(|one| one.desired.name == live.name) {
                let name = format!("the alarm {}", live.name);
                found.push(Found::Foreign(one.address.clone(), name));
            }
        }
        Ok(found)
    }

    fn id(live: &AlarmLive) -> String {
        live.name.clone()
    }

    fn outputs(live: &AlarmLive) -> Outputs {
        Outputs::default().with(Arn::new(&live.arn))
    }

    fn uses(live: &AlarmLive) -> Vec<String> {
        let actions = live.alarm_actions.iter().chain(&live.ok_actions);
        actions.map(ToString::to_string).collect()
    }

    fn diff(desired: &AlarmDesired, live: &AlarmLive, outputs: &dyn Resolve) -> Diff {
        let AlarmDesired {
            name: _, // it was found by it
            description,
            watched,
            crossing,
            period,
            periods,
            missing,
            topic,
            after: _, // says when, not what
            tags,
        } = desired;
        let mut diff = Diff::new();
        let topics = [topic.clone()];
        diff.field("description", description, &live.description);
        let text = watched.text(seconds(*period));
        diff.text("metric", &text, &live.watched, outputs, Effect::InPlace);
        let operator = crossing.operator().as_str().to_owned();
        diff.field("comparison_operator", &operator, &live.operator);
        diff.field("threshold", &crossing.threshold(), &live.threshold);
        let periods = seconds(*periods);
        diff.field("evaluation_periods", &periods, &live.periods);
        diff.field("datapoints_to_alarm", &periods, &live.datapoints);
        diff.field(
            "treat_missing_data",
            &missing.as_str().to_owned(),
            &live.missing,
        );
        diff.field("unit", &String::new(), &live.unit);
        diff.field("actions_enabled", &true, &live.actions_enabled);
        for (field, have) in [
            ("alarm_actions", &live.alarm_actions),
            ("ok_actions", &live.ok_actions),
        ] {
            diff.references(field, &topics, have, outputs, Effect::InPlace);
        }
        diff.set(
            "insufficient_data_actions",
            &[],
            &live.other_actions,
            Effect::InPlace,
        );
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &AlarmDesired) -> Result<Outputs, Error> {
        put(cx, desired, true).await?;
        cx.made(&desired.name);
        cx.wait(&format!("alarm {}", desired.name), NEW, || async {
            Ok(match find(cx.clients(), &desired.name).await? {
                Some(live) => Look::Ready(Self::outputs(&live)),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await
    }

    async fn update(
        cx: &Step,
        desired: &AlarmDesired,
        live: &AlarmLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let mut fields = diff.changes().iter().map(|change| change.field.as_str());
        if fields.any(|field| !field.starts_with("tags.")) {
            put(cx, desired, false).await?;
        }
        if diff.has("tags") {
            retag(cx, &live.arn, &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&AlarmDesired>,
        live: &AlarmLive,
    ) -> Result<Vec<String>, Error> {
        cx.clients()
            .cloudwatch()
            .delete_alarms()
            .alarm_names(&live.name)
            .send()
            .await
            .map_err(failed("cloudwatch:DeleteAlarms"))
            .or_absent(ABSENT)?;
        Ok(Vec::new())
    }
}

/// A number of seconds or of periods as the SDK takes it.
pub(super) fn seconds(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
