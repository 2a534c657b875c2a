//! The two planes as ECS, Cloud Map and the load balancer see them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use aws_sdk_servicediscovery::types::{HealthStatus, HealthStatusFilter, HttpInstanceSummary};

use super::tally::Finding;
use crate::aws::{AwsError, Clients, failed};
use crate::operate::Plane;
use crate::operate::status::{Nodes, Rollout, Targets};

/// Judges a plane's service.
pub(super) fn service(plane: Plane, nodes: Option<&Nodes>, flags: &str) -> Finding {
    let apply = format!("`kongstack apply{flags}`");
    let Some(nodes) = nodes else {
        return Finding::failed("there is no such service").fix(format!("{apply} makes it"));
    };
    let (desired, running) = (nodes.desired, nodes.running);
    let logs = match plane {
        Plane::Control => format!("`kongstack logs cp{flags}` says why"),
        Plane::Data => format!("`kongstack logs dp{flags}` says why"),
    };
    if nodes.status != "ACTIVE" {
        return Finding::failed(format!("the service is {}", nodes.status));
    }
    if desired == 0 {
        let fix = match plane {
            Plane::Control => format!("`kongstack control-plane start{flags}` wakes it"),
            Plane::Data => format!("{apply} starts it"),
        };
        return Finding::failed("scaled to 0 tasks").fix(fix);
    }
    let latest = nodes.deployments.first();
    match latest.map(|latest| (latest.rollout, latest.reason.as_deref())) {
        Some((Rollout::Failed, why)) => {
            let why = why.unwrap_or("ECS says no reason");
            return Finding::failed(format!("the last deployment failed: {why}")).fix(logs);
        }
        Some((Rollout::InProgress, _)) => {
            return Finding::failed(format!(
                "a rollout is under way: {running} of {desired} tasks running"
            ))
            .fix(format!(
                "verify again when it is through; {logs} if it is not soon"
            ));
        }
        Some((Rollout::Completed, _)) | None => {}
    }
    if running != desired || nodes.pending > 0 {
        return Finding::failed(format!("{running} of {desired} tasks running")).fix(logs);
    }
    let ill = nodes.tasks.iter().filter(|task| task.health == "UNHEALTHY");
    match ill.count() {
        0 => Finding::passed(format!("{running} of {desired} running, {}", image(nodes))),
        ill => Finding::failed(format!("{ill} of {running} tasks fail their check")).fix(logs),
    }
}

/// The image that tasks run; during a rollout there may be several.
fn image(nodes: &Nodes) -> String {
    let images: BTreeSet<&str> = nodes.tasks.iter().map(|task| task.image.as_str()).collect();
    images.into_iter().collect::<Vec<_>>().join(" and ")
}

/// What answers under the control plane's private name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registered {
    id: String,
    address: String,
    healthy: bool,
}

/// Asks Cloud Map as a client would, for what it says is ill as well.
pub(super) async fn discover(
    clients: &Clients,
    namespace: &str,
    service: &str,
) -> Result<Vec<Registered>, AwsError> {
    let answer = clients
        .discovery()
        .discover_instances()
        .namespace_name(namespace)
        .service_name(service)
        .health_status(HealthStatusFilter::All)
        // As many as an answer can hold; it has no pages.
        .max_results(1000)
        .send()
        .await
        .map_err(failed("servicediscovery:DiscoverInstances"))?;
    Ok(answer.instances().iter().map(registered).collect())
}

fn registered(one: &HttpInstanceSummary) -> Registered {
    let address = one
        .attributes()
        .and_then(|attributes| attributes.get("AWS_INSTANCE_IPV4"));
    Registered {
        id: one.instance_id().unwrap_or_default().to_owned(),
        address: address.cloned().unwrap_or_default(),
        healthy: one.health_status() != Some(&HealthStatus::Unhealthy),
    }
}

/// Judges what is registered by the addresses of the tasks that run.
pub(super) fn cloud_map(
    name: &str,
    registered: &Result<Vec<Registered>, AwsError>,
    running: &BTreeSet<IpAddr>,
) -> Finding {
    let registered = match registered {
        Ok(registered) => registered,
        Err(error) => return Finding::not_checked(error.to_string()),
    };
    let is_running = |one: &&Registered| {
        let address = one.address.parse::<IpAddr>();
        address.is_ok_and(|address| running.contains(&address))
    };
    if let Some(stray) = registered.iter().find(|one| !is_running(one)) {
        let Registered { id, address, .. } = stray;
        return Finding::failed(format!(
            "{name} also leads to {address}, which is no control plane"
        ))
        .fix(format!(
            "deregister the instance {id}: aws servicediscovery deregister-instance"
        ));
    }
    if let Some(ill) = registered.iter().find(|one| !one.healthy) {
        return Finding::failed(format!("Cloud Map takes {} for unhealthy", ill.address));
    }
    let listed = |address: &&IpAddr| {
        let text = address.to_string();
        registered.iter().any(|one| one.address == text)
    };
    match running.iter().find(|address| !listed(address)) {
        Some(missing) => Finding::failed(format!("{name} does not lead to the task at {missing}")),
        None => {
            let all: Vec<String> = running.iter().map(IpAddr::to_string).collect();
            Finding::passed(format!("{name} is {}", all.join(" and ")))
        }
    }
}

/// Judges the targets by how many tasks run.
pub(super) fn targets(targets: Option<&Targets>, running: u32) -> Finding {
    let Some(targets) = targets else {
        return Finding::failed("there is no target group");
    };
    let (healthy, draining) = (targets.healthy, targets.draining);
    let others = [
        (targets.unhealthy, "unhealthy"),
        (targets.initial, "not checked yet"),
        (targets.unused, "not in use"),
    ];
    let others = others.iter().filter(|(count, _)| *count > 0);
    let others: Vec<String> = others
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let whys = targets.reasons.iter().map(|why| why.description.as_str());
    let whys: Vec<&str> = whys.filter(|why| !why.is_empty()).collect();
    let why = match whys.as_slice() {
        [] => String::new(),
        whys => format!(" ({})", whys.join("; ")),
    };
    if !others.is_empty() {
        return Finding::failed(format!("{healthy} healthy, {}{why}", others.join(", ")));
    }
    if healthy != running {
        return Finding::failed(format!("{healthy} healthy, but {running} tasks running"));
    }
    let draining = match draining {
        0 => String::new(),
        count => format!(", {count} more draining"),
    };
    Finding::passed(format!("{healthy} healthy{draining}"))
}

#[cfg(test)]
mod tests;
