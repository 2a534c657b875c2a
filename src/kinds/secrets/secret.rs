//! Secrets: generated when they are made, never read back, never compared.
//!
//! What a secret holds is made by a function that only [`Kind::create`] calls, and goes straight to AWS. A plan therefore
//! never knows it, and a changed value is no drift: rotation is an operation of its own.
//!
//! A secret that people outside the stack hold a copy of stays recoverable for [`RECOVERY_DAYS`] after its deletion (AWS
//! charges nothing for it then), and making a secret of that name again restores it with its value. One that only
//! the stack's own tasks know is deleted for good: nothing could use it any more.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::Tag;
use futures::future::try_join_all;
use futures::try_join;
use secrecy::{ExposeSecret, SecretString};

use crate::aws::{OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Diff, Error, Found, Kind, Look, Observer, Output, Outputs, Patience, References,
    ReplaceOrder, Resolve, ResourceName, Step, Tags, Wanted,
};

/// AWS's word for a secret that is not there.
const ABSENT: &[&str] = &["ResourceNotFoundException"];

/// The shortest recovery window AWS offers.
const RECOVERY_DAYS: i64 = 7;

/// The name of a secret deleted for good is free again after a few seconds.
const SETTLING: Patience = Patience::seconds(3, 5, 300);

/// Makes what a secret holds.
pub(crate) type Content = fn() -> Result<SecretString, Error>;

/// A Secrets Manager secret.
#[derive(Debug)]
pub(crate) struct Secret;

/// What a secret should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// The name, without AWS's random suffix.
    pub(crate) name: String,
    /// What it is for, for the console.
    pub(crate) description: String,
    /// Makes its value.
    pub(crate) content: Content,
    /// Whether its value is worth keeping after its deletion.
    pub(crate) recoverable: bool,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// A secret as Secrets Manager has it, without its value.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    name: String,
    arn: Arn,
    description: String,
    tags: Tags,
    /// Whether it is only waiting for the end of its recovery window.
    deleted: bool,
}

impl Kind for Secret {
    const TYPE: &'static str = "AWS::SecretsManager::Secret";
    const NOUN: &'static str = "secret";
    const HOLDS_DATA: bool = true;

    type Desired = Desired;
    type Live = Live;

    fn references(_desired: &Desired) -> References {
        References::none()
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let client = cx.clients().secrets();
        let named = try_join_all(wanted.iter().map(|one| find(client, &one.desired.name)));
        let (named, inventory) = try_join!(named, cx.inventory())?;
        let mut found = Vec::new();
        for (one, live) in wanted.iter().zip(named) {
            match live.map(|live| (cx.address_of(&live.tags), live)) {
                Some((Some(_), live)) if live.deleted => {}
                Some((Some(address), live)) => found.push(Found::Owned(address, live)),
                Some((None, live)) => {
                    let state = if live.deleted {
                        ", scheduled for deletion"
                    } else {
                        ""
                    };
                    let theirs = format!("the secret {}{state}", live.name);
                    found.push(Found::Foreign(one.address.clone(), theirs));
                }
                None => {}
            }
        }
        let left = inventory
            .of("secretsmanager", "secret")
            .map(|(arn, _)| arn)
            .filter(|arn| wanted.iter().all(|one| !is_named(arn, &one.desired.name)));
        for live in try_join_all(left.map(|arn| find(client, arn))).await? {
            let Some(live) = live.filter(|live| !live.deleted) else {
                continue;
            };
            if let Some(address) = cx.address_of(&live.tags) {
                let old = leftover(&found, address, live);
                found.push(old);
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.name.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default()
            .with(live.arn.clone())
            .with(ResourceName::new(&live.name))
    }

    fn uses(_live: &Live) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &Desired, live: &Live, _outputs: &dyn Resolve) -> Diff {
        let Desired {
            name,
            description,
            // Never read back.
            content: _,
            // Only matters when it is deleted.
            recoverable: _,
            tags,
        } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.name, "a secret's name is fixed");
        diff.field("description", description, &live.description);
        diff.tags(tags, &live.tags);
        diff
    }

