//! The record that proves to ACM that a domain is ours, and the certificate's issue, which it brings about.
//!
//! ACM makes the record up from account and domain: whoever asks for a certificate for the same name in this account is
//! asked for the same record. So one that stands there already, with what ACM wants to see, serves; without our note it is
//! somebody else's, who needs it for renewals, and stays where it is. Ours has a note beside it, as an alias has.
//!
//! What it publishes is the certificate's ARN again: whoever refers to it there gets a certificate that is issued.

use super::proof::{is_noted, prove, says};
use super::records::{self, Records};
use crate::kinds::acm::{self, Certificate, CertificateLive, Status};
use crate::resource::{
    Arn, Diff, Effect, Error, Found, HostedZoneId, Kind, Look, Observer, Output, Outputs, Patience,
    RecordName, RecordValue, Ref, References, Resolve, Seen, Standing, Step, Wanted, kind,
};

/// ACM finds the record within one to nine minutes.
const ISSUED: Patience = Patience::seconds(5, 180, 2700);

/// A validation record, found by what its certificate asks for.
#[derive(Debug)]
pub(crate) struct Validation;

/// What it should prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValidationDesired {
    /// The public zone it is in.
    pub(crate) zone: Ref<HostedZoneId>,
    /// The certificate.
    pub(crate) certificate: Ref<Arn>,
    /// The name that ACM asks for.
    pub(crate) name: Ref<RecordName>,
    /// What ACM wants to read there.
    pub(crate) value: Ref<RecordValue>,
}

/// A record as it stands, with its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValidationLive {
    zone: HostedZoneId,
    name: RecordName,
    value: RecordValue,
    certificate: Arn,
    status: Status,
    /// Whether our note is beside it; without it, it is somebody else's and serves all the same.
    noted: bool,
    /// Whether the certificate says where it is.
    marked: bool,
}

impl Kind for Validation {
    const TYPE: &'static str = "AWS::Route53::RecordSetGroup";
    const NOUN: &'static str = "certificate validation";

    type Desired = ValidationDesired;
    type Live = ValidationLive;

