//! One stack that has been applied, a branch of its world for each test, and what `verify` says of it there.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::support::{Edge, Output, World, account};

pub(super) const REGION: &str = "eu-west-1";
pub(super) const DOMAIN: &str = "gw.example.com";

/// What was applied.
struct Applied {
    world: World,
    zone: String,
    certificate: String,
    other_certificate: String,
    key: String,
}

/// A branch in which the stack stands. The control plane has a public address, so that there is a way to be barred.
pub(super) struct Proof {
    pub(super) world: World,
    /// The hosted zone's id.
    pub(super) zone: &'static str,
    /// The listener's certificate.
    pub(super) certificate: &'static str,
    /// One for another name.
    pub(super) other_certificate: &'static str,
    /// The admin key.
    pub(super) key: &'static str,
}

impl Proof {
    /// A new branch.
    pub(super) async fn new() -> Self {
        static APPLIED: OnceCell<Applied> = OnceCell::const_new();
        let Applied {
            world,
            zone,
            certificate,
            other_certificate,
            key,
        } = APPLIED.get_or_init(apply).await;
        Self {
            world: world.branch(&world.place().fork().endpoint),
            zone,
            certificate,
            other_certificate,
            key,
        }
    }

    /// Verifies, and reads what was found.
    #[track_caller]
    pub(super) fn verify(&self, args: &[&str]) -> Found {
        let mut all = vec!["verify", "--format", "json"];
        all.extend(args);
        let output = self.world.run(&all);
        let said = serde_json::from_str(&output.stdout);
        Found {
            said: said.unwrap_or_else(|_| {
                let Output { stdout, stderr, .. } = &output;
                json!({"checks": [], "stdout": stdout, "stderr": stderr})
            }),
            code: output.code,
        }
    }

    /// Asks the Admin API with the key, as somebody does who has it.
    #[track_caller]
    pub(super) fn admin(&self, method: &str, path: &str, body: &Value) {
        let url = format!("https://{DOMAIN}/kong-admin{path}");
        let edge = Edge(self.world.place());
        let seen = edge.send(method, &url, &[("apikey", self.key)], Some(body));
        let seen = seen.expect("an answer");
        assert!(
            seen.status < 300,
            "{method} {path}: {} {}",
            seen.status,
            seen.body
        );
    }

    /// Lets simulated time go by.
    pub(super) fn wait(&self, seconds: u32) {
        self.world.configure(&json!({"skip_seconds": seconds}));
    }
}

async fn apply() -> Applied {
    let world = World::new();
    let config = world.aws(REGION);
    let zone = account::hosted_zone(&config, "example.com").await;
    let certificate = account::issued(&config, &zone, DOMAIN).await;
    let other_certificate = account::issued(&config, &zone, "api.example.com").await;
    let spec = format!(
        "name: proof\n\
         region: {REGION}\n\
         network: {{egress: public-ip}}\n\
         database: {{deletion_protection: false, final_snapshot: false}}\n\
         ingress: {{domain: {DOMAIN}, hosted_zone: example.com, certificate: \"{certificate}\"}}\n\
         admin: {{allow: [203.0.113.0/24]}}\n"
    );
    world.write("kongstack.yaml", &spec);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let name = world.run(&["output", "admin_key_secret"]).exits(0).stdout;
    let secret = aws_sdk_secretsmanager::Client::new(&config)
        .get_secret_value()
        .secret_id(name.trim())
        .send()
        .await;
    let key = secret.expect("a secret").secret_string.expect("a text");
    Applied {
        world,
        zone,
        certificate,
        other_certificate,
        key,
    }
}

/// What `verify` found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) code: i32,
    pub(super) said: Value,
}

impl Found {
    /// The checks that came out so, in their order.
    pub(super) fn that(&self, outcome: &str) -> Vec<&str> {
        let checks = self.checks();
        let so = checks.iter().filter(|check| check["outcome"] == outcome);
        so.filter_map(|check| check["check"].as_str()).collect()
    }

    /// What each check said.
    pub(super) fn details(&self) -> BTreeMap<&str, &str> {
        let checks = self.checks().iter();
        checks
            .filter_map(|check| Some((check["check"].as_str()?, check["detail"].as_str()?)))
            .collect()
    }

    fn checks(&self) -> &Vec<Value> {
        self.said["checks"].as_array().expect("a list of checks")
    }
}
