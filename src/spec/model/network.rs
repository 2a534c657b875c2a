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
    /// How many zones, or which. Default: one for each subnet given, else 2, see [`Network::zones`].
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
    /// What passes through the VPC, written down in a log group of the stack's.
    pub(crate) flow_logs: FlowLogs,
}

/// The VPC's flow logs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FlowLogs {
    /// Whether there are any. Default: false.
    pub(crate) enabled: bool,
    /// Days a line is kept; CloudWatch offers 1, 3, 5, 7, 14, 30 and more. Default: 7.
    pub(crate) retention_days: u32,
    /// Which traffic they tell of. Default: `all`.
    pub(crate) traffic: Traffic,
}

impl Default for FlowLogs {
    fn default() -> Self {
        Self {
            enabled: false,
            retention_days: 7,
            traffic: Traffic::All,
        }
    }
}

/// Traffic as flow logs part it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Traffic {
    /// Everything.
    All,
    /// What the security groups let through.
    Accept,
    /// What they kept out.
    Reject,
}

impl Network {
    /// Addresses of the VPC the stack owns.
    pub(crate) fn cidr(&self) -> Ipv4Net {
        const DEFAULT: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 16);
        self.cidr.unwrap_or(DEFAULT)
    }

    /// The zones the stack spans.
    pub(crate) fn zones(&self) -> AvailabilityZones {
        let given = self
            .public_subnets
            .as_ref()
            .or(self.private_subnets.as_ref());
        self.availability_zones
            .clone()
            .unwrap_or_else(|| AvailabilityZones::Count(given.map_or(2, Vec::len)))
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

#[cfg(test)]
mod tests {
    use super::{AvailabilityZones, Ipv4Net, Network, carve};

    fn show(blocks: &[Ipv4Net]) -> String {
        blocks
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn carves() {
        let table = [
            (
                "10.0.0.0/16",
                2,
                "10.0.1.0/24 10.0.2.0/24 | 10.0.11.0/24 10.0.12.0/24",
            ),
            (
                "10.0.32.0/19",
                3,
                "10.0.33.0/24 10.0.34.0/24 10.0.35.0/24 | 10.0.43.0/24 10.0.44.0/24 10.0.45.0/24",
            ),
            (
                "10.0.0.0/20",
                2,
                "10.0.0.0/24 10.0.1.0/24 | 10.0.8.0/24 10.0.9.0/24",
            ),
            (
                "10.0.0.0/23",
                2,
                "10.0.0.0/27 10.0.0.32/27 | 10.0.1.0/27 10.0.1.32/27",
            ),
            (
                "10.0.0.0/24",
                3,
                "10.0.0.0/27 10.0.0.32/27 10.0.0.64/27 | 10.0.0.128/27 10.0.0.160/27 10.0.0.192/27",
            ),
            (
                "10.0.0.0/25",
                2,
                "10.0.0.0/27 10.0.0.32/27 | 10.0.0.64/27 10.0.0.96/27",
            ),
        ];
        for (cidr, zones, expected) in table {
            let (public, private) = carve(cidr.parse().unwrap(), zones).unwrap();
            assert_eq!(
                format!("{} | {}", show(&public), show(&private)),
                expected,
                "{cidr}"
            );
        }
    }

    #[test]
    fn carves_nothing_that_does_not_fit() {
        for (cidr, zones) in [
            ("10.0.0.0/25", 3),
            ("10.0.0.0/26", 2),
            ("10.0.0.0/15", 2),
            ("10.0.0.0/16", 7),
            ("10.0.0.0/16", 0),
        ] {
            assert_eq!(carve(cidr.parse().unwrap(), zones), None, "{cidr} {zones}");
        }
    }

    #[test]
    fn carved_subnets_are_distinct_and_inside() {
        for length in 16..=25 {
            for zones in 2..=6 {
                let cidr = Ipv4Net::new("10.0.0.0".parse().unwrap(), length).unwrap();
                let Some((public, private)) = carve(cidr, zones) else {
                    continue;
                };
                let all: Vec<_> = public.iter().chain(&private).collect();
                assert_eq!(all.len(), 2 * zones);
                for (index, block) in all.iter().enumerate() {
                    assert!(
                        cidr.contains(*block) && block.prefix_len() <= 27,
                        "{cidr} {zones} {block}"
                    );
                    assert!(
                        !all[..index].iter().any(|other| other.contains(*block)),
                        "{cidr} {zones} {block}"
                    );
                }
            }
        }
    }

    #[test]
    fn zones_follow_the_subnets_that_are_given() {
        let network = Network {
            public_subnets: Some(vec!["10.0.1.0/24".parse().unwrap(); 3]),
            ..Network::default()
        };
        assert_eq!(network.zones(), AvailabilityZones::Count(3));
        assert_eq!(Network::default().zones(), AvailabilityZones::Count(2));
    }
}
