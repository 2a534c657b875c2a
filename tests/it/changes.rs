//! A spec changed field by field: exactly the expected actions, and nothing left to do after them.

use crate::support::{World, planned};

const SPEC: &str = "\
name: change
region: eu-west-1
tags: {owner: platform}
network: {availability_zones: 2}
database: {capacity: {min: 0, max: 2}, deletion_protection: false, final_snapshot: false}
kong: {image: 'kong:3.9.2'}
data_plane: {cpu: 512, memory: 1024, scaling: {min: 2, max: 4}}
admin: {allow: [203.0.113.0/24]}
discovery: {namespace: kong.local, service: config}
logs: {retention_days: 7}
";

/// A stack that is applied, and its spec as it stands.
struct Stack {
    world: World,
    spec: String,
}

impl Stack {
    fn applied() -> Self {
        let stack = Self {
            world: World::new(),
            spec: SPEC.to_owned(),
        };
        stack.world.write("kongstack.yaml", &stack.spec);
        let _ = stack.world.run(&["apply", "--auto-approve"]).exits(0);
        stack
    }

    /// Changes the spec, and returns what is planned.
    #[track_caller]
    fn plans(&mut self, from: &str, to: &str) -> Vec<String> {
        assert!(self.spec.contains(from), "{from:?} is not in the spec");
        self.spec = self.spec.replace(from, to);
        self.world.write("kongstack.yaml", &self.spec);
        planned(
            &self
                .world
                .run(&["plan", "--detailed-exitcode"])
                .exits(2)
                .stdout,
        )
    }

    /// Changes the spec, insists on what is planned, applies it, and insists that nothing is left to do.
    #[track_caller]
    fn change(&mut self, from: &str, to: &str, expected: &[&str]) {
        assert_eq!(self.plans(from, to), expected, "{from} -> {to}");
        self.settle();
    }

    #[track_caller]
    fn settle(&self) {
        let _ = self.world.run(&["apply", "--auto-approve"]).exits(0);
        self.world.expect_converged(&[]);
    }
}

#[test]
fn each_change_is_exactly_the_expected_actions() {
    let mut stack = Stack::applied();
    stack.change(
        "cpu: 512, memory: 1024",
        "cpu: 1024, memory: 2048",
        &[
            "replace data-plane/task-definition",
            "update data-plane/service",
        ],
    );
    stack.change("max: 4}", "max: 6}", &["update data-plane/scalable-target"]);
    stack.change(
        "retention_days: 7",
        "retention_days: 14",
        &[
            "update logs/control-plane",
            "update logs/data-plane",
            "update logs/database",
            "update logs/migrations",
        ],
    );
    stack.change("max: 2}", "max: 4}", &["update database/cluster"]);
}

#[test]
fn who_may_administrate_changes_at_the_edge_and_in_kong() {
    let mut stack = Stack::applied();
    stack.change(
        "allow: [203.0.113.0/24]",
        "allow: [203.0.113.0/24, 198.51.100.0/24]",
        &[
            "update ingress/admin-rule/http/allow-1",
            "update control-plane/admin-route",
        ],
    );
}

#[test]
fn another_image_goes_through_migrations_to_both_planes() {
    let mut stack = Stack::applied();
    stack.change(
        "kong:3.9.2",
        "kong:3.9.3",
        &[
            "replace migrations/task-definition",
            "update migrations/schema",
            "update migrations/finish",
            "replace control-plane/task-definition",
            "update control-plane/service",
            "replace data-plane/task-definition",
            "update data-plane/service",
        ],
    );
}

#[test]
fn a_tag_is_changed_in_place_everywhere() {
    let mut stack = Stack::applied();
    let planned = stack.plans("owner: platform", "owner: gateway");
    let replaced: Vec<_> = planned
        .iter()
        .filter(|line| !line.starts_with("update"))
        .collect();
    let revisions = [
        "replace migrations/task-definition",
        "replace control-plane/task-definition",
        "replace data-plane/task-definition",
    ];
    assert!(
        replaced
            .iter()
            .all(|line| revisions.contains(&line.as_str())),
        "{replaced:?}"
    );
    for address in [
        "network/vpc",
        "database/cluster",
        "ingress/load-balancer",
        "identity/execution-role",
        "secrets/admin-key",
    ] {
        assert!(
            planned.contains(&format!("update {address}")),
            "{address} is not in {planned:?}"
        );
    }
    stack.settle();
}

#[test]
fn another_zone_is_added_to_what_is_there() {
    let mut stack = Stack::applied();
    let planned = stack.plans("availability_zones: 2", "availability_zones: 3");
    for line in [
        "create network/public-subnet/3",
        "create network/private-subnet/3",
        "update ingress/load-balancer",
    ] {
        assert!(
            planned.contains(&line.to_owned()),
            "{line} is not in {planned:?}"
        );
    }
    assert!(
        !planned
            .iter()
            .any(|line| line.starts_with("delete") || line.starts_with("replace network")),
        "{planned:?}"
    );
    stack.settle();
}

#[test]
fn what_cannot_be_changed_is_replaced() {
    let mut stack = Stack::applied();
    let planned = stack.plans("service: config", "service: settings");
    assert!(
        planned.contains(&"replace discovery/service".to_owned()),
        "{planned:?}"
    );
    stack.settle();
}

#[test]
fn what_would_lose_data_is_refused() {
    let mut stack = Stack::applied();
    stack.spec = format!("{}names: {{database_cluster: another}}\n", stack.spec);
    stack.world.write("kongstack.yaml", &stack.spec);
    stack.world.forget_calls();
    let output = stack.world.run(&["apply", "--auto-approve"]).exits(1);
    let said = output.all();
    assert!(
        said.contains("database/cluster") && said.contains("--allow-data-loss"),
        "{said}"
    );
    assert_eq!(stack.world.mutating(), Vec::<String>::new());
}

#[test]
fn a_database_made_anew_takes_along_what_names_it() {
    let mut stack = Stack::applied();
    // Aurora goes to no older version: it is made anew under its old name, and all that holds its secret after it.
    stack.spec = stack
        .spec
        .replace("database: {", "database: {engine_version: '16.6', ");
    stack.world.write("kongstack.yaml", &stack.spec);
    let refused = stack.world.run(&["apply", "--auto-approve"]).exits(1).all();
    assert!(
        refused.contains("--allow-data-loss database/cluster"),
        "{refused}"
    );
    let mut accepted = vec!["apply", "--auto-approve"];
    for address in ["database/cluster", "database/writer"] {
        accepted.extend(["--allow-data-loss", address]);
    }
    let _ = stack.world.run(&accepted).exits(0);
    stack.world.expect_converged(&[]);
}
