//! Task definitions: one family a purpose, a new revision for every change.
//!
//! The newest active revision of the stack's own is the resource; older ones of it that are still active are
//! retired. Revisions that somebody else registers in the family are not looked at: services name theirs by number.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_ecs::types::{
    Compatibility, CpuArchitecture, NetworkMode, OsFamily, RuntimePlatform, SortOrder,
    TaskDefinition as Sdk, TaskDefinitionField, TaskDefinitionStatus,
};
use futures::future::{try_join, try_join_all};

use super::acceptance::until_accepted;
use super::container::Container;
use super::fields::Fields;
use super::tagging;
use crate::aws::{AwsError, Clients, OrAbsent, failed, once};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Address, Arn, Diff, Error, Found, Inventory, Kind, Observer, Output, Outputs, Patience, Ref,
    References, Resolve, Step, Tags, Wanted,
};

/// A family of task definitions, of which the newest revision counts.
#[derive(Debug)]
pub(crate) struct TaskDefinition;

/// What the newest revision should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The family's name.
    pub(crate) family: String,
    /// CPU units of the task, 1024 a vCPU.
    pub(crate) cpu: u32,
    /// Memory of the task in MiB.
    pub(crate) memory: u32,
    /// Processor it runs on.
    pub(crate) architecture: Architecture,
    /// The role with which ECS pulls the image, reads secrets and writes logs.
    pub(crate) execution_role: Ref<Arn>,
    /// The role of the processes in the task; none when they call no AWS service.
    pub(crate) task_role: Option<Ref<Arn>>,
    /// Its one container.
    pub(crate) container: Container,
    /// The region, which the log driver wants to be told.
    pub(crate) region: String,
    /// Its tags.
    pub(crate) tags: Tags,
    /// What must be there before a task of it can start.
    pub(crate) after: Vec<Address>,
}

/// Processor of a Fargate task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Architecture {
    /// Intel or AMD, 64 bit.
    X86_64,
    /// AWS Graviton.
    Arm64,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_sdk().as_str())
    }
}

impl Architecture {
    fn to_sdk(self) -> CpuArchitecture {
        match self {
            Self::X86_64 => CpuArchitecture::X8664,
            Self::Arm64 => CpuArchitecture::Arm64,
        }
    }
}

/// One active revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) arn: String,
    pub(super) fields: Fields,
    tags: Tags,
}

