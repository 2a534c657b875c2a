//! Subscriptions by mail to a topic of the stack's.
//!
//! Subscriptions take no tags: those of a topic of ours by mail are ours, those by anything else (a pager, a queue) are
//! whoever's made them, and go with the topic.
//!
//! SNS sends a mail, and until somebody follows its link the subscription is pending: it has no ARN, nobody can delete
//! it, and after 48 hours it is gone by itself. So a pending one of an address that is wanted no more is left alone: if it
//! is confirmed after all, the next plan finds it and deletes it.

use aws_sdk_sns::types::Subscription as SdkSubscription;

use super::topic::{ABSENT, Topic};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, Kind, Observer, Output, Outputs, Ref, References,
    Resolve, Step, Wanted, Warning,
};

/// How SNS calls mail that people read.
const MAIL: &str = "email";

/// A subscription of an address for mail.
#[derive(Debug)]
pub(crate) struct Subscription;

/// What a subscription should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubscriptionDesired {
    /// The topic.
    pub(crate) topic: Ref<Arn>,
    /// The address.
    pub(crate) email: String,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubscriptionLive {
    topic: Arn,
    email: String,
    /// Its ARN, once it is confirmed.
    arn: Option<String>,
}

impl Subscription {
    /// Where the subscription of an address to the topic at `topic` stands in the stack.
    #[must_use]
    pub(crate) fn at(topic: &Address, email: &str) -> Address {
        Address::new(topic.layer(), &format!("subscription/{email}"))
    }
}

impl Kind for Subscription {
    const TYPE: &'static str = "AWS::SNS::Subscription";
    const NOUN: &'static str = "subscription";

    type Desired = SubscriptionDesired;
    type Live = SubscriptionLive;

    fn references(desired: &SubscriptionDesired) -> References {
        References::none().to(&desired.topic)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<SubscriptionLive>>, Error> {
        let mut found = Vec::new();
        let mut current = Vec::new();
        for one in wanted {
            current.extend(cx.output(&one.desired.topic).await?);
        }
        // A topic that is being replaced stands beside its successor, and has the same addresses.
        let mut topics = cx.live::<Topic>().await?;
        topics.sort_by_key(|(_, live)| !current.iter().any(|arn| arn.as_str() == live.arn));
        for (topic, live) in topics {
            for one in list(cx.clients(), &live.arn).await? {
                let at = Self::at(&topic, &one.email);
                let is_wanted = wanted.iter().any(|wanted| {
                    wanted.desired.email == one.email
                        && wanted.desired.topic.address() == Some(&topic)
                });
                // All of them go with a topic that goes; of one that stays, those that can be told to.
                if is_wanted || one.arn.is_some() {
                    let one = leftover(&found, at, one);
                    found.push(one);
                }
            }
        }
        Ok(found)
    }

    fn id(live: &SubscriptionLive) -> String {
        let state = if live.arn.is_some() {
            ""
        } else {
            " (not confirmed)"
        };
        format!("{}{state}", live.email)
    }

    fn outputs(live: &SubscriptionLive) -> Outputs {
        Outputs::default().with_some(live.arn.as_ref().map(Arn::new))
    }

    fn uses(live: &SubscriptionLive) -> Vec<String> {
        vec![live.topic.to_string()]
    }

    fn diff(desired: &SubscriptionDesired, live: &SubscriptionLive, outputs: &dyn Resolve) -> Diff {
        let SubscriptionDesired { topic, email } = desired;
        let mut diff = Diff::new();
        let moved = Effect::Replace("a subscription stays with its topic");
        diff.reference("topic", topic, &live.topic, outputs, moved);
        let why = "a subscription is for one address";
        diff.immutable("endpoint", email, &live.email, why);
        diff
    }

    fn warnings(desired: &SubscriptionDesired, live: Option<&SubscriptionLive>) -> Vec<Warning> {
        let pending = live.filter(|live| live.arn.is_none());
        let warning = pending.map(|_| {
            Warning::new(
                format!("{} gets no mail until somebody there has confirmed that", desired.email),
                "follow the link in the mail from AWS; without that SNS forgets the address after 48 hours, and the next \
                 `kongstack apply` has another mail sent",
            )
        });
        warning.into_iter().collect()
    }

    /// Asking again for what there is gives the same subscription.
    async fn create(cx: &Step, desired: &SubscriptionDesired) -> Result<Outputs, Error> {
        let topic = cx.get(&desired.topic)?;
        let answer = cx
            .clients()
            .sns()
            .subscribe()
            .topic_arn(topic.as_str())
            .protocol(MAIL)
            .endpoint(&desired.email)
            .send()
            .await
            .map_err(failed("sns:Subscribe"))?;
        cx.made(&desired.email);
        let arn = answer.subscription_arn.filter(|arn| is_arn(arn));
        if arn.is_none() {
            cx.remark(format!(
                "AWS has sent a mail to {}: it gets no alarm until somebody follows the link in it",
                desired.email
            ));
        }
        Ok(Outputs::default().with_some(arn.map(Arn::new)))
    }

    /// Nothing of a subscription can be changed in place.
    async fn update(
        _cx: &Step,
        _desired: &SubscriptionDesired,
        live: &SubscriptionLive,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&SubscriptionDesired>,
        live: &SubscriptionLive,
    ) -> Result<Vec<String>, Error> {
        // It may have been confirmed since it was looked at.
        let now = list(cx.clients(), live.topic.as_str()).await?;
        let now = now.into_iter().find(|one| one.email == live.email);
        match now.map(|now| now.arn) {
            None => {}
            Some(None) => cx.remark(format!(
                "{} has never confirmed: SNS forgets that with the topic, or after 48 hours",
                live.email
            )),
            Some(Some(arn)) => {
                let call = cx.clients().sns().unsubscribe().subscription_arn(arn);
                call.send()
                    .await
                    .map_err(failed("sns:Unsubscribe"))
                    .or_absent(ABSENT)?;
            }
        }
        Ok(Vec::new())
    }
}

/// SNS says `PendingConfirmation` or `Deleted` in the place of an ARN.
fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

/// A topic's subscriptions by mail; none of a topic that is not there.
async fn list(clients: &Clients, topic: &str) -> Result<Vec<SubscriptionLive>, AwsError> {
    let mut pages = clients
        .sns()
        .list_subscriptions_by_topic()
        .topic_arn(topic)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one
            .map_err(failed("sns:ListSubscriptionsByTopic"))
            .or_absent(ABSENT)?;
        found.extend(one.and_then(|one| from_sdk(one, topic)));
    }
    Ok(found)
}

