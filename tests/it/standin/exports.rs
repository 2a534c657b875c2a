//! Export tasks of CloudWatch Logs, rules that fire by the clock, and what Step Functions keeps of a Standard machine.

use aws_sdk_cloudwatchlogs::types::{ExportTask, InputLogEvent};
use aws_sdk_eventbridge::types::Target;
use aws_sdk_sfn::types::{ExecutionStatus, StateMachineType};
use serde_json::{Value, json};

use super::machines::{make_one, role};
use super::stage::{Stage, answers, code};

const GROUP: &str = "/a/group";
const DAY: i64 = 86_400_000;

struct Exports {
    stage: Stage,
    logs: aws_sdk_cloudwatchlogs::Client,
    s3: aws_sdk_s3::Client,
    bucket: String,
    /// Simulated time at the beginning, in milliseconds.
    begun: i64,
}

impl Exports {
    /// A group with a line of now, and a bucket that nobody may write to.
    async fn new() -> Self {
        let stage = Stage::new();
        let logs = aws_sdk_cloudwatchlogs::Client::new(stage.config());
        let s3 = aws_sdk_s3::Client::new(stage.config());
        let begun = millis(&stage);
        let made = logs.create_log_group().log_group_name(GROUP).send().await;
        made.expect("a group");
        let stream = logs.create_log_stream().log_group_name(GROUP);
        let made = stream.log_stream_name("a/stream/1").send().await;
        made.expect("a stream");
        let event = InputLogEvent::builder().timestamp(begun).message("a line");
        let put = logs.put_log_events().log_group_name(GROUP);
        let put = put
            .log_stream_name("a/stream/1")
            .log_events(event.build().expect("an event"));
        put.send().await.expect("a line");
        let bucket = format!("exports-{}", stage.account());
        let place = aws_sdk_s3::types::CreateBucketConfiguration::builder()
            .location_constraint("eu-west-1".into());
        let made = s3.create_bucket().bucket(&bucket);
        let made = made.create_bucket_configuration(place.build());
        made.send().await.expect("a bucket");
        Self {
            stage,
            logs,
            s3,
            bucket,
            begun,
        }
    }

    /// Lets CloudWatch Logs of a region look at the bucket, and write into a folder.
    async fn permit(&self, folder: &str, region: &str, account: &str) {
        let arn = format!("arn:aws:s3:::{}", self.bucket);
        let grant = |action: &str, resource: String| {
            json!({"Effect": "Allow", "Principal": {"Service": format!("logs.{region}.amazonaws.com")},
                "Action": action, "Resource": resource,
                "Condition": {"StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": format!("arn:aws:logs:{region}:{account}:log-group:*")}}})
        };
        let policy = json!({"Version": "2012-10-17", "Statement": [
            grant("s3:GetBucketAcl", arn.clone()),
            grant("s3:PutObject", format!("{arn}/{folder}/*")),
        ]});
        let put = self.s3.put_bucket_policy().bucket(&self.bucket);
        let put = put.policy(policy.to_string()).send().await;
        put.expect("a policy");
    }

    async fn export(
        &self,
        group: &str,
        from: i64,
        to: i64,
        bucket: &str,
    ) -> Result<String, String> {
        let call = self.logs.create_export_task().log_group_name(group);
        let call = call.from(from).to(to).destination(bucket);
        match call.destination_prefix("days/1").send().await {
            Ok(made) => Ok(made.task_id.expect("an id")),
            Err(error) => Err(code::<(), _>(Err(error))),
        }
    }

    /// The group as long as it has been there.
    async fn export_all(&self) -> Result<String, String> {
        let to = millis(&self.stage) + 1;
        self.export(GROUP, self.begun - DAY, to, &self.bucket).await
    }

    async fn task(&self, id: &str) -> ExportTask {
        let call = self.logs.describe_export_tasks().task_id(id);
        let answer = call.send().await.expect("tasks");
        answer.export_tasks()[0].clone()
    }

    async fn code_of(&self, id: &str) -> String {
        let task = self.task(id).await;
        let code = task.status().and_then(|status| status.code());
        code.expect("a code").as_str().to_owned()
    }

    async fn keys(&self) -> Vec<String> {
        let held = self.s3.list_objects_v2().bucket(&self.bucket).send().await;
        let held = held.expect("objects");
        let keys = held.contents().iter().filter_map(|one| one.key());
        keys.map(str::to_owned).collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds of this century"
)]
fn millis(stage: &Stage) -> i64 {
    (stage.world().place().simulated_time() * 1000.0) as i64
}

