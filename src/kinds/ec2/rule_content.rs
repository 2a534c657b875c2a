//! What makes a security group rule itself, and which live rule is which wanted one.

use std::collections::BTreeSet;
use std::fmt;

use crate::resource::{Address, Found, Layer, SecurityGroupId, Tags};

/// Which way traffic goes, seen from the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the group's members.
    Ingress,
    /// From the group's members.
    Egress,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}

/// Who is at the other end of a live rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LivePeer {
    /// A block of addresses.
    Cidr(String),
    /// The members of a group.
    Group(SecurityGroupId),
    /// The addresses of a service, by the prefix list's id.
    PrefixList(String),
    /// What no rule of a stack has: IPv6, a peered network's group.
    Other(String),
}

impl fmt::Display for LivePeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(id) => id.fmt(f),
            Self::Cidr(text) | Self::PrefixList(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

/// What a rule allows. Within one group and direction AWS has each only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// Which way.
    pub(super) direction: Direction,
    /// Protocol and ports in one: `tcp 443`, `tcp 80-90`, `all`.
    pub(super) traffic: String,
    /// Who with.
    pub(super) peer: LivePeer,
}

/// How protocol and ports are written here. AWS answers protocols by name or number, and -1 for what has no ports.
pub(super) fn traffic(protocol: &str, from: Option<i32>, to: Option<i32>) -> String {
    let protocol = match protocol {
        "-1" => return "all".to_owned(),
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        other => other,
    };
    match (from, to) {
        (Some(from), Some(to)) if from == to => format!("{protocol} {from}"),
        (Some(from), Some(to)) => format!("{protocol} {from}-{to}"),
        _ => protocol.to_owned(),
    }
}

/// A live rule of one of the stack's groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its id, `sgr-…`.
    pub(super) id: String,
    /// The group it belongs to.
    pub(super) group: SecurityGroupId,
    /// What it allows.
    pub(super) content: Content,
    /// What it is for.
    pub(super) description: String,
    /// Its tags.
    pub(super) tags: Tags,
}

/// A wanted rule, as far as what it names exists.
pub(super) struct Expected<'a> {
    /// Its address.
    pub(super) address: &'a Address,
    /// Its group, if that exists.
    pub(super) group: Option<SecurityGroupId>,
    /// What it allows, if whom it names exists.
    pub(super) content: Option<Content>,
    /// Its direction.
    pub(super) direction: Direction,
}

