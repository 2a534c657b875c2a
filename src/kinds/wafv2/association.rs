//! That a web ACL stands in front of a load balancer.
//!
//! It has no name, no tags and no ARN: what joins a web ACL of the stack's to a load balancer of the stack's is the
//! stack's. A load balancer has one web ACL at most, and another's in front of ours is somebody else's decision, which is
//! not overruled; nor is ours in front of another's.

use aws_sdk_wafv2::types::ResourceType;

use futures::future::try_join_all;
use futures::try_join;

use super::calls::{ABSENT, AGREED};
use super::web_acl::WebAcl;
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::elb::LoadBalancer;
use crate::kinds::leftover::leftover;
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, Kind, Observer, Output, Outputs, Ref, References,
    Resolve, Step, Wanted,
};

/// What WAF answers while the web ACL, or the load balancer, is new to it.
const NOT_YET: &[&str] = &[
    "WAFUnavailableEntityException",
    "WAFNonexistentItemException",
];

/// A web ACL in front of a load balancer.
#[derive(Debug)]
pub(crate) struct WebAclAssociation;

/// What an association should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebAclAssociationDesired {
    /// The web ACL.
    pub(crate) acl: Ref<Arn>,
    /// The load balancer.
    pub(crate) load_balancer: Ref<Arn>,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebAclAssociationLive {
    acl: Arn,
    load_balancer: Arn,
}

impl WebAclAssociation {
    /// Where the association of the web ACL at `acl` stands in the stack.
    #[must_use]
    pub(crate) fn at(acl: &Address) -> Address {
        Address::new(acl.layer(), &format!("{}-association", acl.name()))
    }
}

impl Kind for WebAclAssociation {
    const TYPE: &'static str = "AWS::WAFv2::WebACLAssociation";
    const NOUN: &'static str = "web ACL association";

    type Desired = WebAclAssociationDesired;
    type Live = WebAclAssociationLive;

    fn references(desired: &WebAclAssociationDesired) -> References {
        References::none()
            .to(&desired.acl)
            .to(&desired.load_balancer)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<WebAclAssociationLive>>, Error> {
        let fronts = try_join_all(wanted.iter().map(|one| async move {
            let Some(balancer) = balancer(cx, &one.desired.load_balancer).await? else {
                return Ok(None);
            };
            let front = in_front_of(cx.clients(), &balancer).await?;
            Ok::<_, Error>(front.map(|(acl, name)| (one, balancer, acl, name)))
        }));
        let (ours, fronts) = try_join!(cx.live::<WebAcl>(), fronts)?;
        let fronts: Vec<_> = fronts.into_iter().flatten().collect();
        // What is wanted no more is known by its web ACL only: one that stands in front of nothing that is wanted.
        let idle = ours
            .iter()
            .filter(|(_, live)| fronts.iter().all(|front| live.item.arn != front.2.as_str()));
        let behind = idle.map(|(address, live)| async move {
            let (balancers, _) = behind(cx, &live.item.arn).await?;
            Ok::<_, Error>((address, &live.item.arn, balancers))
        });
        let behind = try_join_all(behind).await?;
        let mut found = Vec::new();
        for (one, load_balancer, acl, name) in fronts {
            found.push(
                if ours.iter().any(|(_, live)| live.item.arn == acl.as_str()) {
                    Found::Owned(
                        one.address.clone(),
                        WebAclAssociationLive { acl, load_balancer },
                    )
                } else {
                    let name = format!("the web ACL {name} in front of the load balancer");
                    Found::Foreign(one.address.clone(), name)
                },
            );
        }
        for (address, acl, balancers) in behind {
            for balancer in balancers {
                let live = WebAclAssociationLive {
                    acl: Arn::new(acl),
                    load_balancer: Arn::new(balancer),
                };
                found.push(leftover(&found, Self::at(address), live));
            }
        }
        Ok(found)
    }

    fn id(live: &WebAclAssociationLive) -> String {
        format!("{} before {}", live.acl, live.load_balancer)
    }

    fn outputs(_live: &WebAclAssociationLive) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &WebAclAssociationLive) -> Vec<String> {
        vec![live.acl.to_string(), live.load_balancer.to_string()]
    }

