//! Groups of schedules.
//!
//! Schedules take no tags, their groups do; and a group takes its schedules along when it goes. So a stack's timer lies
//! in a group of its own.

use aws_sdk_scheduler::types::{ScheduleGroupState, Tag};
use futures::future::{try_join, try_join_all};

use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Diff, Error, Found, Kind, Look, Observer, Output, Outputs, Patience, References,
    ReplaceOrder, Resolve, ResourceName, Step, Tags, Wanted,
};

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];
const VISIBLE: Patience = Patience::seconds(2, 3, 120);
/// A group goes after the last of its schedules.
const GONE: Patience = Patience::seconds(3, 10, 600);

/// A group of schedules.
#[derive(Debug)]
pub(crate) struct ScheduleGroup;

/// What a group should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// Its name: 1 to 64 characters, unique in a region.
    pub(crate) name: String,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    arn: Arn,
    name: String,
    leaving: bool,
    tags: Tags,
}

impl Kind for ScheduleGroup {
    const TYPE: &'static str = "AWS::Scheduler::ScheduleGroup";
    const NOUN: &'static str = "schedule group";

    type Desired = Desired;
    type Live = Live;

    fn references(_desired: &Desired) -> References {
        References::none()
    }

    /// By name; the inventory names those that left the spec.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let named = wanted
            .iter()
            .map(|one| find(cx.clients(), &one.desired.name));
        let named = async { Ok(try_join_all(named).await?) };
        let (named, inventory) = try_join(named, cx.inventory()).await?;
        let mut found = Vec::new();
        for (one, live) in wanted.iter().zip(named) {
            let Some(live) = live else { continue };
            found.push(match cx.address_of(&live.tags) {
                Some(address) if live.leaving => Found::Leaving(address, live),
                Some(address) => Found::Owned(address, live),
                None => {
                    let theirs = format!("the schedule group {}", live.name);
                    Found::Foreign(one.address.clone(), theirs)
                }
            });
        }
        let listed = inventory.of("scheduler", "schedule-group");
        let listed = listed.filter_map(|(arn, _)| arn.rsplit_once('/').map(|(_, name)| name));
        let left = listed.filter(|name| wanted.iter().all(|one| one.desired.name != *name));
        for live in try_join_all(left.map(|name| find(cx.clients(), name))).await? {
            let owned = live.and_then(|live| Some((cx.address_of(&live.tags)?, live)));
            if let Some((address, live)) = owned {
                let leaving = live.leaving;
                let old = leftover(&found, address, live);
                found.push(if leaving { old.leaving() } else { old });
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.name.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default()
            .with(live.arn.clone())
            .with(ResourceName::new(&live.name))
    }

    fn uses(_live: &Live) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &Desired, live: &Live, _outputs: &dyn Resolve) -> Diff {
        let Desired { name, tags } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.name, "a group keeps its name");
        diff.tags(tags, &live.tags);
        diff
    }

    fn replace_order(_desired: &Desired, _live: &Live) -> ReplaceOrder {
        ReplaceOrder::CreateFirst
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let what = format!("schedule group {}", desired.name);
        let call = cx.clients().scheduler().create_schedule_group();
        let call = call.name(&desired.name).set_tags(Some(sdk(&desired.tags)?));
        let made = call.send().await;
        match made.map_err(failed("scheduler:CreateScheduleGroup")) {
            Ok(_) => {}
            // A repeated call whose first answer was lost.
            Err(error) if error.is(&["ConflictException"]) => {
                let there = find(cx.clients(), &desired.name).await?;
                let ours = there.is_some_and(|live| {
                    live.tags.address_in(cx.stack()).as_ref() == Some(&cx.address)
                });
                if !ours {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
        cx.made(&desired.name);
        cx.wait(&what, VISIBLE, || async {
            Ok(match find(cx.clients(), &desired.name).await? {
                Some(live) if !live.leaving => Look::Ready(Self::outputs(&live)),
                Some(_) => Look::Pending("DELETING".to_owned()),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        let (set, remove) = (
            desired.tags.to_set(&live.tags),
            desired.tags.to_remove(&live.tags),
        );
        let (client, arn) = (cx.clients().scheduler(), live.arn.as_str());
        if !set.is_empty() {
            let call = client.tag_resource().resource_arn(arn);
            let done = call.set_tags(Some(sdk(&set)?)).send().await;
            done.map_err(failed("scheduler:TagResource"))?;
        }
        if !remove.is_empty() {
            let call = client.untag_resource().resource_arn(arn);
            let done = call.set_tag_keys(Some(remove)).send().await;
            done.map_err(failed("scheduler:UntagResource"))?;
        }
        Ok(Self::outputs(live))
    }

    /// Deletes it with its schedules, and waits until it is gone.
    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        if !live.leaving {
            let call = cx.clients().scheduler().delete_schedule_group();
            let deleted = call.name(&live.name).send().await;
            deleted
                .map_err(failed("scheduler:DeleteScheduleGroup"))
                .or_absent(&ABSENT)?;
        }
        let what = format!("schedule group {}", live.name);
        cx.wait(&what, GONE, || async {
            Ok(match find(cx.clients(), &live.name).await? {
                Some(_) => Look::Pending("DELETING".to_owned()),
                None => Look::Ready(()),
            })
        })
        .await?;
        Ok(Vec::new())
    }
}

async fn find(clients: &Clients, name: &str) -> Result<Option<Live>, AwsError> {
    let answer = clients.scheduler().get_schedule_group().name(name).send();
    let answer = answer.await.map_err(failed("scheduler:GetScheduleGroup"));
    let Some(group) = answer.or_absent(&ABSENT)? else {
        return Ok(None);
    };
    let arn = group.arn().unwrap_or_default();
    let tags = clients.scheduler().list_tags_for_resource();
    let tags = tags.resource_arn(arn).send().await;
    let tags = tags.map_err(failed("scheduler:ListTagsForResource"));
    let tags = tags.or_absent(&ABSENT)?.and_then(|answer| answer.tags);
    let tags = tags.unwrap_or_default().into_iter();
    Ok(Some(Live {
        arn: Arn::new(arn),
        name: name.to_owned(),
        leaving: group.state() == Some(&ScheduleGroupState::Deleting),
        tags: Tags::live(tags.map(|tag| (Some(tag.key), Some(tag.value)))),
    }))
}

fn sdk(tags: &Tags) -> Result<Vec<Tag>, Error> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    let tags: Result<Vec<_>, _> = tags.iter().map(tag).collect();
    tags.map_err(|error| Error::Internal(error.to_string()))
}
