//! One walk down from a load balancer: its listeners, their rules, and everybody's tags.
//!
//! The load balancer's own tags are asked for along with its listeners, and the listeners' tags along with their
//! rules, so the walk is as short as the API allows: four answers deep, counted from the load balancer's name.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{
    Listener as SdkListener, LoadBalancer as SdkLoadBalancer, Rule as SdkRule,
};
use futures::future::try_join_all;
use futures::try_join;

use super::listener::ListenerLive;
use super::rule::ListenerRuleLive;
use super::tagging;
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Error, Output, Patience, SecurityGroupId, SubnetId, Tags, VpcId};

/// What was made moments ago may not be known to the next call.
pub(super) const NEW: Patience = Patience::seconds(3, 5, 120);

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct LoadBalancerLive {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) dns_name: String,
    pub(crate) canonical_zone: String,
    pub(crate) vpc: VpcId,
    pub(crate) scheme: String,
    pub(crate) state: String,
    /// AWS's reason for a state that is not `active`.
    pub(super) reason: Option<String>,
    pub(crate) subnets: Vec<SubnetId>,
    pub(crate) security_groups: Vec<SecurityGroupId>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) tags: Tags,
    /// What hangs on it, whoever made it: listeners and rules are looked up along with it.
    pub(super) listeners: Vec<ListenerLive>,
    pub(super) rules: Vec<ListenerRuleLive>,
}

/// The load balancer of this name.
pub(super) async fn by_name(
    clients: &Clients,
    name: &str,
) -> Result<Option<SdkLoadBalancer>, AwsError> {
    let request = clients.elb().describe_load_balancers().names(name);
    first(request.send().await.map_err(failed(DESCRIBE)))
}

/// The load balancer of this ARN.
pub(super) async fn by_arn(
    clients: &Clients,
    arn: &str,
) -> Result<Option<SdkLoadBalancer>, AwsError> {
    let request = clients
        .elb()
        .describe_load_balancers()
        .load_balancer_arns(arn);
    first(request.send().await.map_err(failed(DESCRIBE)))
}

const DESCRIBE: &str = "elasticloadbalancing:DescribeLoadBalancers";

type Described =
    aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::DescribeLoadBalancersOutput;

fn first(answer: Result<Described, AwsError>) -> Result<Option<SdkLoadBalancer>, AwsError> {
    // Names and ARNs are unique: there is one or none.
    let answer = answer.or_absent(&["LoadBalancerNotFound"])?;
    Ok(answer.and_then(|answer| answer.load_balancers?.pop()))
}

/// The listeners of a load balancer, bare.
pub(super) async fn listeners(
    clients: &Clients,
    load_balancer: &str,
) -> Result<Vec<SdkListener>, AwsError> {
    let pages = clients
        .elb()
        .describe_listeners()
        .load_balancer_arn(load_balancer)
        .into_paginator()
        .items()
        .send();
    let listed: Result<Vec<_>, _> = pages.collect().await;
    let listed = listed.map_err(failed("elasticloadbalancing:DescribeListeners"));
    Ok(listed
        .or_absent(&["LoadBalancerNotFound"])?
        .unwrap_or_default())
}

/// The rules of a listener, bare, without its default rule.
pub(super) async fn rules(clients: &Clients, listener: &str) -> Result<Vec<SdkRule>, AwsError> {
    let pages = clients
        .elb()
        .describe_rules()
        .listener_arn(listener)
        .into_paginator()
        .items()
        .send();
    let listed: Result<Vec<_>, _> = pages.collect().await;
    let listed = listed.map_err(failed("elasticloadbalancing:DescribeRules"));
    let mut rules = listed.or_absent(&["ListenerNotFound"])?.unwrap_or_default();
    rules.retain(|rule| rule.is_default() != Some(true));
    Ok(rules)
}

