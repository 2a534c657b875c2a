//! The calls a cluster takes: how it is found, made, changed and waited for.

use aws_sdk_rds::Client;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DbCluster as RdsCluster, SourceType};

use super::capacity::Capacity;
use super::cluster::{ABSENT, DbCluster, Desired, Live};
use super::phase::Phase;
use super::{events, tagging};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::secrets::current_version;
use crate::resource::{
    Arn, Diff, Endpoint, Error, Kind, Look, ManagedSecretArn, Output, Patience, Ref, ResourceName,
    SecurityGroupId, Step,
};

/// The engine of all clusters.
pub(super) const ENGINE: &str = "aurora-postgresql";

/// RDS may not know a group in the first seconds of its life.
const NEW_GROUPS: Patience = Patience::seconds(3, 5, 120);

/// A cluster without instances is made in about 45 seconds.
const WORKS: Patience = Patience::seconds(5, 45, 1800);

/// Changes of settings take a minute; an upgrade to another minor version much longer.
const CHANGED: Patience = Patience::seconds(5, 60, 3600);

/// A deletion waits for the instances, up to 15 minutes, and for the last snapshot.
pub(super) const GONE: Patience = Patience::seconds(5, 120, 5400);

/// Reads a cluster.
pub(super) async fn find(client: &Client, identifier: &str) -> Result<Option<Live>, Error> {
    let call = client.describe_db_clusters();
    let answer = call
        .db_cluster_identifier(identifier)
        .send()
        .await
        .map_err(failed("rds:DescribeDBClusters"))
        .or_absent(ABSENT)?;
    answer
        .and_then(|answer| answer.db_clusters?.pop())
        .map(live)
        .transpose()
}

fn live(cluster: RdsCluster) -> Result<Live, Error> {
    let missing = |missing| Error::Incomplete {
        operation: "rds:DescribeDBClusters",
        missing,
    };
    let secret = cluster.master_user_secret();
    let secret = secret
        .filter(|secret| secret.secret_status() != Some("creating"))
        .and_then(|secret| secret.secret_arn());
    let groups = cluster
        .vpc_security_groups()
        .iter()
        .filter(|group| group.status() != Some("removing"))
        .filter_map(|group| group.vpc_security_group_id());
    let members = cluster
        .db_cluster_members()
        .iter()
        .filter_map(|member| member.db_instance_identifier());
    let name = |name: Option<&str>| ResourceName::new(name.unwrap_or_default());
    let days = cluster.backup_retention_period.unwrap_or_default();
    Ok(Live {
        secret: secret.map(ManagedSecretArn::new),
        password: None,
        endpoint: cluster.endpoint().map(Endpoint::new),
        subnet_group: name(cluster.db_subnet_group()),
        parameter_group: name(cluster.db_cluster_parameter_group()),
        security_groups: groups.map(SecurityGroupId::new).collect(),
        capacity: cluster
            .serverless_v2_scaling_configuration()
            .map(Capacity::read),
        backup_retention_days: u32::try_from(days).unwrap_or_default(),
        deletion_protection: cluster.deletion_protection.unwrap_or_default(),
        copy_tags_to_snapshot: cluster.copy_tags_to_snapshot.unwrap_or_default(),
        storage_encrypted: cluster.storage_encrypted.unwrap_or_default(),
        key: cluster.kms_key_id().map(Arn::new),
        key_is_ours: false,
        members: members.map(str::to_owned).collect(),
        tags: tagging::from_rds(cluster.tag_list()),
        identifier: cluster
            .db_cluster_identifier
            .ok_or_else(|| missing("the identifier"))?,
        arn: Arn::new(cluster.db_cluster_arn.ok_or_else(|| missing("the ARN"))?),
        status: cluster.status.ok_or_else(|| missing("the status"))?,
        engine_version: cluster
            .engine_version
            .ok_or_else(|| missing("the engine version"))?,
        resource_id: cluster.db_cluster_resource_id.unwrap_or_default(),
        database_name: cluster.database_name.unwrap_or_default(),
        master_username: cluster.master_username.unwrap_or_default(),
        log_exports: cluster.enabled_cloudwatch_logs_exports.unwrap_or_default(),
    })
}

