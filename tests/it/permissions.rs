//! The IAM policies under `examples/` against what the program really calls.
//!
//! They are right when every call is allowed and every action has a use. A call that is new in the program fails here
//! until its action is in a policy.

mod reasons;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use self::reasons::{HALF_MADE, TO_OPERATE, WITHOUT_A_CALL};
use crate::examples::{self, Example};
use crate::support::World;
use crate::support::standin::Call;

/// A stack that everything can be done with.
const OPERATED: &str = "\
name: operated
region: eu-west-1
exec: true
database: {deletion_protection: false, final_snapshot: false}
data_plane: {scaling: {min: 1, max: 2}}
";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: String,
    action: Actions,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Actions {
    One(String),
    Many(Vec<String>),
}

fn file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    folder.join(format!("iam-policy-{name}.json"))
}

/// The actions that a policy allows.
fn policy(name: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file(name)).expect("a policy");
    // White space does not count.
    let size = text.chars().filter(|char| !char.is_whitespace()).count();
    assert!(
        size <= 6144,
        "{name}: {size} characters, more than a managed policy may have"
    );
    let document: Document = serde_json::from_str(&text).expect("an IAM policy");
    let mut all = BTreeSet::new();
    for statement in document.statement {
        assert_eq!(statement.effect, "Allow");
        let actions = match statement.action {
            Actions::One(action) => vec![action],
            Actions::Many(actions) => actions,
        };
        assert!(
            !actions.iter().any(|action| action.contains('*')),
            "{name} allows more than it names"
        );
        all.extend(actions);
    }
    all
}

fn reads(action: &str) -> bool {
    let operation = action.split(':').nth(1).unwrap_or_default();
    ["Describe", "Get", "List"]
        .iter()
        .any(|word| operation.starts_with(word))
}

/// The actions of the calls since they were last asked for.
fn called(world: &World) -> BTreeSet<String> {
    let calls = world.calls();
    world.forget_calls();
    calls.iter().map(Call::action).collect()
}

/// What plans call, and what all else calls.
#[derive(Default)]
struct Called {
    plans: BTreeSet<String>,
    changes: BTreeSet<String>,
}

impl Called {
    /// Plans, applies, changes and destroys an example.
    fn life(world: &World, example: &Example) -> Self {
        let mut all = Self::default();
        let path = example.path();
        let mut run = |command: &[&str], set: &[&str], code: i32| {
            let mut args = example.args(command, &path);
            args.extend(set.iter().flat_map(|set| ["--set", set]));
            world.forget_calls();
            let _ = world.run(&args).exits(code);
            let called = called(world);
            if command[0] == "plan" {
                all.plans.extend(called);
            } else {
                all.changes.extend(called);
            }
        };
        let changed = [
            "logs.retention_days=14",
            "data_plane.scaling.max=20",
            "data_plane.cpu=2048",
            "data_plane.memory=4096",
            "tags={owner: somebody-else}",
            "admin.allow=[198.51.100.0/24]",
            "database.deletion_protection=false",
            "ingress.deletion_protection=false",
        ];
        run(&["plan"], &[], 0);
        run(&["apply", "--auto-approve"], &[], 0);
        run(&["plan", "--detailed-exitcode"], &[], 0);
        run(&["apply", "--auto-approve"], &changed, 0);
        run(&["plan", "--destroy"], &changed, 0);
        run(&["destroy", "--auto-approve"], &changed, 0);
        all
    }
}

/// What the program can call, by its own text: `failed("service:Operation")` goes with nearly every call, or a constant.
fn in_the_program() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(path).expect("a source file");
                let text: String = text.split_whitespace().collect();
                let calls = ["failed(\"", "&str=\""].into_iter();
                let calls = calls.flat_map(|before| text.split(before).skip(1));
                let actions = calls.filter_map(|rest| rest.split('"').next());
                found.extend(
                    actions
                        .filter(|action| is_action(action))
                        .map(str::to_owned),
                );
            }
        }
    }
    found
}

fn is_action(text: &str) -> bool {
    let operation = text.split_once(':').map_or("", |(_, operation)| operation);
    operation.starts_with(char::is_uppercase) && operation.chars().all(char::is_alphanumeric)
}

/// Which file lacks which action, as the line to add.
fn missing(name: &str, called: &BTreeSet<String>, allowed: &BTreeSet<String>) -> Vec<String> {
    let missing = called.difference(allowed);
    missing
        .map(|action| format!("add \"{action}\" to examples/iam-policy-{name}.json"))
        .collect()
}

