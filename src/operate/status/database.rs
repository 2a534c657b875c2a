//! What RDS and CloudWatch say of the database. Nothing here connects to it: a look wakes nobody.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};
use aws_smithy_types::DateTime;
use futures::try_join;

use super::model::{Activity, Database, Instance, Migrations};
use crate::aws::{Clients, OrAbsent, failed};
use crate::kinds::kong::{FINISHED, SCHEMA};
use crate::kinds::rds::{Phase, ailment};
use crate::resource::{Error, Tags};

/// How far back a capacity is looked for: CloudWatch has one a minute, some minutes late.
const WINDOW: Duration = Duration::from_secs(600);

/// The cluster of an identifier with its instances, and what was done to its schema, if it is there and the stack's
/// own. Whether somebody is connected is for the caller to say of what it knows of the nodes.
pub(super) async fn look(
    clients: &Clients,
    identifier: &str,
    stack: &str,
) -> Result<(Option<Database>, Option<Migrations>), Error> {
    let (cluster, instances, capacity) = try_join!(
        cluster(clients, identifier),
        instances(clients, identifier),
        capacity(clients, identifier)
    )?;
    let Some(cluster) = cluster else {
        return Ok((None, None));
    };
    let tags = cluster.tag_list().iter();
    let tags = Tags::live(tags.map(|tag| (tag.key(), tag.value())));
    if tags.address_in(stack).is_none() {
        return Ok((None, None));
    }
    let migrations = tags.get(SCHEMA).map(|schema| Migrations {
        schema: schema.to_owned(),
        finished: tags.get(FINISHED).map(str::to_owned),
    });
    Ok((Some(database(&cluster, &instances, capacity)), migrations))
}

async fn cluster(clients: &Clients, identifier: &str) -> Result<Option<DbCluster>, Error> {
    let answer = clients
        .rds()
        .describe_db_clusters()
        .db_cluster_identifier(identifier)
        .send()
        .await
        .map_err(failed("rds:DescribeDBClusters"))
        .or_absent(&["DBClusterNotFoundFault"])?;
    Ok(answer.and_then(|answer| answer.db_clusters?.pop()))
}

async fn instances(clients: &Clients, cluster: &str) -> Result<Vec<DbInstance>, Error> {
    let of_cluster = Filter::builder()
        .name("db-cluster-id")
        .values(cluster)
        .build();
    let answer = clients
        .rds()
        .describe_db_instances()
        .filters(of_cluster)
        .send()
        .await
        .map_err(failed("rds:DescribeDBInstances"))
        .or_absent(&["DBClusterNotFoundFault", "DBInstanceNotFoundFault"])?;
    // A cluster has at most sixteen, which is less than a page.
    Ok(answer
        .and_then(|answer| answer.db_instances)
        .unwrap_or_default())
}

/// The newest capacity that CloudWatch tells of a cluster, on average over its instances.
async fn capacity(clients: &Clients, cluster: &str) -> Result<Option<f64>, Error> {
    let dimension = Dimension::builder()
        .name("DBClusterIdentifier")
        .value(cluster);
    let metric = Metric::builder()
        .namespace("AWS/RDS")
        .metric_name("ServerlessDatabaseCapacity")
        .dimensions(dimension.build());
    let stat = MetricStat::builder()
        .metric(metric.build())
        .period(60)
        .stat("Average");
    let query = MetricDataQuery::builder()
        .id("capacity")
        .metric_stat(stat.build());
    let now = SystemTime::now();
    let answer = clients
        .cloudwatch()
        .get_metric_data()
        .metric_data_queries(query.build())
        .start_time(DateTime::from(now - WINDOW))
        .end_time(DateTime::from(now))
        .scan_by(ScanBy::TimestampDescending)
        .send()
        .await
        .map_err(failed("cloudwatch:GetMetricData"))?;
    let result = answer.metric_data_results().first();
    Ok(result.and_then(|result| result.values().first().copied()))
}

