//! The control_plane and data_plane sections: sizes, scaling, and where traffic may go.

use std::time::Duration;

use ipnet::Ipv4Net;
use serde::Deserialize;

use crate::spec::value::{self, Percent};

/// The private nodes that own the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ControlPlane {
    /// CPU units of a task, 1024 a vCPU. Default: 512. Fargate offers 256 to 16384.
    pub(crate) cpu: u32,
    /// Memory of a task in MiB. Default: 1024. Fargate offers a range for each CPU size.
    pub(crate) memory: u32,
    /// Processor the tasks run on. Default: `x86_64`.
    pub(crate) architecture: Architecture,
    /// When it runs. Default: `always-on`.
    pub(crate) mode: ControlPlaneMode,
    /// How long one on demand stays awake. Default: see [`OnDemand`]; only with `mode: on-demand`.
    pub(crate) on_demand: Option<OnDemand>,
}

impl Default for ControlPlane {
    fn default() -> Self {
        Self {
            cpu: 512,
            memory: 1024,
            architecture: Architecture::default(),
            mode: ControlPlaneMode::default(),
            on_demand: None,
        }
    }
}

impl ControlPlane {
    /// How long it stays awake; none when it always is.
    pub(crate) fn on_demand(&self) -> Option<OnDemand> {
        let on_demand = self.mode == ControlPlaneMode::OnDemand;
        on_demand.then(|| self.on_demand.unwrap_or_default())
    }
}

/// When the control plane runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ControlPlaneMode {
    /// One task, all the time.
    #[default]
    AlwaysOn,
    /// One task while data planes start or somebody changes the configuration, and none else.
    OnDemand,
}

/// How long a control plane that was woken stays awake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OnDemand {
    /// Time for data planes to get their configuration. Default: 5 minutes.
    #[serde(deserialize_with = "value::duration::required")]
    pub(crate) sync: Duration,
    /// How much longer it stays awake. Default: 30 minutes.
    #[serde(deserialize_with = "value::duration::required")]
    pub(crate) cooldown: Duration,
    /// How long it stays awake after a later event, at least. Default: 15 minutes.
    #[serde(deserialize_with = "value::duration::required")]
    pub(crate) extend: Duration,
}

impl Default for OnDemand {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self {
            sync: minutes(5),
            cooldown: minutes(30),
            extend: minutes(15),
        }
    }
}

/// Processor of a Fargate task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Architecture {
    /// Intel or AMD, 64 bit.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// AWS Graviton.
    #[serde(rename = "arm64")]
    Arm64,
}

/// The nodes behind the load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DataPlane {
    /// CPU units of a task, 1024 a vCPU. Default: 512. Fargate offers 256 to 16384.
    pub(crate) cpu: u32,
    /// Memory of a task in MiB. Default: 1024. Fargate offers a range for each CPU size.
    pub(crate) memory: u32,
    /// Processor the tasks run on. Default: `x86_64`.
    pub(crate) architecture: Architecture,
    /// How many tasks, and what adds one.
    pub(crate) scaling: Scaling,
    /// Share of the tasks on Fargate Spot, in percent. Default: 0.
    pub(crate) spot: Percent,
    /// Where the gateway's upstreams are. Default: port 443 anywhere.
    pub(crate) egress: Vec<EgressRule>,
}

impl Default for DataPlane {
    fn default() -> Self {
        Self {
            cpu: 512,
            memory: 1024,
            architecture: Architecture::default(),
            scaling: Scaling::default(),
            spot: Percent::new(0),
            egress: vec![EgressRule {
                port: 443,
                cidr: value::cidr::ANYWHERE,
            }],
        }
    }
}

/// Bounds and targets of the data plane's autoscaling.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Scaling {
    /// Fewest tasks. Default: 2.
    pub(crate) min: u32,
    /// Most tasks. Default: 10.
    pub(crate) max: u32,
    /// Average CPU to hold, in percent of the task's. Default: 60.
    pub(crate) cpu: Percent,
    /// Average memory to hold, in percent of the task's. Default: memory does not scale.
    pub(crate) memory: Option<Percent>,
    /// Requests a minute and task to hold. Default: requests do not scale.
    pub(crate) requests_per_target: Option<u32>,
}

impl Default for Scaling {
    fn default() -> Self {
        Self {
            min: 2,
            max: 10,
            cpu: Percent::new(60),
            memory: None,
            requests_per_target: None,
        }
    }
}

/// TCP traffic the data plane may send to an upstream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EgressRule {
    /// The upstream's TCP port, 1 to 65535.
    pub(crate) port: u16,
    /// The upstream's addresses.
    #[serde(deserialize_with = "value::cidr::one")]
    pub(crate) cidr: Ipv4Net,
}
