//! An account with a clock that stands almost still, and the network that most things need.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use serde_json::{Value, json};

use crate::support::World;

const REGION: &str = "eu-west-1";

/// The code AWS refuses with, or `accepted`.
pub(super) fn code<T, E: ProvideErrorMetadata>(answer: Result<T, E>) -> String {
    match answer {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.code().unwrap_or("no code").to_owned(),
    }
}

/// Compares what was answered with what AWS answers, in order and all of it at once.
macro_rules! answers {
    ($($what:expr => $got:expr, $want:expr;)+) => {
        $crate::standin::stage::compare(&[$(($what, $got, $want)),+])
    };
}
pub(super) use answers;

/// Insists that each row's second text is its third.
#[track_caller]
pub(super) fn compare(rows: &[(&str, String, &str)]) {
    let wrong: Vec<_> = rows.iter().filter(|(_, got, want)| got != want).collect();
    assert!(wrong.is_empty(), "what, answered, AWS: {wrong:#?}");
}

/// An account of a test.
pub(super) struct Stage {
    world: World,
    config: SdkConfig,
}

/// A network with a way to the Internet.
pub(super) struct Network {
    pub(super) vpc: String,
    pub(super) gateway: String,
    /// Two subnets in two zones.
    pub(super) subnets: Vec<String>,
    /// The group that every network has: its members reach one another.
    pub(super) group: String,
}

impl Stage {
    /// A new account whose clock only moves by [`Self::skip`], but for the test's own time.
    pub(super) fn new() -> Self {
        let world = World::new();
        world.configure(&json!({"speed": 1}));
        // What is refused is seen the first time.
        let config = world.aws(REGION).into_builder();
        let config = config.retry_config(RetryConfig::disabled()).build();
        Self { world, config }
    }

    /// Moves the clock.
    pub(super) fn skip(&self, seconds: u32) {
        self.world.configure(&json!({"skip_seconds": seconds}));
    }

    /// The account's number.
    pub(super) fn account(&self) -> &str {
        &self.world.account
    }

    /// The account, seen from the program's side.
    pub(super) fn world(&self) -> &World {
        &self.world
    }

    /// Lets the next `times` calls of an operation go wrong.
    pub(super) fn fault(&self, service: &str, operation: &str, kind: &str, times: u32) {
        self.world.fault(service, operation, kind, times);
    }

    /// Puts a resource into a state.
    #[track_caller]
    pub(super) fn put(&self, kind: &str, resource: &str, state: &str) {
        let order = json!({"kind": kind, "resource": resource, "state": state});
        self.order("states", &order);
    }

    /// Gives an order to the simulation.
    #[track_caller]
    pub(super) fn order(&self, what: &str, order: &Value) -> Value {
        self.world.order(what, order)
    }

    /// Says how tasks are to behave.
    pub(super) fn behave(&self, tasks: &Value) {
        self.world.configure(&json!({"tasks": tasks}));
    }

    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }

    pub(super) fn ec2(&self) -> aws_sdk_ec2::Client {
        aws_sdk_ec2::Client::new(&self.config)
    }

    pub(super) fn elb(&self) -> aws_sdk_elasticloadbalancingv2::Client {
        aws_sdk_elasticloadbalancingv2::Client::new(&self.config)
    }

    pub(super) fn rds(&self) -> aws_sdk_rds::Client {
        aws_sdk_rds::Client::new(&self.config)
    }

    pub(super) fn ecs(&self) -> aws_sdk_ecs::Client {
        aws_sdk_ecs::Client::new(&self.config)
    }

    pub(super) fn discovery(&self) -> aws_sdk_servicediscovery::Client {
        aws_sdk_servicediscovery::Client::new(&self.config)
    }

    /// Makes a network.
    pub(super) async fn network(&self) -> Network {
        let ec2 = self.ec2();
        let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await;
        let vpc = vpc.expect("a VPC").vpc.and_then(|it| it.vpc_id);
        let vpc = vpc.expect("its id");
        let gateway = ec2.create_internet_gateway().send().await;
        let gateway = gateway.expect("a gateway").internet_gateway;
        let gateway = gateway
            .and_then(|it| it.internet_gateway_id)
            .expect("its id");
        let attach = ec2.attach_internet_gateway().vpc_id(&vpc);
        let _ = attach
            .internet_gateway_id(&gateway)
            .send()
            .await
            .expect("attached");
        let subnets = vec![
            self.subnet(&vpc, "a", "10.0.1.0/24").await,
            self.subnet(&vpc, "b", "10.0.2.0/24").await,
        ];
        let filter = |name: &str| {
            let filter = aws_sdk_ec2::types::Filter::builder().name(name);
            filter.values(&vpc).build()
        };
        let tables = ec2.describe_route_tables().filters(filter("vpc-id"));
        let tables = tables.send().await.expect("route tables");
        let table = tables.route_tables()[0].route_table_id().expect("its id");
        let route = ec2
            .create_route()
            .route_table_id(table)
            .gateway_id(&gateway);
        let route = route.destination_cidr_block("0.0.0.0/0");
        let _ = route.send().await.expect("a route");
        let groups = ec2.describe_security_groups().filters(filter("vpc-id"));
        let groups = groups.send().await.expect("groups");
        let group = groups.security_groups()[0].group_id().expect("its id");
        Network {
            group: group.to_owned(),
            vpc,
            gateway,
            subnets,
        }
    }

    /// Makes a subnet in a zone of the region.
    pub(super) async fn subnet(&self, vpc: &str, zone: &str, cidr: &str) -> String {
        let made = self.ec2().create_subnet().vpc_id(vpc).cidr_block(cidr);
        let made = made
            .availability_zone(format!("{REGION}{zone}"))
            .send()
            .await;
        let subnet = made.expect("a subnet").subnet.and_then(|it| it.subnet_id);
        subnet.expect("its id")
    }

    /// Makes a security group.
    pub(super) async fn group(&self, vpc: &str, name: &str) -> String {
        let made = self
            .ec2()
            .create_security_group()
            .vpc_id(vpc)
            .group_name(name);
        let made = made.description(name).send().await.expect("a group");
        made.group_id.expect("its id")
    }
}
