//! A stack under a KMS key: its own or somebody's, mended, outlived by what it has encrypted, and changed.

use aws_config::SdkConfig;
use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};
use serde_json::{Value, json};

use crate::support::{Output, World, left, planned};

const REGION: &str = "eu-west-1";
const KEY: &str = "encryption/key";
const ALIAS: &str = "alias/kongstack/locked";
/// All that has a key, and nothing that takes minutes; a cluster without instances does not.
const ONLY: [&str; 14] = [
    "--target",
    "secrets/admin-key",
    "--target",
    "secrets/cluster-certificate",
    "--target",
    "logs/control-plane",
    "--target",
    "logs/data-plane",
    "--target",
    "logs/migrations",
    "--target",
    "logs/database",
    "--target",
    "database/cluster",
];
const LEAVE: [&str; 4] = [
    "--allow-data-loss",
    "database/cluster",
    "--allow-data-loss",
    KEY,
];
const PLAIN: &str = "\
name: locked
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
data_plane: {scaling: {min: 1, max: 1}}
";

fn with(key: &str) -> String {
    format!("{PLAIN}encryption: {{kms_key: '{key}'}}\n")
}

struct Locked {
    world: World,
    config: SdkConfig,
}

impl Locked {
    fn new(spec: &str) -> Self {
        let world = World::new();
        world.write("kongstack.yaml", spec);
        let config = world.aws(REGION);
        Self { world, config }
    }

    fn applied(spec: &str) -> Self {
        let one = Self::new(spec);
        let _ = one.run(&["apply", "--auto-approve"], 0);
        one
    }

    fn write(&self, spec: &str) {
        self.world.write("kongstack.yaml", spec);
    }

    /// Runs a command for what has a key, and the key itself where there is one.
    #[track_caller]
    fn run(&self, command: &[&str], code: i32) -> Output {
        self.world.run(&[command, &ONLY].concat()).exits(code)
    }

    #[track_caller]
    fn is_settled(&self) {
        self.world.expect_converged(&ONLY);
    }

    #[track_caller]
    fn plans(&self, expected: &[&str]) -> Output {
        let plan = self.run(&["plan"], 0);
        assert_eq!(planned(&plan.stdout), expected, "{}", plan.stdout);
        plan
    }

    fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config)
    }

    fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config)
    }

    fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }

    async fn key(&self, id: &str) -> KeyMetadata {
        let answer = self.kms().describe_key().key_id(id).send().await;
        answer.expect("a key").key_metadata.expect("a key")
    }

    async fn state(&self, id: &str) -> KeyState {
        self.key(id).await.key_state.expect("a state")
    }

    /// The keys of all that can have one, each once.
    async fn used(&self) -> Vec<Option<String>> {
        let groups = self.logs().describe_log_groups().send().await;
        let groups = groups.expect("groups").log_groups.unwrap_or_default();
        let mut all: Vec<_> = groups.into_iter().map(|one| one.kms_key_id).collect();
        for name in ["admin-key", "cluster-certificate"] {
            let call = self.secrets().describe_secret();
            let secret = call.secret_id(format!("kongstack/locked/{name}")).send();
            all.push(secret.await.expect("a secret").kms_key_id);
        }
        all.sort();
        all.dedup();
        all
    }

    /// The keys of the database's storage and of its password.
    async fn database(&self) -> (String, String) {
        let rds = aws_sdk_rds::Client::new(&self.config);
        let clusters = rds.describe_db_clusters().send().await.expect("clusters");
        let cluster = &clusters.db_clusters()[0];
        let secret = cluster.master_user_secret().and_then(|it| it.kms_key_id());
        let storage = cluster.kms_key_id().unwrap_or_default().to_owned();
        (storage, secret.unwrap_or_default().to_owned())
    }

    /// Somebody's key, with whom its policy lets in beside the account.
    async fn somebodys(&self, service: Option<&str>) -> String {
        let root = format!("arn:aws:iam::{}:root", self.world.account);
        let allow = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"});
        let mut statements = vec![allow(json!({"AWS": root}))];
        statements.extend(service.map(|name| allow(json!({"Service": name}))));
        let policy = json!({"Statement": statements}).to_string();
        let made = self.kms().create_key().policy(policy).send().await;
        made.expect("a key")
            .key_metadata
            .and_then(|key| key.arn)
            .expect("an ARN")
    }
}

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

    let call = kms
        .schedule_key_deletion()
        .key_id(&id)
        .pending_window_in_days(7);
    call.send().await.expect("scheduled");
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
    let call = kms
        .schedule_key_deletion()
        .key_id(&id)
        .pending_window_in_days(7);
    let soon = call
        .send()
        .await
        .expect("scheduled")
        .deletion_date
        .expect("a date");
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
