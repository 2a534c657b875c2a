//! Aurora instances: the writer and the readers of a cluster.
//!
//! RDS makes the first instance of a cluster its writer. All may be made at the same time, which saves minutes, so a
//! reader only waits until the cluster has its first instance, and never for that instance to work.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbInstance as RdsInstance, Filter, SourceType};
use futures::future::try_join_all;
use futures::try_join;

use super::arn::{sibling, unwanted};
use super::cluster_calls::{self, ENGINE};
use super::phase::Phase;
use super::{events, tagging};
use crate::aws::{AwsError, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Diff, Effect, Endpoint, Error, Found, Kind, Look, Observer, Output, Outputs, Patience,
    Ref, References, ReplaceOrder, Resolve, ResourceName, Step, Tags, Wanted,
};

/// AWS's words for an instance, or a cluster of instances, that is not there.
const ABSENT: &[&str] = &["DBInstanceNotFound", "DBClusterNotFoundFault"];

/// A writer works after some 6 minutes, a second instance after up to 12.
const WORKS: Patience = Patience::seconds(5, 380, 3600);

/// How long the writer's own step may take to begin.
const FIRST: Patience = Patience::seconds(3, 5, 600);

/// Changes of an instance's settings take minutes.
const CHANGED: Patience = Patience::seconds(5, 120, 3600);

/// Deleting an instance takes some 10 minutes.
const GONE: Patience = Patience::seconds(5, 590, 3600);

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
    arn: Arn,
    cluster: ResourceName,
    status: String,
    class: String,
    promotion_tier: u8,
    auto_minor_version_upgrade: bool,
    publicly_accessible: bool,
    endpoint: Option<Endpoint>,
    tags: Tags,
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
                // On its way out: whoever makes the next one waits for its end.
                (Some(_), _) if Phase::of(&live.status) == Phase::Leaving => {}
                (Some(address), _) => found.push(Found::Owned(address, live)),
                (None, Some(one)) => {
                    let theirs = format!("the DB instance {}", live.identifier);
                    found.push(Found::Foreign(one.address.clone(), theirs));
                }
                (None, None) => {}
            }
        }
        let staying = |live: &Live| Phase::of(&live.status) != Phase::Leaving;
        for live in others.into_iter().filter(staying) {
            if let Some(address) = cx.address_of(&live.tags) {
                let old = leftover(&found, address, live);
                found.push(old);
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
                let why = "it cannot leave this state by itself";
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
        cx.retry(&what, GONE, &["InvalidDBInstanceState"], || async {
            // The cluster, not its instances, takes the last snapshot.
            let call = client
                .delete_db_instance()
                .db_instance_identifier(identifier)
                .skip_final_snapshot(true);
            let deleted = call.send().await.map_err(failed("rds:DeleteDBInstance"));
            deleted.or_absent(ABSENT)
        })
        .await?;
        gone(cx, identifier).await?;
        Ok(Vec::new())
    }
}

async fn make(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let client = cx.clients().rds();
    let cluster = cx.get(&desired.cluster)?;
    // A cluster takes no instance while it is being changed.
    let busy = &["InvalidDBClusterStateFault"];
    let what = format!("cluster {cluster}");
    let made = cx.retry(&what, CHANGED, busy, || async {
        let call = client
            .create_db_instance()
            .db_instance_identifier(&desired.identifier)
            .db_cluster_identifier(cluster.as_str())
            .engine(ENGINE)
            .db_instance_class(&desired.class)
            .promotion_tier(i32::from(desired.promotion_tier))
            .auto_minor_version_upgrade(desired.auto_minor_version_upgrade)
            .publicly_accessible(false)
            .set_tags(Some(tagging::to_rds(&desired.tags)));
        call.send().await.map_err(failed("rds:CreateDBInstance"))
    });
    match made.await {
        Ok(_) => Ok(()),
        Err(Error::Aws(error)) if error.is(&["DBInstanceAlreadyExists"]) => {
            ours(cx, &desired.identifier, error).await
        }
        Err(error) => Err(error),
    }
}

/// Tells an instance that an earlier, unanswered call made from somebody else's.
async fn ours(cx: &Step, identifier: &str, taken: AwsError) -> Result<(), Error> {
    let live = find(cx.clients().rds(), identifier).await?;
    match live.and_then(|live| live.tags.address_in(cx.stack())) {
        Some(address) if address == cx.address => Ok(()),
        _ => Err(taken.into()),
    }
}

/// Waits until the cluster has an instance, which is then the writer.
async fn follow_the_writer(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let client = cx.clients().rds();
    let cluster = cx.get(&desired.cluster)?;
    let what = format!("the writer of {cluster}");
    cx.wait(&what, FIRST, || async {
        let live = cluster_calls::find(client, cluster.as_str()).await?;
        Ok(match live {
            Some(live) if !live.members.is_empty() => Look::Ready(()),
            _ => Look::Pending("not begun yet".to_owned()),
        })
    })
    .await
}

