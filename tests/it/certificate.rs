//! The cluster certificate and the database's password: shown, rotated, and rolled out in the order that keeps serving.

use aws_config::SdkConfig;
use serde_json::Value;

use crate::support::{Output, World, planned, secret_values, shows};

const REGION: &str = "eu-west-1";

const SPEC: &str = "\
name: cert
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
data_plane: {scaling: {min: 2, max: 4}}
";

const SECRET: &str = "kongstack/cert/cluster-certificate";

fn applied() -> World {
    World::applied(SPEC)
}

fn shown(world: &World) -> Value {
    let output = world.run(&["cert", "show", "--format", "json"]).exits(0);
    serde_json::from_str(&output.stdout).expect("an object")
}

fn rotate(world: &World) -> Output {
    world.run(&["cert", "rotate", "--auto-approve"])
}

fn secrets(config: &SdkConfig) -> aws_sdk_secretsmanager::Client {
    aws_sdk_secretsmanager::Client::new(config)
}

/// How many versions of the pair there are.
async fn versions(world: &World) -> usize {
    let described = secrets(&world.aws(REGION))
        .describe_secret()
        .secret_id(SECRET)
        .send()
        .await
        .expect("the secret");
    described.version_ids_to_stages().map_or(0, |all| all.len())
}

#[tokio::test]
async fn a_rotation_reaches_both_planes_in_the_order_that_keeps_serving() {
    let world = applied();
    let before = shown(&world);
    assert_eq!(before["subject"], "CN=kong_clustering");
    assert_eq!(before["data_planes"]["holding"], 2);
    assert_eq!(before["rolled_out"], true);
    world.forget_calls();
    let output = rotate(&world).exits(0);
    let steps = [
        "update secrets/cluster-certificate",
        "replace control-plane/task-definition",
        "update control-plane/service",
        "replace data-plane/task-definition",
        "update data-plane/service",
    ];
    let mut all = planned(&output.stdout);
    all.sort();
    let mut wanted = steps.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(all, wanted, "{}", output.stdout);
    let calls = world.calls();
    let at = |operation: &str, nth: usize| {
        let mut calls = calls.iter().filter(|call| call.operation == operation);
        calls.nth(nth).expect("a call").clone()
    };
    let (put, control, data) = (
        at("PutSecretValue", 0),
        at("UpdateService", 0),
        at("UpdateService", 1),
    );
    assert!(put.end <= control.start && control.end <= data.start);
    assert_eq!(control.resource.as_deref(), Some("cert-cp"));
    assert_eq!(data.resource.as_deref(), Some("cert-dp"));
    // The rollout of the control plane was watched to its end before the data planes' was begun.
    let watched = calls.iter().filter(|call| {
        call.operation == "DescribeServices" && call.start > control.end && call.end < data.start
    });
    assert!(watched.count() > 1);
    let after = shown(&world);
    assert_ne!(after["version_id"], before["version_id"]);
    assert_ne!(after["sha256"], before["sha256"]);
    assert_eq!(after["control_plane"]["holding"], 1);
    assert_eq!(after["data_planes"]["holding"], 2);
    assert_eq!(after["rolled_out"], true);
    world.expect_converged(&[]);
    let text = world.run(&["cert", "show"]).exits(0);
    let values = secret_values(&world, REGION).await;
    assert!(!shows(
        &format!("{}{}{}", text.stdout, output.stdout, output.stderr),
        &values
    ));
    assert!(
        text.stdout.contains("data planes    2 of 2 hold it"),
        "{}",
        text.stdout
    );
}

#[tokio::test]
async fn a_rotation_that_is_not_everywhere_yet_is_gone_on_with() {
    let world = applied();
    // Fargate has no room: the new control plane never starts, and ECS goes back.
    for zone in ["eu-west-1a", "eu-west-1b", "eu-west-1c"] {
        let order =
            serde_json::json!({"kind": "zone", "resource": zone, "state": "no-fargate-capacity"});
        world.order("states", &order);
    }
    let _ = rotate(&world).exits(4);
    assert_eq!(versions(&world).await, 2);
    let halfway = shown(&world);
    assert_eq!(halfway["rolled_out"], false);
    assert_eq!(halfway["data_planes"]["holding"], 0);
    let _ = world
        .run(&["cert", "show"])
        .exits(0)
        .says("is not everywhere yet");
    for zone in ["eu-west-1a", "eu-west-1b", "eu-west-1c"] {
        let order = serde_json::json!({"kind": "zone", "resource": zone, "state": "available"});
        world.order("states", &order);
    }
    let _ = rotate(&world).exits(0).warns("without another one");
    assert_eq!(versions(&world).await, 2, "it made another pair");
    let after = shown(&world);
    assert_eq!(after["version_id"], halfway["version_id"]);
    assert_eq!(after["rolled_out"], true);
    world.expect_converged(&[]);
}

