//! Stacks that are no longer, or not yet, whole: pieces deleted by hand, pieces that were never made.

use aws_config::SdkConfig;
use aws_sdk_ec2::types::Filter;

use crate::support::{World, left, planned};

const SPEC: &str = "\
name: bits
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
admin: {allow: [203.0.113.0/24]}
";

fn world() -> World {
    let world = World::new();
    world.write("kongstack.yaml", SPEC);
    world
}

/// Destroys what is there, and insists that nothing is left.
async fn goes(world: &World) {
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    let config = world.aws("eu-west-1");
    assert_eq!(left(&config, "bits").await, Vec::<String>::new());
    let plan = world.run(&["plan", "--destroy"]).exits(0);
    assert_eq!(planned(&plan.stdout), Vec::<String>::new());
}

fn of_stack() -> Filter {
    let filter = Filter::builder().name("tag:kongstack:stack");
    filter.values("bits").build()
}

/// The way out, by hand: NAT gateways, routes, the internet gateway's attachment, rules.
async fn cut_the_network(config: &SdkConfig) {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let nats = ec2.describe_nat_gateways().filter(of_stack()).send().await;
    for nat in nats.expect("gateways").nat_gateways() {
        let id = nat.nat_gateway_id().expect("its id");
        let gone = ec2.delete_nat_gateway().nat_gateway_id(id).send().await;
        gone.expect("being deleted");
    }
    let tables = ec2.describe_route_tables().filters(of_stack()).send().await;
    for table in tables.expect("tables").route_tables() {
        let id = table.route_table_id().expect("its id");
        let gone = ec2.delete_route().route_table_id(id);
        gone.destination_cidr_block("0.0.0.0/0")
            .send()
            .await
            .expect("no route");
    }
    let rules = ec2.describe_security_group_rules().filters(of_stack());
    let rules = rules.send().await.expect("rules").security_group_rules;
    for rule in rules.unwrap_or_default().into_iter().step_by(2) {
        let (group, id) = (
            rule.group_id.expect("its group"),
            rule.security_group_rule_id,
        );
        let id = id.expect("its id");
        if rule.is_egress == Some(true) {
            let gone = ec2.revoke_security_group_egress().group_id(group);
            let gone = gone.security_group_rule_ids(id).send().await;
            gone.expect("no rule");
        } else {
            let gone = ec2.revoke_security_group_ingress().group_id(group);
            let gone = gone.security_group_rule_ids(id).send().await;
            gone.expect("no rule");
        }
    }
}

/// The services, their revisions' families and their logs.
async fn stop_the_planes(config: &SdkConfig) {
    let ecs = aws_sdk_ecs::Client::new(config);
    for service in ["bits-dp", "bits-cp"] {
        let gone = ecs.delete_service().cluster("bits").service(service);
        gone.force(true).send().await.expect("being deleted");
    }
    let definitions = ecs.list_task_definitions().send().await;
    for arn in definitions.expect("definitions").task_definition_arns() {
        let gone = ecs.deregister_task_definition().task_definition(arn);
        gone.send().await.expect("deregistered");
    }
    let logs = aws_sdk_cloudwatchlogs::Client::new(config);
    let groups = logs.describe_log_groups().send().await.expect("groups");
    for group in groups.log_groups() {
        let name = group.log_group_name().expect("its name");
        let gone = logs.delete_log_group().log_group_name(name).send().await;
        gone.expect("no group");
    }
}

/// The load balancer with its listeners, and then the target group.
async fn close_the_door(config: &SdkConfig) {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(config);
    let balancers = elb.describe_load_balancers().send().await;
    for one in balancers.expect("balancers").load_balancers() {
        let arn = one.load_balancer_arn().expect("its ARN");
        let gone = elb.delete_load_balancer().load_balancer_arn(arn);
        gone.send().await.expect("no balancer");
    }
    let groups = elb.describe_target_groups().send().await.expect("groups");
    for one in groups.target_groups() {
        let arn = one.target_group_arn().expect("its ARN");
        let gone = elb.delete_target_group().target_group_arn(arn);
        gone.send().await.expect("no group");
    }
}

/// The writer is being deleted, the secrets are scheduled to be, the roles have lost their policies.
async fn take_the_data_away(config: &SdkConfig) {
    let rds = aws_sdk_rds::Client::new(config);
    let instances = rds.describe_db_instances().send().await;
    for one in instances.expect("instances").db_instances() {
        let id = one.db_instance_identifier().expect("its name");
        let gone = rds.delete_db_instance().db_instance_identifier(id);
        let gone = gone.skip_final_snapshot(true).send().await;
        gone.expect("being deleted");
    }
    let secrets = aws_sdk_secretsmanager::Client::new(config);
    let all = secrets.list_secrets().send().await.expect("secrets");
    for one in all.secret_list() {
        let name = one.name().unwrap_or_default();
        if name.starts_with("kongstack/bits/") {
            let gone = secrets.delete_secret().secret_id(name);
            gone.send().await.expect("scheduled");
        }
    }
    let iam = aws_sdk_iam::Client::new(config);
    let roles = iam.list_roles().send().await.expect("roles");
    for role in roles.roles() {
        let role = role.role_name();
        let policies = iam.list_role_policies().role_name(role).send().await;
        for policy in policies.expect("policies").policy_names() {
            let gone = iam.delete_role_policy().role_name(role);
            gone.policy_name(policy).send().await.expect("no policy");
        }
    }
}

#[tokio::test]
async fn a_stack_without_its_way_out() {
    let world = world();
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    cut_the_network(&world.aws("eu-west-1")).await;
    goes(&world).await;
}

#[tokio::test]
async fn a_stack_without_its_planes() {
    let world = world();
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    stop_the_planes(&world.aws("eu-west-1")).await;
    goes(&world).await;
}

#[tokio::test]
async fn a_stack_without_its_door_and_its_data() {
    let world = world();
    let config = world.aws("eu-west-1");
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    close_the_door(&config).await;
    take_the_data_away(&config).await;
    goes(&world).await;
}

#[tokio::test]
async fn a_stack_of_which_little_is_left() {
    let world = world();
    let config = world.aws("eu-west-1");
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    stop_the_planes(&config).await;
    close_the_door(&config).await;
    take_the_data_away(&config).await;
    cut_the_network(&config).await;
    goes(&world).await;
}

#[tokio::test]
async fn a_stack_that_was_never_finished() {
    for (service, operation) in [
        ("ec2", "CreateNatGateway"),
        ("elasticloadbalancing", "CreateListener"),
        ("rds", "CreateDBInstance"),
        ("ecs", "CreateService"),
    ] {
        let world = world();
        world.fault(service, operation, "access-denied", 100);
        let _ = world.run(&["apply", "--auto-approve"]).exits(4);
        goes(&world).await;
    }
}
