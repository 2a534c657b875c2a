//! The life of a key: with the stack, longer than it, half made, and given up.

use aws_sdk_kms::types::{KeyState, Tag};
use serde_json::json;

use super::{ALIAS, KEY, LEAVE, Locked, PLAIN, with};
use crate::support::{left, planned};

#[tokio::test]
async fn a_whole_stack_lives_and_dies_with_a_key_of_its_own() {
    let one = Locked::new(&with("create"));
    let _ = one.world.run(&["apply", "--auto-approve"]).exits(0);
    one.world.expect_converged(&[]);
    let key = one.key(ALIAS).await;
    let arn = key.arn().expect("an ARN").to_owned();
    assert_eq!(one.used().await, [Some(arn.clone())]);
    assert_eq!(one.database().await, (arn.clone(), arn.clone()));

    one.world.forget_calls();
    let destroy = ["destroy", "--auto-approve"];
    let said = one.world.run(&destroy).exits(0).all();
    for part in [
        &format!("the KMS key {}, deleted after 30 days", key.key_id())[..],
        "at no charge until then",
        "aws kms cancel-key-deletion",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert_eq!(left(&one.config, "locked").await, [""; 0]);
    assert_eq!(one.state(&arn).await, KeyState::PendingDeletion);
    // It is gone as far as the stack is concerned.
    one.world.forget_calls();
    let _ = one.world.run(&destroy).exits(0);
    assert_eq!(one.world.mutating(), [""; 0]);

    // And comes back with it: the admin key that is restored can be read with no other.
    let plan = one.run(&["plan"], 0).all();
    assert!(
        plan.contains("is scheduled for deletion; it is taken back"),
        "{plan}"
    );
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
    assert_eq!(one.key(ALIAS).await.arn(), Some(arn.as_str()));
    assert_eq!(one.used().await, [Some(arn)]);
    let value = one
        .secrets()
        .get_secret_value()
        .secret_id("kongstack/locked/admin-key");
    value.send().await.expect("the admin key");
}

#[tokio::test]
async fn a_key_outlives_the_last_snapshot() {
    let spec = with("create").replace("final_snapshot: false", "final_snapshot: true");
    let one = Locked::applied(&spec);
    let key = one.key(ALIAS).await;
    let said = one.world.run(&["destroy", "--auto-approve"]).exits(0).all();
    for part in [
        &format!(
            "the KMS key {}, without which nobody can restore the DB cluster snapshot locked-db-final-",
            key.key_id()
        )[..],
        "1 USD a month",
        "aws kms schedule-key-deletion",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert_eq!(left(&one.config, "locked").await, [""; 0]);
    assert_eq!(one.state(ALIAS).await, KeyState::Enabled);
    one.world.forget_calls();
    let _ = one.world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(one.world.mutating(), [""; 0]);
    let plan = one.run(&["plan"], 0).all();
    assert!(
        plan.contains("was kept for the snapshots of an earlier stack"),
        "{plan}"
    );
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
    assert_eq!(one.key(ALIAS).await.key_id(), key.key_id());
}

#[tokio::test]
async fn a_half_made_key_is_finished() {
    let one = Locked::new(&with("create"));
    let tag = |key: &str, value: &str| {
        Tag::builder()
            .tag_key(key)
            .tag_value(value)
            .build()
            .expect("a tag")
    };
    let made = one.kms().create_key();
    let made = made
        .tags(tag("kongstack:stack", "locked"))
        .tags(tag("kongstack:address", KEY))
        .send()
        .await;
    let id = made.expect("a key").key_metadata.expect("a key").key_id;
    // Whether the tagging API knows of it or not.
    let late = json!({"service": "tagging", "seconds": 3600});
    one.world.order("stale", &late);
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.world.place().withdraw("stale");
    one.is_settled();
    assert_eq!(one.key(ALIAS).await.key_id(), id);
    let keys = one.kms().list_aliases().send().await.expect("aliases");
    let ours = keys
        .aliases()
        .iter()
        .filter(|it| it.alias_name() == Some(ALIAS));
    assert_eq!(ours.count(), 1);
}

#[tokio::test]
async fn a_stack_gets_a_key_and_gives_it_up_again() {
    let one = Locked::applied(PLAIN);
    assert_eq!(one.used().await, [None]);
    let aws = one.database().await;
    one.write(&with("create"));
    let plan = one.run(&["plan"], 1);
    let changes = planned(&plan.stdout);
    for expected in [
        "create encryption/key",
        "update secrets/admin-key",
        "update secrets/cluster-certificate",
        "update logs/database",
        "update logs/data-plane",
        "replace database/cluster",
    ] {
        assert!(
            changes.contains(&expected.to_owned()),
            "no {expected} in {changes:?}"
        );
    }
    let said = plan.all();
    assert!(
        said.contains("a cluster keeps the key that its storage was encrypted with"),
        "{said}"
    );
    assert!(
        said.contains("--allow-data-loss database/cluster"),
        "{said}"
    );
    let versions = || async {
        let call = one.secrets().describe_secret();
        let secret = call.secret_id("kongstack/locked/admin-key").send().await;
        secret.expect("a secret").version_ids_to_stages
    };
    let before = versions().await;
    let _ = one.run(&[&["apply", "--auto-approve"][..], &LEAVE[..2]].concat(), 0);
    one.is_settled();
    let arn = one.key(ALIAS).await.arn.expect("an ARN");
    assert_eq!(one.used().await, [Some(arn.clone())]);
    assert_eq!(one.database().await, (arn.clone(), arn.clone()));
    // What they hold is what it was.
    assert_eq!(versions().await, before);

    one.write(PLAIN);
    let with_key = ["--target", KEY];
    let refused = one.run(&[&["plan"][..], &with_key].concat(), 1).all();
    for address in ["database/cluster", KEY] {
        let leave = format!("--allow-data-loss {address}");
        assert!(refused.contains(&leave), "no {leave} in {refused}");
    }
    let apply = [&["apply", "--auto-approve"][..], &with_key, &LEAVE].concat();
    let said = one.run(&apply, 0).all();
    assert!(said.contains("deleted after 30 days"), "{said}");
    one.is_settled();
    assert_eq!(one.used().await, [None]);
    assert_eq!(one.database().await, aws);
    assert_eq!(one.state(&arn).await, KeyState::PendingDeletion);
}

#[tokio::test]
async fn what_was_left_under_a_key_is_brought_back_with_it() {
    let one = Locked::applied(&with("create"));
    let id = one.key(ALIAS).await.key_id().to_owned();
    let _ = one.world.run(&["destroy", "--auto-approve"]).exits(0);
    // Without a key in the spec the old one stays where it is, and so does what is encrypted with it.
    one.write(PLAIN);
    let apply = ["apply", "--auto-approve"];
    let said = one.run(&apply, 4).all();
    for part in [
        "kongstack/locked/admin-key holds is encrypted with the KMS key",
        "aws kms cancel-key-deletion",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    let call = one.kms().cancel_key_deletion().key_id(&id);
    call.send().await.expect("cancelled");
    let call = one.kms().enable_key().key_id(&id);
    call.send().await.expect("enabled");
    // The key is the stack's again, and nothing uses it once the secret has let go.
    let whole = [&apply[..], &["--target", KEY, "--allow-data-loss", KEY]].concat();
    let _ = one.run(&whole, 0);
    one.is_settled();
    assert_eq!(one.used().await, [None]);
    assert_eq!(one.state(&id).await, KeyState::PendingDeletion);
}
