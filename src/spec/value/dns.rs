//! Names in the DNS.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::Refusal;
use super::text::text_value;

text_value! {
    /// A public host name such as `api.example.com`, without a dot at its end; the first label may be `*`.
    DomainName, check_domain
}

impl DomainName {
    /// Whether this name is the other or lies under it.
    pub(crate) fn is_within(&self, zone: &str) -> bool {
        let zone = zone.to_ascii_lowercase();
        let name = self.as_str().to_ascii_lowercase();
        name.strip_suffix(&zone)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

/// A Route 53 hosted zone, as somebody would write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostedZone {
    /// By its name, without a dot at its end.
    Name(DomainName),
    /// By its id, without the `/hostedzone/` before it.
    Id(String),
}

impl fmt::Display for HostedZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(formatter),
            Self::Id(id) => formatter.write_str(id),
        }
    }
}

impl<'de> Deserialize<'de> for HostedZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(Refusal::into_serde)
    }
}

impl HostedZone {
    /// Takes a name or an id, each with the decoration AWS prints around it.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let id = text.strip_prefix("/hostedzone/").unwrap_or(text);
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if id.starts_with('Z') && (8..=32).contains(&id.len()) && id.bytes().all(upper) {
            return Ok(Self::Id(id.to_owned()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        DomainName::parse(name)
            .map(Self::Name)
            .map_err(|refusal| Refusal {
                rule: "hosted-zone".to_owned(),
                fix: "write the zone's name (`example.com`) or its id (`Z0123456789ABCDEFGHIJ`)"
                    .to_owned(),
                ..refusal
            })
    }
}

/// Why a text is no host name, if it is none.
pub(crate) fn label_fault(text: &str) -> Option<&'static str> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if text.is_empty() {
        Some("has an empty label")
    } else if text.len() > 63 {
        Some("has a label of more than 63 characters")
    } else if !text.bytes().all(letters) {
        Some("has characters other than letters, digits and hyphens")
    } else if text.starts_with('-') || text.ends_with('-') {
        Some("has a hyphen at the end of a label")
    } else {
        None
    }
}

fn check_domain(text: &str) -> Result<(), Refusal> {
    let labels = text.strip_prefix("*.").unwrap_or(text);
    let fault = if text.len() > 253 {
        Some("is longer than 253 characters")
    } else if text.contains("://") || text.contains('/') {
        Some("is an address, not a name")
    } else if text.ends_with('.') {
        Some("has a dot at its end")
    } else if !labels.contains('.') {
        Some("has no dot in it")
    } else if labels
        .split('.')
        .next_back()
        .is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()))
    {
        Some("has a number for its last label")
    } else {
        labels.split('.').find_map(label_fault)
    };
    match fault {
        None => Ok(()),
        Some(fault) => Err(Refusal::new(
            "domain-name",
            format!("`{text}` {fault}"),
            "the DNS and certificates know host names only; one in another script is written in its `xn--` form",
            "write a name like `api.example.com`",
        )),
    }
}
