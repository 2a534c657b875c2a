//! The region's zones, and a network that somebody else owns.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use aws_sdk_ec2::types::{Filter, VpcAttributeName};

use super::refused;
use crate::aws::failed;
use crate::resource::{
    CidrBlock, Error, Lookup, Observer, Output, Outputs, SubnetId, VpcId, ZoneName,
};

/// The `index`-th zone by name.
pub(super) async fn zone(cx: &Observer, index: usize, of: NonZeroUsize) -> Result<Outputs, Error> {
    let zones = cx.shared("zones", zones(cx)).await?;
    nth(cx.region(), &zones, index, of)
}

fn nth(region: &str, zones: &[String], index: usize, of: NonZeroUsize) -> Result<Outputs, Error> {
    let zone = zones.get(index).filter(|_| zones.len() >= of.get());
    let zone = zone.ok_or_else(|| {
        refused(format!(
            "{region} has {} zones for this account ({}), network.availability_zones asks for {of}: ask for fewer",
            zones.len(),
            zones.join(", ")
        ))
    })?;
    Ok(Outputs::default().with(ZoneName::new(zone)))
}

/// The zones by name. One that is impaired stays in its place: leaving it out would move every subnet after it.
async fn zones(cx: &Observer) -> Result<Vec<String>, Error> {
    let call = cx
        .clients()
        .ec2()
        .describe_availability_zones()
        .filters(filter("zone-type", ["availability-zone"]));
    let answer = call
        .send()
        .await
        .map_err(failed("ec2:DescribeAvailabilityZones"))?;
    let names = answer
        .availability_zones()
        .iter()
        .filter_map(|zone| zone.zone_name().map(str::to_owned));
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

/// An existing VPC. Cloud Map's private names and RDS's are only answered where both DNS attributes are on.
pub(super) async fn vpc(cx: &Observer, id: &VpcId) -> Result<Outputs, Error> {
    let ec2 = cx.clients().ec2();
    let which = filter("vpc-id", [id.as_str()]);
    let answer = ec2.describe_vpcs().filters(which).send().await;
    let answer = answer.map_err(failed("ec2:DescribeVpcs"))?;
    let vpc = answer.vpcs().first().ok_or_else(|| {
        refused(format!(
            "{} has no VPC {id} in this account: check network.existing.vpc, the region and the credentials",
            cx.region()
        ))
    })?;
    let (support, hostnames) = futures::try_join!(
        attribute(cx, id, VpcAttributeName::EnableDnsSupport),
        attribute(cx, id, VpcAttributeName::EnableDnsHostnames),
    )?;
    let off: Vec<&str> = [
        (support, "enableDnsSupport"),
        (hostnames, "enableDnsHostnames"),
    ]
    .into_iter()
    .filter_map(|(on, name)| (!on).then_some(name))
    .collect();
    if off.is_empty() {
        let block = CidrBlock::new(vpc.cidr_block().unwrap_or_default());
        return Ok(Outputs::default().with(id.clone()).with(block));
    }
    Err(refused(format!(
        "VPC {id} has {} switched off, without which data planes cannot find the control plane by its private name: \
         switch it on (aws ec2 modify-vpc-attribute), or use another VPC",
        off.join(" and ")
    )))
}

async fn attribute(cx: &Observer, id: &VpcId, name: VpcAttributeName) -> Result<bool, Error> {
    let call = cx
        .clients()
        .ec2()
        .describe_vpc_attribute()
        .vpc_id(id.as_str())
        .attribute(name.clone());
    let answer = call.send().await;
    let answer = answer.map_err(failed("ec2:DescribeVpcAttribute"))?;
    let value = match name {
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
        _ => answer.enable_dns_hostnames(),
    };
    Ok(value.and_then(|value| value.value()).unwrap_or_default())
}

/// A subnet that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    id: String,
    vpc: String,
    cidr: String,
    zone: String,
}

/// An existing subnet, which must lie in the VPC, and in another zone than the others of its group.
pub(super) async fn subnet(
    cx: &Observer,
    id: &SubnetId,
    vpc: &VpcId,
    group: &'static str,
) -> Result<Outputs, Error> {
    let known: Arc<Vec<Known>> = cx.shared("subnets", subnets(cx)).await?;
    let twins = cx
        .blueprint()
        .lookups
        .values()
        .filter_map(|lookup| match lookup {
            Lookup::Subnet { id, group: of, .. } if *of == group => Some(id.as_str()),
            _ => None,
        });
    judge(cx.region(), &known, id, vpc, group, &twins.collect())
}

