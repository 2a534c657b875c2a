//! Keys, and what is encrypted with them.

use aws_sdk_kms::types::{KeyState, Tag};
use serde_json::json;

use super::stage::{Stage, answers, code};

struct Keys {
    stage: Stage,
    kms: aws_sdk_kms::Client,
}

impl Keys {
    fn new() -> Self {
        let stage = Stage::new();
        let kms = aws_sdk_kms::Client::new(stage.config());
        Self { stage, kms }
    }

    fn root(&self) -> serde_json::Value {
        let root = format!("arn:aws:iam::{}:root", self.stage.account());
        json!({"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"})
    }

    /// Lets CloudWatch Logs use a key for the groups that a pattern names.
    fn open(&self, groups: &str) -> String {
        let groups = format!(
            "arn:aws:logs:eu-west-1:{}:log-group:{groups}",
            self.stage.account()
        );
        let logs = json!({
            "Effect": "Allow", "Principal": {"Service": "logs.eu-west-1.amazonaws.com"}, "Resource": "*",
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": [groups]}},
        });
        json!({"Statement": [self.root(), logs]}).to_string()
    }

    /// A new key's ARN.
    async fn make(&self, policy: Option<String>) -> String {
        let tag = Tag::builder().tag_key("team").tag_value("blue").build();
        let call = self.kms.create_key().set_policy(policy);
        let made = call.tags(tag.expect("a tag")).send().await.expect("a key");
        let made = made.key_metadata.expect("a key");
        made.arn.expect("an ARN")
    }

    async fn state(&self, id: &str) -> Option<KeyState> {
        let answer = self.kms.describe_key().key_id(id).send().await.ok()?;
        answer.key_metadata.and_then(|key| key.key_state)
    }

    async fn rotates(&self, id: &str) -> bool {
        let answer = self.kms.get_key_rotation_status().key_id(id).send().await;
        answer.expect("a status").key_rotation_enabled
    }

    async fn listed(&self) -> usize {
        let tagging = aws_sdk_resourcegroupstagging::Client::new(self.stage.config());
        let answer = tagging.get_resources().send().await.expect("a list");
        let all = answer.resource_tag_mapping_list().iter();
        let arns = all.filter_map(|one| one.resource_arn());
        arns.filter(|arn| arn.contains(":kms:")).count()
    }
}

#[tokio::test]
async fn a_key_that_waits_for_its_deletion_takes_nothing_but_its_return() {
    let keys = Keys::new();
    let (kms, key) = (&keys.kms, keys.make(None).await);
    let named = kms
        .create_alias()
        .alias_name("alias/ours")
        .target_key_id(&key);
    named.send().await.expect("an alias");
    let rotate = || kms.enable_key_rotation().key_id(&key).send();
    rotate().await.expect("rotating");
    assert_eq!(keys.listed().await, 1);
    let schedule = |days: i32| {
        kms.schedule_key_deletion()
            .key_id(&key)
            .pending_window_in_days(days)
            .send()
    };
    answers! {
        "too soon" => code(schedule(6).await), "ValidationException";
        "what is not scheduled" => code(kms.cancel_key_deletion().key_id(&key).send().await), "KMSInvalidStateException";
        "a week" => code(schedule(7).await), "accepted";
        "twice" => code(schedule(7).await), "KMSInvalidStateException";
    };
    assert_eq!(
        keys.state("alias/ours").await,
        Some(KeyState::PendingDeletion)
    );
    assert!(!keys.rotates(&key).await);
    assert_eq!(keys.listed().await, 0);
    let tag = Tag::builder()
        .tag_key("a")
        .tag_value("b")
        .build()
        .expect("a tag");
    answers! {
        "enabled" => code(kms.enable_key().key_id(&key).send().await), "KMSInvalidStateException";
        "tagged" => code(kms.tag_resource().key_id(&key).tags(tag).send().await), "KMSInvalidStateException";
        "named" => code(kms.create_alias().alias_name("alias/more").target_key_id(&key).send().await), "KMSInvalidStateException";
        "rotated" => code(rotate().await), "KMSInvalidStateException";
        "read" => code(kms.list_resource_tags().key_id(&key).send().await), "accepted";
        "given a policy" => code(kms.put_key_policy().key_id(&key).policy(keys.open("*")).send().await), "accepted";
        "taken back" => code(kms.cancel_key_deletion().key_id(&key).send().await), "accepted";
    };
    assert_eq!(keys.state(&key).await, Some(KeyState::Disabled));
    answers! {
        "rotated while disabled" => code(rotate().await), "DisabledException";
        "enabled" => code(kms.enable_key().key_id(&key).send().await), "accepted";
    };
    // What was rotated before rotates again.
    assert!(keys.rotates(&key).await);
    assert_eq!(code(schedule(7).await), "accepted");
    keys.stage.skip(8 * 86400);
    assert_eq!(keys.state(&key).await, None);
    assert_eq!(keys.state("alias/ours").await, None);
}

