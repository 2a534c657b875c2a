//! Security group rules: who may talk to whom, one TCP port and one peer a rule.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

use super::SecurityGroup;
use super::calls::QUICK;
use super::rule_calls::{NOT_YET, authorize, list, modify, permission, prefix_lists};
use super::rule_content::{Content, Expected, LivePeer, assign};
use super::tagging;
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Diff, Effect, Error, Found, KNOWN_AFTER_APPLY, Kind, Look, Observer, Output, Outputs, Ref,
    References, Resolve, SecurityGroupId, Step, Tags, Wanted,
};

pub(crate) use super::rule_content::{Direction, Live};

/// A rule of one of the stack's own groups.
///
/// The declared rules of a group are all it may have. A rule that is not declared, whoever made it, is reported as the
/// stack's own at an address where nothing is wanted (`security/rule/sgr-…`), so that the plan shows it as drift and
/// apply deletes it. Groups of others are never looked into.
pub(crate) struct SecurityGroupRule;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The group it belongs to.
    pub(crate) group: Ref<SecurityGroupId>,
    /// Which way.
    pub(crate) direction: Direction,
    /// The TCP port.
    pub(crate) port: u16,
    /// Who with.
    pub(crate) peer: Peer,
    /// What it is for, in the characters AWS takes.
    pub(crate) description: String,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A block of addresses.
    Cidr(Ipv4Net),
    /// The members of a group.
    Group(Ref<SecurityGroupId>),
    /// A service's public addresses, by the name of AWS's prefix list, such as `com.amazonaws.eu-west-1.s3`.
    PrefixList(String),
}

impl Kind for SecurityGroupRule {
    const TYPE: &'static str = "AWS::EC2::SecurityGroupRule";
    const NOUN: &'static str = "security group rule";
    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let references = References::none().to(&desired.group);
        match &desired.peer {
            Peer::Group(group) => references.to(group),
            Peer::Cidr(_) | Peer::PrefixList(_) => references,
        }
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let names = wanted.iter().filter_map(|one| match &one.desired.peer {
            Peer::PrefixList(name) => Some(name.as_str()),
            Peer::Cidr(_) | Peer::Group(_) => None,
        });
        let (lists, groups) = futures::try_join!(
            prefix_lists(cx.clients(), names.collect()),
            cx.live::<SecurityGroup>()
        )?;
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = groups
            .iter()
            .map(|(_, group)| group.id.to_string())
            .collect();
        let mut rules = list(cx.clients(), "group-id", ids).await?;
        for rule in &mut rules {
            name_prefix_list(rule, &lists);
        }
        let mut expected = Vec::new();
        for one in wanted {
            expected.push(expect(cx, one).await?);
        }
        Ok(assign(rules, &expected, |tags| cx.address_of(tags)))
    }

    fn id(live: &Live) -> String {
        live.id.clone()
    }

    fn outputs(_live: &Live) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &Live) -> Vec<String> {
        let mut uses = vec![live.group.to_string()];
        if let LivePeer::Group(group) = &live.content.peer {
            uses.push(group.to_string());
        }
        uses
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            group,
            direction,
            port,
            peer,
            description,
            tags,
        } = desired;
        let mut diff = Diff::new();
        let elsewhere = Effect::Replace("a rule belongs to one group");
        diff.reference("group_id", group, &live.group, outputs, elsewhere);
        let have = &live.content;
        diff.immutable(
            "direction",
            direction,
            &have.direction,
            "a rule cannot be turned around",
        );
        diff.field("traffic", &format!("tcp {port}"), &have.traffic);
        diff_peer(peer, &have.peer, outputs, &mut diff);
        diff.field("description", description, &live.description);
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let group = cx.get(&desired.group)?;
        let permission = permission(cx, desired).await?;
        let authorize = || authorize(cx, desired, &group, permission.clone());
        let id = cx
            .retry("the groups to be visible", QUICK, NOT_YET, authorize)
            .await?;
        let Some(id) = id else {
            // Somebody made the very rule meanwhile: the next look finds it by what it allows.
            return Ok(Outputs::default());
        };
        cx.made(&id);
        let id = id.as_str();
        cx.wait("the rule", QUICK, || async move {
            let which = vec![id.to_owned()];
            let found = list(cx.clients(), "security-group-rule-id", which).await?;
            Ok(match found.first() {
                Some(_) => Look::Ready(Outputs::default()),
                None => Look::Pending("not visible yet".to_owned()),
            })
        })
        .await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let fields = ["traffic", "peer", "description"];
        if fields.into_iter().any(|field| diff.has(field)) {
            modify(cx, desired, live).await?;
        }
        if diff.has("tags") {
            tagging::update(cx, &live.id, &desired.tags, &live.tags).await?;
        }
        Ok(Outputs::default())
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        const ABSENT: &[&str] = &[
            "InvalidSecurityGroupRuleId.NotFound",
            "InvalidPermission.NotFound",
            "InvalidGroup.NotFound",
        ];
        let (ec2, group) = (cx.clients().ec2(), live.group.as_str());
        match live.content.direction {
            Direction::Ingress => {
                let call = ec2
                    .revoke_security_group_ingress()
                    .group_id(group)
                    .security_group_rule_ids(&live.id);
                let answer = call.send().await;
                let answer = answer.map_err(failed("ec2:RevokeSecurityGroupIngress"));
                answer.or_absent(ABSENT)?;
            }
            Direction::Egress => {
                let call = ec2
                    .revoke_security_group_egress()
                    .group_id(group)
                    .security_group_rule_ids(&live.id);
                let answer = call.send().await;
                let answer = answer.map_err(failed("ec2:RevokeSecurityGroupEgress"));
                answer.or_absent(ABSENT)?;
            }
        }
        Ok(Vec::new())
    }
}

