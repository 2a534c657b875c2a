//! Services: tasks, targets and instances that follow a deployment, and deployments that fail.

use aws_sdk_ecs::types::{
    DeploymentCircuitBreaker, DeploymentConfiguration, LaunchType, LoadBalancer, Service,
    ServiceRegistry,
};
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, ProtocolEnum, TargetTypeEnum};
use aws_sdk_servicediscovery::types::{DnsConfig, DnsRecord, RecordType};

use super::fleet::{Definition, Fleet, KONG};
use super::stage::{answers, code};

/// A load balancer that has come up, with a listener; gives its target group.
async fn target_group(fleet: &Fleet) -> String {
    let elb = fleet.stage.elb();
    let made = elb
        .create_load_balancer()
        .name("front")
        .security_groups(&fleet.network.group);
    let made = made
        .set_subnets(Some(fleet.network.subnets.clone()))
        .send()
        .await;
    let balancer = made.expect("a load balancer").load_balancers()[0]
        .load_balancer_arn
        .clone();
    let made = elb
        .create_target_group()
        .name("back")
        .vpc_id(&fleet.network.vpc)
        .port(8000);
    let made = made
        .protocol(ProtocolEnum::Http)
        .target_type(TargetTypeEnum::Ip);
    let made = made
        .health_check_path("/status")
        .health_check_port("8100")
        .send()
        .await;
    let group = made.expect("a target group").target_groups()[0]
        .target_group_arn
        .clone();
    let group = group.expect("its ARN");
    let forward = Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .target_group_arn(&group)
        .build();
    let made = elb
        .create_listener()
        .set_load_balancer_arn(balancer)
        .port(80);
    let made = made
        .protocol(ProtocolEnum::Http)
        .default_actions(forward)
        .send();
    made.await.expect("a listener");
    fleet.stage.skip(190);
    group
}

/// A Cloud Map service; gives its id and ARN.
async fn registry(fleet: &Fleet) -> (String, String) {
    let map = fleet.stage.discovery();
    let made = map
        .create_private_dns_namespace()
        .name("kong.local")
        .vpc(&fleet.network.vpc);
    made.send().await.expect("an operation");
    fleet.stage.skip(75);
    let seen = map.list_namespaces().send().await.expect("namespaces");
    let record = DnsRecord::builder()
        .r#type(RecordType::A)
        .ttl(10)
        .build()
        .expect("a record");
    let records = DnsConfig::builder()
        .dns_records(record)
        .build()
        .expect("records");
    let made = map
        .create_service()
        .name("config")
        .set_namespace_id(seen.namespaces()[0].id.clone());
    let made = made
        .dns_config(records)
        .send()
        .await
        .expect("a service")
        .service
        .expect("a service");
    (made.id.expect("its id"), made.arn.expect("its ARN"))
}

/// Makes a service of two tasks.
pub(super) async fn create(
    fleet: &Fleet,
    definition: &str,
    group: Option<&str>,
    registry: Option<&str>,
) -> String {
    let breaker = DeploymentCircuitBreaker::builder()
        .enable(true)
        .rollback(true)
        .build();
    let rollout = DeploymentConfiguration::builder().deployment_circuit_breaker(breaker);
    let rollout = rollout
        .minimum_healthy_percent(100)
        .maximum_percent(200)
        .build();
    let balancer = |arn| {
        let target = LoadBalancer::builder()
            .target_group_arn(arn)
            .container_name("kong");
        vec![target.container_port(8000).build()]
    };
    let registered = |arn| vec![ServiceRegistry::builder().registry_arn(arn).build()];
    let made = fleet
        .stage
        .ecs()
        .create_service()
        .cluster("kong")
        .service_name("web");
    let made = made
        .task_definition(definition)
        .desired_count(2)
        .launch_type(LaunchType::Fargate);
    let made = made
        .network_configuration(fleet.placed())
        .deployment_configuration(rollout);
    let made = made
        .set_load_balancers(group.map(balancer))
        .set_service_registries(registry.map(registered));
    code(made.send().await)
}

pub(super) async fn update(fleet: &Fleet, definition: &str) -> Service {
    let change = fleet
        .stage
        .ecs()
        .update_service()
        .cluster("kong")
        .service("web");
    let changed = change.task_definition(definition).send().await;
    changed.expect("an update").service.expect("a service")
}

