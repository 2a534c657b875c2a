//! The calls a key takes: how it is made, brought to what it should be, and given up.

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};

use super::key::{Desired, FOR_SNAPSHOTS, KEPT, Key, Live, UNTIL_DELETED, WINDOW_DAYS};
use super::look::{ABSENT, POLICY, describe, read};
use crate::aws::{OrAbsent, failed, once};
use crate::resource::{Diff, Error, Kind, Look, Output, Outputs, Patience, Step, Tags};

/// KMS shows changes "within a few seconds" as a rule, and now and then within minutes ("AWS KMS eventual consistency").
const SETTLED: Patience = Patience::seconds(2, 5, 300);

/// What KMS says of a key that it has just made, enabled or taken back, and does not know so everywhere.
const NOT_YET: &[&str] = &[
    "NotFoundException",
    "DisabledException",
    "KMSInvalidStateException",
];

/// Makes a key. KMS takes no token for it: an answer that is lost is not asked for again.
pub(super) async fn make(cx: &Step, desired: &Desired) -> Result<KeyMetadata, Error> {
    let config = aws_sdk_kms::config::Builder::new().retry_config(once());
    let made = cx
        .clients()
        .kms()
        .create_key()
        .description(&desired.description)
        .policy(rendered(cx, desired)?)
        .set_tags(Some(to_sdk(&desired.tags)?))
        .customize()
        .config_override(config)
        .send()
        .await
        .map_err(failed("kms:CreateKey"))?;
    made.key_metadata.ok_or(Error::Incomplete {
        operation: "kms:CreateKey",
        missing: "the key",
    })
}

