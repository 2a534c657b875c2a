//! What a key is: how it is found, by its alias, its ARN or its tags, and read.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};
use futures::stream::{self, StreamExt, TryStreamExt};
use futures::try_join;
use time::{Date, OffsetDateTime};

use super::key::Live;
use crate::aws::{AwsError, OrAbsent, failed};
use crate::kinds::iam::Statements;
use crate::resource::{Arn, Error, Output, Tags};

/// KMS's word for what is not there.
pub(super) const ABSENT: &[&str] = &["NotFoundException"];

/// The name of the one policy that a key has.
pub(super) const POLICY: &str = "default";

/// How many keys are asked for their tags at once, of those that may be ours.
const AT_ONCE: usize = 10;

/// What a key is, of an id, an ARN or the name of an alias.
pub(super) async fn describe(client: &Client, id: &str) -> Result<Option<KeyMetadata>, AwsError> {
    let answer = client.describe_key().key_id(id).send().await;
    let answer = answer
        .map_err(failed("kms:DescribeKey"))
        .or_absent(ABSENT)?;
    Ok(answer.and_then(|answer| answer.key_metadata))
}

/// Reads the rest of a key; nothing if it is gone meanwhile. `tags` are its tags where they are known.
pub(super) async fn read(
    client: &Client,
    metadata: KeyMetadata,
    tags: Option<Tags>,
) -> Result<Option<Live>, AwsError> {
    let id = metadata.key_id().to_owned();
    let tags = async {
        match tags {
            Some(tags) => Ok(Some(tags)),
            None => tags_of(client, &id).await,
        }
    };
    let (policy, rotates, aliases, tags) = try_join!(
        policy(client, &id),
        rotates(client, &id),
        aliases(client, &id),
        tags
    )?;
    let (Some(policy), Some(rotates), Some(aliases), Some(tags)) = (policy, rotates, aliases, tags)
    else {
        return Ok(None);
    };
    Ok(Some(Live {
        arn: Arn::new(metadata.arn().unwrap_or_default()),
        description: metadata.description().unwrap_or_default().to_owned(),
        state: metadata.key_state().cloned().unwrap_or(KeyState::Enabled),
        deletion: metadata.deletion_date().and_then(|date| day(date.secs())),
        policy: Statements::decode(&policy),
        taken: None,
        id,
        rotates,
        aliases,
        tags,
    }))
}

fn day(seconds: i64) -> Option<Date> {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    Some(moment.date())
}

async fn policy(client: &Client, id: &str) -> Result<Option<String>, AwsError> {
    let call = client.get_key_policy().key_id(id).policy_name(POLICY);
    let answer = call.send().await;
    let answer = answer
        .map_err(failed("kms:GetKeyPolicy"))
        .or_absent(ABSENT)?;
    Ok(answer.map(|answer| answer.policy.unwrap_or_default()))
}

async fn rotates(client: &Client, id: &str) -> Result<Option<bool>, AwsError> {
    let answer = client.get_key_rotation_status().key_id(id).send().await;
    let answer = answer
        .map_err(failed("kms:GetKeyRotationStatus"))
        .or_absent(ABSENT)?;
    Ok(answer.map(|answer| answer.key_rotation_enabled))
}

async fn aliases(client: &Client, id: &str) -> Result<Option<Vec<String>>, AwsError> {
    let pages = client.list_aliases().key_id(id).into_paginator();
    let listed: Result<Vec<_>, _> = pages.items().send().collect().await;
    let listed = listed
        .map_err(failed("kms:ListAliases"))
        .or_absent(ABSENT)?;
    let names = |listed: Vec<aws_sdk_kms::types::AliasListEntry>| {
        let names = listed.into_iter().filter_map(|one| one.alias_name);
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    Ok(listed.map(names))
}

/// A key's tags; nothing if it is gone.
pub(super) async fn tags_of(client: &Client, id: &str) -> Result<Option<Tags>, AwsError> {
    let pages = client.list_resource_tags().key_id(id).into_paginator();
    let listed: Result<Vec<_>, _> = pages.items().send().collect().await;
    let listed = listed
        .map_err(failed("kms:ListResourceTags"))
        .or_absent(ABSENT)?;
    let pair = |tag: &Tag| {
        (
            Some(tag.tag_key().to_owned()),
            Some(tag.tag_value().to_owned()),
        )
    };
    Ok(listed.map(|tags| Tags::live(tags.iter().map(pair))))
}

/// A key that an earlier run made at `address` of `stack`, whatever became of it.
///
/// The tagging API learns late of a new key, and KMS has neither a name nor a token for one: so all keys of the account are
/// asked for their tags. That is done once in a stack's life, where a key is about to be made; a second one would cost
/// 1 USD a month for ever.
pub(super) async fn earlier(
    client: &Client,
    stack: &str,
    address: &crate::resource::Address,
) -> Result<Option<KeyMetadata>, Error> {
    let pages = client.list_keys().into_paginator();
    let listed: Result<Vec<_>, _> = pages.items().send().collect().await;
    let listed = listed.map_err(failed("kms:ListKeys"))?;
    let ids = listed.into_iter().filter_map(|key| key.key_id);
    let asked = stream::iter(ids).map(|id| async move {
        match tags_of(client, &id).await {
            Ok(Some(tags)) => Ok((tags.address_in(stack).as_ref() == Some(address)).then_some(id)),
            Ok(None) => Ok(None),
            // A key whose own policy lets nobody of us look is not ours.
            Err(error) if error.is(&["AccessDeniedException"]) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let found: Vec<Option<String>> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
    for id in found.into_iter().flatten() {
        if let Some(metadata) = describe(client, &id).await? {
            return Ok(Some(metadata));
        }
    }
    Ok(None)
}
