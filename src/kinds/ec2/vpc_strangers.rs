//! What lies in a VPC, keeps it from being deleted, and does not belong to the stack.
//!
//! Every VPC has a group called `default`, a main route table and a default access list, which go with it.

use aws_sdk_ec2::types::{
    Filter, NatGatewayState as Nat, RouteTable, State, Tag, VpcPeeringConnection,
    VpcPeeringConnectionStateReasonCode as Peering,
};

use super::calls::filter;
use super::strangers::known_texts;
use super::tagging;
use crate::aws::{AwsError, Clients, failed};
use crate::resource::{Error, Observer, Tags};

/// Every item of a list, however many pages it has.
macro_rules! all {
    ($call:expr) => {
        $call
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
    };
}

/// One thing in a VPC: its id, and what to call it.
type Thing = (String, String);

/// Everything in the VPC that is not the stack's, by name.
pub(super) async fn strangers_in_vpc(cx: &Observer, vpc: &str) -> Result<Vec<String>, Error> {
    let clients = cx.clients();
    let which = || filter("vpc-id", [vpc]);
    let attached = || filter("attachment.vpc-id", [vpc]);
    let (known, parts, gateways, peerings) = futures::join!(
        known_texts(cx),
        parts(clients, which()),
        gateways(clients, vpc, which(), attached()),
        peerings(clients, vpc),
    );
    let (known, all) = (known?, [parts?, gateways?, peerings?].concat());
    Ok(all
        .into_iter()
        .filter(|(id, _)| !known.contains(id))
        .map(|(_, text)| text)
        .collect())
}

/// Subnets, groups, tables, access lists and endpoints.
async fn parts(clients: &Clients, which: Filter) -> Result<Vec<Thing>, AwsError> {
    let ec2 = clients.ec2();
    let (subnets, groups, tables, lists, endpoints) = futures::join!(
        all!(ec2.describe_subnets().filters(which.clone())),
        all!(ec2.describe_security_groups().filters(which.clone())),
        all!(ec2.describe_route_tables().filters(which.clone())),
        all!(ec2.describe_network_acls().filters(which.clone())),
        all!(ec2.describe_vpc_endpoints().filters(which.clone())),
    );
    let subnets = subnets.map_err(failed("ec2:DescribeSubnets"))?;
    let groups = groups.map_err(failed("ec2:DescribeSecurityGroups"))?;
    let tables = tables.map_err(failed("ec2:DescribeRouteTables"))?;
    let lists = lists.map_err(failed("ec2:DescribeNetworkAcls"))?;
    let endpoints = endpoints.map_err(failed("ec2:DescribeVpcEndpoints"))?;
    let main = |table: &RouteTable| {
        let mut associations = table.associations().iter();
        associations.any(|one| one.main() == Some(true))
    };
    // What leaves is waited for.
    let leaves = |state: &State| {
        let state = state.as_str().to_lowercase();
        matches!(state.as_str(), "deleting" | "deleted")
    };
    let (groups, tables, lists) = (groups.iter(), tables.iter(), lists.iter());
    let endpoints = endpoints.iter();
    Ok(subnets
        .iter()
        .map(|one| thing("subnet", one.subnet_id(), one.tags()))
        .chain(
            groups
                .filter(|group| group.group_name() != Some("default"))
                .map(|one| thing("security group", one.group_id(), one.tags())),
        )
        .chain(
            tables
                .filter(|table| !main(table))
                .map(|one| thing("route table", one.route_table_id(), one.tags())),
        )
        .chain(
            lists
                .filter(|list| list.is_default() != Some(true))
                .map(|one| thing("network access list", one.network_acl_id(), one.tags())),
        )
        .chain(
            endpoints
                .filter(|endpoint| !endpoint.state().is_some_and(leaves))
                .map(|one| thing("VPC endpoint", one.vpc_endpoint_id(), one.tags())),
        )
        .collect())
}

/// Internet, egress-only, VPN and NAT gateways.
async fn gateways(
    clients: &Clients,
    vpc: &str,
    inside: Filter,
    attached: Filter,
) -> Result<Vec<Thing>, AwsError> {
    let ec2 = clients.ec2();
    let (internet, egress, vpn, nat) = futures::join!(
        all!(ec2.describe_internet_gateways().filters(attached.clone())),
        // It knows no filter by VPC; a region has few of them.
        all!(ec2.describe_egress_only_internet_gateways()),
        ec2.describe_vpn_gateways().filters(attached).send(),
        all!(ec2.describe_nat_gateways().filter(inside)),
    );
    let internet = internet.map_err(failed("ec2:DescribeInternetGateways"))?;
    let egress = egress.map_err(failed("ec2:DescribeEgressOnlyInternetGateways"))?;
    let vpn = vpn.map_err(failed("ec2:DescribeVpnGateways"))?;
    let nat = nat.map_err(failed("ec2:DescribeNatGateways"))?;
    let egress = egress.iter().filter(|gateway| {
        let mut attachments = gateway.attachments().iter();
        attachments.any(|one| one.vpc_id() == Some(vpc))
    });
    let vpn = vpn.vpn_gateways().iter();
    let vpn = vpn.filter(|gateway| {
        let mut attachments = gateway.vpc_attachments().iter();
        attachments.any(|one| {
            let gone = one
                .state()
                .is_some_and(|state| state.as_str() == "detached");
            one.vpc_id() == Some(vpc) && !gone
        })
    });
    let gone = [Nat::Deleting, Nat::Deleted, Nat::Failed];
    let nat = nat
        .iter()
        .filter(|gateway| !gateway.state().is_some_and(|state| gone.contains(state)));
    Ok(internet
        .iter()
        .map(|one| thing("internet gateway", one.internet_gateway_id(), one.tags()))
        .chain(egress.map(|one| {
            let id = one.egress_only_internet_gateway_id();
            thing("egress-only internet gateway", id, one.tags())
        }))
        .chain(vpn.map(|one| thing("VPN gateway", one.vpn_gateway_id(), one.tags())))
        .chain(nat.map(|one| thing("NAT gateway", one.nat_gateway_id(), one.tags())))
        .collect())
}

