//! The subnets of a VPC of our own, given or carved.
//!
//! Limits: a subnet is a /16 to a /28 within its VPC, with no overlap, and AWS keeps five addresses of each; a load
//! balancer's subnet is a /27 or larger with eight free addresses.

use ipnet::Ipv4Net;

use super::at;
use crate::spec::model::{AvailabilityZones, Egress, MAX_ZONES, StackSpec};
use crate::spec::path::SpecPath;
use crate::spec::problem::{Problem, Problems};

/// What the subnets are made of.
const GEOMETRY: [&str; 5] = [
    "network.cidr",
    "network.availability_zones",
    "network.public_subnets",
    "network.private_subnets",
    "network.existing",
];

/// Addresses of a subnet that AWS keeps.
const KEPT: u32 = 5;

struct Subnet {
    block: Ipv4Net,
    path: SpecPath,
    public: bool,
}

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let network = &spec.network;
    if network.existing.is_some() || !out.sound(&GEOMETRY) {
        return;
    }
    let zones = network.zones().count();
    let carving = network.public_subnets.is_none() || network.private_subnets.is_none();
    if !(2..=MAX_ZONES).contains(&zones) {
        let given = if network.public_subnets.is_some() {
            "public_subnets"
        } else {
            "private_subnets"
        };
        return out.add(zones_problem(zones, given));
    }
    if carving && (network.public_subnets().is_empty() || network.private_subnets().is_empty()) {
        return out.add(
            Problem::new(
                "vpc-too-small",
                at("network.cidr"),
                format!(
                    "`{}` cannot be cut into {zones} public and {zones} private subnets",
                    network.cidr()
                ),
            )
            .because("a load balancer needs subnets of a /27 or larger, one in each zone")
            .fix("take a larger block (a /25 does for two zones), or give the subnets yourself"),
        );
    }
    check_numbers(spec, zones, out);
    let subnets = subnets(spec);
    for subnet in &subnets {
        check_one(subnet, network.cidr(), out);
    }
    for (index, subnet) in subnets.iter().enumerate() {
        let other = subnets[..index]
            .iter()
            .find(|other| overlap(&other.block, &subnet.block));
        if let Some(other) = other {
            out.add(overlap_problem(subnet, other));
        }
    }
    if out.sound(&["network", "data_plane.scaling", "database.readers"]) {
        check_room(spec, zones, &subnets, out);
    }
}

fn zones_problem(zones: usize, given: &str) -> Problem {
    Problem::new("zone-count", at("network").key(given), format!("{zones} subnets cannot span the zones it takes"))
        .because("a load balancer and a DB subnet group need two zones, a subnet in each, and no region has more than six")
        .fix("give two or three subnets of each sort")
}

fn check_numbers(spec: &StackSpec, zones: usize, out: &mut Problems) {
    let network = &spec.network;
    let given = [
        ("public_subnets", &network.public_subnets),
        ("private_subnets", &network.private_subnets),
    ];
    for (key, blocks) in given {
        let Some(blocks) = blocks.as_ref().filter(|blocks| blocks.len() != zones) else {
            continue;
        };
        let source = match &network.availability_zones {
            Some(AvailabilityZones::Count(_) | AvailabilityZones::Names(_)) => "zones",
            None => "subnets of the other sort",
        };
        out.add(
            Problem::new(
                "subnet-count",
                at("network").key(key),
                format!(
                    "there are {} subnets here for {zones} {source}",
                    blocks.len()
                ),
            )
            .because("every zone gets exactly one public and one private subnet")
            .fix(format!(
                "give {zones} of them, in the order of the zones, or leave both lists out"
            )),
        );
    }
}

