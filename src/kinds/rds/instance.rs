//! Aurora instances: the writer and the readers of a cluster.
//!
//! RDS makes the first instance of a cluster its writer. All may be made at the same time, which saves minutes, so a
//! reader only waits until the cluster has its first instance, and never for that instance to work.

use futures::future::try_join_all;
use futures::try_join;

use super::arn::{sibling, unwanted};
use super::instance_calls::{find, follow_the_writer, gone, make, members, modify, until, vacant};
use super::phase::{Phase, why_replaced};
use super::tagging;
use crate::aws::{OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Diff, Effect, Endpoint, Error, Found, Kind, Observer, Output, Outputs, Patience, Ref,
    References, ReplaceOrder, Resolve, ResourceName, Step, Tags, Wanted,
};

/// AWS's words for an instance, or a cluster of instances, that is not there.
pub(super) const ABSENT: &[&str] = &["DBInstanceNotFound", "DBClusterNotFoundFault"];

/// A writer works after some 6 minutes, a second instance after up to 12.
const WORKS: Patience = Patience::seconds(5, 380, 3600);

/// Changes of an instance's settings take minutes.
pub(super) const CHANGED: Patience = Patience::seconds(5, 120, 3600);

/// Deleting an instance takes some 10 minutes.
pub(super) const GONE: Patience = Patience::seconds(5, 590, 3600);

/// An instance of an Aurora cluster.
#[derive(Debug)]
pub(crate) struct DbInstance;

/// What an instance does in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// It is made first, so that the cluster writes to it.
    Writer,
    /// It is made once the cluster has its first instance.
    Reader,
}

/// What an instance should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// The identifier: 1 to 63 letters, digits and single hyphens, a letter first.
    pub(crate) identifier: String,
    /// Its cluster.
    pub(crate) cluster: Ref<ResourceName>,
    /// What it is made as; a failover may turn the parts round later, which is no drift.
    pub(crate) part: Part,
    /// The instance class, such as `db.serverless`.
    pub(crate) class: String,
    /// Its turn in a failover, 0 to 15; the lowest goes first.
    pub(crate) promotion_tier: u8,
    /// Whether RDS upgrades it to new minor versions in its maintenance window.
    pub(crate) auto_minor_version_upgrade: bool,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// An instance as RDS has it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// The identifier.
    pub(crate) identifier: String,
    pub(super) arn: Arn,
    pub(super) cluster: ResourceName,
    pub(super) status: String,
    pub(super) class: String,
    pub(super) promotion_tier: u8,
    pub(super) auto_minor_version_upgrade: bool,
    pub(super) publicly_accessible: bool,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) tags: Tags,
}

