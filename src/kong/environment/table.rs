//! The table of all settings, and why each is what it is.
//!
//! Sources: `kong.conf` is `kong.conf.default`, `defaults` `kong/templates/kong_defaults.lua`, other paths are of
//! Kong/kong at 3.9.3, `image` is Kong/docker-kong at 3.9.3, `#N` an issue of Kong/kong.

use super::Role::{self, ControlPlane, DataPlane, Migrations};
use super::{ADMIN_PORT, CLUSTER_PORT, PROXY_PORT, STATUS_PORT};

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// The variable.
    pub(super) name: &'static str,
    /// The tasks it is set on.
    pub(super) on: &'static [Role],
    /// Its value.
    pub(super) value: Value,
    /// Why it is set, and to that.
    #[cfg_attr(not(test), expect(dead_code, reason = "told by a test's snapshot"))]
    pub(super) reason: &'static str,
    /// Where Kong says so.
    #[cfg_attr(not(test), expect(dead_code, reason = "told by a test's snapshot"))]
    pub(super) source: &'static str,
}

/// What a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// The same in every stack.
    Is(&'static str),
    /// A port on all of the task's addresses.
    Listens(u16),
    /// The control plane's name and port.
    ControlPlane,
    /// The database's writer endpoint.
    DatabaseHost,
    /// The database's name.
    DatabaseName,
    /// The database's port.
    DatabasePort,
    /// The address ranges of the load balancer's subnets.
    LoadBalancer,
    /// One a begun vCPU of the task.
    Workers,
    /// What the node's workers have to finish.
    WorkerShutdown,
    /// From Secrets Manager, filled in by ECS: no value of it is in a blueprint.
    Secret,
}

const NODES: &[Role] = &[ControlPlane, DataPlane];
const CONNECTED: &[Role] = &[ControlPlane, Migrations];
const ALL: &[Role] = &[ControlPlane, DataPlane, Migrations];

const fn row(
    name: &'static str,
    on: &'static [Role],
    value: Value,
    reason: &'static str,
    source: &'static str,
) -> Setting {
    Setting {
        name,
        on,
        value,
        reason,
        source,
    }
}

