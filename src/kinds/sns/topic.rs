//! Topics.
//!
//! A topic's ARN follows from its name, which is unique in a region. AWS makes a topic of a name that is there again
//! without a word if its tags are the same, so a repeated call does no harm; a name that is taken by another's topic is
//! refused.

use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_sdk_sns::types::Tag;
use futures::future::try_join_all;
use futures::try_join;

use crate::aws::{AwsError, OrAbsent, failed};
use crate::kinds::iam::{PolicyDocument, Statements};
use crate::kinds::leftover::leftover;
use crate::resource::{
    AccountId, Arn, Diff, Error, Found, Kind, Look, Observer, Output, Outputs, Patience, Ref,
    References, Resolve, Step, Tags, Wanted,
};

/// SNS's words for a topic that is not there.
pub(super) const ABSENT: &[&str] = &["NotFound", "ResourceNotFound"];

/// What was just made shows within seconds.
const NEW: Patience = Patience::seconds(2, 3, 120);

/// An SNS topic.
#[derive(Debug)]
pub(crate) struct Topic;

/// What a topic should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicDesired {
    /// Its name.
    pub(crate) name: String,
    /// The account whose it is.
    pub(crate) account: Ref<AccountId>,
    /// Its ARN up to the account: `arn:aws:sns:REGION`.
    pub(crate) lead: String,
    /// Who may publish to it.
    pub(crate) policy: PolicyDocument,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct TopicLive {
    pub(super) arn: String,
    policy: Statements,
    key: Option<String>,
    tags: Tags,
}

impl Kind for Topic {
    const TYPE: &'static str = "AWS::SNS::Topic";
    const NOUN: &'static str = "SNS topic";

    type Desired = TopicDesired;
    type Live = TopicLive;

