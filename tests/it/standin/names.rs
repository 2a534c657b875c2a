//! Names in the DNS and what proves them: hosted zones, records, certificates.

use aws_sdk_acm::types::{CertificateStatus, ValidationMethod};
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, HostedZone, ResourceRecord, ResourceRecordSet, RrType,
};

use super::stage::{Stage, answers, code};

/// A zone, or AWS's refusal.
async fn zone(stage: &Stage, reference: &str) -> Result<HostedZone, String> {
    let zones = aws_sdk_route53::Client::new(stage.config());
    let made = zones
        .create_hosted_zone()
        .name("example.com")
        .caller_reference(reference)
        .send()
        .await;
    match made {
        Ok(made) => Ok(made.hosted_zone.expect("a zone")),
        Err(refused) => Err(code::<(), _>(Err(refused))),
    }
}

/// Changes a record; gives the change's id, or AWS's refusal.
async fn record(
    stage: &Stage,
    zone: &str,
    action: ChangeAction,
    record: [&str; 2],
) -> Result<String, String> {
    let value = ResourceRecord::builder()
        .value(record[1])
        .build()
        .expect("a value");
    let set = ResourceRecordSet::builder()
        .name(record[0])
        .r#type(RrType::Cname)
        .ttl(60);
    let set = set.resource_records(value).build().expect("a record");
    let change = Change::builder()
        .action(action)
        .resource_record_set(set)
        .build()
        .expect("a change");
    let batch = ChangeBatch::builder()
        .changes(change)
        .build()
        .expect("a batch");
    let zones = aws_sdk_route53::Client::new(stage.config());
    let change = zones
        .change_resource_record_sets()
        .hosted_zone_id(zone)
        .change_batch(batch);
    match change.send().await {
        Ok(made) => Ok(made.change_info.expect("a change").id),
        Err(refused) => Err(code::<(), _>(Err(refused))),
    }
}

async fn change(stage: &Stage, id: &str) -> String {
    let zones = aws_sdk_route53::Client::new(stage.config());
    let seen = zones.get_change().id(id).send().await.expect("a change");
    seen.change_info
        .expect("a change")
        .status
        .as_str()
        .to_owned()
}

#[tokio::test]
async fn a_reference_and_a_record_are_made_once_and_changes_take_their_time() {
    let stage = Stage::new();
    let made = zone(&stage, "one").await.expect("a zone");
    let cname = ["www.example.com", "a.example.net"];
    let id = record(&stage, &made.id, ChangeAction::Create, cname)
        .await
        .expect("a change");
    assert_eq!(change(&stage, &id).await, "PENDING");
    stage.skip(60);
    assert_eq!(change(&stage, &id).await, "INSYNC");
    let other = ["www.example.com", "b.example.net"];
    answers! {
        "same reference" => zone(&stage, "one").await.expect_err("refused"), "HostedZoneAlreadyExists";
        "same record" => record(&stage, &made.id, ChangeAction::Create, cname).await.expect_err("refused"),
            "InvalidChangeBatch";
        "another value" => record(&stage, &made.id, ChangeAction::Delete, other).await.expect_err("refused"),
            "InvalidChangeBatch";
    }
    let zones = aws_sdk_route53::Client::new(stage.config());
    let remove = || zones.delete_hosted_zone().id(&made.id).send();
    assert_eq!(code(remove().await), "HostedZoneNotEmpty");
    record(&stage, &made.id, ChangeAction::Delete, cname)
        .await
        .expect("a change");
    assert_eq!(code(remove().await), "accepted");
}

#[tokio::test]
async fn a_certificate_is_issued_when_its_record_stands_in_the_public_zone() {
    let stage = Stage::new();
    let public = zone(&stage, "one").await.expect("a zone");
    let acm = aws_sdk_acm::Client::new(stage.config());
    let asked = acm
        .request_certificate()
        .domain_name("api.example.com")
        .validation_method(ValidationMethod::Dns);
    let arn = asked
        .send()
        .await
        .expect("a request")
        .certificate_arn
        .expect("its ARN");
    let look = async || {
        let seen = acm
            .describe_certificate()
            .certificate_arn(&arn)
            .send()
            .await;
        seen.expect("a certificate")
            .certificate
            .expect("a certificate")
    };
    let early = look().await;
    assert!(
        early.domain_validation_options()[0]
            .resource_record()
            .is_none(),
        "it is made a moment later"
    );
    stage.skip(10);
    let asked = look().await;
    let wanted = asked.domain_validation_options()[0]
        .resource_record()
        .expect("a record");
    stage.skip(3600);
    assert_eq!(
        look().await.status(),
        Some(&CertificateStatus::PendingValidation)
    );
    record(
        &stage,
        &public.id,
        ChangeAction::Upsert,
        [wanted.name(), wanted.value()],
    )
    .await
    .expect("a change");
    stage.skip(60);
    let waiting = look().await;
    assert_eq!(
        (waiting.status(), waiting.issued_at()),
        (Some(&CertificateStatus::PendingValidation), None)
    );
    stage.skip(480);
    let issued = look().await;
    assert_eq!(issued.status(), Some(&CertificateStatus::Issued));
    assert!(issued.issued_at().is_some());
}
