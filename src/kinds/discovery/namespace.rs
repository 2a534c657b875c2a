//! Private DNS namespaces.

use aws_sdk_servicediscovery::types::OperationTargetType;
use futures::future::try_join_all;
use futures::try_join;

use super::namespace_calls::{
    NamespaceLive, description, find_ours, foreign, is_marked, is_tagged, leftovers, list, read,
    standing,
};
use super::service::{self, DiscoveryService, DiscoveryServiceLive};
use super::{operation, tagging};
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, KNOWN_AFTER_APPLY, Kind, Look, NamespaceId, Observer,
    Output, Outputs, Patience, Ref, References, Resolve, ResourceName, Step, Tags, VpcId, Wanted,
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
        let (listed, inventory) = try_join!(listed, cx.inventory())?;
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
                let instead = match foreign(cx, one, listed, &found).await? {
                    None => in_the_making(cx, one).await?,
                    theirs => theirs,
                };
                found.extend(instead);
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
        for id in operation::namespaces_in_the_making(cx.clients()).await? {
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

    /// Services of others: AWS keeps a namespace as long as it has any.
    async fn blockers(
        cx: &Observer,
        _desired: Option<&NamespaceDesired>,
        live: &NamespaceLive,
    ) -> Result<Vec<Blocker>, Error> {
        let ours = cx.live::<DiscoveryService>().await?;
        let mut services = service::list(cx.clients(), &live.id).await?;
        services.retain(|one| ours.iter().all(|(_, ours)| ours.id != one.id));
        let blocker = |one: &DiscoveryServiceLive| Blocker {
            reason: format!(
                "the service {} ({}) in namespace {} is not this stack's",
                one.name, one.id, live.name
            ),
            fix: format!(
                "delete it: aws servicediscovery delete-service --id {}",
                one.id
            ),
        };
        Ok(services.iter().map(blocker).collect())
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

/// Cloud Map shows a namespace only when it is made: until then there is an operation, which does not say for whom.
async fn in_the_making(
    cx: &Observer,
    wanted: &Wanted<'_, Namespace>,
) -> Result<Option<Found<NamespaceLive>>, Error> {
    let open = operation::namespaces_in_the_making(cx.clients()).await?;
    Ok(open.first().map(|operation| {
        let why = format!(
            "Cloud Map is making a namespace (operation {operation}), perhaps since an interrupted run; it is waited for, and taken if it is this one"
        );
        Found::Missing(wanted.address.clone(), why)
    }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Layer, Nothing};

    fn diff(vpc: Ref<VpcId>, live: &[&str]) -> Diff {
        let desired = NamespaceDesired {
            name: "kong.local".to_owned(),
            vpc,
            tags: Tags::default(),
        };
        let live = NamespaceLive {
            id: "ns-1".to_owned(),
            arn: "arn".to_owned(),
            name: "kong.local".to_owned(),
            vpcs: live.iter().map(|vpc| VpcId::new(*vpc)).collect(),
            tags: Tags::default(),
        };
        Namespace::diff(&desired, &live, &Nothing)
    }

    #[test]
    fn a_zone_shared_with_another_vpc_is_no_difference() {
        let vpc = || Ref::Literal(VpcId::new("vpc-1"));
        assert!(diff(vpc(), &["vpc-1"]).is_empty());
        assert!(diff(vpc(), &["vpc-2", "vpc-1"]).is_empty());
    }

    #[test]
    fn another_vpc_takes_another_namespace() {
        let vpc = Ref::Literal(VpcId::new("vpc-1"));
        assert_eq!(diff(vpc, &["vpc-2"]).replacing().count(), 1);
        let new = Ref::Of(Address::new(Layer::Network, "vpc"));
        assert_eq!(diff(new, &["vpc-2"]).replacing().count(), 1);
    }

    #[test]
    fn one_in_the_making_is_waited_for() {
        let diff = diff(Ref::Literal(VpcId::new("vpc-1")), &[]);
        assert!(diff.has("state"));
        assert_eq!(diff.replacing().count(), 0);
    }
}
