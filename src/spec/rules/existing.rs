//! A network that somebody else owns: what can be said about it without looking.

use std::collections::HashSet;

use super::at;
use crate::spec::model::{Egress, ExistingNetwork, StackSpec};
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::SubnetId;

/// Subnets that ECS takes for one service (`awsVpcConfiguration`).
const MOST_SUBNETS: usize = 16;

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let Some(existing) = &spec.network.existing else {
        return;
    };
    check_excluded(spec, out);
    check_subnets(existing, out);
    check_flow_logs(spec, out);
    let egress = match spec.network.egress {
        Egress::Nat | Egress::PublicIp => return,
        Egress::NatPerAz => "nat-per-az",
        Egress::Endpoints => "endpoints",
    };
    out.add(
        Problem::new(
            "existing-egress",
            at("network.egress"),
            format!("`{egress}` would change a network that is not ours"),
        )
        .because(
            "an existing network is used as it is: no gateway, route or endpoint is made in it",
        )
        .fix(
            "leave it out; the private subnets must have a way out already, by NAT or by endpoints",
        ),
    );
}

/// AWS would make one. But it is a setting of the VPC as a whole, and tells of everybody's traffic in it.
fn check_flow_logs(spec: &StackSpec, out: &mut Problems) {
    if spec.network.flow_logs.enabled {
        out.add(
            Problem::new(
                "existing-flow-logs",
                at("network.flow_logs.enabled"),
                "flow logs would be switched on for a network that is not ours",
            )
            .because("a flow log of a VPC tells of all traffic in it, that of others too, and is its owner's to want")
            .fix("leave it out; whoever owns the VPC can switch them on for it"),
        );
    }
}

fn check_excluded(spec: &StackSpec, out: &mut Problems) {
    let network = &spec.network;
    let given = [
        ("cidr", network.cidr.is_some()),
        ("availability_zones", network.availability_zones.is_some()),
        ("public_subnets", network.public_subnets.is_some()),
        ("private_subnets", network.private_subnets.is_some()),
    ];
    for (key, _) in given.iter().filter(|(_, given)| *given) {
        out.add(
            Problem::new(
                "existing-excludes",
                at("network").key(key),
                format!("`{key}` and `existing` exclude each other"),
            )
            .because("an existing VPC has its addresses, zones and subnets already")
            .fix(format!("take `{key}` out, or `existing`"))
            .about_key(),
        );
    }
}

fn check_subnets(existing: &ExistingNetwork, out: &mut Problems) {
    let mut seen: HashSet<&SubnetId> = HashSet::new();
    let lists = [
        ("public_subnets", &existing.public_subnets),
        ("private_subnets", &existing.private_subnets),
    ];
    for (key, ids) in lists {
        let list = at("network.existing").key(key);
        let path = list.to_string();
        if (ids.len() < 2 || ids.len() > MOST_SUBNETS) && out.sound(&[path.as_str()]) {
            out.add(
                Problem::new("existing-subnets", list.clone(), format!("there are {} subnets here", ids.len()))
                    .because(
                        "a load balancer and a DB subnet group need subnets in two availability zones, and ECS takes \
                         16 at most",
                    )
                    .fix("name two or three subnets, each in another zone"),
            );
        }
        for (index, id) in ids.iter().enumerate() {
            if !seen.insert(id) {
                out.add(
                    Problem::new(
                        "existing-subnets",
                        list.index(index),
                        format!("`{id}` is named twice"),
                    )
                    .because("a subnet is in one zone, and is either public or private")
                    .fix("name different subnets"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "network: {existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]}}",
            "network: {egress: public-ip, existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]}}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "network: {cidr: 10.0.0.0/16, existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]}}",
            "existing-excludes network.cidr: `cidr` and `existing` exclude each other",
        ),
        (
            "network: {availability_zones: 2, existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]}}",
            "existing-excludes network.availability_zones: `availability_zones` and `existing` exclude each other",
        ),
        (
            "network: {flow_logs: {enabled: true}, existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]}}",
            "existing-flow-logs network.flow_logs.enabled: flow logs would be switched on for a network that is not ours",
        ),
        (
            "network: {egress: nat-per-az, existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]}}",
            "existing-egress network.egress: `nat-per-az` would change a network that is not ours",
        ),
        (
            "network: {egress: endpoints, existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]}}",
            "existing-egress network.egress: `endpoints` would change a network that is not ours",
        ),
        (
            "network: {existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33]}}",
            "existing-subnets network.existing.private_subnets: there are 1 subnets here",
        ),
        (
            "network: {existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c31]}}",
            "existing-subnets network.existing.private_subnets.1: `subnet-0a1b2c31` is named twice",
        ),
        (
            "network: {existing: {vpc: main, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]}}",
            "resource-id network.existing.vpc: `main` is not the id of a VPC",
        ),
        (
            "network: {existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-xyz, subnet-0a1b2c32], private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]}}",
            "resource-id network.existing.public_subnets.0: `subnet-xyz` is not the id of a subnet",
        ),
        (
            "network: {existing: {vpc: vpc-0a1b2c3d, public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32]}}",
            "missing-key network.existing.private_subnets: this has no `private_subnets`",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
