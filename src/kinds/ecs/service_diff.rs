//! Where a service is not as desired.

use aws_sdk_ecs::types::PropagateTags;

use super::network::TaskNetwork;
use super::service::{Count, Desired, LoadBalancing, PLATFORM};
use super::service_state::{Live, Rollout, breaker};
use crate::resource::{Arn, Diff, Effect, Ref, Resolve, Text};

/// Compares all of `desired`.
pub(super) fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
    let Desired {
        name,
        cluster,
        task_definition,
        count,
        strategy,
        network,
        minimum_healthy_percent,
        maximum_percent,
        load_balancing,
        registry,
        execute_command,
        log: _, // explains failures only
        tags,
        after: _,         // says when, not what
        started_after: _, // says when, not what
    } = desired;
    let mut diff = Diff::new();
    diff.immutable("name", name, &live.name, "a service cannot be renamed");
    let moved = Effect::Replace("a service cannot be moved to another cluster");
    diff.reference("cluster", cluster, &live.cluster, outputs, moved);
    let (have, at) = (&live.task_definition, Effect::InPlace);
    diff.reference("task_definition", task_definition, have, outputs, at);
    match count {
        Count::Fixed(count) => diff.field("desired_count", count, &live.desired_count),
        Count::Scaled(first) if live.desired_count == 0 => {
            diff.field("desired_count", first, &live.desired_count);
        }
        // A second one is nobody's wish, and the machine would never find it at rest.
        Count::OnDemand if live.desired_count > 1 => {
            diff.field("desired_count", &1, &live.desired_count);
        }
        Count::Scaled(_) | Count::OnDemand => {}
    }
    let field = "capacity_provider_strategy";
    diff.set(field, strategy, &live.strategy, Effect::InPlace);
    diff.field(
        "platform_version",
        &PLATFORM.to_owned(),
        &live.platform_version,
    );
    diff_network(network, live, outputs, &mut diff);
    let (want, have) = (minimum_healthy_percent, &live.minimum_healthy_percent);
    diff.field("minimum_healthy_percent", want, have);
    diff.field("maximum_percent", maximum_percent, &live.maximum_percent);
    let breaker = breaker(true, true).to_owned();
    diff.field("circuit_breaker", &breaker, &live.circuit_breaker);
    diff_traffic(
        load_balancing.as_ref(),
        registry.as_ref(),
        live,
        outputs,
        &mut diff,
    );
    diff.field("execute_command", execute_command, &live.execute_command);
    let propagate = PropagateTags::Service.as_str().to_owned();
    diff.field("propagate_tags", &propagate, &live.propagate_tags);
    diff_rollout(live, &mut diff);
    diff.tags(tags, &live.tags);
    diff
}

fn diff_network(network: &TaskNetwork, live: &Live, outputs: &dyn Resolve, diff: &mut Diff) {
    let TaskNetwork {
        subnets,
        security_groups,
        assign_public_ip,
    } = network;
    diff.references("subnets", subnets, &live.subnets, outputs, Effect::InPlace);
    let (field, have) = ("security_groups", &live.security_groups);
    diff.references(field, security_groups, have, outputs, Effect::InPlace);
    diff.field("assign_public_ip", assign_public_ip, &live.assign_public_ip);
}

fn diff_traffic(
    balancing: Option<&LoadBalancing>,
    registry: Option<&Ref<Arn>>,
    live: &Live,
    outputs: &dyn Resolve,
    diff: &mut Diff,
) {
    let texts = balancing.map(|one| {
        let LoadBalancing {
            target_group,
            container,
            port,
            grace: _, // below
        } = one;
        Text::from(target_group).then(format!(" on {container}:{port}"))
    });
    diff_texts("load_balancers", texts, &live.target_groups, outputs, diff);
    let grace = balancing.map_or(0, |one| one.grace.as_secs());
    diff.field(
        "health_check_grace_period",
        &grace,
        &live.health_check_grace,
    );
    let registry = registry.map(Text::from);
    diff_texts(
        "service_registries",
        registry,
        &live.registries,
        outputs,
        diff,
    );
}

/// Compares what there may be one of with what there may be several of.
fn diff_texts(
    field: &str,
    want: Option<Text>,
    have: &[String],
    outputs: &dyn Resolve,
    diff: &mut Diff,
) {
    let have = have.join(", ");
    let want = want.unwrap_or_default();
    diff.text(field, &want, &have, outputs, Effect::InPlace);
}

