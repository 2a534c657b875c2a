//! States on demand: what AWS lets happen to a resource, and what it still takes then.

use aws_sdk_ec2::types::VpcEndpointType;
use serde_json::json;

use super::databases;
use super::fleet::{Fleet, KONG};
use super::rollouts::{create, deployments, look, says};
use super::stage::{Stage, answers, code};

#[tokio::test]
async fn a_nat_gateway_fails_while_it_is_made() {
    let stage = Stage::new();
    let (ec2, network) = (stage.ec2(), stage.network().await);
    let address = ec2
        .allocate_address()
        .send()
        .await
        .expect("an address")
        .allocation_id;
    let address = address.expect("its id");
    let order = json!({"kind": "nat-gateway", "resource": "next", "state": "failed", "seconds": 20,
        "code": "InsufficientFreeAddressesInSubnet", "message": "no free address"});
    stage.order("states", &order);
    let made = ec2
        .create_nat_gateway()
        .subnet_id(&network.subnets[0])
        .allocation_id(&address);
    let nat = made
        .send()
        .await
        .expect("a NAT gateway")
        .nat_gateway
        .expect("a NAT gateway");
    let id = nat.nat_gateway_id().expect("its id");
    let mut states = Vec::new();
    for wait in [10, 15] {
        stage.skip(wait);
        let seen = ec2
            .describe_nat_gateways()
            .nat_gateway_ids(id)
            .send()
            .await
            .expect("NAT gateways");
        let nat = &seen.nat_gateways()[0];
        let state = nat.state().map_or("-", |it| it.as_str());
        states.push(format!("{state} {}", nat.failure_code().unwrap_or("-")));
    }
    assert_eq!(
        states,
        ["pending -", "failed InsufficientFreeAddressesInSubnet"]
    );
    let again = json!({"kind": "nat-gateway", "resource": id, "state": "failed"});
    let refused = stage
        .world()
        .place()
        .order("states", &again)
        .expect_err("it has failed already");
    assert!(
        refused.contains("only a pending NAT gateway fails"),
        "{refused}"
    );
    answers! {
        "its address" => code(ec2.release_address().allocation_id(&address).send().await), "accepted";
        "delete" => code(ec2.delete_nat_gateway().nat_gateway_id(id).send().await), "accepted";
    }
}

#[tokio::test]
async fn an_endpoint_fails() {
    let stage = Stage::new();
    let (ec2, network) = (stage.ec2(), stage.network().await);
    let made = ec2
        .create_vpc_endpoint()
        .vpc_id(&network.vpc)
        .vpc_endpoint_type(VpcEndpointType::Interface);
    let made = made
        .service_name("com.amazonaws.eu-west-1.logs")
        .private_dns_enabled(false);
    let made = made
        .subnet_ids(&network.subnets[0])
        .send()
        .await
        .expect("an endpoint");
    let id = made
        .vpc_endpoint
        .and_then(|it| it.vpc_endpoint_id)
        .expect("its id");
    stage.put("vpc-endpoint", &id, "failed");
    stage.skip(200);
    let seen = ec2
        .describe_vpc_endpoints()
        .vpc_endpoint_ids(&id)
        .send()
        .await
        .expect("endpoints");
    let endpoint = &seen.vpc_endpoints()[0];
    assert_eq!(endpoint.state().map(|it| it.as_str()), Some("failed"));
    assert!(endpoint.last_error().and_then(|it| it.message()).is_some());
    let gone = ec2
        .delete_vpc_endpoints()
        .vpc_endpoint_ids(&id)
        .send()
        .await;
    assert_eq!(code(gone), "accepted");
}

#[tokio::test]
async fn a_load_balancer_fails_or_runs_short() {
    let stage = Stage::new();
    let network = stage.network().await;
    let elb = stage.elb();
    let made = elb
        .create_load_balancer()
        .name("front")
        .set_subnets(Some(network.subnets.clone()));
    let made = made.send().await.expect("a load balancer");
    let arn = made.load_balancers()[0]
        .load_balancer_arn()
        .expect("its ARN");
    for wanted in ["failed", "active_impaired"] {
        stage.put("load-balancer", "front", wanted);
        stage.skip(300);
        let seen = elb
            .describe_load_balancers()
            .names("front")
            .send()
            .await
            .expect("load balancers");
        let state = seen.load_balancers()[0].state().expect("a state");
        assert_eq!(state.code().map(|it| it.as_str()), Some(wanted));
        assert!(state.reason().is_some(), "AWS gives a reason");
    }
    let gone = elb
        .delete_load_balancer()
        .load_balancer_arn(arn)
        .send()
        .await;
    assert_eq!(code(gone), "accepted");
}

