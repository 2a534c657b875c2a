//! The tagging API and the price list: what they know of.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification, VpcEndpointType};
use aws_sdk_pricing::types::{Filter, FilterType};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use serde_json::Value;

use super::stage::{Network, Stage, code};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}"#;

fn spec(kind: ResourceType) -> TagSpecification {
    let tag = Tag::builder().key("team").value("blue").build();
    TagSpecification::builder()
        .resource_type(kind)
        .tags(tag)
        .build()
}

async fn network_things(stage: &Stage, network: &Network) {
    let ec2 = stage.ec2();
    let address = ec2
        .allocate_address()
        .tag_specifications(spec(ResourceType::ElasticIp));
    address.send().await.expect("an address");
    let endpoint = ec2
        .create_vpc_endpoint()
        .vpc_id(&network.vpc)
        .vpc_endpoint_type(VpcEndpointType::Gateway);
    let endpoint = endpoint.service_name("com.amazonaws.eu-west-1.s3");
    let endpoint = endpoint.tag_specifications(spec(ResourceType::VpcEndpoint));
    endpoint.send().await.expect("an endpoint");
}

async fn database_things(stage: &Stage, network: &Network) {
    let tag = aws_sdk_rds::types::Tag::builder()
        .key("team")
        .value("blue")
        .build();
    let rds = stage.rds();
    let group = rds
        .create_db_subnet_group()
        .db_subnet_group_name("db")
        .db_subnet_group_description("x");
    let group = group
        .set_subnet_ids(Some(network.subnets.clone()))
        .tags(tag.clone());
    group.send().await.expect("a group");
    let group = rds
        .create_db_cluster_parameter_group()
        .db_cluster_parameter_group_name("db")
        .description("x");
    let group = group
        .db_parameter_group_family("aurora-postgresql16")
        .tags(tag);
    group.send().await.expect("a group");
}

async fn other_things(stage: &Stage, network: &Network) {
    let tag = aws_sdk_ecs::types::Tag::builder()
        .key("team")
        .value("blue")
        .build();
    stage
        .ecs()
        .create_cluster()
        .cluster_name("kong")
        .tags(tag)
        .send()
        .await
        .expect("a cluster");
    let tag = aws_sdk_servicediscovery::types::Tag::builder()
        .key("team")
        .value("blue")
        .build();
    let space = stage
        .discovery()
        .create_private_dns_namespace()
        .name("kong.local")
        .vpc(&network.vpc);
    space
        .tags(tag.expect("a tag"))
        .send()
        .await
        .expect("an operation");
    stage.skip(75);
    let tag = aws_sdk_iam::types::Tag::builder()
        .key("team")
        .value("blue")
        .build()
        .expect("a tag");
    let role = aws_sdk_iam::Client::new(stage.config())
        .create_role()
        .role_name("kong")
        .tags(tag);
    role.assume_role_policy_document(TRUST)
        .send()
        .await
        .expect("a role");
}

async fn web_acl(stage: &Stage) {
    let tag = aws_sdk_wafv2::types::Tag::builder()
        .key("team")
        .value("blue")
        .build()
        .expect("a tag");
    let seen = aws_sdk_wafv2::types::VisibilityConfig::builder().metric_name("kong");
    let seen = seen
        .sampled_requests_enabled(false)
        .cloud_watch_metrics_enabled(false);
    let allow = aws_sdk_wafv2::types::AllowAction::builder().build();
    let allow = aws_sdk_wafv2::types::DefaultAction::builder()
        .allow(allow)
        .build();
    let acl = aws_sdk_wafv2::Client::new(stage.config())
        .create_web_acl()
        .name("kong");
    let acl = acl
        .scope(aws_sdk_wafv2::types::Scope::Regional)
        .default_action(allow)
        .tags(tag);
    acl.visibility_config(seen.build().expect("settings"))
        .send()
        .await
        .expect("an ACL");
}

/// A rule of EventBridge, for which there is no client here: made by the simulation itself.
async fn event_rule(stage: &Stage) {
    let tags = serde_json::json!([{"Key": "team", "Value": "blue"}]);
    let parameters =
        serde_json::json!({"Name": "kong", "ScheduleExpression": "rate(1 day)", "Tags": tags});
    let call = serde_json::json!({"service": "events", "operation": "PutRule", "region": "eu-west-1",
        "parameters": parameters});
    let on = serde_json::json!({"service": "ec2", "operation": "DescribeVpcs"});
    stage.order("peers", &serde_json::json!({"on": on, "call": call}));
    stage.ec2().describe_vpcs().send().await.expect("VPCs");
}

#[tokio::test]
async fn the_tagging_api_lists_all_but_roles() {
    let stage = Stage::new();
    let network = stage.network().await;
    network_things(&stage, &network).await;
    database_things(&stage, &network).await;
    other_things(&stage, &network).await;
    web_acl(&stage).await;
    event_rule(&stage).await;
    let client = aws_sdk_resourcegroupstagging::Client::new(stage.config());
    let filter = TagFilter::builder().key("team").values("blue").build();
    let seen = client
        .get_resources()
        .tag_filters(filter)
        .send()
        .await
        .expect("resources");
    let kinds: BTreeSet<String> = seen
        .resource_tag_mapping_list()
        .iter()
        .filter_map(|it| it.resource_arn())
        .map(|arn| {
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            let kind = parts[5].split(['/', ':']).next().unwrap_or_default();
            format!("{} {kind}", parts[2])
        })
        .collect();
    let expected = [
        "ec2 elastic-ip",
        "ec2 vpc-endpoint",
        "ecs cluster",
        "events rule",
        "rds cluster-pg",
        "rds subgrp",
        "servicediscovery namespace",
        "wafv2 regional",
    ];
    assert_eq!(
        kinds.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}

#[tokio::test]
async fn the_price_list_answers() {
    let stage = Stage::new();
    let config = aws_sdk_pricing::config::Builder::from(stage.config());
    let config = config.region(aws_sdk_pricing::config::Region::new("us-east-1"));
    let prices = aws_sdk_pricing::Client::from_conf(config.build());
    let filter = |field: &str, value: &str| {
        let filter = Filter::builder()
            .r#type(FilterType::TermMatch)
            .field(field)
            .value(value);
        filter.build().expect("a filter")
    };
    let asked = prices
        .get_products()
        .service_code("AmazonECS")
        .filters(filter("regionCode", "eu-west-1"));
    let asked = asked.filters(filter("usagetype", "EU-Fargate-vCPU-Hours:perCPU"));
    let seen = asked.send().await.expect("prices");
    assert_eq!(seen.price_list().len(), 1);
    let product: Value = serde_json::from_str(&seen.price_list()[0]).expect("a document");
    assert_eq!(product["product"]["attributes"]["location"], "EU (Ireland)");
    let term = product["terms"]["OnDemand"]
        .as_object()
        .and_then(|it| it.values().next())
        .expect("a term");
    let price = term["priceDimensions"]
        .as_object()
        .and_then(|it| it.values().next())
        .expect("a price");
    assert_eq!(
        (&price["unit"], &price["pricePerUnit"]["USD"]),
        (&Value::from("hours"), &Value::from("0.04048"))
    );
    let unknown = prices
        .get_products()
        .service_code("NoSuchService")
        .send()
        .await;
    assert_eq!(code(unknown), "NotFoundException");
}
