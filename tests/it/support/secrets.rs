//! What a person must never see.

use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use serde_json::Value;

use super::World;

/// The values nobody must see: the admin key, the cluster's key, the database's password.
pub(crate) async fn secret_values(world: &World, region: &str) -> Vec<String> {
    let secrets = aws_sdk_secretsmanager::Client::new(&world.aws(region));
    let mut values = Vec::new();
    for secret in secrets
        .list_secrets()
        .send()
        .await
        .expect("secrets")
        .secret_list()
    {
        let id = secret.arn().expect("an ARN");
        let value = secrets.get_secret_value().secret_id(id).send().await;
        let error = value.as_ref().err().and_then(SdkError::as_service_error);
        // The database's goes with its cluster, whose deletion may end between the two calls.
        if error.is_some_and(is_gone) {
            continue;
        }
        let value = value.expect("a value");
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

fn is_gone(error: &GetSecretValueError) -> bool {
    error.is_resource_not_found_exception() || error.is_invalid_request_exception()
}

/// Whether a secret, or a line of one (a key in PEM has lines), stands in a text.
pub(crate) fn shows(said: &str, secrets: &[String]) -> bool {
    let mut lines = secrets.iter().flat_map(|secret| secret.lines());
    lines.any(|line| line.len() > 7 && said.contains(line))
}
