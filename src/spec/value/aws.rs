//! Names and identifiers of AWS: stack, region, account, VPC, subnets, engine version, TLS policy.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::Refusal;
use super::text::text_value;

text_value! {
    /// The stack's name: lower-case letters, digits and single hyphens, a letter first. Its length is a rule's matter.
    StackName, check_stack_name
}

text_value! {
    /// An AWS region, such as `eu-west-1`.
    Region, check_region
}

text_value! {
    /// An AWS account: twelve digits.
    AccountId, check_account
}

text_value! {
    /// A VPC's id, such as `vpc-0a1b2c3d4e5f60718`.
    VpcId, check_vpc
}

text_value! {
    /// A subnet's id, such as `subnet-0a1b2c3d4e5f60718`.
    SubnetId, check_subnet
}

text_value! {
    /// An ELB security policy, such as `ELBSecurityPolicy-TLS13-1-2-2021-06`.
    TlsPolicy, check_tls_policy
}

impl Default for TlsPolicy {
    fn default() -> Self {
        Self("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09".to_owned())
    }
}

fn check_stack_name(text: &str) -> Result<(), Refusal> {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let message = if text.is_empty() {
        "the name is empty".to_owned()
    } else if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
        format!("`{text}` does not begin with a lower-case letter")
    } else if !text.bytes().all(letters) {
        format!("`{text}` has characters other than lower-case letters, digits and hyphens")
    } else if text.ends_with('-') || text.contains("--") {
        format!("`{text}` has a hyphen at its end or two in a row")
    } else {
        return Ok(());
    };
    Err(Refusal::new(
        "stack-name",
        message,
        "it begins the name of every resource, and RDS takes no others (it stores names in lower case)",
        "write something like `kong-gw`",
    ))
}

fn check_region(text: &str) -> Result<(), Refusal> {
    let mut words = text.split('-');
    let lower = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    let area = words
        .next()
        .is_some_and(|word| word.len() == 2 && lower(word));
    let number = words.next_back().is_some_and(|word| {
        !word.is_empty() && word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit())
    });
    let mut between = words.peekable();
    if area && number && between.peek().is_some() && between.all(lower) {
        return Ok(());
    }
    let zone = text.strip_suffix(|last: char| last.is_ascii_lowercase());
    let fix = match zone.filter(|region| check_region(region).is_ok()) {
        Some(region) => format!("`{text}` names a zone: write its region, `{region}`"),
        None => "write a region's code, such as `eu-west-1`".to_owned(),
    };
    Err(Refusal::new(
        "region-format",
        format!("`{text}` is not an AWS region"),
        "AWS's endpoints are found by the region's code",
        fix,
    ))
}

fn check_account(text: &str) -> Result<(), Refusal> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Refusal::new(
        "account-format",
        format!("`{text}` is not an AWS account"),
        "an account is a number of exactly twelve digits",
        "write it in quotes, with its leading zeros, such as `\"012345678901\"`",
    ))
}

fn check_vpc(text: &str) -> Result<(), Refusal> {
    check_id(text, "vpc-", "VPC")
}

fn check_subnet(text: &str) -> Result<(), Refusal> {
    check_id(text, "subnet-", "subnet")
}

fn check_id(text: &str, prefix: &str, what: &str) -> Result<(), Refusal> {
    let good = text.strip_prefix(prefix).is_some_and(|id| {
        matches!(id.len(), 8 | 17)
            && id
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    if good {
        return Ok(());
    }
    Err(Refusal::new(
        "resource-id",
        format!("`{text}` is not the id of a {what}"),
        format!(
            "EC2 finds a {what} by an id of `{prefix}` and 8 or 17 hexadecimal digits, not by a name"
        ),
        format!("write an id like `{prefix}0a1b2c3d4e5f60718`"),
    ))
}

fn check_tls_policy(text: &str) -> Result<(), Refusal> {
    let good = text.strip_prefix("ELBSecurityPolicy-").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    if good {
        return Ok(());
    }
    Err(Refusal::new(
        "tls-policy",
        format!("`{text}` is not a TLS policy of Elastic Load Balancing"),
        "a load balancer takes AWS's own policies only, and their names begin with `ELBSecurityPolicy-`",
        format!("leave it out for `{}`", TlsPolicy::default()),
    ))
}

/// A version of Aurora PostgreSQL: a major, or a major and a minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EngineVersion {
    /// Such as 16.
    pub(crate) major: u16,
    /// Such as 6 in 16.6; without one the region's newest is taken.
    pub(crate) minor: Option<u16>,
}

impl Default for EngineVersion {
    fn default() -> Self {
        Self {
            major: 16,
            minor: None,
        }
    }
}

impl EngineVersion {
    /// Parses `16` or `16.6`.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse::<u16>().ok()).flatten()
        };
        let version = match text.split_once('.') {
            None => number(text).map(|major| Self { major, minor: None }),
            Some((major, minor)) => number(major).zip(number(minor)).map(|(major, minor)| Self {
                major,
                minor: Some(minor),
            }),
        };
        version.ok_or_else(|| {
            Refusal::new(
                "engine-version-format",
                format!("`{text}` is not a version of Aurora PostgreSQL"),
                "versions are a major, or a major and a minor",
                "write `\"16\"` or, to stay on one minor, `\"16.6\"`",
            )
        })
    }
}

impl fmt::Display for EngineVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.major)?;
        self.minor
            .map_or(Ok(()), |minor| write!(formatter, ".{minor}"))
    }
}

impl<'de> Deserialize<'de> for EngineVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = EngineVersion;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a version in quotes")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<EngineVersion, E> {
                EngineVersion::parse(text).map_err(Refusal::into_serde)
            }

            fn visit_u64<E: serde::de::Error>(self, major: u64) -> Result<EngineVersion, E> {
                self.visit_str(&major.to_string())
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<EngineVersion, E> {
                Err(Refusal::new(
                    "engine-version-format",
                    "the version is a number here, not a text",
                    "as a number 16.10 and 16.1 are the same, as versions they are not",
                    format!("put it in quotes: `\"{value}\"`"),
                )
                .into_serde())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
