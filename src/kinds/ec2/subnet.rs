//! Subnets: a part of a VPC's addresses in one zone.

use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType};
use ipnet::Ipv4Net;

use super::calls::{QUICK, RELEASE, filter, required, unrepeated};
use super::interfaces::Removal;
use super::strangers::strangers_in_subnet;
use super::tagging;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    Blocker, CidrBlock, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Ref,
    References, ReplaceOrder, Resolve, Step, SubnetId, Tags, VpcId, Wanted, ZoneName,
};

const ABSENT: &[&str] = &["InvalidSubnetID.NotFound"];

/// A subnet that gives no public address by itself: what needs one asks for it.
pub(crate) struct Subnet;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The VPC it is a part of.
    pub(crate) vpc: Ref<VpcId>,
    /// Its addresses.
    pub(crate) cidr: Ipv4Net,
    /// The zone it lies in.
    pub(crate) zone: Ref<ZoneName>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its id.
    pub(crate) id: SubnetId,
    /// The VPC it is a part of.
    pub(crate) vpc: VpcId,
    /// Its addresses.
    pub(crate) cidr: String,
    /// The zone it lies in.
    pub(crate) zone: ZoneName,
    /// `pending`, `available` or why it is not.
    pub(crate) state: String,
    /// Whether interfaces in it get public addresses without asking.
    pub(crate) map_public_ip: bool,
    /// Its tags.
    pub(crate) tags: Tags,
}