/// Makes a cluster; one that an earlier, unanswered call made is as good.
pub(super) async fn make(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let client = cx.clients().rds();
    let groups = cx.get_all(&desired.security_groups)?;
    let key = key(cx, desired)?;
    let call = client
        .create_db_cluster()
        .db_cluster_identifier(&desired.identifier)
        .engine(ENGINE)
        .engine_mode("provisioned")
        .engine_version(cx.get(&desired.engine_version)?.as_str())
        .database_name(&desired.database_name)
        .master_username(&desired.master_username)
        .manage_master_user_password(true)
        .db_subnet_group_name(cx.get(&desired.subnet_group)?.as_str())
        .db_cluster_parameter_group_name(cx.get(&desired.parameter_group)?.as_str())
        .set_vpc_security_group_ids(Some(groups.iter().map(ToString::to_string).collect()))
        .serverless_v2_scaling_configuration(desired.capacity.to_rds())
        .backup_retention_period(days(desired))
        .deletion_protection(desired.deletion_protection)
        .storage_encrypted(true)
        .set_kms_key_id(key.clone())
        .set_master_user_secret_kms_key_id(key)
        .copy_tags_to_snapshot(true)
        .set_enable_cloudwatch_logs_exports(Some(desired.log_exports.clone()))
        .set_tags(Some(tagging::to_rds(&desired.tags)));
    let mut not_yet = vec![
        "DBSubnetGroupNotFoundFault",
        "DBClusterParameterGroupNotFound",
    ];
    // One of the stack's own may be too new.
    if let Some(Ref::Of(_)) = desired.key {
        not_yet.push("KMSKeyNotAccessibleFault");
    }
    let what = format!("what {} needs", desired.identifier);
    let made = cx.retry(&what, NEW_GROUPS, &not_yet, || {
        let call = call.clone();
        async move { call.send().await.map_err(failed("rds:CreateDBCluster")) }
    });
    match made.await {
        Ok(_) => Ok(()),
        Err(Error::Aws(error)) if error.is(&["DBClusterAlreadyExistsFault"]) => {
            ours(cx, &desired.identifier, error).await
        }
        Err(error) => Err(error),
    }
}

/// Tells a cluster that an earlier, unanswered call made from somebody else's.
async fn ours(cx: &Step, identifier: &str, taken: AwsError) -> Result<(), Error> {
    let live = find(cx.clients().rds(), identifier).await?;
    match live.and_then(|live| live.tags.address_in(cx.stack())) {
        Some(address) if address == cx.address => Ok(()),
        _ => Err(taken.into()),
    }
}

/// Waits until a new cluster takes instances and its secret holds the password.
pub(super) async fn works(cx: &Step, identifier: &str) -> Result<Live, Error> {
    let ready = |live: &Live| live.secret.is_some() && live.endpoint.is_some();
    until(
        cx,
        identifier,
        WORKS,
        ready,
        "available, without its secret",
    )
    .await
}

/// With the version of its secret that holds the password, if there is one.
pub(super) async fn with_password(clients: &Clients, live: Live) -> Result<Live, Error> {
    let password = match &live.secret {
        Some(secret) => current_version(clients.secrets(), secret.as_str()).await?,
        None => None,
    };
    Ok(Live { password, ..live })
}

/// Waits until a cluster's secret shows which of its versions holds the password.
pub(super) async fn password_known(cx: &Step, live: Live) -> Result<Live, Error> {
    let what = format!("the password of {}", live.identifier);
    cx.wait(&what, NEW_GROUPS, || {
        let live = live.clone();
        async move {
            let live = with_password(cx.clients(), live).await?;
            Ok(match live.password {
                None if live.secret.is_some() => Look::Pending("not visible yet".to_owned()),
                _ => Look::Ready(live),
            })
        }
    })
    .await
}

