//! What is disturbed: a first apply, changes, a destruction.

use serde_json::json;

/// The region of all scenarios.
pub(crate) const REGION: &str = "eu-west-1";

/// The zone in which the stack makes its record; somebody else's.
pub(crate) const ZONE: &str = "example.com";

/// The names that the stack answers to: the one it begins with, and the one it may get.
pub(crate) const NAMES: [&str; 2] = [DOMAIN, OTHER_DOMAIN];
const DOMAIN: &str = "gw.example.com";
const OTHER_DOMAIN: &str = "api.example.com";

/// A run of the program, and what it finds.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// The spec that was applied before; a first apply finds nothing.
    pub(crate) before: Option<String>,
    /// The spec it runs with.
    pub(crate) spec: String,
    /// `apply`, `cert rotate` or `destroy`, with flags.
    pub(crate) command: &'static str,
    /// Whether traffic goes on all the while.
    pub(crate) serves: bool,
}

/// All there are. Together they make, change, replace and delete every kind.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let base = spec("nat", "3.8.1", 512, 4, "");
    let renamed = base.replace(DOMAIN, OTHER_DOMAIN) + &others();
    let changed = |name, spec| Scenario {
        name,
        before: Some(base.clone()),
        spec,
        command: "apply",
        serves: false,
    };
    vec![
        Scenario {
            name: "create",
            before: None,
            spec: base.clone(),
            command: "apply",
            serves: false,
        },
        Scenario {
            serves: true,
            ..changed("upgrade", spec("nat", "3.9.1", 1024, 6, ""))
        },
        changed("replace", renamed),
        changed("network", spec("endpoints", "3.8.1", 512, 4, "")),
        Scenario {
            command: "cert rotate",
            serves: true,
            ..changed("rotate", base.clone())
        },
        Scenario {
            // A run of throttled calls takes so long that the day's logs are archived meanwhile.
            command: "destroy --allow-data-loss ingress/access-logs",
            ..changed("destroy", base.clone())
        },
    ]
}

fn spec(egress: &str, image: &str, cpu: u32, max: u32, more: &str) -> String {
    let memory = cpu * 2;
    // It stays awake as long as a run takes: when it would sleep else depends on how long that is.
    let extend = cpu / 32;
    format!(
        "\
name: matrix
region: {REGION}
network: {{egress: {egress}, flow_logs: {{enabled: true}}}}
ingress: {{domain: {DOMAIN}, hosted_zone: {ZONE}, certificate: issue, access_logs: {{enabled: true}}, waf: {{rate_limit: 2000}}}}
database: {{capacity: {{min: 0, max: {max}}}, deletion_protection: false}}
kong: {{image: '123456789012.dkr.ecr.{REGION}.amazonaws.com/kong:{image}'}}
control_plane: {{cpu: {cpu}, memory: {memory}, mode: on-demand, on_demand: {{cooldown: 23h, extend: {extend}m}}}}
data_plane: {{cpu: {cpu}, memory: {memory}, scaling: {{min: 2, max: {max}}}}}
admin: {{allow: [203.0.113.0/24]}}
logs: {{archive: {{enabled: true}}}}
alarms: {{email: ops@example.com}}
encryption: {{kms_key: create}}
{more}"
    )
}

/// Other names for all that can be replaced without losing data, which is nearly everything.
fn others() -> String {
    let names = json!({
        "load_balancer": "other-alb",
        "target_group": "other-tg",
        "ecs_cluster": "other-ecs",
        "control_plane_service": "other-cp",
        "data_plane_service": "other-dp",
        "control_plane_family": "other-cp",
        "data_plane_family": "other-dp",
        "migrations_family": "other-migrations",
        "database_parameter_group": "other-parameters",
        "database_instance": "other-db",
        "execution_role": "other-execution",
        "control_plane_role": "other-cp-task",
        "data_plane_role": "other-dp-task",
        "encryption_key": "other-key",
        "alarm_topic": "other-alarms",
        "web_acl": "other-acl",
        "admin_ip_set": "other-admin",
        "load_balancer_security_group": "other-alb",
        "data_plane_security_group": "other-dp",
        "control_plane_security_group": "other-cp",
        "control_plane_machine": "other-machine",
        "control_plane_timer": "other-timer",
        "new_tasks_rule": "other-tasks",
        "push_rule": "other-push",
        "machine_role": "other-machine",
        "starter_role": "other-starter",
        "log_archive_machine": "other-archive",
        "log_archive_rule": "other-archive",
        "log_archive_role": "other-archive",
        "log_archive_starter_role": "other-archive-starter",
        "database_security_group": "other-db",
    });
    format!("discovery: {{namespace: gw.local, service: settings}}\nnames: {names}\n")
}