fn diff_rollout(live: &Live, diff: &mut Diff) {
    match live.primary.as_ref().map(|primary| &primary.rollout) {
        Some(Rollout::InProgress) => diff.pending("rollout", "IN_PROGRESS", "COMPLETED"),
        Some(Rollout::Failed(why)) => diff.push(
            "rollout".to_owned(),
            Some(format!("FAILED: {why}")),
            Some("COMPLETED".to_owned()),
            Effect::InPlace,
        ),
        Some(Rollout::Completed) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_ecs::types as sdk;

    use super::*;
    use crate::kinds::ecs::{Share, TaskLog};
    use crate::resource::{Nothing, Output, ResourceName, SecurityGroupId, SubnetId, Tags};

    fn desired() -> Desired {
        Desired {
            name: "gw-dp".to_owned(),
            cluster: Ref::Literal(Arn::new("arn:cluster")),
            task_definition: Ref::Literal(Arn::new("arn:task-definition:1")),
            count: Count::Scaled(2),
            strategy: vec![Share {
                provider: "FARGATE".to_owned(),
                base: 0,
                weight: 1,
            }],
            network: TaskNetwork {
                subnets: ["subnet-1", "subnet-2"]
                    .map(|id| Ref::Literal(SubnetId::new(id)))
                    .to_vec(),
                security_groups: vec![Ref::Literal(SecurityGroupId::new("sg-1"))],
                assign_public_ip: false,
            },
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            load_balancing: Some(LoadBalancing {
                target_group: Ref::Literal(Arn::new("arn:target-group")),
                container: "kong".to_owned(),
                port: 8000,
                grace: Duration::from_secs(120),
            }),
            registry: None,
            execute_command: false,
            log: TaskLog {
                group: Ref::Literal(ResourceName::new("group")),
                prefix: "ecs".to_owned(),
                container: "kong".to_owned(),
            },
            tags: Tags::default(),
            after: Vec::new(),
            started_after: Vec::new(),
        }
    }

    fn service() -> sdk::builders::ServiceBuilder {
        let share = sdk::CapacityProviderStrategyItem::builder()
            .capacity_provider("FARGATE")
            .weight(1)
            .build();
        let vpc = sdk::AwsVpcConfiguration::builder()
            .subnets("subnet-2")
            .subnets("subnet-1")
            .security_groups("sg-1")
            .assign_public_ip(sdk::AssignPublicIp::Disabled)
            .build();
        let breaker = sdk::DeploymentCircuitBreaker::builder()
            .enable(true)
            .rollback(true)
            .build();
        sdk::Service::builder()
            .service_arn("arn:service")
            .service_name("gw-dp")
            .cluster_arn("arn:cluster")
            .status("ACTIVE")
            .desired_count(7)
            .task_definition("arn:task-definition:1")
            .capacity_provider_strategy(share.expect("complete"))
            .platform_version("LATEST")
            .network_configuration(
                sdk::NetworkConfiguration::builder()
                    .awsvpc_configuration(vpc.expect("complete"))
                    .build(),
            )
            .deployment_configuration(
                sdk::DeploymentConfiguration::builder()
                    .minimum_healthy_percent(100)
                    .maximum_percent(200)
                    .deployment_circuit_breaker(breaker)
                    .build(),
            )
            .load_balancers(
                sdk::LoadBalancer::builder()
                    .target_group_arn("arn:target-group")
                    .container_name("kong")
                    .container_port(8000)
                    .build(),
            )
            .health_check_grace_period_seconds(120)
            .propagate_tags(PropagateTags::Service)
    }

    fn changes(desired: &Desired, service: sdk::builders::ServiceBuilder) -> Vec<(String, Effect)> {
        let live = Live::from_sdk(&service.build()).expect("a whole service");
        let diff = diff(desired, &live, &Nothing);
        let changes = diff.changes().iter();
        changes.map(|one| (one.field.clone(), one.effect)).collect()
    }

    fn deployment(state: sdk::DeploymentRolloutState) -> sdk::Deployment {
        sdk::Deployment::builder()
            .id("ecs-svc/1")
            .status("PRIMARY")
            .rollout_state(state)
            .build()
    }

    #[test]
    fn autoscalings_count_is_no_drift_but_zero_is() {
        assert_eq!(changes(&desired(), service()), []);
        let stopped = changes(&desired(), service().desired_count(0));
        assert_eq!(stopped, [("desired_count".to_owned(), Effect::InPlace)]);
    }

    #[test]
    fn a_fixed_count_changed_by_hand_is_drift() {
        let fixed = Desired {
            count: Count::Fixed(1),
            ..desired()
        };
        let scaled = changes(&fixed, service().desired_count(3));
        assert_eq!(scaled, [("desired_count".to_owned(), Effect::InPlace)]);
    }

    #[test]
    fn a_rollout_is_waited_for_and_a_failed_one_repeated() {
        use sdk::DeploymentRolloutState as State;
        let going = changes(
            &desired(),
            service().deployments(deployment(State::InProgress)),
        );
        assert_eq!(going, [("rollout".to_owned(), Effect::Wait)]);
        let failed = changes(&desired(), service().deployments(deployment(State::Failed)));
        assert_eq!(failed, [("rollout".to_owned(), Effect::InPlace)]);
        let done = changes(
            &desired(),
            service().deployments(deployment(State::Completed)),
        );
        assert_eq!(done, []);
    }

    #[test]
    fn another_cluster_takes_another_service() {
        let moved = changes(&desired(), service().cluster_arn("arn:other"));
        assert!(matches!(moved.as_slice(), [(_, Effect::Replace(_))]));
    }
}
