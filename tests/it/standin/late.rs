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
