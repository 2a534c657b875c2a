//! What forbids a destruction is found before anything is deleted, all of it at once.

use std::fs::File;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::json;

use super::strangers::Stack;
use crate::support::{World, left, wide};

const SPEC: &str = "\
name: held
region: eu-west-1
database: {deletion_protection: true, final_snapshot: false}
discovery: {namespace: kong.local, service: config}
";

#[tokio::test]
async fn everything_in_the_way_is_named_at_once_and_nothing_is_touched() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    world.write("kongstack.yaml", SPEC);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let stack = Stack::find(config.clone(), "held").await;
    let strangers = stack.invade().await;
    world.forget_calls();
    let output = world.run(&["destroy", "--auto-approve"]).exits(1);
    assert_eq!(world.mutating(), Vec::<String>::new());
    let said = output.all();
    let mut names = strangers.names();
    names.push("deletion protection is on for the DB cluster held".to_owned());
    for name in names {
        assert!(said.contains(&name), "no {name:?} in\n{}", output.stdout);
    }
    assert_eq!(wide(&output.stdout), None, "in\n{}", output.stdout);
    // An instance that is still being made, as theirs may be, cannot be deleted.
    world.configure(&json!({"skip_seconds": 3600}));
    stack.leave(&strangers).await;
    let down = [
        "destroy",
        "--auto-approve",
        "--set",
        "database.deletion_protection=false",
    ];
    let _ = world.run(&down).exits(0);
    assert_eq!(left(&config, "held").await, Vec::<String>::new());
}

/// Begins a destruction, and waits until it says `text`.
fn begun_until(world: &World, args: &[&str], text: &str) -> Child {
    let said = File::create(world.folder().join("said")).expect("a file");
    let mut all = args.to_vec();
    all.push("--sandbox");
    let mut command = world.command(&all);
    command.stdout(Stdio::null()).stderr(said);
    let mut child = command.spawn().expect("the program runs");
    let said = || std::fs::read_to_string(world.folder().join("said")).expect("a file");
    while !said().contains(text) {
        let ended = child.try_wait().expect("a process");
        assert!(ended.is_none(), "it ended without {text:?}:\n{}", said());
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

#[tokio::test]
async fn what_comes_into_the_way_meanwhile_is_waited_for_by_name() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let spec = SPEC.replace("held", "late").replace("true", "false");
    world.write("kongstack.yaml", &spec);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let stack = Stack::find(config.clone(), "late").await;
    world.order("peers", &stack.intrusion());
    let text = "(a late function";
    let mut child = begun_until(&world, &["destroy", "--auto-approve"], text);
    stack.remove_late_interfaces().await;
    assert!(child.wait().expect("a process").success());
    assert_eq!(left(&config, "late").await, Vec::<String>::new());
}

#[test]
fn what_the_spec_protects_is_let_go_as_the_spec_says() {
    const SPEC: &str = "\
name: kept
region: eu-west-1
ingress: {deletion_protection: true}
logs: {deletion_protection: true}
database: {deletion_protection: false, final_snapshot: false}
";
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let only = [
        "--target",
        "ingress/load-balancer",
        "--target",
        "logs/data-plane",
    ];
    let _ = world
        .run(&[&["apply", "--auto-approve"][..], &only].concat())
        .exits(0);
    world.expect_converged(&only);
    world.forget_calls();
    let said = world.run(&["destroy", "--auto-approve"]).exits(1).all();
    for part in [
        "deletion protection is on for the load balancer kept-alb",
        "--set ingress.deletion_protection=false",
        "deletion protection is on for the log group /kongstack/kept/data-plane",
        "--set logs.deletion_protection=false",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert_eq!(world.mutating(), Vec::<String>::new());
    let let_go = [
        "--set",
        "ingress.deletion_protection=false",
        "--set",
        "logs.deletion_protection=false",
    ];
    // What says that it is not protected is not.
    let _ = world
        .run(&[&["apply", "--auto-approve"][..], &only, &let_go].concat())
        .exits(0);
    world.expect_converged(&[&only[..], &let_go].concat());
    let _ = world
        .run(&[&["apply", "--auto-approve"][..], &only].concat())
        .exits(0);
    world.expect_converged(&only);
    let _ = world
        .run(&[&["destroy", "--auto-approve"][..], &let_go].concat())
        .exits(0);
}
