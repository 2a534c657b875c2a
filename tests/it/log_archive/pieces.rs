//! Whose the pieces are, what drifts, what is switched off, and what is destroyed.

use aws_sdk_sfn::types::{LogLevel, LoggingConfiguration};

use super::*;
use crate::support::{left, planned};

#[tokio::test]
async fn what_is_changed_by_hand_is_put_right() {
    let one = Archived::applied().await;
    let events = aws_sdk_eventbridge::Client::new(&one.config);
    let off = events.put_rule().name(MACHINE);
    let off = off
        .schedule_expression("rate(1 hour)")
        .state("DISABLED".into());
    off.send().await.expect("another rule");
    let targets = events.list_targets_by_rule().rule(MACHINE).send().await;
    let target = targets.expect("targets").targets()[0].clone();
    let mut target = target;
    target.input = Some("{}".to_owned());
    let put = events.put_targets().rule(MACHINE).targets(target);
    put.send().await.expect("another input");
    let (sfn, arn) = (one.sfn(), one.arn().await);
    let seen = sfn.describe_state_machine().state_machine_arn(&arn);
    let seen = seen.send().await.expect("the machine");
    let other = seen.definition().replace("control-plane\"", "other\"");
    assert_ne!(other, seen.definition());
    let other = other.replace("\"Seconds\":60", "\"Seconds\":6");
    let changed = sfn.update_state_machine().state_machine_arn(&arn);
    changed.definition(other).send().await.expect("changed");
    let gone = one.s3().delete_bucket_lifecycle().bucket(&one.bucket);
    gone.send().await.expect("without an end");
    let plan = one.run(&["plan", "--detailed-exitcode"], 2);
    assert_eq!(
        planned(&plan.stdout),
        [
            "update logs/archive/machine",
            "update logs/archive/rule",
            "update ingress/access-logs"
        ]
    );
    for text in [
        "lifecycle_configuration",
        "definition.groups",
        "definition.states",
        "schedule_expression",
        "enabled",
        "targets",
        "archive/*\n          deleted after 365 days",
    ] {
        assert!(plan.stdout.contains(text), "no {text}: {}", plan.stdout);
    }
    one.apply();
    one.is_settled();
    one.night().await;
    assert_eq!(one.archive().await.len(), GROUPS.len());
}

