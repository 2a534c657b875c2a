//! Flow logs: switched on, changed and off, made again where somebody deleted them, and ill where they cannot deliver.

use aws_sdk_ec2::types::FlowLog;
use serde_json::json;

use crate::support::{World, left, planned};

const ONLY: [&str; 2] = ["--target", "network/flow-log"];
const ON: &str = "\
name: flows
region: eu-west-1
network: {flow_logs: {enabled: true}}
database: {deletion_protection: false, final_snapshot: false}
";

fn applied() -> World {
    let world = World::new();
    world.write("kongstack.yaml", ON);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    world.expect_converged(&ONLY);
    world
}

#[track_caller]
fn run(world: &World, command: &[&str], code: i32) -> crate::support::Output {
    world.run(&[command, &ONLY].concat()).exits(code)
}

async fn flow_logs(world: &World) -> Vec<FlowLog> {
    let ec2 = aws_sdk_ec2::Client::new(&world.aws("eu-west-1"));
    let answer = ec2.describe_flow_logs().send().await;
    answer.expect("flow logs").flow_logs().to_vec()
}

#[tokio::test]
async fn they_are_switched_on_changed_and_off() {
    let world = applied();
    let logs = flow_logs(&world).await;
    let [log] = logs.as_slice() else {
        panic!("{logs:?}")
    };
    assert_eq!(log.log_group_name(), Some("/kongstack/flows/flow-logs"));
    assert_eq!(log.traffic_type().map(|it| it.as_str()), Some("ALL"));
    assert_eq!(log.deliver_logs_status(), Some("SUCCESS"));

    world.write(
        "kongstack.yaml",
        &ON.replace("true}", "true, traffic: reject}"),
    );
    let plan = run(&world, &["plan", "--detailed-exitcode"], 2);
    assert_eq!(planned(&plan.stdout), ["replace network/flow-log"]);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    world.expect_converged(&ONLY);
    let logs = flow_logs(&world).await;
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].traffic_type().map(|it| it.as_str()), Some("REJECT"));

    // The lines already written go only with leave.
    world.write("kongstack.yaml", &ON.replace("true}", "false}"));
    let all = ["--target", "network/flow-log", "--target", "logs/flow-logs"];
    let plan = world.run(&[&["plan"][..], &all].concat()).exits(1);
    assert!(plan.all().contains("--allow-data-loss logs/flow-logs"));
    let role = [
        "--target",
        "identity/flow-logs-role",
        "--target",
        "identity/flow-logs-role/flow-logs-policy",
    ];
    let leave = [
        "apply",
        "--auto-approve",
        "--allow-data-loss",
        "logs/flow-logs",
    ];
    let _ = world.run(&[&leave[..], &all, &role].concat()).exits(0);
    assert!(flow_logs(&world).await.is_empty());
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(left(&world.aws("eu-west-1"), "flows").await, [""; 0]);
}

#[tokio::test]
async fn one_that_somebody_deleted_or_retagged_comes_back() {
    let world = applied();
    let ec2 = aws_sdk_ec2::Client::new(&world.aws("eu-west-1"));
    let id = flow_logs(&world).await[0]
        .flow_log_id()
        .expect("an id")
        .to_owned();
    let name = aws_sdk_ec2::types::Tag::builder().key("Name").build();
    let call = ec2.delete_tags().resources(&id).tags(name);
    call.send().await.expect("untagged");
    let plan = run(&world, &["plan", "--detailed-exitcode"], 2);
    assert_eq!(planned(&plan.stdout), ["update network/flow-log"]);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    world.expect_converged(&ONLY);
    let call = ec2.delete_flow_logs().flow_log_ids(&id);
    call.send().await.expect("deleted");
    let plan = run(&world, &["plan", "--detailed-exitcode"], 2);
    assert_eq!(planned(&plan.stdout), ["create network/flow-log"]);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    world.expect_converged(&ONLY);
    let _ = run(&world, &["destroy", "--auto-approve"], 0);
    assert!(flow_logs(&world).await.is_empty());
}

#[tokio::test]
async fn one_that_cannot_deliver_is_told_of() {
    let world = applied();
    let order =
        json!({"kind": "flow-log", "resource": "*", "state": "FAILED", "message": "Access error"});
    world.order("states", &order);
    let said = run(&world, &["plan"], 0).all();
    for part in [
        "is FAILED: it cannot deliver (Access error)",
        "/kongstack/flows/flow-logs",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
}

/// A role that was just made is waited for.
#[tokio::test]
async fn a_new_role_is_not_taken_at_once() {
    let world = World::new();
    world.write("kongstack.yaml", ON);
    // On a busy machine a minute of the usual speed is over before the role is asked for.
    world.configure(&json!({"speed": 40}));
    let order = json!({"kind": "role", "resource": "next", "state": "propagating", "for": 60});
    world.order("states", &order);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    let refused = world.calls().into_iter();
    let refused = refused.filter(|call| call.operation == "CreateFlowLogs" && call.error.is_some());
    assert!(refused.count() > 0, "it was taken at once");
}
