//! What the parts of a stack come to: one word, one line, and everything that is not as it should be. Pure.

use std::time::Duration;

use super::model::{
    Activity, Certificate, Database, Migrations, Moment, Nodes, Overall, Rollout, State, Status,
    Targets,
};
use crate::operate::Plane;

/// A certificate that lives shorter than this should have been renewed by now: ACM begins 60 days before the end.
const SOON: Duration = Duration::from_secs(21 * 86400);

/// What is said before anything has been judged.
pub(super) fn unknown() -> Overall {
    Overall {
        state: State::Absent,
        summary: String::new(),
        reasons: Vec::new(),
    }
}

/// Judges a stack by its parts.
pub(super) fn judge(status: &Status) -> Overall {
    let there = status.control_plane.is_some()
        || status.data_plane.is_some()
        || status.load_balancer.is_some()
        || status.database.is_some();
    let at_work = status.lease.as_ref().filter(|lease| !lease.expired);
    let mut reasons = Vec::new();
    if there {
        parts(status, &mut reasons);
    }
    let (state, summary) = match at_work {
        Some(lease) => {
            let (user, host, purpose) = (&lease.user, &lease.host, &lease.purpose);
            let summary = format!("being changed by {user} on {host} ({purpose})");
            (State::Changing, summary)
        }
        None if !there => (State::Absent, "not there".to_owned()),
        None if is_asleep(status) => (State::Asleep, "asleep".to_owned()),
        None => match reasons.as_slice() {
            [] => (State::Serving, serving(status)),
            [only] => (State::Degraded, format!("degraded: {only}")),
            [first, others @ ..] => {
                let more = others.len();
                (
                    State::Degraded,
                    format!("degraded: {first}, and {more} more"),
                )
            }
        },
    };
    Overall {
        state,
        summary,
        reasons,
    }
}

/// Both planes are there, and nothing of them is meant to run.
fn is_asleep(status: &Status) -> bool {
    let sleeps = |nodes: &Option<Nodes>| nodes.as_ref().is_some_and(|nodes| nodes.desired == 0);
    sleeps(&status.control_plane) && sleeps(&status.data_plane)
}

/// What is said of a stack that is as it should be.
fn serving(status: &Status) -> String {
    let planes = [
        (Plane::Control, &status.control_plane),
        (Plane::Data, &status.data_plane),
    ];
    let rolling = planes.iter().find(|(_, nodes)| {
        let deployments = nodes.iter().flat_map(|nodes| &nodes.deployments);
        deployments
            .into_iter()
            .any(|one| one.rollout == Rollout::InProgress)
    });
    let sleeps = status
        .control_plane
        .as_ref()
        .is_some_and(|nodes| nodes.desired == 0);
    match rolling {
        Some((plane, _)) => format!("serving; a rollout of the {} is under way", plane.name()),
        None if sleeps => "serving; the control plane is asleep".to_owned(),
        None => "serving".to_owned(),
    }
}

/// Everything that is not as it should be, the worst for those who call the gateway first.
fn parts(status: &Status, reasons: &mut Vec<String>) {
    match &status.load_balancer {
        None => reasons.push("there is no load balancer".to_owned()),
        Some(balancer) if balancer.state != "active" => {
            reasons.push(format!("the load balancer is {}", balancer.state));
        }
        Some(_) => {}
    }
    let data_planes = status.data_plane.as_ref().is_some_and(|it| it.desired > 0);
    match &status.targets {
        Some(targets) if data_planes => balanced(targets, reasons),
        _ => {}
    }
    nodes(Plane::Data, status.data_plane.as_ref(), reasons);
    nodes(Plane::Control, status.control_plane.as_ref(), reasons);
    data(status.database.as_ref(), reasons);
    schema(status.migrations.as_ref(), reasons);
    let certificates = [
        ("the HTTPS certificate", &status.certificates.https),
        ("the cluster certificate", &status.certificates.cluster),
    ];
    for (name, certificate) in certificates {
        if let Some(certificate) = certificate {
            valid(name, certificate, status.at, reasons);
        }
    }
    let ringing = status.alarms.iter().flat_map(|alarms| &alarms.in_alarm);
    reasons.extend(ringing.map(|name| format!("the alarm {name} rings")));
}