fn database(cluster: &DbCluster, instances: &[DbInstance], capacity: Option<f64>) -> Database {
    let status = cluster.status().unwrap_or("unknown");
    let writes = |name: &str| {
        let mut members = cluster.db_cluster_members().iter();
        members.any(|member| {
            member.db_instance_identifier() == Some(name)
                && member.is_cluster_writer() == Some(true)
        })
    };
    let instance = |one: &DbInstance| {
        let name = one.db_instance_identifier().unwrap_or_default();
        Instance {
            instance: name.to_owned(),
            writer: writes(name),
            status: one.db_instance_status().unwrap_or("unknown").to_owned(),
        }
    };
    let mut instances: Vec<Instance> = instances.iter().map(instance).collect();
    instances.sort_by(|a, b| (!a.writer, &a.instance).cmp(&(!b.writer, &b.instance)));
    let scaling = cluster.serverless_v2_scaling_configuration();
    let min = scaling.and_then(|scaling| scaling.min_capacity());
    let pause = scaling
        .and_then(|scaling| scaling.seconds_until_auto_pause())
        .filter(|_| min == Some(0.0));
    let identifier = cluster.db_cluster_identifier().unwrap_or_default();
    Database {
        cluster: identifier.to_owned(),
        status: status.to_owned(),
        activity: activity(status, &instances, capacity),
        remedy: ailment(identifier, status).map(|ailment| ailment.remedy),
        engine_version: cluster.engine_version().unwrap_or_default().to_owned(),
        instances,
        min_acu: min,
        max_acu: scaling.and_then(|scaling| scaling.max_capacity()),
        auto_pause_seconds: pause.and_then(|seconds| seconds.try_into().ok()),
        capacity_acu: capacity,
    }
}

/// What a database does, by the status of cluster and writer and by its capacity.
fn activity(cluster: &str, instances: &[Instance], capacity: Option<f64>) -> Activity {
    let writer = instances.iter().find(|one| one.writer);
    let phases = [
        Phase::of(cluster),
        writer.map_or(Phase::Busy, |writer| Phase::of(&writer.status)),
    ];
    if phases.contains(&Phase::Broken) {
        Activity::Broken
    } else if phases[0] == Phase::Stopped {
        Activity::Stopped
    } else if phases != [Phase::Working; 2] {
        Activity::Busy
    } else {
        match capacity {
            Some(0.0) => Activity::Paused,
            Some(_) => Activity::Awake,
            None => Activity::Available,
        }
    }
}

/// What it means that nodes run that use the database: one that is paused was so a minute ago, and is waking.
pub(super) fn in_use(database: &mut Database) {
    if database.activity == Activity::Paused {
        database.activity = Activity::Resuming;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_sleeps_is_not_broken() {
        let with = |cluster: &str, writer: Option<&str>, capacity| {
            let instance = |status: &str| Instance {
                instance: "db-1".to_owned(),
                writer: true,
                status: status.to_owned(),
            };
            let instances: Vec<_> = writer.map(instance).into_iter().collect();
            activity(cluster, &instances, capacity)
        };
        let fine = Some("available");
        for (found, expected) in [
            (with("available", fine, Some(0.0)), Activity::Paused),
            (with("available", fine, Some(0.5)), Activity::Awake),
            (with("available", fine, None), Activity::Available),
            (with("backing-up", fine, Some(2.0)), Activity::Awake),
            (with("modifying", fine, Some(2.0)), Activity::Busy),
            (with("available", Some("creating"), None), Activity::Busy),
            (with("available", None, None), Activity::Busy),
            (with("stopped", Some("stopped"), None), Activity::Stopped),
            (with("storage-full", fine, Some(0.0)), Activity::Broken),
            (
                with("available", Some("incompatible-network"), None),
                Activity::Broken,
            ),
        ] {
            assert_eq!(found, expected);
        }
    }
}
