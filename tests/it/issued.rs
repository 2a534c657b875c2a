//! Certificates that ACM issues: asked for, proven, put on the listener, replaced, and taken away in the order that works.

use aws_sdk_acm::types::CertificateStatus;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use serde_json::json;

use crate::support::{World, account, left, planned};

const REGION: &str = "eu-west-1";

fn spec(domain: &str) -> String {
    format!(
        "\
name: issued
region: {REGION}
ingress: {{domain: {domain}, hosted_zone: example.com, certificate: issue}}
database: {{deletion_protection: false, final_snapshot: false}}
"
    )
}

/// What of the stack the tests are about; the rest needs no certificate.
const ONLY: [&str; 2] = ["--target", "ingress/listener/https"];

struct Issuing {
    world: World,
    zone: String,
}

impl Issuing {
    async fn new(domain: &str) -> Self {
        let world = World::new();
        let zone = account::hosted_zone(&world.aws(REGION), "example.com").await;
        world.write("kongstack.yaml", &spec(domain));
        Self { world, zone }
    }

    fn acm(&self) -> aws_sdk_acm::Client {
        aws_sdk_acm::Client::new(&self.world.aws(REGION))
    }

    async fn certificates(&self) -> Vec<(String, String)> {
        let listed = self.acm().list_certificates().send().await.expect("a list");
        let pairs = listed.certificate_summary_list().iter().map(|one| {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            (text(one.domain_name()), text(one.certificate_arn()))
        });
        pairs.collect()
    }

