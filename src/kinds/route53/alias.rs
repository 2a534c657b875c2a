//! The alias of a public name for the load balancer.
//!
//! Three records: A, AAAA, and a TXT note that says whose they are. A name that has address records but no note of
//! this stack is somebody else's. Because a zone is not searched for notes, the load balancer carries a mark that
//! names zone and domain: so an alias is found again after it left the spec.

use aws_sdk_route53::types::{ChangeAction, RrType};
use futures::future::try_join_all;

use super::marks::{Mark, mark, marks, take, unmark};
use super::records::{self, Records, Target, plain, unbuilt};
use crate::kinds::elb::LoadBalancer;
use crate::resource::{
    Address, Arn, CanonicalZoneId, Diff, DnsName, Effect, Error, Found, HostedZoneId,
    KNOWN_AFTER_APPLY, Kind, Observer, Output, Outputs, Ref, References, Resolve, Step, Wanted,
};

/// An alias, found by its name in its zone.
pub(crate) struct Alias;

/// What an alias should be.
#[derive(Debug, Clone)]
pub(crate) struct AliasDesired {
    /// The public zone it is in.
    pub(crate) zone: Ref<HostedZoneId>,
    /// The name, without a dot at its end.
    pub(crate) domain: String,
    /// The load balancer's ARN, for the mark.
    pub(crate) load_balancer: Ref<Arn>,
    /// The load balancer's DNS name.
    pub(crate) target: Ref<DnsName>,
    /// The zone of that name.
    pub(crate) target_zone: Ref<CanonicalZoneId>,
    /// What must work before the name is published.
    pub(crate) after: Vec<Address>,
}

/// What Route 53 has.
#[derive(Debug, Clone)]
pub(crate) struct AliasLive {
    zone: HostedZoneId,
    domain: String,
    a: Option<Target>,
    aaaa: Option<Target>,
    /// Whether our note is there; without it the mark alone says that the alias is ours.
    noted: bool,
    /// Whether the load balancer carries the mark.
    marked: bool,
    /// The load balancer that carries it.
    load_balancer: Option<String>,
}

impl Kind for Alias {
    const TYPE: &'static str = "AWS::Route53::RecordSet";
    const NOUN: &'static str = "DNS alias";

    type Desired = AliasDesired;
    type Live = AliasLive;

