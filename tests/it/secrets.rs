//! The secrets of a stack: in no output, however much is asked for.

use serde_json::Value;

use crate::support::{World, example};

/// The values a person must never see: the admin key, the cluster's key, the database's password.
async fn values(world: &World) -> Vec<String> {
    let secrets = aws_sdk_secretsmanager::Client::new(&world.aws("eu-west-1"));
    let mut values = Vec::new();
    for secret in secrets
        .list_secrets()
        .send()
        .await
        .expect("secrets")
        .secret_list()
    {
        let id = secret.arn().expect("an ARN");
        let value = secrets
            .get_secret_value()
            .secret_id(id)
            .send()
            .await
            .expect("a value");
        let text = value.secret_string().expect("a text").to_owned();
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(fields)) => {
                let secret = fields
                    .iter()
                    .filter(|(name, _)| ["key", "password"].contains(&name.as_str()));
                values.extend(secret.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
            }
            _ => values.push(text),
        }
    }
    values
}

#[tokio::test]
async fn no_secret_is_in_any_output() {
    let world = World::new();
    let path = example("quickstart");
    let mut said = String::new();
    for command in [
        &["apply", "--auto-approve", "-vv"][..],
        &["plan", "-vv"],
        &["output", "-vv"],
    ] {
        let output = world.run(&[command, &["-f", &path]].concat()).exits(0);
        said = said + &output.stdout + &output.stderr;
    }
    let values = values(&world).await;
    assert_eq!(
        values.len(),
        3,
        "the admin key, the cluster's key, the database's password"
    );
    for value in &values {
        // A key in PEM has lines; none of them may show.
        for line in value.lines().filter(|line| line.len() > 7) {
            assert!(!said.contains(line), "a secret is in the output");
        }
    }
}
