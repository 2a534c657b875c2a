//! What a person gets wrong: each a clear message, the right exit code, and nothing done.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use crate::support::{World, example, run};

/// Insists that `plan -f FILE` exits with `code`, says each of `texts`, and calls nothing that changes anything.
#[track_caller]
fn refused(world: &World, file: &str, code: i32, texts: &[&str]) {
    let output = world.run(&["plan", "-f", file]).exits(code);
    for text in texts {
        assert!(
            output.stderr.contains(text),
            "no {text:?} in\n{}",
            output.stderr
        );
    }
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[test]
fn files_that_are_no_spec() {
    let world = World::new();
    for (name, text, says) in [
        ("empty.yaml", "", "empty"),
        ("comment.yaml", "# nothing\n", "empty"),
        ("list.yaml", "- name: a\n", "mapping"),
        ("scalar.yaml", "kong\n", "mapping"),
        ("broken.yaml", "name: [a\nregion: b\n", "broken.yaml:"),
        (
            "tabs.yaml",
            "name: a\nnetwork:\n\tcidr: 10.0.0.0/16\n",
            "tabs.yaml:3",
        ),
        (
            "unknown.yaml",
            "name: a\nregion: eu-west-1\nnetwrok: {}\n",
            "did you mean",
        ),
        (
            "twice.yaml",
            "name: a\nregion: eu-west-1\nname: b\n",
            "twice.yaml:3:1",
        ),
        (
            "types.yaml",
            "name: [a]\nregion: eu-west-1\nexec: 7\n",
            "types.yaml:3:7",
        ),
        (
            "unicode.yaml",
            "name: köng-β\nregion: eu-west-1\n",
            "unicode.yaml:1:7",
        ),
        ("missing.yaml", "region: eu-west-1\n", "name"),
    ] {
        world.write(name, text);
        refused(&world, name, 3, &[says]);
    }
}

#[test]
fn files_that_are_traps() {
    let world = World::new();
    world.write(
        "big.yaml",
        &format!(
            "name: a\nregion: eu-west-1\n{}",
            "# filler\n".repeat(1_200_000)
        ),
    );
    refused(&world, "big.yaml", 3, &["big.yaml"]);
    world.write(
        "deep.yaml",
        &format!("name: {}{}\n", "[".repeat(20_000), "]".repeat(20_000)),
    );
    refused(&world, "deep.yaml", 3, &["deep.yaml"]);
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in ('a'..='i').zip('b'..='j') {
        bomb.push_str(&format!(
            "{to}: &{to} [*{from}, *{from}, *{from}, *{from}, *{from}, *{from}, *{from}, *{from}]\n"
        ));
    }
    world.write("bomb.yaml", &bomb);
    refused(&world, "bomb.yaml", 3, &["bomb.yaml"]);
    std::fs::write(world.folder().join("bytes.yaml"), [0xff, 0xfe, 0x00, 0x01]).expect("a file");
    refused(&world, "bytes.yaml", 3, &["bytes.yaml"]);
}

#[test]
fn files_that_cannot_be_read() {
    let world = World::new();
    refused(
        &world,
        "nowhere.yaml",
        3,
        &["there is no file `nowhere.yaml`"],
    );
    std::fs::create_dir(world.folder().join("folder.yaml")).expect("a folder");
    refused(&world, "folder.yaml", 3, &["folder.yaml", "directory"]);
    let secret = world.write("secret.yaml", "name: a\n");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).expect("permissions");
    // A superuser may read everything, so there is nothing to refuse.
    if std::fs::read(&secret).is_err() {
        refused(&world, "secret.yaml", 3, &["secret.yaml", "permission"]);
    }
}

#[test]
fn every_problem_of_a_file_shows_at_once() {
    let world = World::new();
    world.write(
        "kongstack.yaml",
        "name: a\nregion: eu-west-1\nnetwork: {cidr: 10.0.0.0/8}\ndatabase: {capacity: {min: 0.3}}\n\
         kong: {image: 'kong:latest'}\nadmin: {allow: [0.0.0.0/0]}\nlogs: {retention_days: 8}\n",
    );
    let output = run(&mut world.command(&["validate"])).exits(3);
    for place in [
        "kongstack.yaml:3:",
        "kongstack.yaml:4:",
        "kongstack.yaml:5:",
        "kongstack.yaml:6:",
        "kongstack.yaml:7:",
    ] {
        assert!(
            output.stderr.contains(place),
            "no {place} in\n{}",
            output.stderr
        );
    }
}

