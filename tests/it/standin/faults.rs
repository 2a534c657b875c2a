//! Faults on demand: each service refuses in its own words, and nothing is changed that should not be.

use std::time::{Duration, Instant};

use aws_sdk_ec2::types::IpPermission;
use serde_json::json;

use super::stage::{Stage, answers, code};
use crate::support::standin::fault_kinds;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}"#;

macro_rules! client {
    ($stage:expr, $sdk:ident) => {
        $sdk::Client::new($stage.config())
    };
}

/// What one read of each service answers.
async fn reads(stage: &Stage) -> Vec<(&'static str, String)> {
    let iam = client!(stage, aws_sdk_iam);
    let zones = client!(stage, aws_sdk_route53);
    let logs = client!(stage, aws_sdk_cloudwatchlogs);
    let secrets = client!(stage, aws_sdk_secretsmanager);
    let tagging = client!(stage, aws_sdk_resourcegroupstagging);
    let quotas = client!(stage, aws_sdk_servicequotas);
    let tables = client!(stage, aws_sdk_dynamodb);
    let scaling = client!(stage, aws_sdk_applicationautoscaling);
    let scaling = scaling
        .describe_scalable_targets()
        .service_namespace(aws_sdk_applicationautoscaling::types::ServiceNamespace::Ecs);
    let who = client!(stage, aws_sdk_sts).get_caller_identity();
    vec![
        ("ec2", code(stage.ec2().describe_vpcs().send().await)),
        (
            "elb",
            code(stage.elb().describe_load_balancers().send().await),
        ),
        ("iam", code(iam.list_roles().send().await)),
        ("rds", code(stage.rds().describe_db_clusters().send().await)),
        ("sts", code(who.send().await)),
        ("route53", code(zones.list_hosted_zones().send().await)),
        ("ecs", code(stage.ecs().list_clusters().send().await)),
        ("logs", code(logs.describe_log_groups().send().await)),
        ("secrets", code(secrets.list_secrets().send().await)),
        (
            "discovery",
            code(stage.discovery().list_namespaces().send().await),
        ),
        ("scaling", code(scaling.send().await)),
        ("dynamodb", code(tables.list_tables().send().await)),
        ("tagging", code(tagging.get_resources().send().await)),
        (
            "quotas",
            code(
                quotas
                    .list_aws_default_service_quotas()
                    .service_code("vpc")
                    .send()
                    .await,
            ),
        ),
    ]
}

/// The code a service answers with.
fn expected(kind: &str, service: &str) -> &'static str {
    let query = ["elb", "iam", "rds", "sts", "route53"].contains(&service);
    match (kind, service) {
        ("throttle", "ec2") => "RequestLimitExceeded",
        ("throttle", "tagging") => "ThrottledException",
        ("throttle", "quotas") => "TooManyRequestsException",
        ("throttle", _) if query => "Throttling",
        ("throttle", _) => "ThrottlingException",
        ("error500", "ec2") => "InternalError",
        ("error500", _) => "InternalFailure",
        ("error503", "ec2") => "Unavailable",
        ("error503", _) => "ServiceUnavailable",
        ("access-denied", "ec2") => "UnauthorizedOperation",
        ("access-denied", _) if query => "AccessDenied",
        ("access-denied", _) => "AccessDeniedException",
        ("expired-token", "ec2") => "RequestExpired",
        ("expired-token", _) if query => "ExpiredToken",
        _ => "ExpiredTokenException",
    }
}

#[tokio::test]
async fn each_service_refuses_in_its_own_words() {
    let stage = Stage::new();
    for kind in [
        "throttle",
        "error500",
        "error503",
        "access-denied",
        "expired-token",
    ] {
        stage.fault("*", "*", kind, 1000);
        for (service, answered) in reads(&stage).await {
            assert_eq!(answered, expected(kind, service), "{kind} by {service}");
        }
        stage.world().place().forget_faults();
    }
    for (service, answered) in reads(&stage).await {
        assert_eq!(answered, "accepted", "{service} after the last fault");
    }
}