/// Brings a key to what it should be, and waits until it is.
pub(super) async fn settle(cx: &Step, desired: &Desired, id: &str) -> Result<Outputs, Error> {
    let what = format!("KMS key {id}");
    let live = cx
        .wait(&what, SETTLED, || async {
            Ok(match look(cx.clients().kms(), id).await? {
                Some(live) => Look::Ready(live),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await?;
    write(cx, desired, &live).await?;
    cx.wait(&what, SETTLED, || async {
        let Some(now) = look(cx.clients().kms(), id).await? else {
            return Ok(Look::Pending("not visible".to_owned()));
        };
        let left = Key::diff(desired, &now, cx.outputs());
        let field = left.changes().first().map(|change| change.field.clone());
        Ok(match field {
            None => Look::Ready(Key::outputs(&now)),
            Some(field) => Look::Pending(format!("without its new {field} yet")),
        })
    })
    .await
}

async fn look(client: &Client, id: &str) -> Result<Option<Live>, Error> {
    Ok(match describe(client, id).await? {
        Some(metadata) => read(client, metadata, None).await?,
        None => None,
    })
}

async fn write(cx: &Step, desired: &Desired, live: &Live) -> Result<(), Error> {
    let diff = Key::diff(desired, live, cx.outputs());
    take_back(cx, live, &diff).await?;
    let (client, id) = (cx.clients().kms(), live.id.as_str());
    let what = format!("KMS key {id}");
    if diff.has("description") {
        let call = client.update_key_description().key_id(id);
        let call = call.description(&desired.description);
        cx.retry(&what, SETTLED, NOT_YET, || {
            let call = call.clone();
            async move {
                call.send()
                    .await
                    .map_err(failed("kms:UpdateKeyDescription"))
            }
        })
        .await?;
    }
    if diff.has("key_policy") {
        let call = client.put_key_policy().key_id(id).policy_name(POLICY);
        let call = call.policy(rendered(cx, desired)?);
        cx.retry(&what, SETTLED, NOT_YET, || {
            let call = call.clone();
            async move { call.send().await.map_err(failed("kms:PutKeyPolicy")) }
        })
        .await?;
    }
    if diff.has("key_rotation_enabled") {
        cx.retry(&what, SETTLED, NOT_YET, || async {
            let call = client.enable_key_rotation().key_id(id);
            call.send().await.map_err(failed("kms:EnableKeyRotation"))
        })
        .await?;
    }
    if diff.has("aliases") {
        name(cx, &desired.alias, live).await?;
    }
    if diff.has("tags") {
        retag(cx, &desired.tags, live).await?;
    }
    Ok(())
}

/// Ends what makes a key unusable, and takes the mark off.
async fn take_back(cx: &Step, live: &Live, diff: &Diff) -> Result<(), Error> {
    let (client, id) = (cx.clients().kms(), live.id.as_str());
    if live.is_pending_deletion() {
        cancel(cx, live).await?;
    }
    if diff.has("enabled") {
        let what = format!("KMS key {id}");
        cx.retry(&what, SETTLED, NOT_YET, || async {
            let call = client.enable_key().key_id(id);
            call.send().await.map_err(failed("kms:EnableKey"))
        })
        .await?;
    }
    if live.tags.get(KEPT).is_some() {
        untag(cx, id, vec![KEPT.to_owned()]).await?;
    }
    Ok(())
}

/// Gives a key its alias, and takes every other one away. An alias that another run has just given it will do.
async fn name(cx: &Step, alias: &str, live: &Live) -> Result<(), Error> {
    let (client, id) = (cx.clients().kms(), live.id.as_str());
    if !live.aliases.iter().any(|one| one == alias) {
        let made = cx
            .retry(&format!("KMS key {id}"), SETTLED, NOT_YET, || async {
                let call = client.create_alias().alias_name(alias).target_key_id(id);
                call.send().await.map_err(failed("kms:CreateAlias"))
            })
            .await;
        match made {
            Ok(_) => {}
            Err(Error::Aws(error)) if error.is(&["AlreadyExistsException"]) => {
                let there = describe(client, alias).await?;
                if there.is_none_or(|there| there.key_id() != id) {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error),
        }
    }
    for other in live.aliases.iter().filter(|one| *one != alias) {
        let call = client.delete_alias().alias_name(other);
        let gone = call.send().await.map_err(failed("kms:DeleteAlias"));
        gone.or_absent(ABSENT)?;
    }
    Ok(())
}

/// Gives a key up: what it has encrypted decides in which way. Returns what is left of it, a line each.
pub(super) async fn give_up(cx: &Step, live: &Live) -> Result<Vec<String>, Error> {
    let id = &live.id;
    if live.is_pending_deletion() {
        // Scheduled by hand: it takes no mark, and may go before what it has encrypted.
        cancel(cx, live).await?;
    }
    let snapshots = snapshots(cx, live.arn.as_str()).await?;
    if !snapshots.is_empty() {
        mark(cx, live, FOR_SNAPSHOTS).await?;
        return Ok(vec![format!(
            "the KMS key {id}, without which nobody can restore {}: 1 USD a month until you schedule its deletion (aws \
             kms schedule-key-deletion --key-id {id}); applying the same stack again uses it again",
            snapshots.join(", ")
        )]);
    }
    mark(cx, live, UNTIL_DELETED).await?;
    let call = cx.clients().kms().schedule_key_deletion().key_id(id);
    let scheduled = call.pending_window_in_days(WINDOW_DAYS).send().await;
    let scheduled = scheduled.map_err(failed("kms:ScheduleKeyDeletion"));
    match scheduled.or_absent(ABSENT) {
        Ok(_) => {}
        // A repeated call whose first answer was lost.
        Err(error) if error.is(&["KMSInvalidStateException"]) => {
            let now = describe(cx.clients().kms(), id).await?;
            if now.is_some_and(|now| now.key_state() != Some(&KeyState::PendingDeletion)) {
                return Err(error.into());
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(vec![format!(
        "the KMS key {id}, deleted after {WINDOW_DAYS} days with all that it has encrypted, at no charge until then; \
         applying the same stack again takes it back, and so does `aws kms cancel-key-deletion --key-id {id}`"
    )])
}

/// The cluster snapshots that are encrypted with a key, whoever has taken them; those that AWS took go with their cluster.
async fn snapshots(cx: &Step, arn: &str) -> Result<Vec<String>, Error> {
    let call = cx.clients().rds().describe_db_cluster_snapshots();
    let pages = call.snapshot_type("manual").into_paginator();
    let all: Result<Vec<_>, _> = pages.items().send().collect().await;
    let all = all.map_err(failed("rds:DescribeDBClusterSnapshots"))?;
    let held = all.into_iter().filter(|one| one.kms_key_id() == Some(arn));
    let names = held.filter_map(|one| one.db_cluster_snapshot_identifier);
    Ok(names
        .map(|name| format!("the DB cluster snapshot {name}"))
        .collect())
}

async fn cancel(cx: &Step, live: &Live) -> Result<(), Error> {
    let call = cx.clients().kms().cancel_key_deletion().key_id(&live.id);
    let cancelled = call.send().await.map_err(failed("kms:CancelKeyDeletion"));
    match cancelled {
        Ok(_) => Ok(()),
        // A repeated call whose first answer was lost.
        Err(error) if error.is(&["KMSInvalidStateException"]) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn mark(cx: &Step, live: &Live, fate: &str) -> Result<(), Error> {
    let tags = Tags::live([(Some(KEPT), Some(fate))]);
    let call = cx.clients().kms().tag_resource().key_id(&live.id);
    let call = call.set_tags(Some(to_sdk(&tags)?));
    cx.retry(
        &format!("KMS key {}", live.id),
        SETTLED,
        &["KMSInvalidStateException"],
        || {
            let call = call.clone();
            async move {
                let marked = call.send().await.map_err(failed("kms:TagResource"));
                marked.or_absent(ABSENT)
            }
        },
    )
    .await?;
    Ok(())
}

async fn retag(cx: &Step, want: &Tags, live: &Live) -> Result<(), Error> {
    let (set, remove) = (want.to_set(&live.tags), want.to_remove(&live.tags));
    if !set.is_empty() {
        let call = cx.clients().kms().tag_resource().key_id(&live.id);
        let call = call.set_tags(Some(to_sdk(&set)?));
        call.send().await.map_err(failed("kms:TagResource"))?;
    }
    if !remove.is_empty() {
        untag(cx, &live.id, remove).await?;
    }
    Ok(())
}

async fn untag(cx: &Step, id: &str, keys: Vec<String>) -> Result<(), Error> {
    let call = cx.clients().kms().untag_resource().key_id(id);
    let call = call.set_tag_keys(Some(keys));
    call.send().await.map_err(failed("kms:UntagResource"))?;
    Ok(())
}

fn rendered(cx: &Step, desired: &Desired) -> Result<String, Error> {
    let unknown = || Error::Internal("the key's policy refers to what is not known".to_owned());
    desired.policy.render(cx.outputs()).ok_or_else(unknown)
}

fn to_sdk(tags: &Tags) -> Result<Vec<Tag>, Error> {
    let one = |(key, value)| Tag::builder().tag_key(key).tag_value(value).build();
    let tags = tags.iter().map(one).collect::<Result<_, _>>();
    tags.map_err(|error| Error::Internal(error.to_string()))
}
