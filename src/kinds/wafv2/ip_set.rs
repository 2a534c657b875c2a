//! IP sets: the addresses that may use the Admin API.

use futures::future::try_join_all;
use futures::try_join;

use aws_sdk_wafv2::types::IpAddressVersion;

use super::calls::{
    A_PAGE, ABSENT, AGREED, CHANGED, Item, is_ours, known, retag, scope, tags, to_sdk,
};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Arn, Diff, Effect, Error, Found, Kind, Look, Observer, Output, Outputs, References, Resolve,
    Step, Tags, Wanted,
};

/// How ARNs call it.
const KIND: &str = "ipset";

/// A set of IPv4 addresses.
#[derive(Debug)]
pub(crate) struct IpSet;

/// What a set should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IpSetDesired {
    /// Its name.
    pub(crate) name: String,
    /// The blocks in it, in CIDR notation.
    pub(crate) addresses: Vec<String>,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// What AWS has.
#[derive(Debug, Clone)]
pub(crate) struct IpSetLive {
    item: Item,
    addresses: Vec<String>,
    tags: Tags,
}

impl Kind for IpSet {
    const TYPE: &'static str = "AWS::WAFv2::IPSet";
    const NOUN: &'static str = "IP set";

    type Desired = IpSetDesired;
    type Live = IpSetLive;

    fn references(_desired: &IpSetDesired) -> References {
        References::none()
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<IpSetLive>>, Error> {
        let listed = async {
            Ok(match wanted {
                [] => Vec::new(),
                _ => list(cx.clients()).await?,
            })
        };
        let (listed, known) = try_join!(listed, known(cx, KIND))?;
        let want = |item: &Item| wanted.iter().find(|one| one.desired.name == item.name);
        let named = listed.into_iter().filter(|item| want(item).is_some());
        let mut items: Vec<Item> = named.collect();
        for (item, _) in &known {
            if !items.contains(item) {
                items.push(item.clone());
            }
        }
        let read = items.into_iter().map(|item| {
            let known = &known;
            async move {
                let wanted = want(&item).map(|one| &one.desired.tags);
                let (there, tags) = try_join!(
                    addresses(cx.clients(), &item),
                    tags(cx, &item.arn, known, wanted)
                )?;
                let both = there.zip(tags);
                Ok::<_, AwsError>(both.map(|((addresses, _), tags)| IpSetLive {
                    item,
                    addresses,
                    tags,
                }))
            }
        });
        let mut found = Vec::new();
        for live in try_join_all(read).await?.into_iter().flatten() {
            let one = match (cx.address_of(&live.tags), want(&live.item)) {
                (Some(address), Some(_)) => Found::Owned(address, live),
                (Some(address), None) => leftover(&found, address, live),
                (None, Some(one)) => Found::Foreign(
                    one.address.clone(),
                    format!("the IP set {}", live.item.name),
                ),
                (None, None) => continue,
            };
            found.push(one);
        }
        Ok(found)
    }

    fn id(live: &IpSetLive) -> String {
        live.item.arn.clone()
    }

    fn outputs(live: &IpSetLive) -> Outputs {
        Outputs::default().with(Arn::new(&live.item.arn))
    }

    fn uses(_live: &IpSetLive) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &IpSetDesired, live: &IpSetLive, _outputs: &dyn Resolve) -> Diff {
        let IpSetDesired {
            name,
            addresses,
            tags,
        } = desired;
        let mut diff = Diff::new();
        diff.immutable("name", name, &live.item.name, "an IP set keeps its name");
        diff.set("addresses", addresses, &live.addresses, Effect::InPlace);
        diff.tags(tags, &live.tags);
        diff
    }

