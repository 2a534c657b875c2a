//! How namespaces are asked for.
//!
//! Many namespaces of an account may have one name, each in a VPC of its own, and their list shows neither tags nor
//! VPC. So each carries the stack's name in its description, which the list does show: only the stack's own is
//! looked at further, however many others there are.

use std::collections::BTreeSet;

use aws_sdk_route53::types::VpcRegion;
use aws_sdk_servicediscovery::types::{
    FilterCondition, NamespaceFilter, NamespaceFilterName, NamespaceSummary, NamespaceType,
};
use futures::try_join;

use super::namespace::Namespace;
use super::tagging::{self, unbuilt};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Error, Found, Inventory, Observer, Output, Step, Tags, VpcId, Wanted};

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct NamespaceLive {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) name: String,
    /// Where it is visible; nothing when its hosted zone is not there yet.
    pub(super) vpcs: Vec<VpcId>,
    pub(super) tags: Tags,
}

/// What tells this stack's namespace from others of its name in a list without tags.
pub(super) fn description(stack: &str) -> String {
    format!("kongstack {stack}")
}

pub(super) fn is_marked(one: &NamespaceSummary, stack: &str) -> bool {
    one.description() == Some(&description(stack))
}

/// Somebody may have changed the description.
pub(super) fn is_tagged(one: &NamespaceSummary, inventory: &Inventory) -> bool {
    inventory
        .of("servicediscovery", "namespace")
        .any(|(arn, _)| one.arn() == Some(arn))
}

pub(super) fn standing(cx: &Observer, live: NamespaceLive) -> Option<Found<NamespaceLive>> {
    let address = cx.address_of(&live.tags)?;
    Some(if live.tags.retired() {
        Found::Retired(address, live)
    } else {
        Found::Owned(address, live)
    })
}

/// The private DNS namespaces of a name.
pub(super) async fn list(clients: &Clients, name: &str) -> Result<Vec<NamespaceSummary>, Error> {
    let filter = |filter, value: &str| {
        NamespaceFilter::builder()
            .name(filter)
            .condition(FilterCondition::Eq)
            .values(value)
            .build()
            .map_err(unbuilt)
    };
    let private = NamespaceType::DnsPrivate;
    let mut pages = clients
        .discovery()
        .list_namespaces()
        .filters(filter(NamespaceFilterName::Type, private.as_str())?)
        .filters(filter(NamespaceFilterName::Name, name)?)
        .into_paginator()
        .send();
    let mut listed = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("servicediscovery:ListNamespaces"))?;
        listed.extend(page.namespaces.unwrap_or_default());
    }
    listed.retain(|one| one.name() == Some(name));
    Ok(listed)
}

/// Namespaces of other names that carry the stack's tag.
pub(super) async fn leftovers(
    cx: &Observer,
    listed: &[Vec<NamespaceSummary>],
    inventory: &Inventory,
) -> Result<Vec<Found<NamespaceLive>>, Error> {
    let mut found = Vec::new();
    let left = inventory
        .of("servicediscovery", "namespace")
        .filter(|(arn, _)| !listed.iter().flatten().any(|one| one.arn() == Some(arn)));
    for (arn, _) in left {
        let Some(id) = arn.rsplit('/').next() else {
            continue;
        };
        let answer = cx
            .clients()
            .discovery()
            .get_namespace()
            .id(id)
            .send()
            .await
            .map_err(failed("servicediscovery:GetNamespace"))
            .or_absent(&["NamespaceNotFound"])?;
        let Some(one) = answer.and_then(|answer| answer.namespace) else {
            continue;
        };
        let summary = NamespaceSummary::builder()
            .set_id(one.id)
            .set_arn(one.arn)
            .set_name(one.name)
            .set_properties(one.properties)
            .build();
        let live = read(cx.clients(), &summary).await?;
        found.extend(live.and_then(|live| standing(cx, live)));
    }
    Ok(found)
}

