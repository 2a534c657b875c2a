//! Task definitions: one family a purpose, a new revision for every change.
//!
//! The newest active revision of the stack's own is the resource; older ones of it, and those that were deregistered
//! and not deleted, are retired. Revisions that somebody else registers in the family are not looked at: services name
//! theirs by number.

use std::fmt;

use aws_sdk_ecs::types::{
    Compatibility, CpuArchitecture, NetworkMode, OsFamily, RuntimePlatform, TaskDefinition as Sdk,
};
use futures::future::{try_join, try_join_all};

use super::acceptance::until_accepted;
use super::container::Container;
use super::family::{Family, Tagged};
use super::fields::Fields;
use super::tagging;
use crate::aws::{AwsError, OrAbsent, failed, once};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Address, Arn, Diff, Error, Found, Kind, Observer, Output, Outputs, Patience, Ref, References,
    Resolve, Step, Tags, Wanted,
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

/// One revision that is not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) arn: String,
    pub(super) fields: Fields,
    pub(super) tags: Tags,
    /// Whether it is still registered.
    pub(super) is_active: bool,
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

    /// Two calls a family, all at once; the inventory says which of its revisions are the stack's.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let families = wanted
            .iter()
            .map(|one| Family::read(cx.clients(), &one.desired.family));
        let (families, inventory) = try_join(try_join_all(families), cx.inventory()).await?;
        let tagged = Tagged::of(cx, &inventory);
        let mut found = Vec::new();
        for (one, family) in wanted.iter().zip(families) {
            found.extend(family.place(cx, one.address, &tagged).await?);
        }
        // Families of the stack's that no resource of the blueprint names.
        let known: Vec<&str> = wanted
            .iter()
            .map(|one| one.desired.family.as_str())
            .collect();
        let gone = tagged.families().filter(|(name, _)| !known.contains(name));
        let gone = gone.map(|(name, address)| async move {
            Ok::<_, Error>((Family::read(cx.clients(), name).await?, address))
        });
        for (family, address) in try_join_all(gone).await? {
            for one in family.place(cx, address, &tagged).await? {
                found.push(match one {
                    // Beside a family that took its place at its address, it is only waiting to go.
                    Found::Owned(address, live) => leftover(&found, address, live),
                    // Nobody wants the name: somebody else may have it.
                    Found::Foreign(..) => continue,
                    other => other,
                });
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
        if live.is_active {
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
