//! A certificate as ACM describes it.

use aws_sdk_acm::types::{CertificateDetail, CertificateStatus};
use time::OffsetDateTime;

use crate::resource::{Output, RecordName, RecordValue, Tags};

/// What ACM has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateLive {
    pub(crate) arn: String,
    pub(crate) domain: String,
    pub(crate) status: Status,
    /// The record that proves that the domain is ours; ACM makes it up a moment after the request.
    pub(crate) record: Option<(RecordName, RecordValue)>,
    /// Until when it is valid, once it is issued. ACM renews it before that while its record stands and it is in use.
    pub(crate) not_after: Option<OffsetDateTime>,
    /// When it was looked at.
    pub(super) seen: OffsetDateTime,
    pub(crate) tags: Tags,
}

/// Where a certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// ACM has not found its record yet.
    Pending,
    /// It can be used.
    Issued,
    /// It will never be of use again: the state as ACM spells it, with its reason.
    Ended(String),
}

impl Status {
    fn of(detail: &CertificateDetail) -> Self {
        match detail.status() {
            Some(CertificateStatus::Issued) => Self::Issued,
            Some(CertificateStatus::PendingValidation) | None => Self::Pending,
            Some(other) => {
                let reason = detail.failure_reason();
                let reason = reason.map(|reason| format!(" ({})", reason.as_str()));
                Self::Ended(format!("{other}{}", reason.unwrap_or_default()))
            }
        }
    }
}

impl CertificateLive {
    /// Reads what ACM answered; `None` when it lacks what every certificate has.
    pub(super) fn from_sdk(detail: &CertificateDetail, tags: Tags) -> Option<Self> {
        let domain = detail.domain_name()?;
        let mut proofs = detail.domain_validation_options().iter();
        let proof = proofs.find(|one| one.domain_name() == domain);
        let record = proof.and_then(|one| one.resource_record());
        let not_after = detail.not_after().map(|time| time.secs());
        Some(Self {
            arn: detail.certificate_arn()?.to_owned(),
            domain: domain.to_owned(),
            status: Status::of(detail),
            record: record.map(|record| {
                (
                    RecordName::new(record.name().trim_end_matches('.')),
                    RecordValue::new(record.value().trim_end_matches('.')),
                )
            }),
            not_after: not_after.and_then(|time| OffsetDateTime::from_unix_timestamp(time).ok()),
            seen: OffsetDateTime::now_utc(),
            tags,
        })
    }

    /// Whether it serves, or may come to.
    pub(super) fn is_of_use(&self) -> bool {
        !self.tags.retired() && !matches!(self.status, Status::Ended(_))
    }
}

/// What to do about a certificate that ACM will not issue.
pub(super) fn remedy(state: &str) -> String {
    let reason = |name: &str| state.contains(name);
    if reason("CAA_ERROR") {
        "a CAA record of the domain, or of one above it, does not allow Amazon: add one for `amazon.com`"
    } else if reason("DOMAIN_NOT_ALLOWED") || reason("INVALID_PUBLIC_DOMAIN") {
        "Amazon issues no certificate for this name: choose another ingress.domain"
    } else if reason("ADDITIONAL_VERIFICATION_REQUIRED") {
        "Amazon wants to know more before it issues for this name: ask AWS Support, or name a certificate of your own"
    } else if reason("VALIDATION_TIMED_OUT") {
        "ACM has not found its record in three days: see that the domain is delegated to the hosted zone's name servers"
    } else {
        "the next apply asks for another one"
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use aws_sdk_acm::primitives::DateTime;
    use aws_sdk_acm::types::{DomainValidation, FailureReason, RecordType, ResourceRecord};

    use super::*;

    #[test]
    fn what_acm_answers_is_read() {
        let record = ResourceRecord::builder()
            .name("_a.api.example.com.")
            .r#type(RecordType::Cname)
            .value("_b.acm-validations.aws.");
        let proof = DomainValidation::builder()
            .domain_name("api.example.com")
            .resource_record(record.build().expect("complete"));
        let detail = CertificateDetail::builder()
            .certificate_arn("arn:c")
            .domain_name("api.example.com")
            .status(CertificateStatus::Issued)
            .not_after(DateTime::from_secs(1_800_000_000))
            .domain_validation_options(proof.build().expect("complete"));
        let live = CertificateLive::from_sdk(&detail.build(), Tags::default()).expect("one");
        assert_eq!(live.status, Status::Issued);
        let (name, value) = live.record.clone().expect("a record");
        assert_eq!(
            (name.as_str(), value.as_str()),
            ("_a.api.example.com", "_b.acm-validations.aws")
        );
        let day = live.not_after.map(|time| time.date().to_string());
        assert_eq!(day.as_deref(), Some("2027-01-15"));
        assert!(live.is_of_use());
    }

    #[test]
    fn a_state_without_return_says_why_and_what_to_do() {
        let detail = CertificateDetail::builder()
            .certificate_arn("arn:c")
            .domain_name("api.example.com")
            .status(CertificateStatus::Failed)
            .failure_reason(FailureReason::CaaError);
        let live = CertificateLive::from_sdk(&detail.build(), Tags::default()).expect("one");
        let state = "FAILED (CAA_ERROR)".to_owned();
        assert_eq!(live.status, Status::Ended(state.clone()));
        assert!(!live.is_of_use());
        assert!(remedy(&state).contains("amazon.com"));
    }
}
