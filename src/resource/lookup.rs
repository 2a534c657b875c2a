//! What a stack reads from the account and never changes.

use std::num::NonZeroUsize;

use super::{Arn, HostedZoneId, SubnetId, VpcId};

/// A question to AWS whose answer the blueprint refers to like to any other resource's outputs.
///
/// Its address lies in [`Layer::Lookup`](super::Layer::Lookup).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The account of the credentials (`Id`), refused when it is not the one expected.
    Account {
        /// The account the spec insists on.
        expected: Option<String>,
    },
    /// The `index`-th of the region's Availability Zones by name, counted from 0 (`Name`).
    Zone {
        /// Which one.
        index: usize,
        /// How many the stack needs in all, for the message when there are fewer.
        of: NonZeroUsize,
    },
    /// An existing VPC (`Id`, `CidrBlock`).
    Vpc {
        /// Its id.
        id: VpcId,
    },
    /// An existing subnet, which must lie in the VPC (`Id`, `CidrBlock`, and the zone as `Name`).
    Subnet {
        /// Its id.
        id: SubnetId,
        /// The VPC it must belong to.
        vpc: VpcId,
        /// Which group of subnets it belongs to; the subnets of one group must lie in different zones.
        group: &'static str,
    },
    /// A public hosted zone, by id or by name (`Id`, and its domain as `Name`).
    HostedZone {
        /// How the spec names it.
        by: ZoneQuery,
    },
    /// A KMS key, which must be of use for encryption (`Arn`).
    KmsKey {
        /// Its ARN.
        arn: Arn,
    },
    /// The newest Aurora PostgreSQL version that the region offers under a prefix (`Version`).
    EngineVersion {
        /// A major version or a full one, such as `16` or `16.6`.
        prefix: String,
        /// The least capacity asked for, in half ACUs; 0 asks for a version that can pause.
        min_half_acus: u32,
    },
}

/// How a hosted zone is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ZoneQuery {
    /// By its id, `Z…`.
    Id(HostedZoneId),
    /// By its domain; two public zones of one name are refused.
    Name(String),
}
