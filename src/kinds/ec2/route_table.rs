//! Route tables, with the routes and associations that AWS lists in them.
//!
//! Those are kinds of their own (`route`, `route_table_association`): they are changed one by one and found here.

use aws_sdk_ec2::types::{Filter, ResourceType, RouteOrigin, RouteState};

use super::calls::{QUICK, filter, required};
use super::subnet::Subnet;
use super::tagging;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    Blocker, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Ref, References,
    Resolve, RouteTableId, Step, SubnetId, Tags, VpcId, Wanted,
};

const ABSENT: &[&str] = &["InvalidRouteTableID.NotFound"];

/// A route table. Its route to the VPC's own addresses comes with it.
pub(crate) struct RouteTable;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The VPC it routes for.
    pub(crate) vpc: Ref<VpcId>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its id.
    pub(crate) id: RouteTableId,
    /// The VPC it routes for.
    pub(crate) vpc: VpcId,
    /// Its IPv4 routes, without the VPC's own and those that are propagated.
    pub(super) routes: Vec<LiveRoute>,
    /// The subnets that use it.
    pub(super) associations: Vec<LiveAssociation>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// A route in a live table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LiveRoute {
    /// Where it leads, in CIDR notation.
    pub(super) destination: String,
    /// The id of what it leads through.
    pub(super) target: String,
    /// Whether its target is gone.
    pub(super) blackhole: bool,
}

/// A subnet that uses a live table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LiveAssociation {
    /// The association's id.
    pub(super) id: String,
    /// The subnet.
    pub(super) subnet: SubnetId,
    /// `associating`, `associated`, `failed` and so on.
    pub(super) state: String,
}

impl Kind for RouteTable {
    const TYPE: &'static str = "AWS::EC2::RouteTable";
    const NOUN: &'static str = "route table";
    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none().to(&desired.vpc)
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

