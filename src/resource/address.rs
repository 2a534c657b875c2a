//! Addresses: the stable name of a resource inside its stack.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The part of the stack a resource belongs to; plans and reports group by it, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Layer {
    /// What is read from the account and never changed: zones, the hosted zone, an existing network.
    Lookup,
    /// VPC, subnets, routes, gateways, endpoints.
    Network,
    /// Security groups and their rules.
    Security,
    /// IAM roles and their policies.
    Identity,
    /// The KMS key that the rest is encrypted with.
    Encryption,
    /// Secrets Manager secrets.
    Secrets,
    /// CloudWatch log groups.
    Logs,
    /// Aurora and what it needs.
    Database,
    /// Cloud Map.
    Discovery,
    /// Load balancer, listeners, target group.
    Ingress,
    /// The ECS cluster.
    Compute,
    /// Kong's migrations and the import of the admin route.
    Migrations,
    /// The control plane's task definition and service.
    ControlPlane,
    /// The data plane's task definition, service and scaling.
    DataPlane,
    /// Route 53 records.
    Dns,
    /// Alarms, whom they are told to, and the dashboard.
    Alarms,
}

impl Layer {
    /// Every layer, in the order of display.
    pub(crate) const ALL: [Self; 16] = [
        Self::Lookup,
        Self::Network,
        Self::Security,
        Self::Identity,
        Self::Encryption,
        Self::Secrets,
        Self::Logs,
        Self::Database,
        Self::Discovery,
        Self::Ingress,
        Self::Compute,
        Self::Migrations,
        Self::ControlPlane,
        Self::DataPlane,
        Self::Dns,
        Self::Alarms,
    ];

    /// The first segment of the addresses of this layer.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Network => "network",
            Self::Security => "security",
            Self::Identity => "identity",
            Self::Encryption => "encryption",
            Self::Secrets => "secrets",
            Self::Logs => "logs",
            Self::Database => "database",
            Self::Discovery => "discovery",
            Self::Ingress => "ingress",
            Self::Compute => "compute",
            Self::Migrations => "migrations",
            Self::ControlPlane => "control-plane",
            Self::DataPlane => "data-plane",
            Self::Dns => "dns",
            Self::Alarms => "alarms",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of one resource inside its stack, `layer/name` or `layer/name/part`.
///
/// It is the value of the `kongstack:address` tag and what `--target` takes, so it may hold only
/// lower-case letters, digits, `-`, `_`, `.`, `:` and `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address {
    layer: Layer,
    text: Arc<str>,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no address: {reason}")]
pub(crate) struct InvalidAddress {
    text: String,
    reason: String,
}

impl Address {
    /// Names `name` in `layer`; characters that an address may not hold become `-`.
    #[must_use]
    pub(crate) fn new(layer: Layer, name: &str) -> Self {
        let name: String = name
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .map(|c| if allowed(c) { c } else { '-' })
            .collect();
        Self {
            layer,
            text: format!("{layer}/{name}").into(),
        }
    }

    /// The layer it belongs to.
    #[must_use]
    pub(crate) fn layer(&self) -> Layer {
        self.layer
    }

    /// The whole address.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The address without its layer.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        self.text.split_once('/').map_or("", |(_, name)| name)
    }
}

fn allowed(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.:/".contains(c)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason: &str| InvalidAddress {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let first = text.split('/').next().unwrap_or_default();
        let layer = Layer::ALL.into_iter().find(|layer| layer.as_str() == first);
        let (layer, name) = match (layer, text.split_once('/')) {
            (Some(layer), Some((_, name))) => (layer, name),
            (Some(layer), None) => {
                return Err(invalid(&format!(
                    "it is a whole layer; name a resource in it, {layer}/NAME, as `kongstack plan` lists them"
                )));
            }
            (None, Some(_)) => {
                let like = |layer: &Layer| strsim::damerau_levenshtein(layer.as_str(), first);
                let nearest = Layer::ALL.into_iter().min_by_key(like);
                let nearest = nearest.map_or("", Layer::as_str);
                return Err(invalid(&format!(
                    "no layer of a stack is called `{first}`; the nearest is `{nearest}`"
                )));
            }
            (None, None) => {
                return Err(invalid(
                    "an address is a layer, a slash and a name, as `kongstack plan` lists them",
                ));
            }
        };
        if name.is_empty() || !name.chars().all(allowed) {
            return Err(invalid(
                "a name holds lower-case letters, digits and `-_.:/`, at least one",
            ));
        }
        Ok(Self::new(layer, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_a_round_trip() {
        for layer in Layer::ALL {
            let address = Address::new(layer, "one/two");
            assert_eq!(address.as_str().parse::<Address>(), Ok(address));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "vpc", "nowhere/vpc", "network/", "network/V PC"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_refusal_says_what_would_be_one() {
        let refusal = |text: &str| text.parse::<Address>().expect_err(text).to_string();
        assert_eq!(
            refusal("logs"),
            "`logs` is no address: it is a whole layer; name a resource in it, logs/NAME, as `kongstack plan` lists them"
        );
        assert_eq!(
            refusal("netwrok/vpc"),
            "`netwrok/vpc` is no address: no layer of a stack is called `netwrok`; the nearest is `network`"
        );
    }
}
