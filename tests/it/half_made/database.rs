//! A database without its writer, one that is being deleted, one that somebody stopped.

use aws_sdk_rds::Client;

use crate::support::{World, left, planned};

const SPEC: &str = "\
name: halfdb
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
";

async fn delete_instance(rds: &Client) {
    let call = rds
        .delete_db_instance()
        .db_instance_identifier("halfdb-db-1");
    let deleted = call.skip_final_snapshot(true).send().await;
    deleted.expect("deleted");
}

async fn gone(rds: &Client) {
    loop {
        let instances = rds.describe_db_instances().send().await.expect("instances");
        if instances.db_instances().is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn stop(rds: &Client) {
    let stop = rds.stop_db_cluster().db_cluster_identifier("halfdb-db");
    stop.send().await.expect("stopping");
}

async fn status(rds: &Client) -> String {
    let clusters = rds.describe_db_clusters().send().await.expect("clusters");
    let status = clusters.db_clusters()[0].status();
    status.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_database_in_pieces_is_put_together_again() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let rds = Client::new(&config);
    world.write("kongstack.yaml", SPEC);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);

    // A cluster without a writer.
    delete_instance(&rds).await;
    gone(&rds).await;
    let plan = world.run(&["plan"]).exits(0);
    assert_eq!(planned(&plan.stdout), ["create database/writer"]);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);

    // An instance that is being deleted, and its cluster with it.
    world.configure(&serde_json::json!({"speed": 20}));
    delete_instance(&rds).await;
    let plan = world.run(&["plan"]).exits(0);
    let said = plan.all();
    assert!(
        said.contains("halfdb-db-1 is still being deleted"),
        "{said}"
    );
    let deleted = rds.delete_db_cluster().db_cluster_identifier("halfdb-db");
    let deleted = deleted.skip_final_snapshot(true).send().await;
    deleted.expect("deleted");
    let plan = world.run(&["plan"]).exits(0);
    let said = plan.all();
    assert!(said.contains("halfdb-db is still being deleted"), "{said}");
    let planned = planned(&plan.stdout);
    for made in ["create database/cluster", "create database/writer"] {
        assert!(planned.iter().any(|one| one == made), "{planned:?}");
    }
    world.configure(&serde_json::json!({"speed": 400}));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);

    // One that somebody is stopping, and one that is stopped.
    world.configure(&serde_json::json!({"speed": 20}));
    stop(&rds).await;
    let plan = world.run(&["plan"]).exits(0);
    let _ = plan.says("status: stopping → available (waited for)");
    world.configure(&serde_json::json!({"speed": 400}));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
    stop(&rds).await;
    while status(&rds).await != "stopped" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let plan = world.run(&["plan"]).exits(0);
    let _ = plan.says("status: stopped → available");
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);

    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(left(&config, "halfdb").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_databases_log_is_the_stacks_from_the_beginning_to_the_end() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    let name = "/aws/rds/cluster/halfdb-db/postgresql";
    world.write("kongstack.yaml", SPEC);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let group = async || {
        let groups = logs.describe_log_groups().log_group_name_prefix(name);
        let groups = groups.send().await.expect("groups");
        groups.log_groups().first().cloned()
    };
    let ours = group().await.expect("the group");
    assert_eq!(ours.retention_in_days(), Some(7));
    let streams = logs.describe_log_streams().log_group_name(name);
    let streams = streams.send().await.expect("streams");
    let streams: Vec<_> = streams.log_streams().iter().collect();
    assert_eq!(streams.len(), 1, "RDS writes to it");
    assert_eq!(streams[0].log_stream_name(), Some("halfdb-db-1.0"));

    // Deleted by hand, and made again by RDS.
    let deleted = logs.delete_log_group().log_group_name(name).send().await;
    deleted.expect("deleted");
    let made = logs.create_log_group().log_group_name(name).send().await;
    made.expect("made");
    let stream = logs.create_log_stream().log_group_name(name);
    let stream = stream.log_stream_name("halfdb-db-1.0").send().await;
    stream.expect("a stream");
    let plan = world.run(&["plan"]).exits(0);
    assert_eq!(planned(&plan.stdout), ["update logs/database"]);
    let said = plan.all();
    assert!(
        said.contains("nobody: made again by what still wrote to it"),
        "{said}"
    );
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);

    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert!(group().await.is_none(), "the log group outlives the stack");
}
