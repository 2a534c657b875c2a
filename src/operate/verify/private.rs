//! Ways to the control plane that must not be there: public addresses, load balancers, and groups that let others in.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use aws_sdk_ec2::types::{Filter, NetworkInterface, SecurityGroupRule};
use aws_sdk_elasticloadbalancingv2::types::{TargetGroup, TargetTypeEnum};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt, stream, try_join};

use super::tally::Finding;
use crate::aws::{AwsError, Clients, failed};
use crate::kong::environment::{ADMIN_PORT, CLUSTER_PORT, STATUS_PORT};

/// How many target groups are asked about at once.
const AT_ONCE: usize = 8;

/// What is known of the control plane's tasks before AWS is asked for more.
#[derive(Debug, Clone, Default)]
pub(super) struct Nodes {
    /// The network interfaces of its tasks.
    pub(super) interfaces: Vec<String>,
    /// Their private addresses.
    pub(super) addresses: BTreeSet<IpAddr>,
    /// The control plane's own group.
    pub(super) group: Option<String>,
    /// All groups of the stack.
    pub(super) own: BTreeSet<String>,
}

/// The ways there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ways {
    public: Vec<IpAddr>,
    open: Vec<SocketAddr>,
    balanced: Vec<String>,
    admitted: Vec<String>,
}

/// Looks for ways, and tries those that lead over the public network.
pub(super) async fn look(clients: &Clients, nodes: &Nodes) -> Result<Ways, AwsError> {
    let interfaces = interfaces(clients, &nodes.interfaces).await?;
    let groups = interfaces.iter().flat_map(NetworkInterface::groups);
    let groups = groups.filter_map(|group| group.group_id().map(str::to_owned));
    let groups: BTreeSet<String> = groups.chain(nodes.group.clone()).collect();
    let vpcs = interfaces.iter().filter_map(NetworkInterface::vpc_id);
    let vpcs: BTreeSet<&str> = vpcs.collect();
    let public = interfaces.iter().filter_map(|one| {
        let association = one.association()?;
        association.public_ip()?.parse().ok()
    });
    let public: Vec<IpAddr> = public.collect();
    let (rules, balanced, open) = try_join!(
        rules(clients, &groups),
        balanced(clients, &vpcs, &nodes.addresses),
        async { Ok(open(clients, &public).await) }
    )?;
    let strangers = rules.iter().filter_map(|rule| stranger(rule, &nodes.own));
    Ok(Ways {
        open,
        balanced,
        admitted: strangers.collect(),
        public,
    })
}

async fn interfaces(clients: &Clients, ids: &[String]) -> Result<Vec<NetworkInterface>, AwsError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // By filter: one whose task has just gone is not refused.
    let by_id = filter("network-interface-id", ids.iter().cloned());
    let call = clients.ec2().describe_network_interfaces().filters(by_id);
    let answer = call.send().await;
    let answer = answer.map_err(failed("ec2:DescribeNetworkInterfaces"))?;
    Ok(answer.network_interfaces.unwrap_or_default())
}

async fn rules(
    clients: &Clients,
    groups: &BTreeSet<String>,
) -> Result<Vec<SecurityGroupRule>, AwsError> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let pages = clients
        .ec2()
        .describe_security_group_rules()
        .filters(filter("group-id", groups.iter().cloned()))
        .into_paginator()
        .items()
        .send();
    let all: Result<Vec<_>, _> = pages.collect().await;
    all.map_err(failed("ec2:DescribeSecurityGroupRules"))
}

fn filter(name: &str, values: impl Iterator<Item = String>) -> Filter {
    let values = values.collect();
    Filter::builder()
        .name(name)
        .set_values(Some(values))
        .build()
}

/// Whom a rule lets in that is no group of the stack.
fn stranger(rule: &SecurityGroupRule, own: &BTreeSet<String>) -> Option<String> {
    if rule.is_egress() == Some(true) {
        return None;
    }
    let group = rule.referenced_group_info();
    let group = group.and_then(|group| group.group_id());
    if group.is_some_and(|group| own.contains(group)) {
        return None;
    }
    let who = group
        .or(rule.cidr_ipv4())
        .or(rule.cidr_ipv6())
        .or(rule.prefix_list_id())
        .unwrap_or("somebody");
    let ports = match (rule.from_port(), rule.to_port()) {
        (Some(-1) | None, _) | (_, None) => "on all ports".to_owned(),
        (Some(from), Some(to)) if from == to => format!("on port {from}"),
        (Some(from), Some(to)) => format!("on ports {from} to {to}"),
    };
    let id = rule.security_group_rule_id().unwrap_or_default();
    Some(format!("{who} {ports} ({id})"))
}

