//! Aurora: states and their times, refusals, and what is left of a cluster.

use aws_sdk_rds::types::ServerlessV2ScalingConfiguration;

use super::stage::{Network, Stage, answers, code};

const ENGINE: &str = "aurora-postgresql";

async fn subnet_group(stage: &Stage, name: &str, subnets: &[String]) -> String {
    let made = stage
        .rds()
        .create_db_subnet_group()
        .db_subnet_group_name(name);
    let made = made.db_subnet_group_description("a test's");
    code(made.set_subnet_ids(Some(subnets.to_vec())).send().await)
}

/// What may be wrong with a new cluster.
struct Cluster<'a> {
    name: &'a str,
    version: &'a str,
    subnets: &'a str,
    capacity: (f64, f64),
    managed: bool,
}

const GOOD: Cluster<'static> = Cluster {
    name: "db",
    version: "16.6",
    subnets: "db",
    capacity: (0.0, 2.0),
    managed: true,
};

async fn cluster(stage: &Stage, wanted: Cluster<'_>) -> String {
    let capacity = ServerlessV2ScalingConfiguration::builder().min_capacity(wanted.capacity.0);
    let made = stage
        .rds()
        .create_db_cluster()
        .db_cluster_identifier(wanted.name);
    let made = made
        .engine(ENGINE)
        .engine_version(wanted.version)
        .master_username("kong");
    let made = made
        .db_subnet_group_name(wanted.subnets)
        .manage_master_user_password(wanted.managed);
    let capacity = capacity.max_capacity(wanted.capacity.1).build();
    code(
        made.serverless_v2_scaling_configuration(capacity)
            .send()
            .await,
    )
}

async fn instance(stage: &Stage) -> String {
    let made = stage
        .rds()
        .create_db_instance()
        .db_instance_identifier("db-1")
        .engine(ENGINE);
    let made = made
        .db_cluster_identifier("db")
        .db_instance_class("db.serverless");
    code(made.send().await)
}

async fn delete_instance(stage: &Stage) -> String {
    let delete = stage
        .rds()
        .delete_db_instance()
        .db_instance_identifier("db-1");
    code(delete.send().await)
}

async fn delete(stage: &Stage, skip: bool, snapshot: Option<&str>) -> String {
    let delete = stage.rds().delete_db_cluster().db_cluster_identifier("db");
    let delete = delete.skip_final_snapshot(skip);
    code(
        delete
            .set_final_db_snapshot_identifier(snapshot.map(str::to_owned))
            .send()
            .await,
    )
}

/// The states of the cluster and its instance; `-` for what is not there.
pub(super) async fn states(stage: &Stage) -> [String; 2] {
    let clusters = stage
        .rds()
        .describe_db_clusters()
        .send()
        .await
        .expect("clusters");
    let instances = stage
        .rds()
        .describe_db_instances()
        .send()
        .await
        .expect("instances");
    let cluster = clusters.db_clusters().first().and_then(|it| it.status());
    let instance = instances
        .db_instances()
        .first()
        .and_then(|it| it.db_instance_status());
    [cluster, instance].map(|it| it.unwrap_or("-").to_owned())
}

async fn protect(stage: &Stage, on: bool) -> String {
    let change = stage.rds().modify_db_cluster().db_cluster_identifier("db");
    code(change.deletion_protection(on).send().await)
}

/// A stage with a cluster and an instance.
pub(super) async fn up() -> Stage {
    let (stage, _) = stage().await;
    bring_up(&stage).await;
    stage
}

/// Brings a cluster with an instance up.
async fn bring_up(stage: &Stage) {
    assert_eq!(cluster(stage, GOOD).await, "accepted");
    stage.skip(60);
    assert_eq!(instance(stage).await, "accepted");
    stage.skip(420);
    assert_eq!(states(stage).await, ["available", "available"]);
}

async fn stage() -> (Stage, Network) {
    let stage = Stage::new();
    let network = stage.network().await;
    assert_eq!(
        subnet_group(&stage, "db", &network.subnets).await,
        "accepted"
    );
    (stage, network)
}

