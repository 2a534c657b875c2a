//! The calls a secret takes: how it is found, made, brought back and changed.

use std::collections::HashMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::Tag;
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use super::expiry::Expiry;
use super::secret::{Desired, Live};
use crate::aws::{AwsError, OrAbsent, failed};
use crate::resource::{Arn, Error, Look, Output, Patience, Ref, SecretVersionId, Step, Tags};

/// AWS's word for a secret that is not there.
pub(super) const ABSENT: &[&str] = &["ResourceNotFoundException"];

/// The name of a secret deleted for good is free again after a few seconds.
pub(super) const SETTLING: Patience = Patience::seconds(3, 5, 300);

/// Whether an ARN is that of the secret of a name: AWS appends a hyphen and six characters.
pub(super) fn is_named(arn: &str, name: &str) -> bool {
    arn.splitn(7, ':')
        .nth(6)
        .and_then(|tail| tail.rsplit_once('-'))
        .is_some_and(|(head, suffix)| head == name && suffix.len() == 6)
}

/// Makes the secret. The token is sent with all retries, so that a lost answer makes no second version; it becomes the
/// version's id, so that the note on its last day can be made with it.
pub(super) async fn make(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let content = (desired.content)()?;
    let version = new_version();
    let key = key(cx, desired)?;
    let mut tags = to_aws(&desired.tags);
    tags.extend(expiry(desired, &content, &version).map(|expiry| expiry_tag(&expiry)));
    let client = cx.clients().secrets();
    // Only the deletion of one of this name makes the request invalid: the rest of it is well-formed. And a key of the
    // stack's own may be too new.
    let not_yet: &[&str] = match desired.key {
        Some(Ref::Of(_)) => &["InvalidRequestException", "EncryptionFailure"],
        Some(Ref::Literal(_)) | None => &["InvalidRequestException"],
    };
    let what = format!("the name {}", desired.name);
    let made = cx
        .retry(&what, SETTLING, not_yet, || async {
            let call = client
                .create_secret()
                .name(&desired.name)
                .description(&desired.description)
                .set_kms_key_id(key.clone())
                .client_request_token(version.as_str())
                .secret_string(content.expose_secret())
                .set_tags(Some(tags.clone()));
            call.send()
                .await
                .map_err(failed("secretsmanager:CreateSecret"))
        })
        .await?;
    cx.made(made.arn().unwrap_or(&desired.name));
    Ok(())
}

/// Brings back a secret within its recovery window; `false` when the window has just closed.
pub(super) async fn restore(cx: &Step, desired: &Desired, live: &Live) -> Result<bool, Error> {
    let call = cx.clients().secrets().restore_secret();
    let restored = call
        .secret_id(live.arn.as_str())
        .send()
        .await
        .map_err(failed("secretsmanager:RestoreSecret"))
        .or_absent(ABSENT)?;
    if restored.is_none() {
        return Ok(false);
    }
    cx.made(live.arn.as_str());
    cx.remark(format!(
        "{} was scheduled for deletion: restored with the value it had",
        live.name
    ));
    let key = key(cx, desired)?;
    if desired.description != live.description
        || key.as_deref() != live.key.as_ref().map(Arn::as_str)
    {
        describe(cx, desired, live).await?;
    }
    retag(cx, &desired.tags, live).await?;
    if live.version.is_none() {
        put(cx, desired, live).await?;
    }
    Ok(true)
}

/// Gives a secret a new value; returns its version. The value before stays retrievable as the previous one.
pub(super) async fn put(
    cx: &Step,
    desired: &Desired,
    live: &Live,
) -> Result<SecretVersionId, Error> {
    let content = (desired.content)()?;
    let version = new_version();
    let call = cx.clients().secrets().put_secret_value();
    call.secret_id(live.arn.as_str())
        .client_request_token(version.as_str())
        .secret_string(content.expose_secret())
        .send()
        .await
        .map_err(failed("secretsmanager:PutSecretValue"))?;
    if let Some(expiry) = expiry(desired, &content, &version) {
        note(cx, live, &expiry).await?;
    }
    Ok(version)
}

/// Notes the last day of a value that was put without it: by a run that was cut short, or by hand.
pub(super) async fn note_expiry(cx: &Step, desired: &Desired, live: &Live) -> Result<(), Error> {
    let Some(version) = &live.version else {
        return Ok(());
    };
    let (client, which) = (cx.clients().secrets(), Which::Version(version));
    let held = value(client, live.arn.as_str(), which).await?;
    match held.and_then(|held| expiry(desired, &held.value, version)) {
        Some(expiry) => note(cx, live, &expiry).await,
        None => Ok(()),
    }
}

