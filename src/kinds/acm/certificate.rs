//! Certificates that ACM issues for the public name and renews by itself.
//!
//! Made here is the request, which is there at once and names the record that proves the domain; the record, and the
//! wait for the certificate, are [`Validation`](crate::kinds::route53::Validation)'s. ACM knows certificates by no name,
//! and lets any number be for one domain: the stack's own is told by its tags.

use futures::{TryFutureExt, try_join};

use super::calls::{ABSENT, for_domain, read_all, request, retag, retire, with_record};
use super::state::{CertificateLive, Status};
use crate::aws::{OrAbsent, failed};
use crate::resource::{
    Arn, Diff, Error, Found, Kind, Observer, Output, Outputs, Patience, References, Resolve, Step,
    Tags, Wanted, Warning,
};

/// A listener that let go of a certificate may hold it, in ACM's eyes, for some minutes.
const LET_GO: Patience = Patience::seconds(5, 20, 1800);

/// ACM renews 60 days before the end; with fewer days than this left, it has tried in vain for a month.
const RENEWED: i64 = 30;

/// A certificate in ACM.
#[derive(Debug)]
pub(crate) struct Certificate;

/// What a certificate should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateDesired {
    /// The name it is for.
    pub(crate) domain: String,
    /// Its tags.
    pub(crate) tags: Tags,
}

impl Kind for Certificate {
    const TYPE: &'static str = "AWS::CertificateManager::Certificate";
    const NOUN: &'static str = "certificate";

    type Desired = CertificateDesired;
    type Live = CertificateLive;

    fn references(_desired: &CertificateDesired) -> References {
        References::none()
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<CertificateLive>>, Error> {
        // The inventory learns late of a new one, but it alone leads to one for a domain that is wanted no more.
        let named = async {
            let mut arns = Vec::new();
            for one in wanted {
                arns.extend(for_domain(cx.clients(), &one.desired.domain).await?);
            }
            Ok::<_, Error>(arns)
        };
        let (mut arns, inventory) = try_join!(named, cx.inventory())?;
        let left = inventory.of("acm", "certificate");
        arns.extend(left.map(|(arn, _)| arn.to_owned()));
        arns.sort();
        arns.dedup();
        let all = read_all(cx.clients(), arns).map_err(Error::from).await?;
        let found = all.into_iter().filter_map(|live| {
            let address = cx.address_of(&live.tags)?;
            Some(if live.tags.retired() {
                Found::Retired(address, live)
            } else {
                Found::Owned(address, live)
            })
        });
        Ok(found.collect())
    }

    fn id(live: &CertificateLive) -> String {
        live.arn.clone()
    }

    fn outputs(live: &CertificateLive) -> Outputs {
        let (name, value) = live.record.clone().unzip();
        Outputs::default()
            .with(Arn::new(&live.arn))
            .with_some(name)
            .with_some(value)
    }

    fn uses(_live: &CertificateLive) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &CertificateDesired, live: &CertificateLive, _: &dyn Resolve) -> Diff {
        let CertificateDesired { domain, tags } = desired;
        let mut diff = Diff::new();
        diff.immutable(
            "domain_name",
            domain,
            &live.domain,
            "a certificate is for one name",
        );
        match &live.status {
            Status::Ended(state) => {
                diff.broken(
                    "status",
                    state,
                    "ISSUED",
                    "ACM will not issue this one any more",
                );
            }
            _ if live.record.is_none() => {
                diff.pending("validation_record", "not known yet", "known");
            }
            Status::Pending | Status::Issued => {}
        }
        diff.tags(tags, &live.tags);
        diff
    }

    fn warnings(_desired: &CertificateDesired, live: Option<&CertificateLive>) -> Vec<Warning> {
        let end = live.and_then(|live| Some((live.not_after?, live.seen)));
        let left = end.map(|(end, seen)| (end, (end - seen).whole_days()));
        let Some((end, _)) = left.filter(|(_, days)| *days < RENEWED) else {
            return Vec::new();
        };
        vec![Warning::new(
            format!(
                "ACM should have renewed it by now: it ends on {}",
                end.date()
            ),
            "see that its record stands in the hosted zone, and that the domain is delegated to it; ACM's console says \
             what the renewal waits for",
        )]
    }

    async fn create(cx: &Step, desired: &CertificateDesired) -> Result<Outputs, Error> {
        let live = request(cx, desired).await?;
        cx.made(&live.arn);
        Ok(Self::outputs(&with_record(cx, &live.arn).await?))
    }

    async fn update(
        cx: &Step,
        desired: &CertificateDesired,
        live: &CertificateLive,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("tags") {
            retag(cx, &live.arn, &desired.tags, &live.tags).await?;
        }
        Ok(Self::outputs(&with_record(cx, &live.arn).await?))
    }

    async fn retire(cx: &Step, live: &CertificateLive) -> Result<(), Error> {
        retire(cx, &live.arn).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&CertificateDesired>,
        live: &CertificateLive,
    ) -> Result<Vec<String>, Error> {
        let what = format!("the certificate for {}", live.domain);
        cx.retry(&what, LET_GO, &["ResourceInUseException"], || async {
            let call = cx.clients().acm().delete_certificate();
            let answer = call.certificate_arn(&live.arn).send().await;
            answer
                .map_err(failed("acm:DeleteCertificate"))
                .or_absent(ABSENT)
        })
        .await?;
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::*;
    use crate::resource::{Nothing, RecordName, RecordValue};

    fn desired() -> CertificateDesired {
        CertificateDesired {
            domain: "api.example.com".to_owned(),
            tags: Tags::default(),
        }
    }

    fn live(status: Status) -> CertificateLive {
        CertificateLive {
            arn: "arn:c".to_owned(),
            domain: "api.example.com".to_owned(),
            status,
            record: Some((RecordName::new("_a"), RecordValue::new("_b"))),
            not_after: None,
            seen: OffsetDateTime::UNIX_EPOCH,
            tags: Tags::default(),
        }
    }

    fn replaced(desired: &CertificateDesired, live: &CertificateLive) -> Vec<String> {
        let diff = Certificate::diff(desired, live, &Nothing);
        let replacing = diff.replacing();
        replacing.map(|(change, _)| change.field.clone()).collect()
    }

    #[test]
    fn one_that_is_issued_or_may_be_is_as_it_should_be() {
        for status in [Status::Pending, Status::Issued] {
            assert!(Certificate::diff(&desired(), &live(status), &Nothing).is_empty());
        }
        let early = CertificateLive {
            record: None,
            ..live(Status::Pending)
        };
        let diff = Certificate::diff(&desired(), &early, &Nothing);
        assert!(diff.has("validation_record"));
        assert_eq!(diff.replacing().count(), 0);
    }

    #[test]
    fn one_that_acm_does_not_renew_is_warned_of() {
        let told = |days| {
            let ending = CertificateLive {
                not_after: Some(OffsetDateTime::UNIX_EPOCH + Duration::days(days)),
                ..live(Status::Issued)
            };
            Certificate::warnings(&desired(), Some(&ending)).len()
        };
        assert_eq!((told(29), told(31)), (1, 0));
        assert_eq!(Certificate::warnings(&desired(), None), []);
    }

    #[test]
    fn another_name_or_a_failure_takes_another_certificate() {
        let failed = live(Status::Ended("FAILED (CAA_ERROR)".to_owned()));
        assert_eq!(replaced(&desired(), &failed), ["status"]);
        let other = CertificateDesired {
            domain: "gw.example.com".to_owned(),
            ..desired()
        };
        assert_eq!(replaced(&other, &live(Status::Issued)), ["domain_name"]);
    }
}
