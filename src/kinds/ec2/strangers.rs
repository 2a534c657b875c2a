//! Whose a network interface is: the stack's, or somebody's who will hold up its deletion.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;

use super::calls::filter;
use super::interfaces::{Interface, list};
use crate::kinds::elb::LoadBalancer;
use crate::resource::{Address, Error, Observer, Standing, kind};

/// What is known of the stack's live resources, to tell their interfaces from others.
struct Known {
    texts: BTreeSet<String>,
    /// How AWS describes the interfaces of load balancers with the stack's names, of former ones too: they outlive
    /// their load balancer by minutes.
    balancers: Vec<String>,
    has_cluster: bool,
    /// The security groups that the stack's database holds, whoever gave them to it.
    of_database: BTreeSet<String>,
}

impl Known {
    /// Asks the kinds; nothing is asked of AWS that has not been asked before.
    async fn of(cx: &Observer) -> Result<Self, Error> {
        let mut known = Self {
            texts: BTreeSet::new(),
            balancers: Vec::new(),
            has_cluster: false,
            of_database: BTreeSet::new(),
        };
        for kind in cx.registry() {
            let seen = cx.seen_of(*kind).await?;
            let ours = seen
                .iter()
                .filter(|one| !matches!(one.standing, Standing::Foreign(_)));
            for one in ours {
                known.has_cluster |= kind.type_name() == "AWS::ECS::Cluster";
                if kind.type_name() == "AWS::RDS::DBCluster" {
                    known.of_database.extend(one.uses.iter().cloned());
                }
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
            // It names no database, but its groups do: those of ours outlive it, and others are not in them.
            let ours =
                |group: &String| self.texts.contains(group) || self.of_database.contains(group);
            return interface.groups.iter().any(ours);
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
    let (known, interfaces) = futures::try_join!(Known::of(cx), list(cx.clients(), vec![which]))?;
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

/// The interfaces in a VPC that have one of `addresses` and do not belong to the stack.
pub(crate) async fn strangers_with(
    cx: &Observer,
    vpc: &str,
    addresses: &[String],
) -> Result<Vec<Interface>, Error> {
    // What AWS takes in one filter.
    const AT_ONCE: usize = 200;
    let known = Known::of(cx).await?;
    let mut found = Vec::new();
    for some in addresses.chunks(AT_ONCE) {
        let which = vec![
            filter("vpc-id", [vpc]),
            filter("addresses.private-ip-address", some.iter().cloned()),
        ];
        found.extend(list(cx.clients(), which).await?);
    }
    found.retain(|interface| !known.owns(interface));
    Ok(found)
}

/// The ids, names and ARNs of everything live that is the stack's.
pub(super) async fn known_texts(cx: &Observer) -> Result<BTreeSet<String>, Error> {
    Ok(Known::of(cx).await?.texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Tags;

    fn interface(description: &str, tags: Tags, groups: &[&str]) -> Interface {
        Interface {
            id: "eni-1".to_owned(),
            description: description.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            tags,
            ..Interface::default()
        }
    }

    #[test]
    fn interfaces_are_told_apart_by_what_aws_writes_on_them() {
        let known = Known {
            texts: ["app/kong/1", "nat-1", "vpce-1", "kong", "sg-db"]
                .map(str::to_owned)
                .into(),
            balancers: vec!["ELB app/kong/".to_owned()],
            has_cluster: true,
            of_database: ["sg-by-hand".to_owned()].into(),
        };
        let of = |cluster: &str| Tags::live([(Some("aws:ecs:clusterName"), Some(cluster))]);
        let task = "arn:aws:ecs:eu-west-1:1:attachment/x";
        let rds = "RDSNetworkInterface";
        for (description, tags, groups, ours) in [
            ("ELB app/kong/1", Tags::default(), &[][..], true),
            ("ELB app/kong/former", Tags::default(), &[], true),
            ("ELB app/kong-2/2", Tags::default(), &[], false),
            ("ELB app/other/2", Tags::default(), &[], false),
            (
                "Interface for NAT Gateway nat-1",
                Tags::default(),
                &[],
                true,
            ),
            ("VPC Endpoint Interface vpce-1", Tags::default(), &[], true),
            (
                "VPC Endpoint Interface vpce-11",
                Tags::default(),
                &[],
                false,
            ),
            (task, Tags::default(), &[], true),
            (task, of("kong"), &[], true),
            (task, of("other"), &["sg-db"], false),
            (rds, Tags::default(), &["sg-db"], true),
            (rds, Tags::default(), &["sg-by-hand"], true),
            (rds, Tags::default(), &["sg-theirs"], false),
            ("", Tags::default(), &["sg-db"], false),
        ] {
            assert_eq!(
                known.owns(&interface(description, tags, groups)),
                ours,
                "{description} {groups:?}"
            );
        }
    }
}