pub(super) async fn look(fleet: &Fleet) -> Service {
    let seen = fleet
        .stage
        .ecs()
        .describe_services()
        .cluster("kong")
        .services("web");
    seen.send().await.expect("a service").services()[0].clone()
}

/// The deployments as `status state running`, the primary one first.
pub(super) fn deployments(service: &Service) -> Vec<String> {
    let shown = service.deployments().iter().map(|it| {
        let state = it.rollout_state().map_or("-", |it| it.as_str());
        format!(
            "{} {state} {}",
            it.status().unwrap_or("-"),
            it.running_count()
        )
    });
    shown.collect()
}

pub(super) fn primary(service: &Service) -> String {
    service.deployments()[0].id().expect("its id").to_owned()
}

pub(super) fn says(service: &Service, text: &str) -> usize {
    let messages = service.events().iter().filter_map(|it| it.message());
    messages.filter(|it| it.contains(text)).count()
}

async fn healthy(fleet: &Fleet, group: &str) -> usize {
    let seen = fleet
        .stage
        .elb()
        .describe_target_health()
        .target_group_arn(group);
    let seen = seen.send().await.expect("targets");
    let states = seen
        .target_health_descriptions()
        .iter()
        .filter_map(|it| it.target_health());
    states
        .filter(|it| it.state().is_some_and(|it| it.as_str() == "healthy"))
        .count()
}

async fn instances(fleet: &Fleet, id: &str) -> Vec<String> {
    let seen = fleet
        .stage
        .discovery()
        .list_instances()
        .service_id(id)
        .send()
        .await;
    let found = seen.expect("instances").instances.unwrap_or_default();
    found.into_iter().filter_map(|it| it.id).collect()
}

#[tokio::test]
async fn a_rollout_is_followed_by_its_deployment_until_the_service_is_steady() {
    let fleet = Fleet::ready().await;
    let (group, (map, registry)) = (target_group(&fleet).await, registry(&fleet).await);
    let first = fleet.register(KONG).await.expect("a definition");
    assert_eq!(
        create(&fleet, &first, Some(&group), Some(&registry)).await,
        "accepted"
    );
    fleet.stage.skip(40);
    let begun = look(&fleet).await;
    assert_eq!(deployments(&begun), ["PRIMARY IN_PROGRESS 0"]);
    assert_eq!(
        (begun.pending_count(), says(&begun, "steady state")),
        (2, 0)
    );
    assert!(instances(&fleet, &map).await.is_empty());
    fleet.stage.skip(400);
    let steady = look(&fleet).await;
    assert_eq!(deployments(&steady), ["PRIMARY COMPLETED 2"]);
    assert_eq!(
        (
            says(&steady, "has started 2 tasks"),
            says(&steady, "has reached a steady state.")
        ),
        (1, 1)
    );
    assert!(says(&steady, "registered 1 targets in") > 0);
    let before = instances(&fleet, &map).await;
    assert_eq!((healthy(&fleet, &group).await, before.len()), (2, 2));

    let second = fleet.register(KONG).await.expect("a definition");
    let rolling = update(&fleet, &second).await;
    assert_ne!(primary(&rolling), primary(&steady));
    assert_eq!(
        deployments(&rolling),
        ["PRIMARY IN_PROGRESS 0", "ACTIVE COMPLETED 2"]
    );
    fleet.stage.skip(90);
    let both = deployments(&look(&fleet).await);
    assert_eq!(both, ["PRIMARY IN_PROGRESS 2", "ACTIVE COMPLETED 2"]);
    assert!(
        healthy(&fleet, &group).await >= 2,
        "the old ones stay until the new ones are healthy"
    );
    fleet.stage.skip(900);
    let done = look(&fleet).await;
    assert_eq!(
        (deployments(&done), primary(&done)),
        (vec!["PRIMARY COMPLETED 2".to_owned()], primary(&rolling))
    );
    assert_eq!(says(&done, "has reached a steady state."), 2);
    let after = instances(&fleet, &map).await;
    assert_eq!((healthy(&fleet, &group).await, after.len()), (2, 2));
    assert!(
        after.iter().all(|it| !before.contains(it)),
        "new tasks, new instances"
    );
}

