//! The calls behind security group rules: listing, making and changing them.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, PrefixListId, ResourceType, SecurityGroupRuleRequest,
    SecurityGroupRuleUpdate, UserIdGroupPair,
};

use super::calls::{QUICK, filter, required};
use super::rule_content::{Content, Direction, Live, LivePeer, traffic};
use super::security_group_rule::{Desired, Peer};
use super::tagging;
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Error, Output, SecurityGroupId, Step};

/// What AWS answers while it has not yet seen a group that was just made.
pub(super) const NOT_YET: &[&str] = &["InvalidGroup.NotFound", "RequestLimitExceeded"];

/// The ids of AWS's prefix lists, by name.
pub(super) async fn prefix_lists(
    clients: &Clients,
    names: Vec<&str>,
) -> Result<BTreeMap<String, String>, Error> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut names = names;
    names.sort_unstable();
    names.dedup();
    let mut pages = clients
        .ec2()
        .describe_prefix_lists()
        .filters(filter("prefix-list-name", names))
        .into_paginator()
        .items()
        .send();
    let mut lists = BTreeMap::new();
    while let Some(list) = pages.next().await {
        let list = list.map_err(failed("ec2:DescribePrefixLists"))?;
        lists.extend(list.prefix_list_name.zip(list.prefix_list_id));
    }
    Ok(lists)
}

async fn prefix_list(clients: &Clients, name: &str) -> Result<String, Error> {
    let lists = prefix_lists(clients, vec![name]).await?;
    let missing = || Error::Lookup {
        message: format!(
            "AWS has no prefix list {name} in this region, so that no rule can name the service's addresses: \
             choose another network.egress"
        ),
    };
    lists.get(name).cloned().ok_or_else(missing)
}

pub(super) async fn list(
    clients: &Clients,
    by: &str,
    values: Vec<String>,
) -> Result<Vec<Live>, Error> {
    const CALL: &str = "ec2:DescribeSecurityGroupRules";
    let mut pages = clients
        .ec2()
        .describe_security_group_rules()
        .filters(filter(by, values))
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(rule) = pages.next().await {
        let rule = rule.map_err(failed(CALL))?;
        let id = required(rule.security_group_rule_id(), CALL, "a rule's id")?;
        let group = required(rule.group_id(), CALL, "a rule's group")?;
        let protocol = rule.ip_protocol().unwrap_or_default();
        found.push(Live {
            id: id.to_owned(),
            group: SecurityGroupId::new(group),
            content: Content {
                direction: match rule.is_egress() {
                    Some(true) => Direction::Egress,
                    _ => Direction::Ingress,
                },
                traffic: traffic(protocol, rule.from_port(), rule.to_port()),
                peer: peer(&rule),
            },
            description: rule.description().unwrap_or_default().to_owned(),
            tags: tagging::from_sdk(rule.tags()),
        });
    }
    Ok(found)
}

fn peer(rule: &aws_sdk_ec2::types::SecurityGroupRule) -> LivePeer {
    let group = rule.referenced_group_info().and_then(|one| one.group_id());
    if let Some(group) = group {
        LivePeer::Group(SecurityGroupId::new(group))
    } else if let Some(list) = rule.prefix_list_id() {
        LivePeer::PrefixList(list.to_owned())
    } else if let Some(block) = rule.cidr_ipv4() {
        LivePeer::Cidr(block.to_owned())
    } else {
        LivePeer::Other(rule.cidr_ipv6().unwrap_or("unknown").to_owned())
    }
}

pub(super) async fn permission(cx: &Step, desired: &Desired) -> Result<IpPermission, Error> {
    let port = i32::from(desired.port);
    let permission = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(port)
        .to_port(port);
    let words = desired.description.as_str();
    Ok(match &desired.peer {
        Peer::Cidr(block) => permission.ip_ranges(
            IpRange::builder()
                .cidr_ip(block.to_string())
                .description(words)
                .build(),
        ),
        Peer::Group(group) => permission.user_id_group_pairs(
            UserIdGroupPair::builder()
                .group_id(cx.get(group)?.as_str())
                .description(words)
                .build(),
        ),
        Peer::PrefixList(name) => permission.prefix_list_ids(
            PrefixListId::builder()
                .prefix_list_id(prefix_list(cx.clients(), name).await?)
                .description(words)
                .build(),
        ),
    }
    .build())
}

/// Makes the rule; nothing when the group has it already, which is how AWS keeps rules from being made twice.
pub(super) async fn authorize(
    cx: &Step,
    desired: &Desired,
    group: &SecurityGroupId,
    permission: IpPermission,
) -> Result<Option<String>, AwsError> {
    const DUPLICATE: &[&str] = &["InvalidPermission.Duplicate"];
    let ec2 = cx.clients().ec2();
    let tags = tagging::specification(ResourceType::SecurityGroupRule, &desired.tags);
    let rules = match desired.direction {
        Direction::Ingress => {
            let call = ec2
                .authorize_security_group_ingress()
                .group_id(group.as_str())
                .ip_permissions(permission)
                .tag_specifications(tags);
            let answer = call.send().await;
            let answer = answer.map_err(failed("ec2:AuthorizeSecurityGroupIngress"));
            answer
                .or_absent(DUPLICATE)?
                .map(|answer| answer.security_group_rules)
        }
        Direction::Egress => {
            let call = ec2
                .authorize_security_group_egress()
                .group_id(group.as_str())
                .ip_permissions(permission)
                .tag_specifications(tags);
            let answer = call.send().await;
            let answer = answer.map_err(failed("ec2:AuthorizeSecurityGroupEgress"));
            answer
                .or_absent(DUPLICATE)?
                .map(|answer| answer.security_group_rules)
        }
    };
    let rule = rules.flatten().and_then(|rules| rules.into_iter().next());
    Ok(rule.and_then(|rule| rule.security_group_rule_id))
}

pub(super) async fn modify(cx: &Step, desired: &Desired, live: &Live) -> Result<(), Error> {
    let port = i32::from(desired.port);
    let request = SecurityGroupRuleRequest::builder()
        .ip_protocol("tcp")
        .from_port(port)
        .to_port(port)
        .description(&desired.description);
    let request = match &desired.peer {
        Peer::Cidr(block) => request.cidr_ipv4(block.to_string()),
        Peer::Group(group) => request.referenced_group_id(cx.get(group)?.as_str()),
        Peer::PrefixList(name) => request.prefix_list_id(prefix_list(cx.clients(), name).await?),
    };
    let update = SecurityGroupRuleUpdate::builder()
        .security_group_rule_id(&live.id)
        .security_group_rule(request.build())
        .build();
    let ec2 = cx.clients().ec2();
    let modify = || {
        let call = ec2
            .modify_security_group_rules()
            .group_id(live.group.as_str())
            .security_group_rules(update.clone());
        async move {
            let answer = call.send().await;
            answer.map_err(failed("ec2:ModifySecurityGroupRules"))
        }
    };
    cx.retry("the groups to be visible", QUICK, NOT_YET, modify)
        .await?;
    Ok(())
}