#[tokio::test]
async fn what_a_cluster_cannot_be_is_refused() {
    let (stage, network) = stage().await;
    let twin = stage.subnet(&network.vpc, "a", "10.0.3.0/24").await;
    let one_zone = [network.subnets[0].clone(), twin];
    let make = |wanted| cluster(&stage, wanted);
    answers! {
        "one zone" => subnet_group(&stage, "x", &one_zone).await, "DBSubnetGroupDoesNotCoverEnoughAZs";
        "again" => subnet_group(&stage, "db", &network.subnets).await, "DBSubnetGroupAlreadyExists";
        "version" => make(Cluster { version: "16.99", ..GOOD }).await, "InvalidParameterCombination";
        "no such group" => make(Cluster { subnets: "none", ..GOOD }).await, "DBSubnetGroupNotFoundFault";
        "min > max" => make(Cluster { capacity: (4.0, 2.0), ..GOOD }).await, "InvalidParameterValue";
        "too old to pause" => make(Cluster { version: "15.6", ..GOOD }).await, "InvalidParameterCombination";
        "no password" => make(Cluster { managed: false, ..GOOD }).await, "InvalidParameterCombination";
        "name" => make(Cluster { name: "db--x", ..GOOD }).await, "InvalidParameterValue";
        "good" => make(GOOD).await, "accepted";
        "taken" => make(GOOD).await, "DBClusterAlreadyExistsFault";
    }
}

#[tokio::test]
async fn clusters_and_instances_take_their_time_and_refuse_changes_meanwhile() {
    let (stage, _) = stage().await;
    assert_eq!(cluster(&stage, GOOD).await, "accepted");
    stage.skip(40);
    assert_eq!(states(&stage).await, ["creating", "-"]);
    answers! {
        "change" => protect(&stage, true).await, "InvalidDBClusterStateFault";
        "delete" => delete(&stage, true, None).await, "InvalidDBClusterStateFault";
    }
    stage.skip(10);
    assert_eq!(instance(&stage).await, "accepted");
    stage.skip(370);
    assert_eq!(states(&stage).await, ["available", "creating"]);
    assert_eq!(delete_instance(&stage).await, "InvalidDBInstanceState");
    stage.skip(20);
    assert_eq!(states(&stage).await, ["available", "available"]);
    let capacity = ServerlessV2ScalingConfiguration::builder()
        .min_capacity(0.5)
        .max_capacity(4.0);
    let change = || {
        let change = stage.rds().modify_db_cluster().db_cluster_identifier("db");
        change
            .serverless_v2_scaling_configuration(capacity.clone().build())
            .send()
    };
    answers! {
        "change" => code(change().await), "accepted";
        "another" => code(change().await), "InvalidDBClusterStateFault";
    }
    assert_eq!(states(&stage).await[0], "modifying");
    stage.skip(60);
    let seen = stage
        .rds()
        .describe_db_clusters()
        .send()
        .await
        .expect("clusters");
    let capacity = seen.db_clusters()[0].serverless_v2_scaling_configuration();
    assert_eq!(capacity.and_then(|it| it.max_capacity()), Some(4.0));
    assert_eq!(states(&stage).await[0], "available");
}

