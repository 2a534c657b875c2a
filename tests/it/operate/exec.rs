//! A shell in a task. The plugin is a script that notes down what it was given.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{SPEC, applied};
use crate::support::{Output, World, run};

/// Puts a plugin of this version on a PATH of its own.
pub(crate) fn plugin(world: &World, version: &str) -> PathBuf {
    let folder = world.folder().join("bin");
    fs::create_dir_all(&folder).expect("a folder");
    let script = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = --version ]; then echo {version}; exit 0; fi\n\
         printf '%s\\n' \"$@\" > '{0}/arguments'\n\
         printf '%s' \"$AWS_SSM_START_SESSION_RESPONSE\" > '{0}/session'\n\
         exit 7\n",
        world.folder().display()
    );
    let path = folder.join("session-manager-plugin");
    fs::write(&path, script).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    folder
}

fn exec(world: &World, path: &str, args: &[&str]) -> Output {
    let mut all = vec!["exec", "--sandbox", "-vv"];
    all.extend(args);
    run(world.command(&all).env("PATH", path))
}

/// A stack whose tasks have the agent.
fn open() -> World {
    let world = World::applied(&format!("{SPEC}exec: true\n"));
    world.forget_calls();
    world
}

fn noted(world: &World, name: &str) -> String {
    fs::read_to_string(world.folder().join(name)).expect("a note")
}

#[test]
fn the_plugin_gets_the_session_and_only_it() {
    let world = open();
    let path = plugin(&world, "1.2.764.0");
    let path = path.to_str().expect("a path");
    let entered = exec(&world, path, &["dp"]).exits(7);
    let arguments = noted(&world, "arguments");
    let arguments: Vec<&str> = arguments.lines().collect();
    let [response, region, operation, profile, target, endpoint] = arguments[..] else {
        panic!("{arguments:?}");
    };
    assert_eq!(response, "AWS_SSM_START_SESSION_RESPONSE");
    assert_eq!(
        (region, operation, profile),
        ("eu-west-1", "StartSession", "")
    );
    assert_eq!(endpoint, world.place().endpoint);
    let target: serde_json::Value = serde_json::from_str(target).expect("JSON");
    let target = target["Target"].as_str().expect("a target");
    let parts: Vec<&str> = target.split('_').collect();
    assert!(
        matches!(parts[..], ["ecs:ops", task, runtime] if runtime.starts_with(task)),
        "{target}"
    );
    let session: serde_json::Value = serde_json::from_str(&noted(&world, "session")).expect("JSON");
    let token = session["TokenValue"].as_str().expect("a token");
    assert!(
        session["StreamUrl"]
            .as_str()
            .expect("an address")
            .starts_with("wss://")
    );
    let said = entered.all();
    assert!(
        !said.contains(token) && !arguments.concat().contains(token),
        "the token is shown"
    );
    assert!(said.contains("in container kong of task"), "{said}");

    let task = parts[1];
    let _ = exec(
        &world,
        path,
        &["data-plane", "--task", &task[..6], "--", "kong", "health"],
    )
    .exits(7);
    let commands = world.calls();
    let commands = commands
        .iter()
        .filter(|call| call.operation == "ExecuteCommand");
    assert_eq!(commands.count(), 2);
    let _ = exec(&world, path, &["cp"]).exits(7);
}

#[test]
fn without_the_plugin_no_session_is_opened() {
    let world = open();
    let missing = exec(&world, "/nowhere", &["cp"]).exits(1);
    let said = missing.all();
    assert!(
        said.contains("session-manager-plugin is not on PATH"),
        "{said}"
    );
    let page = missing.stderr.split_whitespace().collect::<String>();
    assert!(
        page.contains("session-manager-working-with-install-plugin.html"),
        "{page}"
    );
    let path = plugin(&world, "1.2.497.0");
    let old = exec(&world, path.to_str().expect("a path"), &["cp"]).exits(1);
    assert!(
        old.all()
            .contains("1.2.497.0 takes a session only as an argument"),
        "{}",
        old.stderr
    );
    let calls = world.calls();
    assert!(calls.iter().all(|call| call.operation != "ExecuteCommand"));
}

#[test]
fn each_thing_that_is_missing_is_said_with_what_to_do() {
    let world = applied();
    let path = plugin(&world, "1.2.764.0");
    let path = path.to_str().expect("a path");
    let off = exec(&world, path, &["dp"]).exits(1);
    assert!(
        off.all()
            .contains("set `exec: true` and run `kongstack apply --sandbox`"),
        "{}",
        off.stderr
    );
    assert_eq!(world.calls().len(), 0, "AWS is not asked");
    // In the file, and not applied.
    world.write("kongstack.yaml", &format!("{SPEC}exec: true\n"));
    let old = exec(&world, path, &["dp"]).exits(1);
    let said = old.all();
    assert!(said.contains("was started without ECS Exec"), "{said}");
    assert!(
        said.contains("`kongstack apply --sandbox` rolls the tasks over"),
        "{said}"
    );
    let unknown = exec(&world, path, &["dp", "--task", "zz"]).exits(1);
    assert!(
        unknown
            .all()
            .contains("no running task's id begins with zz; there are "),
        "{}",
        unknown.stderr
    );
    let _ = world.run(&["control-plane", "stop"]).exits(0);
    let none = exec(&world, path, &["cp"]).exits(1);
    let said = none.all();
    assert!(said.contains("no task runs"), "{said}");
    assert!(
        said.contains("`kongstack control-plane start --sandbox` wakes"),
        "{said}"
    );
    let calls = world.calls();
    assert!(calls.iter().all(|call| call.operation != "ExecuteCommand"));
}
