//! Routes: where a table sends what leaves the VPC.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use super::RouteTable;
use super::calls::QUICK;
use super::route_table::{self, LiveRoute};
use crate::aws::{AwsError, OrAbsent, failed};
use crate::resource::{
    Address, Diff, Effect, Error, Found, InternetGatewayId, KNOWN_AFTER_APPLY, Kind, Layer, Look,
    NatGatewayId, Observer, Output, Outputs, Ref, References, Resolve, RouteTableId, Step, Wanted,
};

/// A route of one of the stack's tables through an internet or NAT gateway.
///
/// Routes have no tags: one is known by its table's address and its destination. A route that is not wanted and leads
/// through an internet or NAT gateway left the blueprint, and is to be deleted at the address
/// `network/route/TABLE/DESTINATION`. Whatever else a table holds (a peering, a VPN, a transit gateway) was added by
/// somebody who wants the gateway to reach it, and is left alone.
pub(crate) struct Route;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The table it belongs to.
    pub(crate) route_table: Ref<RouteTableId>,
    /// Which addresses it is for.
    pub(crate) destination: Ipv4Net,
    /// What it leads through.
    pub(crate) target: Target,
}

/// What a route leads through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Straight to the internet.
    InternetGateway(Ref<InternetGatewayId>),
    /// Out through a shared address, and nothing in.
    NatGateway(Ref<NatGatewayId>),
}

impl Target {
    fn resolve(&self, outputs: &dyn Resolve) -> Option<String> {
        match self {
            Self::InternetGateway(gateway) => gateway.resolve(outputs).map(|id| id.to_string()),
            Self::NatGateway(gateway) => gateway.resolve(outputs).map(|id| id.to_string()),
        }
    }
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    route_table: RouteTableId,
    route: LiveRoute,
}

impl Kind for Route {
    const TYPE: &'static str = "AWS::EC2::Route";
    const NOUN: &'static str = "route";
    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let references = References::none().to(&desired.route_table);
        match &desired.target {
            Target::InternetGateway(gateway) => references.to(gateway),
            Target::NatGateway(gateway) => references.to(gateway),
        }
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let tables = cx.live::<RouteTable>().await?;
        Ok(assign(&tables, wanted))
    }

    fn id(live: &Live) -> String {
        format!("{} {}", live.route_table, live.route.destination)
    }

    fn outputs(_live: &Live) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &Live) -> Vec<String> {
        vec![live.route_table.to_string(), live.route.target.clone()]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            route_table,
            destination,
            target,
        } = desired;
        let mut diff = Diff::new();
        let elsewhere = Effect::Replace("a route belongs to one table");
        diff.reference(
            "route_table_id",
            route_table,
            &live.route_table,
            outputs,
            elsewhere,
        );
        diff.immutable(
            "destination_cidr_block",
            &destination.to_string(),
            &live.route.destination,
            "a route is known by its destination",
        );
        let want = target.resolve(outputs);
        if want.as_deref() != Some(live.route.target.as_str()) {
            let want = want.unwrap_or_else(|| KNOWN_AFTER_APPLY.to_owned());
            let have = Some(live.route.target.clone());
            diff.push("target".to_owned(), have, Some(want), Effect::InPlace);
        } else if live.route.blackhole {
            let (have, want) = (Some("blackhole".to_owned()), Some("active".to_owned()));
            diff.push("state".to_owned(), have, want, Effect::InPlace);
        }
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let table = cx.get(&desired.route_table)?;
        let create = || create(cx, desired, &table);
        let made = cx.retry("the route", QUICK, NOT_YET, create).await?;
        if !made {
            replace(cx, desired, &table).await?;
        }
        cx.made(&format!("{table} {}", desired.destination));
        active(cx, desired, &table).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        replace(cx, desired, &live.route_table).await?;
        active(cx, desired, &live.route_table).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let call = cx
            .clients()
            .ec2()
            .delete_route()
            .route_table_id(live.route_table.as_str())
            .destination_cidr_block(&live.route.destination);
        let answer = call.send().await.map_err(failed("ec2:DeleteRoute"));
        answer.or_absent(&["InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"])?;
        Ok(Vec::new())
    }
}

/// What AWS answers while it has not yet seen what was just made.
const NOT_YET: &[&str] = &[
    "InvalidRouteTableID.NotFound",
    "InvalidInternetGatewayID.NotFound",
    "InvalidGatewayID.NotFound",
    "InvalidNatGatewayID.NotFound",
    "NatGatewayNotFound",
    "RequestLimitExceeded",
];

/// Which live route is at which address.
fn assign(
    tables: &[(Address, route_table::Live)],
    wanted: &[Wanted<'_, Route>],
) -> Vec<Found<Live>> {
    // A table that is being replaced takes its routes with it.
    let current = tables.iter().filter(|(_, table)| !table.tags.retired());
    let routes =
        current.flat_map(|(at, table)| table.routes.iter().map(move |one| (at, table, one)));
    let mut taken = BTreeSet::new();
    let found = routes.filter_map(|(at, table, route)| {
        let is_here = |one: &&Wanted<'_, Route>| {
            let of_table = match &one.desired.route_table {
                Ref::Of(address) => address == at,
                Ref::Literal(id) => *id == table.id,
            };
            of_table && one.desired.destination.to_string() == route.destination
        };
        let ours = route.target.starts_with("igw-") || route.target.starts_with("nat-");
        let address = match wanted.iter().find(is_here) {
            Some(one) => one.address.clone(),
            None if ours => leftover(at, &route.destination),
            None => return None,
        };
        let live = Live {
            route_table: table.id.clone(),
            route: route.clone(),
        };
        taken
            .insert(address.clone())
            .then_some(Found::Owned(address, live))
    });
    found.collect()
}