#[tokio::test]
async fn the_policies_allow_what_the_program_calls_and_nothing_else() {
    let worlds: [World; 5] = std::array::from_fn(|_| World::new());
    let [one, two, three, four, five] = &worlds;
    let lives = [
        (one, examples::quickstart()),
        (two, examples::production(two).await),
        (three, examples::endpoints_only(three)),
        (four, examples::existing_network(four).await),
        (five, examples::scale_to_zero()),
    ];
    let lives: Vec<Called> = std::thread::scope(|threads| {
        let lives: Vec<_> = lives
            .iter()
            .map(|(world, example)| threads.spawn(|| Called::life(world, example)))
            .collect();
        let lives = lives.into_iter();
        lives
            .map(|life| life.join().expect("a whole life"))
            .collect()
    });
    let (plan, apply) = (policy("plan"), policy("apply"));
    let both: BTreeSet<String> = plan.union(&apply).cloned().collect();
    assert_eq!(
        missing("apply", &lives[0].changes, &both),
        Vec::<String>::new(),
        "the quickstart has no options"
    );
    let mut all = Called::default();
    for Called { plans, changes } in lives {
        all.plans.extend(plans);
        all.changes.extend(changes);
    }
    assert_eq!(missing("plan", &all.plans, &plan), Vec::<String>::new());
    let with_options: BTreeSet<String> = both.union(&policy("options")).cloned().collect();
    assert_eq!(
        missing("options", &all.changes, &with_options),
        Vec::<String>::new()
    );
    let every = with_options.union(&policy("operate")).cloned().collect();
    assert_eq!(
        missing("apply", &in_the_program(), &every),
        Vec::<String>::new()
    );
    let half_made = BTreeMap::from(HALF_MADE);
    let unused = plan
        .difference(&all.plans)
        .filter(|action| !half_made.contains_key(action.as_str()));
    let unused = unused.collect::<Vec<_>>();
    assert_eq!(
        unused,
        Vec::<&String>::new(),
        "in examples/iam-policy-plan.json, and never called by a plan"
    );
}

#[test]
fn whoever_operates_a_stack_needs_the_policies_to_plan_and_to_operate() {
    let world = World::applied(OPERATED);
    world.forget_calls();
    let path = crate::operate::plugin(&world, "1.2.764.0");
    let exec = crate::support::run(
        world
            .command(&["exec", "dp", "--sandbox"])
            .env("PATH", path),
    );
    let _ = exec.exits(7);
    for command in [
        &["status"][..],
        &["verify"],
        &["logs", "migrations", "--since", "1h"],
        &["control-plane", "stop"],
        &["control-plane", "status"],
        &["control-plane", "start"],
    ] {
        let _ = world.run(command).exits(0);
    }
    let (called, plan, operate) = (called(&world), policy("plan"), policy("operate"));
    let both = plan.union(&operate).cloned().collect();
    assert_eq!(missing("operate", &called, &both), Vec::<String>::new());
    let twice: Vec<_> = plan.intersection(&operate).collect();
    assert_eq!(twice, Vec::<&String>::new(), "in both policies");
    let (reasons, program) = (BTreeMap::from(TO_OPERATE), in_the_program());
    let useless = operate
        .iter()
        .filter(|action| !program.contains(*action) && !reasons.contains_key(action.as_str()));
    assert_eq!(useless.collect::<Vec<_>>(), Vec::<&String>::new());
    for (action, why) in TO_OPERATE {
        assert!(
            operate.contains(action),
            "{action} is not in the policy any more ({why})"
        );
    }
}

#[test]
fn no_action_is_allowed_for_nothing() {
    let (plan, apply, options) = (policy("plan"), policy("apply"), policy("options"));
    let changing = plan
        .iter()
        .filter(|action| !reads(action))
        .collect::<Vec<_>>();
    assert_eq!(changing, Vec::<&String>::new(), "a plan only reads");
    // Each of another secret: the Admin API's key, and the cluster's certificate. Each to other services.
    let of_another = ["secretsmanager:GetSecretValue", "iam:PassRole"];
    let in_options = plan
        .union(&apply)
        .filter(|action| options.contains(*action));
    let twice = plan.intersection(&apply).chain(in_options);
    let twice: Vec<_> = twice
        .filter(|action| !of_another.contains(&action.as_str()))
        .collect();
    assert_eq!(twice, Vec::<&String>::new(), "in two policies");
    let apply: BTreeSet<String> = apply.union(&options).cloned().collect();
    let program = in_the_program();
    assert!(program.len() > 100, "{program:?}");
    let reasons = BTreeMap::from(WITHOUT_A_CALL);
    let useless = plan
        .union(&apply)
        .filter(|action| !program.contains(*action) && !reasons.contains_key(action.as_str()));
    assert_eq!(
        useless.collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "no call and no reason"
    );
    for (action, why) in WITHOUT_A_CALL {
        assert!(
            apply.contains(action),
            "{action} is not in the policy any more ({why})"
        );
    }
}