/// The addresses that have not confirmed yet that they want mail of a topic.
///
/// # Errors
/// When AWS cannot be asked.
pub(crate) async fn unconfirmed(clients: &Clients, topic: &str) -> Result<Vec<String>, AwsError> {
    let all = list(clients, topic).await?.into_iter();
    let pending = all.filter(|one| one.arn.is_none());
    Ok(pending.map(|one| one.email).collect())
}

fn from_sdk(one: SdkSubscription, topic: &str) -> Option<SubscriptionLive> {
    let arn = one.subscription_arn.unwrap_or_default();
    let by_mail = one.protocol.as_deref() == Some(MAIL) && arn != "Deleted";
    by_mail.then(|| SubscriptionLive {
        topic: Arn::new(topic),
        email: one.endpoint.unwrap_or_default(),
        arn: is_arn(&arn).then_some(arn),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arn: &str, protocol: &str) -> Option<SubscriptionLive> {
        let one = SdkSubscription::builder()
            .subscription_arn(arn)
            .protocol(protocol)
            .endpoint("ops@example.com");
        from_sdk(one.build(), "arn:aws:sns:eu-west-1:1:gw-alarms")
    }

    #[test]
    fn one_that_nobody_has_confirmed_is_warned_of() {
        let desired = SubscriptionDesired {
            topic: Ref::Literal(Arn::new("arn:aws:sns:eu-west-1:1:gw-alarms")),
            email: "ops@example.com".to_owned(),
        };
        let pending = read("PendingConfirmation", "email").expect("one");
        assert_eq!(Subscription::warnings(&desired, Some(&pending)).len(), 1);
        let arn = "arn:aws:sns:eu-west-1:1:gw-alarms:0";
        let confirmed = read(arn, "email").expect("one");
        assert_eq!(Subscription::warnings(&desired, Some(&confirmed)), []);
        assert_eq!(Subscription::warnings(&desired, None), []);
    }

    #[test]
    fn only_those_by_mail_are_the_stacks() {
        let arn = "arn:aws:sns:eu-west-1:1:gw-alarms:0";
        assert_eq!(read(arn, "https"), None);
        assert_eq!(read("Deleted", "email"), None);
    }
}