async fn modify(cx: &Step, desired: &Desired, live: &Live, diff: &Diff) -> Result<(), Error> {
    let client = cx.clients().rds();
    let unchanged = client
        .modify_db_instance()
        .db_instance_identifier(&live.identifier)
        .apply_immediately(true);
    let mut call = unchanged.clone();
    if diff.has("db_instance_class") {
        call = call.db_instance_class(&desired.class);
    }
    if diff.has("promotion_tier") {
        call = call.promotion_tier(i32::from(desired.promotion_tier));
    }
    if diff.has("auto_minor_version_upgrade") {
        call = call.auto_minor_version_upgrade(desired.auto_minor_version_upgrade);
    }
    if diff.has("publicly_accessible") {
        call = call.publicly_accessible(false);
    }
    if call.as_input() == unchanged.as_input() {
        return Ok(());
    }
    let busy = &["InvalidDBInstanceState", "InvalidDBClusterStateFault"];
    let what = format!("instance {}", live.identifier);
    cx.retry(&what, CHANGED, busy, || {
        let call = call.clone();
        async move { call.send().await.map_err(failed("rds:ModifyDBInstance")) }
    })
    .await?;
    Ok(())
}

/// All instances of some clusters; not asked for when there are no clusters.
async fn members(client: &Client, clusters: Vec<String>) -> Result<Vec<Live>, Error> {
    if clusters.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter::builder()
        .name("db-cluster-id")
        .set_values(Some(clusters))
        .build();
    let mut pages = client
        .describe_db_instances()
        .filters(filter)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(instance) = pages.next().await {
        let instance = instance.map_err(failed("rds:DescribeDBInstances"));
        found.extend(instance.or_absent(ABSENT)?.map(live).transpose()?);
    }
    Ok(found)
}

async fn find(client: &Client, identifier: &str) -> Result<Option<Live>, Error> {
    let call = client.describe_db_instances();
    let answer = call
        .db_instance_identifier(identifier)
        .send()
        .await
        .map_err(failed("rds:DescribeDBInstances"))
        .or_absent(ABSENT)?;
    answer
        .and_then(|answer| answer.db_instances?.pop())
        .map(live)
        .transpose()
}

fn live(instance: RdsInstance) -> Result<Live, Error> {
    let missing = |missing| Error::Incomplete {
        operation: "rds:DescribeDBInstances",
        missing,
    };
    let endpoint = instance.endpoint().and_then(|endpoint| endpoint.address());
    let tier = instance.promotion_tier.unwrap_or(1);
    Ok(Live {
        endpoint: endpoint.map(Endpoint::new),
        tags: tagging::from_rds(instance.tag_list()),
        cluster: ResourceName::new(instance.db_cluster_identifier().unwrap_or_default()),
        promotion_tier: u8::try_from(tier).unwrap_or(u8::MAX),
        auto_minor_version_upgrade: instance.auto_minor_version_upgrade.unwrap_or_default(),
        publicly_accessible: instance.publicly_accessible.unwrap_or_default(),
        class: instance.db_instance_class.unwrap_or_default(),
        identifier: instance
            .db_instance_identifier
            .ok_or_else(|| missing("the identifier"))?,
        arn: Arn::new(instance.db_instance_arn.ok_or_else(|| missing("the ARN"))?),
        status: instance
            .db_instance_status
            .ok_or_else(|| missing("the status"))?,
    })
}

/// Waits until no instance of that name is being deleted any more; one that stays is for others to judge.
async fn vacant(cx: &Step, identifier: &str) -> Result<(), Error> {
    let client = cx.clients().rds();
    cx.wait(&format!("instance {identifier}"), GONE, || async {
        Ok(match find(client, identifier).await? {
            Some(live) if Phase::of(&live.status) == Phase::Leaving => Look::Pending(live.status),
            _ => Look::Ready(()),
        })
    })
    .await
}

/// Waits until an instance whose deletion has begun is not there any more.
async fn gone(cx: &Step, identifier: &str) -> Result<(), Error> {
    let client = cx.clients().rds();
    cx.wait(&format!("instance {identifier}"), GONE, || async {
        let live = find(client, identifier).await?;
        Ok(live.map_or(Look::Ready(()), |live| Look::Pending(live.status)))
    })
    .await
}

/// Waits until a working instance is `ready`.
async fn until(
    cx: &Step,
    identifier: &str,
    patience: Patience,
    ready: impl Fn(&Live) -> bool + Send + Sync,
) -> Result<Live, Error> {
    let client = cx.clients().rds();
    let ready = &ready;
    cx.wait(&format!("instance {identifier}"), patience, || async move {
        let Some(live) = find(client, identifier).await? else {
            return Ok(Look::Pending("not visible yet".to_owned()));
        };
        match Phase::of(&live.status) {
            Phase::Working if ready(&live) => Ok(Look::Ready(live)),
            Phase::Working if live.status == "available" => {
                Ok(Look::Pending("applying changes".to_owned()))
            }
            Phase::Broken | Phase::Leaving => Err(Error::Failed {
                what: format!("the DB instance {identifier}"),
                state: live.status,
                detail: events::recent(client, SourceType::DbInstance, identifier).await,
            }),
            Phase::Working | Phase::Busy | Phase::Stopped => Ok(Look::Pending(live.status)),
        }
    })
    .await
}
