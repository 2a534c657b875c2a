//! Alarms, who is told, and the dashboard: put back, left alone, shown.

use aws_sdk_cloudwatch::Client as Watch;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
use aws_sdk_sns::Client as Sns;
use serde_json::json;

use crate::support::{World, left, planned};

const REGION: &str = "eu-west-1";

const SPEC: &str = "\
name: watched
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
alarms: {email: ops@example.com}
";

fn topic(world: &World) -> String {
    format!("arn:aws:sns:{REGION}:{}:watched-alarms", world.account)
}

/// Puts a subscription or an alarm into a state.
fn put(world: &World, kind: &str, resource: &str, state: &str) {
    world.order(
        "states",
        &json!({"kind": kind, "resource": resource, "state": state}),
    );
}

async fn addresses(world: &World) -> Vec<String> {
    let sns = Sns::new(&world.aws(REGION));
    let all = sns.list_subscriptions_by_topic().topic_arn(topic(world));
    let all = all.send().await.expect("subscriptions");
    let mut all: Vec<String> = all
        .subscriptions
        .unwrap_or_default()
        .into_iter()
        .filter_map(|it| it.endpoint)
        .collect();
    all.sort();
    all
}

/// Somebody's alarm.
async fn foreign_alarm(watch: &Watch, name: &str) {
    watch
        .put_metric_alarm()
        .alarm_name(name)
        .namespace("AWS/ECS")
        .metric_name("CPUUtilization")
        .statistic(Statistic::Average)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .threshold(80.0)
        .period(60)
        .evaluation_periods(1)
        .send()
        .await
        .expect("an alarm");
}