    async fn create(cx: &Step, desired: &IpSetDesired) -> Result<Outputs, Error> {
        let made = cx
            .clients()
            .waf()
            .create_ip_set()
            .name(&desired.name)
            .scope(scope())
            .ip_address_version(IpAddressVersion::Ipv4)
            .set_addresses(Some(desired.addresses.clone()))
            .set_tags(Some(to_sdk(&desired.tags)?))
            .send()
            .await
            .map_err(failed("wafv2:CreateIPSet"));
        let arn = match made {
            Ok(made) => made.summary.and_then(|summary| summary.arn),
            // A repeated call whose first answer was lost.
            Err(error) if error.is(&["WAFDuplicateItemException"]) => {
                let all = list(cx.clients()).await?;
                let there = all.into_iter().find(|item| item.name == desired.name);
                match there {
                    Some(item) if is_ours(cx, &item.arn).await? => Some(item.arn),
                    _ => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        };
        let arn = arn.ok_or(Error::Incomplete {
            operation: "wafv2:CreateIPSet",
            missing: "an ARN",
        })?;
        cx.made(&arn);
        Ok(Outputs::default().with(Arn::new(arn)))
    }

    async fn update(
        cx: &Step,
        desired: &IpSetDesired,
        live: &IpSetLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("addresses") {
            put(cx, desired, &live.item).await?;
        }
        if diff.has("tags") {
            retag(cx, &live.item.arn, &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&IpSetDesired>,
        live: &IpSetLive,
    ) -> Result<Vec<String>, Error> {
        let item = &live.item;
        // A web ACL that is just gone, or just changed, is still said to use it.
        let not_yet = [CHANGED, &["WAFAssociatedItemException"]].concat();
        let what = format!("IP set {}", item.name);
        cx.retry(&what, AGREED, &not_yet, || async {
            let Some((_, token)) = addresses(cx.clients(), item).await? else {
                return Ok(());
            };
            let call = cx.clients().waf().delete_ip_set();
            let call = call.name(&item.name).id(&item.id).scope(scope());
            let gone = call.lock_token(token).send().await;
            let gone = gone.map_err(failed("wafv2:DeleteIPSet"));
            gone.or_absent(ABSENT).map(|_| ())
        })
        .await?;
        Ok(Vec::new())
    }
}

/// All IP sets of the region.
async fn list(clients: &Clients) -> Result<Vec<Item>, AwsError> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let call = clients.waf().list_ip_sets().scope(scope()).limit(A_PAGE);
        let page = call.set_next_marker(marker).send().await;
        let page = page.map_err(failed("wafv2:ListIPSets"))?;
        let last = page.ip_sets().len() < usize::try_from(A_PAGE).unwrap_or(usize::MAX);
        marker = page.next_marker;
        found.extend(
            page.ip_sets
                .unwrap_or_default()
                .into_iter()
                .filter_map(|one| {
                    Some(Item {
                        name: one.name?,
                        id: one.id?,
                        arn: one.arn?,
                    })
                }),
        );
        // WAF gives a marker with the last page too.
        if last || marker.is_none() {
            return Ok(found);
        }
    }
}

/// What is in a set, and the token to change it with.
async fn addresses(
    clients: &Clients,
    item: &Item,
) -> Result<Option<(Vec<String>, String)>, AwsError> {
    let call = clients.waf().get_ip_set();
    let answer = call
        .name(&item.name)
        .id(&item.id)
        .scope(scope())
        .send()
        .await;
    let answer = answer.map_err(failed("wafv2:GetIPSet")).or_absent(ABSENT)?;
    Ok(answer.and_then(|answer| Some((answer.ip_set?.addresses, answer.lock_token?))))
}

async fn put(cx: &Step, desired: &IpSetDesired, item: &Item) -> Result<(), Error> {
    let what = format!("IP set {}", item.name);
    cx.wait(&what, AGREED, || async {
        let there = addresses(cx.clients(), item).await?;
        let Some((_, token)) = there else {
            return Ok(Look::Pending("not visible yet".to_owned()));
        };
        let call = cx.clients().waf().update_ip_set();
        let call = call.name(&item.name).id(&item.id).scope(scope());
        let call = call.set_addresses(Some(desired.addresses.clone()));
        let put = call.lock_token(token).send().await;
        match put.map_err(failed("wafv2:UpdateIPSet")) {
            Ok(_) => Ok(Look::Ready(())),
            Err(error) if error.is(CHANGED) => Ok(Look::Pending("changed meanwhile".to_owned())),
            Err(error) => Err(error.into()),
        }
    })
    .await
}
