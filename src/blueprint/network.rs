//! The network: a VPC in two zones or more, and how its tasks reach image registries and AWS.
//!
//! Public subnets hold the load balancer, private ones the database and, except with `egress: public-ip`, the tasks.
//! An existing network is looked up and never drawn.

use std::num::NonZeroUsize;

use super::draft::Draft;
use super::{addresses, endpoints, routes};
use crate::kinds::ec2::{InternetGateway, Subnet, Vpc, internet_gateway, subnet, vpc as vpc_kind};
use crate::resource::{
    Address, CidrBlock, Lookup, Output, Ref, RouteTableId, SubnetId, Text, VpcId, ZoneName,
};
use crate::spec::{AvailabilityZones, Egress, ExistingNetwork, StackSpec};

/// Draws the network, or looks up the existing one.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    if let Some(existing) = &spec.network.existing {
        look_up(draft, existing);
    } else {
        draw_zones(draft);
        draw_vpc(draft);
        draw_subnets(draft);
        routes::draw_public(draft);
        routes::draw_private(draft);
        if spec.network.egress == Egress::Endpoints {
            endpoints::draw(draft);
        }
    }
    draft.output("vpc_id", &vpc(spec));
    draft.output("public_subnet_ids", joined(&public_subnets(spec)));
    draft.output("private_subnet_ids", joined(&private_subnets(spec)));
}

/// The VPC.
pub(crate) fn vpc(spec: &StackSpec) -> Ref<VpcId> {
    Ref::Of(match spec.network.existing {
        Some(_) => addresses::existing_vpc(),
        None => addresses::vpc(),
    })
}

/// The subnets of the load balancer, one a zone.
pub(crate) fn public_subnets(spec: &StackSpec) -> Vec<Ref<SubnetId>> {
    public_subnet_addresses(spec).map(Ref::Of).collect()
}

/// The subnets of the database, one a zone.
pub(crate) fn private_subnets(spec: &StackSpec) -> Vec<Ref<SubnetId>> {
    match &spec.network.existing {
        Some(existing) => (1..=existing.private_subnets.len())
            .map(|number| Ref::Of(existing_private(number)))
            .collect(),
        None => (1..=zones(spec))
            .map(|number| Ref::Of(addresses::private_subnet(number)))
            .collect(),
    }
}

/// The subnets of the tasks.
pub(crate) fn task_subnets(spec: &StackSpec) -> Vec<Ref<SubnetId>> {
    if assign_public_ip(spec) {
        public_subnets(spec)
    } else {
        private_subnets(spec)
    }
}

/// Whether tasks have public addresses.
pub(crate) fn assign_public_ip(spec: &StackSpec) -> bool {
    spec.network.egress == Egress::PublicIp
}

/// The addresses the load balancer's own addresses are out of: proxies that Kong trusts.
pub(crate) fn public_subnet_cidrs(spec: &StackSpec) -> Vec<Ref<CidrBlock>> {
    if spec.network.existing.is_some() {
        return public_subnet_addresses(spec).map(Ref::Of).collect();
    }
    let blocks = spec.network.public_subnets().into_iter();
    blocks
        .map(|block| Ref::Literal(CidrBlock::new(block.to_string())))
        .collect()
}

/// What must be there before a load balancer that faces the internet.
pub(crate) fn public_ready(spec: &StackSpec) -> Vec<Address> {
    if spec.network.existing.is_some() {
        return Vec::new();
    }
    let associations = (1..=zones(spec)).map(addresses::public_association);
    associations
        .chain([addresses::public_default_route()])
        .collect()
}

/// What must be there before a task can pull its image, read its secrets and write its log.
pub(crate) fn egress_ready(spec: &StackSpec) -> Vec<Address> {
    if spec.network.existing.is_some() {
        return Vec::new();
    }
    let associations = (1..=zones(spec)).map(addresses::private_association);
    match spec.network.egress {
        Egress::PublicIp => public_ready(spec),
        Egress::Endpoints => associations.chain(endpoints::all(spec)).collect(),
        Egress::Nat | Egress::NatPerAz => {
            let routes = (1..=private_tables(spec)).map(addresses::private_default_route);
            // A NAT gateway is itself in a public subnet, whose way out is a route like any other.
            associations
                .chain(routes)
                .chain(public_ready(spec))
                .collect()
        }
    }
}

