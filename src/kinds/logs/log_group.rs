//! Log groups.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs::types::LogGroup as SdkLogGroup;
use futures::future::try_join_all;
use futures::try_join;

use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Blocker, Diff, Error, Found, Kind, Observer, Output, Outputs, References, Resolve,
    ResourceName, Step, Tags, Wanted,
};

/// A log group, found by its name, which is unique in a region.
pub(crate) struct LogGroup;

/// What a log group should be.
#[derive(Debug, Clone)]
pub(crate) struct LogGroupDesired {
    /// Its name.
    pub(crate) name: String,
    /// Days a line is kept; CloudWatch Logs takes a fixed list of numbers.
    pub(crate) retention_days: u32,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct LogGroupLive {
    name: String,
    /// Without the `:*` that some of the API's answers end with.
    arn: String,
    retention: Option<u32>,
    /// The account's policy that decides on the retention in place of the group's own setting.
    account_policy: Option<String>,
    protected: bool,
    tags: Tags,
}

impl Kind for LogGroup {
    const TYPE: &'static str = "AWS::Logs::LogGroup";
    const NOUN: &'static str = "log group";
    const HOLDS_DATA: bool = true;

    type Desired = LogGroupDesired;
    type Live = LogGroupLive;

    fn references(_desired: &LogGroupDesired) -> References {
        References::none()
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<LogGroupLive>>, Error> {
        let names: Vec<&str> = wanted.iter().map(|one| one.desired.name.as_str()).collect();
        let named = async { Ok(find(cx.clients(), &names, cx.stack()).await?) };
        let (named, inventory) = try_join!(named, cx.inventory())?;
        let mut found = Vec::new();
        for one in named {
            let Some(want) = wanted.iter().find(|want| want.desired.name == one.name) else {
                continue;
            };
            found.push(match cx.address_of(&one.tags) {
                Some(its) => Found::Owned(its, one),
                None => Found::Foreign(want.address.clone(), format!("log group {}", one.name)),
            });
        }
        let left: Vec<&str> = inventory
            .of("logs", "log-group")
            .filter_map(|(arn, _)| name_in(arn))
            .filter(|name| !names.contains(name))
            .collect();
        for one in find(cx.clients(), &left, cx.stack()).await? {
            if let Some(its) = cx.address_of(&one.tags) {
                found.push(leftover(&found, its, one));
            }
        }
        Ok(found)
    }

    fn id(live: &LogGroupLive) -> String {
        live.name.clone()
    }

    fn outputs(live: &LogGroupLive) -> Outputs {
        Outputs::default()
            .with(ResourceName::new(&live.name))
            .with(Arn::new(&live.arn))
    }

    fn uses(_live: &LogGroupLive) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &LogGroupDesired, live: &LogGroupLive, _outputs: &dyn Resolve) -> Diff {
        let LogGroupDesired {
            name,
            retention_days,
            tags,
        } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.name, "a log group keeps its name");
        // Under an account's policy AWS shows that policy's figure, and no call of ours would change it.
        if live.account_policy.is_none() {
            diff.optional(
                "retention_days",
                Some(retention_days),
                live.retention.as_ref(),
            );
        }
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &LogGroupDesired) -> Result<Outputs, Error> {
        let made = cx
            .clients()
            .logs()
            .create_log_group()
            .log_group_name(&desired.name)
            .set_tags(Some(map(&desired.tags)))
            .send()
            .await
            .map_err(failed("logs:CreateLogGroup"));
        match made {
            Ok(_) => {}
            // A repeated call whose first answer was lost.
            Err(error) if error.is(&["ResourceAlreadyExists"]) => {
                let there = find(cx.clients(), &[&desired.name], cx.stack()).await?;
                let ours = there
                    .iter()
                    .any(|one| one.tags.address_in(cx.stack()).as_ref() == Some(&cx.address));
                if !ours {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
        cx.made(&desired.name);
        retain(cx, desired).await?;
        let there = find(cx.clients(), &[&desired.name], cx.stack()).await?;
        there.first().map(Self::outputs).ok_or(Error::Incomplete {
            operation: "logs:DescribeLogGroups",
            missing: "the group just made",
        })
    }

    async fn update(
        cx: &Step,
        desired: &LogGroupDesired,
        live: &LogGroupLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("retention_days") {
            retain(cx, desired).await?;
        }
        if diff.has("tags") {
            let set = desired.tags.to_set(&live.tags);
            if !set.is_empty() {
                tag(cx, &live.arn, &set).await?;
            }
            let remove = desired.tags.to_remove(&live.tags);
            if !remove.is_empty() {
                cx.clients()
                    .logs()
                    .untag_resource()
                    .resource_arn(&live.arn)
                    .set_tag_keys(Some(remove))
                    .send()
                    .await
                    .map_err(failed("logs:UntagResource"))?;
            }
        }
        Ok(Self::outputs(live))
    }

    async fn blockers(
        _cx: &Observer,
        _desired: Option<&LogGroupDesired>,
        live: &LogGroupLive,
    ) -> Result<Vec<Blocker>, Error> {
        let blocker = live.protected.then(|| Blocker {
            reason: format!(
                "log group {} is protected against deletion, which was switched on by hand",
                live.name
            ),
            fix: "switch its deletion protection off".to_owned(),
        });
        Ok(blocker.into_iter().collect())
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&LogGroupDesired>,
        live: &LogGroupLive,
    ) -> Result<Vec<String>, Error> {
        cx.clients()
            .logs()
            .delete_log_group()
            .log_group_name(&live.name)
            .send()
            .await
            .map_err(failed("logs:DeleteLogGroup"))
            .or_absent(&["ResourceNotFound"])?;
        Ok(Vec::new())
    }
}

fn map(tags: &Tags) -> HashMap<String, String> {
    tags.iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// `arn:aws:logs:region:account:log-group:NAME`, with or without `:*` behind it.
fn name_in(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":log-group:")?;
    Some(name.strip_suffix(":*").unwrap_or(name))
}

async fn retain(cx: &Step, desired: &LogGroupDesired) -> Result<(), Error> {
    let days = i32::try_from(desired.retention_days).unwrap_or(i32::MAX);
    cx.clients()
        .logs()
        .put_retention_policy()
        .log_group_name(&desired.name)
        .retention_in_days(days)
        .send()
        .await
        .map_err(failed("logs:PutRetentionPolicy"))?;
    Ok(())
}

async fn tag(cx: &Step, arn: &str, tags: &Tags) -> Result<(), Error> {
    cx.clients()
        .logs()
        .tag_resource()
        .resource_arn(arn)
        .set_tags(Some(map(tags)))
        .send()
        .await
        .map_err(failed("logs:TagResource"))?;
    Ok(())
}

/// The groups of these names, in as few calls as their common beginning allows.
async fn find(
    clients: &Clients,
    names: &[&str],
    stack: &str,
) -> Result<Vec<LogGroupLive>, AwsError> {
    let listed = try_join_all(
        prefixes(names, stack)
            .into_iter()
            .map(|prefix| list(clients, prefix)),
    );
    let groups = listed.await?.into_iter().flatten();
    let ours = groups.filter(|group| {
        let name = group.log_group_name();
        name.is_some_and(|name| names.contains(&name))
    });
    let read = try_join_all(ours.map(|group| read(clients, group))).await?;
    Ok(read.into_iter().flatten().collect())
}

/// The API lists by prefix only. One prefix serves all names if the stack's own name is in it; a shorter one
/// could list half the account.
fn prefixes<'a>(names: &[&'a str], stack: &str) -> Vec<&'a str> {
    let Some((first, rest)) = names.split_first() else {
        return Vec::new();
    };
    let common = rest.iter().fold(first.len(), |length, name| {
        let same = first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b);
        length.min(same.count())
    });
    match first.get(..common) {
        Some(common) if common.contains(&format!("{stack}/")) => vec![common],
        _ => names.to_vec(),
    }
}