/// A machine that was made anew by hand, of the other type: AWS changes no machine's type.
#[tokio::test]
async fn a_machine_of_another_type_is_replaced() {
    let one = Archived::applied().await;
    let (sfn, arn) = (one.sfn(), one.arn().await);
    let seen = sfn.describe_state_machine().state_machine_arn(&arn);
    let seen = seen.send().await.expect("the machine");
    let tags = sfn.list_tags_for_resource().resource_arn(&arn).send().await;
    let tags = tags.expect("tags").tags;
    let gone = sfn.delete_state_machine().state_machine_arn(&arn);
    gone.send().await.expect("deleted");
    one.skip(60.0).await;
    let made = sfn.create_state_machine().name(MACHINE);
    let made = made.role_arn(seen.role_arn()).definition(seen.definition());
    let made = made.r#type("EXPRESS".into()).set_tags(tags);
    let off = LoggingConfiguration::builder().level(LogLevel::Off);
    let made = made.logging_configuration(off.build()).send().await;
    made.expect("an Express machine");
    let plan = one.run(&["plan", "--detailed-exitcode"], 2);
    let planned = planned(&plan.stdout);
    let replaced = "replace logs/archive/machine".to_owned();
    assert!(planned.contains(&replaced), "{planned:?}");
    one.apply();
    one.is_settled();
    let seen = sfn.describe_state_machine().state_machine_arn(&arn);
    let seen = seen.send().await.expect("the machine");
    assert_eq!(seen.r#type().as_str(), "STANDARD");
}

#[tokio::test]
async fn somebody_elses_of_the_same_name_is_left_alone() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let events = aws_sdk_eventbridge::Client::new(&world.aws(REGION));
    let theirs = events.put_rule().name(MACHINE);
    let theirs = theirs.schedule_expression("rate(1 day)").send().await;
    theirs.expect("a rule");
    world.forget_calls();
    let refused = world.run(&["apply", "--auto-approve"]).exits(1).all();
    let text = "the event rule archived-log-archive";
    assert!(refused.contains(text), "no {text}: {refused}");
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[tokio::test]
async fn access_logs_and_archive_share_a_bucket_and_neither_needs_the_other() {
    let one = Archived::applied().await;
    let both = SPEC.to_owned() + "ingress: {access_logs: {enabled: true}}\n";
    let sids = async || {
        let policy = one.s3().get_bucket_policy().bucket(&one.bucket);
        let policy = policy.send().await.expect("a policy");
        let policy = policy.policy().expect("a text").to_owned();
        let known = ["AccessLogs", "Archive", "ArchiveOwner"];
        let has = |sid: &&str| policy.contains(&format!("\"Sid\":\"{sid}\""));
        known.into_iter().filter(has).collect::<Vec<_>>()
    };
    assert_eq!(sids().await, ["Archive", "ArchiveOwner"]);
    one.night().await;
    let keys = one.archive().await;
    one.world.write("kongstack.yaml", &both);
    let plan = one.run(&["plan", "--detailed-exitcode"], 2);
    assert_eq!(planned(&plan.stdout), [format!("update {BUCKET}")]);
    one.apply();
    assert_eq!(sids().await, ["AccessLogs", "Archive", "ArchiveOwner"]);

    // Without the archive its folder stays, with the end that it had.
    let access = both.replace("archive: {enabled: true}", "archive: {enabled: false}");
    one.world.write("kongstack.yaml", &access);
    let targets = [
        "logs/archive/rule",
        "logs/archive/machine",
        "alarms/log-archive",
        "identity/log-archive-role",
        "identity/log-archive-role/log-archive-policy",
        "identity/log-archive-starter-role",
        "identity/log-archive-starter-role/log-archive-starter-policy",
        BUCKET,
    ];
    let targets: Vec<&str> = targets.iter().flat_map(|one| ["--target", one]).collect();
    let plan = one.world.run(&[&["plan"][..], &targets].concat()).exits(0);
    let deleted = planned(&plan.stdout);
    let deleted = deleted.iter().filter(|one| one.starts_with("delete"));
    assert_eq!(deleted.count(), 7, "{}", plan.stdout);
    one.world.configure(&json!({"speed": 400}));
    let apply = ["apply", "--auto-approve"];
    let _ = one.world.run(&[&apply[..], &targets].concat()).exits(0);
    one.world.configure(&json!({"speed": 1}));
    assert_eq!(sids().await, ["AccessLogs"]);
    assert_eq!(one.archive().await, keys);
    let rules = one.s3().get_bucket_lifecycle_configuration();
    let rules = rules.bucket(&one.bucket).send().await.expect("rules");
    let rules = rules.rules().iter().filter_map(|rule| {
        let days = rule.expiration()?.days()?;
        Some(format!("{} {days}", rule.filter()?.prefix()?))
    });
    let rules: Vec<String> = rules.collect();
    assert_eq!(rules, ["alb/ 90", "archive/ 365"]);
}

/// A night is under way, and one of its exports runs.
#[tokio::test]
async fn a_destruction_ends_the_night_and_asks_for_leave() {
    let one = Archived::applied().await;
    one.night().await;
    one.start().await;
    one.skip(10.0).await;
    one.world.configure(&json!({"speed": 400}));
    one.world.forget_calls();
    let destroy = ["destroy", "--auto-approve"];
    let said = one.world.run(&destroy).exits(1).all();
    assert!(
        said.contains("--allow-data-loss ingress/access-logs"),
        "{said}"
    );
    assert_eq!(one.world.mutating(), [""; 0]);
    let leave = ["--allow-data-loss", BUCKET];
    let _ = one.world.run(&[&destroy[..], &leave].concat()).exits(0);
    assert_eq!(left(&one.config, "archived").await, [""; 0]);
    let order = one.world.mutating();
    let at = |call: &str| order.iter().position(|one| one == call).expect(call);
    assert!(at("events:DeleteRule") < at("states:DeleteStateMachine"));
    assert!(at("states:DeleteStateMachine") < at("s3:DeleteBucket"));
    assert!(at("states:DeleteStateMachine") < at("logs:DeleteLogGroup"));
    // The same name can be had again at once.
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
}