/// The private route tables.
pub(super) fn private_route_tables(spec: &StackSpec) -> Vec<Ref<RouteTableId>> {
    (1..=private_tables(spec))
        .map(|number| Ref::Of(addresses::private_route_table(number)))
        .collect()
}

pub(super) fn zones(spec: &StackSpec) -> usize {
    spec.network.zones().count()
}

/// One table serves all private subnets, unless each zone has a way out of its own.
pub(super) fn private_tables(spec: &StackSpec) -> usize {
    match spec.network.egress {
        Egress::NatPerAz => zones(spec),
        Egress::Nat | Egress::Endpoints | Egress::PublicIp => 1,
    }
}

fn public_subnet_addresses(spec: &StackSpec) -> impl Iterator<Item = Address> {
    let existing = spec.network.existing.as_ref();
    let count = existing.map_or_else(|| zones(spec), |network| network.public_subnets.len());
    let existing = existing.is_some();
    (1..=count).map(move |number| {
        if existing {
            existing_public(number)
        } else {
            addresses::public_subnet(number)
        }
    })
}

fn existing_public(number: usize) -> Address {
    addresses::existing_subnet(format_args!("public-{number}"))
}

fn existing_private(number: usize) -> Address {
    addresses::existing_subnet(format_args!("private-{number}"))
}

fn joined(subnets: &[Ref<SubnetId>]) -> Text {
    Text::join(subnets.iter().map(Text::from), ",")
}

fn look_up(draft: &mut Draft<'_>, existing: &ExistingNetwork) {
    let vpc = VpcId::new(existing.vpc.as_str());
    draft.look_up(addresses::existing_vpc(), Lookup::Vpc { id: vpc.clone() });
    let public = existing.public_subnets.iter().enumerate();
    let public = public.map(|(index, id)| (existing_public(index + 1), id, "public"));
    let private = existing.private_subnets.iter().enumerate();
    let private = private.map(|(index, id)| (existing_private(index + 1), id, "private"));
    for (address, id, group) in public.chain(private) {
        let lookup = Lookup::Subnet {
            id: SubnetId::new(id.as_str()),
            vpc: vpc.clone(),
            group,
        };
        draft.look_up(address, lookup);
    }
}

/// Zones that are only counted are looked up; named ones are taken at their word.
fn draw_zones(draft: &mut Draft<'_>) {
    let AvailabilityZones::Count(count) = draft.spec.network.zones() else {
        return;
    };
    let Some(of) = NonZeroUsize::new(count) else {
        return;
    };
    for index in 0..count {
        draft.look_up(addresses::zone(index + 1), Lookup::Zone { index, of });
    }
}

fn zone(spec: &StackSpec, number: usize) -> Ref<ZoneName> {
    let named = match spec.network.zones() {
        AvailabilityZones::Names(names) => names.into_iter().nth(number - 1),
        AvailabilityZones::Count(_) => None,
    };
    named.map_or_else(
        || Ref::Of(addresses::zone(number)),
        |name| Ref::Literal(ZoneName::new(name)),
    )
}

fn draw_vpc(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let stack = spec.name.as_str();
    let address = addresses::vpc();
    let desired = vpc_kind::Desired {
        cidr: spec.network.cidr(),
        tags: draft.tags(&address, stack),
    };
    draft.add::<Vpc>(address, desired);
    let address = addresses::internet_gateway();
    let desired = internet_gateway::Desired {
        vpc: vpc(spec),
        tags: draft.tags(&address, stack),
    };
    draft.add::<InternetGateway>(address, desired);
}