impl Kind for TaskDefinition {
    const TYPE: &'static str = "AWS::ECS::TaskDefinition";
    const NOUN: &'static str = "task definition";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        desired
            .container
            .references(References::none())
            .to(&desired.execution_role)
            .to_all(&desired.task_role)
            .after_all(&desired.after)
    }

    /// Two calls a family, all at once; the inventory says which older revisions are the stack's.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let families = wanted
            .iter()
            .map(|one| Family::read(cx.clients(), &one.desired.family));
        let (families, inventory) = try_join(try_join_all(families), cx.inventory()).await?;
        let mut found = Vec::new();
        for (one, family) in wanted.iter().zip(families) {
            found.extend(family.place(cx, one.address, &inventory).await?);
        }
        let gone = families_gone(wanted, &inventory);
        let gone = gone.iter().map(|family| Family::read(cx.clients(), family));
        for family in try_join_all(gone).await? {
            let address = family
                .newest
                .as_ref()
                .and_then(|live| cx.address_of(&live.tags));
            let Some(address) = address else { continue };
            for one in family.place(cx, &address, &inventory).await? {
                // Beside a family that took its place at its address, it is only waiting to go.
                let one = match one {
                    Found::Owned(address, live) => leftover(&found, address, live),
                    other => other,
                };
                found.push(one);
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.arn.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(Arn::new(&live.arn))
    }

    fn uses(live: &Live) -> Vec<String> {
        live.fields.uses()
    }

    /// Destructures `desired` where its fields are listed ([`Fields::wanted`]).
    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let mut diff = Diff::new();
        let labels = &desired.container.labels;
        Fields::wanted(desired, outputs).compare(&live.fields, labels, &mut diff);
        diff.tags(&desired.tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let container = desired.container.to_sdk(cx)?;
        let execution_role = cx.get(&desired.execution_role)?;
        let task_role = desired
            .task_role
            .as_ref()
            .map(|role| cx.get(role))
            .transpose()?;
        let platform = RuntimePlatform::builder()
            .cpu_architecture(desired.architecture.to_sdk())
            .operating_system_family(OsFamily::Linux)
            .build();
        let what = format!("a revision of {}", desired.family);
        // There is no token: a lost answer must not register a second revision.
        let answer = until_accepted(cx, &what, Patience::seconds(3, 5, 120), || async {
            cx.clients()
                .ecs()
                .register_task_definition()
                .family(&desired.family)
                .cpu(desired.cpu.to_string())
                .memory(desired.memory.to_string())
                .runtime_platform(platform.clone())
                .network_mode(NetworkMode::Awsvpc)
                .requires_compatibilities(Compatibility::Fargate)
                .execution_role_arn(execution_role.as_str())
                .set_task_role_arn(task_role.as_ref().map(|role| role.as_str().to_owned()))
                .container_definitions(container.clone())
                .set_tags(Some(tagging::to_sdk(&desired.tags)))
                .customize()
                .config_override(aws_sdk_ecs::config::Config::builder().retry_config(once()))
                .send()
                .await
                .map_err(failed("ecs:RegisterTaskDefinition"))
        })
        .await?;
        let arn = answer
            .task_definition()
            .and_then(Sdk::task_definition_arn)
            .ok_or(Error::Incomplete {
                operation: "ecs:RegisterTaskDefinition",
                missing: "an ARN",
            })?;
        cx.made(arn);
        Ok(Outputs::default().with(Arn::new(arn)))
    }

    /// Only tags change in place.
    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        tagging::apply(cx, &live.arn, &desired.tags, &live.tags).await?;
        Ok(Self::outputs(live))
    }

    /// Deregisters the revision, then asks for its deletion, without which it would stay listed, tagged and
    /// inactive, for ever. AWS deletes it when no task runs on it any more.
    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let gone = cx
            .clients()
            .ecs()
            .deregister_task_definition()
            .task_definition(&live.arn)
            .send()
            .await
            .map_err(failed("ecs:DeregisterTaskDefinition"))
            .or_absent(&["ClientException"])?;
        if gone.is_none() {
            return Ok(Vec::new());
        }
        let answer = cx
            .clients()
            .ecs()
            .delete_task_definitions()
            .task_definitions(&live.arn)
            .send()
            .await
            .map_err(failed("ecs:DeleteTaskDefinitions"))?;
        let is_gone = |reason: &str| reason.contains(GONE);
        let mut refused = answer
            .failures()
            .iter()
            .filter(|failure| !failure.reason().is_some_and(is_gone));
        match refused.next() {
            None => Ok(Vec::new()),
            Some(failure) => Err(AwsError::in_answer(
                "ecs:DeleteTaskDefinitions",
                "TaskDefinitionNotDeleted",
                failure.reason().unwrap_or("no reason given"),
            )
            .into()),
        }
    }
}

/// What ECS says among the failures of a revision that an earlier attempt, whose answer was lost, has deleted.
const GONE: &str = "task definition does not exist";

/// The active revisions of one family.
struct Family {
    name: String,
    newest: Option<Live>,
    /// The ARNs of all of them, newest first.
    active: Vec<String>,
}

impl Family {
    async fn read(clients: &Clients, name: &str) -> Result<Self, Error> {
        let (newest, active) = try_join(describe(clients, name), list(clients, name)).await?;
        Ok(Self {
            name: name.to_owned(),
            newest,
            active,
        })
    }

