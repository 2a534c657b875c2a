//! The calls a certificate takes: how it is found, asked for and tagged.

use aws_sdk_acm::error::BuildError;
use aws_sdk_acm::types::{Tag, ValidationMethod};
use futures::future::try_join_all;
use futures::try_join;
use sha2::{Digest, Sha256};

use super::certificate::CertificateDesired;
use super::state::{CertificateLive, Status, remedy};
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Error, Look, Patience, Step, Tags, tags};

/// ACM's words for a certificate that is not there.
pub(super) const ABSENT: &[&str] = &["ResourceNotFoundException"];

/// The mark on a certificate: `zone/name` of the record that proves it. It is what leads to the record when the
/// certificate has left the spec.
pub(crate) const MARK: &str = "kongstack:record";

/// Most certificates that one call lists.
const A_PAGE: i32 = 1000;
/// A request shows within seconds.
const APPEARS: Patience = Patience::seconds(5, 5, 120);
/// How often a request that does not show is looked for: what is not there then has been deleted.
const LOOKS: u32 = 12;
/// How many requests in a row may lead to certificates of former times.
const REQUESTS: usize = 6;
/// ACM makes the record up within seconds.
const RECORD: Patience = Patience::seconds(5, 10, 600);

/// The ARNs of all certificates for a domain, whoever's. ACM finds by no name and by no tag, so all are listed; an
/// account may have 2,500.
pub(super) async fn for_domain(clients: &Clients, domain: &str) -> Result<Vec<String>, AwsError> {
    // What is listed unless asked otherwise has an RSA key of up to 2048 bits, and so have ours.
    let mut pages = clients
        .acm()
        .list_certificates()
        .max_items(A_PAGE)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(failed("acm:ListCertificates"))?;
        if one.domain_name() == Some(domain) {
            found.extend(one.certificate_arn);
        }
    }
    Ok(found)
}

/// These certificates with their tags; what is gone is left out.
pub(super) async fn read_all(
    clients: &Clients,
    arns: impl IntoIterator<Item = String>,
) -> Result<Vec<CertificateLive>, AwsError> {
    let all = arns
        .into_iter()
        .map(|arn| async move { read(clients, &arn).await });
    Ok(try_join_all(all).await?.into_iter().flatten().collect())
}

/// One certificate with its tags.
///
/// # Errors
/// When AWS refuses.
pub(crate) async fn read(
    clients: &Clients,
    arn: &str,
) -> Result<Option<CertificateLive>, AwsError> {
    let detail = async {
        let call = clients.acm().describe_certificate().certificate_arn(arn);
        let answer = call.send().await;
        answer
            .map_err(failed("acm:DescribeCertificate"))
            .or_absent(ABSENT)
    };
    let listed = async {
        let call = clients.acm().list_tags_for_certificate();
        let answer = call.certificate_arn(arn).send().await;
        answer
            .map_err(failed("acm:ListTagsForCertificate"))
            .or_absent(ABSENT)
    };
    let (detail, listed) = try_join!(detail, listed)?;
    let (Some(detail), Some(listed)) = (detail.and_then(|one| one.certificate), listed) else {
        return Ok(None);
    };
    let pairs = listed.tags().iter();
    let tags = Tags::live(pairs.map(|tag| (Some(tag.key()), tag.value())));
    Ok(CertificateLive::from_sdk(&detail, tags))
}

/// Asks for a certificate and waits until it shows.
///
/// The token makes a repeated request lead to the certificate of the first one, for an hour. That may be one which has
/// since failed, been replaced or been deleted: then it is part of the next token.
pub(super) async fn request(
    cx: &Step,
    desired: &CertificateDesired,
) -> Result<CertificateLive, Error> {
    let mut former = String::new();
    for _ in 0..REQUESTS {
        let call = cx
            .clients()
            .acm()
            .request_certificate()
            .domain_name(&desired.domain)
            .validation_method(ValidationMethod::Dns)
            .idempotency_token(token(cx, &desired.domain, &former))
            .set_tags(Some(to_sdk(&desired.tags)?));
        let answer = call.send().await;
        let answer = answer.map_err(failed("acm:RequestCertificate"))?;
        let arn = answer.certificate_arn.ok_or(Error::Incomplete {
            operation: "acm:RequestCertificate",
            missing: "an ARN",
        })?;
        match appears(cx, &arn).await? {
            Some(live) if live.is_of_use() => return Ok(live),
            Some(_) | None => former = arn,
        }
    }
    Err(Error::Failed {
        what: format!("the certificate for {}", desired.domain),
        state: "one of former times, however it is asked for".to_owned(),
        detail: vec![former],
    })
}