fn draw_subnets(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let public = spec.network.public_subnets().into_iter().enumerate();
    let public = public.map(|(index, cidr)| (index + 1, cidr, "public"));
    let private = spec.network.private_subnets().into_iter().enumerate();
    let private = private.map(|(index, cidr)| (index + 1, cidr, "private"));
    for (number, cidr, sort) in public.chain(private) {
        let address = if sort == "public" {
            addresses::public_subnet(number)
        } else {
            addresses::private_subnet(number)
        };
        let desired = subnet::Desired {
            vpc: vpc(spec),
            cidr,
            zone: zone(spec, number),
            tags: draft.tags(&address, &format!("{}-{sort}-{number}", spec.name)),
        };
        draft.add::<Subnet>(address, desired);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::spec;
    use super::*;

    fn drawn(rest: &str) -> Vec<String> {
        let spec = spec(rest);
        let mut draft = Draft::new(&spec);
        draw(&mut draft);
        let resources = draft.finish().resources;
        let names = resources.keys().map(|address| address.name().to_owned());
        names.collect()
    }

    fn with(part: &str, names: &[String]) -> Vec<String> {
        let names = names.iter().filter(|name| name.contains(part));
        names.cloned().collect()
    }

    #[test]
    fn one_nat_gateway_serves_all_zones_unless_each_gets_its_own() {
        let one = drawn("");
        assert_eq!(with("nat-gateway", &one), ["nat-gateway/1"]);
        assert_eq!(with("private-route-table", &one), ["private-route-table/1"]);
        let each = drawn("network: {egress: nat-per-az, availability_zones: 3}\n");
        assert_eq!(with("nat-gateway", &each).len(), 3);
        assert_eq!(with("elastic-ip", &each).len(), 3);
        assert_eq!(with("private-default-route", &each).len(), 3);
        assert_eq!(with("private-association", &each).len(), 3);
    }

    #[test]
    fn without_nat_there_is_no_private_way_out() {
        let image = "kong: {image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/kong:3.9.3'}\n";
        let endpoints = drawn(&format!(
            "network: {{egress: endpoints}}\nexec: true\n{image}"
        ));
        assert_eq!(
            with("endpoint/", &endpoints),
            [
                "endpoint/ecr.api",
                "endpoint/ecr.dkr",
                "endpoint/logs",
                "endpoint/s3",
                "endpoint/secretsmanager",
                "endpoint/ssmmessages",
            ]
        );
        let public = drawn("network: {egress: public-ip}\n");
        for names in [&endpoints, &public] {
            assert!(with("nat-gateway", names).is_empty());
            assert!(with("private-default-route", names).is_empty());
            assert_eq!(with("private-association", names).len(), 2);
        }
    }

    #[test]
    fn tasks_with_public_addresses_stand_in_public_subnets() {
        let spec = spec("network: {egress: public-ip}\n");
        assert!(assign_public_ip(&spec));
        assert_eq!(task_subnets(&spec), public_subnets(&spec));
        assert_eq!(egress_ready(&spec), public_ready(&spec));
    }

    #[test]
    fn a_way_out_through_nat_goes_on_through_the_public_subnets() {
        for egress in ["nat", "nat-per-az"] {
            let spec = spec(&format!("network: {{egress: {egress}}}\n"));
            let ready = egress_ready(&spec);
            for step in public_ready(&spec) {
                assert!(ready.contains(&step), "{egress}: {step}");
            }
        }
    }

    #[test]
    fn an_existing_network_is_only_looked_up() {
        let rest = "network:\n  existing:\n    vpc: vpc-0a1b2c3d\n    \
                    public_subnets: [subnet-0a1b2c31, subnet-0a1b2c32]\n    \
                    private_subnets: [subnet-0a1b2c33, subnet-0a1b2c34]\n";
        assert!(drawn(rest).is_empty());
        let spec = spec(rest);
        let mut draft = Draft::new(&spec);
        draw(&mut draft);
        let lookups = draft.finish().lookups;
        assert_eq!(lookups.len(), 5);
        for subnet in private_subnets(&spec).iter().chain(&public_subnets(&spec)) {
            assert!(lookups.contains_key(subnet.address().unwrap()));
        }
        assert!(egress_ready(&spec).is_empty() && public_ready(&spec).is_empty());
    }
}
