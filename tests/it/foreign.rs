//! Somebody else's resource under the name that ours needs: refused by name, and left untouched.

use aws_config::SdkConfig;
use aws_sdk_ecs::types::ContainerDefinition;

use crate::support::{World, planned};

const SPEC: &str = "name: taken\nregion: eu-west-1\nadmin: {allow: [203.0.113.0/24]}\n";

/// Makes something foreign, and insists that plan and apply name it and do nothing.
#[track_caller]
fn refuses(world: &World, name: &str) {
    world.write("kongstack.yaml", SPEC);
    world.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let output = world.run(command).exits(1);
        let said = output.all();
        assert!(said.contains(name), "no {name:?} in\n{said}");
        assert!(said.contains("does not belong to this stack"), "{said}");
    }
    assert_eq!(world.mutating(), Vec::<String>::new());
}

async fn vpc(config: &SdkConfig) -> String {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let made = ec2
        .create_vpc()
        .cidr_block("10.0.0.0/16")
        .send()
        .await
        .expect("a VPC");
    let id = made
        .vpc()
        .and_then(|vpc| vpc.vpc_id())
        .expect("its id")
        .to_owned();
    let name = aws_sdk_ec2::types::Tag::builder()
        .key("Name")
        .value("taken")
        .build();
    ec2.create_tags()
        .resources(&id)
        .tags(name)
        .send()
        .await
        .expect("a name");
    id
}

#[tokio::test]
async fn a_foreign_vpc() {
    let world = World::new();
    let id = vpc(&world.aws("eu-west-1")).await;
    refuses(&world, &id);
}

#[tokio::test]
async fn a_foreign_role() {
    let world = World::new();
    let iam = aws_sdk_iam::Client::new(&world.aws("eu-west-1"));
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let name = "taken-eu-west-1-execution";
    iam.create_role()
        .role_name(name)
        .assume_role_policy_document(trust)
        .send()
        .await
        .expect("a role");
    refuses(&world, name);
}

#[tokio::test]
async fn a_foreign_secret() {
    let world = World::new();
    let secrets = aws_sdk_secretsmanager::Client::new(&world.aws("eu-west-1"));
    let name = "kongstack/taken/admin-key";
    secrets
        .create_secret()
        .name(name)
        .secret_string("theirs")
        .send()
        .await
        .expect("a secret");
    refuses(&world, name);
    let value = secrets
        .get_secret_value()
        .secret_id(name)
        .send()
        .await
        .expect("its value");
    assert_eq!(value.secret_string(), Some("theirs"));
}

/// Two subnets in two zones.
async fn subnets(ec2: &aws_sdk_ec2::Client, vpc: &str) -> Vec<String> {
    let mut subnets = Vec::new();
    for (zone, cidr) in [("eu-west-1a", "10.0.1.0/24"), ("eu-west-1b", "10.0.2.0/24")] {
        let made = ec2
            .create_subnet()
            .vpc_id(vpc)
            .availability_zone(zone)
            .cidr_block(cidr)
            .send()
            .await;
        subnets.push(
            made.expect("a subnet")
                .subnet()
                .and_then(|it| it.subnet_id())
                .expect("its id")
                .to_owned(),
        );
    }
    subnets
}

#[tokio::test]
async fn a_foreign_load_balancer() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let vpc = vpc(&config).await;
    // Not the name of the stack: it is the load balancer that must be refused.
    ec2.delete_tags()
        .resources(&vpc)
        .send()
        .await
        .expect("no name");
    let gateway = ec2
        .create_internet_gateway()
        .send()
        .await
        .expect("a gateway");
    let gateway = gateway
        .internet_gateway()
        .and_then(|it| it.internet_gateway_id())
        .expect("its id")
        .to_owned();
    ec2.attach_internet_gateway()
        .vpc_id(&vpc)
        .internet_gateway_id(gateway)
        .send()
        .await
        .expect("attached");
    let subnets = subnets(&ec2, &vpc).await;
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
    elb.create_load_balancer()
        .name("taken-alb")
        .set_subnets(Some(subnets))
        .send()
        .await
        .expect("a load balancer");
    refuses(&world, "taken-alb");
}