/// Waits for what was begun before, and starts a cluster that somebody stopped or is just stopping.
pub(super) async fn settle(cx: &Step, live: &Live) -> Result<Live, Error> {
    let client = cx.clients().rds();
    let identifier = &live.identifier;
    let stopping = live.status == "stopping";
    if stopping {
        let what = format!("cluster {identifier}");
        cx.wait(&what, CHANGED, || async {
            Ok(match find(client, identifier).await? {
                Some(live) if live.status == "stopping" => Look::Pending(live.status),
                _ => Look::Ready(()),
            })
        })
        .await?;
    }
    if stopping || Phase::of(&live.status) == Phase::Stopped {
        client
            .start_db_cluster()
            .db_cluster_identifier(identifier)
            .send()
            .await
            .map_err(failed("rds:StartDBCluster"))?;
    }
    // Only an available cluster takes changes: `backing-up` will not do here.
    let available = |live: &Live| live.status == "available";
    until(cx, identifier, CHANGED, available, "busy").await
}

/// Sends the changes that `diff` names, if there are any to send, and waits until the cluster shows them.
pub(super) async fn apply(
    cx: &Step,
    desired: &Desired,
    live: &Live,
    diff: &Diff,
) -> Result<Live, Error> {
    let client = cx.clients().rds();
    if let Some(call) = changes(cx, client, desired, live, diff)? {
        let what = format!("cluster {}", live.identifier);
        let busy = &["InvalidDBClusterStateFault"];
        cx.retry(&what, CHANGED, busy, || {
            let call = call.clone();
            async move { call.send().await.map_err(failed("rds:ModifyDBCluster")) }
        })
        .await?;
    }
    let shown = |live: &Live| {
        let now = DbCluster::diff(desired, live, cx.outputs());
        diff.changes().iter().all(|change| !now.has(&change.field))
    };
    until(cx, &live.identifier, CHANGED, shown, "applying changes").await
}

/// One call with all that changes; nothing when only tags or the state did.
fn changes(
    cx: &Step,
    client: &Client,
    desired: &Desired,
    live: &Live,
    diff: &Diff,
) -> Result<Option<ModifyDBClusterFluentBuilder>, Error> {
    let unchanged = client
        .modify_db_cluster()
        .db_cluster_identifier(&live.identifier)
        .apply_immediately(true);
    let mut call = unchanged.clone();
    if diff.has("engine_version") {
        call = call.engine_version(cx.get(&desired.engine_version)?.as_str());
    }
    if diff.has("db_cluster_parameter_group") {
        let group = cx.get(&desired.parameter_group)?;
        call = call.db_cluster_parameter_group_name(group.as_str());
    }
    if diff.has("vpc_security_group_ids") {
        let groups = cx.get_all(&desired.security_groups)?;
        let groups = groups.iter().map(ToString::to_string).collect();
        call = call.set_vpc_security_group_ids(Some(groups));
    }
    if diff.has("serverless_v2_scaling_configuration") {
        call = call.serverless_v2_scaling_configuration(desired.capacity.to_rds());
    }
    if diff.has("backup_retention_period") {
        call = call.backup_retention_period(days(desired));
    }
    if diff.has("deletion_protection") {
        call = call.deletion_protection(desired.deletion_protection);
    }
    if diff.has("copy_tags_to_snapshot") {
        call = call.copy_tags_to_snapshot(true);
    }
    if diff.has("manage_master_user_password") {
        call = call
            .manage_master_user_password(true)
            .set_master_user_secret_kms_key_id(key(cx, desired)?);
    }
    if diff.has("enabled_cloudwatch_logs_exports") {
        let logs = log_changes(&desired.log_exports, &live.log_exports);
        call = call.cloudwatch_logs_export_configuration(logs);
    }
    let some = call.as_input() != unchanged.as_input();
    Ok(some.then_some(call))
}

