//! VPCs: the network everything of a stack lies in.

use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType, VpcAttributeName};
use futures::future::try_join_all;
use ipnet::Ipv4Net;

use super::calls::{QUICK, RELEASE, filter, required, unrepeated};
use super::interfaces::Removal;
use super::tagging;
use super::vpc_strangers::strangers_in_vpc;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    Blocker, CidrBlock, Diff, Error, Found, Kind, Look, Observer, Output, Outputs, References,
    Resolve, Step, Tags, VpcId, Wanted,
};

const ABSENT: &[&str] = &["InvalidVpcID.NotFound"];

/// A VPC that resolves and hands out DNS names, which Cloud Map and interface endpoints need.
///
/// AWS does not mind two of one name. A person would: one that is named like a wanted VPC and carries no tag of the
/// stack is foreign.
pub(crate) struct Vpc;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// Its addresses, fixed at creation.
    pub(crate) cidr: Ipv4Net,
    /// Its tags; `Name` is what a foreign one is known by.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its id.
    pub(crate) id: VpcId,
    /// Its addresses.
    pub(crate) cidr: String,
    /// `pending` or `available`.
    pub(crate) state: String,
    /// Whether AWS's resolver answers in it.
    pub(crate) dns_support: bool,
    /// Whether interfaces get DNS names.
    pub(crate) dns_hostnames: bool,
    /// Its tags.
    pub(crate) tags: Tags,
}

impl Kind for Vpc {
    const TYPE: &'static str = "AWS::EC2::VPC";
    const NOUN: &'static str = "VPC";
    type Desired = Desired;
    type Live = Live;

