//! Alarms, dashboards, and who is told.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic, Tag};
use aws_sdk_cloudwatch::{Client as Watch, operation::put_metric_alarm};
use aws_sdk_sns::Client as Sns;

use super::stage::{Stage, answers, code};

fn alarm(
    watch: &Watch,
    period: i32,
    periods: i32,
) -> put_metric_alarm::builders::PutMetricAlarmFluentBuilder {
    watch
        .put_metric_alarm()
        .alarm_name("slow")
        .namespace("AWS/ECS")
        .metric_name("CPUUtilization")
        .statistic(Statistic::Average)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .threshold(80.0)
        .period(period)
        .evaluation_periods(periods)
}

/// Whether it was taken. CloudWatch's protocols have different codes for one refusal.
fn refused<T, E>(answer: &Result<T, E>) -> String {
    let word = if answer.is_ok() { "taken" } else { "refused" };
    word.to_owned()
}

fn tag(value: &str) -> Tag {
    Tag::builder().key("team").value(value).build()
}

/// The state of the alarm, and the value of its tag.
async fn seen(watch: &Watch) -> String {
    let all = watch.describe_alarms().alarm_names("slow").send().await;
    let all = all.expect("alarms");
    let Some(alarm) = all.metric_alarms().first() else {
        return "none".to_owned();
    };
    let state = alarm.state_value().map_or("?", |it| it.as_str());
    let arn = alarm.alarm_arn().expect("its ARN");
    let tags = watch
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await;
    let tags = tags.expect("tags");
    let team = tags.tags().first().and_then(|tag| tag.value());
    format!("{state} {}", team.unwrap_or("-"))
}

#[tokio::test]
async fn an_alarm_has_no_data_at_first_and_is_tagged_once() {
    let stage = Stage::new();
    let watch = Watch::new(stage.config());
    answers! {
        "odd period" => refused(&alarm(&watch, 90, 1).send().await), "refused";
        "two days" => refused(&alarm(&watch, 60, 1441).send().await), "refused";
        "unknown" => code(watch.delete_alarms().alarm_names("slow").send().await), "ResourceNotFound";
        "put" => code(alarm(&watch, 60, 1440).tags(tag("blue")).send().await), "accepted";
        "new" => seen(&watch).await, "INSUFFICIENT_DATA blue";
    }
    stage.skip(120);
    answers! {
        "looked at" => seen(&watch).await, "OK blue";
        "again" => code(alarm(&watch, 60, 5).tags(tag("red")).send().await), "accepted";
        "as it was" => seen(&watch).await, "OK blue";
    }
    stage.put("alarm", "slow", "ALARM");
    answers! {
        "rings" => seen(&watch).await, "ALARM blue";
        "delete" => code(watch.delete_alarms().alarm_names("slow").send().await), "accepted";
        "gone" => seen(&watch).await, "none";
        "anew" => code(alarm(&watch, 60, 5).send().await), "accepted";
        "no tag of the old one" => seen(&watch).await, "INSUFFICIENT_DATA -";
    }
}

#[tokio::test]
async fn alarms_come_in_pages_by_name() {
    let stage = Stage::new();
    let watch = Watch::new(stage.config());
    for name in ["b/2", "a/1", "b/1", "b/3"] {
        alarm(&watch, 60, 1)
            .alarm_name(name)
            .send()
            .await
            .expect("an alarm");
    }
    let listed = watch
        .describe_alarms()
        .alarm_name_prefix("b/")
        .max_records(2);
    let first = listed.clone().send().await.expect("a page");
    let names = |page: &aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput| {
        let names = page.metric_alarms().iter().filter_map(|it| it.alarm_name());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&first), "b/1 b/2");
    let second = listed.set_next_token(first.next_token).send().await;
    let second = second.expect("a page");
    assert_eq!(names(&second), "b/3");
    assert_eq!(second.next_token(), None);
}

#[tokio::test]
async fn a_dashboard_is_what_was_put() {
    let stage = Stage::new();
    let watch = Watch::new(stage.config());
    let get = || watch.get_dashboard().dashboard_name("kong").send();
    let put = |name: &str, body: &str| {
        let put = watch.put_dashboard().dashboard_name(name);
        put.dashboard_body(body).send()
    };
    let delete = || watch.delete_dashboards().dashboard_names("kong").send();
    answers! {
        "unknown" => code(get().await), "ResourceNotFound";
        "not there" => code(delete().await), "ResourceNotFound";
        "bad name" => refused(&put("kong/x", r#"{"widgets":[]}"#).await), "refused";
        "no JSON" => refused(&put("kong", "{").await), "refused";
        "put" => code(put("kong", r#"{"widgets":[]}"#).await), "accepted";
        "body" => get().await.expect("one").dashboard_body.expect("a body"), r#"{"widgets":[]}"#;
        "delete" => code(delete().await), "accepted";
    }
}

/// The state of each subscription of a topic.
async fn subscribed(sns: &Sns, topic: &str) -> String {
    let all = sns
        .list_subscriptions_by_topic()
        .topic_arn(topic)
        .send()
        .await;
    let all = all.expect("subscriptions");
    let one = |it: &aws_sdk_sns::types::Subscription| {
        let arn = it.subscription_arn().unwrap_or_default();
        let state = arn.strip_prefix(topic).map_or(arn, |_| "confirmed");
        format!("{} {state}", it.endpoint().unwrap_or_default())
    };
    let all: Vec<String> = all.subscriptions().iter().map(one).collect();
    all.join(", ")
}

#[tokio::test]
async fn mail_has_to_be_confirmed() {
    let stage = Stage::new();
    let sns = Sns::new(stage.config());
    let tag = |value: &str| {
        let tag = aws_sdk_sns::types::Tag::builder().key("team").value(value);
        tag.build().expect("a tag")
    };
    let create = |value: &str| sns.create_topic().name("kong").tags(tag(value)).send();
    let topic = create("blue")
        .await
        .expect("a topic")
        .topic_arn
        .expect("its ARN");
    let subscribe = |email: &str| {
        let call = sns.subscribe().topic_arn(&topic).protocol("email");
        call.endpoint(email).return_subscription_arn(true).send()
    };
    let leave = |arn: &str| sns.unsubscribe().subscription_arn(arn).send();
    let first = subscribe("a@example.com").await;
    subscribe("b@example.com").await.expect("a subscription");
    let again = subscribe("a@example.com").await;
    answers! {
        "topic again" => code(create("blue").await), "accepted";
        "other tags" => code(create("red").await), "InvalidParameter";
        "pending" => subscribed(&sns, &topic).await, "a@example.com PendingConfirmation, b@example.com PendingConfirmation";
        "no ARN" => code(leave("PendingConfirmation").await), "InvalidParameter";
    }
    assert_eq!(code(first), code(again));
    stage.put("subscription", "a@example.com", "confirmed");
    answers! {
        "confirmed" => subscribed(&sns, &topic).await, "a@example.com confirmed, b@example.com PendingConfirmation";
    }
    stage.skip(49 * 3600);
    answers! {
        "forgotten" => subscribed(&sns, &topic).await, "a@example.com confirmed";
    }
    let all = sns
        .list_subscriptions_by_topic()
        .topic_arn(&topic)
        .send()
        .await;
    let all = all.expect("subscriptions");
    let arn = all.subscriptions()[0]
        .subscription_arn()
        .expect("its ARN")
        .to_owned();
    answers! {
        "leave" => code(leave(&arn).await), "accepted";
        "nobody" => subscribed(&sns, &topic).await, "";
    }
}
