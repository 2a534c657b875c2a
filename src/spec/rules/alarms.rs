//! Alarms: who is told, and figures that CloudWatch can watch for.

use std::time::Duration;

use super::at;
use crate::spec::model::{Alarms, StackSpec, Switch};
use crate::spec::path::SpecPath;
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::Percent;

/// Minutes that CloudWatch looks back at most: a day.
const MOST_MINUTES: u32 = 1440;

/// Days that a certificate of ACM's lives: more than it can be counted down from.
const MOST_DAYS: u32 = 365;

/// The longest that the load balancer waits for an answer, as the stack sets it.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let Some(alarms) = &spec.alarms else {
        return;
    };
    check_recipient(spec, alarms, out);
    check_minutes(alarms, out);
    check_figures(alarms, out);
    check_bounds(spec, alarms, out);
    check_mode(spec, alarms, out);
}

/// What there is depends on how the control plane runs.
fn check_mode(spec: &StackSpec, alarms: &Alarms, out: &mut Problems) {
    if !out.sound(&["control_plane.mode"]) {
        return;
    }
    let down = alarms.control_plane_down.as_ref().and_then(Switch::on);
    let machine = alarms.state_machine.as_ref().and_then(Switch::on);
    let on_demand = spec.control_plane.on_demand().is_some();
    if on_demand && down.is_some() {
        out.add(
            Problem::new(
                "alarm-always",
                at("alarms.control_plane_down"),
                "a control plane on demand is down whenever nobody needs it",
            )
            .because("the alarm would ring as soon as it sleeps")
            .fix("take it out; `state_machine` rings where it could not be woken"),
        );
    }
    let archive = spec.logs.archive.enabled || !out.sound(&["logs.archive.enabled"]);
    if !on_demand && !archive && machine.is_some() {
        out.add(
            Problem::new(
                "alarm-never",
                at("alarms.state_machine"),
                "there is no state machine: the control plane is always on, and no log is archived",
            )
            .because("there is nothing that could fail")
            .fix("take it out, or set `control_plane.mode` to on-demand"),
        );
    }
}

/// What has one size only is always as large as it may be.
fn check_bounds(spec: &StackSpec, alarms: &Alarms, out: &mut Problems) {
    let scaling = &spec.data_plane.scaling;
    let full = alarms.data_plane_full.as_ref().and_then(Switch::on);
    if full.is_some() && scaling.min == scaling.max && out.sound(&["data_plane.scaling"]) {
        let most = scaling.max;
        out.add(
            Problem::new(
                "alarm-always",
                at("alarms.data_plane_full"),
                format!("there are always as many data planes as there may be ({most})"),
            )
            .because("the alarm would ring as soon as all is well")
            .fix("take it out, or raise `data_plane.scaling.max`"),
        );
    }
    let capacity = &spec.database.capacity;
    let full = alarms.database_full.as_ref().and_then(Switch::on);
    if full.is_some() && capacity.min == capacity.max && out.sound(&["database.capacity"]) {
        let most = capacity.max;
        out.add(
            Problem::new(
                "alarm-always",
                at("alarms.database_full"),
                format!("the database always has the most capacity it may have ({most} ACU)"),
            )
            .because("the alarm would ring as soon as all is well")
            .fix("take it out, or raise `database.capacity.max`"),
        );
    }
}

fn check_recipient(spec: &StackSpec, alarms: &Alarms, out: &mut Problems) {
    if !out.sound(&["alarms.email", "alarms.topic"]) {
        return;
    }
    match (&alarms.email, &alarms.topic) {
        (None, None) => out.add(
            Problem::new(
                "alarm-recipient",
                at("alarms"),
                "nobody is told of an alarm",
            )
            .because("an alarm that nobody hears costs as much as one that somebody does")
            .fix("add `email: ops@example.com`, or `topic` with the ARN of an SNS topic"),
        ),
        (Some(_), Some(_)) => out.add(
            Problem::new(
                "alarm-recipient",
                at("alarms.topic"),
                "an alarm goes to `email` or to `topic`, not to both",
            )
            .because("a topic that exists is used as it is, without subscriptions of the stack's")
            .fix("take one out, and subscribe the address to that topic yourself"),
        ),
        (None, Some(topic)) => {
            let region = spec.region.as_str();
            let elsewhere = topic.region().filter(|found| *found != region);
            if let Some(found) = elsewhere.filter(|_| out.sound(&["region"])) {
                out.add(
                    Problem::new(
                        "topic-region",
                        at("alarms.topic"),
                        format!("this topic is in {found}, the stack in {region}"),
                    )
                    .because("CloudWatch tells topics of the alarm's own region only")
                    .fix(format!("make a topic in {region}, or give `email`")),
                );
            }
        }
        (Some(_), None) => {}
    }
}

