//! Aurora PostgreSQL clusters: the storage, the endpoint, and the scaling of all instances.
//!
//! AWS makes and rotates the master password and keeps it in a secret of its own. A minor version within the one wanted is
//! no drift, and neither are the marks that other rooms keep in the cluster's tags. Changes are sent to be applied
//! at once, and are waited for until the cluster shows them.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use futures::try_join;

use super::arn::{sibling, unwanted};
use super::capacity::Capacity;
use super::cluster_calls::{
    GONE, apply, find, gone, make, password_known, settle, switch_off_protection, vacant,
    with_password, works,
};
use super::cluster_diff::compare;
use super::cluster_members::strangers;
use super::phase::{self, Phase};
use super::snapshot;
use super::tagging;
use super::version::VersionPrefix;
use crate::aws::{OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Address, Ailment, Arn, Blocker, Diff, Endpoint, Error, Found, Kind, ManagedSecretArn, Observer,
    Output, Outputs, Ref, References, ReplaceOrder, Resolve, ResourceName, SecretVersionId,
    SecurityGroupId, Step, Tags, Version, Wanted,
};

/// AWS's word for a cluster that is not there.
pub(super) const ABSENT: &[&str] = &["DBClusterNotFoundFault"];

/// An Aurora PostgreSQL DB cluster.
#[derive(Debug)]
pub(crate) struct DbCluster;

/// What a cluster should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// The identifier: 1 to 63 letters, digits and single hyphens, a letter first.
    pub(crate) identifier: String,
    /// Which versions will do.
    pub(crate) version: VersionPrefix,
    /// The version to make it with, or to upgrade it to.
    pub(crate) engine_version: Ref<Version>,
    /// The database made in it.
    pub(crate) database_name: String,
    /// The master user.
    pub(crate) master_username: String,
    /// Where its instances may stand.
    pub(crate) subnet_group: Ref<ResourceName>,
    /// The engine's settings.
    pub(crate) parameter_group: Ref<ResourceName>,
    /// Who may connect.
    pub(crate) security_groups: Vec<Ref<SecurityGroupId>>,
    /// How far it scales.
    pub(crate) capacity: Capacity,
    /// The KMS key of its storage and of its password; nothing for AWS's own.
    pub(crate) key: Option<Ref<Arn>>,
    /// Days that automatic backups are kept, 1 to 35.
    pub(crate) backup_retention_days: u32,
    /// Whether AWS refuses to delete it.
    pub(crate) deletion_protection: bool,
    /// Whether deleting it leaves a last snapshot.
    pub(crate) final_snapshot: bool,
    /// The logs it sends to CloudWatch.
    pub(crate) log_exports: Vec<String>,
    /// Its log groups, which must be there before it: RDS would make them without an end to their retention.
    pub(crate) after: Vec<Address>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// A cluster as RDS has it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// The identifier.
    pub(crate) identifier: String,
    /// The ARN.
    pub(crate) arn: Arn,
    /// Its tags, with the marks of other rooms.
    pub(crate) tags: Tags,
    pub(super) resource_id: String,
    pub(super) status: String,
    pub(super) engine_version: String,
    pub(super) database_name: String,
    pub(super) master_username: String,
    pub(super) secret: Option<ManagedSecretArn>,
    /// Which version of the secret holds the password; looked for only where it is published.
    pub(super) password: Option<SecretVersionId>,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) subnet_group: ResourceName,
    pub(super) parameter_group: ResourceName,
    pub(super) security_groups: Vec<SecurityGroupId>,
    pub(super) capacity: Option<Capacity>,
    pub(super) backup_retention_days: u32,
    pub(super) deletion_protection: bool,
    pub(super) copy_tags_to_snapshot: bool,
    pub(super) storage_encrypted: bool,
    /// The key of its storage.
    pub(super) key: Option<Arn>,
    /// Whether that key is the stack's own.
    pub(super) key_is_ours: bool,
    pub(super) log_exports: Vec<String>,
    pub(super) members: Vec<String>,
}

