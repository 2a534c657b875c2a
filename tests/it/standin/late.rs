//! Eventual consistency on demand, and somebody else's calls: what a client sees of a world that moves.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use serde_json::json;

use super::stage::{Stage, answers, code};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}"#;

/// Makes a VPC with a tag and gives its id.
async fn vpc(stage: &Stage, cidr: &str) -> String {
    let tag = Tag::builder().key("team").value("blue").build();
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::Vpc)
        .tags(tag);
    let made = stage
        .ec2()
        .create_vpc()
        .cidr_block(cidr)
        .tag_specifications(tags.build());
    let made = made.send().await.expect("a VPC").vpc;
    made.and_then(|it| it.vpc_id).expect("its id")
}

/// How many VPCs have the tag, as EC2 filters.
async fn filtered(stage: &Stage) -> usize {
    let filter = Filter::builder().name("tag:team").values("blue").build();
    let seen = stage.ec2().describe_vpcs().filters(filter).send().await;
    seen.expect("VPCs").vpcs().len()
}

/// How many resources have the tag, as the tagging API lists them.
async fn listed(stage: &Stage) -> usize {
    let client = aws_sdk_resourcegroupstagging::Client::new(stage.config());
    let filter = aws_sdk_resourcegroupstagging::types::TagFilter::builder();
    let filter = filter.key("team").values("blue").build();
    let seen = client
        .get_resources()
        .tag_filters(filter)
        .send()
        .await
        .expect("resources");
    seen.resource_tag_mapping_list().len()
}

#[tokio::test]
async fn what_is_new_is_not_found_for_a_while() {
    let stage = Stage::new();
    let old = vpc(&stage, "10.1.0.0/16").await;
    for service in ["ec2", "iam", "ecs", "logs", "secretsmanager", "route53"] {
        stage.order("stale", &json!({"service": service, "seconds": 20}));
    }
    let new = vpc(&stage, "10.2.0.0/16").await;
    let iam = aws_sdk_iam::Client::new(stage.config());
    let role = iam
        .create_role()
        .role_name("new")
        .assume_role_policy_document(TRUST);
    role.send().await.expect("a role");
    let secrets = aws_sdk_secretsmanager::Client::new(stage.config());
    let secret = secrets.create_secret().name("new").secret_string("x");
    secret.send().await.expect("a secret");
    stage
        .ecs()
        .create_cluster()
        .cluster_name("new")
        .send()
        .await
        .expect("a cluster");
    let see = |id: &str| stage.ec2().describe_vpcs().vpc_ids(id).send();
    let role = || iam.get_role().role_name("new").send();
    let secret = || secrets.describe_secret().secret_id("new").send();
    let clusters = || stage.ecs().list_clusters().send();
    answers! {
        "the old VPC" => code(see(&old).await), "accepted";
        "the new VPC" => code(see(&new).await), "InvalidVpcID.NotFound";
        "the role" => code(role().await), "NoSuchEntity";
        "the secret" => code(secret().await), "ResourceNotFoundException";
    }
    assert!(
        clusters()
            .await
            .expect("clusters")
            .cluster_arns()
            .is_empty()
    );
    assert_eq!(filtered(&stage).await, 1);
    stage.skip(25);
    answers! {
        "the new VPC" => code(see(&new).await), "accepted";
        "the role" => code(role().await), "accepted";
        "the secret" => code(secret().await), "accepted";
    }
    assert_eq!(clusters().await.expect("clusters").cluster_arns().len(), 1);
    assert_eq!(filtered(&stage).await, 2);
}

/// The answers to a look at a load balancer, a target group, a subnet group and a cluster; last, how many clusters
/// are listed.
async fn looks(stage: &Stage) -> [String; 5] {
    let (elb, rds) = (stage.elb(), stage.rds());
    let balancer = elb.describe_load_balancers().names("front").send().await;
    let target = elb.describe_target_groups().names("back").send().await;
    let group = rds
        .describe_db_subnet_groups()
        .db_subnet_group_name("db")
        .send()
        .await;
    let cluster = rds
        .describe_db_clusters()
        .db_cluster_identifier("db")
        .send()
        .await;
    let list = rds.describe_db_clusters().send().await.expect("clusters");
    let listed = list.db_clusters().len().to_string();
    [
        code(balancer),
        code(target),
        code(group),
        code(cluster),
        listed,
    ]
}

