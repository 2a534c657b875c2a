//! The calls an instance takes: how it is found, made, changed and waited for.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbInstance as RdsInstance, Filter, SourceType};

use super::cluster_calls::{self, ENGINE};
use super::instance::{ABSENT, CHANGED, Desired, GONE, Live};
use super::phase::Phase;
use super::{events, tagging};
use crate::aws::{AwsError, OrAbsent, failed};
use crate::resource::{Arn, Diff, Endpoint, Error, Look, Output, Patience, ResourceName, Step};

/// How long the writer's own step may take to begin.
const FIRST: Patience = Patience::seconds(3, 5, 600);

/// Makes an instance; one that an earlier, unanswered call made is as good.
pub(super) async fn make(cx: &Step, desired: &Desired) -> Result<(), Error> {
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
pub(super) async fn follow_the_writer(cx: &Step, desired: &Desired) -> Result<(), Error> {
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

/// Sends the changes that `diff` names, if there are any to send.
pub(super) async fn modify(
    cx: &Step,
    desired: &Desired,
    live: &Live,
    diff: &Diff,
) -> Result<(), Error> {
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
pub(super) async fn members(client: &Client, clusters: Vec<String>) -> Result<Vec<Live>, Error> {
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

/// Reads an instance.
pub(super) async fn find(client: &Client, identifier: &str) -> Result<Option<Live>, Error> {
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
pub(super) async fn vacant(cx: &Step, identifier: &str) -> Result<(), Error> {
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
pub(super) async fn gone(cx: &Step, identifier: &str) -> Result<(), Error> {
    let client = cx.clients().rds();
    cx.wait(&format!("instance {identifier}"), GONE, || async {
        let live = find(client, identifier).await?;
        Ok(live.map_or(Look::Ready(()), |live| Look::Pending(live.status)))
    })
    .await
}

/// Waits until a working instance is `ready`.
pub(super) async fn until(
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