fn refused(answer: Result<String, String>) -> String {
    answer.err().unwrap_or_else(|| "accepted".to_owned())
}

#[tokio::test]
async fn an_export_is_refused_where_it_could_come_to_nothing() {
    let one = Exports::new().await;
    let (account, own) = (one.stage.account(), one.bucket.as_str());
    let now = one.begun + 1000;
    answers! {
        "no group" => refused(one.export("/none", now - DAY, now, own).await), "ResourceNotFoundException";
        "no bucket" => refused(one.export(GROUP, now - DAY, now, "no-such-bucket").await), "InvalidParameterException";
        "no policy" => refused(one.export_all().await), "InvalidParameterException";
        "backwards" => refused(one.export(GROUP, now, now - 1, own).await), "InvalidParameterException";
    }
    one.permit("days", "eu-west-2", account).await;
    answers! { "another region's" => refused(one.export_all().await), "InvalidParameterException"; }
    one.permit("days", "eu-west-1", "123456789012").await;
    answers! { "another account's" => refused(one.export_all().await), "InvalidParameterException"; }
    one.permit("other", "eu-west-1", account).await;
    answers! { "another folder" => refused(one.export_all().await), "InvalidParameterException"; }
    assert_eq!(one.keys().await, [""; 0]);
    one.permit("days", "eu-west-1", account).await;
    answers! {
        "before there was a group" => refused(one.export(GROUP, now - 2 * DAY, now - DAY, own).await), "InvalidParameterException";
        "as it should be" => refused(one.export_all().await), "accepted";
        "while another runs" => refused(one.export_all().await), "LimitExceededException";
    }
}

#[tokio::test]
async fn an_export_takes_time_and_its_account_to_itself() {
    let one = Exports::new().await;
    one.permit("days", "eu-west-1", one.stage.account()).await;
    let id = one.export_all().await.expect("a task");
    assert_eq!(one.code_of(&id).await, "PENDING");
    assert_eq!(one.keys().await, ["days/1/aws-logs-write-test"]);
    one.stage.skip(6);
    assert_eq!(one.code_of(&id).await, "RUNNING");
    assert_eq!(refused(one.export_all().await), "LimitExceededException");
    one.stage.skip(60);
    assert_eq!(one.code_of(&id).await, "COMPLETED");
    let info = one.task(&id).await.execution_info.expect("times");
    assert!(info.completion_time > info.creation_time);
    let object = format!("days/1/{id}/a-stream-1/000000.gz");
    let mut expected = [object.clone(), "days/1/aws-logs-write-test".to_owned()];
    expected.sort();
    assert_eq!(one.keys().await, expected);
    let object = one.s3.get_object().bucket(&one.bucket).key(&object);
    let body = object.send().await.expect("an object").body;
    let body = body.collect().await.expect("a body").to_vec();
    assert_eq!(body[..2], [0x1f, 0x8b], "gzipped");

    // One that is cancelled, and one that may not write any more when it is about to.
    let cancelled = one.export_all().await.expect("a task");
    let cancel = || one.logs.cancel_export_task().task_id(&cancelled).send();
    answers! {
        "running" => code(cancel().await), "accepted";
        "over" => code(cancel().await), "InvalidOperationException";
    }
    assert_eq!(one.code_of(&cancelled).await, "CANCELLED");
    let failed = one.export_all().await.expect("a task");
    one.permit("other", "eu-west-1", one.stage.account()).await;
    one.stage.skip(60);
    assert_eq!(one.code_of(&failed).await, "FAILED");
    let known = one.logs.describe_export_tasks();
    let known = known.status_code("FAILED".into()).send().await;
    assert_eq!(known.expect("tasks").export_tasks().len(), 1);
}

/// Says at once what it was started with, or waits an hour before it does.
fn telling(wait: u32) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "Wait", "States": {
        "Wait": {"Type": "Wait", "Seconds": wait, "Next": "Told"},
        "Told": {"Type": "Succeed", "Output": "{% $states.input.time %}"}}})
}

async fn rule(events: &aws_sdk_eventbridge::Client, name: &str, expression: &str) -> String {
    let call = events.put_rule().name(name).schedule_expression(expression);
    code(call.send().await)
}