#[tokio::test]
async fn load_balancers_and_databases_can_be_late_too() {
    let stage = Stage::new();
    let network = stage.network().await;
    for service in ["elasticloadbalancing", "rds"] {
        stage.order("stale", &json!({"service": service, "seconds": 20}));
    }
    let (elb, rds) = (stage.elb(), stage.rds());
    let made = elb
        .create_load_balancer()
        .name("front")
        .set_subnets(Some(network.subnets.clone()));
    made.send().await.expect("a load balancer");
    let made = elb
        .create_target_group()
        .name("back")
        .vpc_id(&network.vpc)
        .port(80);
    let made = made.protocol(aws_sdk_elasticloadbalancingv2::types::ProtocolEnum::Http);
    made.send().await.expect("a target group");
    let made = rds
        .create_db_subnet_group()
        .db_subnet_group_name("db")
        .db_subnet_group_description("x");
    made.set_subnet_ids(Some(network.subnets.clone()))
        .send()
        .await
        .expect("a group");
    let made = rds
        .create_db_cluster()
        .db_cluster_identifier("db")
        .engine("aurora-postgresql");
    let made = made
        .db_subnet_group_name("db")
        .master_username("kong")
        .manage_master_user_password(true);
    made.send().await.expect("a cluster");
    let absent = [
        "LoadBalancerNotFound",
        "TargetGroupNotFound",
        "DBSubnetGroupNotFoundFault",
        "DBClusterNotFoundFault",
        "0",
    ];
    assert_eq!(looks(&stage).await, absent);
    stage.skip(25);
    assert_eq!(
        looks(&stage).await,
        ["accepted", "accepted", "accepted", "accepted", "1"]
    );
}

#[tokio::test]
async fn tags_of_addresses_and_databases_can_be_late_too() {
    let stage = Stage::new();
    let network = stage.network().await;
    for service in ["ec2", "rds"] {
        stage.order(
            "stale",
            &json!({"service": service, "seconds": 20, "hide": "tags"}),
        );
    }
    let tag = Tag::builder().key("team").value("blue").build();
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::ElasticIp)
        .tags(tag);
    let made = stage
        .ec2()
        .allocate_address()
        .tag_specifications(tags.build());
    made.send().await.expect("an address");
    let tag = aws_sdk_rds::types::Tag::builder()
        .key("team")
        .value("blue")
        .build();
    let made = stage
        .rds()
        .create_db_subnet_group()
        .db_subnet_group_name("db")
        .tags(tag);
    let made = made
        .db_subnet_group_description("x")
        .set_subnet_ids(Some(network.subnets.clone()));
    let made = made
        .send()
        .await
        .expect("a group")
        .db_subnet_group
        .expect("a group");
    let arn = made.db_subnet_group_arn().expect("its ARN");
    let counts = async || {
        let seen = stage
            .ec2()
            .describe_addresses()
            .send()
            .await
            .expect("addresses");
        let tags = stage
            .rds()
            .list_tags_for_resource()
            .resource_name(arn)
            .send()
            .await;
        (
            seen.addresses()[0].tags().len(),
            tags.expect("tags").tag_list().len(),
        )
    };
    assert_eq!(counts().await, (0, 0));
    stage.skip(25);
    assert_eq!(counts().await, (1, 1));
}

