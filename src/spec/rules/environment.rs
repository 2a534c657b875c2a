//! More settings for Kong: only Kong's, none that the stack stands on, no secrets.

use super::at;
use crate::spec::model::StackSpec;
use crate::spec::path::SpecPath;
use crate::spec::problem::{Problem, Problems};

const PLANES: &str = "control plane and data planes are told apart and find each other by it";
const DATABASE: &str = "it leads to the stack's database; data planes must have none";
const HEALTH: &str =
    "target group, Cloud Map and security groups are made for the ports that the stack sets";
const CLIENT: &str =
    "by it the gateway knows a client's address, which the guard of the Admin API relies on";
const PROCESS: &str = "the container starts, stops and is watched by it";

/// Settings that the stack makes, by how they begin or in full, and what another value would break.
const OURS: [(&str, &str); 18] = [
    ("KONG_ADMIN_GUI_LISTEN", HEALTH),
    ("KONG_ADMIN_LISTEN", HEALTH),
    ("KONG_CLUSTER_*", PLANES),
    ("KONG_DATABASE", DATABASE),
    ("KONG_DECLARATIVE_CONFIG*", PLANES),
    ("KONG_NGINX_DAEMON", PROCESS),
    ("KONG_NGINX_MAIN_DAEMON", PROCESS),
    ("KONG_NGINX_MAIN_WORKER_SHUTDOWN_TIMEOUT", PROCESS),
    ("KONG_NGINX_PROXY_REAL_IP_*", CLIENT),
    ("KONG_NGINX_PROXY_SET_REAL_IP_FROM", CLIENT),
    ("KONG_PG_*", DATABASE),
    ("KONG_PREFIX", PROCESS),
    ("KONG_PROXY_LISTEN", HEALTH),
    ("KONG_REAL_IP_HEADER", CLIENT),
    ("KONG_REAL_IP_RECURSIVE", CLIENT),
    ("KONG_ROLE", PLANES),
    ("KONG_STATUS_LISTEN", HEALTH),
    ("KONG_TRUSTED_IPS", CLIENT),
];

/// How the names of settings end whose values are secrets.
const SECRETS: [&str; 9] = [
    "_PASSWORD",
    "_PASSPHRASE",
    "_KEY",
    "_TOKEN",
    "_SECRET",
    "_SECRET_ID",
    "_CREDENTIAL",
    "_CREDENTIALS",
    "_LICENSE_DATA",
];

/// The plugins that guard the way to the Admin API.
const GUARDS: [&str; 4] = ["key-auth", "ip-restriction", "acl", "rate-limiting"];

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    for (key, value) in &spec.kong.environment {
        let path = at("kong.environment").key(key);
        if let Some(problem) = problem(key, value, path.clone()) {
            out.add(problem.about_key());
        } else if key == "KONG_PLUGINS" {
            check_plugins(value, path, out);
        }
    }
}

/// Whether a setting's name says that its value is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS
        .iter()
        .any(|end| key.to_ascii_uppercase().ends_with(end))
}

/// Whether a value holds a secret, whatever its setting is called: a private key, or a URL with a password.
fn holds_secret(value: &str) -> bool {
    let authority = value.split_once("://").map(|(_, rest)| rest);
    let authority = authority.and_then(|rest| rest.split(['/', '?', '#']).next());
    let user = authority.and_then(|authority| authority.rsplit_once('@'));
    value.contains("PRIVATE KEY-----") || user.is_some_and(|(user, _)| user.contains(':'))
}

/// What another value of a setting that the stack makes would break.
fn broken_by(key: &str) -> Option<&'static str> {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(begin) => key.starts_with(begin),
        None => key == pattern,
    };
    let found = OURS.iter().find(|(pattern, _)| fits(pattern));
    found.map(|(_, broken)| *broken)
}

/// The admin route is guarded by plugins of Kong's own, so they must be among those that are loaded.
fn check_plugins(value: &str, path: SpecPath, out: &mut Problems) {
    let loaded: Vec<&str> = value.split(',').map(str::trim).collect();
    let mut missing = GUARDS.iter().filter(|guard| !loaded.contains(guard));
    if loaded.contains(&"bundled") || missing.next().is_none() {
        return;
    }
    let guards = GUARDS.join(", ");
    out.add(
        Problem::new(
            "environment-plugins",
            path,
            "`KONG_PLUGINS` leaves out plugins that guard the Admin API",
        )
        .because(format!(
            "the way to it is made with {guards}; Kong refuses to import it without them"
        ))
        .fix(format!("begin it with `bundled`, or add {guards}")),
    );
}

