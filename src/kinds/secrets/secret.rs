//! Secrets: generated when they are made, never read back, never compared.
//!
//! What a secret holds is made by a function that only [`Kind::create`] and [`Kind::update`] call, and goes straight to
//! AWS. A plan therefore never knows it, and a changed value is no drift. A rotation names the version that is to be
//! replaced: so it is a difference like any other, and one that is gone once there is another version.
//!
//! A secret that people outside the stack hold a copy of stays recoverable for [`RECOVERY_DAYS`] after its deletion (AWS
//! charges nothing for it then), and making a secret of that name again restores it with its value. One that only
//! the stack's own tasks know is deleted for good: nothing could use it any more.

use futures::future::try_join_all;
use futures::try_join;
use secrecy::SecretString;
use time::Date;

use super::expiry::Expiry;
use super::secret_calls::{
    ABSENT, SETTLING, describe, find, is_named, make, note_expiry, put, restore, retag, visible,
};
use crate::aws::{OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Attribute, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Ref,
    References, ReplaceOrder, Resolve, ResourceName, SecretVersionId, Step, Tags, Wanted, Warning,
};

/// The shortest recovery window AWS offers.
const RECOVERY_DAYS: i64 = 7;

/// How many days before its end a value is worth a warning.
const SOON: i64 = 30;

/// Makes what a secret holds.
pub(crate) type Content = fn() -> Result<SecretString, Error>;

/// Reads off a value when it stops being of use.
pub(crate) type Expires = fn(&SecretString) -> Option<Date>;

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
    /// The KMS key that it is encrypted with; nothing for AWS's own.
    pub(crate) key: Option<Ref<Arn>>,
    /// Makes its value.
    pub(crate) content: Content,
    /// Reads the value's last day; nothing for one that serves for ever.
    pub(crate) expires: Option<Expires>,
    /// The version that is to make way for a new one, in a rotation.
    pub(crate) replaces: Option<SecretVersionId>,
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
    /// The key, as it was given; nothing for AWS's own.
    pub(super) key: Option<Arn>,
    pub(super) tags: Tags,
    /// Whether it is only waiting for the end of its recovery window.
    pub(super) deleted: bool,
    /// The day it was looked at, UTC.
    pub(super) seen: Date,
    /// Its current version: one whose making was cut short, or emptied by hand, has none.
    pub(crate) version: Option<SecretVersionId>,
}

impl Live {
    /// Its ARN.
    pub(crate) fn arn(&self) -> &Arn {
        &self.arn
    }

    /// The last day of its current value, if that is known.
    pub(crate) fn expires(&self) -> Option<Date> {
        Expiry::on(&self.tags)?.of(self.version.as_ref()?)
    }

    /// Whether the note on its last day is about its current value.
    fn is_noted(&self) -> bool {
        let noted = Expiry::on(&self.tags);
        noted.is_some_and(|noted| Some(noted.version) == self.version)
    }
}

impl Kind for Secret {
    const TYPE: &'static str = "AWS::SecretsManager::Secret";
    const NOUN: &'static str = "secret";
    const HOLDS_DATA: bool = true;

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none().to_all(&desired.key)
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
            .with_some(live.version.clone())
    }

    fn uses(live: &Live) -> Vec<String> {
        live.key.iter().map(ToString::to_string).collect()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            name,
            description,
            key,
            // Never read back.
            content: _,
            expires,
            replaces,
            // Only matters when it is deleted.
            recoverable: _,
            tags,
        } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.name, "a secret's name is fixed");
        if live.version.is_none() || live.version == *replaces {
            let old = live.version.as_ref().map(|old| format!("version {old}"));
            let new = Some("(generated)".to_owned());
            diff.push("value".to_owned(), old, new, Effect::InPlace);
            diff.renews(Attribute::SecretVersion);
        } else if expires.is_some() && !live.is_noted() {
            let new = Some("(read from the value)".to_owned());
            diff.push("expires".to_owned(), None, new, Effect::InPlace);
        }
        diff.field("description", description, &live.description);
        let (want, have) = (key.as_ref(), live.key.as_ref());
        diff.optional_reference("kms_key_id", want, have, outputs, Effect::InPlace);
        diff.tags(tags, &live.tags);
        diff
    }

    fn warnings(desired: &Desired, live: Option<&Live>) -> Vec<Warning> {
        let renewing = |live: &&Live| live.version == desired.replaces;
        let Some((live, end)) = live
            .filter(|live| !renewing(live))
            .and_then(|live| Some((live, live.expires()?)))
        else {
            return Vec::new();
        };
        let left = (end - live.seen).whole_days();
        if left >= SOON {
            return Vec::new();
        }
        let when = match left {
            ..=-1 => format!("has expired on {end}"),
            _ => format!("expires on {end}, {left} days from now"),
        };
        vec![Warning::new(
            format!("what it holds {when}; what is started after that cannot use it"),
            "`kongstack cert rotate` puts a new one in its place while the gateway serves",
        )]
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
        let mut live = live.clone();
        // First: a value that follows is encrypted with the key it is to have.
        if diff.has("description") || diff.has("kms_key_id") {
            describe(cx, desired, &live).await?;
        }
        if diff.has("value") {
            live.version = Some(put(cx, desired, &live).await?);
        }
        if diff.has("expires") {
            note_expiry(cx, desired, &live).await?;
        }
        if diff.has("tags") {
            retag(cx, &desired.tags, &live).await?;
        }
        Ok(Self::outputs(&live))
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
mod tests;