#[tokio::test]
async fn what_is_changed_by_hand_is_put_back() {
    let world = World::applied(SPEC);
    world.expect_converged(&[]);
    let config = world.aws(REGION);
    let (watch, sns) = (Watch::new(&config), Sns::new(&config));
    foreign_alarm(&watch, "kongstack/watched/latency").await;
    watch
        .delete_alarms()
        .alarm_names("kongstack/watched/data-plane-low")
        .send()
        .await
        .expect("deleted");
    watch
        .disable_alarm_actions()
        .alarm_names("kongstack/watched/target-5xx")
        .send()
        .await
        .expect("silenced");
    let name = "kongstack-watched-eu-west-1";
    let board = watch.get_dashboard().dashboard_name(name).send().await;
    let body = board
        .expect("a dashboard")
        .dashboard_body
        .expect("its body");
    let other = body.replace("\"p99\"", "\"p90\"");
    assert_ne!(other, body);
    let edit = watch
        .put_dashboard()
        .dashboard_name(name)
        .dashboard_body(other);
    edit.send().await.expect("edited");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Alarms","Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*"}]}"#;
    let open = sns.set_topic_attributes().topic_arn(topic(&world));
    let open = open.attribute_name("Policy").attribute_value(policy);
    open.send().await.expect("opened");
    assert_eq!(
        planned(&world.run(&["plan"]).exits(0).stdout),
        [
            "update alarms/dashboard",
            "update alarms/topic",
            "create alarms/data-plane-low",
            "update alarms/latency",
            "update alarms/target-5xx",
        ]
    );
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[tokio::test]
async fn somebody_elses_are_refused() {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    let config = world.aws(REGION);
    let (watch, sns) = (Watch::new(&config), Sns::new(&config));
    foreign_alarm(&watch, "kongstack/watched/latency").await;
    let board = watch
        .put_dashboard()
        .dashboard_name("kongstack-watched-eu-west-1");
    let board =
        board.dashboard_body(r#"{"widgets":[{"type":"text","properties":{"markdown":"theirs"}}]}"#);
    board.send().await.expect("a dashboard");
    sns.create_topic()
        .name("watched-alarms")
        .send()
        .await
        .expect("a topic");
    world.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let said = world.run(command).exits(1).all();
        for name in [
            "the alarm kongstack/watched/latency",
            "the dashboard kongstack-watched-eu-west-1",
            "the SNS topic watched-alarms",
        ] {
            assert!(said.contains(name), "no {name:?} in\n{said}");
        }
    }
    assert_eq!(world.mutating(), Vec::<String>::new());
    // Without alarms nothing of it is in the way, and a destruction leaves it alone.
    let _ = world.run(&["plan", "--set", "alarms=null"]).exits(0);
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[tokio::test]
async fn another_address_takes_the_place_of_the_first() {
    let world = World::applied(SPEC);
    let told = world.run(&["plan"]).exits(0).all();
    assert!(
        told.contains("ops@example.com gets no mail until"),
        "{told}"
    );
    put(&world, "subscription", "ops@example.com", "confirmed");
    let told = world.run(&["plan"]).exits(0).all();
    assert!(!told.contains("gets no mail"), "{told}");
    // Somebody's pager hears of the alarms too, and is none of our business.
    let sns = Sns::new(&world.aws(REGION));
    let pager = sns.subscribe().topic_arn(topic(&world)).protocol("sms");
    pager
        .endpoint("+15555550100")
        .send()
        .await
        .expect("a pager");
    let other = ["--set", "alarms.email=dev@example.com"];
    let _ = world
        .run(&["apply", "--auto-approve", other[0], other[1]])
        .exits(0);
    assert_eq!(addresses(&world).await, ["+15555550100", "dev@example.com"]);
    world.expect_converged(&other);
    // That was never confirmed: nobody can delete it, and it is in nobody's way.
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
    assert_eq!(addresses(&world).await.len(), 3);
    put(&world, "subscription", "dev@example.com", "confirmed");
    assert_eq!(
        planned(&world.run(&["plan"]).exits(0).stdout),
        ["delete alarms/subscription/dev-example.com"]
    );
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(
        left(&world.aws(REGION), "watched").await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_topic_that_exists_is_used_and_stays() {
    let world = World::new();
    let sns = Sns::new(&world.aws(REGION));
    let made = sns
        .create_topic()
        .name("pager")
        .send()
        .await
        .expect("a topic");
    let arn = made.topic_arn.expect("its ARN");
    let spec = SPEC.replace("email: ops@example.com", &format!("topic: '{arn}'"));
    world.write("kongstack.yaml", &spec);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
    let watch = Watch::new(&world.aws(REGION));
    let all = watch.describe_alarms().send().await.expect("alarms");
    assert_eq!(all.metric_alarms().len(), 8);
    for alarm in all.metric_alarms() {
        assert_eq!(alarm.alarm_actions(), std::slice::from_ref(&arn));
        assert_eq!(alarm.ok_actions(), std::slice::from_ref(&arn));
    }
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(
        left(&world.aws(REGION), "watched").await,
        Vec::<String>::new()
    );
    let topics = sns.list_topics().send().await.expect("topics");
    assert_eq!(topics.topics().len(), 1);
}

#[test]
fn a_status_names_the_alarms_that_ring() {
    let world = World::applied(SPEC);
    world.configure(&json!({"skip_seconds": 300}));
    world.forget_calls();
    let said = world.run(&["status"]).exits(0).all();
    let watched = world.calls();
    let watched = watched
        .iter()
        .filter(|call| ["monitoring", "sns"].contains(&call.service.as_str()));
    let watched: Vec<&str> = watched.map(|call| call.operation.as_str()).collect();
    assert_eq!(
        watched.iter().filter(|it| **it != "GetMetricData").count(),
        2,
        "{watched:?}"
    );
    assert!(said.contains("alarms 8 alarms, all OK"), "{said}");
    assert!(
        said.contains("ops@example.com has not confirmed yet"),
        "{said}"
    );
    put(&world, "subscription", "ops@example.com", "confirmed");
    put(&world, "alarm", "kongstack/watched/latency", "ALARM");
    let said = world.run(&["status"]).exits(0).all();
    assert!(said.contains("degraded: the alarm latency rings"), "{said}");
    assert!(said.contains("alarms 1 of 8 alarms: latency"), "{said}");
    assert!(!said.contains("confirmed"), "{said}");
}