fn subnets(spec: &StackSpec) -> Vec<Subnet> {
    let network = &spec.network;
    let list = |blocks: Vec<Ipv4Net>, key: &str, given: bool, public: bool| {
        let list = at("network").key(key);
        blocks
            .into_iter()
            .enumerate()
            .map(|(index, block)| {
                // A carved subnet has no place in the file: what is wrong with it is the choice of the others.
                let path = if given {
                    list.index(index)
                } else {
                    at("network.cidr")
                };
                Subnet {
                    block,
                    path,
                    public,
                }
            })
            .collect::<Vec<_>>()
    };
    let mut all = list(
        network.public_subnets(),
        "public_subnets",
        network.public_subnets.is_some(),
        true,
    );
    all.extend(list(
        network.private_subnets(),
        "private_subnets",
        network.private_subnets.is_some(),
        false,
    ));
    // Those given last, so that a clash with a carved one is shown at what somebody wrote.
    all.sort_by_key(|subnet| subnet.path != at("network.cidr"));
    all
}

fn check_one(subnet: &Subnet, vpc: Ipv4Net, out: &mut Problems) {
    let Subnet {
        block,
        path,
        public,
    } = subnet;
    if !vpc.contains(block) {
        out.add(
            Problem::new(
                "subnet-outside-vpc",
                path.clone(),
                format!("`{block}` lies outside the VPC's `{vpc}`"),
            )
            .because("a subnet is a part of its VPC's addresses")
            .fix(format!("take a block within `{vpc}`")),
        );
    }
    let smallest = if *public { 27 } else { 28 };
    if block.prefix_len() > smallest {
        let reason = if *public {
            "a load balancer needs a /27 or larger in every zone, with eight addresses free"
        } else {
            "EC2 makes no subnet smaller than a /28"
        };
        out.add(
            Problem::new(
                "subnet-size",
                path.clone(),
                format!("`{block}` is too small"),
            )
            .because(reason)
            .fix(format!(
                "take a /{smallest} or a larger one (a smaller number)"
            )),
        );
    } else if block.prefix_len() < 16 {
        out.add(
            Problem::new(
                "subnet-size",
                path.clone(),
                format!("`{block}` is too large"),
            )
            .because("EC2 makes no subnet larger than a /16")
            .fix("take a /16 or a smaller one (a larger number)"),
        );
    }
}

fn overlap(one: &Ipv4Net, other: &Ipv4Net) -> bool {
    one.contains(other) || other.contains(one)
}

fn overlap_problem(subnet: &Subnet, other: &Subnet) -> Problem {
    let carved = other.path == at("network.cidr");
    let sort = if other.public { "public" } else { "private" };
    let whose = if carved {
        format!("the {sort} subnet carved there")
    } else {
        format!("`{}`", other.path)
    };
    let fix = if carved {
        format!("give `network.{sort}_subnets` too, or leave both lists out")
    } else {
        "move one of them".to_owned()
    };
    Problem::new(
        "subnet-overlap",
        subnet.path.clone(),
        format!(
            "`{}` overlaps with `{}`, {whose}",
            subnet.block, other.block
        ),
    )
    .because("an address belongs to one subnet only")
    .fix(fix)
}

