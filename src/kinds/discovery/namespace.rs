//! Private DNS namespaces.
//!
//! Many namespaces of an account may have one name, each in a VPC of its own, and their list shows neither tags nor
//! VPC. So each carries the stack's name in its description, which the list does show: only the stack's own is
//! looked at further, however many others there are.

use aws_sdk_servicediscovery::types::{
    FilterCondition, NamespaceFilter, NamespaceFilterName, NamespaceSummary, NamespaceType,
    OperationTargetType,
};
use futures::future::try_join_all;
use futures::try_join;

use super::tagging::unbuilt;
use super::{operation, tagging};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{
    Arn, Diff, Effect, Error, Found, Inventory, KNOWN_AFTER_APPLY, Kind, Look, NamespaceId,
    Observer, Output, Outputs, Patience, Ref, References, Resolve, ResourceName, Step, Tags, VpcId,
    Wanted,
};

/// Published logs of provisioning tools: up to 70 seconds.
const CREATION: Patience = Patience::seconds(4, 60, 600);
const DELETION: Patience = Patience::seconds(4, 40, 600);

/// A private DNS namespace, found by name and description.
pub(crate) struct Namespace;

/// What a namespace should be.
#[derive(Debug, Clone)]
pub(crate) struct NamespaceDesired {
    /// The domain that the VPC's own resolver answers for.
    pub(crate) name: String,
    /// The VPC it is visible in.
    pub(crate) vpc: Ref<VpcId>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct NamespaceLive {
    id: String,
    arn: String,
    name: String,
    /// Where it is visible; nothing when its hosted zone is not there yet.
    vpcs: Vec<VpcId>,
    tags: Tags,
}

impl Kind for Namespace {
    const TYPE: &'static str = "AWS::ServiceDiscovery::PrivateDnsNamespace";
    const NOUN: &'static str = "DNS namespace";

    type Desired = NamespaceDesired;
    type Live = NamespaceLive;

    fn references(desired: &NamespaceDesired) -> References {
        References::none().to(&desired.vpc)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<NamespaceLive>>, Error> {
        let listed = try_join_all(
            wanted
                .iter()
                .map(|one| list(cx.clients(), &one.desired.name)),
        );
        let (listed, inventory) = try_join!(async { Ok(listed.await?) }, cx.inventory())?;
        let ours = listed
            .iter()
            .flatten()
            .filter(|one| is_marked(one, cx.stack()) || is_tagged(one, &inventory));
        let ours = try_join_all(ours.map(|one| read(cx.clients(), one))).await?;
        let mut found: Vec<_> = ours
            .into_iter()
            .flatten()
            .filter_map(|one| standing(cx, one))
            .collect();
        found.extend(leftovers(cx, &listed, &inventory).await?);
        for (one, listed) in wanted.iter().zip(&listed) {
            let owned = |found: &Found<_>| matches!(found, Found::Owned(address, _) if address == one.address);
            if !found.iter().any(owned) {
                found.extend(foreign(cx, one, listed, &found).await?);
            }
        }
        Ok(found)
    }

    fn id(live: &NamespaceLive) -> String {
        live.id.clone()
    }

    fn outputs(live: &NamespaceLive) -> Outputs {
        Outputs::default()
            .with(NamespaceId::new(&live.id))
            .with(Arn::new(&live.arn))
            .with(ResourceName::new(&live.name))
    }

    fn uses(live: &NamespaceLive) -> Vec<String> {
        live.vpcs.iter().map(ToString::to_string).collect()
    }

    fn diff(desired: &NamespaceDesired, live: &NamespaceLive, outputs: &dyn Resolve) -> Diff {
        let NamespaceDesired { name, vpc, tags } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.name, "a namespace keeps its name");
        match live.vpcs.as_slice() {
            [] => diff.pending("state", "without a hosted zone", "available"),
            [first, ..] => {
                let vpc = vpc.resolve(outputs);
                // Its zone may be shared with further VPCs; that is nobody's loss.
                if !vpc.as_ref().is_some_and(|vpc| live.vpcs.contains(vpc)) {
                    let moved = Effect::Replace("a namespace stays in the VPC it was made for");
                    let want =
                        vpc.map_or_else(|| KNOWN_AFTER_APPLY.to_owned(), |vpc| vpc.to_string());
                    diff.push(
                        "vpc_id".to_owned(),
                        Some(first.to_string()),
                        Some(want),
                        moved,
                    );
                }
            }
        }
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &NamespaceDesired) -> Result<Outputs, Error> {
        let what = format!("namespace {}", desired.name);
        // A run that was cut off may have left one in the making, which no list shows yet.
        for id in operation::namespaces_in_the_making(cx).await? {
            if let Err(error @ (Error::Interrupted { .. } | Error::TimedOut { .. })) =
                operation::done(cx, &what, &id, CREATION).await
            {
                return Err(error);
            }
        }
        if let Some(live) = find_ours(cx, &desired.name).await? {
            cx.made(&live.id);
            return Ok(Self::outputs(&live));
        }
        let answer = cx
            .clients()
            .discovery()
            .create_private_dns_namespace()
            .name(&desired.name)
            .vpc(cx.get(&desired.vpc)?.as_str())
            .description(description(cx.stack()))
            .set_tags(Some(tagging::sdk(&desired.tags)?))
            .send()
            .await
            .map_err(failed("servicediscovery:CreatePrivateDnsNamespace"))?;
        let missing = |missing| Error::Incomplete {
            operation: "servicediscovery:CreatePrivateDnsNamespace",
            missing,
        };
        let operation = answer.operation_id.ok_or_else(|| missing("an operation"))?;
        let targets = operation::done(cx, &what, &operation, CREATION).await?;
        let id = targets
            .get(&OperationTargetType::Namespace)
            .ok_or_else(|| missing("a namespace"))?;
        cx.made(id);
        works(cx, &desired.name).await
    }

