//! What an afternoon does, and what goes wrong in it.

use super::*;

#[tokio::test]
async fn an_afternoon_puts_the_day_before_of_every_group_into_the_bucket() {
    let one = Archived::applied().await;
    one.is_settled();
    one.goes_to_before(60.0).await;
    assert_eq!(one.archive().await, [""; 0]);
    one.night().await;
    let (date, folder) = one.date();
    assert_eq!(one.ended(), [format!("SUCCEEDED {date}")]);
    let keys = one.archive().await;
    assert_eq!(keys.len(), GROUPS.len(), "{keys:?}");
    for (key, (group, _)) in keys.iter().zip(GROUPS) {
        let lead = format!("archive/{group}/{folder}/");
        assert!(key.starts_with(&lead), "{key} is not below {lead}");
        assert!(key.ends_with("/kong-kong-1/000000.gz"), "{key}");
    }
    // From the first millisecond of the day to the last.
    let midnight = one.day * 1000.0;
    for task in one.tasks().await {
        let range = (task.from().expect("from"), task.to().expect("to"));
        let range = [range.0, range.1].map(|at| at.to_string());
        let wanted = [midnight, midnight + DAY * 1000.0 - 1.0];
        assert_eq!(range, wanted.map(|at| format!("{at:.0}")));
    }
    assert_eq!(one.alarm().await, "OK");
    one.is_settled();

    // Once more by hand: a second copy in a folder of its own, and the first stays.
    one.start().await;
    one.skip(3600.0).await;
    let more = one.archive().await;
    assert_eq!(more.len(), 2 * keys.len());
    assert!(keys.iter().all(|key| more.contains(key)));
    assert_eq!(one.copies("data-plane").await, 2);
}

#[tokio::test]
async fn a_group_that_is_younger_than_the_day_is_left_out() {
    let one = Archived::applied().await;
    // The afternoon of the day itself is about the day before, when there was no group.
    let sooner = one.sfn().start_execution();
    let sooner = sooner.state_machine_arn(one.arn().await);
    let time = humantime::format_rfc3339_seconds(
        std::time::UNIX_EPOCH + std::time::Duration::from_secs_f64(one.now()),
    );
    let input = json!({"time": time.to_string(), "detail-type": "Scheduled Event"});
    let started = sooner.input(input.to_string()).send().await;
    started.expect("started");
    one.skip(600.0).await;
    let all: Vec<Value> = one.world.place().ask("machines", &[]);
    assert_eq!(all.last().expect("one")["status"], "SUCCEEDED");
    assert!(one.tasks().await.is_empty());
}

#[tokio::test]
async fn groups_take_turns_and_somebody_elses_export_is_waited_for() {
    let one = Archived::applied().await;
    one.goes_to_before(10.0).await;
    let (group, day) = (GROUPS[0].1, one.now());
    #[expect(clippy::cast_possible_truncation, reason = "of this century")]
    let to = (day * 1000.0) as i64;
    let theirs = one.logs().create_export_task().log_group_name(group);
    let theirs = theirs.from(0).to(to).destination(&one.bucket);
    let theirs = theirs.destination_prefix("archive/theirs").send().await;
    theirs.expect("their task");
    one.night().await;
    assert_eq!(one.ended(), [format!("SUCCEEDED {}", one.date().0)]);
    let trail = one.executions()[0]["trail"].clone();
    let trail = trail.as_array().expect("a trail");
    let waited = trail.iter().filter(|step| {
        step["state"] == "Export" && step["error"] == "CloudWatchLogs.LimitExceededException"
    });
    assert_eq!(waited.count(), 1);
    let mut times: Vec<(i64, i64)> = one.tasks().await.iter().map(times).collect();
    times.sort_unstable();
    assert_eq!(times.len(), GROUPS.len() + 1);
    let apart = times.windows(2).all(|two| two[0].1 <= two[1].0);
    assert!(apart, "two at a time: {times:?}");
}

fn times(task: &ExportTask) -> (i64, i64) {
    let info = task.execution_info().expect("times");
    let (from, to) = (info.creation_time(), info.completion_time());
    (from.expect("a beginning"), to.expect("an end"))
}