/// Switches deletion protection off and waits until RDS shows it.
pub(super) async fn switch_off_protection(cx: &Step, identifier: &str) -> Result<(), Error> {
    let client = cx.clients().rds();
    let what = format!("deletion protection of {identifier}");
    cx.retry(&what, CHANGED, &["InvalidDBClusterStateFault"], || async {
        let call = client
            .modify_db_cluster()
            .db_cluster_identifier(identifier)
            .deletion_protection(false)
            .apply_immediately(true);
        let changed = call.send().await.map_err(failed("rds:ModifyDBCluster"));
        changed.or_absent(ABSENT)
    })
    .await?;
    cx.wait(&what, CHANGED, || async {
        Ok(match find(client, identifier).await? {
            Some(live) if live.deletion_protection => Look::Pending(live.status),
            _ => Look::Ready(()),
        })
    })
    .await
}

/// Waits until no cluster of that name is being deleted any more; one that stays is for others to judge.
pub(super) async fn vacant(cx: &Step, identifier: &str) -> Result<(), Error> {
    let client = cx.clients().rds();
    cx.wait(&format!("cluster {identifier}"), GONE, || async {
        Ok(match find(client, identifier).await? {
            Some(live) if Phase::of(&live.status) == Phase::Leaving => Look::Pending(live.status),
            _ => Look::Ready(()),
        })
    })
    .await
}

/// Waits until a cluster whose deletion has begun is not there any more.
pub(super) async fn gone(cx: &Step, identifier: &str) -> Result<(), Error> {
    let client = cx.clients().rds();
    cx.wait(&format!("cluster {identifier}"), GONE, || async {
        let live = find(client, identifier).await?;
        Ok(live.map_or(Look::Ready(()), |live| Look::Pending(live.status)))
    })
    .await
}

/// Waits until a working cluster is `ready`; `otherwise` names the state of one that works and is not.
async fn until(
    cx: &Step,
    identifier: &str,
    patience: Patience,
    ready: impl Fn(&Live) -> bool + Send + Sync,
    otherwise: &str,
) -> Result<Live, Error> {
    let client = cx.clients().rds();
    let ready = &ready;
    cx.wait(&format!("cluster {identifier}"), patience, || async move {
        let Some(live) = find(client, identifier).await? else {
            return Ok(Look::Pending("not visible yet".to_owned()));
        };
        match Phase::of(&live.status) {
            Phase::Working if ready(&live) => Ok(Look::Ready(live)),
            Phase::Working if live.status == "available" => Ok(Look::Pending(otherwise.to_owned())),
            Phase::Broken | Phase::Leaving => Err(Error::Failed {
                what: format!("the DB cluster {identifier}"),
                state: live.status,
                detail: events::recent(client, SourceType::DbCluster, identifier).await,
            }),
            Phase::Working | Phase::Busy | Phase::Stopped => Ok(Look::Pending(live.status)),
        }
    })
    .await
}

fn key(cx: &Step, desired: &Desired) -> Result<Option<String>, Error> {
    let key = desired.key.as_ref().map(|key| cx.get(key)).transpose()?;
    Ok(key.map(|key| key.to_string()))
}

fn days(desired: &Desired) -> i32 {
    i32::try_from(desired.backup_retention_days).unwrap_or(i32::MAX)
}

/// The change that leaves exactly the logs wanted.
fn log_changes(want: &[String], have: &[String]) -> CloudwatchLogsExportConfiguration {
    let not_in = |all: &[String], those: &[String]| -> Vec<String> {
        all.iter()
            .filter(|one| !those.contains(one))
            .cloned()
            .collect()
    };
    CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(Some(not_in(want, have)))
        .set_disable_log_types(Some(not_in(have, want)))
        .build()
}