/// All subnets that the blueprint looks up, in one list.
async fn subnets(cx: &Observer) -> Result<Vec<Known>, Error> {
    let ids = cx
        .blueprint()
        .lookups
        .values()
        .filter_map(|lookup| match lookup {
            Lookup::Subnet { id, .. } => Some(id.as_str()),
            _ => None,
        });
    let ids: BTreeSet<&str> = ids.collect();
    let mut pages = cx
        .clients()
        .ec2()
        .describe_subnets()
        .filters(filter("subnet-id", ids))
        .into_paginator()
        .items()
        .send();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let mut known = Vec::new();
    while let Some(subnet) = pages.next().await {
        let subnet = subnet.map_err(failed("ec2:DescribeSubnets"))?;
        known.push(Known {
            id: text(subnet.subnet_id()),
            vpc: text(subnet.vpc_id()),
            cidr: text(subnet.cidr_block()),
            zone: text(subnet.availability_zone()),
        });
    }
    Ok(known)
}

fn judge(
    region: &str,
    known: &[Known],
    id: &SubnetId,
    vpc: &VpcId,
    group: &str,
    twins: &BTreeSet<&str>,
) -> Result<Outputs, Error> {
    let field = format!("network.existing.{group}_subnets");
    let Some(subnet) = known.iter().find(|one| one.id == id.as_str()) else {
        return Err(refused(format!(
            "{region} has no subnet {id} in this account: check {field}, the region and the credentials"
        )));
    };
    if subnet.vpc != vpc.as_str() {
        return Err(refused(format!(
            "subnet {id} lies in {}, not in {vpc}: check {field} and network.existing.vpc",
            subnet.vpc
        )));
    }
    let twin = known.iter().find(|one| {
        one.id != subnet.id && one.zone == subnet.zone && twins.contains(one.id.as_str())
    });
    if let Some(twin) = twin {
        let (first, second) = if subnet.id < twin.id {
            (subnet, twin)
        } else {
            (twin, subnet)
        };
        return Err(refused(format!(
            "subnets {} and {} both lie in {}, and a load balancer and a database need one a zone: replace one of \
             them in {field}",
            first.id, second.id, subnet.zone
        )));
    }
    Ok(Outputs::default()
        .with(id.clone())
        .with(CidrBlock::new(&subnet.cidr))
        .with(ZoneName::new(&subnet.zone)))
}

fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    let values = values.into_iter().map(str::to_owned).collect();
    Filter::builder()
        .name(name)
        .set_values(Some(values))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Attribute;

    #[test]
    fn zones_count_from_the_first_and_must_suffice() {
        let zones = ["eu-west-1a".to_owned(), "eu-west-1b".to_owned()];
        let of = |count| NonZeroUsize::new(count).unwrap();
        let second = nth("eu-west-1", &zones, 1, of(2)).unwrap();
        assert_eq!(second.get(Attribute::Name), Some("eu-west-1b"));
        let error = nth("eu-west-1", &zones, 0, of(3)).unwrap_err().to_string();
        assert!(
            error.contains("has 2 zones") && error.contains("asks for 3"),
            "{error}"
        );
    }

    fn known(id: &str, vpc: &str, zone: &str) -> Known {
        Known {
            id: id.to_owned(),
            vpc: vpc.to_owned(),
            cidr: "10.0.1.0/24".to_owned(),
            zone: zone.to_owned(),
        }
    }

    fn judged(known: &[Known]) -> Result<Outputs, String> {
        let (id, vpc) = (SubnetId::new("subnet-1"), VpcId::new("vpc-1"));
        let twins = ["subnet-1", "subnet-2"].into();
        judge("eu-west-1", known, &id, &vpc, "public", &twins).map_err(|error| error.to_string())
    }

    #[test]
    fn a_subnet_must_be_there_in_the_vpc_and_alone_in_its_zone() {
        let here = known("subnet-1", "vpc-1", "a");
        assert!(judged(&[here.clone(), known("subnet-2", "vpc-1", "b")]).is_ok());
        // A private subnet in the same zone is as it should be.
        assert!(judged(&[here.clone(), known("subnet-3", "vpc-1", "a")]).is_ok());
        for (live, part) in [
            (vec![], "has no subnet subnet-1"),
            (vec![known("subnet-1", "vpc-2", "a")], "lies in vpc-2"),
            (
                vec![here, known("subnet-2", "vpc-1", "a")],
                "subnet-1 and subnet-2 both lie in a",
            ),
        ] {
            let error = judged(&live).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
