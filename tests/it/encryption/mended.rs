//! Keys that somebody else has a hand in: changed, disabled, given, or in the way.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::DateTime;
use aws_sdk_kms::types::{KeyState, Tag};
use serde_json::json;

use super::{ALIAS, Locked, PLAIN, REGION, with};
use crate::support::left;

#[tokio::test]
async fn what_is_changed_by_hand_is_repaired() {
    let one = Locked::applied(&with("create"));
    one.is_settled();
    let (kms, id) = (one.kms(), one.key(ALIAS).await.key_id().to_owned());
    let root = format!("arn:aws:iam::{}:root", one.world.account);
    let policy = json!({"Statement": [{"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}]});
    let call = kms.put_key_policy().key_id(&id).policy(policy.to_string());
    call.send().await.expect("another policy");
    let call = kms.disable_key_rotation().key_id(&id);
    call.send().await.expect("without rotation");
    let call = kms.update_key_description().key_id(&id).description("mine");
    call.send().await.expect("another description");
    let call = kms.delete_alias().alias_name(ALIAS);
    call.send().await.expect("without its alias");
    let call = kms.create_alias().alias_name("alias/mine");
    call.target_key_id(&id).send().await.expect("another alias");
    let tag = Tag::builder().tag_key("mine").tag_value("1").build();
    let call = kms.tag_resource().key_id(&id).tags(tag.expect("a tag"));
    call.send().await.expect("another tag");
    let call = kms.untag_resource().key_id(&id).tag_keys("Name");
    call.send().await.expect("without a name");
    let call = one.logs().disassociate_kms_key();
    let call = call.log_group_name("/kongstack/locked/data-plane");
    call.send().await.expect("without a key");
    let call = one.secrets().update_secret().kms_key_id("");
    let call = call.secret_id("kongstack/locked/admin-key");
    call.send().await.expect("AWS's own key");

    let plan = one.plans(&[
        "update encryption/key",
        "update secrets/admin-key",
        "update logs/data-plane",
    ]);
    for field in [
        "description",
        "key_rotation_enabled",
        "key_policy.Logs",
        "aliases",
        "tags.Name",
        "tags.mine",
        "kms_key_id",
    ] {
        assert!(plan.stdout.contains(field), "no {field} in {}", plan.stdout);
    }
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
    assert_eq!(one.key(ALIAS).await.key_id(), id);
    assert_eq!(one.used().await.len(), 1);
}

/// Schedules the key's deletion by hand, as soon as it can be had; says when that is.
async fn scheduled(kms: &Client, id: &str) -> DateTime {
    let call = kms.schedule_key_deletion().key_id(id);
    let done = call.pending_window_in_days(7).send().await;
    done.expect("scheduled").deletion_date.expect("a date")
}

#[tokio::test]
async fn a_key_that_nobody_can_use_is_explained_and_mended() {
    let one = Locked::applied(&with("create"));
    let (kms, id) = (one.kms(), one.key(ALIAS).await.key_id().to_owned());
    kms.disable_key()
        .key_id(&id)
        .send()
        .await
        .expect("disabled");
    let said = one.plans(&["update encryption/key"]).all();
    for part in [
        "is disabled: no task starts",
        "database stops within hours",
        "`apply` enables it again",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
    assert_eq!(one.state(&id).await, KeyState::Enabled);

    scheduled(&kms, &id).await;
    let said = one.plans(&["update encryption/key"]).all();
    for part in [
        "scheduled for deletion on 2",
        "`apply` cancels its deletion",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
    assert_eq!(one.state(&id).await, KeyState::Enabled);

    // One that was scheduled by hand goes with the stack, and in the longest time there is.
    let soon = scheduled(&kms, &id).await;
    let said = one.world.run(&["destroy", "--auto-approve"]).exits(0).all();
    assert!(said.contains("deleted after 30 days"), "{said}");
    let late = one.key(&id).await.deletion_date.expect("a date");
    assert!(late.secs() > soon.secs() + 20 * 86400);
    assert_eq!(left(&one.config, "locked").await, [""; 0]);
}

#[tokio::test]
async fn a_key_of_somebodys_is_used_and_left_as_it_is() {
    let one = Locked::new(PLAIN);
    let logs = format!("logs.{REGION}.amazonaws.com");
    let (open, closed) = (one.somebodys(Some(&logs)).await, one.somebodys(None).await);
    let nowhere = format!(
        "arn:aws:kms:{REGION}:{}:key/0a1b2c3d-0000-1111-2222-333344445555",
        one.world.account
    );
    for (arn, parts) in [
        (&nowhere, ["there is no KMS key", "encryption.kms_key"]),
        (
            &closed,
            [
                "does not let CloudWatch Logs use it",
                "kms:EncryptionContext:aws:logs:arn",
            ],
        ),
    ] {
        one.write(&with(arn));
        let said = one.run(&["plan"], 1).all();
        for part in parts {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
    }
    one.write(&with(&open));
    one.kms()
        .disable_key()
        .key_id(&open)
        .send()
        .await
        .expect("disabled");
    let said = one.run(&["plan"], 1).all();
    assert!(said.contains("aws kms enable-key"), "{said}");
    one.kms()
        .enable_key()
        .key_id(&open)
        .send()
        .await
        .expect("enabled");
    one.world.forget_calls();
    let _ = one.run(&["apply", "--auto-approve"], 0);
    assert!(
        !one.world
            .mutating()
            .iter()
            .any(|call| call.starts_with("kms:"))
    );
    one.is_settled();
    assert_eq!(one.used().await, [Some(open.clone())]);
    assert_eq!(one.database().await, (open.clone(), open.clone()));
    one.world.forget_calls();
    let said = one.world.run(&["destroy", "--auto-approve"]).exits(0).all();
    assert!(!said.contains("KMS key"), "{said}");
    assert!(
        !one.world
            .mutating()
            .iter()
            .any(|call| call.starts_with("kms:"))
    );
    assert_eq!(one.state(&open).await, KeyState::Enabled);
}

#[tokio::test]
async fn a_refusal_of_cloudwatch_logs_says_what_the_policy_lacks() {
    let one = Locked::new(PLAIN);
    // It names Logs, of another region: only AWS can tell that this is not enough.
    let key = one.somebodys(Some("logs.us-east-1.amazonaws.com")).await;
    one.write(&with(&key));
    let said = one.run(&["apply", "--auto-approve"], 4).all();
    for part in [
        "is not allowed to be used with Arn",
        "logs.eu-west-1.amazonaws.com",
        "kms:GenerateDataKey*",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
}

#[tokio::test]
async fn an_alias_of_somebodys_is_left_alone() {
    let one = Locked::new(&with("create"));
    let theirs = one.somebodys(None).await;
    let call = one.kms().create_alias().alias_name(ALIAS);
    call.target_key_id(&theirs).send().await.expect("an alias");
    let said = one.run(&["apply", "--auto-approve"], 1).all();
    for part in [ALIAS, "does not belong to this stack", "`names`"] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert_eq!(
        one.world.mutating(),
        ["kms:CreateKey", "kms:CreateAlias"],
        "the test's own"
    );
    one.write(&format!(
        "{}names: {{encryption_key: ours}}\n",
        with("create")
    ));
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
    // Taken away from a key that is there, it is not taken back either.
    let call = one.kms().update_alias().alias_name("alias/ours");
    call.target_key_id(&theirs).send().await.expect("an alias");
    let said = one.run(&["plan"], 1).all();
    assert!(
        said.contains("its alias alias/ours now is the KMS key"),
        "{said}"
    );
    one.write(&format!(
        "{}names: {{encryption_key: ours-too}}\n",
        with("create")
    ));
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
}