#[tokio::test]
async fn what_cannot_be_exported_rings_and_keeps_no_other_group_from_it() {
    let one = Archived::applied().await;
    let s3 = one.s3();
    let policy = s3.get_bucket_policy().bucket(&one.bucket).send().await;
    let policy = policy.expect("a policy");
    // The data planes' folder may be tried, and not be written to.
    let mut other: Value = serde_json::from_str(policy.policy().expect("a text")).expect("JSON");
    let resource = other["Statement"]
        .as_array_mut()
        .and_then(|all| all.iter_mut().find(|one| one["Sid"] == "Archive"));
    let resource = &mut resource.expect("the statement")["Resource"];
    let folder = format!("arn:aws:s3:::{}/archive", one.bucket);
    let mut may: Vec<String> = vec![format!("{folder}/*/aws-logs-write-test")];
    may.extend(
        GROUPS
            .iter()
            .filter(|(group, _)| *group != "data-plane")
            .map(|(group, _)| format!("{folder}/{group}/*")),
    );
    *resource = json!(may);
    let put = s3.put_bucket_policy().bucket(&one.bucket);
    let put = put.policy(other.to_string()).send().await;
    put.expect("another policy");
    one.goes_to_before(0.0).await;
    one.skip(540.0).await;
    assert_eq!(one.ended(), ["FAILED NotExported"]);
    let cause = one.executions()[0]["cause"].clone();
    let cause = cause.as_str().expect("a cause");
    let expected = format!("{}: data-plane: FAILED: ", one.date().0);
    assert!(cause.starts_with(&expected), "{cause}");
    let tasks = one.tasks().await;
    let failed = tasks.iter().filter(|task| {
        let code = task.status().and_then(|status| status.code());
        code.is_some_and(|code| code.as_str() == "FAILED")
    });
    assert_eq!(failed.count(), 3, "it is tried three times");
    assert_eq!(one.copies("data-plane").await, 0);
    assert_eq!(one.archive().await.len(), GROUPS.len() - 1);
    assert_eq!(one.alarm().await, "ALARM");

    // The next plan knows why; then the day is asked for by hand.
    let plan = one.run(&["plan", "--detailed-exitcode"], 2);
    assert_eq!(
        crate::support::planned(&plan.stdout),
        [format!("update {BUCKET}")]
    );
    assert!(plan.stdout.contains("bucket_policy.Archive"));
    one.apply();
    one.start().await;
    one.skip(3600.0).await;
    assert_eq!(one.copies("data-plane").await, 1);
    assert_eq!(one.alarm().await, "OK");
}

#[tokio::test]
async fn a_night_without_a_bucket_policy_fails_for_each_group() {
    let one = Archived::applied().await;
    let gone = one.s3().delete_bucket_policy().bucket(&one.bucket);
    gone.send().await.expect("without a policy");
    one.night().await;
    assert_eq!(one.ended(), ["FAILED NotExported"]);
    let cause = one.executions()[0]["cause"].to_string();
    for (group, _) in GROUPS {
        let why = format!("{group}: CloudWatchLogs.InvalidParameterException: GetBucketAcl call");
        assert!(cause.contains(&why), "no {why:?} in {cause}");
    }
}

#[tokio::test]
async fn calls_that_are_throttled_are_made_again() {
    let one = Archived::applied().await;
    for operation in [
        "CreateExportTask",
        "DescribeExportTasks",
        "DescribeLogGroups",
    ] {
        one.world.order("faults", &json!({"service": "machine:logs", "operation": operation, "kind": "throttle", "times": 3}));
    }
    one.night().await;
    assert_eq!(one.ended(), [format!("SUCCEEDED {}", one.date().0)]);
    assert_eq!(one.archive().await.len(), GROUPS.len());
}

/// A rule whose role may not start the machine any more: no execution fails, for there is none.
#[tokio::test]
async fn a_night_that_cannot_begin_rings_too() {
    let one = Archived::applied().await;
    let iam = aws_sdk_iam::Client::new(&one.config);
    let role = "archived-eu-west-1-archive-starter";
    let gone = iam.delete_role_policy().role_name(role);
    let gone = gone.policy_name("log-archive-starter-policy").send().await;
    gone.expect("without a policy");
    one.goes_to_before(0.0).await;
    one.skip(120.0).await;
    assert_eq!(one.ended(), [""; 0]);
    assert_eq!(one.alarm().await, "ALARM");
}