/// The target groups, of any load balancer, that send requests to one of these addresses.
async fn balanced(
    clients: &Clients,
    vpcs: &BTreeSet<&str>,
    addresses: &BTreeSet<IpAddr>,
) -> Result<Vec<String>, AwsError> {
    if vpcs.is_empty() || addresses.is_empty() {
        return Ok(Vec::new());
    }
    let pages = clients
        .elb()
        .describe_target_groups()
        .into_paginator()
        .items()
        .send();
    let all: Result<Vec<TargetGroup>, _> = pages.collect().await;
    let all = all.map_err(failed("elasticloadbalancing:DescribeTargetGroups"))?;
    let here = all.into_iter().filter(|group| {
        group.target_type() == Some(&TargetTypeEnum::Ip)
            && group.vpc_id().is_some_and(|vpc| vpcs.contains(vpc))
    });
    let holding = stream::iter(here).map(|group| async move {
        let holds = holds(clients, &group, addresses).await?;
        Ok(group.target_group_name.filter(|_| holds))
    });
    let found: Vec<Option<String>> = holding.buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn holds(
    clients: &Clients,
    group: &TargetGroup,
    addresses: &BTreeSet<IpAddr>,
) -> Result<bool, AwsError> {
    let call = clients.elb().describe_target_health();
    let call = call.set_target_group_arn(group.target_group_arn.clone());
    let answer = call.send().await;
    let answer = answer.map_err(failed("elasticloadbalancing:DescribeTargetHealth"))?;
    let targets = answer.target_health_descriptions().iter();
    let mut ids = targets.filter_map(|one| one.target()?.id()?.parse().ok());
    Ok(ids.any(|id: IpAddr| addresses.contains(&id)))
}

/// The ports of public addresses where somebody takes a connection.
async fn open(clients: &Clients, public: &[IpAddr]) -> Vec<SocketAddr> {
    let ports = [ADMIN_PORT, CLUSTER_PORT, STATUS_PORT];
    let doors = public
        .iter()
        .flat_map(|address| ports.map(|port| SocketAddr::new(*address, port)));
    let knocks = doors.map(|door| async move {
        let answer = clients.gateway().knock(door).await;
        answer.is_ok().then_some(door)
    });
    join_all(knocks).await.into_iter().flatten().collect()
}

/// Judges the ways that were found.
pub(super) fn judge(ways: &Result<Ways, AwsError>, flags: &str) -> Finding {
    let ways = match ways {
        Ok(ways) => ways,
        Err(error) => return Finding::not_checked(error.to_string()),
    };
    let Ways {
        public,
        open,
        balanced,
        admitted,
    } = ways;
    let mut wrong = Vec::new();
    if let Some(door) = open.first() {
        wrong.push(format!("{door} takes connections from here"));
    }
    if let Some(group) = balanced.first() {
        wrong.push(format!("the target group {group} leads to it"));
    }
    if let Some(who) = admitted.first() {
        wrong.push(format!("its security group lets in {who}"));
    }
    if !wrong.is_empty() {
        let fix = format!(
            "`kongstack apply{flags}` takes the rules out that are not the stack's; the rest is somebody else's to remove"
        );
        return Finding::failed(wrong.join("; ")).fix(fix);
    }
    let public: Vec<String> = public.iter().map(IpAddr::to_string).collect();
    Finding::passed(match public.as_slice() {
        [] => "no public address, no load balancer, no stranger let in".to_owned(),
        public => format!("{} takes no connections from here", public.join(" and ")),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::ReferencedSecurityGroup;

    use super::*;

    #[test]
    fn only_the_stacks_own_groups_are_no_strangers() {
        let own = ["sg-dp".to_owned()].into();
        let rule = || SecurityGroupRule::builder().security_group_rule_id("sgr-1");
        let from = |group: &str| {
            let group = ReferencedSecurityGroup::builder().group_id(group).build();
            rule()
                .referenced_group_info(group)
                .from_port(8001)
                .to_port(8001)
        };
        for (rule, expected) in [
            (from("sg-dp"), None),
            (from("sg-else"), Some("sg-else on port 8001 (sgr-1)")),
            (
                rule().cidr_ipv4("0.0.0.0/0").from_port(8001).to_port(8007),
                Some("0.0.0.0/0 on ports 8001 to 8007 (sgr-1)"),
            ),
            (
                rule().cidr_ipv6("::/0").from_port(-1).to_port(-1),
                Some("::/0 on all ports (sgr-1)"),
            ),
            (
                rule().prefix_list_id("pl-1").from_port(443).to_port(443),
                Some("pl-1 on port 443 (sgr-1)"),
            ),
            (rule().cidr_ipv4("0.0.0.0/0").is_egress(true), None),
        ] {
            assert_eq!(stranger(&rule.build(), &own).as_deref(), expected);
        }
    }

    #[test]
    fn any_way_in_is_one_too_many() {
        let public: IpAddr = [198, 51, 100, 7].into();
        let ways = Ways {
            public: vec![public],
            ..Ways::default()
        };
        let told = |ways: Ways| judge(&Ok(ways), "").told();
        for (ways, expected) in [
            (
                Ways::default(),
                "passed: no public address, no load balancer, no stranger let in",
            ),
            (
                ways.clone(),
                "passed: 198.51.100.7 takes no connections from here",
            ),
            (
                Ways {
                    open: vec![SocketAddr::new(public, 8001)],
                    admitted: vec!["0.0.0.0/0 on port 8001 (sgr-1)".to_owned()],
                    ..ways
                },
                "failed: 198.51.100.7:8001 takes connections from here; \
                 its security group lets in 0.0.0.0/0 on port 8001 (sgr-1)",
            ),
            (
                Ways {
                    balanced: vec!["mine".to_owned()],
                    ..Ways::default()
                },
                "failed: the target group mine leads to it",
            ),
        ] {
            assert_eq!(told(ways), expected);
        }
        let denied = AwsError::in_answer("ec2:DescribeNetworkInterfaces", "AccessDenied", "no");
        assert!(judge(&Err(denied), "").told().starts_with("not checked"));
    }
}
