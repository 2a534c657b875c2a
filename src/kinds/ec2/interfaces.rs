//! Network interfaces: what holds groups, subnets and networks, and whose each is.
//!
//! Load balancers, tasks, databases and endpoints have interfaces that AWS makes and removes. They are no resources of
//! a stack, but a deletion waits for ours and is blocked by other people's.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;

use aws_sdk_ec2::types::{Filter, NetworkInterface, RouteTable, State};

use super::calls::filter;
use super::tagging;
use crate::aws::{AwsError, Clients, failed};
use crate::kinds::elb::LoadBalancer;
use crate::resource::{Address, Error, Look, Observer, Patience, Standing, Step, Tags, kind};

/// A network interface that holds on to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interface {
    id: String,
    description: String,
    requester: String,
    groups: Vec<String>,
    tags: Tags,
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requester = match self.requester.as_str() {
            "" => String::new(),
            requester => format!("made by {requester}"),
        };
        let about: Vec<&str> = [self.description.as_str(), requester.as_str()]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        match about.as_slice() {
            [] => write!(f, "network interface {}", self.id),
            about => write!(f, "network interface {} ({})", self.id, about.join(", ")),
        }
    }
}

impl From<&NetworkInterface> for Interface {
    fn from(interface: &NetworkInterface) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let instance = interface.attachment().and_then(|held| held.instance_id());
        Self {
            id: text(interface.network_interface_id()),
            description: text(interface.description()),
            requester: text(instance.or(interface.requester_id())),
            groups: interface
                .groups()
                .iter()
                .filter_map(|group| group.group_id().map(str::to_owned))
                .collect(),
            tags: tagging::from_sdk(interface.tag_set()),
        }
    }
}

async fn list(clients: &Clients, which: Filter) -> Result<Vec<Interface>, Error> {
    let mut pages = clients
        .ec2()
        .describe_network_interfaces()
        .filters(which)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(interface) = pages.next().await {
        let interface = interface.map_err(failed("ec2:DescribeNetworkInterfaces"))?;
        found.push(Interface::from(&interface));
    }
    Ok(found)
}

/// A deletion that AWS refuses for as long as interfaces remain.
pub(super) struct Removal<'a> {
    /// What is waited for, for the display.
    pub(super) what: &'a str,
    /// For how long.
    pub(super) patience: Patience,
    /// Which interfaces may hold it.
    pub(super) holders: Filter,
    /// The codes that mean that something does.
    pub(super) held: &'a [&'a str],
}

