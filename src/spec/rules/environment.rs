//! More settings for Kong: only Kong's, none that the stack stands on, no secrets.

use super::at;
use crate::spec::model::StackSpec;
use crate::spec::path::SpecPath;
use crate::spec::problem::{Problem, Problems};

/// Settings that the stack makes; another value would take the planes apart.
const OURS: [&str; 11] = [
    "KONG_ADMIN_GUI_LISTEN",
    "KONG_ADMIN_LISTEN",
    "KONG_DATABASE",
    "KONG_NGINX_DAEMON",
    "KONG_PREFIX",
    "KONG_PROXY_LISTEN",
    "KONG_REAL_IP_HEADER",
    "KONG_REAL_IP_RECURSIVE",
    "KONG_ROLE",
    "KONG_STATUS_LISTEN",
    "KONG_TRUSTED_IPS",
];
const OUR_PREFIXES: [&str; 3] = ["KONG_CLUSTER_", "KONG_DECLARATIVE_CONFIG", "KONG_PG_"];
const SECRETS: [&str; 5] = ["_PASSWORD", "_KEY", "_TOKEN", "_SECRET", "_LICENSE_DATA"];

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    for key in spec.kong.environment.keys() {
        let path = at("kong.environment").key(key);
        if let Some(problem) = problem(key, path) {
            out.add(problem.about_key());
        }
    }
}

/// Whether a setting's name says that its value is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS
        .iter()
        .any(|end| key.to_ascii_uppercase().ends_with(end))
}

fn problem(key: &str, path: SpecPath) -> Option<Problem> {
    let good = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let secret = is_secret(key);
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
    } else if OURS.contains(&key) || OUR_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) {
        Problem::new(
            "environment-reserved",
            path,
            format!("`{key}` is set by the stack"),
        )
        .because("planes, database and load balancer find each other by it")
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
}
