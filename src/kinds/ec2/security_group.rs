//! Security groups: who a network interface is, for rules to speak of.
//!
//! A group's rules are a kind of their own (`security_group_rule`): groups name each other in circles.

use aws_sdk_ec2::types::{Filter, IpPermission, IpRange, ResourceType};

use super::calls::{QUICK, RELEASE, filter, required, unrepeated};
use super::interfaces::Removal;
use super::strangers::strangers;
use super::tagging;
use crate::aws::{Clients, OrAbsent, failed};
use crate::resource::{
    Blocker, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, Ref, References,
    Resolve, SecurityGroupId, Step, Tags, VpcId, Wanted,
};

const ABSENT: &[&str] = &["InvalidGroup.NotFound", "InvalidGroupId.NotFound"];

/// A security group without rules: the rule to anywhere that AWS gives a new one is revoked at once.
///
/// Should that be cut short, the rule is found as one that is not declared, and goes with the next apply.
pub(crate) struct SecurityGroup;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The VPC it belongs to.
    pub(crate) vpc: Ref<VpcId>,
    /// Its name, unique in the VPC whatever the case.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) description: String,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its id.
    pub(crate) id: SecurityGroupId,
    /// The VPC it belongs to.
    pub(crate) vpc: VpcId,
    /// Its name.
    pub(crate) name: String,
    /// Its tags.
    pub(crate) tags: Tags,
}

impl Kind for SecurityGroup {
    const TYPE: &'static str = "AWS::EC2::SecurityGroup";
    const NOUN: &'static str = "security group";
    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none().to(&desired.vpc)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let names: Vec<&str> = wanted.iter().map(|one| one.desired.name.as_str()).collect();
        let named = async {
            match names.as_slice() {
                [] => Ok(Vec::new()),
                names => list(cx.clients(), filter("group-name", names.iter().copied())).await,
            }
        };
        let ours = list(cx.clients(), tagging::of_stack(cx.stack()));
        let (ours, named) = futures::try_join!(ours, named)?;
        let mut found: Vec<_> = ours
            .into_iter()
            .filter_map(|live| tagging::found(cx, &live.tags.clone(), live))
            .collect();
        for one in wanted {
            let vpc = cx.output(&one.desired.vpc).await?;
            let stranger = named.iter().find(|live| {
                Some(&live.vpc) == vpc.as_ref()
                    && live.name.eq_ignore_ascii_case(&one.desired.name)
                    && cx.address_of(&live.tags).is_none()
            });
            found.extend(stranger.map(|live| {
                let text = format!("security group {} ({} in {})", live.id, live.name, live.vpc);
                Found::Foreign(one.address.clone(), text)
            }));
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.id.to_string()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(live.id.clone())
    }