fn problem(key: &str, value: &str, path: SpecPath) -> Option<Problem> {
    let good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    // A reference to a vault is no secret itself.
    let secret = (is_secret(key) && !value.starts_with("{vault://")) || holds_secret(value);
    let kong = key
        .strip_prefix("KONG_")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(good));
    let problem = if !kong {
        let upper = format!(
            "KONG_{}",
            key.to_ascii_uppercase().trim_start_matches("KONG_")
        );
        Problem::new(
            "environment-key",
            path,
            format!("`{key}` is not a setting of Kong"),
        )
        .because("Kong reads variables that begin with `KONG_`, in capitals")
        .fix(format!("write `{upper}`, if that is what is meant"))
    } else if let Some(broken) = broken_by(key) {
        Problem::new(
            "environment-reserved",
            path,
            format!("`{key}` is set by the stack"),
        )
        .because(broken)
        .fix("take it out")
    } else if secret {
        Problem::new("environment-secret", path, format!("`{key}` looks like a secret"))
            .because("the environment of a task definition is shown to everybody who can read it, and so is this file")
            .fix("keep it in Secrets Manager and refer to it from a plugin's configuration with Kong's vaults")
    } else {
        return None;
    };
    Some(if secret { problem.secret() } else { problem })
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "kong: {environment: {KONG_LOG_LEVEL: notice, KONG_ANONYMOUS_REPORTS: off, KONG_NGINX_WORKER_PROCESSES: '2'}}",
            "kong: {environment: }",
            "kong: {environment: {KONG_PLUGINS: 'bundled,my-plugin'}}",
            "kong: {environment: {KONG_PLUGINS: 'key-auth, acl, ip-restriction,rate-limiting'}}",
            "kong: {environment: {KONG_MY_TOKEN: '{vault://env/my-token}', KONG_NGINX_HTTP_SERVER_TOKENS: off}}",
            "kong: {environment: {KONG_TRACING_ENDPOINT: 'https://collector.example.com/a@b:c'}}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "kong: {environment: {LOG_LEVEL: notice}}",
            "environment-key kong.environment.LOG_LEVEL: `LOG_LEVEL` is not a setting of Kong",
        ),
        (
            "kong: {environment: {kong_log_level: notice}}",
            "environment-key kong.environment.kong_log_level: `kong_log_level` is not a setting of Kong",
        ),
        (
            "kong: {environment: {KONG_ROLE: traditional}}",
            "environment-reserved kong.environment.KONG_ROLE: `KONG_ROLE` is set by the stack",
        ),
        (
            "kong: {environment: {KONG_PG_HOST: db}}",
            "environment-reserved kong.environment.KONG_PG_HOST: `KONG_PG_HOST` is set by the stack",
        ),
        (
            "kong: {environment: {KONG_CLUSTER_CERT_KEY: x}}",
            "environment-reserved kong.environment.KONG_CLUSTER_CERT_KEY: `KONG_CLUSTER_CERT_KEY` is set by the stack",
        ),
        (
            "kong: {environment: {KONG_STATUS_LISTEN: off}}",
            "environment-reserved kong.environment.KONG_STATUS_LISTEN: `KONG_STATUS_LISTEN` is set by the stack",
        ),
        (
            "kong: {environment: {KONG_REDIS_PASSWORD: x}}",
            "environment-secret kong.environment.KONG_REDIS_PASSWORD: `KONG_REDIS_PASSWORD` looks like a secret",
        ),
        (
            "kong: {environment: {KONG_VAULT_HCV_TOKEN: x}}",
            "environment-secret kong.environment.KONG_VAULT_HCV_TOKEN: `KONG_VAULT_HCV_TOKEN` looks like a secret",
        ),
        (
            "kong: {environment: {KONG_VAULT_HCV_APPROLE_SECRET_ID: x}}",
            "environment-secret kong.environment.KONG_VAULT_HCV_APPROLE_SECRET_ID: `KONG_VAULT_HCV_APPROLE_SECRET_ID` looks like a secret",
        ),
        (
            "kong: {environment: {KONG_TRACING_ENDPOINT: 'https://me:pass@collector.example.com/'}}",
            "environment-secret kong.environment.KONG_TRACING_ENDPOINT: `KONG_TRACING_ENDPOINT` looks like a secret",
        ),
        (
            "kong: {environment: {KONG_LUA_SSL_TRUSTED_CERTIFICATE: '-----BEGIN EC PRIVATE KEY-----'}}",
            "environment-secret kong.environment.KONG_LUA_SSL_TRUSTED_CERTIFICATE: `KONG_LUA_SSL_TRUSTED_CERTIFICATE` looks like a secret",
        ),
        (
            "kong: {environment: {KONG_PLUGINS: 'key-auth,my-plugin'}}",
            "environment-plugins kong.environment.KONG_PLUGINS: `KONG_PLUGINS` leaves out plugins that guard the Admin API",
        ),
        (
            "kong: {environment: {KONG_LOG_LEVEL: 3}}",
            "wrong-type kong.environment.KONG_LOG_LEVEL: a text belongs here, not the number 3",
        ),
        (
            "kong: {environment: {KONG_SSL_CERT_KEY: 1234}}",
            "wrong-type kong.environment.KONG_SSL_CERT_KEY: a text belongs here, not another value",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }

    #[test]
    fn everything_the_stack_makes_is_refused_with_what_it_would_break() {
        for (pattern, broken) in super::OURS {
            let key = pattern.replace('*', "X");
            let spec = format!("kong: {{environment: {{{key}: x}}}}");
            let told =
                format!("environment-reserved kong.environment.{key}: `{key}` is set by the stack");
            refuse(&[(&spec, &told)]);
            assert_eq!(super::broken_by(&key), Some(broken));
        }
    }
}