/// Gives every live rule an address.
///
/// A rule is a wanted one when it allows the same in the same group, whatever its tags say. A rule that carries a
/// wanted one's tag and allows something else was edited by hand, and is put right in place. All others were not
/// declared: they keep the address on their tag if nobody has it, or get `security/rule/ID`, where nothing is wanted.
/// A wanted one's tag in another group than the wanted one's is that of a rule whose group has been replaced.
pub(super) fn assign(
    rules: Vec<Live>,
    expected: &[Expected<'_>],
    tagged: impl Fn(&Tags) -> Option<Address>,
) -> Vec<Found<Live>> {
    let mut taken = BTreeSet::new();
    let mut found = Vec::new();
    let place = |address: Address, live: Live, taken: &mut BTreeSet<Address>| {
        taken.insert(address.clone());
        Found::Owned(address, live)
    };
    let mut others = Vec::new();
    for live in rules {
        let same = expected.iter().find(|one| {
            one.group.as_ref() == Some(&live.group) && one.content.as_ref() == Some(&live.content)
        });
        match same {
            Some(one) => found.push(place(one.address.clone(), live, &mut taken)),
            None => others.push(live),
        }
    }
    for live in others {
        let tag = tagged(&live.tags);
        let wanted = expected
            .iter()
            .find(|one| Some(one.address) == tag.as_ref());
        let elsewhere = wanted.is_some_and(|one| one.group.as_ref() != Some(&live.group));
        if let (Some(address), true) = (&tag, elsewhere) {
            found.push(Found::Retired(address.clone(), live));
            continue;
        }
        let address = tag.filter(|address| !taken.contains(address));
        let free = wanted.is_none_or(|one| one.direction == live.content.direction);
        let unnamed = || Address::new(Layer::Security, &format!("rule/{}", live.id));
        let address = address.filter(|_| free).unwrap_or_else(unnamed);
        found.push(place(address, live, &mut taken));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Output;
    use crate::resource::tags::{ADDRESS, STACK};

    fn at(name: &str) -> Address {
        Address::new(Layer::Security, &format!("rule/{name}"))
    }

    fn content(traffic: &str, peer: &str) -> Content {
        Content {
            direction: Direction::Ingress,
            traffic: traffic.to_owned(),
            peer: LivePeer::Cidr(peer.to_owned()),
        }
    }

    fn live(id: &str, group: &str, content: Content, tag: Option<&str>) -> Live {
        let tags = tag.map(|name| {
            [
                (Some(STACK.to_owned()), Some("demo".to_owned())),
                (Some(ADDRESS.to_owned()), Some(at(name).to_string())),
            ]
        });
        Live {
            id: id.to_owned(),
            group: SecurityGroupId::new(group),
            content,
            description: String::new(),
            tags: Tags::live(tags.into_iter().flatten()),
        }
    }

    fn placed(rules: Vec<Live>) -> Vec<(String, String)> {
        let wanted = at("web");
        let expected = [Expected {
            address: &wanted,
            group: Some(SecurityGroupId::new("sg-1")),
            content: Some(content("tcp 443", "0.0.0.0/0")),
            direction: Direction::Ingress,
        }];
        assign(rules, &expected, |tags| tags.address_in("demo"))
            .into_iter()
            .map(|found| match found {
                Found::Owned(address, live) => (live.id, address.name().to_owned()),
                Found::Retired(address, live) => (live.id, format!("{} before", address.name())),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn pair(id: &str, name: &str) -> (String, String) {
        (id.to_owned(), name.to_owned())
    }

    #[test]
    fn a_rule_is_known_by_what_it_allows() {
        let rule = live("sgr-1", "sg-1", content("tcp 443", "0.0.0.0/0"), None);
        assert_eq!(placed(vec![rule]), [pair("sgr-1", "rule/web")]);
    }

    #[test]
    fn an_edited_rule_is_known_by_its_tag() {
        let rule = live(
            "sgr-1",
            "sg-1",
            content("tcp 444", "0.0.0.0/0"),
            Some("web"),
        );
        assert_eq!(placed(vec![rule]), [pair("sgr-1", "rule/web")]);
    }

    #[test]
    fn what_is_not_declared_gets_an_address_where_nothing_is_wanted() {
        let right = live("sgr-1", "sg-1", content("tcp 443", "0.0.0.0/0"), None);
        let copied_tag = live(
            "sgr-2",
            "sg-1",
            content("tcp 444", "0.0.0.0/0"),
            Some("web"),
        );
        let by_hand = live("sgr-3", "sg-1", content("tcp 22", "0.0.0.0/0"), None);
        let left = live(
            "sgr-4",
            "sg-1",
            content("tcp 80", "0.0.0.0/0"),
            Some("plain"),
        );
        let twin = live(
            "sgr-5",
            "sg-1",
            content("tcp 81", "0.0.0.0/0"),
            Some("plain"),
        );
        assert_eq!(
            placed(vec![copied_tag, by_hand, left, twin, right]),
            [
                pair("sgr-1", "rule/web"),
                pair("sgr-2", "rule/sgr-2"),
                pair("sgr-3", "rule/sgr-3"),
                pair("sgr-4", "rule/plain"),
                pair("sgr-5", "rule/sgr-5"),
            ]
        );
    }

    #[test]
    fn a_rule_of_a_replaced_group_is_the_wanted_ones_predecessor() {
        let old = live(
            "sgr-1",
            "sg-0",
            content("tcp 443", "0.0.0.0/0"),
            Some("web"),
        );
        let new = live("sgr-2", "sg-1", content("tcp 443", "0.0.0.0/0"), None);
        assert_eq!(
            placed(vec![old.clone()]),
            [pair("sgr-1", "rule/web before")]
        );
        assert_eq!(
            placed(vec![old, new]),
            [pair("sgr-2", "rule/web"), pair("sgr-1", "rule/web before")]
        );
    }

    #[test]
    fn traffic_reads_the_same_however_aws_writes_it() {
        for (protocol, from, to, text) in [
            ("tcp", Some(443), Some(443), "tcp 443"),
            ("6", Some(80), Some(90), "tcp 80-90"),
            ("-1", Some(-1), Some(-1), "all"),
            ("-1", None, None, "all"),
            ("icmp", Some(-1), Some(-1), "icmp -1"),
        ] {
            assert_eq!(traffic(protocol, from, to), text);
        }
    }
}