#[tokio::test]
async fn a_database_breaks_and_takes_only_what_aws_lets_it_take() {
    let stage = databases::up().await;
    let change = || {
        let change = stage
            .rds()
            .modify_db_instance()
            .db_instance_identifier("db-1");
        change.promotion_tier(3).send()
    };
    for state in [
        "incompatible-parameters",
        "incompatible-network",
        "inaccessible-encryption-credentials",
        "failed",
        "stopped",
    ] {
        stage.put("db-instance", "db-1", state);
        assert_eq!(databases::states(&stage).await[1], state);
        assert_eq!(code(change().await), "InvalidDBInstanceState", "{state}");
    }
    stage.put("db-instance", "db-1", "storage-full");
    assert_eq!(code(change().await), "accepted", "storage-full");
    stage.skip(120);
    for state in ["stopped", "inaccessible-encryption-credentials"] {
        stage.put("db-cluster", "db", state);
        assert_eq!(databases::states(&stage).await[0], state);
        let change = stage.rds().modify_db_cluster().db_cluster_identifier("db");
        let change = change.deletion_protection(true).send().await;
        assert_eq!(code(change), "InvalidDBClusterStateFault", "{state}");
    }
    stage.put("db-instance", "db-1", "failed");
    let gone = stage
        .rds()
        .delete_db_instance()
        .db_instance_identifier("db-1")
        .send()
        .await;
    assert_eq!(code(gone), "accepted", "what has failed can be deleted");
}

#[tokio::test]
async fn an_operation_of_cloud_map_fails_or_stays_pending() {
    let stage = Stage::new();
    let (map, network) = (stage.discovery(), stage.network().await);
    let make = || {
        map.create_private_dns_namespace()
            .name("kong.local")
            .vpc(&network.vpc)
            .send()
    };
    for (wanted, seconds) in [("FAIL", 3), ("PENDING", 0)] {
        let order = json!({"kind": "cloud-map-operation", "resource": "next", "state": wanted, "seconds": seconds});
        stage.order("states", &order);
        let id = make()
            .await
            .expect("an operation")
            .operation_id
            .expect("its id");
        stage.skip(3600);
        let seen = map
            .get_operation()
            .operation_id(&id)
            .send()
            .await
            .expect("an operation");
        let operation = seen.operation.expect("an operation");
        assert_eq!(operation.status().map(|it| it.as_str()), Some(wanted));
        assert_eq!(operation.error_code().is_some(), wanted == "FAIL");
        let seen = map.list_namespaces().send().await.expect("namespaces");
        assert!(seen.namespaces().is_empty(), "{wanted}");
    }
    assert_eq!(
        code(make().await),
        "DuplicateRequest",
        "the second operation is still pending"
    );
}

#[tokio::test]
async fn a_role_is_not_known_everywhere_for_a_while() {
    let fleet = Fleet::ready().await;
    let definition = fleet.register(KONG).await.expect("a definition");
    let order = json!({"kind": "role", "resource": "tasks", "state": "propagating", "for": 12});
    fleet.stage.order("states", &order);
    let early = fleet.run(&definition, "true", "early").await;
    assert_eq!(early.expect_err("refused"), "ClientException");
    assert_eq!(create(&fleet, &definition, None, None).await, "accepted");
    fleet.stage.skip(6);
    let waiting = look(&fleet).await;
    assert!(says(&waiting, "ECS was unable to assume the role") > 0);
    assert_eq!(waiting.pending_count(), 0);
    fleet.stage.skip(300);
    assert_eq!(deployments(&look(&fleet).await), ["PRIMARY COMPLETED 2"]);
    fleet
        .run(&definition, "true", "late")
        .await
        .expect("a task");
}

