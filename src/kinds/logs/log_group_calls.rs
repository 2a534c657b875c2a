//! How log groups are asked for.

use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs::types::LogGroup as SdkLogGroup;
use futures::future::try_join_all;

use super::log_group::LogGroupLive;
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Arn, Blocker, Error, Output, Patience, Step, Tags};

/// A change of a group takes seconds.
const CHANGED: Patience = Patience::seconds(2, 5, 120);

/// `arn:aws:logs:region:account:log-group:NAME`, with or without `:*` behind it.
pub(super) fn name_in(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":log-group:")?;
    Some(name.strip_suffix(":*").unwrap_or(name))
}

/// The groups of these names, in as few calls as their common beginning allows.
pub(super) async fn find(
    clients: &Clients,
    names: &[&str],
    stack: &str,
) -> Result<Vec<LogGroupLive>, AwsError> {
    let listed = try_join_all(
        prefixes(names, stack)
            .into_iter()
            .map(|prefix| list(clients, prefix, names.contains(&prefix))),
    );
    let groups = listed.await?.into_iter().flatten();
    let ours = groups.filter(|group| {
        let name = group.log_group_name();
        name.is_some_and(|name| names.contains(&name))
    });
    let read = try_join_all(ours.map(|group| read(clients, group))).await?;
    Ok(read.into_iter().flatten().collect())
}

/// The API lists by prefix only. One serves all names of a folder that is called like the stack; any other folder could
/// hold half the account.
fn prefixes<'a>(names: &[&'a str], stack: &str) -> Vec<&'a str> {
    let folder = |name: &'a str| {
        let end = name.rfind('/').map_or(0, |slash| slash + 1);
        let folder = name.get(..end).unwrap_or_default();
        folder.ends_with(&format!("/{stack}/")).then_some(folder)
    };
    let shared = |folder: &&str| names.iter().filter(|name| name.starts_with(folder)).count() > 1;
    let prefix = |name: &'a str| folder(name).filter(shared).unwrap_or(name);
    let prefixes: BTreeSet<&str> = names.iter().map(|name| prefix(name)).collect();
    prefixes.into_iter().collect()
}

/// The groups of a prefix. One that is the name of a group stands before all it begins: the list is sorted by name, and
/// the rest of it could be half the account.
async fn list(
    clients: &Clients,
    prefix: &str,
    is_name: bool,
) -> Result<Vec<SdkLogGroup>, AwsError> {
    let call = clients
        .logs()
        .describe_log_groups()
        .log_group_name_prefix(prefix);
    if is_name {
        let first = call.limit(1).send().await;
        let first = first.map_err(failed("logs:DescribeLogGroups"))?;
        return Ok(first.log_groups.unwrap_or_default());
    }
    let listed: Result<Vec<_>, _> = call.into_paginator().items().send().collect().await;
    listed.map_err(failed("logs:DescribeLogGroups"))
}

async fn read(clients: &Clients, group: SdkLogGroup) -> Result<Option<LogGroupLive>, AwsError> {
    let arn = group.log_group_arn.or(group.arn).unwrap_or_default();
    let arn = arn.strip_suffix(":*").unwrap_or(&arn).to_owned();
    let tags = clients
        .logs()
        .list_tags_for_resource()
        .resource_arn(&arn)
        .send()
        .await
        .map_err(failed("logs:ListTagsForResource"))
        .or_absent(&["ResourceNotFound"])?;
    let pairs = tags.map(|tags| tags.tags.unwrap_or_default().into_iter());
    Ok(group
        .log_group_name
        .zip(pairs)
        .map(|(name, pairs)| LogGroupLive {
            name,
            arn,
            retention: group
                .retention_in_days
                .and_then(|days| days.try_into().ok()),
            account_policy: group.retention_policy_name,
            key: group.kms_key_id.map(Arn::new),
            protected: group.deletion_protection_enabled == Some(true),
            recreated: false,
            tags: Tags::live(pairs.map(|(key, value)| (Some(key), Some(value)))),
        }))
}

/// What keeps a protected group from being deleted; `wanted` is what the spec says of its protection.
pub(super) fn protection(wanted: Option<bool>, live: &LogGroupLive) -> Option<Blocker> {
    let name = &live.name;
    let (reason, fix) = match wanted {
        Some(false) => return None,
        Some(true) => (
            format!("deletion protection is on for the log group {name}"),
            "set logs.deletion_protection to false in the spec, or give `--set logs.deletion_protection=false`: the deletion then switches it off",
        ),
        None => (
            format!(
                "log group {name} is protected against deletion, which was switched on by hand"
            ),
            "switch its deletion protection off",
        ),
    };
    live.protected.then(|| Blocker {
        reason,
        fix: fix.to_owned(),
    })
}

/// Switches a group's protection on or off.
pub(super) async fn protect(cx: &Step, live: &LogGroupLive, on: bool) -> Result<(), Error> {
    // A change of it may be under way.
    let busy = ["OperationAborted"];
    cx.retry(
        &format!("log group {}", live.name),
        CHANGED,
        &busy,
        || async {
            let call = cx.clients().logs().put_log_group_deletion_protection();
            let call = call.log_group_identifier(&live.name);
            let answer = call.deletion_protection_enabled(on).send().await;
            answer
                .map_err(failed("logs:PutLogGroupDeletionProtection"))
                .or_absent(&["ResourceNotFound"])
        },
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_stack_are_listed_by_one_prefix() {
        let generated = [
            "/kongstack/demo/control-plane",
            "/kongstack/demo/data-plane",
        ];
        assert_eq!(prefixes(&generated, "demo"), ["/kongstack/demo/"]);
        let mixed = [
            "/kongstack/demo/control-plane",
            "/ecs/kong",
            "/kongstack/demo/data-plane",
        ];
        assert_eq!(prefixes(&mixed, "demo"), ["/ecs/kong", "/kongstack/demo/"]);
        assert_eq!(
            prefixes(&["/ecs/a", "/ecs/b"], "demo"),
            ["/ecs/a", "/ecs/b"]
        );
        assert!(prefixes(&[], "demo").is_empty());
    }

    #[test]
    fn an_arn_gives_its_name() {
        let arn = "arn:aws:logs:eu-west-1:1:log-group:/a/b:*";
        assert_eq!(name_in(arn), Some("/a/b"));
        assert_eq!(name_in("arn:aws:logs:eu-west-1:1:destination:x"), None);
    }
}
