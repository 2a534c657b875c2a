//! Kong's settings, one table a role: every variable with the reason it is set.
//!
//! What Kong's defaults already are is not repeated here. Secrets are not here either: ECS fills those in.

use std::collections::BTreeMap;

use crate::resource::Text;

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

/// Seconds a data plane's worker has to finish its requests after the signal to stop. ECS kills the task at
/// 120 s, its maximum, so this leaves room for the process around it.
pub(crate) const DATA_PLANE_DRAIN: u32 = 100;
/// Seconds for a control plane's: its data planes hold on to their connections and come back to the next one.
pub(crate) const CONTROL_PLANE_DRAIN: u32 = 10;

/// Kong's settings by variable.
pub(crate) type Environment = BTreeMap<String, Text>;

/// Where the database is.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    /// The writer endpoint.
    pub(crate) host: Text,
    /// The database's name.
    pub(crate) name: String,
}

/// The control plane's settings, with the operator's own on top.
pub(crate) fn control_plane(
    database: &Database,
    cpu: u32,
    own: &BTreeMap<String, String>,
) -> Environment {
    let drain = format!("{CONTROL_PLANE_DRAIN}s");
    let table = [
        ("KONG_ROLE", Text::from("control_plane")),
        // It serves no traffic; a listener nobody may reach is one less to patch.
        ("KONG_PROXY_LISTEN", "off".into()),
        // Kong's default is localhost; the security group admits the data planes only.
        ("KONG_ADMIN_LISTEN", listen(ADMIN_PORT)),
        ("KONG_CLUSTER_LISTEN", listen(CLUSTER_PORT)),
        ("KONG_NGINX_MAIN_WORKER_SHUTDOWN_TIMEOUT", drain.into()),
        ("KONG_ADMIN_ACCESS_LOG", "/dev/stdout".into()),
        ("KONG_ADMIN_ERROR_LOG", "/dev/stderr".into()),
    ];
    joined([&table[..], &postgres(database), &node(cpu)], own)
}

/// A data plane's settings, with the operator's own on top.
pub(crate) fn data_plane(
    control_plane_host: &str,
    trusted: Text,
    cpu: u32,
    own: &BTreeMap<String, String>,
) -> Environment {
    let control_plane = format!("{control_plane_host}:{CLUSTER_PORT}");
    let drain = format!("{DATA_PLANE_DRAIN}s");
    let table = [
        ("KONG_ROLE", Text::from("data_plane")),
        // It never touches the database: its configuration comes from the control plane.
        ("KONG_DATABASE", "off".into()),
        ("KONG_CLUSTER_CONTROL_PLANE", control_plane.into()),
        ("KONG_PROXY_LISTEN", listen(PROXY_PORT)),
        ("KONG_ADMIN_LISTEN", "off".into()),
        // The load balancer's nodes are the only senders of the proxy port, so what they say of the client is true.
        // Without this every client has the load balancer's address, and restrictions by address test that.
        ("KONG_TRUSTED_IPS", trusted),
        ("KONG_REAL_IP_HEADER", "X-Forwarded-For".into()),
        // The default of an hour keeps using the addresses of control planes long gone.
        ("KONG_DNS_STALE_TTL", "5".into()),
        ("KONG_NGINX_MAIN_WORKER_SHUTDOWN_TIMEOUT", drain.into()),
        ("KONG_PROXY_ACCESS_LOG", "/dev/stdout".into()),
        ("KONG_PROXY_ERROR_LOG", "/dev/stderr".into()),
    ];
    joined([&table[..], &node(cpu), &[]], own)
}

/// The settings of a task that migrates the schema: the role stays Kong's default, which needs no certificate. The
/// operator's own are in it too, for plugins bring migrations.
pub(crate) fn migrations(database: &Database, own: &BTreeMap<String, String>) -> Environment {
    let reports = [("KONG_ANONYMOUS_REPORTS", Text::from("off"))];
    joined([&postgres(database), &reports, &[]], own)
}

