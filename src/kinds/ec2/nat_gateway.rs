//! NAT gateways: the way of private subnets to the internet.

use aws_sdk_ec2::types::{Filter, ResourceType};

use super::calls::{QUICK, filter, required};
use super::tagging;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    Address, AllocationId, Diff, Effect, Error, Found, Kind, Look, NatGatewayId, Observer, Output,
    Outputs, Patience, Ref, References, ReplaceOrder, Resolve, Step, SubnetId, Tags, Wanted,
};

const ABSENT: &[&str] = &["NatGatewayNotFound", "InvalidNatGatewayID.NotFound"];
const CREATE: Patience = Patience::seconds(4, 105, 900);
const DELETE: Patience = Patience::seconds(4, 50, 900);

/// A public NAT gateway with one Elastic IP.
///
/// One that is being deleted counts as absent where a new one is wanted, which then waits for the address to be free.
/// One that failed says why, and is replaced: AWS removes it by itself after an hour.
pub(crate) struct NatGateway;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The public subnet it stands in.
    pub(crate) subnet: Ref<SubnetId>,
    /// Its address.
    pub(crate) allocation: Ref<AllocationId>,
    /// The internet gateway, and whatever else must be there before it.
    pub(crate) after: Vec<Address>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its id.
    pub(crate) id: NatGatewayId,
    /// The subnet it stands in.
    pub(crate) subnet: SubnetId,
    /// Its addresses.
    pub(crate) allocations: Vec<AllocationId>,
    /// `pending`, `failed`, `available` or `deleting`.
    pub(crate) state: String,
    /// Why it failed.
    pub(crate) failure: Option<String>,
    /// Its tags.
    pub(crate) tags: Tags,
}

impl Kind for NatGateway {
    const TYPE: &'static str = "AWS::EC2::NatGateway";
    const NOUN: &'static str = "NAT gateway";
    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none()
            .to(&desired.subnet)
            .to(&desired.allocation)
            .after_all(&desired.after)
    }

    async fn observe(
        cx: &Observer,
        _wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let live = list(cx.clients(), vec![tagging::of_stack(cx.stack())]).await?;
        let found = live.into_iter().filter_map(|live| {
            let going = live.state == "deleting";
            let found = tagging::found(cx, &live.tags.clone(), live)?;
            Some(if going { found.leaving() } else { found })
        });
        Ok(found.collect())
    }

    fn id(live: &Live) -> String {
        live.id.to_string()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(live.id.clone())
    }

    fn uses(live: &Live) -> Vec<String> {
        let addresses = live.allocations.iter().map(ToString::to_string);
        addresses.chain([live.subnet.to_string()]).collect()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            subnet,
            allocation,
            after: _, // only an order
            tags,
        } = desired;
        let mut diff = Diff::new();
        match live.state.as_str() {
            "available" => {}
            "pending" => diff.pending("state", "pending", "available"),
            state => {
                let reason = live.failure.as_deref().unwrap_or("no reason given");
                let state = format!("{state}: {reason}");
                diff.broken("state", &state, "available", "it has failed for good");
            }
        }
        let moved = Effect::Replace("a NAT gateway stands in one subnet");
        diff.reference("subnet_id", subnet, &live.subnet, outputs, moved);
        // A gateway that failed has lost its address.
        if live.state != "failed" || !live.allocations.is_empty() {
            let other = Effect::Replace("the first address of a NAT gateway is fixed");
            let want = std::slice::from_ref(allocation);
            diff.references("allocation_id", want, &live.allocations, outputs, other);
        }
        diff.tags(tags, &live.tags);
        diff
    }

    /// Both would need the one address.
    fn replace_order(_desired: &Desired, _live: &Live) -> ReplaceOrder {
        ReplaceOrder::DeleteFirst
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        predecessors_gone(cx).await?;
        let (subnet, allocation) = (cx.get(&desired.subnet)?, cx.get(&desired.allocation)?);
        let ec2 = cx.clients().ec2();
        // The SDK gives this call a client token, so that it may repeat it.
        let create = || {
            let call = ec2
                .create_nat_gateway()
                .subnet_id(subnet.as_str())
                .allocation_id(allocation.as_str())
                .tag_specifications(tagging::specification(
                    ResourceType::Natgateway,
                    &desired.tags,
                ));
            async move { call.send().await.map_err(failed("ec2:CreateNatGateway")) }
        };
        let not_yet = [
            "InvalidSubnetID.NotFound",
            "InvalidAllocationID.NotFound",
            "InvalidElasticIpID.NotFound",
            "RequestLimitExceeded",
        ];
        let answer = cx
            .retry("its subnet and address", QUICK, &not_yet, create)
            .await?;
        let id = answer
            .nat_gateway()
            .and_then(|gateway| gateway.nat_gateway_id());
        let id = required(id, "ec2:CreateNatGateway", "the NAT gateway's id")?;
        cx.made(id);
        available(cx, id).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("tags") {
            tagging::update(cx, live.id.as_str(), &desired.tags, &live.tags).await?;
        }
        available(cx, live.id.as_str()).await
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        tagging::retire(cx, live.id.as_str()).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let id = live.id.as_str();
        if live.state != "deleting" {
            let call = cx.clients().ec2().delete_nat_gateway().nat_gateway_id(id);
            let answer = call.send().await.map_err(failed("ec2:DeleteNatGateway"));
            if answer.or_absent(ABSENT)?.is_none() {
                return Ok(Vec::new());
            }
        }
        cx.wait("the NAT gateway to be gone", DELETE, || async move {
            let found = list(cx.clients(), vec![filter("nat-gateway-id", [id])]).await?;
            Ok(found
                .into_iter()
                .next()
                .map_or(Look::Ready(()), |live| Look::Pending(live.state)))
        })
        .await?;
        Ok(Vec::new())
    }
}

