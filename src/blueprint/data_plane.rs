//! The data planes: the nodes behind the load balancer, as many as the traffic needs.

use std::time::Duration;

use super::addresses;
use super::compute::{CONTAINER, architecture, cluster, node, settings, task_log, task_network};
use super::draft::Draft;
use super::{identity, ingress, network, on_demand, secrets, security};
use crate::kinds::autoscaling::{
    Metric, ScalableTarget, ScalableTargetDesired, ScalingPolicy, ScalingPolicyDesired,
};
use crate::kinds::ecs::{
    Container, Count, EcsService, EcsServiceDesired, LoadBalancing, Share, TaskDefinition,
    TaskDefinitionDesired,
};
use crate::kong::environment::{self, PROXY_PORT, Role, STATUS_PORT};
use crate::kong::shutdown;
use crate::resource::{Address, Ref, ResourceLabel, Text};
use crate::spec::{Named, StackSpec};

/// How long a new node may be unhealthy: it has to find the control plane, which answers a new one within seconds.
const GRACE: Duration = Duration::from_secs(120);

/// How much longer while it may have to wait for a control plane that is asleep: the event and the machine (5 s), ECS's
/// scheduler and Fargate (60 to 90 s), Kong and its registration (20 s), Aurora's resume from zero (15 s, and 30 s or
/// more after a day), and the node's next try to connect (5 to 10 s) come to some 160 s. Twice that is little to wait
/// for a node that is ill, and a node that is killed while it waits has to begin anew.
const COLD_START: Duration = Duration::from_secs(320);

/// Out quickly, back slowly: a node too many costs less than one too few.
const SCALE_OUT_COOLDOWN: Duration = Duration::from_secs(60);
const SCALE_IN_COOLDOWN: Duration = Duration::from_secs(300);

/// Draws the task definition, the service and its scaling.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    draw_task(draft);
    draw_service(draft);
    draw_scaling(draft);
}

fn draw_task(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::data_plane_task();
    let family = spec.name_of(Named::DataPlaneFamily);
    let desired = TaskDefinitionDesired {
        cpu: spec.data_plane.cpu,
        memory: spec.data_plane.memory,
        architecture: architecture(spec.data_plane.architecture),
        execution_role: identity::execution_role(),
        task_role: Some(identity::data_plane_role()),
        container: container(spec),
        region: spec.region.as_str().to_owned(),
        tags: draft.tags(&address, &family),
        family,
        after: Vec::new(),
    };
    draft.add::<TaskDefinition>(address, desired);
}

fn container(spec: &StackSpec) -> Container {
    let from = [
        (environment::CLUSTER_CERT, secrets::certificate()),
        (environment::CLUSTER_CERT_KEY, secrets::certificate_key()),
    ];
    Container {
        ports: vec![PROXY_PORT, STATUS_PORT],
        ..node(
            spec,
            task_log(addresses::data_plane_logs()),
            settings(spec, Role::DataPlane, spec.data_plane.cpu),
            from.map(|(name, text)| (name.to_owned(), text)).into(),
            shutdown::DATA_PLANE,
        )
    }
}

fn draw_service(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::data_plane_service();
    let name = spec.name_of(Named::DataPlaneService);
    let desired = EcsServiceDesired {
        cluster: cluster(),
        task_definition: Ref::Of(addresses::data_plane_task()),
        count: Count::Scaled(spec.data_plane.scaling.min),
        strategy: strategy(spec.data_plane.spot.get()),
        network: task_network(spec, addresses::data_plane_group()),
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        load_balancing: Some(LoadBalancing {
            target_group: Ref::Of(addresses::target_group()),
            container: CONTAINER.to_owned(),
            port: PROXY_PORT,
            grace: match spec.control_plane.on_demand() {
                Some(_) => GRACE + COLD_START,
                None => GRACE,
            },
        }),
        registry: None,
        execute_command: spec.exec,
        log: task_log(addresses::data_plane_logs()),
        tags: draft.tags(&address, &name),
        name,
        after: ready(spec),
        // A node without a control plane of at least its own version never becomes ready.
        started_after: [
            vec![
                addresses::schema_finish(),
                addresses::control_plane_service(),
            ],
            on_demand::watched(spec),
        ]
        .concat(),
    };
    draft.add::<EcsService>(address, desired);
}

/// A way out, rules and policies, and the listeners without which the target group belongs to no load balancer.
fn ready(spec: &StackSpec) -> Vec<Address> {
    [
        network::egress_ready(spec),
        security::tasks_ready(spec),
        identity::data_plane_ready(spec),
        ingress::service_ready(spec),
    ]
    .concat()
}

/// How tasks are shared between the two sorts of Fargate. With a share of Spot one task stays on demand in any case:
/// Spot may take back all of its at once.
fn strategy(spot: u8) -> Vec<Share> {
    let share = |provider: &str, base, weight: u8| Share {
        provider: provider.to_owned(),
        base,
        weight: u16::from(weight),
    };
    match spot {
        0 => vec![share("FARGATE", 0, 1)],
        // A provider of weight 0 may get no task at all, not even its base.
        100.. => vec![share("FARGATE", 1, 1), share("FARGATE_SPOT", 0, 99)],
        _ => vec![
            share("FARGATE", 1, 100 - spot),
            share("FARGATE_SPOT", 0, spot),
        ],
    }
}

fn draw_scaling(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let scaling = &spec.data_plane.scaling;
    let address = addresses::scalable_target();
    let cluster = spec.name_of(Named::EcsCluster);
    let service = spec.name_of(Named::DataPlaneService);
    let target = ScalableTargetDesired {
        tags: draft.tags(&address, &service),
        cluster: cluster.clone(),
        service: service.clone(),
        of: addresses::data_plane_service(),
        min: scaling.min,
        max: scaling.max,
    };
    draft.add::<ScalableTarget>(address, target);
    let policies = [
        ("cpu", Some(scaling.cpu.get().into()), Metric::Cpu),
        (
            "memory",
            scaling.memory.map(|share| share.get().into()),
            Metric::Memory,
        ),
        (
            "requests",
            scaling.requests_per_target,
            Metric::RequestsPerTarget { label: label() },
        ),
    ];
    for (part, target, metric) in policies {
        let Some(target) = target else { continue };
        let policy = ScalingPolicyDesired {
            cluster: cluster.clone(),
            service: service.clone(),
            of: addresses::scalable_target(),
            metric,
            target,
            scale_out_cooldown: SCALE_OUT_COOLDOWN,
            scale_in_cooldown: SCALE_IN_COOLDOWN,
        };
        draft.add::<ScalingPolicy>(addresses::scaling_policy(part), policy);
    }
}

/// The load balancer and target group whose requests are counted.
fn label() -> Text {
    let part = |address: Address| Text::from(&Ref::<ResourceLabel>::Of(address));
    let parts = [addresses::load_balancer(), addresses::target_group()];
    Text::join(parts.map(part), "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_spot_keeps_one_task_on_demand() {
        let shown = |spot| {
            let shares = strategy(spot);
            shares.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(shown(0), ["FARGATE base 0 weight 1"]);
        assert_eq!(
            shown(70),
            ["FARGATE base 1 weight 30", "FARGATE_SPOT base 0 weight 70"]
        );
        assert_eq!(
            shown(100),
            ["FARGATE base 1 weight 1", "FARGATE_SPOT base 0 weight 99"]
        );
    }
}
