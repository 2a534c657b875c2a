//! The contract of a kind, addresses, and references between resources: the engine's vocabulary.
//!
//! Nothing here knows Kong or any one AWS resource. A kind implements [`Kind`]; the blueprint makes
//! [`Resource`]s of it; the engine sees [`AnyKind`], the one type erasure of the program.

mod address;
mod blueprint;
mod change;
mod erased;
mod error;
mod inventory;
mod kind;
mod lookup;
mod observer;
mod output;
mod step;
pub mod tags;

pub use address::{Address, InvalidAddress, Layer};
pub use blueprint::Blueprint;
pub use change::{Change, Diff, Effect, KNOWN_AFTER_APPLY};
pub use erased::{AnyKind, Erased, KindRef, Resource, Seen, Standing, kind};
pub use error::Error;
pub use inventory::Inventory;
pub use kind::{Blocker, Found, Kind, ReplaceOrder, Wanted};
pub use lookup::{Lookup, ZoneQuery};
pub use observer::{LookUp, Observer};
pub use output::{
    AllocationId, Arn, Attribute, CanonicalZoneId, CidrBlock, DnsName, Endpoint, HostedZoneId,
    InternetGatewayId, ManagedSecretArn, NamespaceId, NatGatewayId, Output, Outputs, Ref,
    References, Resolve, ResourceLabel, ResourceName, RouteTableId, SecurityGroupId, SubnetId,
    Text, Version, VpcId, ZoneName,
};
pub use step::{Limits, Look, Note, Notify, Pace, Patience, Step};
pub use tags::Tags;
