//! What the firewall writes down: without keys, put back, switched off, and into no group of somebody else's.

use aws_sdk_wafv2::Client as Waf;
use aws_sdk_wafv2::types::{FilterBehavior, LoggingConfiguration, Scope};
use serde_json::json;

use crate::support::{World, left, planned};

const REGION: &str = "eu-west-1";
const GROUP: &str = "aws-waf-logs-walled";
const LOGGING: [&str; 1] = ["update ingress/web-acl-logging"];

const SPEC: &str = "\
name: walled
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
ingress: {waf: {managed: [common]}}
admin: {allow: [203.0.113.0/24]}
";

/// No database, no tasks: what is in front of the load balancer.
const ONLY: [&str; 4] = [
    "--target",
    "ingress/web-acl-logging",
    "--target",
    "ingress/web-acl-association",
];

fn applied() -> World {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    world.expect_converged(&ONLY);
    world
}

#[track_caller]
fn run(world: &World, command: &[&str], code: i32) -> crate::support::Output {
    world.run(&[command, &ONLY].concat()).exits(code)
}

async fn acl(waf: &Waf) -> String {
    let all = waf.list_web_acls().scope(Scope::Regional).send().await;
    let all = all.expect("web ACLs").web_acls.unwrap_or_default();
    let arn = all.into_iter().find_map(|one| one.arn);
    arn.expect("the web ACL")
}

async fn logging(waf: &Waf) -> Option<LoggingConfiguration> {
    let call = waf.get_logging_configuration();
    let answer = call.resource_arn(acl(waf).await).send().await;
    answer.ok().and_then(|answer| answer.logging_configuration)
}

async fn groups(world: &World, name: &str) -> Vec<(String, Option<i32>)> {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&world.aws(REGION));
    let call = logs.describe_log_groups().log_group_name_prefix(name);
    let all = call.send().await.expect("log groups").log_groups;
    let all = all.unwrap_or_default().into_iter();
    all.map(|one| (one.log_group_name.expect("a name"), one.retention_in_days))
        .collect()
}

#[tokio::test]
async fn what_is_refused_is_written_down_without_keys() {
    let world = applied();
    let waf = Waf::new(&world.aws(REGION));
    let live = logging(&waf).await.expect("it logs");
    let account = &world.account;
    assert_eq!(
        live.log_destination_configs(),
        [format!("arn:aws:logs:{REGION}:{account}:log-group:{GROUP}")]
    );
    assert_eq!(groups(&world, GROUP).await, [(GROUP.to_owned(), Some(7))]);
    let redacted = live.redacted_fields().iter();
    let redacted: Vec<_> = redacted
        .map(|field| field.single_header().expect("a header").name())
        .collect();
    for secret in ["apikey", "authorization", "cookie"] {
        assert!(redacted.contains(&secret), "{secret} in {redacted:?}");
    }
    let filter = live.logging_filter().expect("a filter");
    assert_eq!(filter.default_behavior(), &FilterBehavior::Drop);

    let spec = SPEC.replace(
        "[common]",
        "[common], logs: {keep: all, retention_days: 30}",
    );
    world.write("kongstack.yaml", &spec);
    let plan = run(&world, &["plan", "--detailed-exitcode"], 2);
    let mut changes = planned(&plan.stdout);
    changes.sort();
    assert_eq!(changes, [LOGGING[0], "update logs/waf"]);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    world.expect_converged(&ONLY);
    let live = logging(&waf).await.expect("it logs");
    assert!(live.logging_filter().is_none());
    assert_eq!(live.redacted_fields().len(), redacted.len());
    assert_eq!(groups(&world, GROUP).await, [(GROUP.to_owned(), Some(30))]);
}