    fn uses(live: &Live) -> Vec<String> {
        vec![live.vpc.to_string()]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            vpc,
            name,
            description: _, // cannot be changed, and no text is worth another group
            tags,
        } = desired;
        let mut diff = Diff::new();
        let elsewhere = Effect::Replace("a security group belongs to one VPC");
        diff.reference("vpc_id", vpc, &live.vpc, outputs, elsewhere);
        diff.immutable(
            "group_name",
            name,
            &live.name,
            "a security group cannot be renamed",
        );
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let vpc = cx.get(&desired.vpc)?;
        let ec2 = cx.clients().ec2();
        let create = || {
            let tags = tagging::specification(ResourceType::SecurityGroup, &desired.tags);
            let call = ec2
                .create_security_group()
                .vpc_id(vpc.as_str())
                .group_name(&desired.name)
                .description(&desired.description)
                .tag_specifications(tags)
                .customize()
                .config_override(unrepeated());
            async move { call.send().await.map_err(failed("ec2:CreateSecurityGroup")) }
        };
        let not_yet = ["InvalidVpcID.NotFound", "RequestLimitExceeded"];
        let answer = cx
            .retry("the VPC to be visible", QUICK, &not_yet, create)
            .await?;
        let id = required(
            answer.group_id(),
            "ec2:CreateSecurityGroup",
            "the group's id",
        )?;
        cx.made(id);
        close(cx, id).await?;
        cx.wait("the security group", QUICK, || async move {
            let found = list(cx.clients(), filter("group-id", [id])).await?;
            Ok(match found.into_iter().next() {
                Some(live) => Look::Ready(Self::outputs(&live)),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await
    }

    async fn complete(cx: &Step, live: &Live) -> Result<(), Error> {
        close(cx, live.id.as_str()).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        tagging::update(cx, live.id.as_str(), &desired.tags, &live.tags).await?;
        Ok(Self::outputs(live))
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        tagging::retire(cx, live.id.as_str()).await
    }

    async fn blockers(
        cx: &Observer,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<Blocker>, Error> {
        let id = live.id.as_str();
        let (interfaces, groups) = futures::try_join!(
            strangers(cx, filter("group-id", [id])),
            referring_groups(cx, id)
        )?;
        let interfaces = interfaces.into_iter().map(|interface| Blocker {
            reason: format!("{interface} uses security group {id} ({})", live.name),
            fix: "take the group off it, or delete what it was made for".to_owned(),
        });
        let groups = groups.into_iter().map(|group| Blocker {
            reason: format!(
                "a rule of security group {group} names {id} ({})",
                live.name
            ),
            fix: format!("remove the rules of {group} that name {id}"),
        });
        Ok(interfaces.chain(groups).collect())
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let ec2 = cx.clients().ec2();
        let removal = Removal {
            what: "the security group to be unused",
            patience: RELEASE,
            holders: filter("group-id", [live.id.as_str()]),
            only_public: false,
            held: &["DependencyViolation"],
        };
        let delete = || {
            let call = ec2.delete_security_group().group_id(live.id.as_str());
            async move {
                let answer = call.send().await.map_err(failed("ec2:DeleteSecurityGroup"));
                answer.or_absent(ABSENT).map(drop)
            }
        };
        removal.run(cx, delete).await?;
        Ok(Vec::new())
    }
}

async fn list(clients: &Clients, which: Filter) -> Result<Vec<Live>, Error> {
    const CALL: &str = "ec2:DescribeSecurityGroups";
    let mut pages = clients
        .ec2()
        .describe_security_groups()
        .filters(which)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(group) = pages.next().await {
        let group = group.map_err(failed(CALL))?;
        let id = required(group.group_id(), CALL, "a security group's id")?;
        found.push(Live {
            id: SecurityGroupId::new(id),
            vpc: VpcId::new(group.vpc_id().unwrap_or_default()),
            name: group.group_name().unwrap_or_default().to_owned(),
            tags: tagging::from_sdk(group.tags()),
        });
    }
    Ok(found)
}

/// The groups of others that have a rule about this one, in either direction.
async fn referring_groups(cx: &Observer, id: &str) -> Result<Vec<String>, Error> {
    let (inbound, outbound) = futures::try_join!(
        list(cx.clients(), filter("ip-permission.group-id", [id])),
        list(cx.clients(), filter("egress.ip-permission.group-id", [id])),
    )?;
    let others = inbound
        .into_iter()
        .chain(outbound)
        .filter(|group| cx.address_of(&group.tags).is_none());
    let mut names: Vec<String> = others
        .map(|group| format!("{} ({})", group.id, group.name))
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Revokes the rule that lets a new group's members talk to anywhere.
async fn close(cx: &Step, id: &str) -> Result<(), Error> {
    let anywhere = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let all = IpPermission::builder()
        .ip_protocol("-1")
        .ip_ranges(anywhere)
        .build();
    let ec2 = cx.clients().ec2();
    let revoke = || {
        let call = ec2
            .revoke_security_group_egress()
            .group_id(id)
            .ip_permissions(all.clone());
        async move {
            let answer = call.send().await;
            let answer = answer.map_err(failed("ec2:RevokeSecurityGroupEgress"));
            answer.or_absent(&["InvalidPermission.NotFound"]).map(drop)
        }
    };
    let not_yet = ["InvalidGroup.NotFound", "RequestLimitExceeded"];
    cx.retry("the group's first rule", QUICK, &not_yet, revoke)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Nothing};

    #[test]
    fn a_name_is_fixed_and_a_description_is_only_words() {
        let live = Live {
            id: SecurityGroupId::new("sg-1"),
            vpc: VpcId::new("vpc-1"),
            name: "kong-alb".to_owned(),
            tags: Tags::default(),
        };
        let desired = |name: &str, vpc| Desired {
            vpc,
            name: name.to_owned(),
            description: "other words".to_owned(),
            tags: Tags::default(),
        };
        let here = Ref::Literal(VpcId::new("vpc-1"));
        let same = desired("kong-alb", here.clone());
        assert!(SecurityGroup::diff(&same, &live, &Nothing).is_empty());
        let new = Ref::Of(Address::new(crate::resource::Layer::Network, "vpc"));
        for other in [desired("kong-lb", here), desired("kong-alb", new)] {
            let diff = SecurityGroup::diff(&other, &live, &Nothing);
            assert_eq!(diff.replacing().count(), 1);
        }
    }
}