#[tokio::test]
async fn a_cluster_goes_unprotected_emptied_and_with_a_word_on_its_snapshot() {
    let (stage, network) = stage().await;
    bring_up(&stage).await;
    let group = || {
        stage
            .rds()
            .delete_db_subnet_group()
            .db_subnet_group_name("db")
            .send()
    };
    let subnet = |id: &str| stage.ec2().delete_subnet().subnet_id(id).send();
    answers! {
        "protect" => protect(&stage, true).await, "accepted";
        "protected" => delete(&stage, true, None).await, "InvalidParameterCombination";
        "unprotect" => protect(&stage, false).await, "accepted";
        "no word" => delete(&stage, false, None).await, "InvalidParameterCombination";
        "two words" => delete(&stage, true, Some("last")).await, "InvalidParameterCombination";
        "with an instance" => delete(&stage, true, None).await, "InvalidDBClusterStateFault";
        "subnet group" => code(group().await), "InvalidDBSubnetGroupStateFault";
        "its subnet" => code(subnet(&network.subnets[0]).await), "DependencyViolation";
        "instance" => delete_instance(&stage).await, "accepted";
        "instance again" => delete_instance(&stage).await, "InvalidDBInstanceState";
        "delete" => delete(&stage, false, Some("last")).await, "accepted";
    }
    stage.skip(580);
    assert_eq!(states(&stage).await, ["deleting", "deleting"]);
    stage.skip(20);
    assert_eq!(states(&stage).await[1], "-");
    stage.skip(60);
    assert_eq!(states(&stage).await, ["-", "-"]);
    let secrets = aws_sdk_secretsmanager::Client::new(stage.config());
    let secrets = secrets.list_secrets().send().await.expect("secrets");
    assert!(
        secrets.secret_list().is_empty(),
        "the managed secret is left"
    );
    answers! {
        "subnet group" => code(group().await), "accepted";
        "a subnet" => code(subnet(&network.subnets[0]).await), "accepted";
        "a subnet" => code(subnet(&network.subnets[1]).await), "accepted";
    }
    let left = stage
        .rds()
        .describe_db_cluster_snapshots()
        .send()
        .await
        .expect("snapshots");
    let left: Vec<_> = left
        .db_cluster_snapshots()
        .iter()
        .filter_map(|it| it.db_cluster_snapshot_identifier())
        .collect();
    assert_eq!(left, ["last"]);
}

#[tokio::test]
async fn the_same_names_can_be_had_again_at_once() {
    let (stage, _) = stage().await;
    for round in ["first", "second"] {
        bring_up(&stage).await;
        answers! {
            round => delete_instance(&stage).await, "accepted";
            round => delete(&stage, true, None).await, "accepted";
        }
        stage.skip(700);
        assert_eq!(states(&stage).await, ["-", "-"], "{round}");
    }
    bring_up(&stage).await;
    answers! {
        "snapshot's name" => delete_instance(&stage).await, "accepted";
    }
    let snapshots = stage
        .rds()
        .describe_db_snapshots()
        .send()
        .await
        .expect("snapshots");
    assert!(
        snapshots.db_snapshots().is_empty(),
        "Aurora's instances have none"
    );
}

#[tokio::test]
async fn a_final_snapshot_needs_a_name_of_its_own() {
    let (stage, _) = stage().await;
    for (round, name, answer) in [
        ("first", "last", "accepted"),
        ("taken", "last", "DBClusterSnapshotAlreadyExistsFault"),
    ] {
        assert_eq!(cluster(&stage, GOOD).await, "accepted", "{round}");
        stage.skip(60);
        answers! {
            round => delete(&stage, false, Some(name)).await, answer;
        }
        stage.skip(120);
    }
    assert_eq!(states(&stage).await, ["available", "-"]);
}

#[tokio::test]
async fn versions_are_listed_with_the_capacities_they_have() {
    let stage = Stage::new();
    let least = async |version: &str| {
        let list = stage
            .rds()
            .describe_db_engine_versions()
            .engine(ENGINE)
            .engine_version(version);
        let seen = list.send().await.expect("versions");
        let found = seen.db_engine_versions().first();
        let support = found.and_then(|it| it.serverless_v2_features_support());
        support.and_then(|it| it.min_capacity())
    };
    assert_eq!(least("16.6").await, Some(0.0));
    assert_eq!(least("15.6").await, Some(0.5));
    assert_eq!(least("16.99").await, None);
}

#[tokio::test]
async fn an_instance_holds_its_security_group() {
    let (stage, network) = stage().await;
    let group = stage.group(&network.vpc, "db").await;
    assert_eq!(cluster(&stage, GOOD).await, "accepted");
    stage.skip(60);
    let change = stage
        .rds()
        .modify_db_cluster()
        .db_cluster_identifier("db")
        .vpc_security_group_ids(&group);
    let _ = change.send().await.expect("another group");
    stage.skip(60);
    assert_eq!(instance(&stage).await, "accepted");
    let remove = || stage.ec2().delete_security_group().group_id(&group).send();
    assert_eq!(code(remove().await), "DependencyViolation");
    stage.skip(420);
    assert_eq!(delete_instance(&stage).await, "accepted");
    stage.skip(600);
    assert_eq!(code(remove().await), "accepted");
}