/// 32 letters and digits, the most that ACM takes.
fn token(cx: &Step, domain: &str, former: &str) -> String {
    let parts = [cx.stack(), cx.region(), cx.address.as_str(), domain, former];
    let digest = Sha256::digest(parts.join("\n"));
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

async fn appears(cx: &Step, arn: &str) -> Result<Option<CertificateLive>, Error> {
    let mut looks = 0;
    cx.wait("the certificate", APPEARS, || {
        looks += 1;
        let is_last = looks >= LOOKS;
        async move {
            Ok(match read(cx.clients(), arn).await? {
                None if !is_last => Look::Pending("not visible yet".to_owned()),
                found => Look::Ready(found),
            })
        }
    })
    .await
}

/// Waits until ACM says which record it wants to see.
pub(super) async fn with_record(cx: &Step, arn: &str) -> Result<CertificateLive, Error> {
    cx.wait("the record that ACM asks for", RECORD, || async {
        let Some(live) = read(cx.clients(), arn).await? else {
            return Ok(Look::Pending("not visible yet".to_owned()));
        };
        match &live.status {
            Status::Ended(state) => Err(ended(&live.domain, state)),
            _ if live.record.is_some() => Ok(Look::Ready(live)),
            _ => Ok(Look::Pending("PENDING_VALIDATION".to_owned())),
        }
    })
    .await
}

/// A certificate that will not be issued.
pub(crate) fn ended(domain: &str, state: &str) -> Error {
    Error::Failed {
        what: format!("the certificate for {domain}"),
        state: state.to_owned(),
        detail: vec![remedy(state)],
    }
}

/// Notes on a certificate where the record lies that proves it.
///
/// # Errors
/// When AWS refuses.
pub(crate) async fn mark(cx: &Step, arn: &str, zone: &str, name: &str) -> Result<(), Error> {
    let mark = format!("{zone}/{name}");
    let tags = Tags::live([(Some(MARK), Some(mark.as_str()))]);
    add_tags(cx, arn, &tags).await
}

/// Marks a certificate as replaced.
pub(super) async fn retire(cx: &Step, arn: &str) -> Result<(), Error> {
    add_tags(cx, arn, &Tags::live([(Some(tags::RETIRED), Some("true"))])).await
}

/// Makes a certificate's tags what they should be.
pub(super) async fn retag(cx: &Step, arn: &str, want: &Tags, have: &Tags) -> Result<(), Error> {
    let set = want.to_set(have);
    if !set.is_empty() {
        add_tags(cx, arn, &set).await?;
    }
    let keys = want.to_remove(have);
    if !keys.is_empty() {
        let tags = keys.iter().map(|key| Tag::builder().key(key).build());
        let tags = tags.collect::<Result<Vec<Tag>, _>>().map_err(unbuilt)?;
        let call = cx.clients().acm().remove_tags_from_certificate();
        let call = call.certificate_arn(arn).set_tags(Some(tags));
        let answer = call.send().await;
        answer.map_err(failed("acm:RemoveTagsFromCertificate"))?;
    }
    Ok(())
}

async fn add_tags(cx: &Step, arn: &str, tags: &Tags) -> Result<(), Error> {
    let call = cx.clients().acm().add_tags_to_certificate();
    let call = call.certificate_arn(arn).set_tags(Some(to_sdk(tags)?));
    let answer = call.send().await;
    answer.map_err(failed("acm:AddTagsToCertificate"))?;
    Ok(())
}

fn to_sdk(tags: &Tags) -> Result<Vec<Tag>, Error> {
    let tags = tags.iter();
    tags.map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(unbuilt)
}

/// A request without a part it needs: a defect of this program.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` hands the error over"
)]
fn unbuilt(error: BuildError) -> Error {
    Error::Internal(error.to_string())
}