#[tokio::test]
async fn a_rule_with_a_schedule_fires_by_the_clock() {
    let stage = Stage::new();
    let services = ["states.amazonaws.com", "events.amazonaws.com"];
    let role = role(&stage, "may", &services, &["states:StartExecution"]).await;
    stage.skip(15);
    let standard = StateMachineType::Standard;
    let machine = make_one(&stage, ("m", standard), &role, &telling(1)).await;
    let machine = machine.expect("a machine");
    let events = aws_sdk_eventbridge::Client::new(stage.config());
    answers! {
        "nonsense" => rule(&events, "x", "cron(1 2 3)").await, "ValidationException";
        "once, which Scheduler knows" => rule(&events, "x", "at(2030-01-01T00:00:00)").await, "ValidationException";
        "every hour" => rule(&events, "hourly", "cron(0 * * * ? *)").await, "accepted";
    }
    let target = Target::builder().id("t").arn(&machine).role_arn(&role);
    let put = events.put_targets().rule("hourly");
    let put = put.targets(target.build().expect("a target"));
    put.send().await.expect("a target");
    let sfn = aws_sdk_sfn::Client::new(stage.config());
    let count = async || {
        let listed = sfn.list_executions().state_machine_arn(&machine);
        listed.send().await.expect("executions").executions().len()
    };
    stage.skip(2 * 3600);
    assert_eq!(count().await, 2);
    let listed = sfn.list_executions().state_machine_arn(&machine);
    let listed = listed.send().await.expect("executions");
    let last = listed.executions()[0].execution_arn();
    assert!(last.contains(":execution:m:"), "{last}");
    stage.skip(10);
    let seen = sfn.describe_execution().execution_arn(last).send().await;
    let seen = seen.expect("an execution");
    assert_eq!(*seen.status(), ExecutionStatus::Succeeded);
    let time = seen.output().expect("what it was told");
    assert!(time.ends_with(":00:00Z\""), "the hour itself: {time}");
    // An event of somebody's does not match it, and while it is off it does not fire.
    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder();
    let entry = entry.source("me").detail_type("x").detail("{}").build();
    events
        .put_events()
        .entries(entry)
        .send()
        .await
        .expect("put");
    events
        .disable_rule()
        .name("hourly")
        .send()
        .await
        .expect("off");
    stage.skip(2 * 3600);
    assert_eq!(count().await, 2);
    events
        .enable_rule()
        .name("hourly")
        .send()
        .await
        .expect("on");
    stage.skip(3600);
    assert_eq!(count().await, 3);
}

#[tokio::test]
async fn executions_of_a_standard_machine_are_kept_and_end_with_it() {
    let stage = Stage::new();
    let role = role(&stage, "m", &["states.amazonaws.com"], &["s3:GetObject"]).await;
    stage.skip(15);
    let standard = StateMachineType::Standard;
    let machine = make_one(&stage, ("m", standard), &role, &telling(600)).await;
    let machine = machine.expect("a machine");
    let sfn = aws_sdk_sfn::Client::new(stage.config());
    let start = |name: &str, input: &str| {
        let call = sfn.start_execution().state_machine_arn(&machine);
        call.name(name).input(input).send()
    };
    answers! {
        "first" => code(start("one", r#"{"time":"1"}"#).await), "accepted";
        "the same" => code(start("one", r#"{"time":"1"}"#).await), "accepted";
        "other input" => code(start("one", r#"{"time":"2"}"#).await), "ExecutionAlreadyExists";
    }
    // It is in its wait, which no deletion cuts short.
    stage.skip(5);
    let listed = sfn.list_executions().state_machine_arn(&machine);
    let listed = listed.send().await.expect("executions");
    assert_eq!(listed.executions().len(), 1);
    let arn = listed.executions()[0].execution_arn();
    assert_eq!(*listed.executions()[0].status(), ExecutionStatus::Running);
    let gone = sfn.delete_state_machine().state_machine_arn(&machine);
    gone.send().await.expect("deleted");
    stage.skip(120);
    let seen = sfn.describe_state_machine().state_machine_arn(&machine);
    let seen = seen.send().await.expect("its execution runs");
    assert_eq!(seen.status().map(|it| it.as_str()), Some("DELETING"));
    stage.skip(600);
    let seen = sfn.describe_state_machine().state_machine_arn(&machine);
    assert_eq!(code(seen.send().await), "StateMachineDoesNotExist");
    let all: Vec<Value> = stage.world().place().ask("machines", &[]);
    assert_eq!(all[0]["status"], "ABORTED");
    let seen = sfn.describe_execution().execution_arn(arn).send().await;
    assert_eq!(code(seen), "ExecutionDoesNotExist");
}
