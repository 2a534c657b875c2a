//! What people do by hand, through the SDK: to the network, the load balancer, names and DNS.
//!
//! Each finds the first resource of the stack of its sort. What is not there, and what AWS refuses, is no drift.

use aws_config::SdkConfig;
use aws_sdk_ec2::types::{AttributeBooleanValue, Filter};

use super::drift_compute as compute;
use super::spec::NAME;

/// Everything that can be done.
pub(crate) const NAMES: [&str; 32] = [
    "delete a route",
    "revoke a security group rule",
    "open a port",
    "give public addresses in a subnet",
    "switch DNS names off",
    "delete a NAT gateway",
    "take a route table off a subnet",
    "rename the VPC",
    "delete the load balancer",
    "change the idle timeout",
    "delete a listener",
    "delete a listener rule",
    "check another path",
    "delete a record",
    "delete the discovery service",
    "delete a service",
    "run more control planes",
    "deregister a task definition",
    "stop a task",
    "delete a role policy",
    "attach a policy",
    "describe a role otherwise",
    "delete a log group",
    "keep logs longer",
    "delete a secret",
    "delete a scaling policy",
    "deregister the scalable target",
    "delete a database instance",
    "keep backups longer",
    "set a parameter",
    "protect the database",
    "tag the database otherwise",
];

/// Why nothing came of it.
pub(super) type Told = Result<(), String>;

/// What AWS says, in a word.
pub(super) fn code<E: aws_sdk_ec2::error::ProvideErrorMetadata>(error: &E) -> String {
    error.code().unwrap_or("no answer").to_owned()
}

/// The first of some, if there is one.
pub(super) fn first<T>(some: impl IntoIterator<Item = T>) -> Result<T, String> {
    some.into_iter()
        .next()
        .ok_or_else(|| "nothing there".to_owned())
}

/// Does it, and tells what came of it.
pub(super) async fn by_hand(config: &SdkConfig, name: &str) -> String {
    let done = match name {
        "delete a route" => delete_route(config).await,
        "revoke a security group rule" => revoke(config).await,
        "open a port" => open_port(config).await,
        "give public addresses in a subnet" => public_addresses(config).await,
        "switch DNS names off" => no_dns_names(config).await,
        "delete a NAT gateway" => delete_nat(config).await,
        "take a route table off a subnet" => disassociate(config).await,
        "rename the VPC" => rename_vpc(config).await,
        "delete the load balancer" => delete_balancer(config).await,
        "change the idle timeout" => idle_timeout(config).await,
        "delete a listener" => delete_listener(config).await,
        "delete a listener rule" => delete_rule(config).await,
        "check another path" => check_path(config).await,
        "delete a record" => delete_record(config).await,
        "delete the discovery service" => delete_discovery(config).await,
        other => compute::by_hand(config, other).await,
    };
    done.map_or_else(|why| why, |()| "done".to_owned())
}

/// Sends a call and keeps AWS's word for a refusal.
macro_rules! asked {
    ($call:expr) => {
        $call
            .send()
            .await
            .map_err(|error| super::drift::code(&error.into_service_error()))
    };
}
pub(super) use asked;

fn of_stack() -> Filter {
    Filter::builder()
        .name("tag:kongstack:stack")
        .values(NAME)
        .build()
}

async fn delete_route(config: &SdkConfig) -> Told {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let tables = asked!(ec2.describe_route_tables().filters(of_stack()))?;
    let table = first(tables.route_tables())?
        .route_table_id()
        .unwrap_or_default();
    let call = ec2.delete_route().route_table_id(table);
    asked!(call.destination_cidr_block("0.0.0.0/0")).map(drop)
}

async fn revoke(config: &SdkConfig) -> Told {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let rules = asked!(ec2.describe_security_group_rules().filters(of_stack()))?;
    let rule = first(
        rules
            .security_group_rules()
            .iter()
            .filter(|one| one.is_egress() == Some(false)),
    )?;
    let call = ec2
        .revoke_security_group_ingress()
        .group_id(rule.group_id().unwrap_or_default());
    asked!(call.security_group_rule_ids(rule.security_group_rule_id().unwrap_or_default()))
        .map(drop)
}

async fn open_port(config: &SdkConfig) -> Told {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let groups = asked!(ec2.describe_security_groups().filters(of_stack()))?;
    let group = first(groups.security_groups())?
        .group_id()
        .unwrap_or_default();
    let call = ec2
        .authorize_security_group_ingress()
        .group_id(group)
        .ip_protocol("tcp");
    asked!(call.from_port(22).to_port(22).cidr_ip("0.0.0.0/0")).map(drop)
}

async fn public_addresses(config: &SdkConfig) -> Told {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let subnets = asked!(ec2.describe_subnets().filters(of_stack()))?;
    let subnet = first(subnets.subnets())?;
    let other = subnet.map_public_ip_on_launch() != Some(true);
    let value = AttributeBooleanValue::builder().value(other).build();
    let call = ec2
        .modify_subnet_attribute()
        .subnet_id(subnet.subnet_id().unwrap_or_default());
    asked!(call.map_public_ip_on_launch(value)).map(drop)
}