#[tokio::test]
async fn a_networks_quota_is_refused_in_the_words_of_its_service() {
    let stage = Stage::new();
    let (ec2, elb, network) = (stage.ec2(), stage.elb(), stage.network().await);
    stage.fault("*", "*", "quota", 1000);
    let rule = IpPermission::builder().ip_protocol("-1").build();
    let rule = ec2
        .authorize_security_group_egress()
        .group_id(&network.group)
        .ip_permissions(rule);
    let subnet = ec2
        .create_subnet()
        .vpc_id(&network.vpc)
        .cidr_block("10.0.9.0/24");
    let nat = ec2
        .create_nat_gateway()
        .subnet_id(&network.subnets[0])
        .allocation_id("eipalloc-1");
    answers! {
        "VPC" => code(ec2.create_vpc().cidr_block("10.1.0.0/16").send().await), "VpcLimitExceeded";
        "subnet" => code(subnet.send().await), "SubnetLimitExceeded";
        "address" => code(ec2.allocate_address().send().await), "AddressLimitExceeded";
        "NAT gateway" => code(nat.send().await), "NatGatewayLimitExceeded";
        "rule" => code(rule.send().await), "RulesPerSecurityGroupLimitExceeded";
        "load balancer" => code(elb.create_load_balancer().name("x").send().await), "TooManyLoadBalancers";
        "target group" => code(elb.create_target_group().name("x").send().await), "TooManyTargetGroups";
        "a read" => code(ec2.describe_vpcs().send().await), "accepted";
        "a deletion" => code(ec2.delete_subnet().subnet_id(&network.subnets[0]).send().await), "accepted";
    }
    let impossible = json!({"kind": "quota", "service": "ec2", "operation": "DescribeVpcs"});
    let refused = stage
        .world()
        .place()
        .order("faults", &impossible)
        .expect_err("no such fault");
    assert!(refused.contains("never fails by quota"), "{refused}");
}

#[tokio::test]
async fn every_other_quota_is_refused_in_the_words_of_its_service() {
    let stage = Stage::new();
    let rds = stage.rds();
    stage.fault("*", "*", "quota", 1000);
    let cluster = rds
        .create_db_cluster()
        .db_cluster_identifier("db")
        .engine("aurora-postgresql");
    let instance = rds
        .create_db_instance()
        .db_instance_identifier("db-1")
        .db_instance_class("db.serverless");
    let role = client!(stage, aws_sdk_iam)
        .create_role()
        .role_name("x")
        .assume_role_policy_document(TRUST);
    let service = stage
        .ecs()
        .create_service()
        .cluster("kong")
        .service_name("web")
        .task_definition("kong");
    let table = client!(stage, aws_sdk_dynamodb)
        .create_table()
        .table_name("x");
    let log = client!(stage, aws_sdk_cloudwatchlogs)
        .create_log_group()
        .log_group_name("/x");
    let zone = client!(stage, aws_sdk_route53)
        .create_hosted_zone()
        .name("x.example")
        .caller_reference("x");
    let secret = client!(stage, aws_sdk_secretsmanager)
        .create_secret()
        .name("x");
    let namespace = stage
        .discovery()
        .create_private_dns_namespace()
        .name("x")
        .vpc("vpc-1");
    answers! {
        "cluster" => code(cluster.send().await), "DBClusterQuotaExceededFault";
        "instance" => code(instance.send().await), "InstanceQuotaExceeded";
        "role" => code(role.send().await), "LimitExceeded";
        "service" => code(service.send().await), "InvalidParameterException";
        "table" => code(table.send().await), "LimitExceededException";
        "log group" => code(log.send().await), "LimitExceededException";
        "zone" => code(zone.send().await), "TooManyHostedZones";
        "secret" => code(secret.send().await), "LimitExceededException";
        "namespace" => code(namespace.send().await), "ResourceLimitExceeded";
    }
}

#[tokio::test]
async fn capacity_is_missing_where_aws_can_miss_it() {
    let stage = Stage::new();
    let rds = stage.rds();
    stage.fault("*", "*", "capacity", 1000);
    let cluster = rds
        .create_db_cluster()
        .db_cluster_identifier("db")
        .engine("aurora-postgresql");
    let instance = rds
        .create_db_instance()
        .db_instance_identifier("db-1")
        .db_instance_class("db.serverless");
    let (address, vpc) = (stage.ec2().allocate_address(), stage.ec2().create_vpc());
    answers! {
        "cluster" => code(cluster.send().await), "InsufficientStorageClusterCapacity";
        "instance" => code(instance.send().await), "InsufficientDBInstanceCapacity";
        "address" => code(address.send().await), "InsufficientAddressCapacity";
        "VPC" => code(vpc.cidr_block("10.1.0.0/16").send().await), "accepted";
    }
}

#[tokio::test]
async fn a_task_that_finds_no_place_is_no_error_but_a_failure_in_the_answer() {
    let stage = Stage::new();
    for (kind, says) in [
        ("capacity", "Capacity is unavailable"),
        ("quota", "You've reached the limit"),
    ] {
        stage.fault("ecs", "RunTask", kind, 1);
        let ran = stage
            .ecs()
            .run_task()
            .task_definition("kong")
            .send()
            .await
            .expect("an answer");
        let reason = ran.failures()[0].reason().unwrap_or_default();
        assert!(
            ran.tasks().is_empty() && reason.starts_with(says),
            "{kind}: {reason}"
        );
    }
}