impl Kind for DbInstance {
    const TYPE: &'static str = "AWS::RDS::DBInstance";
    const NOUN: &'static str = "DB instance";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none().to(&desired.cluster)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let client = cx.clients().rds();
        let mut clusters = Vec::new();
        for one in wanted {
            let cluster = cx.output(&one.desired.cluster).await?;
            clusters.extend(cluster.map(|name| name.to_string()));
        }
        clusters.sort();
        clusters.dedup();
        let (members, inventory) = try_join!(members(client, clusters), cx.inventory())?;
        // Those not in the cluster may be there all the same, as somebody else's.
        let is_member = |name: &str| members.iter().any(|live| live.identifier == name);
        let elsewhere = wanted
            .iter()
            .filter(|one| !is_member(&one.desired.identifier))
            .map(|one| find(client, &one.desired.identifier));
        let elsewhere = try_join_all(elsewhere).await?;
        let is_wanted = |name: &str| wanted.iter().any(|one| one.desired.identifier == name);
        let left = unwanted(&inventory, "db", |name| is_wanted(name) || is_member(name));
        let left = try_join_all(left.into_iter().map(|name| find(client, name))).await?;
        let (named, others): (Vec<Live>, Vec<Live>) = members
            .into_iter()
            .chain(elsewhere.into_iter().chain(left).flatten())
            .partition(|live| is_wanted(&live.identifier));
        let mut found = Vec::new();
        for live in named {
            let at = wanted
                .iter()
                .find(|one| one.desired.identifier == live.identifier);
            match (cx.address_of(&live.tags), at) {
                (Some(address), _) => {
                    let leaving = Phase::of(&live.status) == Phase::Leaving;
                    let one = Found::Owned(address, live);
                    found.push(if leaving { one.leaving() } else { one });
                }
                (None, Some(one)) => {
                    let theirs = format!("the DB instance {}", live.identifier);
                    found.push(Found::Foreign(one.address.clone(), theirs));
                }
                (None, None) => {}
            }
        }
        for live in others {
            if let Some(address) = cx.address_of(&live.tags) {
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
    }

    fn uses(live: &Live) -> Vec<String> {
        let cluster = sibling(live.arn.as_str(), "cluster", live.cluster.as_str());
        cluster.into_iter().collect()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            identifier,
            cluster,
            // A failover changes it.
            part: _,
            class,
            promotion_tier,
            auto_minor_version_upgrade,
            tags,
        } = desired;
        let mut diff = Diff::new();
        match Phase::of(&live.status) {
            Phase::Working => {}
            Phase::Busy | Phase::Stopped | Phase::Leaving => {
                diff.pending("status", &live.status, "available");
            }
            Phase::Broken => {
                let why = why_replaced(&live.status);
                diff.broken("status", &live.status, "available", why);
            }
        }
        let why = "an instance keeps its identifier here";
        diff.immutable("db_instance_identifier", identifier, &live.identifier, why);
        let moved = Effect::Replace("an instance stays in its cluster");
        let have = &live.cluster;
        diff.reference("db_cluster_identifier", cluster, have, outputs, moved);
        diff.field("db_instance_class", class, &live.class);
        diff.field("promotion_tier", promotion_tier, &live.promotion_tier);
        let have = &live.auto_minor_version_upgrade;
        diff.field(
            "auto_minor_version_upgrade",
            auto_minor_version_upgrade,
            have,
        );
        diff.field("publicly_accessible", &false, &live.publicly_accessible);
        diff.tags(tags, &live.tags);
        diff
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
        if desired.part == Part::Reader {
            follow_the_writer(cx, desired).await?;
        }
        make(cx, desired).await?;
        cx.made(&desired.identifier);
        let ready = |live: &Live| live.endpoint.is_some();
        let live = until(cx, &desired.identifier, WORKS, ready).await?;
        Ok(Self::outputs(&live))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let available = |live: &Live| live.status == "available";
        let live = until(cx, &live.identifier, WORKS, available).await?;
        if diff.has("tags") {
            tagging::write(cx, live.arn.as_str(), &desired.tags, &live.tags).await?;
        }
        modify(cx, desired, &live, diff).await?;
        let shown = |live: &Live| {
            let now = Self::diff(desired, live, cx.outputs());
            diff.changes().iter().all(|change| !now.has(&change.field))
        };
        let live = until(cx, &live.identifier, CHANGED, shown).await?;
        Ok(Self::outputs(&live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let client = cx.clients().rds();
        let identifier = &live.identifier;
        let what = format!("the deletion of {identifier}");
        // One that is broken does not become ready by waiting.
        let busy: &[&str] = match Phase::of(&live.status) {
            Phase::Broken => &[],
            _ => &["InvalidDBInstanceState"],
        };
        if Phase::of(&live.status) != Phase::Leaving {
            cx.retry(&what, GONE, busy, || async {
                // The cluster, not its instances, takes the last snapshot.
                let call = client
                    .delete_db_instance()
                    .db_instance_identifier(identifier)
                    .skip_final_snapshot(true);
                let deleted = call.send().await.map_err(failed("rds:DeleteDBInstance"));
                deleted.or_absent(ABSENT)
            })
            .await?;
        }
        gone(cx, identifier).await?;
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Nothing};

    fn live(status: &str) -> Live {
        Live {
            identifier: "demo-db-1".to_owned(),
            arn: Arn::new("arn:aws:rds:eu-west-1:123456789012:db:demo-db-1"),
            cluster: ResourceName::new("demo-db"),
            status: status.to_owned(),
            class: "db.serverless".to_owned(),
            promotion_tier: 1,
            auto_minor_version_upgrade: true,
            publicly_accessible: false,
            endpoint: None,
            tags: Tags::default(),
        }
    }

    fn effects(cluster: Ref<ResourceName>, status: &str) -> Vec<Effect> {
        let desired = Desired {
            identifier: "demo-db-1".to_owned(),
            cluster,
            part: Part::Writer,
            class: "db.serverless".to_owned(),
            promotion_tier: 1,
            auto_minor_version_upgrade: true,
            tags: Tags::default(),
        };
        let diff = DbInstance::diff(&desired, &live(status), &Nothing);
        diff.changes().iter().map(|change| change.effect).collect()
    }

    #[test]
    fn what_is_on_its_way_is_waited_for_and_what_is_broken_replaced() {
        let here = || Ref::Literal(ResourceName::new("demo-db"));
        assert_eq!(effects(here(), "available"), []);
        for waited in ["creating", "modifying", "rebooting", "stopped"] {
            assert_eq!(effects(here(), waited), [Effect::Wait], "{waited}");
        }
        for broken in [
            "failed",
            "incompatible-parameters",
            "incompatible-network",
            "storage-full",
        ] {
            let effects = effects(here(), broken);
            assert!(
                matches!(effects.as_slice(), [Effect::Replace(_)]),
                "{broken}"
            );
        }
    }

    #[test]
    fn one_whose_cluster_is_not_there_is_replaced_with_it() {
        let new = Ref::Of(Address::new(crate::resource::Layer::Database, "cluster"));
        let effects = effects(new, "available");
        assert!(matches!(effects.as_slice(), [Effect::Replace(_)]));
    }
}
