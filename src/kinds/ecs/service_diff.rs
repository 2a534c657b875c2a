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
    let TaskNetwork {
        subnets,
        security_groups,
        assign_public_ip,
    } = network;
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
        Count::Scaled(_) => {}
    }
    let field = "capacity_provider_strategy";
    diff.set(field, strategy, &live.strategy, Effect::InPlace);
    diff.field(
        "platform_version",
        &PLATFORM.to_owned(),
        &live.platform_version,
    );
    diff.references("subnets", subnets, &live.subnets, outputs, Effect::InPlace);
    let (field, have) = ("security_groups", &live.security_groups);
    diff.references(field, security_groups, have, outputs, Effect::InPlace);
    diff.field("assign_public_ip", assign_public_ip, &live.assign_public_ip);
    let (want, have) = (minimum_healthy_percent, &live.minimum_healthy_percent);
    diff.field("minimum_healthy_percent", want, have);
    diff.field("maximum_percent", maximum_percent, &live.maximum_percent);
    let breaker = breaker(true, true).to_owned();
    diff.field("circuit_breaker", &breaker, &live.circuit_breaker);
    diff_traffic(load_balancing.as_ref(), registry.as_ref(), live, outputs, &mut diff);
    diff.field("execute_command", execute_command, &live.execute_command);
    let propagate = PropagateTags::Service.as_str().to_owned();
    diff.field("propagate_tags", &propagate, &live.propagate_tags);
    diff_rollout(live, &mut diff);
    diff.tags(tags, &live.tags);
    diff
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
    diff.field("health_check_grace_period", &grace, &live.health_check_grace);
    let registry = registry.map(Text::from);
    diff_texts("service_registries", registry, &live.registries, outputs, diff);
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

