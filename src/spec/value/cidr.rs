//! Blocks of IPv4 addresses, written exactly: `10.0.0.0/16`, never with host bits.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Deserializer};

use super::Refusal;

/// Every IPv4 address.
pub(crate) const ANYWHERE: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0);

/// Parses one block.
pub(crate) fn parse(text: &str) -> Result<Ipv4Net, Refusal> {
    if text.parse::<Ipv4Addr>().is_ok() {
        return Err(Refusal::new(
            "cidr-format",
            format!("`{text}` is an address, not a block of addresses"),
            "AWS takes blocks in CIDR form only",
            format!("for this one address write `{text}/32`"),
        ));
    }
    if text.parse::<ipnet::Ipv6Net>().is_ok() || text.parse::<std::net::Ipv6Addr>().is_ok() {
        return Err(Refusal::new(
            "cidr-ipv6",
            format!("`{text}` is IPv6"),
            "the stack's network and load balancer are IPv4 only",
            "write an IPv4 block such as `10.0.0.0/16`",
        ));
    }
    let block: Ipv4Net = text.parse().map_err(|_| {
        Refusal::new(
            "cidr-format",
            format!("`{text}` is not a block of IPv4 addresses"),
            "a block is four numbers of 0 to 255 and a prefix length of 0 to 32",
            "write it like `10.0.0.0/16`",
        )
    })?;
    if block.addr() != block.network() {
        return Err(Refusal::new(
            "cidr-host-bits",
            format!("`{text}` has bits set behind its prefix"),
            "AWS takes the first address of a block only; another one is usually a slip of the pen",
            format!("write `{}`, or a longer prefix", block.trunc()),
        ));
    }
    Ok(block)
}

/// Deserializes a block.
pub(crate) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ipv4Net, D::Error> {
    Block::deserialize(deserializer).map(|block| block.0)
}

/// Deserializes a block that may be absent.
pub(crate) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Ipv4Net>, D::Error> {
    Ok(Option::<Block>::deserialize(deserializer)?.map(|block| block.0))
}

/// Deserializes a list of blocks.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Ipv4Net>, D::Error> {
    let blocks = Vec::<Block>::deserialize(deserializer)?;
    Ok(blocks.into_iter().map(|block| block.0).collect())
}

/// Deserializes a list of blocks that may be absent.
pub(crate) fn optional_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Ipv4Net>>, D::Error> {
    let blocks = Option::<Vec<Block>>::deserialize(deserializer)?;
    Ok(blocks.map(|blocks| blocks.into_iter().map(|block| block.0).collect()))
}

struct Block(Ipv4Net);

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map(Self).map_err(Refusal::into_serde)
    }
}