#[test]
fn every_kind_of_fault_is_named() {
    let kinds = fault_kinds();
    let kinds = kinds.as_object().expect("a table");
    for kind in [
        "throttle",
        "error500",
        "error503",
        "hang",
        "cut-before",
        "cut-after",
        "access-denied",
        "expired-token",
    ] {
        assert_eq!(kinds[kind], json!(["*"]), "{kind}");
    }
    for (kind, operation) in [
        ("quota", "ec2:CreateVpc"),
        ("capacity", "rds:CreateDBInstance"),
    ] {
        let named = kinds[kind]
            .as_array()
            .is_some_and(|it| it.contains(&json!(operation)));
        assert!(named, "{kind} of {operation}");
    }
}

#[tokio::test]
async fn the_first_call_fails_for_each_thing_asked_for() {
    let stage = Stage::new();
    stage.world().place().fault_each("*", "*", "access-denied");
    let (ec2, secrets) = (stage.ec2(), client!(stage, aws_sdk_secretsmanager));
    let vpc = |cidr: &str| ec2.create_vpc().cidr_block(cidr).send();
    // A secret is another one each time it is made up, and still the same is asked for.
    let secret = |name: &str, value: &str| {
        let call = secrets.create_secret().name(name).secret_string(value);
        call.send()
    };
    // A token that is made up for each call stands in the address.
    let schedules = client!(stage, aws_sdk_scheduler);
    let group = |name: &str| schedules.delete_schedule_group().name(name).send();
    answers! {
        "a VPC" => code(vpc("10.1.0.0/16").await), "UnauthorizedOperation";
        "another VPC" => code(vpc("10.2.0.0/16").await), "UnauthorizedOperation";
        "the first again" => code(vpc("10.1.0.0/16").await), "accepted";
        "a secret" => code(secret("one", "a").await), "AccessDeniedException";
        "another secret" => code(secret("two", "a").await), "AccessDeniedException";
        "the first secret again" => code(secret("one", "b").await), "accepted";
        "a group" => code(group("one").await), "AccessDeniedException";
        "another group" => code(group("two").await), "AccessDeniedException";
        "the first group again" => code(group("one").await), "ResourceNotFoundException";
        "a read" => code(ec2.describe_vpcs().send().await), "UnauthorizedOperation";
        "the read again" => code(ec2.describe_vpcs().send().await), "accepted";
    }
}

/// The VPCs with the CIDR.
async fn vpcs(stage: &Stage, cidr: &str) -> usize {
    let seen = stage.ec2().describe_vpcs().send().await.expect("VPCs");
    seen.vpcs()
        .iter()
        .filter(|it| it.cidr_block() == Some(cidr))
        .count()
}

#[tokio::test]
async fn a_connection_is_cut_before_or_after_the_action() {
    let stage = Stage::new();
    for (kind, cidr, made) in [
        ("cut-before", "10.1.0.0/16", 0),
        ("cut-after", "10.2.0.0/16", 1),
    ] {
        stage.fault("ec2", "CreateVpc", kind, 1);
        let create = || stage.ec2().create_vpc().cidr_block(cidr).send();
        assert_eq!(code(create().await), "no code", "{kind}");
        assert_eq!(vpcs(&stage, cidr).await, made, "{kind}");
        assert_eq!(code(create().await), "accepted", "once is enough");
    }
}

#[tokio::test]
async fn a_call_hangs_and_does_nothing() {
    let stage = Stage::new();
    stage.fault("ec2", "CreateVpc", "hang", 1);
    let create = stage.ec2().create_vpc().cidr_block("10.1.0.0/16");
    let patience = Duration::from_millis(300);
    tokio::time::timeout(patience, create.send())
        .await
        .expect_err("no answer");
    assert_eq!(vpcs(&stage, "10.1.0.0/16").await, 0);
}

#[tokio::test]
async fn answers_take_as_long_as_they_are_told() {
    let stage = Stage::new();
    assert_eq!(vpcs(&stage, "10.1.0.0/16").await, 0);
    stage.world().configure(&json!({"latency_ms": 250}));
    let start = Instant::now();
    assert_eq!(vpcs(&stage, "10.1.0.0/16").await, 0);
    assert!(start.elapsed() >= Duration::from_millis(250));
    let calls = stage.world().calls();
    let last = calls.last().expect("a call");
    assert!(last.end - last.start >= 0.25, "{last:?}");
}
