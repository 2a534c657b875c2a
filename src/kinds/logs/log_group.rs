//! Log groups.
//!
//! Whoever still writes to a group that is gone may make it again: RDS does, and so does any log driver that is allowed
//! to. Such a group is of our name and carries no tags, as somebody else's would. It counts as ours, and gets its tags and
//! its retention back, when nobody has configured anything of it and every stream in it is named as only this stack's
//! own writers name theirs ([`recreated`]). Else it is foreign.

use std::collections::HashMap;

use futures::try_join;

use super::encryption;
use super::log_group_calls::{self, find, name_in, protect};
use super::recreated::{self, Untagged};
use crate::aws::{OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Patience, Ref,
    References, Resolve, ResourceName, Step, Tags, Wanted,
};

/// What was just made shows within seconds.
const VISIBLE: Patience = Patience::seconds(2, 5, 120);

/// A log group, found by its name, which is unique in a region.
pub(crate) struct LogGroup;

/// What a log group should be.
#[derive(Debug, Clone)]
pub(crate) struct LogGroupDesired {
    /// Its name.
    pub(crate) name: String,
    /// Days a line is kept; CloudWatch Logs takes a fixed list of numbers.
    pub(crate) retention_days: u32,
    /// How the names of the streams in it begin, which nothing outside the stack writes.
    pub(crate) writers: String,
    /// The KMS key that its lines are encrypted with; nothing for CloudWatch Logs' own.
    pub(crate) key: Option<Ref<Arn>>,
    /// Whether AWS refuses to delete it; nothing where nobody has said, and whatever is set is left as it is.
    pub(crate) deletion_protection: Option<bool>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct LogGroupLive {
    pub(super) name: String,
    /// Without the `:*` that some of the API's answers end with.
    pub(super) arn: String,
    pub(super) retention: Option<u32>,
    /// The account's policy that decides on the retention in place of the group's own setting.
    pub(super) account_policy: Option<String>,
    pub(super) key: Option<Arn>,
    pub(super) protected: bool,
    /// Whether a writer of the stack has made it again after ours was gone.
    pub(super) recreated: bool,
    pub(super) tags: Tags,
}

impl Kind for LogGroup {
    const TYPE: &'static str = "AWS::Logs::LogGroup";
    const NOUN: &'static str = "log group";
    const HOLDS_DATA: bool = true;

    type Desired = LogGroupDesired;
    type Live = LogGroupLive;