#[tokio::test]
async fn a_policy_leaves_somebody_who_can_change_it() {
    let keys = Keys::new();
    let key = keys.make(None).await;
    let put = |policy: String| keys.kms.put_key_policy().key_id(&key).policy(policy).send();
    let locked = json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
        "Action": "kms:*", "Resource": "*"}]});
    let whose = json!({"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]});
    answers! {
        "no JSON" => code(put("no".to_owned()).await), "MalformedPolicyDocumentException";
        "about nobody" => code(put(whose.to_string()).await), "MalformedPolicyDocumentException";
        "locked" => code(put(locked.to_string()).await), "MalformedPolicyDocumentException";
        "the account's" => code(put(json!({"Statement": [keys.root()]}).to_string()).await), "accepted";
        "an alias twice, once" => code(keys.kms.create_alias().alias_name("alias/ours").target_key_id(&key).send().await), "accepted";
        "and once more" => code(keys.kms.create_alias().alias_name("alias/ours").target_key_id(&key).send().await), "AlreadyExistsException";
    };
}

#[tokio::test]
async fn log_groups_take_a_key_that_lets_cloudwatch_logs_in() {
    let keys = Keys::new();
    let logs = aws_sdk_cloudwatchlogs::Client::new(keys.stage.config());
    let (closed, open) = (
        keys.make(None).await,
        keys.make(Some(keys.open("/ours/*"))).await,
    );
    let make = |name: &str, key: &str| {
        logs.create_log_group()
            .log_group_name(name)
            .kms_key_id(key)
            .send()
    };
    let associate = |key: &str| {
        logs.associate_kms_key()
            .log_group_name("/ours/a")
            .kms_key_id(key)
            .send()
    };
    let nowhere = open.replace(|one: char| one.is_ascii_digit(), "0");
    answers! {
        "a key that is not there" => code(make("/ours/a", &nowhere).await), "InvalidParameterException";
        "a closed one" => code(make("/ours/a", &closed).await), "AccessDeniedException";
        "for another group" => code(make("/theirs/a", &open).await), "AccessDeniedException";
        "an open one" => code(make("/ours/a", &open).await), "accepted";
        "changed to a closed one" => code(associate(&closed).await), "AccessDeniedException";
        "of a group that is not there" => code(logs.associate_kms_key().log_group_name("/ours/b").kms_key_id(&open).send().await), "ResourceNotFoundException";
    };
    let key = || async {
        let answer = logs.describe_log_groups().send().await.expect("groups");
        answer.log_groups()[0].kms_key_id().map(str::to_owned)
    };
    assert_eq!(key().await, Some(open.clone()));
    let gone = logs.disassociate_kms_key().log_group_name("/ours/a");
    gone.send().await.expect("without a key");
    assert_eq!(key().await, None);
    keys.kms
        .disable_key()
        .key_id(&open)
        .send()
        .await
        .expect("disabled");
    assert_eq!(code(associate(&open).await), "InvalidParameterException");
}

#[tokio::test]
async fn secrets_are_read_with_the_key_that_they_were_written_with() {
    let keys = Keys::new();
    let secrets = aws_sdk_secretsmanager::Client::new(keys.stage.config());
    let (one, two) = (keys.make(None).await, keys.make(None).await);
    let make = |key: &str| {
        secrets
            .create_secret()
            .name("ours")
            .secret_string("x")
            .kms_key_id(key)
            .send()
    };
    let read = || secrets.get_secret_value().secret_id("ours").send();
    let change = |key: &str| {
        secrets
            .update_secret()
            .secret_id("ours")
            .kms_key_id(key)
            .send()
    };
    let nowhere = one.replace(|one: char| one.is_ascii_digit(), "0");
    answers! {
        "a key that is not there" => code(make(&nowhere).await), "EncryptionFailure";
        "one that is" => code(make(&one).await), "accepted";
        "another" => code(change(&two).await), "accepted";
    };
    let told = || async {
        let secret = secrets.describe_secret().secret_id("ours").send().await;
        let secret = secret.expect("a secret");
        (
            secret.kms_key_id,
            secret.version_ids_to_stages.unwrap_or_default().len(),
        )
    };
    assert_eq!(told().await, (Some(two.clone()), 1));
    let off = keys.kms.disable_key().key_id(&two);
    off.send().await.expect("disabled");
    answers! {
        "read without it" => code(read().await), "DecryptionFailure";
        "changed without it" => code(change(&one).await), "DecryptionFailure";
    };
    let on = keys.kms.enable_key().key_id(&two);
    on.send().await.expect("enabled");
    answers! {
        "back to AWS's own" => code(change("").await), "accepted";
        "read" => code(read().await), "accepted";
    };
    assert_eq!(told().await, (None, 1));
}

#[tokio::test]
async fn databases_take_a_key_that_is_enabled_and_give_it_to_their_snapshots() {
    let keys = Keys::new();
    let stage = &keys.stage;
    let network = stage.network().await;
    let group = stage.rds().create_db_subnet_group();
    let group = group
        .db_subnet_group_name("ours")
        .db_subnet_group_description("ours");
    let group = group.set_subnet_ids(Some(network.subnets.clone()));
    group.send().await.expect("a subnet group");
    let (good, off) = (keys.make(None).await, keys.make(None).await);
    keys.kms
        .disable_key()
        .key_id(&off)
        .send()
        .await
        .expect("disabled");
    let make = |name: &str, key: Option<&str>| {
        let call = stage.rds().create_db_cluster().db_cluster_identifier(name);
        call.engine("aurora-postgresql")
            .engine_version("16.6")
            .master_username("kong")
            .manage_master_user_password(true)
            .db_subnet_group_name("ours")
            .storage_encrypted(true)
            .set_kms_key_id(key.map(str::to_owned))
            .set_master_user_secret_kms_key_id(key.map(str::to_owned))
            .send()
    };
    answers! {
        "a disabled one" => code(make("ours", Some(&off)).await), "KMSKeyNotAccessibleFault";
        "an enabled one" => code(make("ours", Some(&good)).await), "accepted";
        "AWS's own" => code(make("plain", None).await), "accepted";
    };
    let key = |name: &'static str| async move {
        let call = stage
            .rds()
            .describe_db_clusters()
            .db_cluster_identifier(name);
        let found = call.send().await.expect("a cluster");
        let cluster = &found.db_clusters()[0];
        let secret = cluster.master_user_secret().and_then(|it| it.kms_key_id());
        (
            cluster.kms_key_id().unwrap_or_default().to_owned(),
            secret.unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(key("ours").await, (good.clone(), good.clone()));
    let (storage, password) = key("plain").await;
    assert!(storage.starts_with("arn:aws:kms:eu-west-1:") && storage != password);
    stage.skip(60);
    let call = stage
        .rds()
        .create_db_cluster_snapshot()
        .db_cluster_identifier("ours");
    let taken = call.db_cluster_snapshot_identifier("last").send().await;
    let taken = taken.expect("a snapshot").db_cluster_snapshot.expect("one");
    assert_eq!(taken.kms_key_id(), Some(good.as_str()));
}