#[test]
fn wrong_usage_exits_with_64() {
    let world = World::new();
    let _ = run(&mut world.command(&["plann"])).exits(64).warns("plan");
    let _ = run(&mut world.command(&["plan", "--parallelism", "0"])).exits(64);
    let _ = run(&mut world.command(&["apply", "--target", "nonsense"]))
        .exits(64)
        .warns("nonsense");
    let path = example("quickstart");
    for wrong in ["nonsense", "a..b=1", "name=["] {
        let _ = world
            .run(&["plan", "-f", &path, "--set", wrong])
            .exits(64)
            .warns(&format!("--set {wrong}"));
    }
    // A value is the spec's, wherever it comes from; the place is the flag.
    let _ = world
        .run(&["plan", "-f", &path, "--set", "region="])
        .exits(3)
        .warns("--set region=");
    let _ = world
        .run(&["plan", "-f", &path, "--target", "logs"])
        .exits(64)
        .warns("logs/NAME");
    // Nothing asks when there is no terminal: the flag to give is named.
    let _ = world
        .run(&["apply", "-f", &path])
        .exits(64)
        .warns("--auto-approve");
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[test]
fn an_account_that_is_not_the_specs_is_refused() {
    let world = World::new();
    let path = example("quickstart");
    let output = world
        .run(&[
            "apply",
            "--auto-approve",
            "-f",
            &path,
            "--set",
            "account=\"999999999999\"",
        ])
        .exits(1);
    assert!(
        output.stderr.contains("999999999999") && output.stderr.contains(&world.account),
        "{}",
        output.stderr
    );
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[test]
fn expired_credentials_are_said_once() {
    let world = World::new();
    world.fault("*", "*", "expired-token", 1000);
    let output = world.run(&["plan", "-f", &example("quickstart")]).exits(1);
    // EC2 calls it RequestExpired, most others ExpiredToken.
    assert_eq!(
        output.stderr.matches("because:").count(),
        1,
        "{}",
        output.stderr
    );
    assert!(output.all().contains("is expired"), "{}", output.stderr);
    assert!(output.stderr.contains("aws sso login"), "{}", output.stderr);
}

/// The program outside the sandbox, with credentials that are none.
fn outside(world: &World, endpoint: &str) -> Command {
    let mut command = world.command(&["plan", "-f", &example("quickstart")]);
    command
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "none");
    command.env("AWS_ENDPOINT_URL", endpoint);
    command
}

#[test]
fn an_endpoint_that_cannot_be_reached_is_named() {
    let world = World::new();
    let output = run(&mut outside(&world, "http://127.0.0.1:9")).exits(1);
    assert!(output.stderr.contains("127.0.0.1:9"), "{}", output.stderr);
}

#[test]
fn an_endpoint_that_takes_no_connection_is_given_up_after_the_first_knocks() {
    // Once its queue is full, a listener that accepts nobody answers no more: packets go nowhere, as in a network
    // without a way out.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let patience = Duration::from_millis(300);
    let connections =
        (0..10_000).map_while(|_| TcpStream::connect_timeout(&address, patience).ok());
    let queue: Vec<_> = connections.collect();
    assert!(queue.len() < 10_000, "it takes them all");
    let output = run(&mut outside(&World::new(), &format!("http://{address}"))).exits(1);
    // Only who knocks gives up so early: other calls are tried for a minute.
    let said = output.all();
    let knock = "because: sts:GetCallerIdentity: Unreachable:";
    assert!(said.contains(knock), "{}", output.stderr);
    assert!(said.contains("HTTP connect timeout"), "{}", output.stderr);
    drop(queue);
}

#[test]
fn a_region_that_does_not_exist_is_refused() {
    let world = World::new();
    let output = world.run(&[
        "plan",
        "-f",
        &example("quickstart"),
        "--region",
        "eu-west-99",
    ]);
    let output = output.exits(1);
    let hint = "hint: there is no region `eu-west-99`";
    assert!(output.all().contains(hint), "{}", output.stderr);
    // No such answer is worth asking for again: two who need the same each ask once.
    let calls = world.calls();
    let refused = calls.iter().filter(|call| {
        let code = call.error.as_deref().unwrap_or_default();
        ["SignatureDoesNotMatch", "InvalidSignatureException"].contains(&code)
    });
    let mut asked: BTreeMap<_, usize> = BTreeMap::new();
    for call in refused {
        *asked.entry((&call.operation, &call.resource)).or_default() += 1;
    }
    assert!(!asked.is_empty(), "{calls:?}");
    assert!(asked.values().all(|times| *times <= 2), "{asked:?}");
}
