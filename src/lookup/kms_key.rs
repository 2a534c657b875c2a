//! A KMS key that exists: there, enabled, of the right sort, and open to CloudWatch Logs.

use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyState, KeyUsageType};
use serde_json::Value;

use super::refused;
use crate::aws::{OrAbsent, failed};
use crate::kinds::logs::key_remedy;
use crate::resource::{Arn, Error, Observer, Output, Outputs};

pub(super) async fn look_up(cx: &Observer, arn: &Arn) -> Result<Outputs, Error> {
    let client = cx.clients().kms();
    let described = async {
        let answer = client.describe_key().key_id(arn.as_str()).send().await;
        let answer = answer.map_err(failed("kms:DescribeKey"));
        answer.or_absent(&["NotFoundException"])
    };
    let policy = async {
        let call = client.get_key_policy().key_id(arn.as_str());
        let answer = call.policy_name("default").send().await;
        let answer = answer.map_err(failed("kms:GetKeyPolicy"));
        // Only a key's own account may read its policy, and not everybody there.
        answer.or_absent(&["NotFoundException", "AccessDeniedException"])
    };
    let (described, policy) = futures::try_join!(described, policy)?;
    let metadata = described.and_then(|answer| answer.key_metadata);
    let policy = policy.and_then(|answer| answer.policy);
    judge(cx.region(), arn, metadata.as_ref(), policy.as_deref())
}

fn judge(
    region: &str,
    arn: &Arn,
    metadata: Option<&KeyMetadata>,
    policy: Option<&str>,
) -> Result<Outputs, Error> {
    let Some(metadata) = metadata else {
        return Err(refused(format!(
            "there is no KMS key {arn}: check encryption.kms_key, the region and the credentials, or write `create`"
        )));
    };
    if let Some((what, fix)) = fault(metadata) {
        return Err(refused(format!(
            "the KMS key {arn} {what}, so that nothing can be encrypted with it: {fix}, or name another key in \
             encryption.kms_key; to destroy the stack without it, take `encryption` out of the spec"
        )));
    }
    if policy.is_some_and(|policy| !lets_logs_in(policy)) {
        return Err(refused(format!(
            "the policy of the KMS key {arn} does not let CloudWatch Logs use it, so that no log group can be encrypted \
             with it: {}, or name another key in encryption.kms_key",
            key_remedy(region)
        )));
    }
    Ok(Outputs::default().with(arn.clone()))
}

/// What makes a key useless here, and how to mend that.
fn fault(metadata: &KeyMetadata) -> Option<(String, String)> {
    let id = metadata.key_id();
    let usage = metadata
        .key_usage()
        .unwrap_or(&KeyUsageType::EncryptDecrypt);
    let spec = metadata.key_spec().unwrap_or(&KeySpec::SymmetricDefault);
    let state = metadata.key_state().unwrap_or(&KeyState::Enabled);
    if *usage != KeyUsageType::EncryptDecrypt || *spec != KeySpec::SymmetricDefault {
        let what = format!("is for {} with {}", usage.as_str(), spec.as_str());
        let fix = "services encrypt with symmetric keys for ENCRYPT_DECRYPT only; make one";
        return Some((what, fix.to_owned()));
    }
    match state {
        KeyState::Enabled => None,
        KeyState::Disabled => Some((
            "is disabled".to_owned(),
            format!("enable it (aws kms enable-key --key-id {id})"),
        )),
        KeyState::PendingDeletion => Some((
            "is scheduled for deletion".to_owned(),
            format!(
                "cancel that (aws kms cancel-key-deletion --key-id {id}) and enable it (aws kms enable-key --key-id {id})"
            ),
        )),
        other => Some((
            format!("is in the state {}", other.as_str()),
            "bring it to the state Enabled".to_owned(),
        )),
    }
}

/// Whether any statement may be about CloudWatch Logs: whom it lets in under which conditions, only AWS can tell.
fn lets_logs_in(policy: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return true;
    };
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let allowed = statements
        .into_iter()
        .filter(|one| one.get("Effect").and_then(Value::as_str) == Some("Allow"));
    let mut principals = allowed.filter_map(|one| one.get("Principal"));
    principals.any(|principal| match principal {
        Value::Object(sorts) => {
            let named = |sort: &str| sorts.get(sort).into_iter().flat_map(texts);
            named("Service").any(|name| name.starts_with("logs."))
                || named("AWS").any(|it| it == "*")
        }
        other => texts(other).any(|it| it == "*"),
    })
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let (lone, several) = (value.as_str(), value.as_array());
    let several = several.into_iter().flatten().filter_map(Value::as_str);
    lone.into_iter().chain(several)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d";

    fn key(state: KeyState, usage: KeyUsageType, spec: KeySpec) -> KeyMetadata {
        let key = KeyMetadata::builder().key_id("0a1b2c3d").arn(ARN);
        let key = key.key_state(state).key_usage(usage).key_spec(spec);
        key.build().unwrap()
    }

    fn judged(metadata: Option<&KeyMetadata>, policy: Option<&str>) -> Result<Outputs, String> {
        let judged = judge("eu-west-1", &Arn::new(ARN), metadata, policy);
        judged.map_err(|error| error.to_string())
    }

    fn good(state: KeyState) -> KeyMetadata {
        key(
            state,
            KeyUsageType::EncryptDecrypt,
            KeySpec::SymmetricDefault,
        )
    }

    #[test]
    fn a_key_must_be_there_enabled_and_symmetric() {
        assert!(judged(Some(&good(KeyState::Enabled)), None).is_ok());
        let signing = key(
            KeyState::Enabled,
            KeyUsageType::SignVerify,
            KeySpec::EccNistP256,
        );
        for (metadata, part) in [
            (None, "there is no KMS key"),
            (Some(good(KeyState::Disabled)), "aws kms enable-key"),
            (
                Some(good(KeyState::PendingDeletion)),
                "aws kms cancel-key-deletion",
            ),
            (
                Some(good(KeyState::PendingImport)),
                "is in the state PendingImport",
            ),
            (Some(signing), "is for SIGN_VERIFY with ECC_NIST_P256"),
        ] {
            let error = judged(metadata.as_ref(), None).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_policy_that_cannot_let_cloudwatch_logs_in_is_refused_with_the_statement_it_lacks() {
        let enabled = good(KeyState::Enabled);
        let with = |principal: &str| {
            let policy = format!(
                r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"kms:*","Resource":"*"}}]}}"#
            );
            judged(Some(&enabled), Some(&policy))
        };
        for open in [
            r#"{"Service":"logs.eu-west-1.amazonaws.com"}"#,
            r#"{"Service":["rds.amazonaws.com","logs.eu-west-1.amazonaws.com"]}"#,
            r#"{"AWS":"*"}"#,
            r#""*""#,
        ] {
            assert!(with(open).is_ok(), "{open}");
        }
        let closed = with(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#).unwrap_err();
        for part in [
            "logs.eu-west-1.amazonaws.com",
            "kms:GenerateDataKey*",
            "kms:EncryptionContext:aws:logs:arn",
        ] {
            assert!(closed.contains(part), "no {part} in {closed}");
        }
        assert!(judged(Some(&enabled), Some("no JSON")).is_ok());
    }
}