    fn replace_order(desired: &Desired, live: &Live) -> ReplaceOrder {
        if desired.name == live.name {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let deleted = find(cx.clients().secrets(), &desired.name)
            .await?
            .filter(|live| live.deleted && live.tags.address_in(cx.stack()).is_some());
        let restored = match deleted {
            Some(live) => restore(cx, desired, &live).await?,
            None => false,
        };
        if !restored {
            make(cx, desired).await?;
        }
        let live = visible(cx, &desired.name).await?;
        Ok(Self::outputs(&live))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("description") {
            describe(cx, desired).await?;
        }
        if diff.has("tags") {
            retag(cx, &desired.tags, live).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        // One that left the blueprint is kept: what it was for is not known any more.
        let recoverable = desired.is_none_or(|desired| desired.recoverable);
        let client = cx.clients().secrets();
        let call = client.delete_secret().secret_id(live.arn.as_str());
        let call = if recoverable {
            call.recovery_window_in_days(RECOVERY_DAYS)
        } else {
            call.force_delete_without_recovery(true)
        };
        call.send()
            .await
            .map_err(failed("secretsmanager:DeleteSecret"))
            .or_absent(ABSENT)?;
        if recoverable {
            return Ok(vec![format!(
                "the secret {} can be restored for {RECOVERY_DAYS} days, at no charge; applying the same stack again restores it",
                live.name
            )]);
        }
        cx.wait(&format!("secret {}", live.name), SETTLING, || async {
            Ok(match find(client, live.arn.as_str()).await? {
                Some(_) => Look::Pending("being deleted".to_owned()),
                None => Look::Ready(()),
            })
        })
        .await?;
        Ok(Vec::new())
    }
}

/// Whether an ARN is that of the secret of a name: AWS appends a hyphen and six characters.
fn is_named(arn: &str, name: &str) -> bool {
    arn.splitn(7, ':')
        .nth(6)
        .and_then(|tail| tail.rsplit_once('-'))
        .is_some_and(|(head, suffix)| head == name && suffix.len() == 6)
}

/// Makes the secret. The SDK sends one token with all its retries, so that a lost answer makes no second version.
async fn make(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let content = (desired.content)()?;
    let client = cx.clients().secrets();
    // Only the deletion of one of this name makes the request invalid: the rest of it is well-formed.
    let not_yet = &["InvalidRequestException"];
    let what = format!("the name {}", desired.name);
    let made = cx
        .retry(&what, SETTLING, not_yet, || async {
            let call = client
                .create_secret()
                .name(&desired.name)
                .description(&desired.description)
                .secret_string(content.expose_secret())
                .set_tags(Some(to_aws(&desired.tags)));
            call.send()
                .await
                .map_err(failed("secretsmanager:CreateSecret"))
        })
        .await?;
    cx.made(made.arn().unwrap_or(&desired.name));
    Ok(())
}

/// Brings back a secret within its recovery window; `false` when the window has just closed.
async fn restore(cx: &Step, desired: &Desired, live: &Live) -> Result<bool, Error> {
    let call = cx.clients().secrets().restore_secret();
    let restored = call
        .secret_id(live.arn.as_str())
        .send()
        .await
        .map_err(failed("secretsmanager:RestoreSecret"))
        .or_absent(ABSENT)?;
    if restored.is_none() {
        return Ok(false);
    }
    cx.made(live.arn.as_str());
    cx.remark(format!(
        "{} was scheduled for deletion: restored with the value it had",
        live.name
    ));
    if desired.description != live.description {
        describe(cx, desired).await?;
    }
    retag(cx, &desired.tags, live).await?;
    Ok(true)
}

async fn describe(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let call = cx.clients().secrets().update_secret();
    call.secret_id(&desired.name)
        .description(&desired.description)
        .send()
        .await
        .map_err(failed("secretsmanager:UpdateSecret"))?;
    Ok(())
}

async fn retag(cx: &Step, want: &Tags, live: &Live) -> Result<(), Error> {
    let client = cx.clients().secrets();
    let set = want.to_set(&live.tags);
    if !set.is_empty() {
        client
            .tag_resource()
            .secret_id(live.arn.as_str())
            .set_tags(Some(to_aws(&set)))
            .send()
            .await
            .map_err(failed("secretsmanager:TagResource"))?;
    }
    let remove = want.to_remove(&live.tags);
    if !remove.is_empty() {
        client
            .untag_resource()
            .secret_id(live.arn.as_str())
            .set_tag_keys(Some(remove))
            .send()
            .await
            .map_err(failed("secretsmanager:UntagResource"))?;
    }
    Ok(())
}

fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Describes a secret by name or ARN, also one that is scheduled for deletion.
async fn find(client: &Client, id: &str) -> Result<Option<Live>, Error> {
    let answer = client.describe_secret().secret_id(id).send().await;
    let answer = answer
        .map_err(failed("secretsmanager:DescribeSecret"))
        .or_absent(ABSENT)?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let missing = |missing| Error::Incomplete {
        operation: "secretsmanager:DescribeSecret",
        missing,
    };
    Ok(Some(Live {
        tags: Tags::live(answer.tags().iter().map(|tag| (tag.key(), tag.value()))),
        deleted: answer.deleted_date.is_some(),
        name: answer.name.ok_or_else(|| missing("the name"))?,
        arn: Arn::new(answer.arn.ok_or_else(|| missing("the ARN"))?),
        description: answer.description.unwrap_or_default(),
    }))
}

/// Waits until a secret just made or restored shows as such.
async fn visible(cx: &Step, name: &str) -> Result<Live, Error> {
    let client = cx.clients().secrets();
    cx.wait(&format!("secret {name}"), SETTLING, || async {
        Ok(match find(client, name).await? {
            Some(live) if !live.deleted => Look::Ready(live),
            Some(_) => Look::Pending("scheduled for deletion".to_owned()),
            None => Look::Pending("not visible yet".to_owned()),
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Attribute};

    struct Nothing;

    impl Resolve for Nothing {
        fn output(&self, _: &Address, _: Attribute) -> Option<String> {
            None
        }
    }

    #[test]
    fn a_secret_is_compared_without_its_value() {
        let desired = Desired {
            name: "kongstack/demo/key".to_owned(),
            description: "a key".to_owned(),
            content: || Err(Error::Internal("a plan must not make a secret".to_owned())),
            recoverable: true,
            tags: Tags::default(),
        };
        let mut live = Live {
            name: desired.name.clone(),
            arn: Arn::new("arn:aws:secretsmanager:r:1:secret:kongstack/demo/key-AbCdEf"),
            description: "a key".to_owned(),
            tags: Tags::default(),
            deleted: false,
        };
        assert!(Secret::diff(&desired, &live, &Nothing).is_empty());
        live.description = "mine now".to_owned();
        assert!(Secret::diff(&desired, &live, &Nothing).has("description"));
    }

    #[test]
    fn an_arn_names_its_secret_and_no_longer_one() {
        let arn = "arn:aws:secretsmanager:r:1:secret:kongstack/demo/key-AbCdEf";
        assert!(is_named(arn, "kongstack/demo/key"));
        assert!(!is_named(arn, "kongstack/demo"));
        assert!(!is_named(
            "arn:aws:secretsmanager:r:1:secret:kongstack/demo/key-two-AbCdEf",
            "kongstack/demo/key"
        ));
    }
}
