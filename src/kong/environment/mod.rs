//! Kong's settings: one table with every variable, the tasks it is set on, its value, the reason, and where Kong says so.
//!
//! What Kong's defaults already are is repeated only where the stack would break without it. The operator's own settings
//! come on top; those that would break the stack are refused by the spec's rules, as a test here insists.

mod table;

use std::collections::BTreeMap;
use std::fmt;

use super::shutdown::{self, Shutdown};
use crate::resource::Text;
use table::{Setting, TABLE, Value};

/// Proxy traffic, on data planes.
pub(crate) const PROXY_PORT: u16 = 8000;
/// The Admin API, on the control plane.
pub(crate) const ADMIN_PORT: u16 = 8001;
/// Configuration for data planes over mutual TLS, on the control plane.
pub(crate) const CLUSTER_PORT: u16 = 8005;
/// Health and readiness, on both.
pub(crate) const STATUS_PORT: u16 = 8007;
/// PostgreSQL.
pub(crate) const DATABASE_PORT: u16 = 5432;

/// The variables that both planes take from Secrets Manager.
pub(crate) const CLUSTER_CERT: &str = "KONG_CLUSTER_CERT";
/// The private key that goes with [`CLUSTER_CERT`].
pub(crate) const CLUSTER_CERT_KEY: &str = "KONG_CLUSTER_CERT_KEY";
/// The database's user, where a database is used.
pub(crate) const PG_USER: &str = "KONG_PG_USER";
/// The password that goes with [`PG_USER`].
pub(crate) const PG_PASSWORD: &str = "KONG_PG_PASSWORD";

/// Kong's settings by variable.
pub(crate) type Environment = BTreeMap<String, Text>;

/// What a task of Kong is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It owns the configuration.
    ControlPlane,
    /// It serves traffic.
    DataPlane,
    /// It changes the database's schema, or imports into it. It has the operator's own settings as well, for plugins
    /// bring migrations.
    Migrations,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlPlane => "control plane",
            Self::DataPlane => "data plane",
            Self::Migrations => "migrations",
        })
    }
}

/// What the settings of a stack are made from.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings<'a> {
    /// The database's writer endpoint.
    pub(crate) database_host: Text,
    /// The database's name.
    pub(crate) database_name: &'static str,
    /// The control plane's name.
    pub(crate) control_plane: String,
    /// The address ranges of the load balancer's subnets, with commas between them.
    pub(crate) load_balancer: Text,
    /// CPU units of the task, 1024 a vCPU.
    pub(crate) cpu: u32,
    /// The operator's own settings.
    pub(crate) own: &'a BTreeMap<String, String>,
}

/// The settings of a task, secrets left out.
pub(crate) fn environment(role: Role, around: &Surroundings<'_>) -> Environment {
    drawn_from(TABLE, role, around)
}

fn drawn_from<'a>(
    table: impl IntoIterator<Item = &'a Setting>,
    role: Role,
    around: &Surroundings<'_>,
) -> Environment {
    let ours = table.into_iter();
    let ours = ours.filter(|setting| setting.on.contains(&role));
    let ours = ours.filter_map(|setting| {
        let value = value(setting, role, around)?;
        Some((setting.name.to_owned(), value))
    });
    let own = around.own.iter();
    let own = own.map(|(name, value)| (name.clone(), value.as_str().into()));
    ours.chain(own).collect()
}

fn value(setting: &Setting, role: Role, around: &Surroundings<'_>) -> Option<Text> {
    Some(match setting.value {
        Value::Is(text) => text.into(),
        Value::Listens(port) => format!("0.0.0.0:{port}").into(),
        Value::ControlPlane => format!("{}:{CLUSTER_PORT}", around.control_plane).into(),
        Value::DatabaseHost => around.database_host.clone(),
        Value::DatabaseName => around.database_name.into(),
        Value::DatabasePort => DATABASE_PORT.to_string().into(),
        Value::LoadBalancer => around.load_balancer.clone(),
        Value::Workers => workers(around.cpu).to_string().into(),
        Value::WorkerShutdown => format!("{}s", shutdown(role).workers.as_secs()).into(),
        Value::Secret => return None,
    })
}

/// How a node of that role ends; what serves nothing ends as a control plane does.
fn shutdown(role: Role) -> Shutdown {
    match role {
        Role::DataPlane => shutdown::DATA_PLANE,
        Role::ControlPlane | Role::Migrations => shutdown::CONTROL_PLANE,
    }
}

/// One worker a begun vCPU.
fn workers(cpu: u32) -> u32 {
    cpu.div_ceil(1024).max(1)
}

#[cfg(test)]
mod tests;