async fn vpc(ec2: &aws_sdk_ec2::Client) -> Result<String, String> {
    let vpcs = asked!(ec2.describe_vpcs().filters(of_stack()))?;
    Ok(first(vpcs.vpcs())?.vpc_id().unwrap_or_default().to_owned())
}

async fn no_dns_names(config: &SdkConfig) -> Told {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let off = AttributeBooleanValue::builder().value(false).build();
    let call = ec2.modify_vpc_attribute().vpc_id(vpc(&ec2).await?);
    asked!(call.enable_dns_hostnames(off)).map(drop)
}

async fn rename_vpc(config: &SdkConfig) -> Told {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let name = aws_sdk_ec2::types::Tag::builder().key("Name").value("ours");
    asked!(
        ec2.create_tags()
            .resources(vpc(&ec2).await?)
            .tags(name.build())
    )
    .map(drop)
}

async fn delete_nat(config: &SdkConfig) -> Told {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let gateways = asked!(ec2.describe_nat_gateways().filter(of_stack()))?;
    let gateway = first(gateways.nat_gateways())?
        .nat_gateway_id()
        .unwrap_or_default();
    asked!(ec2.delete_nat_gateway().nat_gateway_id(gateway)).map(drop)
}

async fn disassociate(config: &SdkConfig) -> Told {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let tables = asked!(ec2.describe_route_tables().filters(of_stack()))?;
    let all = tables
        .route_tables()
        .iter()
        .flat_map(|table| table.associations());
    let association = first(all)?.route_table_association_id().unwrap_or_default();
    asked!(ec2.disassociate_route_table().association_id(association)).map(drop)
}

type Elb = aws_sdk_elasticloadbalancingv2::Client;

async fn balancer(elb: &Elb) -> Result<String, String> {
    let balancers = asked!(elb.describe_load_balancers())?;
    let balancer = first(balancers.load_balancers())?;
    Ok(balancer.load_balancer_arn().unwrap_or_default().to_owned())
}

async fn listener(elb: &Elb) -> Result<String, String> {
    let listeners = asked!(
        elb.describe_listeners()
            .load_balancer_arn(balancer(elb).await?)
    )?;
    Ok(first(listeners.listeners())?
        .listener_arn()
        .unwrap_or_default()
        .to_owned())
}

async fn delete_balancer(config: &SdkConfig) -> Told {
    let elb = Elb::new(config);
    asked!(
        elb.delete_load_balancer()
            .load_balancer_arn(balancer(&elb).await?)
    )
    .map(drop)
}

async fn idle_timeout(config: &SdkConfig) -> Told {
    let elb = Elb::new(config);
    let timeout = aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute::builder()
        .key("idle_timeout.timeout_seconds")
        .value("77")
        .build();
    let call = elb.modify_load_balancer_attributes().attributes(timeout);
    asked!(call.load_balancer_arn(balancer(&elb).await?)).map(drop)
}

async fn delete_listener(config: &SdkConfig) -> Told {
    let elb = Elb::new(config);
    asked!(elb.delete_listener().listener_arn(listener(&elb).await?)).map(drop)
}

async fn delete_rule(config: &SdkConfig) -> Told {
    let elb = Elb::new(config);
    let rules = asked!(elb.describe_rules().listener_arn(listener(&elb).await?))?;
    let rule = first(
        rules
            .rules()
            .iter()
            .filter(|rule| rule.is_default() != Some(true)),
    )?;
    asked!(
        elb.delete_rule()
            .rule_arn(rule.rule_arn().unwrap_or_default())
    )
    .map(drop)
}

async fn check_path(config: &SdkConfig) -> Told {
    let elb = Elb::new(config);
    let groups = asked!(elb.describe_target_groups())?;
    let group = first(groups.target_groups())?
        .target_group_arn()
        .unwrap_or_default();
    asked!(
        elb.modify_target_group()
            .target_group_arn(group)
            .health_check_path("/else")
    )
    .map(drop)
}

async fn delete_record(config: &SdkConfig) -> Told {
    use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, RrType};
    let route53 = aws_sdk_route53::Client::new(config);
    let zones = asked!(route53.list_hosted_zones())?;
    let is_public = |zone: &&aws_sdk_route53::types::HostedZone| zone.name() == "example.com.";
    let zone = first(zones.hosted_zones().iter().filter(is_public))?.id();
    let records = asked!(route53.list_resource_record_sets().hosted_zone_id(zone))?;
    let addresses = records.resource_record_sets().iter();
    let record = first(addresses.filter(|one| *one.r#type() == RrType::A))?;
    let change = Change::builder()
        .action(ChangeAction::Delete)
        .resource_record_set(record.clone());
    let batch = ChangeBatch::builder().changes(change.build().map_err(|error| error.to_string())?);
    let batch = batch.build().map_err(|error| error.to_string())?;
    let call = route53.change_resource_record_sets().hosted_zone_id(zone);
    asked!(call.change_batch(batch)).map(drop)
}

async fn delete_discovery(config: &SdkConfig) -> Told {
    let discovery = aws_sdk_servicediscovery::Client::new(config);
    let services = asked!(discovery.list_services())?;
    let service = first(services.services())?.id().unwrap_or_default();
    asked!(discovery.delete_service().id(service)).map(drop)
}
