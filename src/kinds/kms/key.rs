//! Keys, each with its alias.
//!
//! AWS gives a key an id and no name; its alias has a name and neither tags nor a life of its own. So the alias is a field of
//! the key, and what leads to the key: an alias of the name that points to somebody else's key is foreign. A key carries
//! the stack's tags from the call that makes it.
//!
//! What a key has encrypted is lost with it, also what the stack leaves on purpose: the database's last snapshot, a
//! secret in its recovery window, lines in a log group that has changed its key. So a key is never deleted, it only
//! gets a mark ([`KEPT`]) and one of two fates: one that a snapshot is encrypted with stays as it is, and any other is
//! scheduled for deletion in [`WINDOW_DAYS`], the longest time that AWS offers, at no charge. Either counts as gone, and is
//! taken back by the next apply of the stack, which finds all that it left readable.
//!
//! Without that mark, a key that is scheduled for deletion was so by hand: it is drift, and repaired.

use std::collections::HashMap;

use aws_sdk_kms::types::KeyState;
use futures::future::try_join_all;
use futures::try_join;
use time::Date;

use super::calls::{self, settle};
use super::look::{describe, earlier, read};
use crate::kinds::iam::{ResourcePolicy, Statements};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, Kind, Observer, Outputs, References, Resolve, Step,
    Tags, Wanted, Warning,
};

/// The mark on a key that nothing of the stack uses any more: one of [`FOR_SNAPSHOTS`] and [`UNTIL_DELETED`].
pub(super) const KEPT: &str = "kongstack:kept";

/// Stays, for snapshots that are encrypted with it.
pub(super) const FOR_SNAPSHOTS: &str = "for-snapshots";

/// Is deleted when its time is over.
pub(super) const UNTIL_DELETED: &str = "until-deleted";

/// How long a deletion can be cancelled: AWS offers 7 to 30 days.
pub(super) const WINDOW_DAYS: i32 = 30;

/// A KMS key with its alias.
#[derive(Debug)]
pub(crate) struct Key;

/// What a key should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// Its alias, `alias/…`.
    pub(crate) alias: String,
    /// What it is for, for the console.
    pub(crate) description: String,
    /// Who may use it.
    pub(crate) policy: ResourcePolicy,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// A key as KMS has it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(super) id: String,
    pub(super) arn: Arn,
    pub(super) description: String,
    pub(super) state: KeyState,
    /// When it is deleted, UTC, where that is scheduled.
    pub(super) deletion: Option<Date>,
    /// Whether AWS puts new material into it each year; how often is anybody's to change.
    pub(super) rotates: bool,
    pub(super) policy: Statements,
    pub(super) aliases: Vec<String>,
    /// The other key that the alias wanted points to.
    pub(super) taken: Option<String>,
    pub(super) tags: Tags,
}

impl Live {
    pub(super) fn is_pending_deletion(&self) -> bool {
        self.state == KeyState::PendingDeletion
    }

    /// What became of it, if an earlier run has given it up.
    fn fate(&self) -> Option<String> {
        let id = &self.id;
        match self.tags.get(KEPT)? {
            FOR_SNAPSHOTS => Some(format!(
                "the KMS key {id} was kept for the snapshots of an earlier stack of this name; it is used again"
            )),
            // Else the run that was to schedule its deletion was cut short.
            UNTIL_DELETED if self.is_pending_deletion() => Some(format!(
                "the KMS key {id} is scheduled for deletion; it is taken back, with all that it has encrypted"
            )),
            _ => None,
        }
    }

    /// When it is deleted, in words.
    fn end(&self) -> String {
        let day = self.deletion.map(|day| format!(" on {day}"));
        format!("scheduled for deletion{}", day.unwrap_or_default())
    }
}

