//! What a status looks like.

use super::*;
use crate::operate::status::sample::{at, sample};
use crate::operate::status::{Activity, Overall, TargetReason};

fn shown(of: &Status) -> String {
    let text = anstream::adapter::strip_str(&status(of, 80)).to_string();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    text
}

/// Somebody at work.
fn ann() -> Holder {
    Holder {
        user: "ann".to_owned(),
        host: "build-7".to_owned(),
        process: 12,
        purpose: "apply".to_owned(),
        since: at(3500),
        until: at(3660),
        expired: false,
        run: Some("https://ci.example/42".to_owned()),
    }
}

#[test]
fn a_stack_that_serves() {
    insta::assert_snapshot!(shown(&sample()), @r"
    gw in eu-west-1: serving

    endpoint       https://api.example.com
    admin          https://api.example.com/kong-admin
    load balancer  active
    control plane  1 of 1 tasks running, Kong 3.9.3
                   gw-cp:3 completed 55m00s ago
    data plane     2 of 2 tasks running, Kong 3.9.3
                   gw-dp:3 completed 55m00s ago
    targets        2 healthy
    database       gw-db: available, awake
                   PostgreSQL 16.6, 0 to 2 ACU, pauses after 5m idle, now 0.5 ACU
                   writer gw-db-1 available
    migrations     schema of kong:3.9.3, finished
    certificates   HTTPS: valid until 2026-12-30T14:13:20Z (99 days)
                   cluster: expiry unknown
    lease          nobody holds it
    ");
}

#[test]
fn a_rollout_with_old_and_new_nodes() {
    let mut status = sample();
    let nodes = status.data_plane.as_mut().expect("nodes");
    let mut old = nodes.deployments[0].clone();
    old.running = 1;
    let new = &mut nodes.deployments[0];
    new.revision = "gw-dp:4".to_owned();
    (new.rollout, new.running, new.failed) = (Rollout::InProgress, 1, 1);
    new.created_at = Some(at(3530));
    nodes.deployments.push(old);
    nodes.tasks[1].kong = "3.9.2".to_owned();
    nodes.pending = 1;
    let targets = status.targets.as_mut().expect("targets");
    (targets.unhealthy, targets.initial, targets.draining) = (1, 1, 1);
    targets.reasons = vec![TargetReason {
        targets: 1,
        code: "Target.FailedHealthChecks".to_owned(),
        description: "Health checks failed with these codes: [503]".to_owned(),
    }];
    status.lease = Some(ann());
    status.overall = Overall {
        state: State::Changing,
        summary: "being changed by ann on build-7 (apply)".to_owned(),
        reasons: vec![
            "1 of 3 targets unhealthy (Health checks failed with these codes: [503])".to_owned(),
        ],
    };
    insta::assert_snapshot!(shown(&status), @r"
    gw in eu-west-1: being changed by ann on build-7 (apply)
      - 1 of 3 targets unhealthy (Health checks failed with these codes: [503])

    endpoint       https://api.example.com
    admin          https://api.example.com/kong-admin
    load balancer  active
    control plane  1 of 1 tasks running, Kong 3.9.3
                   gw-cp:3 completed 55m00s ago
    data plane     2 of 2 tasks running, 1 pending, Kong 3.9.2 (1 task) and 3.9.3 (1
                   task)
                   gw-dp:4 comes, begun 1m10s ago: 1 of 2 tasks running, 1 task
                   failed to start
                   gw-dp:3 goes: 1 task left
    targets        2 healthy, 1 unhealthy, 1 in their first checks, 1 draining
                   1 target: Health checks failed with these codes: [503]
                   (Target.FailedHealthChecks)
    database       gw-db: available, awake
                   PostgreSQL 16.6, 0 to 2 ACU, pauses after 5m idle, now 0.5 ACU
                   writer gw-db-1 available
    migrations     schema of kong:3.9.3, finished
    certificates   HTTPS: valid until 2026-12-30T14:13:20Z (99 days)
                   cluster: expiry unknown
    lease          held by ann on build-7 (process 12) for `apply` since
                   2026-09-21T15:11:40Z
                   valid until 2026-09-21T15:14:20Z unless renewed
                   https://ci.example/42
    ");
}

#[test]
fn alarms_are_counted_and_those_that_ring_are_named() {
    let lines = |alarms: Alarms| {
        let mut status = sample();
        status.alarms = Some(alarms);
        let text = shown(&status);
        let start = text.find("alarms  ").expect("a paragraph");
        let end = text.find("lease").expect("the next");
        text[start..end].to_owned()
    };
    let quiet = Alarms {
        count: 9,
        ..Alarms::default()
    };
    insta::assert_snapshot!(lines(quiet.clone()), @"alarms         9 alarms, all OK");
    let new = Alarms {
        without_data: vec!["certificate".to_owned()],
        unconfirmed: vec!["ops@example.com".to_owned()],
        ..quiet.clone()
    };
    insta::assert_snapshot!(lines(new), @r"
    alarms         9 alarms, none rings
                   insufficient data: certificate
                   ops@example.com has not confirmed yet, and gets no mail: the link
                   is in a mail from AWS
    ");
    let ringing = Alarms {
        in_alarm: vec!["latency".to_owned(), "target-5xx".to_owned()],
        ..quiet
    };
    insta::assert_snapshot!(lines(ringing), @"alarms         2 of 9 alarms: latency, target-5xx");
    assert!(lines(Alarms::default()).contains("not there"));
}

#[test]
fn a_stack_that_sleeps() {
    let mut status = sample();
    let nodes = status.control_plane.as_mut().expect("nodes");
    (nodes.desired, nodes.running) = (0, 0);
    nodes.tasks.clear();
    nodes.stopped_at = Some(at(3000));
    let database = status.database.as_mut().expect("a database");
    database.activity = Activity::Paused;
    database.capacity_acu = Some(0.0);
    status.certificates.https = None;
    let text = shown(&status);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| {
            ["asleep", "paused", "HTTPS"]
                .iter()
                .any(|word| line.contains(word))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    control plane  asleep for 10m00s
    database       gw-db: available, paused: it wakes within seconds when somebody
    certificates   HTTPS: none, the gateway speaks plain HTTP
    ");
}

#[test]
fn nothing_more_is_said_of_what_is_not_there() {
    let mut status = sample();
    status.overall = Overall {
        state: State::Absent,
        summary: "not there".to_owned(),
        reasons: Vec::new(),
    };
    assert_eq!(shown(&status), "gw in eu-west-1: not there\n");
}

#[test]
fn the_shape_of_the_json_is_documented() {
    let json = serde_json::to_string_pretty(&sample()).expect("JSON");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("json", json));
}
