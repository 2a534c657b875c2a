//! Values that check themselves as they are read: names, identifiers, versions, shares and durations.
//!
//! A type belongs here when its text alone tells whether it is well formed. What depends on another field, or on a
//! limit of one particular resource, is a rule. Refusals carry a reason and a fix through serde.

mod arn;
mod aws;
pub(crate) mod cidr;
mod dns;
pub(crate) mod duration;
mod email;
mod gateway;
mod number;
mod refusal;
mod text;

pub(crate) use self::arn::{CertificateArn, KmsKeyArn, SecretArn, TopicArn};
pub(crate) use self::aws::{
    AccountId, EngineVersion, Region, StackName, SubnetId, TlsPolicy, VpcId,
};
pub(crate) use self::dns::{DomainName, HostedZone, label_fault};
pub(crate) use self::email::Email;
pub(crate) use self::gateway::{AdminPath, ImageRef};
pub(crate) use self::number::{Acu, Percent};
pub(crate) use self::refusal::Refusal;
