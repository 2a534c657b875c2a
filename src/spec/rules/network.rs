//! The VPC's addresses and the zones.
//!
//! Limits: a VPC is a /16 to a /28 (EC2 `CreateVpc`); a load balancer and a DB subnet group need two zones each.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::at;
use crate::spec::model::{AvailabilityZones, MAX_ZONES, StackSpec};
use crate::spec::problem::{Problem, Problems};

const TWO_ZONES: &str =
    "an Application Load Balancer and a DB subnet group each need two availability zones";

/// Blocks that mean something else everywhere, and what.
const RESERVED: [(Ipv4Net, &str); 4] = [
    (
        Ipv4Net::new_assert(Ipv4Addr::new(0, 0, 0, 0), 8),
        "\"this\" network",
    ),
    (
        Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8),
        "the machine itself",
    ),
    (
        Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16),
        "link-local use, AWS's metadata service among it",
    ),
    (
        Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 3),
        "multicast and the future",
    ),
];

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    if spec.network.existing.is_some() {
        return;
    }
    check_cidr(spec, out);
    match &spec.network.availability_zones {
        Some(AvailabilityZones::Count(count)) => check_count(*count, out),
        Some(AvailabilityZones::Names(names)) => check_names(names, spec, out),
        None => {}
    }
}

fn check_cidr(spec: &StackSpec, out: &mut Problems) {
    let cidr = spec.network.cidr();
    if !(16..=28).contains(&cidr.prefix_len()) {
        out.add(
            Problem::new(
                "vpc-size",
                at("network.cidr"),
                format!("`{cidr}` is no size for a VPC"),
            )
            .because("EC2 makes VPCs of a /16 (65536 addresses) to a /28 (16)")
            .fix(format!("write a /16 to /28, such as `{}/16`", cidr.addr())),
        );
    }
    let taken = RESERVED
        .iter()
        .find(|(block, _)| block.contains(&cidr) || cidr.contains(block));
    if let Some((block, what)) = taken {
        out.add(
            Problem::new(
                "vpc-reserved-range",
                at("network.cidr"),
                format!("`{cidr}` is not free to use"),
            )
            .because(format!("`{block}` is set aside for {what}"))
            .fix("take a private block, such as `10.0.0.0/16` or `172.31.0.0/16`"),
        );
    }
}

fn check_count(count: usize, out: &mut Problems) {
    if count < 2 {
        out.add(
            Problem::new(
                "zone-count",
                at("network.availability_zones"),
                format!("{count} is too few zones"),
            )
            .because(TWO_ZONES)
            .fix("write 2 or 3"),
        );
    } else if count > MAX_ZONES {
        out.add(
            Problem::new(
                "zone-count",
                at("network.availability_zones"),
                format!("{count} is too many zones"),
            )
            .because(format!("no region has more than {MAX_ZONES}"))
            .fix("write 2 or 3"),
        );
    }
}

fn check_names(names: &[String], spec: &StackSpec, out: &mut Problems) {
    let list = at("network.availability_zones");
    if names.len() < 2 || names.len() > MAX_ZONES {
        out.add(
            Problem::new(
                "zone-count",
                list.clone(),
                format!("this names {} zones", names.len()),
            )
            .because(format!(
                "{TWO_ZONES}, and no region has more than {MAX_ZONES}"
            ))
            .fix("name two or three zones"),
        );
    }
    let region = spec.region.as_str();
    let mut seen = HashSet::new();
    for (index, name) in names.iter().enumerate() {
        let letter = name.strip_prefix(region).unwrap_or_default();
        let good = letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_lowercase());
        if !good && out.sound(&["region"]) {
            out.add(
                Problem::new("zone-region", list.index(index), format!("`{name}` is not a zone of {region}"))
                    .because("a VPC's subnets lie in its own region, in zones named by the region and a letter")
                    .fix(format!("write a name like `{region}a`; local zones and zone ids are not taken")),
            );
        } else if !seen.insert(name) {
            out.add(
                Problem::new(
                    "zone-repeated",
                    list.index(index),
                    format!("`{name}` stands here twice"),
                )
                .because(TWO_ZONES)
                .fix("name different zones"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "",
            "network: {cidr: 192.168.0.0/23}",
            "network: {cidr: 172.31.0.0/16, availability_zones: 3}",
            "network: {availability_zones: [eu-west-1a, eu-west-1c]}",
            "network:\n",
            "network: {cidr: 100.64.0.0/16}",
            "region: us-gov-west-1\nnetwork: {availability_zones: [us-gov-west-1a, us-gov-west-1b]}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "network: {cidr: 10.0.0.0/8}",
            "vpc-size network.cidr: `10.0.0.0/8` is no size for a VPC",
        ),
        (
            "network: {cidr: 10.0.0.0/29}",
            "vpc-size network.cidr: `10.0.0.0/29` is no size for a VPC",
        ),
        (
            "network: {cidr: 127.0.0.0/16}",
            "vpc-reserved-range network.cidr: `127.0.0.0/16` is not free to use",
        ),
        (
            "network: {cidr: 169.254.0.0/16}",
            "vpc-reserved-range network.cidr: `169.254.0.0/16` is not free to use",
        ),
        (
            "network: {availability_zones: 1}",
            "zone-count network.availability_zones: 1 is too few zones",
        ),
        (
            "network: {availability_zones: 7}",
            "zone-count network.availability_zones: 7 is too many zones",
        ),
        (
            "network: {availability_zones: [eu-west-1a]}",
            "zone-count network.availability_zones: this names 1 zones",
        ),
        (
            "network: {availability_zones: [eu-west-1a, us-east-1b]}",
            "zone-region network.availability_zones.1: `us-east-1b` is not a zone of eu-west-1",
        ),
        (
            "network: {availability_zones: [euw1-az1, eu-west-1b]}",
            "zone-region network.availability_zones.0: `euw1-az1` is not a zone of eu-west-1",
        ),
        (
            "region: us-west-2\nnetwork: {availability_zones: [us-west-2a, us-west-2-lax-1a]}",
            "zone-region network.availability_zones.1: `us-west-2-lax-1a` is not a zone of us-west-2",
        ),
        (
            "network: {availability_zones: [eu-west-1a, eu-west-1a]}",
            "zone-repeated network.availability_zones.1: `eu-west-1a` stands here twice",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
