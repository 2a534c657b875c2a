//! The calls a secret takes: how it is found, made, brought back and changed.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::Tag;
use secrecy::ExposeSecret;

use super::secret::{Desired, Live};
use crate::aws::{OrAbsent, failed};
use crate::resource::{Arn, Error, Look, Output, Patience, Step, Tags};

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

/// Makes the secret. The SDK sends one token with all its retries, so that a lost answer makes no second version.
pub(super) async fn make(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let content = (desired.content)()?;
    let client = cx.clients().secrets();
    // Only the deletion of one of this name makes the request invalid: the rest of it is well-formed.
    let not_yet = &["InvalidRequestException"];
    let what = format!("the name {}", desired.name);
    let made = cx
        .retry(&what, SETTLING, not_yet, || async {
            let call = client
                .create_secret()
                .name(&desired.name)
                .description(&desired.description)
                .secret_string(content.expose_secret())
                .set_tags(Some(to_aws(&desired.tags)));
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
    if desired.description != live.description {
        describe(cx, desired).await?;
    }
    retag(cx, &desired.tags, live).await?;
    if !live.has_value {
        put(cx, desired).await?;
    }
    Ok(true)
}

/// Gives a secret without a value one.
pub(super) async fn put(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let content = (desired.content)()?;
    let call = cx.clients().secrets().put_secret_value();
    call.secret_id(&desired.name)
        .secret_string(content.expose_secret())
        .send()
        .await
        .map_err(failed("secretsmanager:PutSecretValue"))?;
    Ok(())
}

pub(super) async fn describe(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let call = cx.clients().secrets().update_secret();
    call.secret_id(&desired.name)
        .description(&desired.description)
        .send()
        .await
        .map_err(failed("secretsmanager:UpdateSecret"))?;
    Ok(())
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
        has_value: answer.version_ids_to_stages().is_some_and(|versions| {
            let mut stages = versions.values().flatten();
            stages.any(|stage| stage == "AWSCURRENT")
        }),
        name: answer.name.ok_or_else(|| missing("the name"))?,
        arn: Arn::new(answer.arn.ok_or_else(|| missing("the ARN"))?),
        description: answer.description.unwrap_or_default(),
    }))
}

/// Waits until a secret just made or restored shows as such.
pub(super) async fn visible(cx: &Step, name: &str) -> Result<Live, Error> {
    let client = cx.clients().secrets();
    cx.wait(&format!("secret {name}"), SETTLING, || async {
        Ok(match find(client, name).await? {
            Some(live) if !live.deleted => Look::Ready(live),
            Some(_) => Look::Pending("scheduled for deletion".to_owned()),
            None => Look::Pending("not visible yet".to_owned()),
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::is_named;

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