    fn references(desired: &TopicDesired) -> References {
        desired
            .policy
            .referred(References::none().to(&desired.account))
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<TopicLive>>, Error> {
        let client = cx.clients().sns();
        let named = try_join_all(wanted.iter().map(|one| async move {
            let Some(account) = cx.output(&one.desired.account).await? else {
                return Ok(None);
            };
            let TopicDesired { lead, name, .. } = one.desired;
            let arn = format!("{lead}:{account}:{name}");
            Ok::<_, Error>(Some((one, attributes(client, &arn).await?, arn)))
        }));
        let (named, inventory) = try_join!(named, cx.inventory())?;
        let known: HashMap<&str, &Tags> = inventory.of_service("sns").collect();
        let mut found = Vec::new();
        let mut asked = Vec::new();
        for (one, there, arn) in named.into_iter().flatten() {
            if let Some(there) = there {
                // The list lags: what it says is taken where it is as it should be.
                let listed = known.get(arn.as_str()).copied();
                let tags = match listed.filter(|tags| one.desired.tags.is_as(tags)) {
                    Some(tags) => tags.clone(),
                    None => tags_of(client, &arn).await?.unwrap_or_default(),
                };
                let live = there.live(&arn, tags);
                found.push(match cx.address_of(&live.tags) {
                    Some(address) => Found::Owned(address, live),
                    None => {
                        let name = format!("the SNS topic {}", one.desired.name);
                        Found::Foreign(one.address.clone(), name)
                    }
                });
            }
            asked.push(arn);
        }
        let left = known
            .keys()
            .filter(|arn| !asked.iter().any(|asked| asked == *arn));
        for live in try_join_all(left.map(|arn| read(client, arn))).await? {
            let live = live.and_then(|live| Some((cx.address_of(&live.tags)?, live)));
            if let Some((address, live)) = live {
                let one = leftover(&found, address, live);
                found.push(one);
            }
        }
        Ok(found)
    }

    fn id(live: &TopicLive) -> String {
        live.arn.clone()
    }

    fn outputs(live: &TopicLive) -> Outputs {
        Outputs::default().with(Arn::new(&live.arn))
    }

    fn uses(live: &TopicLive) -> Vec<String> {
        live.key.iter().cloned().collect()
    }

    fn diff(desired: &TopicDesired, live: &TopicLive, outputs: &dyn Resolve) -> Diff {
        let TopicDesired {
            name,
            account: _, // the plan is for no other
            lead: _,    // says where to look
            policy,
            tags,
        } = desired;
        let mut diff = Diff::new();
        let have = live.arn.rsplit(':').next().unwrap_or_default().to_owned();
        diff.immutable("name", name, &have, "a topic keeps its name");
        policy.compare("policy", &live.policy, outputs, &mut diff);
        // CloudWatch may not use a key that somebody put on it, and its alarms would be lost without a word.
        diff.optional("kms_master_key_id", None, live.key.as_ref());
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &TopicDesired) -> Result<Outputs, Error> {
        let made = cx
            .clients()
            .sns()
            .create_topic()
            .name(&desired.name)
            .attributes("Policy", rendered(cx, &desired.policy)?)
            .set_tags(Some(to_sdk(&desired.tags)?))
            .send()
            .await
            .map_err(failed("sns:CreateTopic"))?;
        let arn = made.topic_arn.ok_or(Error::Incomplete {
            operation: "sns:CreateTopic",
            missing: "an ARN",
        })?;
        cx.made(&arn);
        cx.wait(&format!("topic {}", desired.name), NEW, || async {
            Ok(match read(cx.clients().sns(), &arn).await? {
                Some(live) => Look::Ready(Self::outputs(&live)),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await
    }

    async fn update(
        cx: &Step,
        desired: &TopicDesired,
        live: &TopicLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("policy") {
            set(cx, live, "Policy", &rendered(cx, &desired.policy)?).await?;
        }
        if diff.has("kms_master_key_id") {
            set(cx, live, "KmsMasterKeyId", "").await?;
        }
        if diff.has("tags") {
            retag(cx, &live.arn, &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&TopicDesired>,
        live: &TopicLive,
    ) -> Result<Vec<String>, Error> {
        let call = cx.clients().sns().delete_topic().topic_arn(&live.arn);
        call.send()
            .await
            .map_err(failed("sns:DeleteTopic"))
            .or_absent(ABSENT)?;
        Ok(Vec::new())
    }
}

fn rendered(cx: &Step, policy: &PolicyDocument) -> Result<String, Error> {
    let unknown = || Error::Internal("the topic's policy refers to what is not known".to_owned());
    policy.render(cx.outputs()).ok_or_else(unknown)
}

/// What a topic is, but for its tags.
struct Attributes(HashMap<String, String>);

impl Attributes {
    fn live(self, arn: &str, tags: Tags) -> TopicLive {
        let attribute = |name: &str| self.0.get(name).filter(|it| !it.is_empty()).cloned();
        TopicLive {
            arn: arn.to_owned(),
            policy: Statements::decode(&attribute("Policy").unwrap_or_default()),
            key: attribute("KmsMasterKeyId"),
            tags,
        }
    }
}

async fn read(client: &Client, arn: &str) -> Result<Option<TopicLive>, AwsError> {
    let (there, tags) = try_join!(attributes(client, arn), tags_of(client, arn))?;
    Ok(there.zip(tags).map(|(there, tags)| there.live(arn, tags)))
}

async fn attributes(client: &Client, arn: &str) -> Result<Option<Attributes>, AwsError> {
    let answer = client.get_topic_attributes().topic_arn(arn).send().await;
    let answer = answer.map_err(failed("sns:GetTopicAttributes"));
    let answer = answer.or_absent(ABSENT)?;
    Ok(answer.map(|answer| Attributes(answer.attributes.unwrap_or_default())))
}

async fn tags_of(client: &Client, arn: &str) -> Result<Option<Tags>, AwsError> {
    let answer = client
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await;
    let answer = answer.map_err(failed("sns:ListTagsForResource"));
    let pair = |tag: &Tag| (Some(tag.key().to_owned()), Some(tag.value().to_owned()));
    Ok(answer
        .or_absent(ABSENT)?
        .map(|answer| Tags::live(answer.tags().iter().map(pair))))
}

async fn set(cx: &Step, live: &TopicLive, name: &str, value: &str) -> Result<(), Error> {
    let call = cx.clients().sns().set_topic_attributes();
    call.topic_arn(&live.arn)
        .attribute_name(name)
        .attribute_value(value)
        .send()
        .await
        .map_err(failed("sns:SetTopicAttributes"))?;
    Ok(())
}

fn to_sdk(tags: &Tags) -> Result<Vec<Tag>, Error> {
    let one = |(key, value)| Tag::builder().key(key).value(value).build();
    let tags = tags.iter().map(one).collect::<Result<_, _>>();
    tags.map_err(|error| Error::Internal(error.to_string()))
}

async fn retag(cx: &Step, arn: &str, want: &Tags, live: &Tags) -> Result<(), Error> {
    let (set, remove) = (want.to_set(live), want.to_remove(live));
    if !set.is_empty() {
        let call = cx.clients().sns().tag_resource().resource_arn(arn);
        let call = call.set_tags(Some(to_sdk(&set)?));
        call.send().await.map_err(failed("sns:TagResource"))?;
    }
    if !remove.is_empty() {
        let call = cx.clients().sns().untag_resource().resource_arn(arn);
        let call = call.set_tag_keys(Some(remove));
        call.send().await.map_err(failed("sns:UntagResource"))?;
    }
    Ok(())
}