impl Kind for Key {
    const TYPE: &'static str = "AWS::KMS::Key";
    const NOUN: &'static str = "KMS key";
    const HOLDS_DATA: bool = true;

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        desired.policy.referred(References::none())
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let client = cx.clients().kms();
        let named = wanted
            .iter()
            .map(|one| describe(client, &one.desired.alias));
        let named = async { Ok(try_join_all(named).await?) };
        let (named, inventory) = try_join!(named, cx.inventory())?;
        let known: HashMap<&str, &Tags> = inventory.of("kms", "key").collect();
        let mut asked: Vec<String> = Vec::new();
        let mut found = Vec::new();
        let mut theirs = Vec::new();
        for (one, metadata) in wanted.iter().zip(named) {
            let Some(metadata) = metadata else { continue };
            let arn = metadata.arn().unwrap_or_default().to_owned();
            // The list lags: what it says is taken where it is as it should be.
            let listed = known.get(arn.as_str()).copied();
            let listed = listed.filter(|tags| one.desired.tags.is_as(tags)).cloned();
            if let Some(live) = read(client, metadata, listed).await? {
                match cx.address_of(&live.tags) {
                    Some(address) => found.push(owned(address, live)),
                    None => theirs.push((one, live)),
                }
            }
            asked.push(arn);
        }
        let left = known
            .keys()
            .filter(|arn| !asked.iter().any(|one| one == *arn));
        let left = left.map(|arn| async move {
            match describe(client, arn).await? {
                Some(metadata) => read(client, metadata, None).await,
                None => Ok(None),
            }
        });
        for mut live in try_join_all(left).await?.into_iter().flatten() {
            if let Some(address) = cx.address_of(&live.tags) {
                let taken = theirs.iter().find(|(one, _)| *one.address == address);
                live.taken = taken.map(|(_, theirs)| theirs.id.clone());
                let one = match owned(address, live) {
                    Found::Owned(address, live) => leftover(&found, address, live),
                    other => other,
                };
                found.push(one);
            }
        }
        found.extend(theirs.into_iter().map(|(one, live)| {
            let name = format!("the alias {} of the KMS key {}", one.desired.alias, live.id);
            Found::Foreign(one.address.clone(), name)
        }));
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.id.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(live.arn.clone())
    }

    fn uses(_live: &Live) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            alias,
            description,
            policy,
            tags,
        } = desired;
        let mut diff = Diff::new();
        if live.is_pending_deletion() {
            diff.push(
                "deletion".to_owned(),
                Some(live.end()),
                None,
                Effect::InPlace,
            );
        } else if live.tags.get(KEPT).is_some() {
            let begun = "begun by a run that was cut short".to_owned();
            diff.push("deletion".to_owned(), Some(begun), None, Effect::InPlace);
        }
        match live.state {
            KeyState::Enabled => {}
            KeyState::Disabled | KeyState::PendingDeletion => diff.field("enabled", &true, &false),
            ref other => diff.pending("key_state", other.as_str(), "Enabled"),
        }
        diff.field("description", description, &live.description);
        diff.field("key_rotation_enabled", &true, &live.rotates);
        policy.compare("key_policy", &live.policy, outputs, &mut diff);
        diff.set(
            "aliases",
            std::slice::from_ref(alias),
            &live.aliases,
            Effect::InPlace,
        );
        diff.tags(tags, &live.tags);
        diff
    }

    fn objections(desired: &Desired, live: &Live) -> Vec<Blocker> {
        let taken = live.taken.iter().map(|other| Blocker {
            reason: format!("its alias {} now is the KMS key {other}'s, which is not the stack's", desired.alias),
            fix: "give the key another alias in names.encryption_key, or take the alias away from the other key"
                .to_owned(),
        });
        taken.collect()
    }

    fn warnings(_desired: &Desired, live: Option<&Live>) -> Vec<Warning> {
        let Some(live) = live else { return Vec::new() };
        let (what, fix) = match live.state {
            KeyState::Disabled => (
                "disabled".to_owned(),
                "`apply` enables it again; if it was disabled on purpose, do not apply before that is over",
            ),
            KeyState::PendingDeletion => (
                live.end(),
                "`apply` cancels its deletion and enables it; if it is to go, take `encryption` out of the spec first",
            ),
            _ => return Vec::new(),
        };
        vec![Warning::new(
            format!(
                "the KMS key {} is {what}: no task starts, for its secrets cannot be read, no line is logged, and the \
                 database stops within hours and is given up after seven days",
                live.id
            ),
            fix,
        )]
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let client = cx.clients().kms();
        let there = earlier(client, cx.stack(), &cx.address).await?;
        let metadata = match there {
            Some(there) => {
                cx.remark(format!(
                    "the KMS key {} is there already: it is used",
                    there.key_id()
                ));
                there
            }
            None => calls::make(cx, desired).await?,
        };
        cx.made(metadata.key_id());
        settle(cx, desired, metadata.key_id()).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        settle(cx, desired, &live.id).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        calls::give_up(cx, live).await
    }
}

fn owned(address: crate::resource::Address, live: Live) -> Found<Live> {
    match live.fate() {
        Some(fate) => Found::Missing(address, fate),
        None => Found::Owned(address, live),
    }
}

#[cfg(test)]
mod tests;
