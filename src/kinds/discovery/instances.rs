//! What is registered in a service, and whether ECS registered it for this stack.

use std::collections::BTreeSet;

use aws_sdk_servicediscovery::types::InstanceSummary;

use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::ecs::{EcsCluster, EcsService};
use crate::resource::{Blocker, Error, Observer};

/// The instances of a service.
pub(super) async fn list(
    clients: &Clients,
    service: &str,
) -> Result<Vec<InstanceSummary>, AwsError> {
    let mut pages = clients
        .discovery()
        .list_instances()
        .service_id(service)
        .into_paginator()
        .send();
    let mut listed = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page
            .map_err(failed("servicediscovery:ListInstances"))
            .or_absent(&["ServiceNotFound"])?;
        listed.extend(page.and_then(|page| page.instances).unwrap_or_default());
    }
    Ok(listed)
}

/// What ECS registered for the stack, ECS takes out; what somebody else registered stays and holds the service.
pub(super) async fn blockers(
    cx: &Observer,
    service: &str,
    name: &str,
) -> Result<Vec<Blocker>, Error> {
    let clusters = async { cx.live::<EcsCluster>().await };
    let services = async { cx.live::<EcsService>().await };
    let registered = async { Ok(list(cx.clients(), service).await?) };
    let (clusters, services, registered) = futures::try_join!(clusters, services, registered)?;
    let ours: BTreeSet<String> = clusters
        .into_iter()
        .map(|(_, cluster)| cluster.name)
        .chain(services.into_iter().map(|(_, service)| service.name))
        .collect();
    let strangers = registered.iter().filter_map(|one| stranger(one, &ours));
    Ok(strangers
        .map(|(id, whose)| Blocker {
            reason: format!("instance {id} is registered in service {name} by {whose}"),
            fix: format!(
                "deregister it: aws servicediscovery deregister-instance --service-id {service} --instance-id {id}"
            ),
        })
        .collect())
}

/// The id of an instance that is not the stack's, and who registered it. ECS writes its names into what it registers;
/// `ours` are the names of the stack's clusters and services.
fn stranger(instance: &InstanceSummary, ours: &BTreeSet<String>) -> Option<(String, String)> {
    let attribute = |name: &str| instance.attributes()?.get(name);
    let id = instance.id().unwrap_or("without an id").to_owned();
    let Some(service) = attribute("ECS_SERVICE_NAME") else {
        return Some((id, "somebody else".to_owned()));
    };
    let cluster = attribute("ECS_CLUSTER_NAME");
    let is_ours = cluster.map_or_else(|| ours.contains(service), |name| ours.contains(name));
    let of = cluster.map_or_else(String::new, |name| format!(" of cluster {name}"));
    // Without a cluster of ours nothing tells what a former one left from what another registers.
    (!is_ours && !ours.is_empty()).then(|| (id, format!("the ECS service {service}{of}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ecs_registered_for_the_stack_leaves_by_itself() {
        let instance = |attributes: &[(&str, &str)]| {
            let attributes = attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            InstanceSummary::builder()
                .id("one")
                .set_attributes(Some(attributes.collect()))
                .build()
        };
        let ours = BTreeSet::from(["gw".to_owned(), "gw-cp".to_owned()]);
        let whose = |attributes: &[(&str, &str)]| {
            stranger(&instance(attributes), &ours).map(|(_, whose)| whose)
        };
        let of = |cluster| [("ECS_SERVICE_NAME", "gw-cp"), ("ECS_CLUSTER_NAME", cluster)];
        assert_eq!(whose(&of("gw")), None);
        assert_eq!(
            whose(&of("other")).as_deref(),
            Some("the ECS service gw-cp of cluster other")
        );
        assert_eq!(whose(&[("ECS_SERVICE_NAME", "gw-cp")]), None);
        let by_hand = [("AWS_INSTANCE_IPV4", "10.0.0.1")];
        assert_eq!(whose(&by_hand).as_deref(), Some("somebody else"));
        assert_eq!(stranger(&instance(&of("gw")), &BTreeSet::new()), None);
    }
}