/// Peerings with other VPCs, on either side.
async fn peerings(clients: &Clients, vpc: &str) -> Result<Vec<Thing>, AwsError> {
    let ask = |side: &str| {
        let which = filter(side, [vpc]);
        let call = clients.ec2().describe_vpc_peering_connections();
        async move {
            let answer = all!(call.filters(which)).await;
            answer.map_err(failed("ec2:DescribeVpcPeeringConnections"))
        }
    };
    let (asked, accepted) = futures::try_join!(
        ask("requester-vpc-info.vpc-id"),
        ask("accepter-vpc-info.vpc-id"),
    )?;
    let all = asked.iter().chain(&accepted);
    let mut found: Vec<Thing> = all.filter_map(|one| peering(one, vpc)).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// A peering of `vpc` that is there, with its other side.
fn peering(one: &VpcPeeringConnection, vpc: &str) -> Option<Thing> {
    let (ours, theirs) = match (one.requester_vpc_info(), one.accepter_vpc_info()) {
        (Some(one), other) if one.vpc_id() == Some(vpc) => (one, other),
        (other, Some(one)) if one.vpc_id() == Some(vpc) => (one, other),
        _ => return None,
    };
    let there = [
        Peering::Active,
        Peering::InitiatingRequest,
        Peering::PendingAcceptance,
        Peering::Provisioning,
    ];
    let state = one.status().and_then(|status| status.code());
    if !state.is_some_and(|state| there.contains(state)) {
        return None;
    }
    let (id, text) = thing("VPC peering", one.vpc_peering_connection_id(), one.tags());
    let with = theirs.and_then(|side| side.vpc_id()).unwrap_or("a VPC");
    let account = theirs.and_then(|side| side.owner_id());
    let account = account
        .filter(|account| ours.owner_id() != Some(account))
        .map_or_else(String::new, |account| format!(" of account {account}"));
    Some((id, format!("{text} with {with}{account}")))
}

fn thing(noun: &str, id: Option<&str>, tags: &[Tag]) -> Thing {
    let id = id.unwrap_or("without an id");
    let whose = whose(&tagging::from_sdk(tags));
    (id.to_owned(), format!("{noun} {id}{whose}"))
}

/// Who says that it is theirs: another stack, another tool, or a name.
fn whose(tags: &Tags) -> String {
    let of = [
        ("kongstack:stack", "of the stack"),
        (
            "aws:cloudformation:stack-name",
            "of the CloudFormation stack",
        ),
        ("Name", "called"),
    ];
    let found = of
        .into_iter()
        .find_map(|(key, of)| Some((of, tags.get(key)?)));
    found.map_or_else(String::new, |(of, name)| format!(" ({of} {name})"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{VpcPeeringConnectionStateReason, VpcPeeringConnectionVpcInfo};

    use super::*;

    #[test]
    fn a_peering_names_its_other_side() {
        let side = |vpc: &str, account: &str| {
            VpcPeeringConnectionVpcInfo::builder()
                .vpc_id(vpc)
                .owner_id(account)
                .build()
        };
        let of = |state: Peering, account: &str| {
            VpcPeeringConnection::builder()
                .vpc_peering_connection_id("pcx-1")
                .requester_vpc_info(side("vpc-2", account))
                .accepter_vpc_info(side("vpc-1", "1"))
                .status(
                    VpcPeeringConnectionStateReason::builder()
                        .code(state)
                        .build(),
                )
                .build()
        };
        let text = |one: &VpcPeeringConnection| peering(one, "vpc-1").map(|(_, text)| text);
        assert_eq!(
            text(&of(Peering::Active, "1")).as_deref(),
            Some("VPC peering pcx-1 with vpc-2")
        );
        assert_eq!(
            text(&of(Peering::PendingAcceptance, "2")).as_deref(),
            Some("VPC peering pcx-1 with vpc-2 of account 2")
        );
        assert_eq!(text(&of(Peering::Deleted, "1")), None);
        assert_eq!(peering(&of(Peering::Active, "1"), "vpc-3"), None);
    }

    #[test]
    fn things_say_whose_they_are() {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let name = tag("Name", "web");
        assert_eq!(
            thing("subnet", Some("subnet-1"), std::slice::from_ref(&name)).1,
            "subnet subnet-1 (called web)"
        );
        let made = tag("aws:cloudformation:stack-name", "site");
        assert_eq!(
            thing("subnet", Some("subnet-1"), &[name, made]).1,
            "subnet subnet-1 (of the CloudFormation stack site)"
        );
        assert_eq!(thing("subnet", Some("subnet-1"), &[]).1, "subnet subnet-1");
    }
}
