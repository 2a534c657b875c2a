//! Routes: which way out each subnet has.

use super::addresses;
use super::draft::Draft;
use super::network::{private_tables, vpc, zones};
use crate::kinds::ec2::route::Target;
use crate::kinds::ec2::{
    ElasticIp, NatGateway, Route, RouteTable, RouteTableAssociation, elastic_ip, nat_gateway,
    route, route_table, route_table_association,
};
use crate::resource::{Address, Ref};
use crate::spec::Egress;
use crate::spec::value::cidr::ANYWHERE;

/// The public table: everything leaves through the internet gateway.
pub(super) fn draw_public(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let table = addresses::public_route_table();
    draw_table(draft, table.clone(), "public");
    draft.add::<Route>(
        addresses::public_default_route(),
        route::Desired {
            route_table: Ref::Of(table.clone()),
            destination: ANYWHERE,
            target: Target::InternetGateway(Ref::Of(addresses::internet_gateway())),
        },
    );
    for number in 1..=zones(spec) {
        draft.add::<RouteTableAssociation>(
            addresses::public_association(number),
            route_table_association::Desired {
                subnet: Ref::Of(addresses::public_subnet(number)),
                route_table: Ref::Of(table.clone()),
            },
        );
    }
}

/// The private tables, and the NAT gateways they lead through.
pub(super) fn draw_private(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let tables = private_tables(spec);
    for number in 1..=tables {
        let address = addresses::private_route_table(number);
        draw_table(draft, address, &format!("private-{number}"));
        if matches!(spec.network.egress, Egress::Nat | Egress::NatPerAz) {
            draw_nat(draft, number);
        }
    }
    for number in 1..=zones(spec) {
        let table = addresses::private_route_table(number.min(tables));
        draft.add::<RouteTableAssociation>(
            addresses::private_association(number),
            route_table_association::Desired {
                subnet: Ref::Of(addresses::private_subnet(number)),
                route_table: Ref::Of(table),
            },
        );
    }
}

fn draw_table(draft: &mut Draft<'_>, address: Address, sort: &str) {
    let spec = draft.spec;
    let desired = route_table::Desired {
        vpc: vpc(spec),
        tags: draft.tags(&address, &format!("{}-{sort}", spec.name)),
    };
    draft.add::<RouteTable>(address, desired);
}

/// A NAT gateway in the public subnet of a zone, its address, and the route of the private table to it.
fn draw_nat(draft: &mut Draft<'_>, number: usize) {
    let name = format!("{}-nat-{number}", draft.spec.name);
    let address = addresses::elastic_ip(number);
    let desired = elastic_ip::Desired {
        tags: draft.tags(&address, &name),
    };
    draft.add::<ElasticIp>(address, desired);
    let address = addresses::nat_gateway(number);
    let desired = nat_gateway::Desired {
        subnet: Ref::Of(addresses::public_subnet(number)),
        allocation: Ref::Of(addresses::elastic_ip(number)),
        after: vec![addresses::internet_gateway()],
        tags: draft.tags(&address, &name),
    };
    draft.add::<NatGateway>(address, desired);
    draft.add::<Route>(
        addresses::private_default_route(number),
        route::Desired {
            route_table: Ref::Of(addresses::private_route_table(number)),
            destination: ANYWHERE,
            target: Target::NatGateway(Ref::Of(addresses::nat_gateway(number))),
        },
    );
}