/// Another port is sent to AWS as a change; another sort of peer is not accepted as one.
fn diff_peer(want: &Peer, have: &LivePeer, outputs: &dyn Resolve, diff: &mut Diff) {
    let same_sort = matches!(
        (want, have),
        (Peer::Cidr(_), LivePeer::Cidr(_))
            | (Peer::Group(_), LivePeer::Group(_))
            | (Peer::PrefixList(_), LivePeer::PrefixList(_))
    );
    let effect = if same_sort {
        Effect::InPlace
    } else {
        Effect::Replace("a rule keeps the sort of its peer")
    };
    let want = match want {
        Peer::Cidr(block) => Some(block.to_string()),
        Peer::Group(group) => group.resolve(outputs).map(|id| id.to_string()),
        Peer::PrefixList(name) => Some(name.clone()),
    };
    let have = have.to_string();
    if !same_sort || want.as_ref() != Some(&have) {
        let want = want.unwrap_or_else(|| KNOWN_AFTER_APPLY.to_owned());
        diff.push("peer".to_owned(), Some(have), Some(want), effect);
    }
}

/// What a wanted rule would look like if it were there.
async fn expect<'a>(
    cx: &Observer,
    wanted: &Wanted<'a, SecurityGroupRule>,
) -> Result<Expected<'a>, Error> {
    let desired = wanted.desired;
    let peer = match &desired.peer {
        Peer::Cidr(block) => Some(LivePeer::Cidr(block.to_string())),
        Peer::Group(group) => cx.output(group).await?.map(LivePeer::Group),
        Peer::PrefixList(name) => Some(LivePeer::PrefixList(name.clone())),
    };
    Ok(Expected {
        address: wanted.address,
        group: cx.output(&desired.group).await?,
        content: peer.map(|peer| Content {
            direction: desired.direction,
            traffic: format!("tcp {}", desired.port),
            peer,
        }),
        direction: desired.direction,
    })
}

/// A prefix list that a wanted rule names is shown, and compared, by its name.
fn name_prefix_list(rule: &mut Live, lists: &BTreeMap<String, String>) {
    if let LivePeer::PrefixList(id) = &mut rule.content.peer
        && let Some((name, _)) = lists.iter().find(|(_, known)| *known == id)
    {
        name.clone_into(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Layer, Nothing};

    fn diff(traffic: &str, have: LivePeer, want: Peer) -> Diff {
        let desired = Desired {
            group: Ref::Literal(SecurityGroupId::new("sg-1")),
            direction: Direction::Ingress,
            port: 443,
            peer: want,
            description: "HTTPS".to_owned(),
            tags: Tags::default(),
        };
        let live = Live {
            id: "sgr-1".to_owned(),
            group: SecurityGroupId::new("sg-1"),
            content: Content {
                direction: Direction::Ingress,
                traffic: traffic.to_owned(),
                peer: have,
            },
            description: "HTTPS".to_owned(),
            tags: Tags::default(),
        };
        SecurityGroupRule::diff(&desired, &live, &Nothing)
    }

    #[test]
    fn ports_and_blocks_change_in_place_and_sorts_of_peers_do_not() {
        let block = || Peer::Cidr("192.0.2.0/24".parse().unwrap());
        let cidr = |text: &str| LivePeer::Cidr(text.to_owned());
        assert!(diff("tcp 443", cidr("192.0.2.0/24"), block()).is_empty());
        let edited = diff("tcp 22", cidr("0.0.0.0/0"), block());
        assert_eq!((edited.changes().len(), edited.replacing().count()), (2, 0));
        let list = LivePeer::PrefixList("192.0.2.0/24".to_owned());
        assert_eq!(diff("tcp 443", list, block()).replacing().count(), 1);
        let unknown = Peer::Group(Ref::Of(Address::new(Layer::Security, "alb")));
        let group = LivePeer::Group(SecurityGroupId::new("sg-2"));
        assert!(diff("tcp 443", group, unknown).has("peer"));
    }
}