    async fn update(
        cx: &Step,
        desired: &NamespaceDesired,
        live: &NamespaceLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("tags") {
            tagging::write(cx, &live.arn, &desired.tags, &live.tags).await?;
        }
        if diff.has("state") {
            return works(cx, &desired.name).await;
        }
        Ok(Self::outputs(live))
    }

    async fn retire(cx: &Step, live: &NamespaceLive) -> Result<(), Error> {
        tagging::retire(cx, &live.arn).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&NamespaceDesired>,
        live: &NamespaceLive,
    ) -> Result<Vec<String>, Error> {
        let what = format!("deletion of namespace {}", live.name);
        let begun = cx
            .retry(&what, DELETION, &["ResourceInUse"], || async {
                cx.clients()
                    .discovery()
                    .delete_namespace()
                    .id(&live.id)
                    .send()
                    .await
                    .map_err(failed("servicediscovery:DeleteNamespace"))
                    .or_absent(&["NamespaceNotFound", "DuplicateRequest"])
            })
            .await?;
        if let Some(operation) = begun.and_then(|answer| answer.operation_id) {
            operation::done(cx, &what, &operation, DELETION).await?;
        }
        cx.wait(&what, DELETION, || async {
            let there = cx
                .clients()
                .discovery()
                .get_namespace()
                .id(&live.id)
                .send()
                .await
                .map_err(failed("servicediscovery:GetNamespace"))
                .or_absent(&["NamespaceNotFound"])?;
            Ok(match there {
                None => Look::Ready(()),
                Some(_) => Look::Pending("being deleted".to_owned()),
            })
        })
        .await?;
        Ok(Vec::new())
    }
}

/// What tells this stack's namespace from others of its name in a list without tags.
fn description(stack: &str) -> String {
    format!("kongstack {stack}")
}

fn is_marked(one: &NamespaceSummary, stack: &str) -> bool {
    one.description() == Some(&description(stack))
}

/// Somebody may have changed the description.
fn is_tagged(one: &NamespaceSummary, inventory: &Inventory) -> bool {
    inventory
        .of("servicediscovery", "namespace")
        .any(|(arn, _)| one.arn() == Some(arn))
}

fn standing(cx: &Observer, live: NamespaceLive) -> Option<Found<NamespaceLive>> {
    let address = cx.address_of(&live.tags)?;
    Some(if live.tags.retired() {
        Found::Retired(address, live)
    } else {
        Found::Owned(address, live)
    })
}

/// The private DNS namespaces of a name.
async fn list(clients: &Clients, name: &str) -> Result<Vec<NamespaceSummary>, Error> {
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
async fn leftovers(
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
async fn foreign(
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
            Found::Owned(_, live) | Found::Retired(_, live) => one.id() == Some(&live.id),
            Found::Foreign(..) => false,
        })
    };
    for one in listed.iter().filter(|one| !is_known(one)) {
        if vpcs(cx.clients(), one).await?.contains(&vpc) {
            let id = one.id().unwrap_or_default();
            let name = format!("namespace {} ({id}) in {vpc}", wanted.desired.name);
            return Ok(Some(Found::Foreign(wanted.address.clone(), name)));
        }
    }
    Ok(None)
}

/// The stack's own namespace of a name, at this step's address.
async fn find_ours(cx: &Step, name: &str) -> Result<Option<NamespaceLive>, Error> {
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

/// Waits until the namespace shows, with its hosted zone.
async fn works(cx: &Step, name: &str) -> Result<Outputs, Error> {
    let what = format!("namespace {name}");
    cx.wait(&what, CREATION, || async {
        Ok(match find_ours(cx, name).await? {
            Some(live) if !live.vpcs.is_empty() => Look::Ready(Namespace::outputs(&live)),
            Some(_) => Look::Pending("without a hosted zone".to_owned()),
            None => Look::Pending("not visible yet".to_owned()),
        })
    })
    .await
}

async fn read(
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
    let zone = one
        .properties()
        .and_then(|properties| properties.dns_properties())
        .and_then(|properties| properties.hosted_zone_id());
    let Some(zone) = zone else {
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