    fn diff(
        desired: &WebAclAssociationDesired,
        live: &WebAclAssociationLive,
        outputs: &dyn Resolve,
    ) -> Diff {
        let WebAclAssociationDesired { acl, load_balancer } = desired;
        let mut diff = Diff::new();
        // Another web ACL takes the place of the one before it in one call.
        diff.reference("web_acl", acl, &live.acl, outputs, Effect::InPlace);
        let moved = Effect::Replace("an association stays with its load balancer");
        diff.reference(
            "load_balancer",
            load_balancer,
            &live.load_balancer,
            outputs,
            moved,
        );
        diff
    }

    async fn create(cx: &Step, desired: &WebAclAssociationDesired) -> Result<Outputs, Error> {
        associate(cx, desired).await
    }

    async fn update(
        cx: &Step,
        desired: &WebAclAssociationDesired,
        _live: &WebAclAssociationLive,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        associate(cx, desired).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&WebAclAssociationDesired>,
        live: &WebAclAssociationLive,
    ) -> Result<Vec<String>, Error> {
        // Another web ACL may stand there by now: its own, after a replacement, or somebody's.
        let there = in_front_of(cx.clients(), &live.load_balancer).await?;
        if there.is_some_and(|(acl, _)| acl == live.acl) {
            let call = cx.clients().waf().disassociate_web_acl();
            let call = call.resource_arn(live.load_balancer.as_str());
            call.send()
                .await
                .map_err(failed("wafv2:DisassociateWebACL"))
                .or_absent(ABSENT)?;
        }
        Ok(Vec::new())
    }
}

/// The load balancer's ARN. The tagging API's list has it long before the walk through Elastic Load Balancing is over; where
/// it has none, or more than one, that walk is waited for.
async fn balancer(cx: &Observer, reference: &Ref<Arn>) -> Result<Option<Arn>, Error> {
    let inventory = cx.inventory().await?;
    let all = inventory.of("elasticloadbalancing", "loadbalancer");
    let mut ours = all.filter(|(_, tags)| {
        let its = cx.address_of(tags).filter(|_| !tags.retired());
        its.is_some() && its.as_ref() == reference.address()
    });
    match (ours.next(), ours.next()) {
        (Some((arn, _)), None) => Ok(Some(Arn::new(arn))),
        _ => cx.output(reference).await,
    }
}

/// Associating again what is associated changes nothing.
async fn associate(cx: &Step, desired: &WebAclAssociationDesired) -> Result<Outputs, Error> {
    let (acl, balancer) = (cx.get(&desired.acl)?, cx.get(&desired.load_balancer)?);
    cx.retry(
        "the web ACL to be known everywhere",
        AGREED,
        NOT_YET,
        || async {
            let call = cx.clients().waf().associate_web_acl();
            let call = call
                .web_acl_arn(acl.as_str())
                .resource_arn(balancer.as_str());
            let done = call.send().await;
            done.map_err(failed("wafv2:AssociateWebACL"))
        },
    )
    .await?;
    cx.made(&format!("{acl} before {balancer}"));
    Ok(Outputs::default())
}

/// The web ACL in front of a load balancer, and its name.
async fn in_front_of(clients: &Clients, balancer: &Arn) -> Result<Option<(Arn, String)>, AwsError> {
    let call = clients.waf().get_web_acl_for_resource();
    let answer = call.resource_arn(balancer.as_str()).send().await;
    let answer = answer
        .map_err(failed("wafv2:GetWebACLForResource"))
        .or_absent(ABSENT)?;
    let acl = answer.and_then(|answer| answer.web_acl);
    Ok(acl.map(|acl| (Arn::new(acl.arn()), acl.name().to_owned())))
}

/// The load balancers behind a web ACL: the stack's own, and others'.
pub(super) async fn behind(cx: &Observer, acl: &str) -> Result<(Vec<String>, Vec<String>), Error> {
    let call = cx.clients().waf().list_resources_for_web_acl();
    let call = call.web_acl_arn(acl);
    let call = call.resource_type(ResourceType::ApplicationLoadBalancer);
    let answer = call.send().await;
    let answer = answer
        .map_err(failed("wafv2:ListResourcesForWebACL"))
        .or_absent(ABSENT)?;
    let all = answer
        .and_then(|answer| answer.resource_arns)
        .unwrap_or_default();
    if all.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let ours = cx.live::<LoadBalancer>().await?;
    let is_ours = |arn: &String| ours.iter().any(|(_, one)| one.arn == *arn);
    Ok(all.into_iter().partition(is_ours))
}