fn leftover(table: &Address, destination: &str) -> Address {
    Address::new(
        Layer::Network,
        &format!("route/{}/{destination}", table.name()),
    )
}

/// Makes the route; `false` when there is one already.
async fn create(cx: &Step, desired: &Desired, table: &RouteTableId) -> Result<bool, AwsError> {
    let call = cx
        .clients()
        .ec2()
        .create_route()
        .route_table_id(table.as_str())
        .destination_cidr_block(desired.destination.to_string());
    let target = desired.target.resolve(cx.outputs());
    let call = match desired.target {
        Target::InternetGateway(_) => call.set_gateway_id(target),
        Target::NatGateway(_) => call.set_nat_gateway_id(target),
    };
    let answer = call.send().await.map_err(failed("ec2:CreateRoute"));
    Ok(answer.or_absent(&["RouteAlreadyExists"])?.is_some())
}

async fn replace(cx: &Step, desired: &Desired, table: &RouteTableId) -> Result<(), Error> {
    let target = desired.target.resolve(cx.outputs());
    let ec2 = cx.clients().ec2();
    let replace = || {
        let call = ec2
            .replace_route()
            .route_table_id(table.as_str())
            .destination_cidr_block(desired.destination.to_string());
        let call = match desired.target {
            Target::InternetGateway(_) => call.set_gateway_id(target.clone()),
            Target::NatGateway(_) => call.set_nat_gateway_id(target.clone()),
        };
        async move { call.send().await.map_err(failed("ec2:ReplaceRoute")) }
    };
    cx.retry("the route", QUICK, NOT_YET, replace).await?;
    Ok(())
}

async fn active(cx: &Step, desired: &Desired, table: &RouteTableId) -> Result<Outputs, Error> {
    let destination = desired.destination.to_string();
    let destination = destination.as_str();
    cx.wait("the route", QUICK, || {
        route_table::look(cx, table, move |live| {
            let mut routes = live.routes.iter();
            match routes.find(|route| route.destination == destination) {
                Some(route) if !route.blackhole => Look::Ready(Outputs::default()),
                Some(_) => Look::Pending("blackhole".to_owned()),
                None => Look::Pending("not visible yet".to_owned()),
            }
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Nothing, Tags, VpcId};

    fn at(name: &str) -> Address {
        Address::new(Layer::Network, name)
    }

    fn route(destination: &str, target: &str) -> LiveRoute {
        LiveRoute {
            destination: destination.to_owned(),
            target: target.to_owned(),
            blackhole: false,
        }
    }

    fn desired(target: &str) -> Desired {
        Desired {
            route_table: Ref::Of(at("private-route-table/1")),
            destination: "0.0.0.0/0".parse().unwrap(),
            target: Target::NatGateway(Ref::Literal(NatGatewayId::new(target))),
        }
    }

    fn addresses(routes: Vec<LiveRoute>, wanted: &[Wanted<'_, Route>]) -> Vec<String> {
        let table = route_table::Live {
            id: RouteTableId::new("rtb-1"),
            vpc: VpcId::new("vpc-1"),
            routes,
            associations: Vec::new(),
            tags: Tags::default(),
        };
        assign(&[(at("private-route-table/1"), table)], wanted)
            .into_iter()
            .map(|found| match found {
                Found::Owned(address, _) => address.to_string(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_route_is_known_by_its_table_and_destination() {
        let (address, desired) = (at("private-default-route/1"), desired("nat-1"));
        let wanted = [Wanted {
            address: &address,
            desired: &desired,
        }];
        let live = vec![route("0.0.0.0/0", "tgw-1"), route("10.9.0.0/16", "pcx-1")];
        assert_eq!(
            addresses(live, &wanted),
            ["network/private-default-route/1"]
        );
    }

    #[test]
    fn only_our_sort_of_route_is_a_leftover() {
        let live = vec![route("0.0.0.0/0", "nat-1"), route("10.9.0.0/16", "pcx-1")];
        assert_eq!(
            addresses(live, &[]),
            ["network/route/private-route-table/1/0.0.0.0/0"]
        );
    }

    #[test]
    fn a_route_to_nowhere_is_renewed_in_place() {
        let live = |target: &str, blackhole| Live {
            route_table: RouteTableId::new("rtb-1"),
            route: LiveRoute {
                blackhole,
                ..route("0.0.0.0/0", target)
            },
        };
        let literal = Desired {
            route_table: Ref::Literal(RouteTableId::new("rtb-1")),
            ..desired("nat-1")
        };
        assert!(Route::diff(&literal, &live("nat-1", false), &Nothing).is_empty());
        for live in [live("nat-1", true), live("nat-2", true)] {
            let diff = Route::diff(&literal, &live, &Nothing);
            assert_eq!((diff.changes().len(), diff.replacing().count()), (1, 0));
        }
    }
}