/// The tags of these listeners, their rules, and the rules' tags.
pub(super) async fn walk(
    clients: &Clients,
    listeners: &[SdkListener],
) -> Result<(Vec<ListenerLive>, Vec<ListenerRuleLive>), AwsError> {
    let arns: Vec<String> = listeners
        .iter()
        .filter_map(|listener| listener.listener_arn().map(str::to_owned))
        .collect();
    let rules = try_join_all(arns.iter().map(|arn| rules(clients, arn)));
    let (mut tags, rules) = try_join!(tagging::read(clients, &arns), rules)?;
    let found = listeners.iter().filter_map(|listener| {
        let tags = tags.remove(listener.listener_arn()?)?;
        ListenerLive::read(listener, tags)
    });
    let found: Vec<ListenerLive> = found.collect();
    let rule_arns: Vec<String> = rules
        .iter()
        .flatten()
        .filter_map(|rule| rule.rule_arn().map(str::to_owned))
        .collect();
    let mut tags = tagging::read(clients, &rule_arns).await?;
    let mut read = Vec::new();
    for (listener, rules) in arns.iter().zip(&rules) {
        read.extend(rules.iter().filter_map(|rule| {
            let tags: Tags = tags.remove(rule.rule_arn()?)?;
            ListenerRuleLive::read(listener, rule, tags)
        }));
    }
    Ok((found, read))
}

pub(super) fn state(one: &SdkLoadBalancer) -> String {
    let code = one.state().and_then(|state| state.code());
    // Answers without a state come from load balancers that work.
    code.map_or("active", |code| code.as_str()).to_owned()
}

pub(super) fn reason(one: &SdkLoadBalancer) -> Option<String> {
    one.state()
        .and_then(|state| state.reason())
        .map(str::to_owned)
}

/// The load balancer of a name, with what hangs on it if it is the stack's.
pub(super) async fn find_named(
    clients: &Clients,
    name: &str,
    stack: &str,
) -> Result<Option<LoadBalancerLive>, Error> {
    match by_name(clients, name).await? {
        Some(one) => Ok(Some(whole(clients, one, stack).await?)),
        None => Ok(None),
    }
}

/// Adds tags and attributes and, where it is the stack's, what hangs on it.
pub(super) async fn whole(
    clients: &Clients,
    one: SdkLoadBalancer,
    stack: &str,
) -> Result<LoadBalancerLive, Error> {
    let mut live = bare(one)?;
    let arns = [live.arn.clone()];
    let (mut tags, attributes, listeners) = try_join!(
        tagging::read(clients, &arns),
        read_attributes(clients, &live.arn),
        listeners(clients, &live.arn)
    )?;
    live.tags = tags.remove(&live.arn).unwrap_or_default();
    live.attributes = attributes;
    if live.tags.address_in(stack).is_some() {
        (live.listeners, live.rules) = walk(clients, &listeners).await?;
    }
    Ok(live)
}

async fn read_attributes(
    clients: &Clients,
    arn: &str,
) -> Result<BTreeMap<String, String>, AwsError> {
    let answer = clients
        .elb()
        .describe_load_balancer_attributes()
        .load_balancer_arn(arn)
        .send()
        .await
        .map_err(failed(
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
        ))
        .or_absent(&["LoadBalancerNotFound"])?;
    let pairs = answer.and_then(|answer| answer.attributes);
    let pairs = pairs.unwrap_or_default().into_iter();
    Ok(pairs.filter_map(|pair| pair.key.zip(pair.value)).collect())
}

/// What DescribeLoadBalancers alone says.
pub(super) fn bare(one: SdkLoadBalancer) -> Result<LoadBalancerLive, Error> {
    let missing = |missing| Error::Incomplete {
        operation: "elasticloadbalancing:DescribeLoadBalancers",
        missing,
    };
    let (state, reason) = (state(&one), reason(&one));
    let zones = one.availability_zones.unwrap_or_default();
    Ok(LoadBalancerLive {
        arn: one.load_balancer_arn.ok_or_else(|| missing("an ARN"))?,
        name: one.load_balancer_name.ok_or_else(|| missing("a name"))?,
        dns_name: one.dns_name.ok_or_else(|| missing("a DNS name"))?,
        canonical_zone: one
            .canonical_hosted_zone_id
            .ok_or_else(|| missing("a hosted zone"))?,
        vpc: VpcId::new(one.vpc_id.ok_or_else(|| missing("a VPC"))?),
        scheme: one
            .scheme
            .map_or_else(String::new, |scheme| scheme.as_str().to_owned()),
        state,
        reason,
        subnets: zones
            .into_iter()
            .filter_map(|zone| zone.subnet_id.map(SubnetId::new))
            .collect(),
        security_groups: one
            .security_groups
            .unwrap_or_default()
            .into_iter()
            .map(SecurityGroupId::new)
            .collect(),
        attributes: BTreeMap::new(),
        tags: Tags::default(),
        listeners: Vec::new(),
        rules: Vec::new(),
    })
}