#[tokio::test]
async fn a_pair_put_by_hand_is_rolled_out_and_its_last_day_noted() {
    let world = applied();
    let secrets = secrets(&world.aws(REGION));
    let value = secrets.get_secret_value().secret_id(SECRET).send().await;
    let value = value.expect("a value");
    let put = secrets.put_secret_value().secret_id(SECRET);
    let put = put.secret_string(value.secret_string().expect("a text"));
    let put = put.send().await.expect("a version");
    let plan = world.run(&["plan"]).exits(0);
    let said = plan.all();
    assert!(
        said.contains("expires: (absent) → (read from the value)"),
        "{said}"
    );
    assert!(said.contains("a secret has a new version"), "{said}");
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
    let after = shown(&world);
    assert_eq!(after["version_id"].as_str(), put.version_id());
    assert_eq!(after["rolled_out"], true);
    let described = secrets.describe_secret().secret_id(SECRET).send().await;
    let described = described.expect("the secret");
    let noted = described
        .tags()
        .iter()
        .find(|tag| tag.key() == Some("kongstack:expires"))
        .and_then(|tag| tag.value());
    let day = after["not_after"].as_str().expect("a time");
    let (day, _) = day.split_once('T').expect("a day");
    let version = put.version_id().expect("an id");
    assert_eq!(noted, Some(format!("{day} {version}").as_str()));
}

#[tokio::test]
async fn a_plan_says_when_the_pair_is_about_to_end() {
    let world = applied();
    let version = shown(&world);
    let version = version["version_id"].as_str().expect("an id");
    let quiet = world.run(&["plan"]).exits(0);
    assert!(!quiet.all().contains("Warning"), "{}", quiet.stdout);
    let note = aws_sdk_secretsmanager::types::Tag::builder()
        .key("kongstack:expires")
        .value(format!("2026-01-02 {version}"));
    let tagged = secrets(&world.aws(REGION)).tag_resource().secret_id(SECRET);
    tagged.tags(note.build()).send().await.expect("a tag");
    let plan = world.run(&["plan", "--detailed-exitcode"]).exits(0);
    let said = plan.all();
    assert!(said.contains("expired on 2026-01-02"), "{said}");
    assert!(said.contains("kongstack cert rotate"), "{said}");
}

#[test]
fn without_a_certificate_there_is_nothing_to_show_or_rotate() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    for command in [&["cert", "show"][..], &["cert", "rotate", "--auto-approve"]] {
        let output = world.run(command).exits(1);
        assert!(
            output.stderr.contains("there is no stack `cert`"),
            "{}",
            output.stderr
        );
    }
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[tokio::test]
async fn a_rotated_password_rolls_the_control_plane_and_nothing_else() {
    let world = applied();
    let config = world.aws(REGION);
    let clusters = aws_sdk_rds::Client::new(&config)
        .describe_db_clusters()
        .send()
        .await
        .expect("the cluster");
    let secret = clusters.db_clusters()[0].master_user_secret();
    let secret = secret
        .and_then(|secret| secret.secret_arn())
        .expect("its secret");
    let rotated = secrets(&config)
        .rotate_secret()
        .secret_id(secret)
        .send()
        .await;
    rotated.expect("a new password");
    let plan = world.run(&["plan"]).exits(0);
    let said = plan.all();
    assert!(
        said.contains("the database's password was rotated"),
        "{said}"
    );
    let mut steps = planned(&plan.stdout);
    steps.sort();
    assert_eq!(
        steps,
        [
            "replace control-plane/task-definition",
            "update control-plane/service"
        ]
    );
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}
