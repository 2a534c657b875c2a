//! Databases in a DB subnet group that are not the stack's: RDS deletes no group that is in use.
//!
//! No filter of RDS knows the group, so all databases of the region are listed: for a deletion only.

use futures::try_join;

use super::cluster::DbCluster;
use super::instance::DbInstance;
use super::phase::Phase;
use crate::aws::{Clients, failed};
use crate::resource::{Blocker, Error, Observer};

/// A database in a subnet group.
#[derive(Debug, PartialEq, Eq)]
struct User {
    noun: &'static str,
    name: String,
    /// The cluster of an instance that has one.
    cluster: Option<String>,
    status: String,
}

/// The databases in the group that will stay there.
///
/// # Errors
/// When AWS cannot be asked.
pub(super) async fn strangers(cx: &Observer, group: &str) -> Result<Vec<Blocker>, Error> {
    let (clusters, instances) = try_join!(cx.live::<DbCluster>(), cx.live::<DbInstance>())?;
    let (in_clusters, single) = try_join!(
        clusters_in(cx.clients(), group),
        instances_in(cx.clients(), group)
    )?;
    let clusters = clusters.into_iter().map(|(_, one)| one.identifier);
    let instances = instances.into_iter().map(|(_, one)| one.identifier);
    let ours: Vec<String> = clusters.chain(instances).collect();
    let users = in_clusters.into_iter().chain(single).collect();
    Ok(staying(users, &ours)
        .into_iter()
        .map(|User { noun, name, .. }| Blocker {
            reason: format!(
                "the {noun} {name} is in the DB subnet group {group} and does not belong to this stack"
            ),
            fix: format!("delete the {noun} {name} yourself"),
        })
        .collect())
}

/// Those of the users that are in the way: an instance goes with its cluster, whosever that is, and is told with it.
fn staying(users: Vec<User>, ours: &[String]) -> Vec<User> {
    let is_ours = |name: &String| ours.contains(name);
    let in_the_way = |user: &User| {
        !is_ours(&user.name) && user.cluster.is_none() && Phase::of(&user.status) != Phase::Leaving
    };
    users.into_iter().filter(in_the_way).collect()
}

async fn clusters_in(clients: &Clients, group: &str) -> Result<Vec<User>, Error> {
    let mut pages = clients
        .rds()
        .describe_db_clusters()
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(cluster) = pages.next().await {
        let cluster = cluster.map_err(failed("rds:DescribeDBClusters"))?;
        if cluster.db_subnet_group.as_deref() == Some(group) {
            found.push(User {
                noun: "DB cluster",
                name: cluster.db_cluster_identifier.unwrap_or_default(),
                cluster: None,
                status: cluster.status.unwrap_or_default(),
            });
        }
    }
    Ok(found)
}

async fn instances_in(clients: &Clients, group: &str) -> Result<Vec<User>, Error> {
    let mut pages = clients
        .rds()
        .describe_db_instances()
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(instance) = pages.next().await {
        let instance = instance.map_err(failed("rds:DescribeDBInstances"))?;
        let its = instance.db_subnet_group();
        if its.and_then(|its| its.db_subnet_group_name()) == Some(group) {
            found.push(User {
                noun: "DB instance",
                name: instance.db_instance_identifier.unwrap_or_default(),
                cluster: instance.db_cluster_identifier,
                status: instance.db_instance_status.unwrap_or_default(),
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(noun: &'static str, name: &str, cluster: Option<&str>, status: &str) -> User {
        User {
            noun,
            name: name.to_owned(),
            cluster: cluster.map(str::to_owned),
            status: status.to_owned(),
        }
    }

    #[test]
    fn only_others_databases_that_stay_are_in_the_way() {
        let users = vec![
            user("DB cluster", "ours", None, "available"),
            user("DB instance", "ours-1", Some("ours"), "available"),
            user("DB instance", "in-ours", Some("ours"), "available"),
            user("DB cluster", "theirs", None, "available"),
            user("DB instance", "theirs-1", Some("theirs"), "available"),
            user("DB instance", "single", None, "creating"),
            user("DB instance", "going", None, "deleting"),
        ];
        let ours = ["ours".to_owned(), "ours-1".to_owned()];
        let names: Vec<String> = staying(users, &ours)
            .into_iter()
            .map(|it| it.name)
            .collect();
        assert_eq!(names, ["theirs", "single"]);
    }
}
