//! State machines written for JSONata, the rules that start them, and groups of schedules, as AWS has them.

use aws_sdk_scheduler::types::ScheduleGroupState;
use aws_sdk_sfn::types::StateMachineType;
use serde_json::{Value, json};

use super::stage::{Stage, answers, code};

/// A role that `services` may take on and that may do `actions`.
pub(super) async fn role(stage: &Stage, name: &str, services: &[&str], actions: &[&str]) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": services}}]});
    let iam = aws_sdk_iam::Client::new(stage.config());
    let made = iam.create_role().role_name(name);
    let made = made
        .assume_role_policy_document(trust.to_string())
        .send()
        .await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let put = iam.put_role_policy().role_name(name).policy_name("all");
    let put = put.policy_document(policy.to_string()).send().await;
    put.expect("a policy");
    made.expect("a role").role.expect("a role").arn
}

/// Makes a group of schedules, which fails when it is there, and says so in what it is started with.
fn machine(arguments: &Value) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "Make", "States": {
        "Make": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:scheduler:createScheduleGroup",
            "Arguments": arguments,
            "Catch": [{"ErrorEquals": ["Scheduler.ConflictException"], "Next": "There"}], "Next": "Made"},
        "There": {"Type": "Fail", "Error": "There", "Cause": "{% 'by ' & $states.context.StateMachine.Name %}"},
        "Made": {"Type": "Succeed", "Output": {"arn": "{% $states.input.ScheduleGroupArn %}"}}}})
}

async fn make(stage: &Stage, name: &str, role: &str, definition: &Value) -> Result<String, String> {
    make_one(stage, (name, StateMachineType::Express), role, definition).await
}

/// Makes a machine of a name and type.
pub(super) async fn make_one(
    stage: &Stage,
    (name, sort): (&str, StateMachineType),
    role: &str,
    definition: &Value,
) -> Result<String, String> {
    let sfn = aws_sdk_sfn::Client::new(stage.config());
    let call = sfn.create_state_machine().name(name).role_arn(role);
    let call = call.r#type(sort);
    let made = call.definition(definition.to_string()).send().await;
    match made {
        Ok(made) => Ok(made.state_machine_arn),
        Err(error) => Err(code::<(), _>(Err(error))),
    }
}

fn ended(stage: &Stage) -> Vec<String> {
    let all: Vec<Value> = stage.world().place().ask("machines", &[]);
    let shown = all.iter().map(|one| {
        let error = one["error"].as_str().unwrap_or("");
        format!("{} {error}", one["status"].as_str().unwrap_or("?"))
    });
    shown.map(|one| one.trim_end().to_owned()).collect()
}

#[tokio::test]
async fn definitions_are_checked_and_members_spelled_as_step_functions_spells_them() {
    let stage = Stage::new();
    let role = role(&stage, "m", &["states.amazonaws.com"], &["scheduler:*"]).await;
    let good = machine(&json!({"Name": "one"}));
    let early = make(&stage, "early", &role, &good).await;
    assert_eq!(
        early,
        Err("AccessDeniedException".to_owned()),
        "the role is new"
    );
    stage.skip(15);
    let with = |change: fn(&mut Value)| {
        let mut other = good.clone();
        change(&mut other);
        other
    };
    let refused = async |definition: Value| {
        make(&stage, "x", &role, &definition)
            .await
            .unwrap_or_default()
    };
    let wrong = [
        with(|it| it["StartAt"] = json!("Nowhere")),
        with(|it| it["States"]["Make"]["Next"] = json!("Nowhere")),
        with(|it| it["States"]["Make"]["Parameters"] = json!({})),
        with(|it| it["States"]["There"]["Cause"] = json!("{% 'by ' & %}")),
        with(|it| it["States"]["Make"]["Catch"][0]["ErrorEquals"] = json!(["States.ALL", "X"])),
    ];
    for definition in wrong {
        let sfn = make(&stage, "x", &role, &definition).await;
        assert_eq!(sfn, Err("InvalidDefinition".to_owned()), "{definition}");
    }
    assert_ne!(refused(good.clone()).await, "");
    let again = make(&stage, "x", &role, &good).await;
    assert!(again.is_ok(), "the very same once more is the same");
    let other = make(&stage, "x", &role, &machine(&json!({"Name": "two"}))).await;
    assert_eq!(other, Err("StateMachineAlreadyExists".to_owned()));

    carried_out(&stage, &role, &again.expect("a machine")).await;
}

