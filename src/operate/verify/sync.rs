//! The data planes as the control plane sees them.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use serde::Deserialize;

use super::tally::Finding;
use crate::gateway::{Closed, Reply, Trouble};

/// A data plane says so every 30 seconds; the control plane remembers it for 14 days.
const LIVE: Duration = Duration::from_secs(60);

/// The hash of a data plane that has been given nothing.
const EMPTY: &str = "00000000000000000000000000000000";

/// A data plane in the answer to `GET /clustering/data-planes`.
#[derive(Debug, Clone, Deserialize)]
struct Row {
    last_seen: u64,
    hostname: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    sync_status: String,
    #[serde(default)]
    config_hash: String,
}

/// Judges the answer to `GET /clustering/data-planes`, as of `now` by the clock of whoever answered.
pub(super) fn judge(
    answer: &Result<Reply, Trouble>,
    control_plane: &str,
    running: u32,
    now: SystemTime,
) -> Finding {
    let reply = match answer {
        Ok(reply) => reply,
        Err(trouble) => return Finding::not_checked(trouble.to_string()),
    };
    match reply.status {
        StatusCode::OK => {}
        StatusCode::TOO_MANY_REQUESTS => return Finding::not_checked(Closed::Limited.to_string()),
        status => {
            let seen = format!("the Admin API answers {status} to /clustering/data-planes");
            return Finding::failed(seen);
        }
    }
    let rows = reply.body.get("data").cloned().unwrap_or_default();
    match serde_json::from_value::<Vec<Row>>(rows) {
        Ok(rows) => judge_rows(&rows, control_plane, running, now),
        Err(error) => Finding::failed(format!("the list of data planes cannot be read: {error}")),
    }
}

fn judge_rows(rows: &[Row], control_plane: &str, running: u32, now: SystemTime) -> Finding {
    let is_live = |row: &&Row| {
        let seen = UNIX_EPOCH + Duration::from_secs(row.last_seen);
        now.duration_since(seen).unwrap_or_default() <= LIVE
    };
    let live: Vec<&Row> = rows.iter().filter(is_live).collect();
    let count = live.len();
    if u32::try_from(count) != Ok(running) {
        return Finding::failed(format!(
            "{count} of {running} data planes have talked to the control plane in the last minute"
        ))
        .fix("a new one takes a minute, one that has gone as long; verify again, then look at `kongstack logs dp`");
    }
    for row in &live {
        let Row {
            hostname, version, ..
        } = row;
        if !compatible(control_plane, version) {
            return Finding::failed(format!(
                "{hostname} runs {version}, too new or too old for the control plane's {control_plane}"
            ));
        }
        if row.sync_status != "normal" {
            return Finding::failed(format!("{hostname}: sync status {}", row.sync_status));
        }
        if row.config_hash == EMPTY || row.config_hash.is_empty() {
            return Finding::failed(format!("{hostname} has no configuration yet"));
        }
    }
    let hashes: BTreeSet<&str> = live.iter().map(|row| row.config_hash.as_str()).collect();
    match hashes.len() {
        0 => Finding::failed("no data plane talks to the control plane"),
        1 => {
            let hash: String = hashes.into_iter().flat_map(str::chars).take(8).collect();
            Finding::passed(format!("{count} of {running} in sync, hash {hash}…"))
        }
        versions => Finding::failed(format!(
            "{count} data planes hold {versions} different configurations"
        ))
        .fix(
            "a change takes some seconds to arrive; verify again, then look at `kongstack logs dp`",
        ),
    }
}

/// The same major version, and the control plane's minor at least the data plane's; the patch does not count.
fn compatible(control_plane: &str, data_plane: &str) -> bool {
    match (major_minor(control_plane), major_minor(data_plane)) {
        (Some((major, minor)), Some((other, older))) => major == other && minor >= older,
        _ => false,
    }
}

fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    let mut number = || parts.next()?.parse().ok();
    Some((number()?, number()?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn row(name: &str, age: u64, hash: &str, status: &str, version: &str) -> Value {
        json!({
            "id": name, "hostname": name, "ip": "10.0.1.5", "last_seen": NOW - age,
            "config_hash": hash, "sync_status": status, "version": version,
            "cert_details": {"expiry_timestamp": 1},
        })
    }

    fn told(rows: &[Value], running: u32) -> String {
        let reply = Reply::new(StatusCode::OK, json!({"data": rows, "next": null}));
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        judge(&Ok(reply), "3.9.3", running, now).told()
    }

    #[test]
    fn only_those_that_talked_within_a_minute_count() {
        let good = |name, age| row(name, age, "4f2a90cd11", "normal", "3.9.3");
        let rows = [
            good("a", 5),
            good("b", 60),
            good("gone", 61),
            good("old", 86_400),
        ];
        assert_eq!(told(&rows, 2), "passed: 2 of 2 in sync, hash 4f2a90cd…");
        assert_eq!(
            told(&rows[..1], 2),
            "failed: 1 of 2 data planes have talked to the control plane in the last minute"
        );
        assert_eq!(
            told(&rows[2..], 1),
            "failed: 0 of 1 data planes have talked to the control plane in the last minute"
        );
    }

    #[test]
    fn each_must_hold_what_all_hold() {
        let good = row("a", 5, "4f2a90cd11", "normal", "3.9.3");
        for (other, expected) in [
            (
                row("b", 5, "77", "normal", "3.9.3"),
                "failed: 2 data planes hold 2 different configurations",
            ),
            (
                row("b", 5, EMPTY, "normal", "3.9.3"),
                "failed: b has no configuration yet",
            ),
            (
                row("b", 5, "4f2a90cd11", "plugin_set_incompatible", "3.9.3"),
                "failed: b: sync status plugin_set_incompatible",
            ),
            (
                row("b", 5, "4f2a90cd11", "normal", "3.10.0"),
                "failed: b runs 3.10.0, too new or too old for the control plane's 3.9.3",
            ),
            (
                row("b", 5, "4f2a90cd11", "normal", "2.9.1"),
                "failed: b runs 2.9.1, too new or too old for the control plane's 3.9.3",
            ),
        ] {
            assert_eq!(told(&[good.clone(), other], 2), expected);
        }
        let older = row("b", 5, "4f2a90cd11", "normal", "3.8.0");
        assert!(told(&[good, older], 2).starts_with("passed"));
    }

    #[test]
    fn what_is_no_list_is_no_proof() {
        let judge = |status, body| {
            let reply = Reply::new(status, body);
            judge(&Ok(reply), "3.9.3", 1, UNIX_EPOCH).told()
        };
        assert!(judge(StatusCode::OK, json!({})).starts_with("failed"));
        assert!(judge(StatusCode::BAD_GATEWAY, json!(null)).starts_with("failed"));
        let used_up = judge(StatusCode::TOO_MANY_REQUESTS, json!(null));
        assert!(used_up.starts_with("not checked"), "{used_up}");
    }
}