    fn uses(live: &Live) -> Vec<String> {
        vec![live.vpc.to_string()]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired { vpc, tags } = desired;
        let mut diff = Diff::new();
        let elsewhere = Effect::Replace("a route table belongs to one VPC");
        diff.reference("vpc_id", vpc, &live.vpc, outputs, elsewhere);
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let vpc = cx.get(&desired.vpc)?;
        let ec2 = cx.clients().ec2();
        // The SDK gives this call a client token, so that it may repeat it.
        let create = || {
            let tags = tagging::specification(ResourceType::RouteTable, &desired.tags);
            let call = ec2
                .create_route_table()
                .vpc_id(vpc.as_str())
                .tag_specifications(tags);
            async move { call.send().await.map_err(failed("ec2:CreateRouteTable")) }
        };
        let answer = cx
            .retry(
                "the VPC to be visible",
                QUICK,
                &["InvalidVpcID.NotFound"],
                create,
            )
            .await?;
        let id = answer
            .route_table()
            .and_then(|table| table.route_table_id());
        let id = required(id, "ec2:CreateRouteTable", "the route table's id")?;
        let id = RouteTableId::new(id);
        cx.made(id.as_str());
        cx.wait("the route table", QUICK, || {
            look(cx, &id, |live| Look::Ready(Self::outputs(&live)))
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

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        tagging::retire(cx, live.id.as_str()).await
    }

    /// Routes that somebody else made, and subnets of others that use the table.
    async fn blockers(
        cx: &Observer,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<Blocker>, Error> {
        let subnets = cx.live::<Subnet>().await?;
        let ours: Vec<&SubnetId> = subnets.iter().map(|(_, subnet)| &subnet.id).collect();
        Ok(strangers(live, &ours))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let ec2 = cx.clients().ec2();
        let delete = || {
            let call = ec2.delete_route_table().route_table_id(live.id.as_str());
            async move {
                let answer = call.send().await.map_err(failed("ec2:DeleteRouteTable"));
                answer.or_absent(ABSENT).map(drop)
            }
        };
        let held = ["DependencyViolation", "RequestLimitExceeded"];
        cx.retry("the route table to be unused", QUICK, &held, delete)
            .await?;
        Ok(Vec::new())
    }
}

/// What of a table is not the stack's. It makes routes to gateways only; where others lead, somebody relies on.
fn strangers(live: &Live, ours: &[&SubnetId]) -> Vec<Blocker> {
    let id = &live.id;
    let of_gateway = |route: &&LiveRoute| {
        let kinds = ["igw-", "nat-"];
        kinds.iter().any(|kind| route.target.starts_with(kind))
    };
    let routes = live.routes.iter().filter(|route| !of_gateway(route));
    let routes = routes.map(|route| {
        let (to, over) = (&route.destination, &route.target);
        Blocker {
            reason: format!("the route to {to} over {over} in {id} is not this stack's"),
            fix: format!(
                "delete it, if nobody needs it any more: aws ec2 delete-route --route-table-id {id} --destination-cidr-block {to}"
            ),
        }
    });
    let others = live.associations.iter();
    let others = others.filter(|one| !ours.contains(&&one.subnet));
    let others = others.map(|one| Blocker {
        reason: format!("{} uses {id} and is not this stack's", one.subnet),
        fix: format!(
            "give it another route table: aws ec2 replace-route-table-association --association-id {} --route-table-id ID",
            one.id
        ),
    });
    routes.chain(others).collect()
}

/// One look at a table; `judge` says whether it is as awaited.
pub(super) async fn look<T>(
    cx: &Step,
    id: &RouteTableId,
    judge: impl FnOnce(Live) -> Look<T> + Send,
) -> Result<Look<T>, Error> {
    let found = list(cx.clients(), filter("route-table-id", [id.as_str()])).await?;
    let table = found.into_iter().next();
    Ok(table.map_or_else(|| Look::Pending("not visible yet".to_owned()), judge))
}

/// The tables that match, with their routes and associations.
pub(super) async fn list(clients: &Clients, which: Filter) -> Result<Vec<Live>, Error> {
    const CALL: &str = "ec2:DescribeRouteTables";
    let mut pages = clients
        .ec2()
        .describe_route_tables()
        .filters(which)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(table) = pages.next().await {
        let table = table.map_err(failed(CALL))?;
        let id = required(table.route_table_id(), CALL, "a route table's id")?;
        let vpc = required(table.vpc_id(), CALL, "a route table's VPC")?;
        found.push(Live {
            id: RouteTableId::new(id),
            vpc: VpcId::new(vpc),
            routes: table.routes().iter().filter_map(route).collect(),
            associations: table
                .associations()
                .iter()
                .filter_map(association)
                .collect(),
            tags: tagging::from_sdk(table.tags()),
        });
    }
    Ok(found)
}

fn route(route: &aws_sdk_ec2::types::Route) -> Option<LiveRoute> {
    let targets = [
        route.gateway_id(),
        route.nat_gateway_id(),
        route.transit_gateway_id(),
        route.vpc_peering_connection_id(),
        route.network_interface_id(),
        route.instance_id(),
        route.carrier_gateway_id(),
        route.local_gateway_id(),
        route.core_network_arn(),
        route.odb_network_arn(),
    ];
    let target = targets.into_iter().flatten().next().unwrap_or("nothing");
    let propagated = route.origin() == Some(&RouteOrigin::EnableVgwRoutePropagation);
    (target != "local" && !propagated).then_some(())?;
    Some(LiveRoute {
        // Gateway endpoints' routes have a prefix list for a destination, and no CIDR.
        destination: route.destination_cidr_block()?.to_owned(),
        target: target.to_owned(),
        blackhole: route.state() == Some(&RouteState::Blackhole),
    })
}

fn association(association: &aws_sdk_ec2::types::RouteTableAssociation) -> Option<LiveAssociation> {
    let state = association
        .association_state()
        .and_then(|state| state.state())
        .map_or("associated", |state| state.as_str());
    // One that is gone is listed for a while.
    (!matches!(state, "disassociated" | "disassociating")).then_some(())?;
    Some(LiveAssociation {
        id: association.route_table_association_id()?.to_owned(),
        subnet: SubnetId::new(association.subnet_id()?),
        state: state.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_put_into_a_table_keeps_it() {
        let route = |destination: &str, target: &str| LiveRoute {
            destination: destination.to_owned(),
            target: target.to_owned(),
            blackhole: false,
        };
        let association = |subnet: &str| LiveAssociation {
            id: "rtbassoc-1".to_owned(),
            subnet: SubnetId::new(subnet),
            state: "associated".to_owned(),
        };
        let live = Live {
            id: RouteTableId::new("rtb-1"),
            vpc: VpcId::new("vpc-1"),
            routes: vec![route("0.0.0.0/0", "igw-1"), route("10.9.0.0/16", "pcx-1")],
            associations: vec![association("subnet-1"), association("subnet-2")],
            tags: Tags::default(),
        };
        let found = strangers(&live, &[&SubnetId::new("subnet-1")]);
        let reasons: Vec<&str> = found.iter().map(|one| one.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "the route to 10.9.0.0/16 over pcx-1 in rtb-1 is not this stack's",
                "subnet-2 uses rtb-1 and is not this stack's",
            ]
        );
    }

    #[test]
    fn only_routes_that_somebody_made_count() {
        let of = |destination: &str, gateway: &str| {
            aws_sdk_ec2::types::Route::builder()
                .destination_cidr_block(destination)
                .gateway_id(gateway)
                .state(RouteState::Active)
                .build()
        };
        assert_eq!(route(&of("10.0.0.0/16", "local")), None);
        let endpoint = aws_sdk_ec2::types::Route::builder()
            .destination_prefix_list_id("pl-1")
            .gateway_id("vpce-1")
            .build();
        assert_eq!(route(&endpoint), None);
        let expected = LiveRoute {
            destination: "0.0.0.0/0".to_owned(),
            target: "igw-1".to_owned(),
            blackhole: false,
        };
        assert_eq!(route(&of("0.0.0.0/0", "igw-1")), Some(expected));
    }
}