#[tokio::test]
async fn it_is_switched_off_with_leave_to_lose_what_it_wrote() {
    let world = applied();
    let waf = Waf::new(&world.aws(REGION));
    let spec = SPEC.replace("[common]", "[common], logs: {enabled: false}");
    world.write("kongstack.yaml", &spec);
    let all = [&ONLY[..], &["--target", "logs/waf"]].concat();
    let plan = world.run(&[&["plan"], &all[..]].concat()).exits(1);
    assert!(plan.all().contains("--allow-data-loss logs/waf"));
    let leave = ["apply", "--auto-approve", "--allow-data-loss", "logs/waf"];
    let _ = world.run(&[&leave[..], &all].concat()).exits(0);
    world.expect_converged(&ONLY[2..]);
    assert_eq!(logging(&waf).await, None);
    assert!(groups(&world, GROUP).await.is_empty());
    world.write("kongstack.yaml", SPEC);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(left(&world.aws(REGION), "walled").await, [""; 0]);
    assert!(groups(&world, GROUP).await.is_empty());
}

#[tokio::test]
async fn what_somebody_changed_or_deleted_is_put_back() {
    let world = applied();
    let config = world.aws(REGION);
    let waf = Waf::new(&config);
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    let made = logs
        .create_log_group()
        .log_group_name("aws-waf-logs-theirs");
    made.send().await.expect("a group");
    let wanted = logging(&waf).await.expect("it logs");
    let group = wanted.log_destination_configs()[0].replace("walled", "theirs");
    let theirs = LoggingConfiguration::builder()
        .resource_arn(wanted.resource_arn())
        .log_destination_configs(group)
        .build()
        .expect("a configuration");
    let call = waf.put_logging_configuration();
    let call = call.logging_configuration(theirs);
    call.send().await.expect("pointed elsewhere");
    let plan = run(&world, &["plan", "--detailed-exitcode"], 2).stdout;
    assert_eq!(planned(&plan), LOGGING);
    for text in ["aws-waf-logs-theirs", "header apikey", "BLOCK"] {
        assert!(plan.contains(text), "no {text:?} in\n{plan}");
    }
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    assert_eq!(logging(&waf).await.as_ref(), Some(&wanted));

    let call = waf.delete_logging_configuration();
    let call = call.resource_arn(wanted.resource_arn());
    call.send().await.expect("deleted");
    let plan = run(&world, &["plan", "--detailed-exitcode"], 2);
    assert_eq!(planned(&plan.stdout), ["create ingress/web-acl-logging"]);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    assert_eq!(logging(&waf).await.as_ref(), Some(&wanted));

    // Whatever let WAF into a group went with it, so that it is asked for again.
    let call = logs.delete_log_group().log_group_name(GROUP);
    call.send().await.expect("deleted");
    let plan = run(&world, &["plan", "--detailed-exitcode"], 2);
    let mut changes = planned(&plan.stdout);
    changes.sort();
    assert_eq!(changes, ["create logs/waf", LOGGING[0]]);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    world.expect_converged(&ONLY);
    assert_eq!(groups(&world, "aws-waf-logs-theirs").await.len(), 1);
}

#[tokio::test]
async fn somebody_elses_group_is_left_alone() {
    let world = World::new();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&world.aws(REGION));
    let call = logs.create_log_group().log_group_name(GROUP);
    call.send().await.expect("a group");
    world.write("kongstack.yaml", SPEC);
    world.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let said = run(&world, command, 1).all();
        assert!(said.contains(&format!("log group {GROUP}")), "{said}");
    }
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[test]
fn a_group_that_does_not_let_it_in_is_waited_for_and_then_explained() {
    const REFUSED: &str = "WAFLogDestinationPermissionIssueException";
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let shut = |which: &str, seconds: u32| {
        let order = json!({"kind": "log-group", "resource": which, "state": "undeliverable", "for": seconds});
        world.order("states", &order);
    };
    shut("next", 150);
    let _ = run(&world, &["apply", "--auto-approve"], 0);
    let mut calls = world.calls().into_iter();
    let refused = calls.any(|call| call.error.as_deref() == Some(REFUSED));
    assert!(refused, "it was taken at once");
    world.expect_converged(&ONLY);
    // For good.
    shut(GROUP, 0);
    let all = [
        "--resource-timeout",
        "2s",
        "--set",
        "ingress.waf.logs.keep=all",
    ];
    let said = run(
        &world,
        &[&["apply", "--auto-approve"], &all[..]].concat(),
        1,
    )
    .all();
    for text in [REFUSED, "logs:PutResourcePolicy", "5,120"] {
        assert!(said.contains(text), "no {text:?} in\n{said}");
    }
}
