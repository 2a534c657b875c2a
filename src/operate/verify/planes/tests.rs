use super::*;
use crate::operate::status::sample::sample;

fn nodes(desired: u32, running: u32, rollout: Rollout) -> Nodes {
    let mut nodes = sample().data_plane.unwrap();
    (nodes.desired, nodes.running) = (desired, running);
    let latest = &mut nodes.deployments[0];
    latest.rollout = rollout;
    latest.reason = (rollout == Rollout::Failed).then(|| "tasks failed to start".to_owned());
    nodes
}

#[test]
fn a_service_is_steady_when_its_rollout_is_through_and_all_its_tasks_run() {
    let told = |nodes: &Nodes| service(Plane::Control, Some(nodes), "").told();
    let with = |desired, running, rollout| told(&nodes(desired, running, rollout));
    let mut ill = nodes(2, 2, Rollout::Completed);
    ill.tasks[0].health = "UNHEALTHY".to_owned();
    let leaving = Nodes {
        status: "DRAINING".to_owned(),
        ..nodes(1, 1, Rollout::Completed)
    };
    for (found, expected) in [
        (
            with(2, 2, Rollout::Completed),
            "passed: 2 of 2 running, kong:3.9.3",
        ),
        (with(0, 0, Rollout::Completed), "failed: scaled to 0 tasks"),
        (
            with(2, 1, Rollout::Completed),
            "failed: 1 of 2 tasks running",
        ),
        (
            with(2, 1, Rollout::InProgress),
            "failed: a rollout is under way: 1 of 2 tasks running",
        ),
        (
            with(1, 1, Rollout::Failed),
            "failed: the last deployment failed: tasks failed to start",
        ),
        (told(&ill), "failed: 1 of 2 tasks fail their check"),
        (told(&leaving), "failed: the service is DRAINING"),
        (
            service(Plane::Data, None, "").told(),
            "failed: there is no such service",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn the_private_name_leads_to_the_running_task_and_nowhere_else() {
    let one = |address: &str, healthy| Registered {
        id: "i-1".to_owned(),
        address: address.to_owned(),
        healthy,
    };
    let running: BTreeSet<IpAddr> = [[10, 0, 1, 7].into()].into();
    let name = "config.kong.local";
    let told = |registered| cloud_map(name, &Ok(registered), &running).told();
    for (registered, expected) in [
        (
            vec![one("10.0.1.7", true)],
            "passed: config.kong.local is 10.0.1.7",
        ),
        (
            vec![one("10.0.1.7", true), one("10.0.1.99", true)],
            "failed: config.kong.local also leads to 10.0.1.99, which is no control plane",
        ),
        (
            vec![one("10.0.1.7", false)],
            "failed: Cloud Map takes 10.0.1.7 for unhealthy",
        ),
        (
            vec![],
            "failed: config.kong.local does not lead to the task at 10.0.1.7",
        ),
    ] {
        assert_eq!(told(registered), expected);
    }
    let refused = AwsError::in_answer("servicediscovery:DiscoverInstances", "AccessDenied", "no");
    let found = cloud_map(name, &Err(refused), &running);
    assert!(matches!(found, Finding::NotChecked(_)), "{found:?}");
}

#[test]
fn every_running_data_plane_is_a_healthy_target() {
    let of = |healthy, unhealthy, initial, draining| Targets {
        healthy,
        unhealthy,
        initial,
        draining,
        ..Targets::default()
    };
    for (found, expected) in [
        (targets(Some(&of(2, 0, 0, 0)), 2), "passed: 2 healthy"),
        (
            targets(Some(&of(2, 0, 0, 1)), 2),
            "passed: 2 healthy, 1 more draining",
        ),
        (
            targets(Some(&of(1, 1, 0, 0)), 2),
            "failed: 1 healthy, 1 unhealthy",
        ),
        (
            targets(Some(&of(1, 0, 1, 0)), 2),
            "failed: 1 healthy, 1 not checked yet",
        ),
        (
            targets(Some(&of(1, 0, 0, 0)), 2),
            "failed: 1 healthy, but 2 tasks running",
        ),
        (targets(None, 2), "failed: there is no target group"),
    ] {
        assert_eq!(found.told(), expected);
    }
}