/// The stage of the version that everybody gets who names none.
pub(crate) const CURRENT: &str = "AWSCURRENT";

/// Which version of a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    /// The one of an id.
    Version(&'a SecretVersionId),
    /// The one at a stage.
    Stage(&'a str),
}

/// A version of a secret.
pub(crate) struct Version {
    /// Which it is.
    pub(crate) id: SecretVersionId,
    /// What it holds; empty where it holds no text.
    pub(crate) value: SecretString,
}

/// A version of the secret of a name or an ARN, if there are both.
///
/// # Errors
/// When AWS refuses.
pub(crate) async fn value(
    client: &Client,
    secret: &str,
    which: Which<'_>,
) -> Result<Option<Version>, Error> {
    let call = client.get_secret_value().secret_id(secret);
    let call = match which {
        Which::Version(id) => call.version_id(id.as_str()),
        Which::Stage(stage) => call.version_stage(stage),
    };
    let answer = call.send().await;
    let answer = answer.map_err(failed("secretsmanager:GetSecretValue"));
    let Some(answer) = answer.or_absent(ABSENT)? else {
        return Ok(None);
    };
    Ok(Some(Version {
        id: SecretVersionId::new(answer.version_id.unwrap_or_default()),
        value: answer.secret_string.unwrap_or_default().into(),
    }))
}

fn expiry(desired: &Desired, value: &SecretString, version: &SecretVersionId) -> Option<Expiry> {
    let expires = desired.expires?;
    Some(Expiry {
        version: version.clone(),
        day: expires(value),
    })
}

async fn note(cx: &Step, live: &Live, expiry: &Expiry) -> Result<(), Error> {
    let call = cx.clients().secrets().tag_resource();
    call.secret_id(live.arn.as_str())
        .tags(expiry_tag(expiry))
        .send()
        .await
        .map_err(failed("secretsmanager:TagResource"))?;
    Ok(())
}

fn expiry_tag(expiry: &Expiry) -> Tag {
    let (key, value) = expiry.tag();
    Tag::builder().key(key).value(value).build()
}

/// A version's id as AWS wants it: a random UUID.
fn new_version() -> SecretVersionId {
    let number: u128 = rand::rng().random();
    // Version 4, variant 1.
    let number = number & !(0xf << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let at = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    let parts = [at(0, 8), at(8, 12), at(12, 16), at(16, 20), at(20, 32)];
    SecretVersionId::new(parts.join("-"))
}

/// Sets what a secret says of itself, and the key of what it holds: the versions that have a stage are encrypted anew.
pub(super) async fn describe(cx: &Step, desired: &Desired, live: &Live) -> Result<(), Error> {
    let key = key(cx, desired)?;
    let not_yet: &[&str] = match desired.key {
        Some(Ref::Of(_)) => &["EncryptionFailure"],
        Some(Ref::Literal(_)) | None => &[],
    };
    let call = cx
        .clients()
        .secrets()
        .update_secret()
        .secret_id(&desired.name)
        .description(&desired.description)
        // Without any it keeps the one it has; an empty one is AWS's own.
        .kms_key_id(key.unwrap_or_default());
    let what = format!("the key of {}", desired.name);
    let told = cx.retry(&what, SETTLING, not_yet, || {
        let call = call.clone();
        async move {
            let told = call.send().await;
            told.map_err(failed("secretsmanager:UpdateSecret"))
        }
    });
    match told.await {
        Ok(_) => Ok(()),
        Err(Error::Aws(error)) if error.is(&["DecryptionFailure"]) => Err(locked(live, &error)),
        Err(error) => Err(error),
    }
}

/// What holds a secret under a key that is not to be had, and how to get at it.
fn locked(live: &Live, error: &AwsError) -> Error {
    let key = live.key.as_ref().map_or("of AWS's own", Arn::as_str);
    Error::Lookup {
        message: format!(
            "{error} What {} holds is encrypted with the KMS key {key}: cancel its deletion (aws kms \
             cancel-key-deletion --key-id {key}), enable it (aws kms enable-key --key-id {key}), and apply again",
            live.name
        ),
    }
}

fn key(cx: &Step, desired: &Desired) -> Result<Option<String>, Error> {
    let key = desired.key.as_ref().map(|key| cx.get(key)).transpose()?;
    Ok(key.map(|key| key.to_string()))
}

/// The key that a secret tells, which is nothing for AWS's own.
fn own_key(id: Option<String>) -> Option<Arn> {
    let id = id.filter(|id| !id.is_empty() && !id.ends_with("alias/aws/secretsmanager"));
    id.map(Arn::new)
}

pub(super) async fn retag(cx: &Step, want: &Tags, live: &Live) -> Result<(), Error> {
    let client = cx.clients().secrets();
    let set = want.to_set(&live.tags);
    if !set.is_empty() {
        client
            .tag_resource()
            .secret_id(live.arn.as_str())
            .set_tags(Some(to_aws(&set)))
            .send()
            .await
            .map_err(failed("secretsmanager:TagResource"))?;
    }
    let remove = want.to_remove(&live.tags);
    if !remove.is_empty() {
        client
            .untag_resource()
            .secret_id(live.arn.as_str())
            .set_tag_keys(Some(remove))
            .send()
            .await
            .map_err(failed("secretsmanager:UntagResource"))?;
    }
    Ok(())
}

fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Describes a secret by name or ARN, also one that is scheduled for deletion.
pub(super) async fn find(client: &Client, id: &str) -> Result<Option<Live>, Error> {
    let answer = client.describe_secret().secret_id(id).send().await;
    let answer = answer
        .map_err(failed("secretsmanager:DescribeSecret"))
        .or_absent(ABSENT)?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let missing = |missing| Error::Incomplete {
        operation: "secretsmanager:DescribeSecret",
        missing,
    };
    Ok(Some(Live {
        tags: Tags::live(answer.tags().iter().map(|tag| (tag.key(), tag.value()))),
        deleted: answer.deleted_date.is_some(),
        version: current(answer.version_ids_to_stages()),
        seen: OffsetDateTime::now_utc().date(),
        name: answer.name.ok_or_else(|| missing("the name"))?,
        arn: Arn::new(answer.arn.ok_or_else(|| missing("the ARN"))?),
        description: answer.description.unwrap_or_default(),
        key: own_key(answer.kms_key_id),
    }))
}

/// The current version of a secret; none if it is gone or holds nothing.
///
/// # Errors
/// When AWS refuses.
pub(crate) async fn current_version(
    client: &Client,
    id: &str,
) -> Result<Option<SecretVersionId>, Error> {
    Ok(find(client, id).await?.and_then(|live| live.version))
}

fn current(stages: Option<&HashMap<String, Vec<String>>>) -> Option<SecretVersionId> {
    let is_current = |stages: &Vec<String>| stages.iter().any(|stage| stage == "AWSCURRENT");
    let mut versions = stages.into_iter().flatten();
    let (version, _) = versions.find(|(_, stages)| is_current(stages))?;
    Some(SecretVersionId::new(version))
}

/// Waits until a secret just made or restored shows as such.
pub(super) async fn visible(cx: &Step, name: &str) -> Result<Live, Error> {
    let client = cx.clients().secrets();
    cx.wait(&format!("secret {name}"), SETTLING, || async {
        Ok(match find(client, name).await? {
            Some(live) if !live.deleted && live.version.is_some() => Look::Ready(live),
            Some(live) if !live.deleted => Look::Pending("without its value yet".to_owned()),
            Some(_) => Look::Pending("scheduled for deletion".to_owned()),
            None => Look::Pending("not visible yet".to_owned()),
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{Output, is_named, new_version};

    #[test]
    fn versions_have_the_form_of_a_uuid_and_differ() {
        let (one, two) = (new_version(), new_version());
        assert_ne!(one, two);
        let lengths: Vec<usize> = one.as_str().split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        let bytes = one.as_str().as_bytes();
        assert!(bytes[14] == b'4' && b"89ab".contains(&bytes[19]), "{one}");
    }

    #[test]
    fn an_arn_names_its_secret_and_no_longer_one() {
        let arn = "arn:aws:secretsmanager:r:1:secret:kongstack/demo/key-AbCdEf";
        assert!(is_named(arn, "kongstack/demo/key"));
        assert!(!is_named(arn, "kongstack/demo"));
        assert!(!is_named(
            "arn:aws:secretsmanager:r:1:secret:kongstack/demo/key-two-AbCdEf",
            "kongstack/demo/key"
        ));
    }
}