fn check_minutes(alarms: &Alarms, out: &mut Problems) {
    let planes = alarms.data_plane_full.as_ref().and_then(Switch::on);
    let control = alarms.control_plane_down.as_ref().and_then(Switch::on);
    let database = alarms.database_full.as_ref().and_then(Switch::on);
    let all = [
        ("target_5xx", alarms.target_5xx.on().map(|it| it.minutes)),
        (
            "balancer_5xx",
            alarms.balancer_5xx.on().map(|it| it.minutes),
        ),
        (
            "unhealthy_targets",
            alarms.unhealthy_targets.on().map(|it| it.minutes),
        ),
        ("latency", alarms.latency.on().map(|it| it.minutes)),
        (
            "data_plane_low",
            alarms.data_plane_low.on().map(|it| it.minutes),
        ),
        ("data_plane_full", planes.map(|it| it.minutes)),
        ("control_plane_down", control.map(|it| it.minutes)),
        ("database_full", database.map(|it| it.minutes)),
    ];
    for (key, minutes) in all {
        let Some(minutes) = minutes.filter(|minutes| !(1..=MOST_MINUTES).contains(minutes)) else {
            continue;
        };
        out.add(
            Problem::new(
                "alarm-minutes",
                figure(key, "minutes"),
                format!("an alarm cannot look at {minutes} minutes"),
            )
            .because("CloudWatch looks at whole minutes, and back for a day at most")
            .fix(format!("write 1 to {MOST_MINUTES}")),
        );
    }
}

fn check_figures(alarms: &Alarms, out: &mut Problems) {
    let mut always = |key: &str, field: &str, message: &str, fix: &str| {
        out.add(
            Problem::new("alarm-always", figure(key, field), message)
                .because("the alarm would ring all the time")
                .fix(fix),
        );
    };
    let none = Percent::new(0);
    let database = alarms.database_full.as_ref().and_then(Switch::on);
    let shares = [
        ("target_5xx", alarms.target_5xx.on().map(|it| it.percent)),
        ("database_full", database.map(|it| it.percent)),
    ];
    for (key, _) in shares.iter().filter(|(_, share)| *share == Some(none)) {
        always(key, "percent", "0 % is always reached", "write 1 to 100");
    }
    let failures = alarms.state_machine.as_ref().and_then(Switch::on);
    let counts = [
        ("state_machine", failures.map(|it| it.count)),
        ("balancer_5xx", alarms.balancer_5xx.on().map(|it| it.count)),
        (
            "unhealthy_targets",
            alarms.unhealthy_targets.on().map(|it| it.count),
        ),
    ];
    for (key, _) in counts.iter().filter(|(_, count)| *count == Some(0)) {
        always(key, "count", "0 is always reached", "write 1 or more");
    }
    if alarms.latency.on().is_some_and(|it| it.p99.is_zero()) {
        always(
            "latency",
            "p99",
            "every answer takes some time",
            "write something like `2s`",
        );
    }
    if let Some(latency) = alarms.latency.on().filter(|it| it.p99 > LONGEST_ANSWER) {
        let p99 = humantime::format_duration(latency.p99);
        out.add(
            Problem::new(
                "alarm-never",
                figure("latency", "p99"),
                format!("no answer takes {p99}"),
            )
            .because("the load balancer gives up after 60 seconds without a word")
            .fix("write 60s or less; 2s is the default"),
        );
    }
    let days = alarms.certificate.on().map(|it| it.days);
    if let Some(days) = days.filter(|days| !(1..=MOST_DAYS).contains(days)) {
        out.add(
            Problem::new(
                "alarm-days",
                figure("certificate", "days"),
                format!("{days} days before the end is no time to be told"),
            )
            .because("ACM renews 60 days before the end, and certificates live a year or less")
            .fix("write 1 to 365; less than 60, or it rings before ACM has renewed"),
        );
    }
}