async fn list(clients: &Clients, prefix: &str) -> Result<Vec<SdkLogGroup>, AwsError> {
    let pages = clients
        .logs()
        .describe_log_groups()
        .log_group_name_prefix(prefix)
        .into_paginator()
        .items()
        .send();
    let listed: Result<Vec<_>, _> = pages.collect().await;
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
            protected: group.deletion_protection_enabled == Some(true),
            tags: Tags::live(pairs.map(|(key, value)| (Some(key), Some(value)))),
        }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Attribute};

    struct Nothing;

    impl Resolve for Nothing {
        fn output(&self, _: &Address, _: Attribute) -> Option<String> {
            None
        }
    }

    fn live(retention: Option<u32>, policy: Option<&str>) -> LogGroupLive {
        LogGroupLive {
            name: "/kongstack/demo/data-plane".to_owned(),
            arn: "arn".to_owned(),
            retention,
            account_policy: policy.map(str::to_owned),
            protected: false,
            tags: Tags::default(),
        }
    }

    #[test]
    fn an_accounts_retention_policy_is_no_drift() {
        let desired = LogGroupDesired {
            name: "/kongstack/demo/data-plane".to_owned(),
            retention_days: 7,
            tags: Tags::default(),
        };
        let diff = |live| LogGroup::diff(&desired, &live, &Nothing);
        assert!(diff(live(Some(7), None)).is_empty());
        assert!(diff(live(Some(90), None)).has("retention_days"));
        assert!(diff(live(None, None)).has("retention_days"));
        assert!(diff(live(Some(90), Some("account"))).is_empty());
        assert!(diff(live(None, Some("account"))).is_empty());
    }

    #[test]
    fn names_of_one_stack_are_listed_by_one_prefix() {
        let generated = [
            "/kongstack/demo/control-plane",
            "/kongstack/demo/data-plane",
        ];
        assert_eq!(prefixes(&generated, "demo"), ["/kongstack/demo/"]);
        let mixed = ["/kongstack/demo/control-plane", "/ecs/kong"];
        assert_eq!(prefixes(&mixed, "demo"), mixed);
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
