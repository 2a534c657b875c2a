//! A stack at a glance, in 80 columns: one line that says it all, and a paragraph a part.

use std::time::Duration;

use super::duration::short;
use super::style::{DONE, ERROR, FAINT, HINT, STRONG, UPDATE, paint};
use super::wrap::{clean, hang};
use crate::operate::Status;
use crate::operate::status::{
    Alarms, Certificate, Certificates, Deployment, Holder, LoadBalancer, Migrations, Moment, Nodes,
    Rollout, State, Targets,
};

mod database;

/// Where the paragraphs begin.
const COLUMN: usize = 15;

/// The whole.
#[must_use]
pub(crate) fn status(status: &Status, width: usize) -> String {
    let overall = &status.overall;
    let style = match overall.state {
        State::Serving => DONE,
        State::Degraded => ERROR,
        State::Asleep | State::Changing => UPDATE,
        State::Absent => HINT,
    };
    let head = format!("{} in {}: {}", status.stack, status.region, overall.summary);
    let head = hang(&head, width, 2);
    let mut text = match head.split_once(": ") {
        Some((name, summary)) => format!("{}: {}\n", paint(STRONG, name), paint(style, summary)),
        None => format!("{head}\n"),
    };
    let known = [overall.summary.trim_start_matches("degraded: ")];
    for reason in &overall.reasons {
        if !known.contains(&reason.as_str()) {
            text += &format!("  - {}\n", hang(&clean(reason), width, 4));
        }
    }
    if overall.state == State::Absent {
        return text;
    }
    text.push('\n');
    for (name, address) in [
        ("endpoint", &status.endpoint),
        ("admin", &status.admin_endpoint),
    ] {
        // An address that is broken cannot be taken over whole.
        let address = address.as_deref().unwrap_or("not there");
        text += &paragraph(name, &[address.to_owned()], usize::MAX);
    }
    for (name, lines) in parts(status) {
        text += &paragraph(name, &lines, width);
    }
    text
}

/// Every part with its lines.
fn parts(status: &Status) -> Vec<(&'static str, Vec<String>)> {
    let now = status.at;
    let none = || vec!["not there".to_owned()];
    let of_nodes = |nodes: &Option<Nodes>, control| {
        let nodes = nodes.as_ref();
        nodes.map_or_else(none, |nodes| of_plane(nodes, control, now))
    };
    let database = status.database.as_ref();
    let mut parts = vec![
        (
            "load balancer",
            status.load_balancer.as_ref().map_or_else(none, balancer),
        ),
        (
            "control plane",
            control_plane(status, of_nodes(&status.control_plane, true)),
        ),
        ("data plane", of_nodes(&status.data_plane, false)),
        (
            "targets",
            status.targets.as_ref().map_or_else(none, targets),
        ),
        ("database", database.map_or_else(none, database::lines)),
        ("migrations", migrations(status.migrations.as_ref())),
        ("certificates", certificates(&status.certificates, now)),
    ];
    parts.extend(status.alarms.as_ref().map(|it| ("alarms", alarms(it))));
    let nobody = || vec!["nobody holds it".to_owned()];
    let lease = status.lease.as_ref().map_or_else(nobody, lease);
    parts.push(("lease", lease));
    parts
}

/// What is said of the control plane anyway, and until when one on demand is awake.
fn control_plane(status: &Status, mut lines: Vec<String>) -> Vec<String> {
    let awake = status
        .control_plane
        .as_ref()
        .filter(|nodes| nodes.desired > 0);
    if let (Some(timer), Some(first), Some(_)) = (status.timer, lines.first_mut(), awake) {
        *first += &match timer.due_at {
            Some(due) => format!(", on demand until {due}"),
            None => ", on demand".to_owned(),
        };
    }
    lines
}

fn paragraph(name: &str, lines: &[String], width: usize) -> String {
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let name = if number == 0 { name } else { "" };
        let name = format!("{name:<COLUMN$}");
        text += &format!("{}{}\n", paint(FAINT, name), hang(line, width, COLUMN));
    }
    text
}

fn balancer(one: &LoadBalancer) -> Vec<String> {
    match &one.reason {
        Some(reason) => vec![format!("{}: {reason}", one.state)],
        None => vec![one.state.clone()],
    }
}

/// `2 of 2 tasks running, Kong 3.9.3`, and a line a deployment.
fn of_plane(nodes: &Nodes, control: bool, now: Moment) -> Vec<String> {
    let mut first = match (control, nodes.desired) {
        (true, 0) => match nodes.stopped_at {
            Some(at) => format!("asleep for {}", age(at.ago(now))),
            None => "asleep".to_owned(),
        },
        (_, desired) => format!("{} of {desired} tasks running", nodes.running),
    };
    if nodes.desired == 0 && nodes.running > 0 {
        first += &format!(", {} stopping", nodes.running);
    }
    if nodes.pending > 0 {
        first += &format!(", {} pending", nodes.pending);
    }
    if nodes.status != "ACTIVE" {
        first += &format!(", {}", nodes.status);
    }
    let versions = versions(nodes);
    if !versions.is_empty() {
        first += &format!(", Kong {versions}");
    }
    let mut lines = vec![first];
    let deployments = nodes.deployments.iter().enumerate();
    lines.extend(deployments.map(|(number, one)| deployment(one, number == 0, now)));
    lines
}

