//! Rules on the default bus, each with the one machine that it starts.
//!
//! Of those that fire by the clock AWS says that Scheduler is their successor. But its schedules carry no tags, and nothing
//! of what it adds is needed here.

use aws_sdk_eventbridge::types::{RuleState, Tag, Target};
use futures::future::{try_join, try_join_all};

use super::trigger::{Rendered, Trigger};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, KNOWN_AFTER_APPLY, Kind, Observer, Output, Outputs,
    Patience, Ref, References, ReplaceOrder, Resolve, Step, Tags, Wanted,
};

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];
/// What another call changes is refused for a moment, and what was just made may not be known everywhere.
const SETTLED: Patience = Patience::seconds(2, 3, 60);
const NOT_YET: [&str; 2] = [
    "ConcurrentModificationException",
    "ResourceNotFoundException",
];

/// The id of a rule's one target.
const TARGET: &str = "machine";

/// A rule with its target.
#[derive(Debug)]
pub(crate) struct Rule;

/// What a rule should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// Its name: 1 to 64 characters, unique on the bus.
    pub(crate) name: String,
    /// What it is for, for the console.
    pub(crate) description: String,
    /// When it fires.
    pub(crate) trigger: Trigger,
    /// The machine that they start.
    pub(crate) machine: Ref<Arn>,
    /// The role that it is started as.
    pub(crate) role: Ref<Arn>,
    /// What it is started with, as JSON; else with the event.
    pub(crate) input: Option<&'static str>,
    /// Its tags.
    pub(crate) tags: Tags,
    /// What must be there before it, and may go only after it.
    pub(crate) after: Vec<Address>,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    arn: Arn,
    name: String,
    description: String,
    trigger: Rendered,
    enabled: bool,
    /// `id: machine as role with input`, of every target.
    targets: Vec<String>,
    ids: Vec<String>,
    held: Vec<String>,
    tags: Tags,
}