    /// The records of the zone that are not the zone's own.
    async fn records(&self) -> Vec<(String, String)> {
        let listed = aws_sdk_route53::Client::new(&self.world.aws(REGION))
            .list_resource_record_sets()
            .hosted_zone_id(&self.zone)
            .send()
            .await
            .expect("a list");
        let own = |one: &&ResourceRecordSet| ![RrType::Ns, RrType::Soa].contains(one.r#type());
        let records = listed.resource_record_sets().iter().filter(own);
        records
            .map(|one| (one.r#type().as_str().to_owned(), one.name().to_owned()))
            .collect()
    }

    /// The certificate that the listener on port 443 has.
    async fn on_the_listener(&self) -> String {
        let elb = aws_sdk_elasticloadbalancingv2::Client::new(&self.world.aws(REGION));
        let balancers = elb.describe_load_balancers().send().await.expect("a list");
        let arn = balancers.load_balancers()[0]
            .load_balancer_arn()
            .expect("an ARN");
        let listeners = elb.describe_listeners().load_balancer_arn(arn).send().await;
        let listeners = listeners.expect("a list");
        let mut listeners = listeners.listeners().iter();
        let https = listeners
            .find(|one| one.port() == Some(443))
            .expect("HTTPS");
        https.certificates()[0]
            .certificate_arn()
            .expect("an ARN")
            .to_owned()
    }

    fn apply(&self, more: &[&str], code: i32) {
        let _ = self
            .world
            .run(&[&["apply", "--auto-approve"], more].concat())
            .exits(code);
    }
}

#[tokio::test]
async fn a_certificate_is_issued_used_replaced_and_removed() {
    let one = Issuing::new("gw.example.com").await;
    let before = left(&one.world.aws(REGION), "issued").await;
    one.apply(&[], 0);
    let certificates = one.certificates().await;
    assert_eq!(certificates.len(), 1, "{certificates:?}");
    assert_eq!(one.on_the_listener().await, certificates[0].1);
    let _ = one
        .world
        .run(&["output", "endpoint"])
        .exits(0)
        .says("https://gw.example.com");
    one.world.expect_converged(&[]);
    let kinds: Vec<String> = one
        .records()
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(kinds, ["A", "AAAA", "CNAME", "TXT", "TXT"]);

    // Another name takes another certificate; the old one stays until the listener has moved.
    one.world.write("kongstack.yaml", &spec("api.example.com"));
    one.world.forget_calls();
    one.apply(&[], 0);
    one.world.expect_converged(&[]);
    let moved = one.certificates().await;
    assert_eq!(moved.len(), 1, "{moved:?}");
    assert_eq!(moved[0].0, "api.example.com");
    assert_eq!(one.on_the_listener().await, moved[0].1);
    let names: Vec<String> = one
        .records()
        .await
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    assert!(
        names.iter().all(|name| name.ends_with("api.example.com.")),
        "{names:?}"
    );

    let _ = one.world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(one.certificates().await, []);
    assert_eq!(one.records().await, []);
    assert_eq!(left(&one.world.aws(REGION), "issued").await, before);
}

#[tokio::test]
async fn a_certificate_asked_for_again_within_the_hour_is_a_new_one() {
    let one = Issuing::new("gw.example.com").await;
    one.apply(&ONLY, 0);
    let first = one.certificates().await;
    let _ = one.world.run(&["destroy", "--auto-approve"]).exits(0);
    // ACM remembers the token, and answers with what is not there any more.
    one.apply(&ONLY, 0);
    let second = one.certificates().await;
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
    assert_eq!(one.on_the_listener().await, second[0].1);
}

#[tokio::test]
async fn a_certificate_that_acm_gives_up_is_replaced_and_explained() {
    let one = Issuing::new("gw.example.com").await;
    // Nothing is changed in the zone: the record cannot be made, and three days go by.
    one.world
        .fault("route53", "ChangeResourceRecordSets", "access-denied", 100);
    one.apply(&ONLY, 4);
    one.world.forget_faults();
    one.world.configure(&json!({"skip_seconds": 73 * 3600}));
    let certificates = one.certificates().await;
    let arn = &certificates[0].1;
    let seen = one
        .acm()
        .describe_certificate()
        .certificate_arn(arn)
        .send()
        .await;
    let seen = seen.expect("it").certificate.expect("it");
    assert_eq!(seen.status(), Some(&CertificateStatus::ValidationTimedOut));
    let plan = one.world.run(&["plan"]).exits(0);
    let said = plan.all();
    assert!(
        planned(&plan.stdout).contains(&"replace ingress/certificate".to_owned()),
        "{said}"
    );
    assert!(said.contains("VALIDATION_TIMED_OUT"), "{said}");
    one.apply(&ONLY, 0);
    let now = one.certificates().await;
    assert_eq!(now.len(), 1);
    assert_ne!(now[0].1, *arn);
}

#[tokio::test]
async fn a_record_that_stands_already_serves_and_stays() {
    let one = Issuing::new("gw.example.com").await;
    // Somebody else has a certificate for the name, and the record it needs for its renewals.
    let theirs = one
        .acm()
        .request_certificate()
        .domain_name("gw.example.com")
        .validation_method(aws_sdk_acm::types::ValidationMethod::Dns);
    let theirs = theirs.send().await.expect("a request");
    let theirs = theirs.certificate_arn().expect("an ARN").to_owned();
    one.world.configure(&json!({"skip_seconds": 10}));
    let asked = one.acm().describe_certificate().certificate_arn(&theirs);
    let asked = asked.send().await.expect("it").certificate.expect("it");
    let record = asked.domain_validation_options()[0].resource_record();
    let record = record.expect("a record");
    let set = ResourceRecordSet::builder()
        .name(record.name())
        .r#type(RrType::Cname)
        .ttl(60)
        .resource_records(
            ResourceRecord::builder()
                .value(record.value())
                .build()
                .expect("it"),
        );
    let change = Change::builder()
        .action(ChangeAction::Create)
        .resource_record_set(set.build().expect("it"));
    let batch = ChangeBatch::builder().changes(change.build().expect("it"));
    aws_sdk_route53::Client::new(&one.world.aws(REGION))
        .change_resource_record_sets()
        .hosted_zone_id(&one.zone)
        .change_batch(batch.build().expect("it"))
        .send()
        .await
        .expect("a record");
    let before = one.records().await;
    one.apply(&ONLY, 0);
    assert_eq!(one.records().await, before);
    assert_eq!(one.certificates().await.len(), 2);
    assert_ne!(one.on_the_listener().await, theirs);
    let _ = one.world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(one.records().await, before);
    assert_eq!(
        one.certificates().await,
        [("gw.example.com".to_owned(), theirs)]
    );
}