impl Removal<'_> {
    /// Repeats `call` until AWS takes it; the state shown names what holds the resource.
    pub(super) async fn run<F, Fut>(&self, cx: &Step, call: F) -> Result<(), Error>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<(), AwsError>> + Send,
    {
        let call = &call;
        cx.wait(self.what, self.patience, || async move {
            match call().await {
                Ok(()) => Ok(Look::Ready(())),
                Err(error) if error.is(self.held) => {
                    let holders = list(cx.clients(), self.holders.clone()).await?;
                    Ok(Look::Pending(held_by(&error, &holders)))
                }
                Err(error) if error.is(&["RequestLimitExceeded"]) => {
                    Ok(Look::Pending(error.code().to_owned()))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }
}

fn held_by(error: &AwsError, holders: &[Interface]) -> String {
    const SHOWN: usize = 3;
    if holders.is_empty() {
        return format!("{}: {}", error.code(), error.message());
    }
    let names: Vec<String> = holders
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    let more = holders.len().saturating_sub(SHOWN);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("held by {}{more}", names.join(", "))
}

/// What is known of the stack's live resources, to tell their interfaces from others.
struct Known {
    texts: BTreeSet<String>,
    /// How AWS describes the interfaces of load balancers with the stack's names, of former ones too: they outlive
    /// their load balancer by minutes.
    balancers: Vec<String>,
    has_cluster: bool,
    has_database: bool,
}

impl Known {
    /// Asks the kinds; nothing is asked of AWS that has not been asked before.
    async fn of(cx: &Observer) -> Result<Self, Error> {
        let mut known = Self {
            texts: BTreeSet::new(),
            balancers: Vec::new(),
            has_cluster: false,
            has_database: false,
        };
        for kind in cx.registry() {
            let seen = cx.seen_of(*kind).await?;
            let ours = seen
                .iter()
                .filter(|one| !matches!(one.standing, Standing::Foreign(_)));
            for one in ours {
                known.has_cluster |= kind.type_name() == "AWS::ECS::Cluster";
                known.has_database |= kind.type_name().starts_with("AWS::RDS::DB");
                known.texts.insert(one.id.clone());
                let outputs = one.outputs.iter();
                known.texts.extend(outputs.map(|(_, text)| text.to_owned()));
            }
        }
        let balancers = kind::<LoadBalancer>();
        let seen = cx.seen_of(balancers).await?;
        let theirs = |at: &Address| {
            seen.iter()
                .any(|one| one.address == *at && matches!(one.standing, Standing::Foreign(_)))
        };
        let wanted = cx.blueprint().resources.values();
        known.balancers = wanted
            .filter(|one| !theirs(&one.address))
            .filter_map(|one| Some(&one.desired_as::<LoadBalancer>()?.name))
            .map(|name| format!("ELB app/{name}/"))
            .collect();
        Ok(known)
    }

    /// Whether an interface was made for one of the stack's resources.
    ///
    /// Descriptions as AWS writes them: `ELB app/NAME/ID`, `Interface for NAT Gateway ID`, `VPC Endpoint Interface ID`,
    /// `RDSNetworkInterface`, and for a task the ARN of its attachment, which names no cluster: its tag may.
    fn owns(&self, interface: &Interface) -> bool {
        let description = interface.description.as_str();
        if description == "RDSNetworkInterface" {
            return self.has_database;
        }
        if description.starts_with("arn:") && description.contains(":ecs:") {
            let cluster = interface.tags.get("aws:ecs:clusterName");
            return cluster.map_or(self.has_cluster, |name| self.texts.contains(name));
        }
        let former = |of: &String| description.starts_with(of.as_str());
        self.balancers.iter().any(former)
            || description
                .split_whitespace()
                .any(|word| self.texts.contains(word))
    }
}

/// The interfaces that match and do not belong to the stack.
pub(super) async fn strangers(cx: &Observer, which: Filter) -> Result<Vec<Interface>, Error> {
    let (known, interfaces) = futures::try_join!(Known::of(cx), list(cx.clients(), which))?;
    Ok(interfaces
        .into_iter()
        .filter(|interface| !known.owns(interface))
        .collect())
}

/// The interfaces in a subnet that do not belong to the stack and hold none of its groups, which name theirs themselves.
pub(super) async fn strangers_in_subnet(
    cx: &Observer,
    subnet: &str,
) -> Result<Vec<Interface>, Error> {
    let known = Known::of(cx).await?;
    let mut strangers = strangers(cx, filter("subnet-id", [subnet])).await?;
    strangers.retain(|one| !one.groups.iter().any(|group| known.texts.contains(group)));
    Ok(strangers)
}

/// What lies in a VPC, keeps it from being deleted, and does not belong to the stack.
pub(super) async fn strangers_in_vpc(cx: &Observer, vpc: &str) -> Result<Vec<String>, Error> {
    let ec2 = cx.clients().ec2();
    let which = filter("vpc-id", [vpc]);
    let (known, subnets, groups, tables, endpoints) = futures::join!(
        Known::of(cx),
        ec2.describe_subnets().filters(which.clone()).send(),
        ec2.describe_security_groups().filters(which.clone()).send(),
        ec2.describe_route_tables().filters(which.clone()).send(),
        ec2.describe_vpc_endpoints().filters(which.clone()).send(),
    );
    let known = known?;
    let subnets = subnets.map_err(failed("ec2:DescribeSubnets"))?;
    let groups = groups.map_err(failed("ec2:DescribeSecurityGroups"))?;
    let tables = tables.map_err(failed("ec2:DescribeRouteTables"))?;
    let endpoints = endpoints.map_err(failed("ec2:DescribeVpcEndpoints"))?;
    // Every VPC has a group called `default` and a main route table, which go with it.
    let groups = groups.security_groups().iter();
    let groups = groups.filter(|group| group.group_name() != Some("default"));
    let main = |table: &RouteTable| {
        table
            .associations()
            .iter()
            .any(|one| one.main() == Some(true))
    };
    let tables = tables.route_tables().iter().filter(|table| !main(table));
    let gone = |state: &State| state.as_str().eq_ignore_ascii_case("deleted");
    let endpoints = endpoints.vpc_endpoints().iter();
    let endpoints = endpoints.filter(|endpoint| !endpoint.state().is_some_and(gone));
    let all = [
        named(
            "subnet",
            subnets.subnets().iter().filter_map(|one| one.subnet_id()),
        ),
        named("security group", groups.filter_map(|one| one.group_id())),
        named("route table", tables.filter_map(|one| one.route_table_id())),
        named(
            "VPC endpoint",
            endpoints.filter_map(|one| one.vpc_endpoint_id()),
        ),
    ];
    let strangers = all.concat().into_iter();
    Ok(strangers
        .filter(|(id, _)| !known.texts.contains(id))
        .map(|(_, text)| text)
        .collect())
}

fn named<'a>(noun: &str, ids: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    ids.map(|id| (id.to_owned(), format!("{noun} {id}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(description: &str, tags: Tags) -> Interface {
        Interface {
            id: "eni-1".to_owned(),
            description: description.to_owned(),
            requester: "amazon-elb".to_owned(),
            groups: Vec::new(),
            tags,
        }
    }

    #[test]
    fn interfaces_are_told_apart_by_what_aws_writes_on_them() {
        let known = Known {
            texts: ["app/kong/1", "nat-1", "vpce-1", "kong"]
                .map(str::to_owned)
                .into(),
            balancers: vec!["ELB app/kong/".to_owned()],
            has_cluster: true,
            has_database: false,
        };
        let of = |cluster: &str| Tags::live([(Some("aws:ecs:clusterName"), Some(cluster))]);
        let task = "arn:aws:ecs:eu-west-1:1:attachment/x";
        for (description, tags, ours) in [
            ("ELB app/kong/1", Tags::default(), true),
            ("ELB app/kong/former", Tags::default(), true),
            ("ELB app/kong-2/2", Tags::default(), false),
            ("ELB app/other/2", Tags::default(), false),
            ("Interface for NAT Gateway nat-1", Tags::default(), true),
            ("VPC Endpoint Interface vpce-1", Tags::default(), true),
            ("VPC Endpoint Interface vpce-11", Tags::default(), false),
            (task, Tags::default(), true),
            (task, of("kong"), true),
            (task, of("other"), false),
            ("RDSNetworkInterface", Tags::default(), false),
            ("", Tags::default(), false),
        ] {
            assert_eq!(
                known.owns(&interface(description, tags)),
                ours,
                "{description}"
            );
        }
    }

    #[test]
    fn a_refused_deletion_says_what_holds_it() {
        let error = AwsError::in_answer("ec2:DeleteSecurityGroup", "DependencyViolation", "no");
        assert_eq!(held_by(&error, &[]), "DependencyViolation: no");
        let one = interface("ELB app/kong/1", Tags::default());
        assert_eq!(
            held_by(&error, &vec![one; 4]),
            "held by network interface eni-1 (ELB app/kong/1, made by amazon-elb), \
             network interface eni-1 (ELB app/kong/1, made by amazon-elb), \
             network interface eni-1 (ELB app/kong/1, made by amazon-elb) and 1 more"
        );
    }
}