#[tokio::test]
async fn a_zone_without_room_takes_no_tasks() {
    let fleet = Fleet::ready().await;
    let definition = fleet.register(KONG).await.expect("a definition");
    for zone in ["eu-west-1a", "eu-west-1b"] {
        fleet.stage.put("zone", zone, "no-fargate-capacity");
    }
    let ran = fleet
        .stage
        .ecs()
        .run_task()
        .cluster("kong")
        .task_definition(&definition);
    let ran = ran
        .network_configuration(fleet.placed())
        .launch_type(aws_sdk_ecs::types::LaunchType::Fargate);
    let ran = ran.send().await.expect("an answer");
    assert!(ran.tasks().is_empty());
    let reason = ran.failures()[0].reason().unwrap_or_default();
    assert!(
        reason.starts_with("Capacity is unavailable at this time."),
        "{reason}"
    );

    assert_eq!(create(&fleet, &definition, None, None).await, "accepted");
    fleet.stage.skip(100);
    let stuck = look(&fleet).await;
    let event = "was unable to place a task. Reason: Capacity is unavailable";
    assert!(says(&stuck, event) > 2);
    assert_eq!(
        deployments(&stuck),
        ["PRIMARY FAILED 0"],
        "nothing to go back to"
    );
}

#[tokio::test]
async fn tasks_go_to_the_zone_that_has_room() {
    let fleet = Fleet::ready().await;
    let definition = fleet.register(KONG).await.expect("a definition");
    fleet.stage.put("zone", "eu-west-1a", "no-fargate-capacity");
    assert_eq!(create(&fleet, &definition, None, None).await, "accepted");
    fleet.stage.skip(400);
    let steady = look(&fleet).await;
    assert!(
        says(&steady, "was unable to place a task") > 0,
        "it tries both"
    );
    assert_eq!(deployments(&steady), ["PRIMARY COMPLETED 2"]);
    let tasks = fleet
        .stage
        .ecs()
        .list_tasks()
        .cluster("kong")
        .send()
        .await
        .expect("tasks");
    for arn in tasks.task_arns() {
        let zone = fleet.task(arn).await.availability_zone;
        assert_eq!(zone.as_deref(), Some("eu-west-1b"));
    }
}

#[tokio::test]
async fn a_cluster_stops_and_starts_with_its_instances() {
    let stage = databases::up().await;
    let stop = || {
        stage
            .rds()
            .stop_db_cluster()
            .db_cluster_identifier("db")
            .send()
    };
    let start = || {
        stage
            .rds()
            .start_db_cluster()
            .db_cluster_identifier("db")
            .send()
    };
    answers! {
        "running" => code(start().await), "InvalidDBClusterStateFault";
        "stop" => code(stop().await), "accepted";
        "again" => code(stop().await), "InvalidDBClusterStateFault";
    }
    assert_eq!(databases::states(&stage).await, ["stopping", "stopping"]);
    stage.skip(900);
    assert_eq!(databases::states(&stage).await, ["stopped", "stopped"]);
    assert_eq!(code(start().await), "accepted");
    assert_eq!(databases::states(&stage).await, ["starting", "starting"]);
    stage.skip(900);
    assert_eq!(databases::states(&stage).await, ["available", "available"]);
}

#[tokio::test]
async fn a_role_for_monitoring_is_known_to_rds_some_seconds_after_it_was_made() {
    let stage = databases::up().await;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":"monitoring.rds.amazonaws.com"}}]}"#;
    let iam = aws_sdk_iam::Client::new(stage.config());
    let role = iam
        .create_role()
        .role_name("watch")
        .assume_role_policy_document(trust);
    let role = role.send().await.expect("a role").role.expect("a role").arn;
    let make = || {
        let make = stage
            .rds()
            .create_db_instance()
            .db_instance_identifier("db-2")
            .engine("aurora-postgresql");
        let make = make
            .db_cluster_identifier("db")
            .db_instance_class("db.serverless");
        make.monitoring_role_arn(&role)
            .monitoring_interval(60)
            .send()
    };
    assert_eq!(code(make().await), "InvalidParameterValue");
    stage.skip(15);
    assert_eq!(code(make().await), "accepted");
}
