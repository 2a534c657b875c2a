//! A stack under a KMS key: its own or somebody's, mended, outlived by what it has encrypted, and changed.

mod life;
mod mended;

use aws_config::SdkConfig;
use aws_sdk_kms::types::{KeyMetadata, KeyState};
use serde_json::{Value, json};

use crate::support::{Output, World, planned};

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