fn balanced(targets: &Targets, reasons: &mut Vec<String>) {
    let why = targets.reasons.iter().map(|why| why.description.as_str());
    let why: Vec<&str> = why.filter(|why| !why.is_empty()).collect();
    let why = match why.as_slice() {
        [] => String::new(),
        all => format!(" ({})", all.join("; ")),
    };
    if targets.healthy == 0 {
        reasons.push(format!("no target is healthy, so nobody is served{why}"));
    } else if targets.unhealthy > 0 {
        let all = targets.healthy + targets.unhealthy;
        let unhealthy = targets.unhealthy;
        reasons.push(format!("{unhealthy} of {all} targets unhealthy{why}"));
    }
}

fn nodes(plane: Plane, nodes: Option<&Nodes>, reasons: &mut Vec<String>) {
    let name = plane.name();
    let Some(nodes) = nodes else {
        reasons.push(format!("there is no {name} service"));
        return;
    };
    if nodes.status != "ACTIVE" {
        reasons.push(format!("the {name} service is {}", nodes.status));
    }
    let (desired, running) = (nodes.desired, nodes.running);
    if plane == Plane::Data && desired == 0 {
        reasons.push(format!("the {name} is scaled to 0 tasks"));
    }
    if running < desired {
        reasons.push(format!("{name}: {running} of {desired} tasks running"));
    }
    let unhealthy = nodes.tasks.iter().filter(|task| task.health == "UNHEALTHY");
    match unhealthy.count() {
        0 => {}
        1 => reasons.push(format!("{name}: a task fails its health check")),
        count => reasons.push(format!("{name}: {count} tasks fail their health check")),
    }
    let latest = nodes.deployments.first();
    if let Some(latest) = latest.filter(|one| one.rollout == Rollout::Failed) {
        let why = latest.reason.as_deref().unwrap_or("ECS says no reason");
        reasons.push(format!("{name}: the last deployment failed ({why})"));
    }
}

fn data(database: Option<&Database>, reasons: &mut Vec<String>) {
    let Some(database) = database else {
        reasons.push("there is no database".to_owned());
        return;
    };
    let writer = database.instances.iter().find(|one| one.writer);
    let status = match writer {
        Some(writer) if database.status == "available" => &writer.status,
        _ => &database.status,
    };
    match database.activity {
        Activity::Broken => reasons.push(format!("the database is {status} and cannot recover")),
        Activity::Stopped => reasons.push("somebody has stopped the database".to_owned()),
        Activity::Busy if writer.is_none() => {
            reasons.push("the database has no writer".to_owned());
        }
        Activity::Busy => reasons.push(format!("the database is {status}")),
        Activity::Awake | Activity::Paused | Activity::Resuming | Activity::Available => {}
    }
}

fn schema(migrations: Option<&Migrations>, reasons: &mut Vec<String>) {
    match migrations {
        None => reasons.push("the database has no schema yet".to_owned()),
        Some(Migrations { schema, finished }) if finished.as_ref() != Some(schema) => {
            reasons.push(format!("the schema's upgrade to {schema} is not finished"));
        }
        Some(_) => {}
    }
}

fn valid(name: &str, certificate: &Certificate, now: Moment, reasons: &mut Vec<String>) {
    let issued = certificate.status.as_deref();
    if let Some(status) = issued.filter(|status| *status != "ISSUED") {
        reasons.push(format!("{name} is {status}"));
        return;
    }
    let Some(expires) = certificate.expires_at else {
        return;
    };
    let left = now.until(expires);
    if left.is_zero() {
        reasons.push(format!("{name} expired at {expires}"));
    } else if left < SOON {
        reasons.push(format!("{name} expires at {expires}"));
    }
}

#[cfg(test)]
mod tests;
