//! What the table holds, and that nothing the stack stands on can be taken from under it.

use std::cell::Cell;
use std::panic::catch_unwind;

use super::*;
use crate::spec::{Source, load};

const ROLES: [Role; 3] = [Role::ControlPlane, Role::DataPlane, Role::Migrations];

/// What an operator may set otherwise: taste, not structure. Everything else in the table is refused in a spec.
const FREE: [&str; 11] = [
    "KONG_ADMIN_ACCESS_LOG",
    "KONG_ADMIN_ERROR_LOG",
    "KONG_ANONYMOUS_REPORTS",
    "KONG_DNS_STALE_TTL",
    "KONG_HEADERS",
    "KONG_NGINX_WORKER_PROCESSES",
    "KONG_PROXY_ACCESS_LOG",
    "KONG_PROXY_ERROR_LOG",
    "KONG_STATUS_ACCESS_LOG",
    "KONG_STATUS_ERROR_LOG",
    "KONG_LOG_LEVEL",
];

thread_local! {
    /// The row of the table that is left out just now.
    static LEFT_OUT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The tests of what the settings are for.
const CLAIMS: [fn(); 9] = [
    only_what_uses_the_database_knows_it,
    the_database_is_found_where_the_stack_has_it,
    the_planes_meet_at_one_port_with_one_certificate,
    the_admin_api_listens_on_the_control_plane_only_and_the_gui_nowhere,
    the_load_balancer_is_believed_about_its_own_client_and_nothing_else,
    nothing_is_told_to_strangers,
    what_a_task_says_goes_where_ecs_takes_it_from,
    a_worker_has_the_time_that_its_task_has,
    workers_follow_the_task_not_the_host,
];

#[test]
fn whatever_setting_is_taken_away_a_test_misses_it() {
    for (index, setting) in TABLE.iter().enumerate() {
        // A secret is no part of the environment; `blueprint` tests where it comes from.
        if setting.value == Value::Secret {
            continue;
        }
        LEFT_OUT.set(Some(index));
        let missed = CLAIMS.iter().any(|claim| catch_unwind(claim).is_err());
        LEFT_OUT.set(None);
        assert!(
            missed,
            "nothing misses {} on {:?}",
            setting.name, setting.on
        );
    }
}

fn of(role: Role, own: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let own = own.iter().map(owned).collect();
    let around = Surroundings {
        database_host: "db.example".into(),
        database_name: "kong",
        control_plane: "config.kong.local".to_owned(),
        load_balancer: "10.0.1.0/24,10.0.2.0/24".into(),
        cpu: 2048,
        own: &own,
    };
    let left = LEFT_OUT.get();
    let table = TABLE.iter().enumerate();
    let table = table.filter(|(index, _)| left != Some(*index));
    let environment = drawn_from(table.map(|(_, setting)| setting), role, &around).into_iter();
    environment
        .map(|(name, value)| (name, value.to_string()))
        .collect()
}

fn get(role: Role, name: &str) -> Option<String> {
    of(role, &[]).remove(name)
}

#[test]
fn the_table() {
    let mut text = String::new();
    for setting in TABLE {
        let on: Vec<String> = setting.on.iter().map(ToString::to_string).collect();
        let value = match (setting.value, setting.on.first()) {
            (Value::Secret, _) | (_, None) => "from Secrets Manager".to_owned(),
            (_, Some(role)) => get(*role, setting.name).unwrap_or_default(),
        };
        let (name, reason, source) = (setting.name, setting.reason, setting.source);
        text += &format!(
            "{name} = {value}\n  on: {}\n  {reason}\n  ({source})\n",
            on.join(", ")
        );
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("environment", text));
}

#[test]
fn no_variable_stands_twice_for_one_task_and_every_one_has_its_reason() {
    for role in ROLES {
        let of_role = TABLE.iter().filter(|setting| setting.on.contains(&role));
        let mut names: Vec<&str> = of_role.map(|setting| setting.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{role}");
    }
    for setting in TABLE {
        assert!(
            setting.reason.ends_with('.') && !setting.source.is_empty(),
            "{setting:?}"
        );
    }
}

#[test]
fn only_what_uses_the_database_knows_it() {
    for role in [Role::ControlPlane, Role::Migrations] {
        assert_eq!(
            get(role, "KONG_DATABASE").as_deref(),
            Some("postgres"),
            "{role}"
        );
        assert_eq!(get(role, "KONG_PG_SSL").as_deref(), Some("on"), "{role}");
        assert_eq!(
            get(role, "KONG_PG_TIMEOUT").as_deref(),
            Some("60000"),
            "{role}"
        );
    }
    assert_eq!(
        get(Role::DataPlane, "KONG_DATABASE").as_deref(),
        Some("off")
    );
    let data_plane = of(Role::DataPlane, &[]);
    assert!(data_plane.keys().all(|name| !name.starts_with("KONG_PG_")));
    assert_eq!(get(Role::Migrations, "KONG_ROLE"), None);
}

#[test]
fn the_database_is_found_where_the_stack_has_it() {
    for role in [Role::ControlPlane, Role::Migrations] {
        for (name, value) in [
            ("KONG_PG_HOST", "db.example"),
            ("KONG_PG_PORT", "5432"),
            ("KONG_PG_DATABASE", "kong"),
        ] {
            assert_eq!(get(role, name).as_deref(), Some(value), "{role} {name}");
        }
    }
}

#[test]
fn the_planes_meet_at_one_port_with_one_certificate() {
    let listen = get(Role::ControlPlane, "KONG_CLUSTER_LISTEN");
    assert_eq!(listen.as_deref(), Some("0.0.0.0:8005"));
    let name = get(Role::DataPlane, "KONG_CLUSTER_CONTROL_PLANE");
    assert_eq!(name.as_deref(), Some("config.kong.local:8005"));
    for role in [Role::ControlPlane, Role::DataPlane] {
        assert_eq!(get(role, "KONG_CLUSTER_MTLS").as_deref(), Some("shared"));
    }
    for role in ROLES {
        assert_eq!(get(role, "KONG_DNS_STALE_TTL").as_deref(), Some("5"));
    }
    let role = |role| get(role, "KONG_ROLE");
    assert_eq!(role(Role::ControlPlane).as_deref(), Some("control_plane"));
    assert_eq!(role(Role::DataPlane).as_deref(), Some("data_plane"));
}

#[test]
fn the_admin_api_listens_on_the_control_plane_only_and_the_gui_nowhere() {
    let listen = |role, name: &str| get(role, name).unwrap_or_default();
    assert_eq!(
        listen(Role::ControlPlane, "KONG_ADMIN_LISTEN"),
        "0.0.0.0:8001"
    );
    assert_eq!(listen(Role::DataPlane, "KONG_ADMIN_LISTEN"), "off");
    assert_eq!(listen(Role::ControlPlane, "KONG_PROXY_LISTEN"), "off");
    for role in [Role::ControlPlane, Role::DataPlane] {
        assert_eq!(listen(role, "KONG_ADMIN_GUI_LISTEN"), "off");
        assert_eq!(listen(role, "KONG_STATUS_LISTEN"), "0.0.0.0:8007");
    }
    assert_eq!(listen(Role::DataPlane, "KONG_PROXY_LISTEN"), "0.0.0.0:8000");
}

#[test]
fn the_load_balancer_is_believed_about_its_own_client_and_nothing_else() {
    let value = |name: &str| get(Role::DataPlane, name).unwrap_or_default();
    assert_eq!(value("KONG_TRUSTED_IPS"), "10.0.1.0/24,10.0.2.0/24");
    assert_eq!(value("KONG_REAL_IP_HEADER"), "X-Forwarded-For");
    assert_eq!(value("KONG_REAL_IP_RECURSIVE"), "off");
}

#[test]
fn nothing_is_told_to_strangers() {
    for role in ROLES {
        assert_eq!(
            get(role, "KONG_ANONYMOUS_REPORTS").as_deref(),
            Some("off"),
            "{role}"
        );
    }
    let headers = get(Role::DataPlane, "KONG_HEADERS");
    // Kong's default, and so what it is without the setting, has `server_tokens` in it.
    assert_eq!(headers.as_deref(), Some("latency_tokens"));
    // The default format of nginx's access log, without a header that could hold a key.
    let format = |name: &&String| name.contains("LOG_FORMAT") || name.contains("NGINX_HTTP_LOG");
    let all: Vec<String> = ROLES
        .into_iter()
        .flat_map(|role| of(role, &[]).into_keys())
        .collect();
    assert_eq!(all.iter().find(format), None);
}

#[test]
fn what_a_task_says_goes_where_ecs_takes_it_from() {
    let log = |role, name: &str| get(role, &format!("KONG_{name}_LOG")).unwrap_or_default();
    for (role, part) in [(Role::DataPlane, "PROXY"), (Role::ControlPlane, "ADMIN")] {
        assert_eq!(log(role, &format!("{part}_ACCESS")), "/dev/stdout");
        assert_eq!(log(role, &format!("{part}_ERROR")), "/dev/stderr");
    }
    for role in [Role::ControlPlane, Role::DataPlane] {
        assert_eq!(log(role, "STATUS_ACCESS"), "off");
        assert_eq!(log(role, "STATUS_ERROR"), "/dev/stderr");
    }
}

#[test]
fn a_worker_has_the_time_that_its_task_has() {
    let value = |role| get(role, "KONG_NGINX_MAIN_WORKER_SHUTDOWN_TIMEOUT");
    let seconds = |shutdown: Shutdown| Some(format!("{}s", shutdown.workers.as_secs()));
    assert_eq!(value(Role::DataPlane), seconds(shutdown::DATA_PLANE));
    assert_eq!(value(Role::ControlPlane), seconds(shutdown::CONTROL_PLANE));
}

#[test]
fn workers_follow_the_task_not_the_host() {
    assert_eq!(
        get(Role::DataPlane, "KONG_NGINX_WORKER_PROCESSES").as_deref(),
        Some("2")
    );
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

/// The rules a spec with this setting breaks.
fn refused(name: &str) -> Vec<String> {
    let text = format!("name: demo\nregion: eu-west-1\nkong: {{environment: {{{name}: '1'}}}}\n");
    let source = Source {
        name: "test.yaml".to_owned(),
        text,
    };
    match load(source, &[]) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid
            .problems
            .iter()
            .map(|one| one.rule.to_string())
            .collect(),
    }
}

#[test]
fn what_the_stack_stands_on_is_refused_in_a_spec_and_taste_is_not() {
    for setting in TABLE {
        let expected = match FREE.contains(&setting.name) {
            true => Vec::new(),
            false => vec!["environment-reserved".to_owned()],
        };
        assert_eq!(refused(setting.name), expected, "{}", setting.name);
    }
}

#[test]
fn the_operators_settings_win_where_they_are_taken() {
    for name in FREE {
        for role in ROLES {
            assert_eq!(of(role, &[(name, "9")])[name], "9", "{name} on {role}");
        }
    }
}
