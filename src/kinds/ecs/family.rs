//! The revisions of one family of task definitions: which are the stack's, and what becomes of each.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use futures::future::{try_join, try_join_all};

use super::fields::Fields;
use super::tagging;
use super::task_definition::Live;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{Address, Error, Found, Inventory, Observer, Tags};

/// The stack's revisions that the tagging API lists: active, deregistered, and those that ECS is deleting.
pub(super) struct Tagged<'a>(BTreeMap<&'a str, BTreeMap<&'a str, Address>>);

impl<'a> Tagged<'a> {
    /// Those of an inventory.
    pub(super) fn of(cx: &Observer, inventory: &'a Inventory) -> Self {
        let mut families: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for (arn, tags) in inventory.of("ecs", "task-definition") {
            if let (Some(family), Some(address)) = (family(arn), cx.address_of(tags)) {
                families.entry(family).or_default().insert(arn, address);
            }
        }
        Self(families)
    }

    /// Every family, and whose it is.
    pub(super) fn families(&self) -> impl Iterator<Item = (&'a str, &Address)> {
        self.0.iter().filter_map(|(name, revisions)| {
            let (_, address) = revisions.iter().max_by_key(|(arn, _)| revision(arn))?;
            Some((*name, address))
        })
    }

    fn in_family(&self, name: &str) -> BTreeSet<&'a str> {
        let revisions = self.0.get(name).into_iter();
        revisions.flat_map(|one| one.keys().copied()).collect()
    }
}

/// The revisions of one family.
pub(super) struct Family {
    name: String,
    newest: Option<Live>,
    /// The ARNs of all that are active, newest first.
    active: Vec<String>,
}

impl Family {
    /// Asks for the family of a name.
    pub(super) async fn read(clients: &Clients, name: &str) -> Result<Self, Error> {
        let (newest, active) = try_join(active(clients, name), list(clients, name)).await?;
        Ok(Self {
            name: name.to_owned(),
            newest,
            active,
        })
    }

    /// The newest revision of the stack's is the resource at `address`, its older ones are retired, and so are those
    /// that were deregistered and not deleted; a family in which the stack has none is foreign.
    pub(super) async fn place(
        self,
        cx: &Observer,
        address: &Address,
        tagged: &Tagged<'_>,
    ) -> Result<Vec<Found<Live>>, Error> {
        let tagged = tagged.in_family(&self.name);
        let inactive = self.inactive(cx.clients(), &tagged).await?.into_iter();
        let mut found: Vec<_> = inactive
            .map(|live| Found::Retired(address.clone(), live))
            .collect();
        let Some(newest) = self.newest else {
            return Ok(found);
        };
        let owned = if cx.address_of(&newest.tags).is_some() {
            newest
        } else {
            let ours = self.active.iter().find(|arn| tagged.contains(arn.as_str()));
            let Some(arn) = ours else {
                let name = format!("task definition family {}", self.name);
                found.push(Found::Foreign(address.clone(), name));
                return Ok(found);
            };
            match active(cx.clients(), arn).await? {
                Some(live) => live,
                None => return Ok(found),
            }
        };
        let older = self
            .active
            .iter()
            .filter(|arn| tagged.contains(arn.as_str()) && revision(arn) < revision(&owned.arn));
        found.extend(older.map(|arn| {
            let live = Live {
                arn: arn.clone(),
                fields: Fields::default(),
                tags: Tags::default(),
                is_active: true,
            };
            Found::Retired(address.clone(), live)
        }));
        found.push(Found::Owned(address.clone(), owned));
        Ok(found)
    }

    /// Those of the stack's that were deregistered, by hand or by a run that got no further, and stay so for ever. What
    /// is listed and not active is being deleted for the most part, or is gone.
    async fn inactive(
        &self,
        clients: &Clients,
        tagged: &BTreeSet<&str>,
    ) -> Result<Vec<Live>, Error> {
        let is_active = |arn: &str| self.active.iter().any(|one| one == arn);
        let others = tagged.iter().filter(|arn| !is_active(arn));
        let others = others.map(|arn| describe(clients, arn));
        let others = try_join_all(others).await?.into_iter().flatten();
        let inactive = others.filter(|(status, _)| *status == TaskDefinitionStatus::Inactive);
        Ok(inactive.map(|(_, live)| live).collect())
    }
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

/// A revision by ARN, or the newest active one of a family, if it is active.
async fn active(clients: &Clients, name: &str) -> Result<Option<Live>, Error> {
    let found = describe(clients, name).await?;
    let found = found.filter(|(status, _)| *status == TaskDefinitionStatus::Active);
    Ok(found.map(|(_, live)| live))
}

/// A revision by ARN, or the newest active one of a family, and in which state it is.
async fn describe(
    clients: &Clients,
    name: &str,
) -> Result<Option<(TaskDefinitionStatus, Live)>, Error> {
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
        let status = definition.status()?.clone();
        let live = Live {
            arn: definition.task_definition_arn()?.to_owned(),
            fields: Fields::registered(definition),
            tags: tagging::from_sdk(answer.tags()),
            is_active: status == TaskDefinitionStatus::Active,
        };
        Some((status, live))
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