    fn references(desired: &ValidationDesired) -> References {
        References::none()
            .to(&desired.zone)
            .to(&desired.certificate)
            .to(&desired.name)
            .to(&desired.value)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<ValidationLive>>, Error> {
        let certificates = cx.seen_of(kind::<Certificate>()).await?;
        let mut found = Vec::new();
        for one in wanted {
            let Some((zone, seen, live)) = asked(cx, one.desired, &certificates).await? else {
                continue;
            };
            let Some((name, value)) = live.record.clone() else {
                continue;
            };
            let records = records::read(cx.clients(), zone.as_str(), name.as_str()).await?;
            found.extend(match records.cname() {
                None if records.addresses.is_empty() => None,
                Some(there) if there.eq_ignore_ascii_case(value.as_str()) => Some(Found::Owned(
                    one.address.clone(),
                    ValidationLive {
                        certificate: Arn::new(&seen.id),
                        status: live.status.clone(),
                        noted: is_noted(cx.stack(), cx.region(), &records, one.address),
                        marked: mark(live) == Some((zone.as_str(), name.as_str())),
                        zone,
                        name,
                        value,
                    },
                )),
                Some(_) | None => Some(Found::Foreign(
                    one.address.clone(),
                    records.describe(name.as_str()),
                )),
            });
        }
        for seen in certificates.iter() {
            if let Some(one) = left(cx, seen, &found).await? {
                found.push(one);
            }
        }
        Ok(found)
    }

    fn id(live: &ValidationLive) -> String {
        format!("{}/{}", live.zone, live.name)
    }

    fn outputs(live: &ValidationLive) -> Outputs {
        Outputs::default().with(live.certificate.clone())
    }

    fn uses(live: &ValidationLive) -> Vec<String> {
        vec![live.certificate.to_string()]
    }

    fn diff(desired: &ValidationDesired, live: &ValidationLive, outputs: &dyn Resolve) -> Diff {
        let ValidationDesired {
            zone,
            certificate,
            name,
            value,
        } = desired;
        let mut diff = Diff::new();
        let elsewhere = Effect::Replace("a record stays in its zone");
        diff.reference("zone", zone, &live.zone, outputs, elsewhere);
        let other = Effect::Replace("it proves another certificate");
        diff.reference(
            "certificate",
            certificate,
            &live.certificate,
            outputs,
            other,
        );
        diff.reference("name", name, &live.name, outputs, other);
        diff.reference("value", value, &live.value, outputs, other);
        if live.status == Status::Pending {
            diff.pending("certificate_status", "PENDING_VALIDATION", "ISSUED");
        }
        if live.noted && !live.marked {
            let mark = format!("{}/{}", live.zone, live.name);
            diff.push("mark".to_owned(), None, Some(mark), Effect::InPlace);
        }
        diff
    }

    async fn create(cx: &Step, desired: &ValidationDesired) -> Result<Outputs, Error> {
        let zone = cx.get(&desired.zone)?;
        let certificate = cx.get(&desired.certificate)?;
        let (name, value) = (cx.get(&desired.name)?, cx.get(&desired.value)?);
        // Before the record, so that no moment leaves one that nothing leads to.
        acm::mark(cx, certificate.as_str(), zone.as_str(), name.as_str()).await?;
        prove(cx, &zone, &name, &value).await?;
        cx.made(&format!("{zone}/{name}"));
        issued(cx, &certificate, &zone).await?;
        Ok(Outputs::default().with(certificate))
    }

    async fn update(
        cx: &Step,
        _desired: &ValidationDesired,
        live: &ValidationLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("mark") {
            let certificate = live.certificate.as_str();
            acm::mark(cx, certificate, live.zone.as_str(), live.name.as_str()).await?;
        }
        issued(cx, &live.certificate, &live.zone).await?;
        Ok(Self::outputs(live))
    }

    async fn delete(
        cx: &Step,
        desired: Option<&ValidationDesired>,
        live: &ValidationLive,
    ) -> Result<Vec<String>, Error> {
        let name = desired.and_then(|desired| desired.name.resolve(cx.outputs()));
        let zone = desired.and_then(|desired| desired.zone.resolve(cx.outputs()));
        let succeeded = name.as_ref() == Some(&live.name) && zone.as_ref() == Some(&live.zone);
        if succeeded {
            return Ok(Vec::new());
        }
        let ours = |there: Records| {
            if !is_noted(cx.stack(), cx.region(), &there, &cx.address) {
                return Vec::new();
            }
            let is_ours = says(&there, &live.value);
            let record = there.addresses.into_iter().filter(|_| is_ours);
            record.chain(there.note).collect()
        };
        records::remove(cx, (live.zone.as_str(), live.name.as_str()), ours).await?;
        Ok(Vec::new())
    }
}

/// The zone and the live certificate of a wanted record, once there is one.
async fn asked<'a>(
    cx: &Observer,
    desired: &ValidationDesired,
    certificates: &'a [Seen],
) -> Result<Option<(HostedZoneId, &'a Seen, &'a CertificateLive)>, Error> {
    let at = desired.certificate.address();
    let mut owned = certificates
        .iter()
        .filter(|seen| seen.standing == Standing::Owned);
    let seen = owned.find(|seen| Some(&seen.address) == at);
    let Some((seen, live)) = seen.and_then(|seen| Some((seen, seen.live_as::<Certificate>()?)))
    else {
        return Ok(None);
    };
    let zone = cx.output(&desired.zone).await?;
    Ok(zone.map(|zone| (zone, seen, live)))
}