/// `3.9.3`, or `3.9.2 (1 task) and 3.9.3 (2 tasks)` while they are mixed.
fn versions(nodes: &Nodes) -> String {
    let mut versions: Vec<(&str, u32)> = Vec::new();
    for task in nodes.tasks.iter().filter(|task| task.state == "RUNNING") {
        match versions.iter_mut().find(|(known, _)| *known == task.kong) {
            Some((_, count)) => *count += 1,
            None => versions.push((&task.kong, 1)),
        }
    }
    versions.sort_unstable();
    match versions.as_slice() {
        [(only, _)] => (*only).to_owned(),
        several => {
            let several = several.iter();
            let several =
                several.map(|(one, tasks)| format!("{one} ({})", counted(*tasks, "task")));
            several.collect::<Vec<_>>().join(" and ")
        }
    }
}

/// `gw-dp:3 completed 12m00s ago`. ECS goes on from an old deployment as long as it has tasks.
fn deployment(one: &Deployment, latest: bool, now: Moment) -> String {
    let ago =
        |at: Option<Moment>| at.map_or_else(String::new, |at| format!(" {} ago", age(at.ago(now))));
    let failed = match one.failed {
        0 => String::new(),
        count => format!(", {} failed to start", counted(count, "task")),
    };
    let (revision, running) = (&one.revision, one.running);
    match (latest, one.rollout) {
        (false, _) => format!("{revision} goes: {} left", counted(running, "task")),
        (true, Rollout::Completed) => format!("{revision} completed{}", ago(one.updated_at)),
        (true, Rollout::Failed) => format!("{revision} failed{}{failed}", ago(one.updated_at)),
        (true, Rollout::InProgress) => format!(
            "{revision} comes, begun{}: {running} of {} running{failed}",
            ago(one.created_at),
            counted(one.desired, "task")
        ),
    }
}

fn targets(targets: &Targets) -> Vec<String> {
    let counts = [
        (targets.healthy, "healthy"),
        (targets.unhealthy, "unhealthy"),
        (targets.initial, "in their first checks"),
        (targets.draining, "draining"),
        (targets.unused, "unused"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let first = match counts.as_slice() {
        [] => "none".to_owned(),
        all => all.join(", "),
    };
    let reasons = targets.reasons.iter().filter(|why| !why.code.is_empty());
    let reasons = reasons.map(|why| {
        let count = counted(why.targets, "target");
        format!("{count}: {} ({})", clean(&why.description), why.code)
    });
    std::iter::once(first).chain(reasons).collect()
}

fn migrations(migrations: Option<&Migrations>) -> Vec<String> {
    let line = match migrations {
        None => "none has run".to_owned(),
        Some(Migrations { schema, finished }) => match finished {
            Some(finished) if finished == schema => format!("schema of {schema}, finished"),
            Some(finished) => format!("schema of {schema}, finished only for {finished}"),
            None => format!("schema of {schema}, not finished"),
        },
    };
    vec![line]
}

fn certificates(certificates: &Certificates, now: Moment) -> Vec<String> {
    let https = certificates.https.as_ref();
    let cluster = certificates.cluster.as_ref();
    vec![
        https.map_or_else(
            || "HTTPS: none, the gateway speaks plain HTTP".to_owned(),
            |one| format!("HTTPS: {}", certificate(one, now)),
        ),
        cluster.map_or_else(
            || "cluster: not there".to_owned(),
            |one| format!("cluster: {}", certificate(one, now)),
        ),
    ]
}

/// `valid until 2027-01-03T12:00:00Z (41 days)`.
fn certificate(one: &Certificate, now: Moment) -> String {
    let expiry = match one.expires_at {
        None => "expiry unknown".to_owned(),
        Some(at) => match now.until(at) {
            Duration::ZERO => format!("expired at {at}"),
            left => format!("valid until {at} ({})", age(left)),
        },
    };
    match one.status.as_deref() {
        None | Some("ISSUED") => expiry,
        Some(status) => format!("{status}, {expiry}"),
    }
}

/// `9 alarms, all OK`, or those that ring, and what they lack.
fn alarms(alarms: &Alarms) -> Vec<String> {
    let Alarms {
        count,
        in_alarm,
        without_data,
        unconfirmed,
    } = alarms;
    let all = counted(*count, "alarm");
    let mut lines = vec![match (in_alarm.as_slice(), without_data.as_slice()) {
        _ if *count == 0 => "not there".to_owned(),
        ([], []) => format!("{all}, all OK"),
        ([], _) => format!("{all}, none rings"),
        (ringing, _) => format!("{} of {all}: {}", ringing.len(), ringing.join(", ")),
    }];
    if !without_data.is_empty() {
        lines.push(format!("insufficient data: {}", without_data.join(", ")));
    }
    let unconfirmed = unconfirmed.iter();
    lines.extend(unconfirmed.map(|email| {
        format!("{email} has not confirmed yet, and gets no mail: the link is in a mail from AWS")
    }));
    lines
}

fn lease(lease: &Holder) -> Vec<String> {
    let Holder {
        user,
        host,
        process,
        purpose,
        since,
        until,
        expired,
        run,
    } = lease;
    let mut lines = vec![format!(
        "held by {user} on {host} (process {process}) for `{purpose}` since {since}"
    )];
    lines.push(if *expired {
        format!("expired at {until}: that run is dead, the next one takes over")
    } else {
        format!("valid until {until} unless renewed")
    });
    lines.extend(run.clone());
    lines
}

/// `1 task`, `2 tasks`.
fn counted(count: u32, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// A duration in its largest units: days from the second on.
pub(super) fn age(duration: Duration) -> String {
    match duration.as_secs() / 86400 {
        0 | 1 => short(duration),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests;