/// What every node that uses the database has.
fn postgres(database: &Database) -> [(&'static str, Text); 6] {
    let Database { host, name } = database;
    [
        ("KONG_DATABASE", Text::from("postgres")),
        ("KONG_PG_HOST", host.clone()),
        ("KONG_PG_PORT", DATABASE_PORT.to_string().into()),
        ("KONG_PG_DATABASE", name.as_str().into()),
        // The server refuses anything else.
        ("KONG_PG_SSL", "on".into()),
        // Milliseconds. The default of 5 s is less than a paused database needs to wake up.
        ("KONG_PG_TIMEOUT", "60000".into()),
    ]
}

/// What every serving node has.
fn node(cpu: u32) -> [(&'static str, Text); 6] {
    [
        // Kong's default is localhost; health checks come from outside.
        ("KONG_STATUS_LISTEN", listen(STATUS_PORT)),
        // One line a health check and node would bury the others.
        ("KONG_STATUS_ACCESS_LOG", "off".into()),
        ("KONG_STATUS_ERROR_LOG", "/dev/stderr".into()),
        // It has no authentication of its own in the open-source edition.
        ("KONG_ADMIN_GUI_LISTEN", "off".into()),
        ("KONG_ANONYMOUS_REPORTS", "off".into()),
        // `auto` counts the host's processors, not the task's.
        (
            "KONG_NGINX_WORKER_PROCESSES",
            workers(cpu).to_string().into(),
        ),
    ]
}

/// One worker a begun vCPU.
fn workers(cpu: u32) -> u32 {
    cpu.div_ceil(1024).max(1)
}

fn listen(port: u16) -> Text {
    format!("0.0.0.0:{port}").into()
}

fn joined<const N: usize>(
    tables: [&[(&'static str, Text)]; N],
    own: &BTreeMap<String, String>,
) -> Environment {
    let ours = tables
        .into_iter()
        .flatten()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    let own = own
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()));
    ours.chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Database {
        Database {
            host: "db.example".into(),
            name: "kong".to_owned(),
        }
    }

    fn get(environment: &Environment, name: &str) -> Option<String> {
        environment.get(name).map(ToString::to_string)
    }

    #[test]
    fn only_the_control_plane_knows_the_database() {
        let own = BTreeMap::new();
        let cp = control_plane(&database(), 512, &own);
        let dp = data_plane("config.kong.local", "10.0.1.0/24".into(), 512, &own);
        assert_eq!(get(&cp, "KONG_DATABASE").as_deref(), Some("postgres"));
        assert_eq!(get(&cp, "KONG_PG_TIMEOUT").as_deref(), Some("60000"));
        assert_eq!(get(&dp, "KONG_DATABASE").as_deref(), Some("off"));
        assert!(dp.keys().all(|name| !name.starts_with("KONG_PG_")));
        assert_eq!(
            get(&dp, "KONG_CLUSTER_CONTROL_PLANE").as_deref(),
            Some("config.kong.local:8005")
        );
    }

    #[test]
    fn the_admin_api_listens_on_the_control_plane_only() {
        let own = BTreeMap::new();
        let cp = control_plane(&database(), 512, &own);
        let dp = data_plane("cp", Text::default(), 512, &own);
        assert_eq!(
            get(&cp, "KONG_ADMIN_LISTEN").as_deref(),
            Some("0.0.0.0:8001")
        );
        assert_eq!(get(&dp, "KONG_ADMIN_LISTEN").as_deref(), Some("off"));
        assert_eq!(get(&cp, "KONG_PROXY_LISTEN").as_deref(), Some("off"));
        for plane in [cp, dp] {
            assert_eq!(get(&plane, "KONG_ADMIN_GUI_LISTEN").as_deref(), Some("off"));
        }
    }

    #[test]
    fn the_operators_settings_win() {
        let own = BTreeMap::from([("KONG_DNS_STALE_TTL".to_owned(), "9".to_owned())]);
        let dp = data_plane("cp", Text::default(), 512, &own);
        assert_eq!(get(&dp, "KONG_DNS_STALE_TTL").as_deref(), Some("9"));
    }

    #[test]
    fn workers_follow_the_task_not_the_host() {
        for (cpu, count) in [
            (256, 1),
            (512, 1),
            (1024, 1),
            (2048, 2),
            (4096, 4),
            (16384, 16),
        ] {
            assert_eq!(workers(cpu), count, "{cpu}");
        }
    }
}