/// The gateways that match. Deleted ones, which AWS lists for an hour, are left out.
async fn list(clients: &Clients, which: Vec<Filter>) -> Result<Vec<Live>, Error> {
    const CALL: &str = "ec2:DescribeNatGateways";
    let states = ["pending", "failed", "available", "deleting"];
    let mut pages = clients
        .ec2()
        .describe_nat_gateways()
        .set_filter(Some(which))
        .filter(filter("state", states))
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(gateway) = pages.next().await {
        let gateway = gateway.map_err(failed(CALL))?;
        let id = required(gateway.nat_gateway_id(), CALL, "a NAT gateway's id")?;
        let addresses = gateway.nat_gateway_addresses().iter();
        found.push(Live {
            id: NatGatewayId::new(id),
            subnet: SubnetId::new(gateway.subnet_id().unwrap_or_default()),
            allocations: addresses
                .filter_map(|address| address.allocation_id())
                .map(AllocationId::new)
                .collect(),
            state: gateway
                .state()
                .map_or("pending", |state| state.as_str())
                .to_owned(),
            failure: gateway.failure_message().map(str::to_owned),
            tags: tagging::from_sdk(gateway.tags()),
        });
    }
    Ok(found)
}

/// Waits until those at this address that are being deleted have let go of the Elastic IP.
async fn predecessors_gone(cx: &Step) -> Result<(), Error> {
    cx.wait("its predecessor to be gone", DELETE, || async move {
        let here = vec![
            tagging::of_stack(cx.stack()),
            tagging::at_address(&cx.address),
        ];
        let live = list(cx.clients(), here).await?;
        let going = live.into_iter().find(|live| live.state == "deleting");
        Ok(going.map_or(Look::Ready(()), |live| {
            Look::Pending(format!("{} is deleting", live.id))
        }))
    })
    .await
}

async fn available(cx: &Step, id: &str) -> Result<Outputs, Error> {
    cx.wait("the NAT gateway", CREATE, || async move {
        let found = list(cx.clients(), vec![filter("nat-gateway-id", [id])]).await?;
        match found.into_iter().next() {
            None => Ok(Look::Pending("not visible yet".to_owned())),
            Some(live) => judge(&live),
        }
    })
    .await
}

fn judge(live: &Live) -> Result<Look<Outputs>, Error> {
    match live.state.as_str() {
        "available" => Ok(Look::Ready(NatGateway::outputs(live))),
        "pending" => Ok(Look::Pending("pending".to_owned())),
        state => Err(Error::Failed {
            what: format!("NAT gateway {}", live.id),
            state: state.to_owned(),
            detail: live.failure.iter().cloned().collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn live(state: &str) -> Live {
        Live {
            id: NatGatewayId::new("nat-1"),
            subnet: SubnetId::new("subnet-1"),
            allocations: vec![AllocationId::new("eipalloc-1")],
            state: state.to_owned(),
            failure: (state == "failed").then(|| "the subnet is full".to_owned()),
            tags: Tags::default(),
        }
    }

    fn diff(live: &Live) -> Diff {
        let desired = Desired {
            subnet: Ref::Literal(SubnetId::new("subnet-1")),
            allocation: Ref::Literal(AllocationId::new("eipalloc-1")),
            after: Vec::new(),
            tags: Tags::default(),
        };
        NatGateway::diff(&desired, live, &Nothing)
    }

    #[test]
    fn half_made_gateways_are_waited_for_and_failed_ones_replaced() {
        assert!(diff(&live("available")).is_empty());
        let pending = diff(&live("pending"));
        assert_eq!(
            (pending.changes().len(), pending.replacing().count()),
            (1, 0)
        );
        let failed = diff(&Live {
            allocations: Vec::new(),
            ..live("failed")
        });
        let shown: Vec<_> = failed.replacing().map(|(one, _)| one.old.clone()).collect();
        assert_eq!(shown, [Some("failed: the subnet is full".to_owned())]);
    }

    #[test]
    fn a_failure_while_waiting_gives_awss_reason() {
        assert!(matches!(judge(&live("pending")), Ok(Look::Pending(_))));
        let error = judge(&live("failed")).unwrap_err().to_string();
        assert_eq!(error, "NAT gateway nat-1 failed\nthe subnet is full");
    }
}