    fn references(desired: &LogGroupDesired) -> References {
        References::none().to_all(&desired.key)
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
                None => untagged(cx, want, one).await?,
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

    fn uses(live: &LogGroupLive) -> Vec<String> {
        live.key.iter().map(ToString::to_string).collect()
    }

    fn diff(desired: &LogGroupDesired, live: &LogGroupLive, outputs: &dyn Resolve) -> Diff {
        let LogGroupDesired {
            name,
            retention_days,
            writers: _, // tells whose it is
            key,
            deletion_protection,
            tags,
        } = desired;
        let mut diff = Diff::new();
        if live.recreated {
            let (old, new) = ("nobody: made again by what still wrote to it", "this stack");
            let (old, new) = (Some(old.to_owned()), Some(new.to_owned()));
            diff.push("owner".to_owned(), old, new, Effect::InPlace);
        }
        diff.immutable("name", name, &live.name, "a log group keeps its name");
        // Under an account's policy AWS shows that policy's figure, and no call of ours would change it.
        if live.account_policy.is_none() {
            diff.optional(
                "retention_days",
                Some(retention_days),
                live.retention.as_ref(),
            );
        }
        let (want, have) = (key.as_ref(), live.key.as_ref());
        diff.optional_reference("kms_key_id", want, have, outputs, Effect::InPlace);
        if let Some(want) = deletion_protection {
            diff.field("deletion_protection", want, &live.protected);
        }
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &LogGroupDesired) -> Result<Outputs, Error> {
        let key = desired.key.as_ref().map(|key| cx.get(key)).transpose()?;
        let call = cx
            .clients()
            .logs()
            .create_log_group()
            .log_group_name(&desired.name)
            .set_kms_key_id(key.map(|key| key.to_string()))
            .set_tags(Some(map(&desired.tags)))
            .set_deletion_protection_enabled(desired.deletion_protection.filter(|on| *on));
        let made = encryption::allowed(cx, desired, || {
            let call = call.clone();
            async move { call.send().await.map_err(failed("logs:CreateLogGroup")) }
        });
        match made.await {
            Ok(_) => {}
            // A repeated call whose first answer was lost.
            Err(Error::Aws(error)) if error.is(&["ResourceAlreadyExists"]) => {
                let there = find(cx.clients(), &[&desired.name], cx.stack()).await?;
                let ours = there
                    .iter()
                    .any(|one| one.tags.address_in(cx.stack()).as_ref() == Some(&cx.address));
                if !ours {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error),
        }
        cx.made(&desired.name);
        retain(cx, desired).await?;
        cx.wait(&format!("log group {}", desired.name), VISIBLE, || async {
            let there = find(cx.clients(), &[&desired.name], cx.stack()).await?;
            Ok(match there.first() {
                Some(live) => Look::Ready(Self::outputs(live)),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await
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
        if diff.has("kms_key_id") {
            encryption::change(cx, desired).await?;
        }
        if diff.has("deletion_protection") {
            protect(cx, live, desired.deletion_protection.unwrap_or_default()).await?;
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
        desired: Option<&LogGroupDesired>,
        live: &LogGroupLive,
    ) -> Result<Vec<Blocker>, Error> {
        let wanted = desired.and_then(|desired| desired.deletion_protection);
        Ok(log_group_calls::protection(wanted, live)
            .into_iter()
            .collect())
    }

    async fn delete(
        cx: &Step,
        desired: Option<&LogGroupDesired>,
        live: &LogGroupLive,
    ) -> Result<Vec<String>, Error> {
        let wanted = desired.and_then(|desired| desired.deletion_protection);
        if live.protected && wanted == Some(false) {
            protect(cx, live, false).await?;
        }
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

/// Whose a group of a wanted name is that carries no tags of the stack.
async fn untagged(
    cx: &Observer,
    want: &Wanted<'_, LogGroup>,
    one: LogGroupLive,
) -> Result<Found<LogGroupLive>, Error> {
    let untouched =
        one.tags.is_empty() && one.retention.is_none() && one.key.is_none() && !one.protected;
    let judged = if untouched {
        recreated::judge(cx.clients(), &one.name, &want.desired.writers).await?
    } else {
        Untagged::Theirs
    };
    Ok(match judged {
        Untagged::Ours => {
            let recreated = true;
            Found::Owned(want.address.clone(), LogGroupLive { recreated, ..one })
        }
        Untagged::Theirs => Found::Foreign(want.address.clone(), format!("log group {}", one.name)),
    })
}

fn map(tags: &Tags) -> HashMap<String, String> {
    tags.iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

async fn retain(cx: &Step, desired: &LogGroupDesired) -> Result<(), Error> {
    let days = i32::try_from(desired.retention_days).unwrap_or(i32::MAX);
    let what = format!("log group {}", desired.name);
    // One just made may not be known everywhere yet, and a change of it may be under way.
    let not_yet = ["ResourceNotFound", "OperationAborted"];
    cx.retry(&what, VISIBLE, &not_yet, || async {
        cx.clients()
            .logs()
            .put_retention_policy()
            .log_group_name(&desired.name)
            .retention_in_days(days)
            .send()
            .await
            .map_err(failed("logs:PutRetentionPolicy"))
    })
    .await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn live(retention: Option<u32>, policy: Option<&str>) -> LogGroupLive {
        LogGroupLive {
            name: "/kongstack/demo/data-plane".to_owned(),
            arn: "arn".to_owned(),
            retention,
            account_policy: policy.map(str::to_owned),
            key: None,
            protected: false,
            recreated: false,
            tags: Tags::default(),
        }
    }

    #[test]
    fn a_protection_is_left_alone_unless_the_spec_speaks_of_it() {
        let mut desired = LogGroupDesired {
            name: "/kongstack/demo/data-plane".to_owned(),
            retention_days: 7,
            writers: "ecs/kong/".to_owned(),
            key: None,
            deletion_protection: None,
            tags: Tags::default(),
        };
        let mut one = live(Some(7), None);
        one.protected = true;
        let differs = |desired: &LogGroupDesired, live: &LogGroupLive| {
            LogGroup::diff(desired, live, &Nothing).has("deletion_protection")
        };
        assert!(!differs(&desired, &one));
        desired.deletion_protection = Some(false);
        assert!(differs(&desired, &one));
        desired.deletion_protection = Some(true);
        assert!(!differs(&desired, &one));
        one.protected = false;
        assert!(differs(&desired, &one));
    }

    #[test]
    fn an_accounts_retention_policy_is_no_drift() {
        let desired = LogGroupDesired {
            name: "/kongstack/demo/data-plane".to_owned(),
            retention_days: 7,
            writers: "ecs/kong/".to_owned(),
            key: None,
            deletion_protection: None,
            tags: Tags::default(),
        };
        let diff = |live| LogGroup::diff(&desired, &live, &Nothing);
        let mut again = live(Some(7), None);
        again.recreated = true;
        assert!(diff(again).has("owner"));
        assert!(diff(live(Some(7), None)).is_empty());
        assert!(diff(live(Some(90), None)).has("retention_days"));
        assert!(diff(live(None, None)).has("retention_days"));
        assert!(diff(live(Some(90), Some("account"))).is_empty());
        assert!(diff(live(None, Some("account"))).is_empty());
    }
}
