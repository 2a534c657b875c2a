//! Secrets: generated when they are made, never read back, never compared.
//!
//! What a secret holds is made by a function that only [`Kind::create`] calls, and goes straight to AWS. A plan therefore
//! never knows it, and a changed value is no drift: rotation is an operation of its own.
//!
//! A secret that people outside the stack hold a copy of stays recoverable for [`RECOVERY_DAYS`] after its deletion (AWS
//! charges nothing for it then), and making a secret of that name again restores it with its value. One that only
//! the stack's own tasks know is deleted for good: nothing could use it any more.

use futures::future::try_join_all;
use futures::try_join;
use secrecy::SecretString;

use super::secret_calls::{
    ABSENT, SETTLING, describe, find, is_named, make, put, restore, retag, visible,
};
use crate::aws::{OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, References,
    ReplaceOrder, Resolve, ResourceName, Step, Tags, Wanted,
};

/// The shortest recovery window AWS offers.
const RECOVERY_DAYS: i64 = 7;

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
    pub(super) name: String,
    pub(super) arn: Arn,
    pub(super) description: String,
    pub(super) tags: Tags,
    /// Whether it is only waiting for the end of its recovery window.
    pub(super) deleted: bool,
    /// Whether it holds a current value: one whose making was cut short, or emptied by hand, holds none.
    pub(super) has_value: bool,
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
                Some((Some(_), live)) if live.deleted => {
                    let why = format!(
                        "{} is scheduled for deletion; it is restored with the value it has",
                        live.name
                    );
                    found.push(Found::Missing(one.address.clone(), why));
                }
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
        if !live.has_value {
            let new = Some("(generated)".to_owned());
            diff.push("value".to_owned(), None, new, Effect::InPlace);
        }
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
        if diff.has("value") {
            put(cx, desired).await?;
        }
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
        let answer = call.send().await;
        let answer = answer.map_err(failed("secretsmanager:DeleteSecret"));
        match answer.or_absent(ABSENT) {
            Ok(_) => {}
            // A repeated call whose first answer was lost.
            Err(error) if error.is(&["InvalidRequestException"]) => {
                let there = find(client, live.arn.as_str()).await?;
                if there.is_some_and(|there| !there.deleted) {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
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
            has_value: true,
        };
        assert!(Secret::diff(&desired, &live, &Nothing).is_empty());
        live.has_value = false;
        assert!(Secret::diff(&desired, &live, &Nothing).has("value"));
        live.has_value = true;
        live.description = "mine now".to_owned();
        assert!(Secret::diff(&desired, &live, &Nothing).has("description"));
    }
}