impl Kind for Subnet {
    const TYPE: &'static str = "AWS::EC2::Subnet";
    const NOUN: &'static str = "subnet";
    const STOOD_IN: Option<&'static str> = Some(
        "give the subnets other addresses under network.public_subnets and network.private_subnets: new ones are then made beside the old, and what stands in these moves over",
    );
    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none().to(&desired.vpc).to(&desired.zone)
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
        Outputs::default()
            .with(live.id.clone())
            .with(live.zone.clone())
            .with(CidrBlock::new(&live.cidr))
    }

    fn uses(live: &Live) -> Vec<String> {
        vec![live.vpc.to_string()]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            vpc,
            cidr,
            zone,
            tags,
        } = desired;
        let mut diff = Diff::new();
        match live.state.as_str() {
            "available" => {}
            "pending" => diff.pending("state", &live.state, "available"),
            state => diff.broken("state", state, "available", "AWS could not make the subnet"),
        }
        let elsewhere = Effect::Replace("a subnet belongs to one VPC");
        diff.reference("vpc_id", vpc, &live.vpc, outputs, elsewhere);
        diff.immutable(
            "cidr_block",
            &cidr.to_string(),
            &live.cidr,
            "the addresses of a subnet are fixed when it is made",
        );
        let moved = Effect::Replace("a subnet lies in one zone");
        diff.reference("availability_zone", zone, &live.zone, outputs, moved);
        diff.field("map_public_ip_on_launch", &false, &live.map_public_ip);
        diff.tags(tags, &live.tags);
        diff
    }

    /// Subnets of one VPC cannot overlap, so one whose addresses are needed goes first.
    fn replace_order(desired: &Desired, live: &Live) -> ReplaceOrder {
        let overlaps = live
            .cidr
            .parse::<Ipv4Net>()
            .is_ok_and(|have| have.contains(&desired.cidr) || desired.cidr.contains(&have));
        if overlaps {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let (vpc, zone) = (cx.get(&desired.vpc)?, cx.get(&desired.zone)?);
        let ec2 = cx.clients().ec2();
        let create = || {
            let tags = tagging::specification(ResourceType::Subnet, &desired.tags);
            let call = ec2
                .create_subnet()
                .vpc_id(vpc.as_str())
                .cidr_block(desired.cidr.to_string())
                .availability_zone(zone.as_str())
                .tag_specifications(tags)
                .customize()
                .config_override(unrepeated());
            async move { call.send().await.map_err(failed("ec2:CreateSubnet")) }
        };
        let not_yet = ["InvalidVpcID.NotFound", "RequestLimitExceeded"];
        let answer = cx.retry("the subnet", QUICK, &not_yet, create).await?;
        let id = answer.subnet().and_then(|subnet| subnet.subnet_id());
        let id = SubnetId::new(required(id, "ec2:CreateSubnet", "the subnet's id")?);
        cx.made(id.as_str());
        let live = available(cx, &id).await?;
        if live.map_public_ip {
            keep_private(cx, &id).await?;
        }
        Ok(Self::outputs(&live))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let now = available(cx, &live.id).await?;
        if diff.has("map_public_ip_on_launch") {
            keep_private(cx, &live.id).await?;
        }
        if diff.has("tags") {
            tagging::update(cx, live.id.as_str(), &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(&now))
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        tagging::retire(cx, live.id.as_str()).await
    }

    async fn blockers(
        cx: &Observer,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<Blocker>, Error> {
        let strangers = strangers_in_subnet(cx, live.id.as_str()).await?;
        Ok(strangers
            .into_iter()
            .map(|interface| Blocker {
                reason: format!("{interface} lies in {}", live.id),
                fix: "delete what it was made for, which does not belong to this stack".to_owned(),
            })
            .collect())
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let ec2 = cx.clients().ec2();
        let removal = Removal {
            what: "the subnet to be empty",
            patience: RELEASE,
            holders: filter("subnet-id", [live.id.as_str()]),
            only_public: false,
            held: &["DependencyViolation"],
        };
        let delete = || {
            let call = ec2.delete_subnet().subnet_id(live.id.as_str());
            async move {
                let answer = call.send().await.map_err(failed("ec2:DeleteSubnet"));
                answer.or_absent(ABSENT).map(drop)
            }
        };
        removal.run(cx, delete).await?;
        Ok(Vec::new())
    }
}

async fn list(clients: &Clients, which: Filter) -> Result<Vec<Live>, Error> {
    const CALL: &str = "ec2:DescribeSubnets";
    let mut pages = clients
        .ec2()
        .describe_subnets()
        .filters(which)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(subnet) = pages.next().await {
        let subnet = subnet.map_err(failed(CALL))?;
        let id = required(subnet.subnet_id(), CALL, "a subnet's id")?;
        let vpc = required(subnet.vpc_id(), CALL, "a subnet's VPC")?;
        let zone = required(subnet.availability_zone(), CALL, "a subnet's zone")?;
        found.push(Live {
            id: SubnetId::new(id),
            vpc: VpcId::new(vpc),
            cidr: subnet.cidr_block().unwrap_or_default().to_owned(),
            zone: ZoneName::new(zone),
            state: subnet
                .state()
                .map_or("available", |state| state.as_str())
                .to_owned(),
            map_public_ip: subnet.map_public_ip_on_launch().unwrap_or_default(),
            tags: tagging::from_sdk(subnet.tags()),
        });
    }
    Ok(found)
}

async fn available(cx: &Step, id: &SubnetId) -> Result<Live, Error> {
    cx.wait("the subnet", QUICK, || async move {
        let found = list(cx.clients(), filter("subnet-id", [id.as_str()])).await?;
        match found.into_iter().next() {
            None => Ok(Look::Pending("not visible yet".to_owned())),
            Some(live) if live.state == "available" => Ok(Look::Ready(live)),
            Some(live) if live.state.starts_with("failed") => Err(Error::Failed {
                what: format!("subnet {id}"),
                state: live.state,
                detail: Vec::new(),
            }),
            Some(live) => Ok(Look::Pending(live.state)),
        }
    })
    .await
}

async fn keep_private(cx: &Step, id: &SubnetId) -> Result<(), Error> {
    let off = AttributeBooleanValue::builder().value(false).build();
    let ec2 = cx.clients().ec2();
    let modify = || {
        let call = ec2
            .modify_subnet_attribute()
            .subnet_id(id.as_str())
            .map_public_ip_on_launch(off.clone());
        async move {
            let answer = call.send().await;
            answer.map_err(failed("ec2:ModifySubnetAttribute"))
        }
    };
    cx.retry("the subnet's attribute", QUICK, ABSENT, modify)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn desired(cidr: &str, zone: &str) -> Desired {
        Desired {
            vpc: Ref::Literal(VpcId::new("vpc-1")),
            cidr: cidr.parse().unwrap(),
            zone: Ref::Literal(ZoneName::new(zone)),
            tags: Tags::default(),
        }
    }

    fn live() -> Live {
        Live {
            id: SubnetId::new("subnet-1"),
            vpc: VpcId::new("vpc-1"),
            cidr: "10.0.1.0/24".to_owned(),
            zone: ZoneName::new("eu-west-1a"),
            state: "available".to_owned(),
            map_public_ip: false,
            tags: Tags::default(),
        }
    }

    #[test]
    fn addresses_and_zone_need_another_subnet() {
        let same = desired("10.0.1.0/24", "eu-west-1a");
        assert!(Subnet::diff(&same, &live(), &Nothing).is_empty());
        for other in [
            desired("10.0.2.0/24", "eu-west-1a"),
            desired("10.0.1.0/24", "eu-west-1b"),
        ] {
            assert_eq!(
                Subnet::diff(&other, &live(), &Nothing).replacing().count(),
                1
            );
        }
    }

    #[test]
    fn a_subnet_whose_creation_was_cut_short_is_finished_and_a_failed_one_replaced() {
        let same = desired("10.0.1.0/24", "eu-west-1a");
        let half = Live {
            state: "pending".to_owned(),
            map_public_ip: true,
            ..live()
        };
        let diff = Subnet::diff(&same, &half, &Nothing);
        assert!(diff.has("state") && diff.has("map_public_ip_on_launch"));
        assert_eq!(diff.replacing().count(), 0);
        let failed = Live {
            state: "failed-insufficient-capacity".to_owned(),
            ..live()
        };
        let diff = Subnet::diff(&same, &failed, &Nothing);
        assert_eq!(diff.replacing().count(), 1);
    }

    #[test]
    fn the_old_one_goes_first_only_where_addresses_overlap() {
        for (cidr, order) in [
            ("10.0.2.0/24", ReplaceOrder::CreateFirst),
            ("10.0.1.0/24", ReplaceOrder::DeleteFirst),
            ("10.0.0.0/16", ReplaceOrder::DeleteFirst),
            ("10.0.1.128/25", ReplaceOrder::DeleteFirst),
        ] {
            let desired = desired(cidr, "eu-west-1b");
            assert_eq!(Subnet::replace_order(&desired, &live()), order, "{cidr}");
        }
    }
}
