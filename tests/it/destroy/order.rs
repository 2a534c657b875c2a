//! In which order a stack goes, what is waited for and what is switched off on the way, and what stays.

use aws_config::SdkConfig;

use crate::support::standin::Call;
use crate::support::{World, left};

const SPEC: &str = "\
name: down
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
";

fn applied(spec: &str) -> World {
    let world = World::applied(spec);
    world.forget_calls();
    world
}

/// When the first call of an operation about `resource` began.
#[track_caller]
fn first(calls: &[Call], operation: &str, resource: &str) -> f64 {
    let about = |call: &&Call| {
        let named = call.resource.as_deref().unwrap_or_default();
        call.operation == operation && named.ends_with(resource)
    };
    let found = calls.iter().find(about);
    assert!(found.is_some(), "no {operation} of {resource:?}");
    found.map_or(f64::NAN, |call| call.start)
}

#[test]
fn the_database_goes_as_soon_as_the_control_plane_is_down() {
    // Slow enough for what is independent to be seen apart.
    let world = applied(SPEC);
    world.configure(&serde_json::json!({"speed": 100}));
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    let calls = world.calls();
    let writer = first(&calls, "DeleteDBInstance", "");
    let control_plane = first(&calls, "DeleteService", "down-cp");
    assert!(control_plane < writer, "not while it is in use");
    for (operation, resource) in [
        ("DeleteDBCluster", ""),
        ("DeleteDBSubnetGroup", ""),
        ("DeleteCluster", ""),
        ("DeleteTargetGroup", ""),
        ("DeleteSubnet", ""),
        ("DeleteVpc", ""),
    ] {
        let later = first(&calls, operation, resource);
        assert!(writer < later, "{operation} came before DeleteDBInstance");
    }
    // The data planes drain for a minute longer than the control plane takes: nothing waits for them.
    let drained = calls
        .iter()
        .filter(|call| call.operation == "DescribeServices")
        .map(|call| call.end)
        .fold(0.0, f64::max);
    assert!(writer < drained, "it waited for the data planes");
}

#[test]
fn few_deletions_are_asked_for_in_vain() {
    let world = applied(SPEC);
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    let calls = world.calls();
    let refused: Vec<String> = calls
        .iter()
        .filter(|call| call.mutating)
        .filter_map(|call| Some(format!("{}: {}", call.operation, call.error.as_ref()?)))
        .collect();
    // The interfaces that linger are looked at, not run against; two may go between a look and a call.
    assert!(refused.len() <= 2, "{refused:#?}");
}

#[test]
fn a_destruction_switches_off_the_protection_that_the_spec_no_longer_wants() {
    let world = applied(&SPEC.replace("deletion_protection: false", "deletion_protection: true"));
    let refused = world.run(&["destroy", "--auto-approve"]).exits(1);
    assert!(
        refused
            .all()
            .contains("--set database.deletion_protection=false"),
        "{}",
        refused.stdout
    );
    assert_eq!(world.mutating(), Vec::<String>::new());
    let down = [
        "destroy",
        "--auto-approve",
        "--set",
        "database.deletion_protection=false",
    ];
    let _ = world.run(&down).exits(0);
    let calls = world.calls();
    let off = first(&calls, "ModifyDBCluster", "");
    assert!(off < first(&calls, "DeleteDBCluster", ""));
}

async fn snapshots(config: &SdkConfig) -> Vec<String> {
    let rds = aws_sdk_rds::Client::new(config);
    let found = rds.describe_db_cluster_snapshots().send().await;
    let found = found.expect("snapshots").db_cluster_snapshots;
    let names = found.unwrap_or_default().into_iter();
    let mut names: Vec<String> = names
        .filter(|one| one.snapshot_type.as_deref() == Some("manual"))
        .filter_map(|one| one.db_cluster_snapshot_identifier)
        .collect();
    names.sort();
    names
}

/// The name that the last snapshot of the stack's cluster would have, taken by somebody.
async fn taken(config: &SdkConfig) -> String {
    let rds = aws_sdk_rds::Client::new(config);
    let clusters = rds.describe_db_clusters().send().await.expect("clusters");
    let cluster = &clusters.db_clusters()[0];
    let id = cluster.db_cluster_resource_id().expect("its id");
    let id = id.trim_start_matches("cluster-").to_lowercase();
    let name = cluster.db_cluster_identifier().expect("its name");
    let snapshot = format!("{name}-final-{}", &id[..10.min(id.len())]);
    let take = rds.create_db_cluster_snapshot().db_cluster_identifier(name);
    let take = take.db_cluster_snapshot_identifier(&snapshot).send().await;
    take.expect("a snapshot");
    snapshot
}

#[tokio::test]
async fn the_last_snapshot_never_finds_its_name_taken() {
    let world = applied(&SPEC.replace("final_snapshot: false", "final_snapshot: true"));
    let config = world.aws("eu-west-1");
    let theirs = taken(&config).await;
    let output = world.run(&["destroy", "--auto-approve"]).exits(0);
    let ours = format!("{theirs}-2");
    assert!(output.all().contains(&ours), "{}", output.stdout);
    assert_eq!(snapshots(&config).await, [theirs, ours]);
    assert_eq!(left(&config, "down").await, Vec::<String>::new());
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(snapshots(&config).await.len(), 3);
}
