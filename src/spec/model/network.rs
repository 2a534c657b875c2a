//! The network section: a VPC of our own, or subnets somebody else keeps.

use ipnet::Ipv4Net;
use serde::Deserialize;

use crate::spec::value::{self, SubnetId, VpcId};

/// Most zones a stack may span; carving plans for as many subnets of each sort.
pub(crate) const MAX_ZONES: usize = 6;

/// The VPC, its zones and subnets, and the way out of the private ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Network {
    /// Addresses of the VPC, /16 to /28. Default: 10.0.0.0/16, see [`Network::cidr`].
    #[serde(deserialize_with = "value::cidr::optional")]
    pub(crate) cidr: Option<Ipv4Net>,
    /// How many zones, or which. Default: 2, see [`Network::zones`].
    pub(crate) availability_zones: Option<AvailabilityZones>,
    /// One subnet a zone for the load balancer. Default: carved, see [`Network::public_subnets`].
    #[serde(deserialize_with = "value::cidr::optional_list")]
    pub(crate) public_subnets: Option<Vec<Ipv4Net>>,
    /// One subnet a zone for tasks and database. Default: carved, see [`Network::private_subnets`].
    #[serde(deserialize_with = "value::cidr::optional_list")]
    pub(crate) private_subnets: Option<Vec<Ipv4Net>>,
    /// How tasks reach registries and AWS's own services. Default: `nat`.
    pub(crate) egress: Egress,
    /// A network that is used and never owned or changed; excludes the addresses and zones above. Default: none.
    pub(crate) existing: Option<ExistingNetwork>,
}

impl Network {
    /// Addresses of the VPC the stack owns.
    pub(crate) fn cidr(&self) -> Ipv4Net {
        const DEFAULT: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 16);
        self.cidr.unwrap_or(DEFAULT)
    }

    /// The zones the stack spans.
    pub(crate) fn zones(&self) -> AvailabilityZones {
        self.availability_zones
            .clone()
            .unwrap_or(AvailabilityZones::Count(2))
    }

    /// The public subnets, one a zone, in the order of the zones: as given, else carved out of [`Network::cidr`].
    ///
    /// Empty when the VPC is too small to carve, which validation refuses.
    pub(crate) fn public_subnets(&self) -> Vec<Ipv4Net> {
        self.public_subnets
            .clone()
            .unwrap_or_else(|| self.carved().0)
    }

    /// The private subnets, one a zone, in the order of the zones: as given, else carved out of [`Network::cidr`].
    ///
    /// Empty when the VPC is too small to carve, which validation refuses.
    pub(crate) fn private_subnets(&self) -> Vec<Ipv4Net> {
        self.private_subnets
            .clone()
            .unwrap_or_else(|| self.carved().1)
    }

    fn carved(&self) -> (Vec<Ipv4Net>, Vec<Ipv4Net>) {
        carve(self.cidr(), self.zones().count()).unwrap_or_default()
    }
}

/// Public and private subnets, one of each a zone, out of a VPC's addresses; none when they do not fit.
///
/// A /16 to /19 is cut into /24s: .1, .2, … are public and .11, .12, … private, which reads well and leaves room. A
/// smaller VPC is cut into sixteen (or eight, or four) equal parts: public ones from the bottom, private ones
/// from the middle. A public subnet is never smaller than the /27 a load balancer needs.
pub(crate) fn carve(cidr: Ipv4Net, zones: usize) -> Option<(Vec<Ipv4Net>, Vec<Ipv4Net>)> {
    let take = |length: u8, first: usize| -> Option<Vec<Ipv4Net>> {
        let parts: Vec<_> = cidr.subnets(length).ok()?.skip(first).take(zones).collect();
        (parts.len() == zones).then_some(parts)
    };
    if zones == 0 || zones > MAX_ZONES || cidr.prefix_len() < 16 {
        return None;
    }
    if cidr.prefix_len() <= 19 {
        return Some((take(24, 1)?, take(24, 11)?));
    }
    let bits = [4, 3, 2].into_iter().find(|bits| {
        let half = 1_usize << (bits - 1);
        cidr.prefix_len() + bits <= 27 && half >= zones
    })?;
    let length = cidr.prefix_len() + bits;
    Some((take(length, 0)?, take(length, 1 << (bits - 1))?))
}

/// The zones a stack spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AvailabilityZones {
    /// As many of the region's zones, in the order of their names.
    Count(usize),
    /// Exactly these, such as `eu-west-1a`.
    Names(Vec<String>),
}

impl AvailabilityZones {
    /// How many zones that is.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Count(count) => *count,
            Self::Names(names) => names.len(),
        }
    }
}

impl<'de> Deserialize<'de> for AvailabilityZones {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = AvailabilityZones;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a number of zones or a list of their names")
            }

            fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Self::Value, E> {
                usize::try_from(count)
                    .map(AvailabilityZones::Count)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(count), &self))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut names: A,
            ) -> Result<Self::Value, A::Error> {
                let mut zones = Vec::new();
                while let Some(name) = names.next_element()? {
                    zones.push(name);
                }
                Ok(AvailabilityZones::Names(zones))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// How tasks reach image registries and AWS's own services.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Egress {
    /// One NAT gateway for all zones: the cheapest way out that keeps tasks private.
    #[default]
    Nat,
    /// One NAT gateway a zone: a zone that fails takes no other down.
    NatPerAz,
    /// No way to the internet: VPC endpoints for the AWS services, images from ECR only.
    Endpoints,
    /// Tasks in the public subnets with public addresses, shielded by their security groups.
    PublicIp,
}

/// A VPC and subnets that somebody else owns.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExistingNetwork {
    /// The VPC, such as `vpc-0a1b2c3d`.
    pub(crate) vpc: VpcId,
    /// Subnets for the load balancer, at least two, in different zones.
    pub(crate) public_subnets: Vec<SubnetId>,
    /// Subnets for tasks and database, at least two, in different zones.
    pub(crate) private_subnets: Vec<SubnetId>,
}