#[tokio::test]
async fn one_operation_alone_can_be_late() {
    let stage = Stage::new();
    stage.order(
        "stale",
        &json!({"service": "ec2", "operation": "DescribeVpcs", "seconds": 20}),
    );
    let new = vpc(&stage, "10.1.0.0/16").await;
    let attribute = stage.ec2().describe_vpc_attribute().vpc_id(&new);
    let attribute = attribute.attribute(aws_sdk_ec2::types::VpcAttributeName::EnableDnsSupport);
    answers! {
        "late" => code(stage.ec2().describe_vpcs().vpc_ids(&new).send().await), "InvalidVpcID.NotFound";
        "in time" => code(attribute.send().await), "accepted";
    }
}

#[tokio::test]
async fn tags_are_seen_later_than_what_they_are_on() {
    let stage = Stage::new();
    stage.order(
        "stale",
        &json!({"service": "ec2", "seconds": 20, "hide": "tags"}),
    );
    let id = vpc(&stage, "10.1.0.0/16").await;
    let seen = stage
        .ec2()
        .describe_vpcs()
        .vpc_ids(&id)
        .send()
        .await
        .expect("VPCs");
    assert_eq!(
        (seen.vpcs()[0].tags().len(), filtered(&stage).await),
        (0, 0)
    );
    stage.skip(25);
    let seen = stage
        .ec2()
        .describe_vpcs()
        .vpc_ids(&id)
        .send()
        .await
        .expect("VPCs");
    assert_eq!(
        (seen.vpcs()[0].tags().len(), filtered(&stage).await),
        (1, 1)
    );
}

#[tokio::test]
async fn the_tagging_api_learns_late_of_what_is_new_and_of_what_is_gone() {
    let stage = Stage::new();
    vpc(&stage, "10.1.0.0/16").await;
    stage.order("stale", &json!({"service": "tagging", "seconds": 20}));
    let id = vpc(&stage, "10.2.0.0/16").await;
    assert_eq!((listed(&stage).await, filtered(&stage).await), (1, 2));
    stage.skip(25);
    assert_eq!(listed(&stage).await, 2);
    stage
        .ec2()
        .delete_vpc()
        .vpc_id(&id)
        .send()
        .await
        .expect("deleted");
    assert_eq!((listed(&stage).await, filtered(&stage).await), (2, 1));
    stage.skip(25);
    assert_eq!(listed(&stage).await, 1);
}

#[tokio::test]
async fn somebody_else_acts_before_or_after_a_call() {
    let stage = Stage::new();
    let id = vpc(&stage, "10.1.0.0/16").await;
    let delete = json!({"service": "ec2", "operation": "DeleteVpc", "region": "eu-west-1", "parameters": {"VpcId": id}});
    let on = json!({"service": "ec2", "operation": "CreateSubnet"});
    stage.order(
        "peers",
        &json!({"on": on, "when": "before", "skip": 1, "call": delete}),
    );
    let subnet = |cidr: &str| {
        stage
            .ec2()
            .create_subnet()
            .vpc_id(&id)
            .cidr_block(cidr)
            .send()
    };
    let first = subnet("10.1.1.0/24").await.expect("a subnet").subnet;
    let first = first.and_then(|it| it.subnet_id).expect("its id");
    let gone = stage.ec2().delete_subnet().subnet_id(&first).send().await;
    answers! {
        "empty again" => code(gone), "accepted";
        "gone by then" => code(subnet("10.1.2.0/24").await), "InvalidVpcID.NotFound";
    }

    let role = json!({"service": "iam", "operation": "CreateRole", "parameters":
        {"RoleName": "theirs", "AssumeRolePolicyDocument": TRUST}});
    let on = json!({"service": "iam", "operation": "ListRoles"});
    stage.order("peers", &json!({"on": on, "when": "after", "call": role}));
    let iam = aws_sdk_iam::Client::new(stage.config());
    for expected in [0, 1] {
        let seen = iam.list_roles().send().await.expect("roles");
        assert_eq!(seen.roles().len(), expected, "after the call");
    }
    let theirs = stage
        .world()
        .calls()
        .iter()
        .filter(|it| it.operation == "CreateRole")
        .count();
    assert_eq!(theirs, 0, "no call of the client's");
}