#[tokio::test]
async fn a_foreign_cluster() {
    let world = World::new();
    let ecs = aws_sdk_ecs::Client::new(&world.aws("eu-west-1"));
    ecs.create_cluster()
        .cluster_name("taken")
        .send()
        .await
        .expect("a cluster");
    refuses(&world, "taken");
}

/// Whatever of ours is still in it.
#[tokio::test]
async fn a_family_that_the_stack_gave_up_is_anybodys() {
    let world = World::applied(SPEC);
    let renamed = ["--set", "names.data_plane_family=other"];
    let apply = [&["apply", "--auto-approve"], &renamed[..]].concat();
    world.fault("ecs", "DeleteTaskDefinitions", "access-denied", 100);
    let _ = world.run(&apply).exits(4);
    world.place().forget_faults();
    let container = ContainerDefinition::builder().name("theirs").image("nginx");
    let ecs = aws_sdk_ecs::Client::new(&world.aws("eu-west-1"));
    let theirs = ecs.register_task_definition().family("taken-dp");
    let theirs = theirs.container_definitions(container.memory(128).build());
    theirs.send().await.expect("a revision of theirs");
    let plan = world.run(&[&["plan"], &renamed[..]].concat()).exits(0);
    let planned = planned(&plan.stdout);
    assert_eq!(planned, ["delete data-plane/task-definition"]);
    let _ = world.run(&apply).exits(0);
    world.expect_converged(&renamed);
    let left = ecs.list_task_definitions().family_prefix("taken-dp");
    let left = left.send().await.expect("definitions");
    assert_eq!(left.task_definition_arns().len(), 1, "theirs stays");
}

/// Somebody's cluster, in somebody's subnet group, with an instance.
async fn database(config: &SdkConfig, group: &str, cluster: &str, instance: &str) {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let vpc = vpc(config).await;
    // Not the name of the stack: it is the database that must be refused.
    let unnamed = ec2.delete_tags().resources(&vpc).send().await;
    unnamed.expect("no name");
    let subnets = subnets(&ec2, &vpc).await;
    let rds = aws_sdk_rds::Client::new(config);
    rds.create_db_subnet_group()
        .db_subnet_group_name(group)
        .db_subnet_group_description("theirs")
        .set_subnet_ids(Some(subnets))
        .send()
        .await
        .expect("a subnet group");
    rds.create_db_cluster()
        .db_cluster_identifier(cluster)
        .engine("aurora-postgresql")
        .master_username("them")
        .manage_master_user_password(true)
        .db_subnet_group_name(group)
        .send()
        .await
        .expect("a cluster");
    loop {
        let made = rds
            .create_db_instance()
            .db_instance_identifier(instance)
            .db_cluster_identifier(cluster)
            .engine("aurora-postgresql")
            .db_instance_class("db.r6g.large")
            .send()
            .await;
        let Err(error) = made else { return };
        // The cluster is still being made.
        let said = format!("{error:?}");
        assert!(said.contains("InvalidDBClusterState"), "{said}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_foreign_database() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    database(&config, "theirs", "taken-db", "taken-db-7").await;
    refuses(&world, "the DB cluster taken-db");
    // Destroying the stack, of which there is nothing, leaves it alone too.
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[tokio::test]
async fn a_foreign_database_instance() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    database(&config, "theirs", "their-db", "taken-db-1").await;
    refuses(&world, "the DB instance taken-db-1");
}

#[tokio::test]
async fn a_foreign_database_subnet_group() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    // The name that follows from the stack's name and its addresses.
    database(&config, "taken-db-f8aa72", "their-db", "their-db-1").await;
    refuses(&world, "taken-db-f8aa72");
}
