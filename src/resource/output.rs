//! What resources publish, and how others refer to it before it exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Address;

/// What of a resource another may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Attribute {
    /// The id AWS gave it.
    Id,
    /// Its Amazon resource name.
    Arn,
    /// Its name.
    Name,
    /// The DNS name AWS gave it.
    DnsName,
    /// The hosted zone of that DNS name, for alias records.
    CanonicalZone,
    /// The host name clients connect to.
    Endpoint,
    /// The secret AWS made for it.
    SecretArn,
    /// The part of its ARN that scaling policies and metrics name it by.
    ResourceLabel,
    /// Its address range.
    CidrBlock,
    /// A version AWS resolved.
    Version,
    /// The current version of the secret it is, or that AWS keeps for it.
    SecretVersion,
    /// The name of the DNS record that it asks for.
    RecordName,
    /// What that record must say.
    RecordValue,
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Arn => "arn",
            Self::Name => "name",
            Self::DnsName => "dns-name",
            Self::CanonicalZone => "canonical-zone",
            Self::Endpoint => "endpoint",
            Self::SecretArn => "secret-arn",
            Self::ResourceLabel => "resource-label",
            Self::CidrBlock => "cidr-block",
            Self::Version => "version",
            Self::SecretVersion => "secret-version",
            Self::RecordName => "record-name",
            Self::RecordValue => "record-value",
        })
    }
}

/// A typed value that one attribute of a resource holds.
pub(crate) trait Output:
    Clone + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static
{
    /// Which attribute of the resource referred to holds it.
    const ATTRIBUTE: Attribute;

    /// Wraps what AWS answered.
    fn new(text: impl Into<String>) -> Self;

    /// The bare text.
    fn as_str(&self) -> &str;
}

macro_rules! outputs {
    ($($(#[$doc:meta])* $name:ident: $attribute:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(String);

        impl Output for $name {
            const ATTRIBUTE: Attribute = Attribute::$attribute;

            fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

outputs! {
    /// An AWS account, twelve digits.
    AccountId: Id;
    /// The id of a VPC, `vpc-…`.
    VpcId: Id;
    /// The id of a subnet, `subnet-…`.
    SubnetId: Id;
    /// The id of a route table, `rtb-…`.
    RouteTableId: Id;
    /// The id of an internet gateway, `igw-…`.
    InternetGatewayId: Id;
    /// The id of a NAT gateway, `nat-…`.
    NatGatewayId: Id;
    /// The id of an Elastic IP allocation, `eipalloc-…`.
    AllocationId: Id;
    /// The id of a security group, `sg-…`.
    SecurityGroupId: Id;
    /// The id of a Cloud Map namespace, `ns-…`.
    NamespaceId: Id;
    /// The id of a Route 53 hosted zone, without `/hostedzone/`.
    HostedZoneId: Id;
    /// The name of an Availability Zone, such as `eu-west-1a`.
    ZoneName: Name;
    /// A name that AWS takes where it takes no ARN (DB groups, clusters, roles, log groups).
    ResourceName: Name;
    /// Any Amazon resource name.
    Arn: Arn;
    /// A DNS name that AWS gave, without a trailing dot.
    DnsName: DnsName;
    /// The hosted zone id that goes with a load balancer's DNS name.
    CanonicalZoneId: CanonicalZone;
    /// A host name that clients connect to.
    Endpoint: Endpoint;
    /// The ARN of the secret that AWS made and rotates for a resource.
    ManagedSecretArn: SecretArn;
    /// `app/name/id` or `targetgroup/name/id`, as scaling policies want it.
    ResourceLabel: ResourceLabel;
    /// An IPv4 range in CIDR notation.
    CidrBlock: CidrBlock;
    /// A version number that AWS resolved.
    Version: Version;
    /// The id of the version of a secret that is current.
    SecretVersionId: SecretVersion;
    /// The name of a DNS record, without a trailing dot.
    RecordName: RecordName;
    /// What a DNS record says, without a trailing dot.
    RecordValue: RecordValue;
}

/// A value known now, or an attribute of another resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ref<T> {
    /// Known when the blueprint is drawn.
    Literal(T),
    /// Published by the resource at this address.
    Of(Address),
}

impl<T: Output> Ref<T> {
    /// The value, if it is known by now.
    pub(crate) fn resolve(&self, outputs: &dyn Resolve) -> Option<T> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Of(address) => outputs.output(address, T::ATTRIBUTE).map(T::new),
        }
    }

    /// The address it points at, if it does.
    #[must_use]
    pub(crate) fn address(&self) -> Option<&Address> {
        match self {
            Self::Literal(_) => None,
            Self::Of(address) => Some(address),
        }
    }
}

/// A text with attributes of other resources in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Output(Address, Attribute),
}

impl Text {
    /// Appends a literal.
    #[must_use]
    pub(crate) fn then(mut self, literal: impl Into<String>) -> Self {
        self.0.push(Piece::Literal(literal.into()));
        self
    }

    /// Appends a reference.
    #[must_use]
    pub(crate) fn then_ref<T: Output>(mut self, reference: &Ref<T>) -> Self {
        self.0.push(match reference {
            Ref::Literal(value) => Piece::Literal(value.as_str().to_owned()),
            Ref::Of(address) => Piece::Output(address.clone(), T::ATTRIBUTE),
        });
        self
    }

    /// Joins several texts.
    #[must_use]
    pub(crate) fn join(texts: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        let mut joined = Self::default();
        for (index, text) in texts.into_iter().enumerate() {
            if index > 0 {
                joined = joined.then(separator);
            }
            joined.0.extend(text.0);
        }
        joined
    }

    /// The text, if all it refers to is known by now.
    pub(crate) fn resolve(&self, outputs: &dyn Resolve) -> Option<String> {
        self.0.iter().try_fold(String::new(), |mut text, piece| {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Output(address, attribute) => {
                    text.push_str(&outputs.output(address, *attribute)?);
                }
            }
            Some(text)
        })
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.attributes().map(|(address, _)| address)
    }

    /// What it refers to, attribute by attribute.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&Address, Attribute)> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Output(address, attribute) => Some((address, *attribute)),
        })
    }
}

