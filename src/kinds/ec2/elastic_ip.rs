//! Elastic IPs: the public addresses of NAT gateways.

use aws_sdk_ec2::types::{DomainType, Filter, ResourceType};

use super::NatGateway;
use super::calls::{QUICK, RELEASE, filter, required, unrepeated};
use super::tagging;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    AllocationId, Blocker, Diff, Error, Found, Kind, Look, Observer, Output, Outputs, References,
    Resolve, Step, Tags, Wanted,
};

/// An address that stays ours until it is released.
pub(crate) struct ElasticIp;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// The allocation's id.
    pub(crate) id: AllocationId,
    /// The address itself.
    pub(crate) address: String,
    /// The interface it is mapped to.
    pub(crate) interface: Option<String>,
    /// Its tags.
    pub(crate) tags: Tags,
}

impl Kind for ElasticIp {
    const TYPE: &'static str = "AWS::EC2::EIP";
    const NOUN: &'static str = "Elastic IP";
    type Desired = Desired;
    type Live = Live;

    fn references(_desired: &Desired) -> References {
        References::none()
    }

    async fn observe(
        cx: &Observer,
        _wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let ours = list(cx.clients(), tagging::of_stack(cx.stack())).await?;
        Ok(ours
            .into_iter()
            .filter_map(|live| tagging::found(cx, &live.tags.clone(), live))
            .collect())
    }

    fn id(live: &Live) -> String {
        live.id.to_string()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(live.id.clone())
    }

    fn uses(_live: &Live) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &Desired, live: &Live, _outputs: &dyn Resolve) -> Diff {
        let Desired { tags } = desired;
        let mut diff = Diff::new();
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let ec2 = cx.clients().ec2();
        let create = || {
            let tags = tagging::specification(ResourceType::ElasticIp, &desired.tags);
            let call = ec2
                .allocate_address()
                .domain(DomainType::Vpc)
                .tag_specifications(tags)
                .customize()
                .config_override(unrepeated());
            async move { call.send().await.map_err(failed("ec2:AllocateAddress")) }
        };
        let answer = cx
            .retry("the address", QUICK, &["RequestLimitExceeded"], create)
            .await?;
        let id = required(
            answer.allocation_id(),
            "ec2:AllocateAddress",
            "the allocation's id",
        )?;
        cx.made(id);
        cx.wait("the address", QUICK, || async move {
            let found = list(cx.clients(), filter("allocation-id", [id])).await?;
            Ok(match found.into_iter().next() {
                Some(live) => Look::Ready(Self::outputs(&live)),
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
        tagging::update(cx, live.id.as_str(), &desired.tags, &live.tags).await?;
        Ok(Self::outputs(live))
    }

    async fn blockers(
        cx: &Observer,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<Blocker>, Error> {
        let Some(interface) = &live.interface else {
            return Ok(Vec::new());
        };
        let gateways = cx.live::<NatGateway>().await?;
        if gateways
            .iter()
            .any(|(_, gateway)| gateway.allocations.contains(&live.id))
        {
            return Ok(Vec::new());
        }
        // A gateway of ours may have let go of it between the two looks.
        let which = Filter::builder()
            .name("allocation-id")
            .values(live.id.as_str())
            .build();
        let now = list(cx.clients(), which).await?;
        if !now
            .iter()
            .any(|now| now.interface.as_ref() == Some(interface))
        {
            return Ok(Vec::new());
        }
        Ok(vec![Blocker {
            reason: format!(
                "{} is mapped to {interface}, which is no NAT gateway of this stack",
                live.address
            ),
            fix: format!(
                "unmap it: aws ec2 disassociate-address --public-ip {}",
                live.address
            ),
        }])
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let ec2 = cx.clients().ec2();
        let release = || {
            let call = ec2.release_address().allocation_id(live.id.as_str());
            async move {
                let answer = call.send().await.map_err(failed("ec2:ReleaseAddress"));
                answer
                    .or_absent(&["InvalidAllocationID.NotFound"])
                    .map(drop)
            }
        };
        let in_use = ["InvalidIPAddress.InUse", "RequestLimitExceeded"];
        cx.retry("the address to be unmapped", RELEASE, &in_use, release)
            .await?;
        Ok(Vec::new())
    }
}

async fn list(clients: &Clients, which: Filter) -> Result<Vec<Live>, Error> {
    const CALL: &str = "ec2:DescribeAddresses";
    let call = clients.ec2().describe_addresses().filters(which);
    let answer = call.send().await.map_err(failed(CALL))?;
    let live = |address: &aws_sdk_ec2::types::Address| {
        Ok(Live {
            id: AllocationId::new(required(
                address.allocation_id(),
                CALL,
                "an address's allocation",
            )?),
            address: address.public_ip().unwrap_or_default().to_owned(),
            interface: address
                .association_id()
                .and(address.network_interface_id())
                .map(str::to_owned),
            tags: tagging::from_sdk(address.tags()),
        })
    };
    answer.addresses().iter().map(live).collect()
}
