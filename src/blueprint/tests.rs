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
    let head = format!("{address}: {}, {size}", container.image);
    let lines: Vec<_> = [head]
        .into_iter()
        .chain(environment)
        .chain(secrets)
        .collect();
    lines.join("\n")
}

#[test]
fn what_the_tasks_of_the_quickstart_are_told() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart.yaml");
    let blueprint = drawn(&path);
    let tasks = [
        addresses::migrations_task(),
        addresses::control_plane_task(),
        addresses::data_plane_task(),
    ];
    let text = tasks.map(|address| task(&blueprint, &address)).join("\n\n");
    matches_snapshot("quickstart-tasks", &text);
}