impl From<&str> for Text {
    fn from(literal: &str) -> Self {
        Self::default().then(literal)
    }
}

impl From<String> for Text {
    fn from(literal: String) -> Self {
        Self::default().then(literal)
    }
}

impl<T: Output> From<&Ref<T>> for Text {
    fn from(reference: &Ref<T>) -> Self {
        Self::default().then_ref(reference)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => f.write_str(literal)?,
                Piece::Output(address, attribute) => write!(f, "${{{address}.{attribute}}}")?,
            }
        }
        Ok(())
    }
}

/// Answers for the outputs known by now.
pub(crate) trait Resolve: Send + Sync {
    /// The value of an attribute, or `None` while it is not known.
    fn output(&self, address: &Address, attribute: Attribute) -> Option<String>;
}

/// Of nothing that is still to be made the outputs are known; for the tests of kinds.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Nothing;

#[cfg(test)]
impl Resolve for Nothing {
    fn output(&self, _: &Address, _: Attribute) -> Option<String> {
        None
    }
}

/// The outputs of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outputs(BTreeMap<Attribute, String>);

impl Outputs {
    /// Adds one.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what is published is given away"
    )]
    pub(crate) fn with<T: Output>(mut self, value: T) -> Self {
        self.0.insert(T::ATTRIBUTE, value.as_str().to_owned());
        self
    }

    /// Adds one that AWS may not have given.
    #[must_use]
    pub(crate) fn with_some<T: Output>(self, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(value),
            None => self,
        }
    }

    /// Reads one.
    #[must_use]
    pub(crate) fn get(&self, attribute: Attribute) -> Option<&str> {
        self.0.get(&attribute).map(String::as_str)
    }

    /// All but these.
    #[must_use]
    pub(crate) fn without(mut self, attributes: &BTreeSet<Attribute>) -> Self {
        self.0
            .retain(|attribute, _| !attributes.contains(attribute));
        self
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Attribute, &str)> {
        self.0
            .iter()
            .map(|(attribute, text)| (*attribute, text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Layer;

    struct One(Address);

    impl Resolve for One {
        fn output(&self, address: &Address, attribute: Attribute) -> Option<String> {
            (*address == self.0 && attribute == Attribute::Id).then(|| "vpc-1".to_owned())
        }
    }

    #[test]
    fn a_text_resolves_only_when_all_of_it_is_known() {
        let vpc = Address::new(Layer::Network, "vpc");
        let text = Text::from("id=").then_ref(&Ref::<VpcId>::Of(vpc.clone()));
        assert_eq!(text.resolve(&One(vpc)), Some("id=vpc-1".to_owned()));
        assert_eq!(text.resolve(&One(Address::new(Layer::Network, "x"))), None);
        assert_eq!(text.to_string(), "id=${network/vpc.id}");
    }
}
