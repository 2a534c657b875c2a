//! The engine on a kind without AWS: what is done, in which order, and what when something goes wrong.

mod fake;
mod halting;
mod lease;

use std::time::Duration;

use tokio::time::Instant;

use self::fake::{Desired, apply, at, engine, options, plan, plan_destroy, thing, with};
use super::run;
use crate::diff::Action;
use crate::plan::{Plan, Refusal, Selection};

fn log(stack: &str) -> Vec<String> {
    with(stack, |cloud| std::mem::take(&mut cloud.log))
}

async fn assert_converged(engine: &super::Engine) {
    assert!(plan(engine).await.is_empty(), "a second plan is not empty");
}

#[tokio::test(start_paused = true)]
async fn what_is_needed_comes_first_and_a_second_plan_is_empty() {
    let engine = engine(
        "order",
        vec![
            ("c", thing("1", &["b"])),
            ("b", thing("1", &["a"])),
            ("a", thing("1", &[])),
        ],
    );
    let (report, lines) = apply(&engine).await;
    assert!(report.is_complete());
    insta::assert_snapshot!(lines, @r"
    network/a: Create of a thing began
    network/a: made a-1
    network/a: Create done
    network/b: Create of a thing began
    network/b: made b-2
    network/b: Create done
    network/c: Create of a thing began
    network/c: made c-3
    network/c: Create done
    ");
    assert_converged(&engine).await;
}

#[tokio::test(start_paused = true)]
async fn independent_things_are_made_at_once_and_waiting_takes_no_slot() {
    let names: Vec<String> = (0..20).map(|number| format!("t{number}")).collect();
    let engine = engine(
        "slots",
        names
            .iter()
            .map(|name| (name.as_str(), thing("1", &[])))
            .collect(),
    );
    with("slots", |cloud| {
        cloud.takes = names.iter().map(|name| (name.clone(), 100)).collect();
    });
    let start = Instant::now();
    let (report, _) = apply(&engine).await;
    assert!(report.is_complete());
    assert!(
        start.elapsed() < Duration::from_secs(110),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(with("slots", |cloud| cloud.most_acting), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_at_the_first_look_needs_no_second_slot() {
    let names: Vec<String> = (0..20).map(|number| format!("t{number}")).collect();
    let things = names.iter().map(|name| (name.as_str(), thing("1", &[])));
    let engine = engine("ready", things.collect());
    let run = tokio::time::timeout(Duration::from_secs(600), apply(&engine)).await;
    assert!(
        run.expect("no step waits for another's slot")
            .0
            .is_complete()
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_skips_what_depends_on_it_and_nothing_else() {
    let things = vec![
        ("a", thing("1", &[])),
        ("b", thing("1", &["a"])),
        ("c", thing("1", &["b"])),
        ("d", thing("1", &[])),
    ];
    let engine = engine("skip", things);
    with("skip", |cloud| {
        cloud.refuse.insert("create a".to_owned(), "AccessDenied")
    });
    let (report, _) = apply(&engine).await;
    assert_eq!(report.failed.len(), 1);
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|skip| (skip.address.name(), skip.because.name()))
        .collect();
    assert_eq!(skipped, [("b", "a"), ("c", "a")]);
    assert_eq!(report.done.len(), 1);
    let (report, _) = apply(&engine).await;
    assert!(report.is_complete());
    assert_converged(&engine).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_thing() {
    let things = vec![("a", thing("1", &[])), ("b", thing("1", &["a"]))];
    let engine = engine("lost", things);
    with("lost", |cloud| cloud.lose.extend(["create a".to_owned()]));
    let (report, _) = apply(&engine).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(log("lost"), ["create a", "complete a", "create b"]);
    assert_converged(&engine).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_arrived_is_made_again() {
    let engine = engine("again", vec![("a", thing("1", &[]))]);
    with("again", |cloud| {
        cloud
            .refuse
            .insert("create a".to_owned(), "InternalFailure")
    });
    let (report, _) = apply(&engine).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(log("again"), ["create a: InternalFailure", "create a"]);
}

#[tokio::test(start_paused = true)]
async fn a_changed_field_is_changed_in_place() {
    let first = engine(
        "update",
        vec![("a", thing("1", &[])), ("b", thing("1", &["a"]))],
    );
    let _ = apply(&first).await;
    log("update");
    let second = engine(
        "update",
        vec![("a", thing("2", &[])), ("b", thing("1", &["a"]))],
    );
    let (report, _) = apply(&second).await;
    assert!(report.is_complete());
    assert_eq!(log("update"), ["update a"]);
    assert_converged(&second).await;
}

fn sized(size: u32, delete_first: bool) -> Desired {
    Desired {
        size,
        delete_first,
        ..thing("1", &[])
    }
}

#[tokio::test(start_paused = true)]
async fn a_replacement_moves_what_depends_on_it_before_the_old_goes() {
    let first = engine(
        "cbd",
        vec![("a", sized(1, false)), ("b", thing("1", &["a"]))],
    );
    let _ = apply(&first).await;
    log("cbd");
    let second = engine(
        "cbd",
        vec![("a", sized(2, false)), ("b", thing("1", &["a"]))],
    );
    let (report, _) = apply(&second).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(log("cbd"), ["retire a", "create a", "update b", "delete a"]);
    assert_converged(&second).await;
}

#[tokio::test(start_paused = true)]
async fn a_replacement_cut_short_is_finished_by_a_rerun() {
    let first = engine(
        "cut",
        vec![("a", sized(1, false)), ("b", thing("1", &["a"]))],
    );
    let _ = apply(&first).await;
    let second = engine(
        "cut",
        vec![("a", sized(2, false)), ("b", thing("1", &["a"]))],
    );
    with("cut", |cloud| {
        cloud.refuse.insert("update b".to_owned(), "AccessDenied")
    });
    let (report, _) = apply(&second).await;
    assert_eq!(report.failed.len(), 1);
    log("cut");
    let (report, _) = apply(&second).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(log("cut"), ["update b", "delete a"]);
    assert_converged(&second).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_replaced_stays_until_those_that_are_yet_to_be_made_have_its_successor() {
    let (first, second) = (sized(1, false), sized(2, false));
    let _ = apply(&engine("twin", vec![("a", first)])).await;
    let engine = engine("twin", vec![("a", second), ("b", thing("1", &["a"]))]);
    let refuse = |calls: &[&str]| {
        let refused = calls
            .iter()
            .map(|call| ((*call).to_owned(), "AccessDenied"));
        with("twin", |cloud| cloud.refuse = refused.collect());
    };
    refuse(&["create b", "delete a"]);
    let _ = apply(&engine).await;
    refuse(&["create b"]);
    let (report, _) = apply(&engine).await;
    let skipped = report.skipped.iter().map(|skip| skip.address.name());
    assert_eq!(skipped.collect::<Vec<_>>(), ["a"], "{report:?}");
    let (report, _) = apply(&engine).await;
    assert!(report.is_complete(), "{report:?}");
    assert_converged(&engine).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_exist_twice_is_deleted_first() {
    let first = engine("dbd", vec![("a", sized(1, true))]);
    let _ = apply(&first).await;
    log("dbd");
    let second = engine("dbd", vec![("a", sized(2, true))]);
    let (report, _) = apply(&second).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(log("dbd"), ["delete a", "create a"]);
    assert_converged(&second).await;
}

#[tokio::test(start_paused = true)]
async fn what_hangs_on_a_thing_that_goes_first_goes_before_it() {
    let dependent = |size| Desired {
        size,
        ..thing("1", &["a"])
    };
    let first = engine("hang", vec![("a", sized(1, true)), ("b", dependent(1))]);
    let _ = apply(&first).await;
    log("hang");
    let second = engine("hang", vec![("a", sized(2, true)), ("b", dependent(2))]);
    let (report, _) = apply(&second).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(
        log("hang"),
        ["delete b", "delete a", "create a", "create b"]
    );
    assert_converged(&second).await;
}

#[tokio::test(start_paused = true)]
async fn what_left_the_blueprint_is_deleted_after_what_used_it_let_go() {
    let first = engine(
        "leave",
        vec![("a", thing("1", &[])), ("b", thing("1", &["a"]))],
    );
    let _ = apply(&first).await;
    log("leave");
    let second = engine("leave", vec![("b", thing("1", &[]))]);
    let (report, _) = apply(&second).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(log("leave"), ["update b", "delete a"]);
    assert_converged(&second).await;
}

#[tokio::test(start_paused = true)]
async fn destroy_goes_backwards_and_leaves_nothing() {
    let engine = engine(
        "down",
        vec![
            ("a", thing("1", &[])),
            ("b", thing("1", &["a"])),
            ("c", thing("1", &["b"])),
        ],
    );
    let _ = apply(&engine).await;
    log("down");
    let report = run(
        &plan_destroy(&engine).await,
        &engine,
        options(),
        std::sync::Arc::new(fake::Lines::default()),
    )
    .await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(log("down"), ["delete c", "delete b", "delete a"]);
    assert!(plan_destroy(&engine).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_foreign_thing_is_refused_by_name() {
    let engine = engine("foreign", vec![("a", thing("1", &[]))]);
    with("foreign", |cloud| cloud.foreign.insert(at("a")));
    let plan = plan(&engine).await;
    assert_eq!(
        plan.refusals,
        [Refusal::Foreign {
            address: at("a"),
            name: "a stranger's thing".to_owned()
        }]
    );
}

#[tokio::test(start_paused = true)]
async fn a_target_brings_what_it_needs_and_an_exclusion_takes_what_needs_it() {
    let engine = engine(
        "select",
        vec![
            ("a", thing("1", &[])),
            ("b", thing("1", &["a"])),
            ("c", thing("1", &["b"])),
        ],
    );
    let world = crate::observe::observe(&engine.observer()).await.unwrap();
    let made = |selection: Selection| {
        let plan = Plan::apply(&engine.blueprint, &world, &selection, &[]).unwrap();
        let made = plan
            .entries
            .into_iter()
            .filter(|entry| entry.action == Action::Create);
        made.map(|entry| entry.address.name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        made(Selection {
            targets: vec![at("b")],
            excludes: Vec::new()
        }),
        ["a", "b"]
    );
    assert_eq!(
        made(Selection {
            targets: Vec::new(),
            excludes: vec![at("b")]
        }),
        ["a"]
    );
    let unknown = Selection {
        targets: vec![at("bb")],
        excludes: Vec::new(),
    };
    let error = unknown
        .check(&engine.blueprint.resources.keys())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stack has no resource at network/bb; did you mean network/b?"
    );
}
