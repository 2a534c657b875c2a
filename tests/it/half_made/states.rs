//! States that AWS alone brings about: what failed is replaced, what is ill is told, what holds data is left alone.

use serde_json::json;

use crate::support::{World, left, planned};

const SPEC: &str = "\
name: ill
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
";

fn put(world: &World, kind: &str, resource: &str, state: &str) {
    let order =
        json!({"kind": kind, "resource": resource, "state": state, "message": "as ordered"});
    world.order("states", &order);
}

/// Replaces what is planned for it, and nothing that holds data; then the stack is whole.
fn is_mended(world: &World, plan: &[&str]) {
    let said = world.run(&["plan"]).exits(0);
    let lines = planned(&said.stdout);
    for one in plan {
        assert!(
            lines.iter().any(|line| line == one),
            "no {one:?} in {lines:?}"
        );
    }
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[tokio::test]
async fn what_failed_is_replaced_and_what_is_ill_is_told() {
    let world = World::new();
    // With interface endpoints, which can fail too, and an image that is reached through them.
    let registry = format!("{}.dkr.ecr.eu-west-1.amazonaws.com", world.account);
    let endpoints =
        "network: {egress: endpoints}\ndata_plane: {egress: [{port: 8080, cidr: 10.0.0.0/16}]}\n";
    let spec = format!("{SPEC}{endpoints}kong: {{image: \"{registry}/kong:3.9.3\"}}\n");
    world.write("kongstack.yaml", &spec);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);

    put(&world, "load-balancer", "ill-alb", "active_impaired");
    let plan = world.run(&["plan", "--detailed-exitcode"]).exits(0);
    let said = plan.all();
    for part in [
        "needs attention",
        "active_impaired",
        "as ordered",
        "by hand:",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    put(&world, "load-balancer", "ill-alb", "failed");
    let plan = world.run(&["plan"]).exits(0);
    let _ = plan.says("failed: as ordered");
    is_mended(
        &world,
        &[
            "replace ingress/load-balancer",
            "replace ingress/listener/http",
        ],
    );

    let logs = "com.amazonaws.eu-west-1.logs";
    put(&world, "vpc-endpoint", logs, "failed");
    is_mended(&world, &["replace network/endpoint/logs"]);

    for state in [
        "storage-full",
        "failed",
        "incompatible-parameters",
        "incompatible-network",
    ] {
        put(&world, "db-instance", "ill-db-1", state);
        is_mended(&world, &["replace database/writer"]);
    }
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    let config = world.aws("eu-west-1");
    assert_eq!(left(&config, "ill").await, Vec::<String>::new());
}

#[test]
fn a_cluster_whose_key_is_gone_is_left_alone_and_explained() {
    let world = World::new();
    let kept = SPEC.replace("final_snapshot: false", "final_snapshot: true");
    world.write("kongstack.yaml", &kept);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    put(
        &world,
        "db-cluster",
        "ill-db",
        "inaccessible-encryption-credentials",
    );
    world.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let said = world.run(command).exits(1).all();
        for part in [
            "! database/cluster",
            "is inaccessible-encryption-credentials",
            "restore a snapshot",
            "--allow-data-loss database/cluster",
        ] {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
    }
    let said = world.run(&["destroy", "--auto-approve"]).exits(1).all();
    assert!(said.contains("it cannot take its final snapshot"), "{said}");
    assert_eq!(world.mutating(), Vec::<String>::new());

    // Nothing was done to it: with its key back it is as it was.
    put(&world, "db-cluster", "ill-db", "available");
    world.expect_converged(&[]);

    // In time, starting it is all it takes.
    let state = "inaccessible-encryption-credentials-recoverable";
    put(&world, "db-cluster", "ill-db", state);
    put(&world, "db-instance", "ill-db-1", state);
    let said = world.run(&["plan"]).exits(0).all();
    assert!(said.contains("enable that key in KMS"), "{said}");
    is_mended(&world, &["update database/cluster"]);
}

#[test]
fn a_namespace_in_the_making_is_waited_for_and_one_that_failed_made_anew() {
    let world = World::new();
    world.write("kongstack.yaml", "name: ill\nregion: eu-west-1\n");
    let only = ["--target", "discovery/namespace"];
    let apply = [&["apply", "--auto-approve"][..], &only].concat();
    world.order(
        "states",
        &json!({"kind": "cloud-map-operation", "resource": "next", "state": "FAIL", "message": "as ordered"}),
    );
    let said = world.run(&apply).exits(4).all();
    assert!(said.contains("as ordered"), "{said}");
    let _ = world.run(&apply).exits(0);
    let again = world.run(&[&["plan"][..], &only].concat()).exits(0);
    assert_eq!(planned(&again.stdout), Vec::<String>::new());
}