/// Another namespace of the name is in the way only in the same VPC. A VPC that is not there yet has none.
pub(super) async fn foreign(
    cx: &Observer,
    wanted: &Wanted<'_, Namespace>,
    listed: &[NamespaceSummary],
    known: &[Found<NamespaceLive>],
) -> Result<Option<Found<NamespaceLive>>, Error> {
    if listed.is_empty() {
        return Ok(None);
    }
    let Some(vpc) = cx.output(&wanted.desired.vpc).await? else {
        return Ok(None);
    };
    let is_known = |one: &&NamespaceSummary| {
        known.iter().any(|found| match found {
            Found::Owned(_, live) | Found::Retired(_, live) | Found::Leaving(_, live) => {
                one.id() == Some(&live.id)
            }
            Found::Foreign(..) | Found::Missing(..) => false,
        })
    };
    // Asked of the VPC, which sees a handful, instead of each namespace of the name, of which every stack may have one.
    let zones = zones_of(cx, &vpc).await?;
    let is_there = |one: &&NamespaceSummary| hosted_zone(one).is_some_and(|id| zones.contains(id));
    let stranger = listed.iter().filter(|one| !is_known(one)).find(is_there);
    Ok(stranger.map(|one| {
        let id = one.id().unwrap_or_default();
        let name = format!("namespace {} ({id}) in {vpc}", wanted.desired.name);
        Found::Foreign(wanted.address.clone(), name)
    }))
}

/// The ids of the private hosted zones that a VPC sees.
async fn zones_of(cx: &Observer, vpc: &VpcId) -> Result<BTreeSet<String>, AwsError> {
    let first = cx
        .clients()
        .route53()
        .list_hosted_zones_by_vpc()
        .vpc_id(vpc.as_str())
        .vpc_region(VpcRegion::from(cx.region()));
    let (mut zones, mut page) = (BTreeSet::new(), first.clone());
    loop {
        let answer = page
            .send()
            .await
            .map_err(failed("route53:ListHostedZonesByVPC"))?;
        zones.extend(
            answer
                .hosted_zone_summaries
                .into_iter()
                .map(|one| one.hosted_zone_id),
        );
        match answer.next_token {
            Some(token) if !token.is_empty() => page = first.clone().next_token(token),
            _ => return Ok(zones),
        }
    }
}

fn hosted_zone(one: &NamespaceSummary) -> Option<&str> {
    one.properties()?.dns_properties()?.hosted_zone_id()
}

/// The stack's own namespace of a name, at this step's address.
pub(super) async fn find_ours(cx: &Step, name: &str) -> Result<Option<NamespaceLive>, Error> {
    let listed = list(cx.clients(), name).await?;
    for one in listed.iter().filter(|one| is_marked(one, cx.stack())) {
        let live = read(cx.clients(), one).await?;
        let ours = live.filter(|live| {
            live.tags.address_in(cx.stack()).as_ref() == Some(&cx.address) && !live.tags.retired()
        });
        if ours.is_some() {
            return Ok(ours);
        }
    }
    Ok(None)
}

pub(super) async fn read(
    clients: &Clients,
    one: &NamespaceSummary,
) -> Result<Option<NamespaceLive>, AwsError> {
    let (Some(id), Some(arn), Some(name)) = (one.id(), one.arn(), one.name()) else {
        return Ok(None);
    };
    let (tags, vpcs) = try_join!(tagging::read(clients, arn), vpcs(clients, one))?;
    Ok(tags.map(|tags| NamespaceLive {
        id: id.to_owned(),
        arn: arn.to_owned(),
        name: name.to_owned(),
        vpcs,
        tags,
    }))
}

/// The VPCs that see a namespace: only its hosted zone knows.
async fn vpcs(clients: &Clients, one: &NamespaceSummary) -> Result<Vec<VpcId>, AwsError> {
    let Some(zone) = hosted_zone(one) else {
        return Ok(Vec::new());
    };
    let answer = clients
        .route53()
        .get_hosted_zone()
        .id(zone)
        .send()
        .await
        .map_err(failed("route53:GetHostedZone"))
        .or_absent(&["NoSuchHostedZone"])?;
    let vpcs = answer.and_then(|answer| answer.vpcs).unwrap_or_default();
    Ok(vpcs
        .into_iter()
        .filter_map(|vpc| vpc.vpc_id.map(VpcId::new))
        .collect())
}