/// A member in the SDK's own spelling is none of Step Functions'.
async fn carried_out(stage: &Stage, role: &str, good: &str) {
    let lower = machine(&json!({"name": "three"}));
    let lower = make(stage, "lower", role, &lower).await.expect("a machine");
    let sfn = aws_sdk_sfn::Client::new(stage.config());
    let start = async |arn: &str| {
        let started = sfn.start_execution().state_machine_arn(arn).send().await;
        let started = started.expect("started");
        assert!(started.execution_arn().contains(":express:"));
        stage.skip(5);
        let _ = stage
            .ecs()
            .list_clusters()
            .send()
            .await
            .expect("time passes");
    };
    start(&lower).await;
    start(good).await;
    start(good).await;
    assert_eq!(
        ended(stage),
        ["FAILED States.Runtime", "SUCCEEDED", "FAILED There"]
    );
}

#[tokio::test]
async fn a_rule_starts_a_machine_only_as_a_role_that_may() {
    let stage = Stage::new();
    let services = ["states.amazonaws.com", "events.amazonaws.com"];
    let may = role(
        &stage,
        "may",
        &services,
        &["scheduler:*", "states:StartExecution"],
    )
    .await;
    let not = role(&stage, "not", &services, &["scheduler:*"]).await;
    stage.skip(15);
    let machine = machine(&json!({"Name": "{% 'g' & $string($states.input.n) %}"}));
    let machine = make(&stage, "m", &may, &machine).await.expect("a machine");
    let events = aws_sdk_eventbridge::Client::new(stage.config());
    for (name, role, input) in [("a", &may, r#"{"n":1}"#), ("b", &not, r#"{"n":2}"#)] {
        let rule = events
            .put_rule()
            .name(name)
            .event_pattern(r#"{"source":["me"]}"#);
        let _ = rule.send().await.expect("a rule");
        let target = aws_sdk_eventbridge::types::Target::builder()
            .id("t")
            .arn(&machine);
        let target = target
            .role_arn(role)
            .input(input)
            .build()
            .expect("a target");
        let put = events.put_targets().rule(name).targets(target);
        let _ = put.send().await.expect("a target");
    }
    answers! {
        "with a target" => code(events.delete_rule().name("a").send().await), "ValidationException";
    }
    for source in ["me", "you"] {
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
            .source(source)
            .detail_type("x")
            .detail("{}");
        let _ = events
            .put_events()
            .entries(entry.build())
            .send()
            .await
            .expect("an event");
    }
    stage.skip(10);
    groups(&stage).await;
    assert_eq!(ended(&stage), ["SUCCEEDED"]);
}

/// The group that the machine made, and how one goes.
async fn groups(stage: &Stage) {
    let scheduler = aws_sdk_scheduler::Client::new(stage.config());
    let group = scheduler.get_schedule_group().name("g1").send().await;
    assert_eq!(
        group.expect("made").state(),
        Some(&ScheduleGroupState::Active)
    );
    answers! {
        "not allowed" => code(scheduler.get_schedule_group().name("g2").send().await), "ResourceNotFoundException";
        "twice" => code(scheduler.create_schedule_group().name("g1").send().await), "ConflictException";
        "gone" => code(scheduler.delete_schedule_group().name("g1").send().await), "accepted";
    }
    let group = scheduler.get_schedule_group().name("g1").send().await;
    assert_eq!(
        group.expect("going").state(),
        Some(&ScheduleGroupState::Deleting)
    );
    stage.skip(10);
    answers! {
        "gone" => code(scheduler.get_schedule_group().name("g1").send().await), "ResourceNotFoundException";
        "absent" => code(scheduler.delete_schedule_group().name("g1").send().await), "ResourceNotFoundException";
    }
}
