//! The spec as types: what a stack file says once it is understood.
//!
//! One struct a section of the file, every field with its meaning, unit and default. Values parse themselves
//! (`super::value`), so what stands here is well formed; whether AWS and Kong accept the whole is for `super::rules`.
//! Nothing here knows about YAML, positions or AWS calls.

mod alarms;
mod compute;
mod database;
mod encryption;
mod gateway;
mod ingress;
mod names;
mod network;
mod waf;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(crate) use self::alarms::{Alarms, Switch};
pub(crate) use self::compute::{
    Architecture, ControlPlane, ControlPlaneMode, DataPlane, OnDemand, Scaling,
};
pub(crate) use self::database::{Capacity, Database};
pub(crate) use self::encryption::{Encryption, KmsKey};
pub(crate) use self::gateway::{Admin, ApiKey, Discovery, Kong, Logs};
pub(crate) use self::ingress::{Certificate, HttpMode, Ingress};
pub(crate) use self::names::{Named, Names, WAF_LOGS};
pub(crate) use self::network::{
    AvailabilityZones, Egress, ExistingNetwork, MAX_ZONES, Network, Traffic,
};
pub(crate) use self::waf::{ManagedGroup, Waf, WafKeep, WafMode};
use super::value::{AccountId, Region, StackName};

/// One Kong Gateway stack: the whole file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StackSpec {
    /// Version of the file format. Default and only value: 1.
    #[serde(default = "format_version")]
    pub(crate) version: u32,
    /// Prefix of every name, and the value of the ownership tag. Required.
    pub(crate) name: StackName,
    /// The AWS region everything lives in. Required.
    pub(crate) region: Region,
    /// The only account this file may be applied to. Default: whichever the credentials belong to.
    #[serde(default)]
    pub(crate) account: Option<AccountId>,
    /// Tags for every resource that takes tags, beside the stack's own. Default: none. AWS allows 50 in all.
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Where everything runs.
    #[serde(default)]
    pub(crate) network: Network,
    /// How traffic comes in.
    #[serde(default)]
    pub(crate) ingress: Ingress,
    /// Kong's database.
    #[serde(default)]
    pub(crate) database: Database,
    /// The gateway's image and settings.
    #[serde(default)]
    pub(crate) kong: Kong,
    /// The nodes that hold the Admin API and talk to the database.
    #[serde(default)]
    pub(crate) control_plane: ControlPlane,
    /// The nodes that carry the traffic.
    #[serde(default)]
    pub(crate) data_plane: DataPlane,
    /// The way to the Admin API through the data plane.
    #[serde(default)]
    pub(crate) admin: Admin,
    /// The name under which data planes find the control plane.
    #[serde(default)]
    pub(crate) discovery: Discovery,
    /// The stack's log groups.
    #[serde(default)]
    pub(crate) logs: Logs,
    /// The key that what the stack keeps is encrypted with.
    #[serde(default)]
    pub(crate) encryption: Encryption,
    /// Who is told when something is wrong. Default: nobody, and there are no alarms.
    #[serde(default)]
    pub(crate) alarms: Option<Alarms>,
    /// Whether there is a CloudWatch dashboard. Default: with `alarms` there is, see [`StackSpec::has_dashboard`].
    #[serde(default)]
    pub(crate) dashboard: Option<bool>,
    /// Whether ECS Exec may open a shell in a task. Default: false.
    #[serde(default)]
    pub(crate) exec: bool,
    /// Names to use instead of the generated ones.
    #[serde(default)]
    pub(crate) names: Names,
}

impl StackSpec {
    /// Whether there is a dashboard, as given or as the alarms imply.
    pub(crate) fn has_dashboard(&self) -> bool {
        self.dashboard.unwrap_or(self.alarms.is_some())
    }
}

/// The one format there is.
fn format_version() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AvailabilityZones, Certificate, Egress, HttpMode};
    use crate::spec::rules::good;

    #[test]
    fn a_name_and_a_region_are_enough() {
        let spec = good("");
        assert_eq!(spec.network.cidr().to_string(), "10.0.0.0/16");
        assert_eq!(spec.network.zones(), AvailabilityZones::Count(2));
        assert_eq!(spec.network.egress, Egress::Nat);
        assert_eq!(spec.ingress.certificate, Certificate::None);
        assert_eq!(spec.ingress.http(), HttpMode::Forward);
        assert_eq!(spec.database.engine_version.to_string(), "16");
        assert_eq!(
            spec.database.capacity.auto_pause(),
            Some(Duration::from_secs(300))
        );
        assert_eq!(spec.database.capacity.max.to_string(), "2");
        assert_eq!(spec.kong.image.as_str(), "kong:3.9.3");
        assert_eq!(
            (spec.data_plane.scaling.min, spec.data_plane.scaling.max),
            (2, 10)
        );
        assert_eq!(spec.discovery.host(), "config.kong.local");
        assert!(spec.database.deletion_protection && spec.database.final_snapshot && !spec.exec);
        assert!(spec.admin.allow.is_empty());
    }

    #[test]
    fn an_empty_section_is_a_section_of_defaults() {
        let sections = "network: {}\ningress:\ndatabase: {capacity: {}}\nkong: {}\ncontrol_plane:\ndata_plane: {scaling: }\nadmin: {}\ndiscovery: {}\nlogs: {}\nnames: {}\n";
        assert_eq!(good(sections), good(""));
    }

    #[test]
    fn what_follows_from_other_values() {
        let spec = good(
            "ingress: {certificate: 'arn:aws:acm:eu-west-1:123456789012:certificate/a'}\ndatabase: {capacity: {min: 1}}",
        );
        assert_eq!(spec.ingress.http(), HttpMode::Redirect);
        assert_eq!(spec.database.capacity.auto_pause(), None);
    }
}
