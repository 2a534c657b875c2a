//! Network interfaces, which hold groups, subnets and networks, and deletions that wait for them.
//!
//! Load balancers, tasks, databases and endpoints have interfaces that AWS makes and removes. They are no resources of
//! a stack; whose one is, is for [`strangers`](super::strangers) to tell.

use std::fmt;
use std::future::Future;

use aws_sdk_ec2::types::{Filter, NetworkInterface};

use super::tagging;
use crate::aws::{AwsError, Clients, failed};
use crate::resource::{Error, Look, Patience, Step, Tags};

/// A network interface that holds on to something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Interface {
    pub(super) id: String,
    pub(super) description: String,
    /// `interface` for an ordinary one; AWS's services have sorts of their own, such as `lambda`.
    pub(super) sort: String,
    /// The instance it is attached to, else the service or account that made it.
    pub(super) holder: String,
    /// Its private addresses.
    pub(super) addresses: Vec<String>,
    /// Whether a public address is mapped to it.
    pub(super) is_public: bool,
    pub(super) groups: Vec<String>,
    pub(super) tags: Tags,
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holder = match self.holder.as_str() {
            "" => String::new(),
            instance if instance.starts_with("i-") => format!("of instance {instance}"),
            holder => format!("made by {holder}"),
        };
        let sort = match self.sort.as_str() {
            "" | "interface" => String::new(),
            sort => format!("type {sort}"),
        };
        let about = [self.description.clone(), holder, sort];
        let about: Vec<String> = about.into_iter().filter(|text| !text.is_empty()).collect();
        match about.as_slice() {
            [] => write!(f, "network interface {}", self.id),
            about => write!(f, "network interface {} ({})", self.id, about.join(", ")),
        }
    }
}

impl Interface {
    /// Its private addresses.
    pub(crate) fn addresses(&self) -> &[String] {
        &self.addresses
    }
}

impl From<&NetworkInterface> for Interface {
    fn from(interface: &NetworkInterface) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let held = interface.attachment();
        let instance = held.and_then(|held| held.instance_id());
        let account = held.and_then(|held| held.instance_owner_id());
        let holder = instance.or(interface.requester_id()).or(account);
        let addresses = interface.private_ip_addresses().iter();
        let addresses = addresses.filter_map(|one| one.private_ip_address());
        let own = interface.private_ip_address();
        let mut addresses: Vec<String> = addresses.chain(own).map(str::to_owned).collect();
        addresses.sort();
        addresses.dedup();
        let groups = interface.groups().iter();
        Self {
            id: text(interface.network_interface_id()),
            description: text(interface.description()),
            sort: text(interface.interface_type().map(|sort| sort.as_str())),
            holder: text(holder.or(interface.owner_id())),
            addresses,
            is_public: interface.association().is_some(),
            groups: groups
                .filter_map(|group| group.group_id().map(str::to_owned))
                .collect(),
            tags: tagging::from_sdk(interface.tag_set()),
        }
    }
}

/// The interfaces that match all of `which`.
pub(super) async fn list(clients: &Clients, which: Vec<Filter>) -> Result<Vec<Interface>, Error> {
    let mut pages = clients
        .ec2()
        .describe_network_interfaces()
        .set_filters(Some(which))
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
///
/// So it looks at the interfaces, and asks AWS only when none is left.
pub(super) struct Removal<'a> {
    /// What is waited for, for the display.
    pub(super) what: &'a str,
    /// For how long.
    pub(super) patience: Patience,
    /// Which interfaces may hold it.
    pub(super) holders: Filter,
    /// Whether only those hold it that a public address is mapped to.
    pub(super) only_public: bool,
    /// The codes that mean that something does.
    pub(super) held: &'a [&'a str],
}

impl Removal<'_> {
    /// Waits until no interface is left, then repeats `call` until AWS takes it; the state shown names what holds the
    /// resource.
    pub(super) async fn run<F, Fut>(&self, cx: &Step, call: F) -> Result<(), Error>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<(), AwsError>> + Send,
    {
        let call = &call;
        cx.wait(self.what, self.patience, || async move {
            let mut holders = list(cx.clients(), vec![self.holders.clone()]).await?;
            holders.retain(|one| one.is_public || !self.only_public);
            if !holders.is_empty() {
                return Ok(Look::Pending(held_by(&holders)));
            }
            match call().await {
                Ok(()) => Ok(Look::Ready(())),
                Err(error) if error.is(self.held) || error.is(&["RequestLimitExceeded"]) => {
                    let state = format!("{}: {}", error.code(), error.message());
                    Ok(Look::Pending(state))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }
}

fn held_by(holders: &[Interface]) -> String {
    const SHOWN: usize = 3;
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

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{NetworkInterfaceAttachment, NetworkInterfaceType};

    use super::*;

    #[test]
    fn what_holds_a_resource_is_named_with_its_owner() {
        let one = Interface {
            id: "eni-1".to_owned(),
            description: "ELB app/kong/1".to_owned(),
            holder: "amazon-elb".to_owned(),
            ..Interface::default()
        };
        assert_eq!(
            held_by(&vec![one; 4]),
            "held by network interface eni-1 (ELB app/kong/1, made by amazon-elb), \
             network interface eni-1 (ELB app/kong/1, made by amazon-elb), \
             network interface eni-1 (ELB app/kong/1, made by amazon-elb) and 1 more"
        );
    }

    #[test]
    fn an_interface_says_whose_it_is() {
        let of = NetworkInterface::builder().network_interface_id("eni-1");
        let attached = NetworkInterfaceAttachment::builder();
        for (interface, text) in [
            (
                of.clone()
                    .description("AWS Lambda VPC ENI-f-1")
                    .interface_type(NetworkInterfaceType::Lambda)
                    .requester_id("AROA1:f"),
                "network interface eni-1 (AWS Lambda VPC ENI-f-1, made by AROA1:f, type lambda)",
            ),
            (
                of.clone()
                    .interface_type(NetworkInterfaceType::Interface)
                    .attachment(attached.clone().instance_id("i-1").build()),
                "network interface eni-1 (of instance i-1)",
            ),
            (
                of.clone()
                    .attachment(attached.instance_owner_id("amazon-redshift").build()),
                "network interface eni-1 (made by amazon-redshift)",
            ),
            (of, "network interface eni-1"),
        ] {
            assert_eq!(Interface::from(&interface.build()).to_string(), text);
        }
    }
}
