//! The beginnings of a network: everything there, nothing finished.

use aws_config::SdkConfig;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use crate::support::{World, left, planned};

const SPEC: &str = "\
name: half
region: eu-west-1
network:
  cidr: 10.0.0.0/16
  availability_zones: [eu-west-1a, eu-west-1b]
  public_subnets: [10.0.1.0/24, 10.0.2.0/24]
  private_subnets: [10.0.11.0/24, 10.0.12.0/24]
database: {deletion_protection: false, final_snapshot: false}
";

/// The stack's own tags of what is at `address`.
fn tags(address: &str) -> Vec<Tag> {
    let pairs = [("kongstack:stack", "half"), ("kongstack:address", address)];
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    pairs.map(tag).into()
}

fn tagged(sort: ResourceType, address: &str) -> TagSpecification {
    let tags = tags(address);
    TagSpecification::builder()
        .resource_type(sort)
        .set_tags(Some(tags))
        .build()
}

async fn vpc(ec2: &Client, address: &str) -> String {
    let made = ec2
        .create_vpc()
        .cidr_block("10.0.0.0/16")
        .tag_specifications(tagged(ResourceType::Vpc, address))
        .send()
        .await
        .expect("a VPC");
    let vpc = made.vpc().and_then(|vpc| vpc.vpc_id());
    vpc.expect("its id").to_owned()
}

/// A VPC without host names, a gateway that is not attached, an address without a NAT gateway, a group that still lets
/// its members talk to anywhere, a route table without association; returns their ids.
async fn begin(ec2: &Client) -> Vec<String> {
    let vpc = vpc(ec2, "network/vpc").await;
    let gateway = ec2
        .create_internet_gateway()
        .tag_specifications(tagged(
            ResourceType::InternetGateway,
            "network/internet-gateway",
        ))
        .send()
        .await
        .expect("a gateway");
    let address = ec2
        .allocate_address()
        .tag_specifications(tagged(ResourceType::ElasticIp, "network/elastic-ip/1"))
        .send()
        .await
        .expect("an address");
    let group = ec2
        .create_security_group()
        .vpc_id(&vpc)
        .group_name("half-db")
        .description("cut short")
        .tag_specifications(tagged(ResourceType::SecurityGroup, "security/database"))
        .send()
        .await
        .expect("a group");
    let table = ec2
        .create_route_table()
        .vpc_id(&vpc)
        .tag_specifications(tagged(
            ResourceType::RouteTable,
            "network/private-route-table/1",
        ))
        .send()
        .await
        .expect("a table");
    let subnet = subnet(ec2, &vpc).await;
    let gateway = gateway
        .internet_gateway()
        .and_then(|it| it.internet_gateway_id());
    let table = table.route_table().and_then(|it| it.route_table_id());
    [
        Some(vpc.as_str()),
        gateway,
        address.allocation_id(),
        group.group_id(),
        table,
        Some(subnet.as_str()),
    ]
    .map(|id| id.expect("an id").to_owned())
    .into()
}

/// A subnet that gives out public addresses by itself.
async fn subnet(ec2: &Client, vpc: &str) -> String {
    let made = ec2
        .create_subnet()
        .vpc_id(vpc)
        .cidr_block("10.0.1.0/24")
        .availability_zone("eu-west-1a")
        .tag_specifications(tagged(ResourceType::Subnet, "network/public-subnet/1"))
        .send()
        .await
        .expect("a subnet");
    let id = made.subnet().and_then(|it| it.subnet_id());
    let id = id.expect("its id").to_owned();
    let on = aws_sdk_ec2::types::AttributeBooleanValue::builder()
        .value(true)
        .build();
    ec2.modify_subnet_attribute()
        .subnet_id(&id)
        .map_public_ip_on_launch(on)
        .send()
        .await
        .expect("an attribute");
    id
}

/// The ids of what the stack has of the sorts that [`begin`] makes one of.
async fn ids(config: &SdkConfig) -> Vec<String> {
    let all = left(config, "half").await;
    all.iter()
        .filter_map(|one| one.strip_prefix("ec2: "))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn the_beginnings_of_a_network_are_finished_and_nothing_is_made_twice() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let begun = begin(&Client::new(&config)).await;
    world.write("kongstack.yaml", SPEC);
    let plan = world.run(&["plan"]).exits(0);
    let planned = planned(&plan.stdout);
    for action in [
        "update network/vpc",
        "update network/internet-gateway",
        "update network/elastic-ip/1",
        "update network/public-subnet/1",
        "update network/private-route-table/1",
        "create network/nat-gateway/1",
        "create network/private-association/1",
        "update security/database",
    ] {
        assert!(
            planned.iter().any(|one| one == action),
            "{action}\n{plan:?}"
        );
    }
    let anywhere = |line: &&String| line.starts_with("delete security/rule/sgr-");
    assert_eq!(planned.iter().filter(anywhere).count(), 1, "{planned:?}");
    let plan = plan
        .says("enable_dns_hostnames: false → true")
        .says("map_public_ip_on_launch: true → false");
    let _ = plan.says("vpc_id: (absent) →");

    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
    let there = ids(&config).await;
    for (id, sort) in begun.iter().zip(["vpc-", "igw-", "eipalloc-"]) {
        let of_sort: Vec<_> = there.iter().filter(|one| one.starts_with(sort)).collect();
        assert_eq!(of_sort, [id]);
    }
    for id in &begun {
        assert!(there.contains(id), "{id} was made anew: {there:?}");
    }

    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(left(&config, "half").await, Vec::<String>::new());
}

#[tokio::test]
async fn two_of_one_address_are_both_named_and_refused() {
    let world = World::new();
    let ec2 = Client::new(&world.aws("eu-west-1"));
    let twins = [
        vpc(&ec2, "network/vpc").await,
        vpc(&ec2, "network/vpc").await,
    ];
    world.write("kongstack.yaml", SPEC);
    world.forget_calls();
    for command in [
        &["plan"][..],
        &["apply", "--auto-approve"],
        &["destroy", "--auto-approve"],
    ] {
        let said = world.run(command).exits(1).all();
        assert!(said.contains("network/vpc is there 2 times"), "{said}");
        for twin in &twins {
            assert!(said.contains(twin), "no {twin} in {said}");
        }
    }
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[tokio::test]
async fn an_address_whose_gateway_is_being_deleted_gets_another() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let ec2 = Client::new(&config);
    world.write("kongstack.yaml", SPEC);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let ours = Filter::builder()
        .name("tag:kongstack:stack")
        .values("half")
        .build();
    let gateways = ec2.describe_nat_gateways().filter(ours).send().await;
    let gateways = gateways.expect("gateways");
    let id = gateways.nat_gateways()[0].nat_gateway_id().expect("its id");
    // Slow enough that it is still there when the plan is made.
    world.configure(&serde_json::json!({"speed": 10}));
    let deleted = ec2.delete_nat_gateway().nat_gateway_id(id).send().await;
    deleted.expect("deleted");
    let plan = world.run(&["plan"]).exits(0);
    assert!(planned(&plan.stdout).contains(&"create network/nat-gateway/1".to_owned()));
    let said = plan.all();
    assert!(
        said.contains(&format!("{id} is still being deleted")),
        "{said}"
    );
    world.configure(&serde_json::json!({"speed": 400}));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}