fn figure(alarm: &str, field: &str) -> SpecPath {
    at("alarms").key(alarm).key(field)
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "alarms: {email: ops@example.com}",
            "alarms: {topic: 'arn:aws:sns:eu-west-1:123456789012:pager'}",
            "alarms: {email: ops@example.com, target_5xx: off, latency: {p99: 500ms, minutes: 1440}, certificate: {days: 14}}",
            "data_plane: {scaling: {min: 2, max: 2}}\nalarms: {email: ops@example.com}",
            "data_plane: {scaling: {min: 2, max: 2}}\nalarms: {email: ops@example.com, data_plane_full: off}",
            "control_plane: {mode: on-demand}\nalarms: {email: ops@example.com, control_plane_down: off, state_machine: {count: 2}}",
            "logs: {archive: {enabled: true}}\nalarms: {email: ops@example.com, state_machine: {count: 2}}",
            "dashboard: true",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "alarms: {}",
            "alarm-recipient alarms: nobody is told of an alarm",
        ),
        (
            "alarms: {email: ops@example.com, topic: 'arn:aws:sns:eu-west-1:123456789012:pager'}",
            "alarm-recipient alarms.topic: an alarm goes to `email` or to `topic`, not to both",
        ),
        (
            "alarms: {email: ops}",
            "email-format alarms.email: `ops` is not an address for mail",
        ),
        (
            "alarms: {topic: pager}",
            "topic-arn alarms.topic: `pager` is not the ARN of an SNS topic",
        ),
        (
            "alarms: {topic: 'arn:aws:sns:eu-west-1:123456789012:pager.fifo'}",
            "topic-arn alarms.topic: `arn:aws:sns:eu-west-1:123456789012:pager.fifo` is not the ARN of an SNS topic",
        ),
        (
            "alarms: {topic: 'arn:aws:sns:us-east-1:123456789012:pager'}",
            "topic-region alarms.topic: this topic is in us-east-1, the stack in eu-west-1",
        ),
        (
            "alarms: {email: ops@example.com, latency: on}",
            "wrong-type alarms.latency: `off` or a mapping of figures belongs here, not the text `on`",
        ),
        (
            "alarms: {email: ops@example.com, latency: {p99: 2}}",
            "duration-format alarms.latency.p99: `2` is not a length of time",
        ),
        (
            "alarms: {email: ops@example.com, latency: {p99: 0s}}",
            "alarm-always alarms.latency.p99: every answer takes some time",
        ),
        (
            "alarms: {email: ops@example.com, latency: {p99: 2m}}",
            "alarm-never alarms.latency.p99: no answer takes 2m",
        ),
        (
            "alarms: {email: ops@example.com, latency: {p95: 2s}}",
            "unknown-key alarms.latency.p95: unknown key `p95`",
        ),
        (
            "alarms: {email: ops@example.com, target_5xx: {minutes: 0}}",
            "alarm-minutes alarms.target_5xx.minutes: an alarm cannot look at 0 minutes",
        ),
        (
            "alarms: {email: ops@example.com, database_full: {minutes: 1441}}",
            "alarm-minutes alarms.database_full.minutes: an alarm cannot look at 1441 minutes",
        ),
        (
            "alarms: {email: ops@example.com, target_5xx: {percent: 0}}",
            "alarm-always alarms.target_5xx.percent: 0 % is always reached",
        ),
        (
            "alarms: {email: ops@example.com, unhealthy_targets: {count: 0}}",
            "alarm-always alarms.unhealthy_targets.count: 0 is always reached",
        ),
        (
            "alarms: {email: ops@example.com, certificate: {days: 0}}",
            "alarm-days alarms.certificate.days: 0 days before the end is no time to be told",
        ),
        (
            "data_plane: {scaling: {min: 2, max: 2}}\nalarms: {email: ops@example.com, data_plane_full: {minutes: 5}}",
            "alarm-always alarms.data_plane_full: there are always as many data planes as there may be (2)",
        ),
        (
            "database: {capacity: {min: 2, max: 2}}\nalarms: {email: ops@example.com, database_full: {percent: 90}}",
            "alarm-always alarms.database_full: the database always has the most capacity it may have (2 ACU)",
        ),
        (
            "control_plane: {mode: on-demand}\nalarms: {email: ops@example.com, control_plane_down: {minutes: 5}}",
            "alarm-always alarms.control_plane_down: a control plane on demand is down whenever nobody needs it",
        ),
        (
            "control_plane: {mode: on-demand}\nalarms: {email: ops@example.com, state_machine: {count: 0}}",
            "alarm-always alarms.state_machine.count: 0 is always reached",
        ),
        (
            "alarms: {email: ops@example.com, state_machine: {count: 1}}",
            "alarm-never alarms.state_machine: there is no state machine: the control plane is always on, and no log is archived",
        ),
        (
            "alarms: {email: ops@example.com, cpu: off}",
            "unknown-key alarms.cpu: unknown key `cpu`",
        ),
        (
            "dashboard: yes",
            "wrong-type dashboard: `true` or `false` belongs here, not the text `yes`",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