/// Every setting there is. A variable may stand twice, for different tasks.
pub(super) const TABLE: &[Setting] = &[
    // What a node is.
    row(
        "KONG_ROLE",
        &[ControlPlane],
        Value::Is("control_plane"),
        "It owns the configuration; a migrations task keeps the default, which needs no certificate.",
        "kong.conf: role",
    ),
    row(
        "KONG_ROLE",
        &[DataPlane],
        Value::Is("data_plane"),
        "It takes its configuration from the control plane.",
        "kong.conf: role",
    ),
    row(
        "KONG_DATABASE",
        CONNECTED,
        Value::Is("postgres"),
        "The configuration lies in Aurora PostgreSQL.",
        "kong.conf: database",
    ),
    row(
        "KONG_DATABASE",
        &[DataPlane],
        Value::Is("off"),
        "A data plane refuses to start with a database, and never touches one.",
        "kong/conf_loader: role = data_plane",
    ),
    // How the planes find and trust each other.
    row(
        "KONG_CLUSTER_MTLS",
        NODES,
        Value::Is("shared"),
        "Both planes hold the same certificate, compared by its digest; a setting built into an image must not change that.",
        "kong/clustering/tls.lua:28-41",
    ),
    row(
        "KONG_CLUSTER_CERT",
        NODES,
        Value::Secret,
        "PEM text is taken as it is, so no file and no shell are needed.",
        "kong/conf_loader/parse.lua:706-731",
    ),
    row(
        "KONG_CLUSTER_CERT_KEY",
        NODES,
        Value::Secret,
        "As its certificate.",
        "kong/conf_loader/parse.lua:706-731",
    ),
    row(
        "KONG_CLUSTER_LISTEN",
        &[ControlPlane],
        Value::Listens(CLUSTER_PORT),
        "Where data planes connect; telemetry on 8006 does not exist in the open-source edition.",
        "defaults:32",
    ),
    row(
        "KONG_CLUSTER_CONTROL_PLANE",
        &[DataPlane],
        Value::ControlPlane,
        "Cloud Map's name, which leads to whichever control plane runs.",
        "kong.conf: cluster_control_plane",
    ),
    row(
        "KONG_DNS_STALE_TTL",
        ALL,
        Value::Is("5"),
        "The default of an hour keeps using addresses of control planes, and of database writers after a failover, long gone.",
        "kong.conf: dns_stale_ttl; #11713",
    ),
    // Who may reach what.
    row(
        "KONG_PROXY_LISTEN",
        &[ControlPlane],
        Value::Is("off"),
        "It serves no traffic; a port that nobody may reach is one less to patch.",
        "kong.conf: proxy_listen",
    ),
    row(
        "KONG_PROXY_LISTEN",
        &[DataPlane],
        Value::Listens(PROXY_PORT),
        "The target group's port; TLS ends at the load balancer, so Kong's 8443 is left out.",
        "kong.conf: proxy_listen",
    ),
    row(
        "KONG_ADMIN_LISTEN",
        &[ControlPlane],
        Value::Listens(ADMIN_PORT),
        "The default is localhost; the security group admits the data planes only.",
        "kong.conf: admin_listen",
    ),
    row(
        "KONG_ADMIN_LISTEN",
        &[DataPlane],
        Value::Is("off"),
        "A data plane has no configuration of its own to administer.",
        "kong.conf: admin_listen",
    ),
    row(
        "KONG_ADMIN_GUI_LISTEN",
        NODES,
        Value::Is("off"),
        "Kong Manager has no authentication of its own in the open-source edition.",
        "kong.conf: admin_gui_listen",
    ),
    row(
        "KONG_STATUS_LISTEN",
        NODES,
        Value::Listens(STATUS_PORT),
        "The default is localhost; the target group asks it for `/status/ready`, which is on no other port.",
        "kong.conf: status_listen; kong/status/ready.lua",
    ),
    // Whom to believe about the client.
    row(
        "KONG_TRUSTED_IPS",
        &[DataPlane],
        Value::LoadBalancer,
        "Only the load balancer's group reaches the proxy port, so what it says of the client is true; without this every client has its address.",
        "kong.conf: trusted_ips",
    ),
    row(
        "KONG_REAL_IP_HEADER",
        &[DataPlane],
        Value::Is("X-Forwarded-For"),
        "Where the load balancer says whom it speaks for.",
        "kong.conf: real_ip_header",
    ),
    row(
        "KONG_REAL_IP_RECURSIVE",
        &[DataPlane],
        Value::Is("off"),
        "The load balancer appends the client's address as the last one; looking further left believes what the client wrote, as soon as it comes from the load balancer's subnets.",
        "kong.conf: real_ip_recursive",
    ),
    // The database.
    row(
        "KONG_PG_HOST",
        CONNECTED,
        Value::DatabaseHost,
        "The cluster's endpoint, which follows the writer.",
        "kong.conf: pg_host",
    ),
    row(
        "KONG_PG_PORT",
        CONNECTED,
        Value::DatabasePort,
        "PostgreSQL's.",
        "kong.conf: pg_port",
    ),
    row(
        "KONG_PG_DATABASE",
        CONNECTED,
        Value::DatabaseName,
        "The one made with the cluster.",
        "kong.conf: pg_database",
    ),
    row(
        "KONG_PG_USER",
        CONNECTED,
        Value::Secret,
        "Aurora keeps user and password in a secret of its own.",
        "kong.conf: pg_user",
    ),
    row(
        "KONG_PG_PASSWORD",
        CONNECTED,
        Value::Secret,
        "The open-source edition knows no IAM authentication.",
        "kong.conf: pg_password",
    ),
    row(
        "KONG_PG_SSL",
        CONNECTED,
        Value::Is("on"),
        "The server has `rds.force_ssl` and refuses anything else. Its certificate is not verified: that RDS's chain passes Kong's verification depth is not confirmed.",
        "kong.conf: pg_ssl",
    ),
    row(
        "KONG_PG_TIMEOUT",
        CONNECTED,
        Value::Is("60000"),
        "Milliseconds. The default of 5 s is less than a paused database needs to wake up: 15 s, after a day 30 s or more.",
        "kong.conf: pg_timeout",
    ),
    // The process.
    row(
        "KONG_NGINX_WORKER_PROCESSES",
        NODES,
        Value::Workers,
        "`auto` counts the host's processors, not the task's.",
        "kong.conf: nginx_worker_processes",
    ),
    row(
        "KONG_NGINX_MAIN_WORKER_SHUTDOWN_TIMEOUT",
        NODES,
        Value::WorkerShutdown,
        "nginx waits for ever; ECS kills. See the order of the times in `shutdown`.",
        "image: STOPSIGNAL SIGQUIT",
    ),
    // What is told to whom.
    row(
        "KONG_ANONYMOUS_REPORTS",
        ALL,
        Value::Is("off"),
        "What an operator expects; without a way out they would only fail.",
        "kong.conf: anonymous_reports",
    ),
    row(
        "KONG_HEADERS",
        &[DataPlane],
        Value::Is("latency_tokens"),
        "The default also tells every client Kong's exact version, in `Server` and `Via`.",
        "kong.conf: headers",
    ),
    row(
        "KONG_PROXY_ACCESS_LOG",
        &[DataPlane],
        Value::Is("/dev/stdout"),
        "Request line, status and agent: no other header, so no API key, which the admin route takes from a header only.",
        "kong.conf: proxy_access_log",
    ),
    row(
        "KONG_PROXY_ERROR_LOG",
        &[DataPlane],
        Value::Is("/dev/stderr"),
        "To CloudWatch, like everything a task says.",
        "kong.conf: proxy_error_log",
    ),
    row(
        "KONG_ADMIN_ACCESS_LOG",
        &[ControlPlane],
        Value::Is("/dev/stdout"),
        "Who changed what, and when.",
        "kong.conf: admin_access_log",
    ),
    row(
        "KONG_ADMIN_ERROR_LOG",
        &[ControlPlane],
        Value::Is("/dev/stderr"),
        "To CloudWatch, like everything a task says.",
        "kong.conf: admin_error_log",
    ),
    row(
        "KONG_STATUS_ACCESS_LOG",
        NODES,
        Value::Is("off"),
        "A line for every health check would bury the others.",
        "kong.conf: status_access_log",
    ),
    row(
        "KONG_STATUS_ERROR_LOG",
        NODES,
        Value::Is("/dev/stderr"),
        "To CloudWatch, like everything a task says.",
        "kong.conf: status_error_log",
    ),
];