/// The record that a certificate's mark leads to, unless it has been found already.
async fn left(
    cx: &Observer,
    seen: &Seen,
    found: &[Found<ValidationLive>],
) -> Result<Option<Found<ValidationLive>>, Error> {
    let Some(live) = seen.live_as::<Certificate>() else {
        return Ok(None);
    };
    let Some(((zone, name), (_, value))) = mark(live).zip(live.record.clone()) else {
        return Ok(None);
    };
    let is_found = found.iter().any(|one| match one {
        Found::Owned(_, there) | Found::Retired(_, there) => {
            there.zone.as_str() == zone && there.name.as_str() == name
        }
        _ => false,
    });
    if is_found {
        return Ok(None);
    }
    let records = records::read(cx.clients(), zone, name).await?;
    let noted = records.owner();
    let noted = noted.and_then(|note| records::address_in(note, cx.stack(), cx.region()));
    let Some(address) = noted else {
        return Ok(None);
    };
    let there = ValidationLive {
        zone: HostedZoneId::new(zone),
        name: RecordName::new(name),
        value,
        certificate: Arn::new(&live.arn),
        status: live.status.clone(),
        noted: true,
        marked: true,
    };
    let succeeded = found
        .iter()
        .any(|one| matches!(one, Found::Owned(at, _) if *at == address));
    Ok(Some(if succeeded || live.tags.retired() {
        Found::Retired(address, there)
    } else {
        Found::Owned(address, there)
    }))
}

/// Where a certificate says its record is.
fn mark(live: &CertificateLive) -> Option<(&str, &str)> {
    live.tags.get(acm::MARK)?.split_once('/')
}

/// Waits until ACM has issued a certificate.
async fn issued(cx: &Step, certificate: &Arn, zone: &HostedZoneId) -> Result<(), Error> {
    let waited = cx.wait("the certificate", ISSUED, || async {
        match acm::read(cx.clients(), certificate.as_str()).await? {
            None => Ok(Look::Pending("not visible yet".to_owned())),
            Some(live) => match live.status {
                Status::Issued => Ok(Look::Ready(())),
                Status::Pending => Ok(Look::Pending("PENDING_VALIDATION".to_owned())),
                Status::Ended(state) => Err(acm::ended(&live.domain, &state)),
            },
        }
    });
    waited.await.map_err(|error| match error {
        Error::TimedOut {
            what,
            state,
            after,
            mut detail,
        } => {
            detail.push(format!(
                "ACM has not found its record: see that the domain is delegated to the name servers of the zone {zone}"
            ));
            Error::TimedOut {
                what,
                state,
                after,
                detail,
            }
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Layer, Nothing};

    fn desired() -> ValidationDesired {
        ValidationDesired {
            zone: Ref::Literal(HostedZoneId::new("Z1")),
            certificate: Ref::Literal(Arn::new("arn:c")),
            name: Ref::Literal(RecordName::new("_a.api.example.com")),
            value: Ref::Literal(RecordValue::new("_b.acm-validations.aws")),
        }
    }

    fn live() -> ValidationLive {
        ValidationLive {
            zone: HostedZoneId::new("Z1"),
            name: RecordName::new("_a.api.example.com"),
            value: RecordValue::new("_b.acm-validations.aws"),
            certificate: Arn::new("arn:c"),
            status: Status::Issued,
            noted: true,
            marked: true,
        }
    }

    #[test]
    fn a_record_that_did_its_work_shows_no_difference() {
        assert!(Validation::diff(&desired(), &live(), &Nothing).is_empty());
        // Somebody else's needs no mark of ours.
        let theirs = ValidationLive {
            noted: false,
            marked: false,
            ..live()
        };
        assert!(Validation::diff(&desired(), &theirs, &Nothing).is_empty());
    }

    #[test]
    fn what_is_not_issued_yet_is_waited_for() {
        let early = ValidationLive {
            status: Status::Pending,
            ..live()
        };
        let diff = Validation::diff(&desired(), &early, &Nothing);
        let changes: Vec<_> = diff.changes().iter().map(|one| one.effect).collect();
        assert_eq!(changes, [Effect::Wait]);
    }

    #[test]
    fn another_certificate_takes_another_record() {
        let at = Address::new(Layer::Ingress, "certificate");
        let renewed = ValidationDesired {
            certificate: Ref::Of(at.clone()),
            name: Ref::Of(at.clone()),
            value: Ref::Of(at),
            ..desired()
        };
        let diff = Validation::diff(&renewed, &live(), &Nothing);
        assert_eq!(diff.replacing().count(), 3);
    }
}
