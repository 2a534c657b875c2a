//! EC2: the network of a stack and its security groups.
//!
//! All are found by their stack tag, one call a kind; routes, associations and rules through what they belong to.

mod calls;
pub(crate) mod elastic_ip;
pub(crate) mod flow_log;
mod interfaces;
pub(crate) mod internet_gateway;
pub(crate) mod nat_gateway;
pub(crate) mod route;
pub(crate) mod route_table;
pub(crate) mod route_table_association;
mod rule_calls;
mod rule_content;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
mod strangers;
pub(crate) mod subnet;
mod tagging;
pub(crate) mod vpc;
pub(crate) mod vpc_endpoint;
mod vpc_endpoint_calls;
mod vpc_strangers;

pub(crate) use self::elastic_ip::ElasticIp;
pub(crate) use self::flow_log::FlowLog;
pub(crate) use self::internet_gateway::InternetGateway;
pub(crate) use self::nat_gateway::NatGateway;
pub(crate) use self::route::Route;
pub(crate) use self::route_table::RouteTable;
pub(crate) use self::route_table_association::RouteTableAssociation;
pub(crate) use self::security_group::SecurityGroup;
pub(crate) use self::security_group_rule::SecurityGroupRule;
pub(crate) use self::strangers::strangers_with;
pub(crate) use self::subnet::Subnet;
pub(crate) use self::vpc::Vpc;
pub(crate) use self::vpc_endpoint::VpcEndpoint;