    fn references(_desired: &Desired) -> References {
        References::none()
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let ours = list(cx.clients(), tagging::of_stack(cx.stack())).await?;
        let ours = try_join_all(ours.into_iter().map(|vpc| with_dns(cx.clients(), vpc))).await?;
        let mut found: Vec<_> = ours
            .into_iter()
            .filter_map(|live| tagging::found(cx, &live.tags.clone(), live))
            .collect();
        let there = |one: &Wanted<'_, Self>| {
            found
                .iter()
                .any(|found| matches!(found, Found::Owned(address, _) if address == one.address))
        };
        let missing: Vec<_> = wanted.iter().filter(|one| !there(one)).collect();
        let strangers = try_join_all(missing.into_iter().map(|one| stranger(cx, one))).await?;
        found.extend(strangers.into_iter().flatten());
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.id.to_string()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default()
            .with(live.id.clone())
            .with(CidrBlock::new(&live.cidr))
    }

    fn uses(_live: &Live) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &Desired, live: &Live, _outputs: &dyn Resolve) -> Diff {
        let Desired { cidr, tags } = desired;
        let mut diff = Diff::new();
        if live.state != "available" {
            diff.pending("state", &live.state, "available");
        }
        diff.immutable(
            "cidr_block",
            &cidr.to_string(),
            &live.cidr,
            "the addresses of a VPC are fixed when it is made",
        );
        diff.field("enable_dns_support", &true, &live.dns_support);
        diff.field("enable_dns_hostnames", &true, &live.dns_hostnames);
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let ec2 = cx.clients().ec2();
        let create = || {
            let call = ec2
                .create_vpc()
                .cidr_block(desired.cidr.to_string())
                .tag_specifications(tagging::specification(ResourceType::Vpc, &desired.tags))
                .customize()
                .config_override(unrepeated());
            async move { call.send().await.map_err(failed("ec2:CreateVpc")) }
        };
        let answer = cx
            .retry("the VPC", QUICK, &["RequestLimitExceeded"], create)
            .await?;
        let id = answer.vpc().and_then(|vpc| vpc.vpc_id());
        let id = VpcId::new(required(id, "ec2:CreateVpc", "the VPC's id")?);
        cx.made(id.as_str());
        let live = available(cx, &id).await?;
        let (support, names) = (!live.dns_support, !live.dns_hostnames);
        set_dns(cx, &id, support, names).await?;
        Ok(Self::outputs(&live))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let now = available(cx, &live.id).await?;
        let (support, names) = (
            diff.has("enable_dns_support"),
            diff.has("enable_dns_hostnames"),
        );
        set_dns(cx, &live.id, support, names).await?;
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
        let strangers = strangers_in_vpc(cx, live.id.as_str()).await?;
        Ok(strangers
            .into_iter()
            .map(|stranger| Blocker {
                reason: format!("{stranger} lies in {}", live.id),
                fix: format!("delete {stranger}, which does not belong to this stack"),
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
            what: "the VPC to be empty",
            patience: RELEASE,
            holders: filter("vpc-id", [live.id.as_str()]),
            only_public: false,
            held: &["DependencyViolation"],
        };
        let delete = || {
            let call = ec2.delete_vpc().vpc_id(live.id.as_str());
            async move {
                let answer = call.send().await.map_err(failed("ec2:DeleteVpc"));
                answer.or_absent(ABSENT).map(drop)
            }
        };
        removal.run(cx, delete).await?;
        Ok(Vec::new())
    }
}

async fn list(clients: &Clients, which: Filter) -> Result<Vec<aws_sdk_ec2::types::Vpc>, Error> {
    let mut pages = clients
        .ec2()
        .describe_vpcs()
        .filters(which)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(vpc) = pages.next().await {
        found.push(vpc.map_err(failed("ec2:DescribeVpcs"))?);
    }
    Ok(found)
}

/// A VPC with its DNS attributes, which AWS tells one at a time.
async fn with_dns(clients: &Clients, vpc: aws_sdk_ec2::types::Vpc) -> Result<Live, Error> {
    let id = VpcId::new(required(vpc.vpc_id(), "ec2:DescribeVpcs", "a VPC's id")?);
    let (dns_support, dns_hostnames) = futures::try_join!(
        attribute(clients, &id, VpcAttributeName::EnableDnsSupport),
        attribute(clients, &id, VpcAttributeName::EnableDnsHostnames),
    )?;
    Ok(Live {
        cidr: vpc.cidr_block().unwrap_or_default().to_owned(),
        state: vpc
            .state()
            .map_or("available", |state| state.as_str())
            .to_owned(),
        tags: tagging::from_sdk(vpc.tags()),
        id,
        dns_support,
        dns_hostnames,
    })
}

async fn attribute(clients: &Clients, id: &VpcId, name: VpcAttributeName) -> Result<bool, Error> {
    let call = clients
        .ec2()
        .describe_vpc_attribute()
        .vpc_id(id.as_str())
        .attribute(name.clone());
    // One that is being deleted meanwhile has no attributes: its state says the rest.
    let answer = call
        .send()
        .await
        .map_err(failed("ec2:DescribeVpcAttribute"))
        .or_absent(ABSENT)?;
    let value = answer.and_then(|answer| match name {
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support()?.value(),
        _ => answer.enable_dns_hostnames()?.value(),
    });
    Ok(value.unwrap_or_default())
}

/// A VPC of the wanted one's name that is not the stack's.
async fn stranger(cx: &Observer, wanted: &Wanted<'_, Vpc>) -> Result<Option<Found<Live>>, Error> {
    let Some(name) = wanted.desired.tags.get("Name") else {
        return Ok(None);
    };
    let named = list(cx.clients(), filter("tag:Name", [name])).await?;
    let stranger = named
        .iter()
        .find(|vpc| cx.address_of(&tagging::from_sdk(vpc.tags())).is_none());
    Ok(stranger.map(|vpc| {
        let text = format!("VPC {} (Name {name})", vpc.vpc_id().unwrap_or("without id"));
        Found::Foreign(wanted.address.clone(), text)
    }))
}

async fn available(cx: &Step, id: &VpcId) -> Result<Live, Error> {
    cx.wait("the VPC", QUICK, || async move {
        let found = list(cx.clients(), filter("vpc-id", [id.as_str()])).await?;
        let Some(vpc) = found.into_iter().next() else {
            return Ok(Look::Pending("not visible yet".to_owned()));
        };
        let live = with_dns(cx.clients(), vpc).await?;
        Ok(if live.state == "available" {
            Look::Ready(live)
        } else {
            Look::Pending(live.state)
        })
    })
    .await
}

/// Switches DNS on. AWS takes one attribute a call, and host names only where there is a resolver.
async fn set_dns(cx: &Step, id: &VpcId, support: bool, hostnames: bool) -> Result<(), Error> {
    let ec2 = cx.clients().ec2();
    let on = AttributeBooleanValue::builder().value(true).build();
    let modify = ec2.modify_vpc_attribute().vpc_id(id.as_str());
    let calls = [
        support.then(|| modify.clone().enable_dns_support(on.clone())),
        hostnames.then(|| modify.clone().enable_dns_hostnames(on.clone())),
    ];
    for call in calls.into_iter().flatten() {
        let call = || {
            let call = call.clone();
            async move { call.send().await.map_err(failed("ec2:ModifyVpcAttribute")) }
        };
        cx.retry("the VPC's DNS", QUICK, ABSENT, call).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    fn live() -> Live {
        Live {
            id: VpcId::new("vpc-1"),
            cidr: "10.0.0.0/16".to_owned(),
            state: "available".to_owned(),
            dns_support: true,
            dns_hostnames: true,
            tags: Tags::default(),
        }
    }

    fn desired(cidr: &str) -> Desired {
        Desired {
            cidr: cidr.parse().unwrap(),
            tags: Tags::default(),
        }
    }

    #[test]
    fn the_same_vpc_has_no_difference() {
        assert!(Vpc::diff(&desired("10.0.0.0/16"), &live(), &Nothing).is_empty());
    }

    #[test]
    fn other_addresses_need_another_vpc() {
        let diff = Vpc::diff(&desired("10.1.0.0/16"), &live(), &Nothing);
        assert_eq!(diff.replacing().count(), 1);
    }

    #[test]
    fn a_vpc_whose_creation_was_cut_short_is_finished_in_place() {
        let live = Live {
            state: "pending".to_owned(),
            dns_hostnames: false,
            ..live()
        };
        let diff = Vpc::diff(&desired("10.0.0.0/16"), &live, &Nothing);
        assert_eq!(diff.replacing().count(), 0);
        assert!(diff.has("state") && diff.has("enable_dns_hostnames"));
    }
}
