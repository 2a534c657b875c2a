//! The kong, admin, discovery and logs sections.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use serde::Deserialize;

use crate::spec::value::{self, AdminPath, ImageRef, Refusal, SecretArn};

/// The gateway's image and settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Kong {
    /// Image of Kong Gateway OSS, with a tag or a digest. Default: `kong:3.9.3`, the last release.
    pub(crate) image: ImageRef,
    /// More `KONG_*` settings for both planes, beside those the stack makes. Default: none.
    pub(crate) environment: BTreeMap<String, String>,
}

/// The way to the Admin API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Admin {
    /// Public path of the Admin API, without a slash at its end. Default: `/kong-admin`.
    pub(crate) path: AdminPath,
    /// Who may use it. Default: nobody from outside; the load balancer refuses all.
    #[serde(deserialize_with = "value::cidr::list")]
    pub(crate) allow: Vec<Ipv4Net>,
    /// Says that 0.0.0.0/0 in `allow` is meant. Default: false.
    pub(crate) allow_anywhere: bool,
    /// The API key: made with the stack, or a secret of yours. Default: `generate`.
    pub(crate) api_key: ApiKey,
    /// Requests a minute and client address. Default: 60.
    pub(crate) rate_limit: u32,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            path: AdminPath::default(),
            allow: Vec::new(),
            allow_anywhere: false,
            api_key: ApiKey::Generate,
            rate_limit: 60,
        }
    }
}

/// Where the Admin API's key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiKey {
    /// The stack makes one and keeps it in Secrets Manager.
    Generate,
    /// A secret that exists; the stack reads it and never owns it.
    Secret(SecretArn),
}

impl<'de> Deserialize<'de> for ApiKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "generate" => Ok(Self::Generate),
            arn => SecretArn::parse(arn)
                .map(Self::Secret)
                .map_err(Refusal::into_serde),
        }
    }
}

/// The private name of the control plane: `service.namespace`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Discovery {
    /// Cloud Map's private DNS namespace, at most 253 characters. Default: `kong.local`.
    pub(crate) namespace: String,
    /// The service in it, at most 127 characters. Default: `config`.
    pub(crate) service: String,
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            namespace: "kong.local".to_owned(),
            service: "config".to_owned(),
        }
    }
}

impl Discovery {
    /// The name data planes connect to.
    pub(crate) fn host(&self) -> String {
        format!("{}.{}", self.service, self.namespace)
    }
}

/// The stack's CloudWatch log groups.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Logs {
    /// Days a log line is kept; CloudWatch offers 1, 3, 5, 7, 14, 30 and more. Default: 7.
    pub(crate) retention_days: u32,
    /// Whether AWS refuses to delete the stack's log groups. Default: false. Where the file says `false`, `destroy`
    /// switches off what is on; where it says nothing, whatever is set stays as it is.
    pub(crate) deletion_protection: Option<bool>,
    /// What becomes of the lines that the groups keep no longer. Default: nothing.
    pub(crate) archive: LogArchive,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            retention_days: 7,
            deletion_protection: None,
            archive: LogArchive::default(),
        }
    }
}

/// The log groups' days in a bucket: each afternoon (14:00 UTC) the day before, of every group that the stack has. It is the
/// bucket of the load balancer's access logs, under its name (`names.access_logs_bucket`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogArchive {
    /// Whether there is one. Default: false.
    pub(crate) enabled: bool,
    /// Days a day is kept. Default: 365.
    pub(crate) retention_days: u32,
}

impl Default for LogArchive {
    fn default() -> Self {
        Self {
            enabled: false,
            retention_days: 365,
        }
    }
}