/// Whether the tasks at their most, the database and the endpoints find an address each.
fn check_room(spec: &StackSpec, zones: usize, subnets: &[Subnet], out: &mut Problems) {
    let zones = u32::try_from(zones).unwrap_or(u32::MAX);
    // The control plane and the migrations run beside the data plane.
    let tasks = spec
        .data_plane
        .scaling
        .max
        .saturating_add(2)
        .div_ceil(zones);
    let database = spec.database.readers.saturating_add(1).div_ceil(zones);
    let public_tasks = spec.network.egress == Egress::PublicIp;
    // ecr.api, ecr.dkr, logs, secretsmanager, ssmmessages: one address each in every private subnet.
    let endpoints = if spec.network.egress == Egress::Endpoints {
        5
    } else {
        0
    };
    for subnet in subnets {
        let here = match (subnet.public, public_tasks) {
            (true, true) => tasks.saturating_add(8),
            (true, false) => 9,
            (false, true) => database,
            (false, false) => tasks.saturating_add(database).saturating_add(endpoints),
        };
        let size = 1_u32
            .checked_shl(u32::from(32 - subnet.block.prefix_len()))
            .unwrap_or(u32::MAX);
        if here > size.saturating_sub(KEPT) {
            out.add(
                Problem::new(
                    "subnet-room",
                    subnet.path.clone(),
                    format!("`{}` has {} addresses to give, and {here} are needed", subnet.block, size.saturating_sub(KEPT)),
                )
                .because(format!(
                    "every task, database instance and endpoint takes an address, at most {} data plane tasks among \
                     them, and AWS keeps {KEPT} of each subnet",
                    spec.data_plane.scaling.max
                ))
                .fix("take a larger subnet, or lower `data_plane.scaling.max`"),
            );
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "network: {public_subnets: [10.0.1.0/24, 10.0.2.0/24], private_subnets: [10.0.3.0/24, 10.0.4.0/24]}",
            "network: {public_subnets: [10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/24]}",
            "network: {private_subnets: [10.0.32.0/20, 10.0.48.0/20]}",
            "network: {cidr: 10.9.0.0/24}",
            "network: {cidr: 10.9.0.0/25, public_subnets: [10.9.0.0/27, 10.9.0.32/27], private_subnets: [10.9.0.64/28, 10.9.0.80/28]}",
            "network: {cidr: 10.9.0.0/20, availability_zones: 6}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "network: {cidr: 10.9.0.0/26}",
            "vpc-too-small network.cidr: `10.9.0.0/26` cannot be cut into 2 public and 2 private subnets",
        ),
        (
            "network: {cidr: 10.9.0.0/24, availability_zones: 5}",
            "vpc-too-small network.cidr: `10.9.0.0/24` cannot be cut into 5 public and 5 private subnets",
        ),
        (
            "network: {public_subnets: [10.0.1.0/24]}",
            "zone-count network.public_subnets: 1 subnets cannot span the zones it takes",
        ),
        (
            "network: {availability_zones: 3, public_subnets: [10.0.1.0/24, 10.0.2.0/24]}",
            "subnet-count network.public_subnets: there are 2 subnets here for 3 zones",
        ),
        (
            "network: {public_subnets: [10.0.1.0/24, 10.0.2.0/24], private_subnets: [10.0.3.0/24, 10.0.4.0/24, 10.0.5.0/24]}",
            "subnet-count network.private_subnets: there are 3 subnets here for 2 subnets of the other sort",
        ),
        (
            "network: {public_subnets: [10.0.1.0/24, 10.1.2.0/24]}",
            "subnet-outside-vpc network.public_subnets.1: `10.1.2.0/24` lies outside the VPC's `10.0.0.0/16`",
        ),
        (
            "network: {public_subnets: [10.0.1.0/24, 10.0.2.0/28]}",
            "subnet-size network.public_subnets.1: `10.0.2.0/28` is too small",
        ),
        (
            "network: {private_subnets: [10.0.21.0/24, 10.0.22.0/29]}",
            "subnet-size network.private_subnets.1: `10.0.22.0/29` is too small",
        ),
        (
            "network: {public_subnets: [10.0.1.0/24, 10.0.1.128/25]}",
            "subnet-overlap network.public_subnets.1: `10.0.1.128/25` overlaps with `10.0.1.0/24`, `network.public_subnets.0`",
        ),
        (
            "network: {public_subnets: [10.0.1.0/24, 10.0.2.0/24], private_subnets: [10.0.2.0/24, 10.0.4.0/24]}",
            "subnet-overlap network.private_subnets.0: `10.0.2.0/24` overlaps with `10.0.2.0/24`, `network.public_subnets.1`",
        ),
        (
            "network: {private_subnets: [10.0.1.0/24, 10.0.20.0/24]}",
            "subnet-overlap network.private_subnets.0: `10.0.1.0/24` overlaps with `10.0.1.0/24`, the public subnet carved there",
        ),
        (
            "network: {private_subnets: [10.0.32.0/28, 10.0.33.0/24]}\ndata_plane: {scaling: {max: 40}}",
            "subnet-room network.private_subnets.0: `10.0.32.0/28` has 11 addresses to give, and 22 are needed",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
