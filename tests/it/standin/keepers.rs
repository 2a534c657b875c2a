//! Roles, secrets and log groups: what they refuse.

use super::stage::{Stage, answers, code};

#[tokio::test]
async fn a_trust_policy_must_make_sense_and_a_name_is_one_whatever_its_case() {
    let stage = Stage::new();
    let iam = aws_sdk_iam::Client::new(stage.config());
    let role = |name: &str, trust: &str| {
        let role = iam.create_role().role_name(name);
        role.assume_role_policy_document(trust).send()
    };
    let trust = |service: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{{"Service":"{service}"}}}}]}}"#
        )
    };
    let ecs = trust("ecs-tasks.amazonaws.com");
    answers! {
        "no JSON" => code(role("x", "{").await), "MalformedPolicyDocument";
        "no principal" => code(role("x", &ecs.replace("Principal", "Resource")).await), "MalformedPolicyDocument";
        "no such service" => code(role("x", &trust("nonsense")).await), "MalformedPolicyDocument";
        "good" => code(role("Kong", &ecs).await), "accepted";
        "taken" => code(role("kong", &ecs).await), "EntityAlreadyExists";
    }
}

#[tokio::test]
async fn a_name_that_waits_for_its_deletion_cannot_be_used() {
    let stage = Stage::new();
    let secrets = aws_sdk_secretsmanager::Client::new(stage.config());
    let make = || {
        secrets
            .create_secret()
            .name("key")
            .secret_string("x")
            .send()
    };
    let read = || secrets.get_secret_value().secret_id("key").send();
    let delete = secrets
        .delete_secret()
        .secret_id("key")
        .recovery_window_in_days(7);
    answers! {
        "made" => code(make().await), "accepted";
        "twice" => code(make().await), "ResourceExistsException";
        "marked" => code(delete.send().await), "accepted";
        "the name" => code(make().await), "InvalidRequestException";
        "the value" => code(read().await), "InvalidRequestException";
        "restored" => code(secrets.restore_secret().secret_id("key").send().await), "accepted";
        "the value" => code(read().await), "accepted";
    }
}

#[tokio::test]
async fn a_stage_that_moves_takes_the_value_with_it() {
    let stage = Stage::new();
    let secrets = aws_sdk_secretsmanager::Client::new(stage.config());
    let made = secrets.create_secret().name("key").secret_string("old");
    let old = made.send().await.expect("a secret").version_id;
    let put = secrets.put_secret_value().secret_id("key");
    let put = put.secret_string("new").version_stages("AWSPENDING");
    let new = put.send().await.expect("a version").version_id;
    let current = || async {
        let read = secrets.get_secret_value().secret_id("key").send().await;
        read.expect("a value").secret_string.expect("a text")
    };
    assert_eq!(current().await, "old");
    let moved = secrets.update_secret_version_stage().secret_id("key");
    let moved = moved
        .version_stage("AWSCURRENT")
        .set_remove_from_version_id(old);
    let _ = moved
        .set_move_to_version_id(new)
        .send()
        .await
        .expect("moved");
    assert_eq!(current().await, "new");
}

#[tokio::test]
async fn logs_are_kept_for_the_times_there_are() {
    let stage = Stage::new();
    let logs = aws_sdk_cloudwatchlogs::Client::new(stage.config());
    let make = || logs.create_log_group().log_group_name("/kong").send();
    let keep = |days| {
        logs.put_retention_policy()
            .log_group_name("/kong")
            .retention_in_days(days)
            .send()
    };
    answers! {
        "made" => code(make().await), "accepted";
        "twice" => code(make().await), "ResourceAlreadyExistsException";
        "31 days" => code(keep(31).await), "InvalidParameterException";
        "30 days" => code(keep(30).await), "accepted";
    }
}

#[tokio::test]
async fn a_protected_log_group_stays() {
    let stage = Stage::new();
    let logs = aws_sdk_cloudwatchlogs::Client::new(stage.config());
    let made = logs.create_log_group().log_group_name("/kong");
    let made = made.deletion_protection_enabled(true).send().await;
    made.expect("a group");
    let seen = logs.describe_log_groups().send().await.expect("groups");
    assert_eq!(seen.log_groups()[0].deletion_protection_enabled, Some(true));
    let remove = || logs.delete_log_group().log_group_name("/kong").send();
    let protect = |group: &'static str, on| {
        logs.put_log_group_deletion_protection()
            .log_group_identifier(group)
            .deletion_protection_enabled(on)
            .send()
    };
    answers! {
        "protected" => code(remove().await), "ValidationException";
        "another group" => code(protect("/gong", false).await), "ResourceNotFoundException";
        "let go" => code(protect("/kong", false).await), "accepted";
        "unprotected" => code(remove().await), "accepted";
    }
}