impl Kind for DbCluster {
    const TYPE: &'static str = "AWS::RDS::DBCluster";
    const NOUN: &'static str = "DB cluster";
    const HOLDS_DATA: bool = true;

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none()
            .to(&desired.engine_version)
            .to(&desired.subnet_group)
            .to(&desired.parameter_group)
            .to_all(&desired.security_groups)
            .to_all(&desired.key)
            .after_all(&desired.after)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let client = cx.clients().rds();
        let named = wanted
            .iter()
            .map(|one| find(client, &one.desired.identifier));
        let (named, inventory) = try_join!(try_join_all(named), cx.inventory())?;
        let ours: BTreeSet<&str> = inventory.of("kms", "key").map(|(arn, _)| arn).collect();
        let keyed = |mut live: Live| {
            live.key_is_ours = live
                .key
                .as_ref()
                .is_some_and(|key| ours.contains(key.as_str()));
            live
        };
        let mut found = Vec::new();
        for (one, live) in wanted.iter().zip(named) {
            match live
                .map(keyed)
                .map(|live| (cx.address_of(&live.tags), live))
            {
                Some((Some(address), live)) => {
                    let live = with_password(cx.clients(), live).await?;
                    let leaving = Phase::of(&live.status) == Phase::Leaving;
                    let one = Found::Owned(address, live);
                    found.push(if leaving { one.leaving() } else { one });
                }
                Some((None, live)) => {
                    let theirs = format!("the DB cluster {}", live.identifier);
                    found.push(Found::Foreign(one.address.clone(), theirs));
                }
                None => {}
            }
        }
        let is_wanted = |name: &str| wanted.iter().any(|one| one.desired.identifier == name);
        let left = unwanted(&inventory, "cluster", is_wanted);
        for live in try_join_all(left.into_iter().map(|name| find(client, name))).await? {
            let owned = live.and_then(|live| Some((cx.address_of(&live.tags)?, live)));
            if let Some((address, live)) = owned {
                let leaving = Phase::of(&live.status) == Phase::Leaving;
                let old = leftover(&found, address, live);
                found.push(if leaving { old.leaving() } else { old });
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.identifier.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default()
            .with(live.arn.clone())
            .with(ResourceName::new(&live.identifier))
            .with_some(live.endpoint.clone())
            .with_some(live.secret.clone())
            .with_some(live.password.clone())
    }

    fn uses(live: &Live) -> Vec<String> {
        let arn = live.arn.as_str();
        let groups = [
            sibling(arn, "subgrp", live.subnet_group.as_str()),
            sibling(arn, "cluster-pg", live.parameter_group.as_str()),
        ];
        let security = live.security_groups.iter().map(ToString::to_string);
        let key = live.key.iter().map(ToString::to_string);
        let groups = groups.into_iter().flatten();
        groups.chain(security).chain(key).collect()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        compare(desired, live, outputs)
    }

    fn ailment(live: &Live) -> Option<Ailment> {
        phase::ailment(&live.identifier, &live.status)
    }

    fn replace_order(desired: &Desired, live: &Live) -> ReplaceOrder {
        if desired.identifier == live.identifier {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        vacant(cx, &desired.identifier).await?;
        make(cx, desired).await?;
        cx.made(&desired.identifier);
        let live = works(cx, &desired.identifier).await?;
        let live = password_known(cx, live).await?;
        Ok(Self::outputs(&live))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let settled = settle(cx, live).await?;
        if diff.has("tags") {
            tagging::write(cx, live.arn.as_str(), &desired.tags, &settled.tags).await?;
        }
        let live = apply(cx, desired, &settled, diff).await?;
        let live = password_known(cx, live).await?;
        Ok(Self::outputs(&live))
    }

    async fn blockers(
        cx: &Observer,
        desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<Blocker>, Error> {
        let mut blockers = Vec::new();
        if live.deletion_protection && desired.is_none_or(|desired| desired.deletion_protection) {
            blockers.push(Blocker {
                reason: format!("deletion protection is on for the DB cluster {}", live.identifier),
                fix: "set database.deletion_protection to false in the spec, or give `--set database.deletion_protection=false`: the deletion then switches it off"
                    .to_owned(),
            });
        }
        let wanted = desired.is_none_or(|desired| desired.final_snapshot);
        if let Some(ailment) = Self::ailment(live).filter(|_| wanted) {
            blockers.push(Blocker {
                reason: format!("{}; it cannot take its final snapshot", ailment.what),
                fix: format!(
                    "{}, or set database.final_snapshot to false and lose its data",
                    ailment.remedy
                ),
            });
        }
        blockers.extend(strangers(cx, &live.members).await?);
        Ok(blockers)
    }

    async fn delete(
        cx: &Step,
        desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let client = cx.clients().rds();
        let identifier = &live.identifier;
        if live.deletion_protection && desired.is_some_and(|desired| !desired.deletion_protection) {
            switch_off_protection(cx, identifier).await?;
        }
        let id = &live.resource_id;
        let what = format!("the deletion of {identifier}");
        // One that is broken does not become ready by waiting.
        let busy: &[&str] = match Phase::of(&live.status) {
            Phase::Broken => &[],
            _ => &["InvalidDBClusterStateFault"],
        };
        let snapshot = if Phase::of(&live.status) == Phase::Leaving {
            // Which one, the run decided that began it.
            gone(cx, identifier).await?;
            snapshot::latest(client, identifier, id).await?
        } else {
            // One that left the blueprint says nothing about its snapshot: rather one too many.
            let snapshot = match desired.is_none_or(|desired| desired.final_snapshot) {
                true => Some(snapshot::free_name(client, identifier, id).await?),
                false => None,
            };
            cx.retry(&what, GONE, busy, || async {
                let call = client
                    .delete_db_cluster()
                    .db_cluster_identifier(identifier)
                    .skip_final_snapshot(snapshot.is_none())
                    .set_final_db_snapshot_identifier(snapshot.clone());
                let deleted = call.send().await.map_err(failed("rds:DeleteDBCluster"));
                deleted.or_absent(ABSENT)
            })
            .await?;
            gone(cx, identifier).await?;
            snapshot::taken(client, snapshot).await?
        };
        let kept = snapshot.map(|name| {
            format!("the DB cluster snapshot {name}, charged as backup storage until you delete it")
        });
        Ok(kept.into_iter().collect())
    }
}
