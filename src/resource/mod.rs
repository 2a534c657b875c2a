//! The contract of a kind, addresses, and references between resources: the engine's vocabulary.
//!
//! Nothing here knows Kong or any one AWS resource. A kind implements [`Kind`]; the blueprint makes
//! [`Resource`]s of it; the engine sees [`KindRef`]s, the one type erasure of the program.

mod address;
mod blueprint;
mod change;
mod erased;
mod error;
mod fingerprint;
mod inventory;
mod kind;
mod lookup;
mod observer;
mod output;
mod references;
mod step;
pub(crate) mod tags;

pub(crate) use address::{Address, Layer};
pub(crate) use blueprint::Blueprint;
pub(crate) use change::{Change, Diff, Effect, KNOWN_AFTER_APPLY};
#[cfg(test)]
pub(crate) use erased::AnyKind;
pub(crate) use erased::{Erased, KindRef, Resource, Seen, Standing, kind};
pub(crate) use error::Error;
pub(crate) use fingerprint::{fingerprint, sha256};
pub(crate) use inventory::Inventory;
pub(crate) use kind::{Ailment, Blocker, Contents, Found, Kind, ReplaceOrder, Wanted, Warning};
pub(crate) use lookup::{Lookup, ZoneQuery};
pub(crate) use observer::{LookUp, Observer};
#[cfg(test)]
pub(crate) use output::Nothing;
pub(crate) use output::{
    AccountId, AllocationId, Arn, Attribute, CanonicalZoneId, CidrBlock, DnsName, Endpoint,
    HostedZoneId, InternetGatewayId, ManagedSecretArn, NamespaceId, NatGatewayId, Output, Outputs,
    RecordName, RecordValue, Ref, Resolve, ResourceLabel, ResourceName, RouteTableId,
    SecretVersionId, SecurityGroupId, SubnetId, Text, Version, VpcId, ZoneName,
};
pub(crate) use references::References;
pub(crate) use step::{Limits, Look, Note, Notify, Pace, Patience, Step};
pub(crate) use tags::Tags;