    /// The newest revision of the stack's is the resource at `address`, its older ones are retired; a family in
    /// which the stack has none is foreign.
    async fn place(
        self,
        cx: &Observer,
        address: &Address,
        inventory: &Inventory,
    ) -> Result<Vec<Found<Live>>, Error> {
        let tagged: BTreeSet<&str> = inventory
            .of("ecs", "task-definition")
            .filter(|(_, tags)| cx.address_of(tags).is_some())
            .map(|(arn, _)| arn)
            .collect();
        let Some(newest) = self.newest else {
            return Ok(Vec::new());
        };
        let owned = if cx.address_of(&newest.tags).is_some() {
            newest
        } else {
            let ours = self.active.iter().find(|arn| tagged.contains(arn.as_str()));
            match ours {
                Some(arn) => match describe(cx.clients(), arn).await? {
                    Some(live) => live,
                    None => return Ok(Vec::new()),
                },
                None => {
                    let name = format!("task definition family {}", self.name);
                    return Ok(vec![Found::Foreign(address.clone(), name)]);
                }
            }
        };
        let older = self
            .active
            .iter()
            .filter(|arn| tagged.contains(arn.as_str()) && revision(arn) < revision(&owned.arn));
        let older = older.map(|arn| {
            let live = Live {
                arn: arn.clone(),
                fields: Fields::default(),
                tags: Tags::default(),
            };
            Found::Retired(address.clone(), live)
        });
        Ok(older
            .chain([Found::Owned(address.clone(), owned.clone())])
            .collect())
    }
}

/// Families of the stack's that no resource of the blueprint names.
fn families_gone(wanted: &[Wanted<'_, TaskDefinition>], inventory: &Inventory) -> BTreeSet<String> {
    let known: BTreeSet<&str> = wanted
        .iter()
        .map(|one| one.desired.family.as_str())
        .collect();
    inventory
        .of("ecs", "task-definition")
        .filter_map(|(arn, _)| family(arn))
        .filter(|name| !known.contains(name))
        .map(str::to_owned)
        .collect()
}

/// The family in `arn:aws:ecs:region:account:task-definition/family:revision`.
fn family(arn: &str) -> Option<&str> {
    let (_, tail) = arn.split_once(":task-definition/")?;
    tail.rsplit_once(':').map(|(family, _)| family)
}

fn revision(arn: &str) -> u32 {
    let number = arn.rsplit(':').next();
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A revision by ARN, or the newest active one of a family.
async fn describe(clients: &Clients, name: &str) -> Result<Option<Live>, Error> {
    let answer = clients
        .ecs()
        .describe_task_definition()
        .task_definition(name)
        .include(TaskDefinitionField::Tags)
        .send()
        .await
        .map_err(failed("ecs:DescribeTaskDefinition"))
        // All this says is that there is none, and none active.
        .or_absent(&["ClientException"])?;
    Ok(answer.and_then(|answer| {
        let definition = answer.task_definition()?;
        if definition.status() != Some(&TaskDefinitionStatus::Active) {
            return None;
        }
        Some(Live {
            arn: definition.task_definition_arn()?.to_owned(),
            fields: Fields::registered(definition),
            tags: tagging::from_sdk(answer.tags()),
        })
    }))
}

async fn list(clients: &Clients, family: &str) -> Result<Vec<String>, Error> {
    let mut pages = clients
        .ecs()
        .list_task_definitions()
        .family_prefix(family)
        .status(TaskDefinitionStatus::Active)
        .sort(SortOrder::Desc)
        .into_paginator()
        .items()
        .send();
    let mut arns = Vec::new();
    while let Some(arn) = pages.next().await {
        let arn = arn.map_err(failed("ecs:ListTaskDefinitions"))?;
        if self::family(&arn) == Some(family) {
            arns.push(arn);
        }
    }
    arns.sort_by_key(|arn| std::cmp::Reverse(revision(arn)));
    Ok(arns)
}
