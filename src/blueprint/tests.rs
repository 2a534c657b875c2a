//! Tests of whole blueprints: what the examples draw, so that a change of a stack shows as one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{addresses, draw};
use crate::kinds;
use crate::kinds::ecs::{TaskDefinition, TaskDefinitionDesired};
use crate::resource::{Address, Blueprint};
use crate::spec::{Source, load};

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder).expect("the examples");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    files.sort();
    files
}

fn name(path: &Path) -> &str {
    path.file_stem()
        .and_then(|name| name.to_str())
        .expect("a name")
}

fn drawn(path: &Path) -> Blueprint {
    let source = Source {
        name: name(path).to_owned(),
        text: std::fs::read_to_string(path).expect("text"),
    };
    match load(source, &[]) {
        Ok(spec) => draw(&spec),
        Err(invalid) => panic!("{}: {:#?}", path.display(), invalid.problems),
    }
}

/// Compares with the file of that name under `snapshots/`.
fn matches_snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What is looked up, what is made, and what is published, a line each.
fn listed(blueprint: &Blueprint) -> String {
    let lookups = blueprint.lookups.keys();
    let lookups = lookups.map(|address| format!("{address}: looked up"));
    let resources = blueprint.resources.iter();
    let resources = resources.map(|(address, one)| format!("{address}: {}", one.kind.type_name()));
    let outputs = blueprint.outputs.iter();
    let outputs = outputs.map(|(name, value)| format!("output {name}: {value}"));
    let lines: Vec<_> = lookups.chain(resources).chain(outputs).collect();
    lines.join("\n")
}

#[test]
fn what_the_examples_consist_of() {
    for path in examples() {
        matches_snapshot(name(&path), &listed(&drawn(&path)));
    }
}

#[test]
fn every_kind_is_used_by_an_example() {
    let mut used = BTreeSet::new();
    for path in examples() {
        let resources = drawn(&path).resources;
        used.extend(resources.values().map(|one| one.kind.type_name()));
    }
    let known: BTreeSet<_> = kinds::ALL.iter().map(|kind| kind.type_name()).collect();
    assert_eq!(used, known);
}

fn task(blueprint: &Blueprint, address: &Address) -> String {
    let resource = blueprint.resources.get(address).expect("a task definition");
    let desired: &TaskDefinitionDesired = resource.desired_as::<TaskDefinition>().expect("one");
    let container = &desired.container;
    let environment = container.environment.iter();
    let environment = environment.map(|(name, value)| format!("  {name}={value}"));
    // Only where a secret is found: its value is in no blueprint.
    let secrets = container.secrets.iter();
    let secrets = secrets.map(|(name, from)| format!("  {name} from {from}"));
    let size = format!(
        "{} CPU, {} MiB, {}",
        desired.cpu, desired.memory, desired.architecture
    );
    let health = container.health.as_ref();
    let health = health.map_or("none", |health| health.command.as_str());
    let head = [
        format!("{address}: {}, {size}", container.image),
        format!("  command: {}", container.command.join(" ")),
        format!("  ports: {:?}", container.ports),
        format!("  health: {health}"),
        format!("  stop timeout: {:?}", container.stop_timeout),
        format!("  init process: {}", container.init_process),
    ];
    let lines: Vec<_> = head.into_iter().chain(environment).chain(secrets).collect();
    lines.join("\n")
}

#[test]
fn what_the_tasks_of_the_examples_are_told() {
    for path in examples() {
        let blueprint = drawn(&path);
        let tasks = [
            addresses::migrations_task(),
            addresses::control_plane_task(),
            addresses::data_plane_task(),
        ];
        let text = tasks.map(|address| task(&blueprint, &address)).join("\n\n");
        matches_snapshot(&format!("{}-tasks", name(&path)), &text);
    }
}

/// Everything that is done before the resource at `address`, as a selection of it brings it along.
fn needed(blueprint: &Blueprint, address: Address) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    let mut open = vec![address];
    while let Some(address) = open.pop() {
        if let Some(resource) = blueprint.resources.get(&address)
            && found.insert(address)
        {
            open.extend(resource.references.iter().cloned());
        }
    }
    found
}

#[test]
fn no_selection_rolls_a_node_without_what_its_version_needs() {
    for path in examples() {
        let blueprint = drawn(&path);
        let data_plane = needed(&blueprint, addresses::data_plane_service());
        let control_plane = needed(&blueprint, addresses::control_plane_service());
        let finish = needed(&blueprint, addresses::schema_finish());
        assert!(data_plane.contains(&addresses::control_plane_service()));
        assert!(data_plane.contains(&addresses::schema_finish()));
        assert!(control_plane.contains(&addresses::schema()));
        assert!(!control_plane.contains(&addresses::schema_finish()));
        assert!(finish.contains(&addresses::control_plane_service()));
    }
}