impl Kind for Rule {
    const TYPE: &'static str = "AWS::Events::Rule";
    const NOUN: &'static str = "event rule";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let references = References::none().to(&desired.machine).to(&desired.role);
        let references = references.after_all(&desired.after);
        desired.trigger.referred(references)
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
                Some(address) => Found::Owned(address, live),
                None => {
                    let theirs = format!("the event rule {}", live.name);
                    Found::Foreign(one.address.clone(), theirs)
                }
            });
        }
        let listed = inventory.of("events", "rule");
        let listed = listed.filter_map(|(arn, _)| arn.split_once(":rule/").map(|(_, name)| name));
        let left = listed.filter(|name| wanted.iter().all(|one| one.desired.name != *name));
        for live in try_join_all(left.map(|name| find(cx.clients(), name))).await? {
            let owned = live.and_then(|live| Some((cx.address_of(&live.tags)?, live)));
            if let Some((address, live)) = owned {
                let old = leftover(&found, address, live);
                found.push(old);
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.name.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(live.arn.clone())
    }

    fn uses(live: &Live) -> Vec<String> {
        live.held.clone()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            name,
            description,
            trigger,
            machine,
            role,
            input,
            tags,
            after: _, // says when, not what
        } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.name, "a rule keeps its name");
        diff.field("description", description, &live.description);
        trigger.compare(&live.trigger, outputs, &mut diff);
        diff.field("enabled", &true, &live.enabled);
        let (machine, role) = (machine.resolve(outputs), role.resolve(outputs));
        let target = match (&machine, &role) {
            (Some(machine), Some(role)) => shown(TARGET, machine.as_str(), role.as_str(), *input),
            _ => KNOWN_AFTER_APPLY.to_owned(),
        };
        diff.set("targets", &[target], &live.targets, Effect::InPlace);
        diff.tags(tags, &live.tags);
        diff
    }

    fn replace_order(desired: &Desired, live: &Live) -> ReplaceOrder {
        if desired.name == live.name {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let arn = put(cx, desired, Some(&desired.tags)).await?;
        cx.made(&desired.name);
        aim(cx, desired).await?;
        Ok(Outputs::default().with(Arn::new(arn)))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let changes = [
            "description",
            "event_pattern",
            "schedule_expression",
            "enabled",
        ];
        if changes.into_iter().any(|field| diff.has(field)) {
            put(cx, desired, None).await?;
        }
        if diff.has("targets") {
            let others = live
                .ids
                .iter()
                .filter(|id| *id != TARGET)
                .cloned()
                .collect();
            remove(cx, &live.name, others).await?;
            aim(cx, desired).await?;
        }
        if diff.has("tags") {
            tag(cx, live, &desired.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        remove(cx, &live.name, live.ids.clone()).await?;
        let what = format!("the deletion of rule {}", live.name);
        cx.retry(&what, SETTLED, &NOT_YET[..1], || async {
            let deleted = cx.clients().events().delete_rule().name(&live.name).send();
            let deleted = deleted.await.map_err(failed("events:DeleteRule"));
            deleted.or_absent(&ABSENT)
        })
        .await?;
        Ok(Vec::new())
    }
}

async fn find(clients: &Clients, name: &str) -> Result<Option<Live>, AwsError> {
    let rule = async {
        let answer = clients.events().describe_rule().name(name).send().await;
        answer
            .map_err(failed("events:DescribeRule"))
            .or_absent(&ABSENT)
    };
    let targets = async {
        let answer = clients
            .events()
            .list_targets_by_rule()
            .rule(name)
            .send()
            .await;
        answer
            .map_err(failed("events:ListTargetsByRule"))
            .or_absent(&ABSENT)
    };
    let (rule, targets) = try_join(rule, targets).await?;
    let Some(rule) = rule else { return Ok(None) };
    let arn = rule.arn().unwrap_or_default();
    let tags = clients.events().list_tags_for_resource().resource_arn(arn);
    let tags = tags
        .send()
        .await
        .map_err(failed("events:ListTagsForResource"));
    let tags = tags.or_absent(&ABSENT)?.and_then(|answer| answer.tags);
    let tags = tags.unwrap_or_default().into_iter();
    let targets = targets
        .and_then(|answer| answer.targets)
        .unwrap_or_default();
    let held = targets
        .iter()
        .flat_map(|one| [Some(one.arn()), one.role_arn()]);
    Ok(Some(Live {
        arn: Arn::new(arn),
        name: name.to_owned(),
        description: rule.description().unwrap_or_default().to_owned(),
        trigger: Rendered {
            pattern: rule.event_pattern().map(str::to_owned),
            schedule: rule.schedule_expression().map(str::to_owned),
        },
        enabled: rule.state() == Some(&RuleState::Enabled),
        held: held.flatten().map(str::to_owned).collect(),
        ids: targets.iter().map(|one| one.id().to_owned()).collect(),
        targets: targets
            .iter()
            .map(|one| {
                let role = one.role_arn().unwrap_or("nobody");
                shown(one.id(), one.arn(), role, one.input())
            })
            .collect(),
        tags: Tags::live(tags.map(|tag| (Some(tag.key), Some(tag.value)))),
    }))
}

fn shown(id: &str, machine: &str, role: &str, input: Option<&str>) -> String {
    let input = input.unwrap_or("the event");
    format!("{id}: {machine} as {role} with {input}")
}

/// Makes the rule, or sets all of it anew; tags are taken with the first time only.
async fn put(cx: &Step, desired: &Desired, tags: Option<&Tags>) -> Result<String, Error> {
    let unknown = || Error::Internal("a rule refers to what is not known yet".to_owned());
    let trigger = desired.trigger.render(cx.outputs()).ok_or_else(unknown)?;
    let tags = tags.map(sdk).transpose()?;
    let what = format!("rule {}", desired.name);
    let answer = cx.retry(&what, SETTLED, &NOT_YET[..1], || async {
        let call = cx.clients().events().put_rule().name(&desired.name);
        // What is left out is taken out.
        let call = call
            .description(&desired.description)
            .set_event_pattern(trigger.pattern.clone())
            .set_schedule_expression(trigger.schedule.clone());
        let answer = call.state(RuleState::Enabled).set_tags(tags.clone()).send();
        answer.await.map_err(failed("events:PutRule"))
    });
    Ok(answer.await?.rule_arn.unwrap_or_default())
}

/// Sets the rule's target.
async fn aim(cx: &Step, desired: &Desired) -> Result<(), Error> {
    let (machine, role) = (cx.get(&desired.machine)?, cx.get(&desired.role)?);
    let target = Target::builder().id(TARGET).arn(machine.as_str());
    let target = target.role_arn(role.as_str());
    let target = target.set_input(desired.input.map(str::to_owned)).build();
    let target = target.map_err(|error| Error::Internal(error.to_string()))?;
    let what = format!("the target of rule {}", desired.name);
    let answer = cx.retry(&what, SETTLED, &NOT_YET, || async {
        let call = cx.clients().events().put_targets().rule(&desired.name);
        let answer = call.targets(target.clone()).send().await;
        answer.map_err(failed("events:PutTargets"))
    });
    // The call succeeds although the entry may have been refused.
    match answer.await?.failed_entries().first() {
        None => Ok(()),
        Some(entry) => Err(Error::Failed {
            what,
            state: entry.error_code().unwrap_or("refused").to_owned(),
            detail: entry
                .error_message()
                .map(str::to_owned)
                .into_iter()
                .collect(),
        }),
    }
}

async fn remove(cx: &Step, rule: &str, ids: Vec<String>) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let what = format!("the targets of rule {rule}");
    cx.retry(&what, SETTLED, &NOT_YET[..1], || async {
        let call = cx.clients().events().remove_targets().rule(rule);
        let removed = call.set_ids(Some(ids.clone())).send().await;
        removed
            .map_err(failed("events:RemoveTargets"))
            .or_absent(&ABSENT)
    })
    .await?;
    Ok(())
}

fn sdk(tags: &Tags) -> Result<Vec<Tag>, Error> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    let tags: Result<Vec<_>, _> = tags.iter().map(tag).collect();
    tags.map_err(|error| Error::Internal(error.to_string()))
}

async fn tag(cx: &Step, live: &Live, want: &Tags) -> Result<(), Error> {
    let (set, remove) = (want.to_set(&live.tags), want.to_remove(&live.tags));
    let arn = live.arn.as_str();
    if !set.is_empty() {
        let call = cx.clients().events().tag_resource().resource_arn(arn);
        let done = call.set_tags(Some(sdk(&set)?)).send().await;
        done.map_err(failed("events:TagResource"))?;
    }
    if !remove.is_empty() {
        let call = cx.clients().events().untag_resource().resource_arn(arn);
        let done = call.set_tag_keys(Some(remove)).send().await;
        done.map_err(failed("events:UntagResource"))?;
    }
    Ok(())
}