    fn references(desired: &AliasDesired) -> References {
        References::none()
            .to(&desired.zone)
            .to(&desired.load_balancer)
            .to(&desired.target)
            .to(&desired.target_zone)
            .after_all(&desired.after)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<AliasLive>>, Error> {
        let named = try_join_all(wanted.iter().map(|one| async move {
            let Some(zone) = cx.output(&one.desired.zone).await? else {
                return Ok::<_, Error>(None);
            };
            let found = records::read(cx.clients(), zone.as_str(), &one.desired.domain).await?;
            Ok(Some((one, zone, found)))
        }))
        .await?;
        let load_balancers = cx.live::<LoadBalancer>().await?;
        let mut marks: Vec<Mark<'_>> = load_balancers
            .iter()
            .flat_map(|(_, one)| marks(one))
            .collect();
        let mut found = Vec::new();
        for (one, zone, records) in named.into_iter().flatten() {
            let mark = take(&mut marks, &zone, &one.desired.domain);
            if records.addresses.is_empty() && records.note.is_none() {
                continue;
            }
            let live = AliasLive::read(zone, one.desired.domain.clone(), &records, mark.as_ref());
            found.push(match owner(cx, &records, mark.as_ref(), one.address) {
                Some(address) => Found::Owned(address, live),
                None => Found::Foreign(one.address.clone(), records.describe(&live.domain)),
            });
        }
        for mark in marks {
            let zone = HostedZoneId::new(mark.zone);
            // A replaced load balancer still has the mark of the records that are already found, and takes it along.
            if found.iter().any(|one| stands_at(one, &zone, &mark.domain)) {
                continue;
            }
            let records = records::read(cx.clients(), mark.zone, &mark.domain).await?;
            let Some(address) = noted_for(&records, cx.stack(), cx.region()) else {
                continue;
            };
            let live = AliasLive::read(zone, mark.domain.clone(), &records, Some(&mark));
            let replaced = found
                .iter()
                .any(|one| matches!(one, Found::Owned(its, _) if *its == address));
            found.push(if replaced {
                Found::Retired(address, live)
            } else {
                Found::Owned(address, live)
            });
        }
        Ok(found)
    }

    fn id(live: &AliasLive) -> String {
        format!("{}/{}", live.zone, live.domain)
    }

    fn outputs(live: &AliasLive) -> Outputs {
        Outputs::default().with(DnsName::new(&live.domain))
    }

    fn uses(live: &AliasLive) -> Vec<String> {
        let targets = [&live.a, &live.aaaa].into_iter().flatten();
        targets
            .map(|target| target.dns_name.clone())
            .chain(live.load_balancer.clone())
            .collect()
    }

    fn diff(desired: &AliasDesired, live: &AliasLive, outputs: &dyn Resolve) -> Diff {
        let AliasDesired {
            zone,
            domain,
            load_balancer: _, // carries the mark
            target,
            target_zone,
            after: _, // order only
        } = desired;
        let mut diff = Diff::new();
        let elsewhere = Effect::Replace("a record stays in its zone");
        diff.reference("zone", zone, &live.zone, outputs, elsewhere);
        diff.immutable("domain", domain, &live.domain, "a record keeps its name");
        let want = target.resolve(outputs).zip(target_zone.resolve(outputs));
        let want = want.map(|(dns_name, zone)| Target {
            dns_name: plain(dns_name.as_str()),
            zone: zone.to_string(),
        });
        for (field, have) in [("a", &live.a), ("aaaa", &live.aaaa)] {
            if want.is_none() || want != *have {
                let shown =
                    |target: &Option<Target>| target.as_ref().map(|one| one.dns_name.clone());
                let new = shown(&want).unwrap_or_else(|| KNOWN_AFTER_APPLY.to_owned());
                diff.push(field.to_owned(), shown(have), Some(new), Effect::InPlace);
            }
        }
        if !live.noted {
            diff.push(
                "owner".to_owned(),
                None,
                Some("this stack".to_owned()),
                Effect::InPlace,
            );
        }
        if !live.marked {
            let mark = format!("{}/{domain}", live.zone);
            diff.push("mark".to_owned(), None, Some(mark), Effect::InPlace);
        }
        diff
    }

    async fn create(cx: &Step, desired: &AliasDesired) -> Result<Outputs, Error> {
        let zone = cx.get(&desired.zone)?;
        let balancer = cx.get(&desired.load_balancer)?;
        mark(cx, balancer.as_str(), &zone, &desired.domain).await?;
        let sets = || sets(cx, desired);
        let made = records::change(cx, zone.as_str(), ChangeAction::Create, sets()?).await;
        match made {
            // A repeated call whose first answer was lost; or somebody was faster, and keeps the name.
            Err(Error::Aws(error)) if error.is(&["InvalidChangeBatch"]) => {
                let there = records::read(cx.clients(), zone.as_str(), &desired.domain).await?;
                if noted_for(&there, cx.stack(), cx.region()).as_ref() != Some(&cx.address) {
                    return Err(error.into());
                }
                records::change(cx, zone.as_str(), ChangeAction::Upsert, sets()?).await?;
            }
            other => other?,
        }
        cx.made(&format!("{zone}/{}", desired.domain));
        Ok(Outputs::default().with(DnsName::new(&desired.domain)))
    }

    async fn update(
        cx: &Step,
        desired: &AliasDesired,
        live: &AliasLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        let balancer = cx.get(&desired.load_balancer)?;
        mark(cx, balancer.as_str(), &live.zone, &desired.domain).await?;
        if ["a", "aaaa", "owner"].iter().any(|field| diff.has(field)) {
            let sets = sets(cx, desired)?;
            records::change(cx, live.zone.as_str(), ChangeAction::Upsert, sets).await?;
        }
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&AliasDesired>,
        live: &AliasLive,
    ) -> Result<Vec<String>, Error> {
        let place = (live.zone.as_str(), live.domain.as_str());
        records::remove(cx, place, records::aliases).await?;
        if let Some(load_balancer) = &live.load_balancer {
            unmark(cx, load_balancer, &format!("{}/{}", live.zone, live.domain)).await?;
        }
        Ok(Vec::new())
    }
}

impl AliasLive {
    fn read(
        zone: HostedZoneId,
        domain: String,
        records: &Records,
        mark: Option<&Mark<'_>>,
    ) -> Self {
        Self {
            zone,
            domain,
            a: records.target(&RrType::A),
            aaaa: records.target(&RrType::Aaaa),
            noted: records.note.is_some(),
            marked: mark.is_some_and(|mark| mark.current),
            load_balancer: mark.map(|mark| mark.load_balancer.arn.clone()),
        }
    }
}

/// Whose the records of a wanted name are: the note says it. Where only the note was taken away, an alias to the
/// load balancer that carries the mark is ours all the same.
fn owner(
    cx: &Observer,
    records: &Records,
    mark: Option<&Mark<'_>>,
    address: &Address,
) -> Option<Address> {
    if records.note.is_some() {
        return noted_for(records, cx.stack(), cx.region());
    }
    let ours = plain(&mark?.load_balancer.dns_name);
    let target = records
        .target(&RrType::A)
        .or(records.target(&RrType::Aaaa))?;
    (target.dns_name == ours).then(|| address.clone())
}

/// Whether what was found is of this name in this zone.
fn stands_at(found: &Found<AliasLive>, zone: &HostedZoneId, domain: &str) -> bool {
    match found {
        Found::Owned(_, live) => live.zone == *zone && live.domain == domain,
        _ => false,
    }
}

fn noted_for(records: &Records, stack: &str, region: &str) -> Option<Address> {
    records::address_in(records.owner()?, stack, region)
}

fn sets(
    cx: &Step,
    desired: &AliasDesired,
) -> Result<Vec<aws_sdk_route53::types::ResourceRecordSet>, Error> {
    let target = Target {
        dns_name: plain(cx.get(&desired.target)?.as_str()),
        zone: cx.get(&desired.target_zone)?.to_string(),
    };
    let note = records::note(cx.stack(), cx.region(), &cx.address);
    records::desired(&desired.domain, &target, &note).map_err(unbuilt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Layer, Nothing};

    fn desired() -> AliasDesired {
        AliasDesired {
            zone: Ref::Literal(HostedZoneId::new("Z1")),
            domain: "gw.example.com".to_owned(),
            load_balancer: Ref::Literal(Arn::new("arn:lb")),
            target: Ref::Literal(DnsName::new("Kong-1.elb.amazonaws.com")),
            target_zone: Ref::Literal(CanonicalZoneId::new("Z2")),
            after: Vec::new(),
        }
    }

    fn live() -> AliasLive {
        let target = Some(Target {
            dns_name: "kong-1.elb.amazonaws.com".to_owned(),
            zone: "Z2".to_owned(),
        });
        AliasLive {
            zone: HostedZoneId::new("Z1"),
            domain: "gw.example.com".to_owned(),
            a: target.clone(),
            aaaa: target,
            noted: true,
            marked: true,
            load_balancer: Some("arn:lb".to_owned()),
        }
    }

    #[test]
    fn what_was_made_shows_no_difference() {
        assert!(Alias::diff(&desired(), &live(), &Nothing).is_empty());
    }

    #[test]
    fn what_is_missing_is_put_back_in_place() {
        let bare = AliasLive {
            a: None,
            noted: false,
            marked: false,
            ..live()
        };
        let diff = Alias::diff(&desired(), &bare, &Nothing);
        let fields: Vec<_> = diff
            .changes()
            .iter()
            .map(|one| one.field.as_str())
            .collect();
        assert_eq!(fields, ["a", "owner", "mark"]);
        assert_eq!(diff.replacing().count(), 0);
    }

    #[test]
    fn another_name_is_another_record() {
        let other = AliasDesired {
            domain: "api.example.com".to_owned(),
            ..desired()
        };
        assert_eq!(
            Alias::diff(&other, &live(), &Nothing).replacing().count(),
            1
        );
        let unknown = AliasDesired {
            target: Ref::Of(Address::new(Layer::Ingress, "load-balancer")),
            ..desired()
        };
        let diff = Alias::diff(&unknown, &live(), &Nothing);
        assert!(diff.has("a") && diff.has("aaaa"));
    }
}