#[tokio::test]
async fn the_circuit_breaker_goes_back_to_what_ran() {
    let fleet = Fleet::ready().await;
    let good = fleet.register(KONG).await.expect("a definition");
    assert_eq!(create(&fleet, &good, None, None).await, "accepted");
    fleet.stage.skip(200);
    let steady = look(&fleet).await;
    assert_eq!(deployments(&steady), ["PRIMARY COMPLETED 2"]);
    let bad = Definition {
        image: "kong:9.9.9",
        ..KONG
    };
    let bad = fleet.register(bad).await.expect("a definition");
    let failing = update(&fleet, &bad).await;
    fleet.stage.skip(900);
    let back = look(&fleet).await;
    assert_eq!(back.task_definition(), Some(good.as_str()));
    assert_eq!(deployments(&back), ["PRIMARY COMPLETED 2"]);
    assert!(![primary(&steady), primary(&failing)].contains(&primary(&back)));
    let failed = format!("(deployment {}) deployment failed", primary(&failing));
    assert_eq!(
        (
            says(&back, &failed),
            says(&back, "rolling back to deployment")
        ),
        (1, 1)
    );
    assert!(says(&back, "is unable to consistently start tasks") > 0);
}

#[tokio::test]
async fn a_service_drains_before_it_is_gone_and_a_cluster_is_left_empty() {
    let fleet = Fleet::ready().await;
    let ecs = fleet.stage.ecs();
    let definition = fleet.register(KONG).await.expect("a definition");
    let group =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/none/0123456789abcdef";
    let cluster = || ecs.delete_cluster().cluster("kong").send();
    let remove = |force| {
        ecs.delete_service()
            .cluster("kong")
            .service("web")
            .force(force)
            .send()
    };
    answers! {
        "unknown group" => create(&fleet, &definition, Some(group), None).await, "InvalidParameterException";
        "service" => create(&fleet, &definition, None, None).await, "accepted";
        "again" => create(&fleet, &definition, None, None).await, "InvalidParameterException";
        "no cluster" => code(ecs.list_services().cluster("x").send().await), "ClusterNotFoundException";
    }
    fleet.stage.skip(200);
    answers! {
        "scaled up" => code(remove(false).await), "InvalidParameterException";
        "cluster" => code(cluster().await), "ClusterContainsServicesException";
        "force" => code(remove(true).await), "accepted";
    }
    assert_eq!(look(&fleet).await.status(), Some("DRAINING"));
    assert_ne!(code(cluster().await), "accepted", "tasks are left");
    let subnet = fleet
        .stage
        .ec2()
        .delete_subnet()
        .subnet_id(&fleet.network.subnets[0]);
    answers! {
        "while draining" => create(&fleet, &definition, None, None).await, "InvalidParameterException";
        "subnet" => code(subnet.send().await), "DependencyViolation";
    }
    fleet.stage.skip(300);
    assert_eq!(look(&fleet).await.status(), Some("INACTIVE"));
    let subnet = fleet
        .stage
        .ec2()
        .delete_subnet()
        .subnet_id(&fleet.network.subnets[0]);
    answers! {
        "cluster" => code(cluster().await), "accepted";
        "subnet" => code(subnet.send().await), "accepted";
    }
}

#[tokio::test]
async fn what_is_asked_of_a_service_is_kept() {
    let fleet = Fleet::ready().await;
    let plain = fleet.register(KONG).await.expect("a definition");
    let own = Definition {
        task_role: true,
        ..KONG
    };
    let own = fleet.register(own).await.expect("a definition");
    assert_eq!(create(&fleet, &own, None, None).await, "accepted");
    let seen = look(&fleet).await;
    let breaker = seen
        .deployment_configuration()
        .and_then(|it| it.deployment_circuit_breaker());
    assert_eq!(
        breaker.map(|it| (it.enable(), it.rollback())),
        Some((true, true))
    );
    let change = |definition: &str| {
        let change = fleet
            .stage
            .ecs()
            .update_service()
            .cluster("kong")
            .service("web");
        change
            .task_definition(definition)
            .enable_execute_command(true)
            .send()
    };
    answers! {
        "without a role" => code(change(&plain).await), "InvalidParameterException";
        "with one" => code(change(&own).await), "accepted";
    }
    assert!(look(&fleet).await.enable_execute_command());
}
