//! The public side: name, zone, certificate, listeners and who may connect.

use super::{at, refuse_repeated};
use crate::spec::model::{Certificate, HttpMode, Ingress, StackSpec};
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::{CertificateArn, HostedZone};

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let ingress = &spec.ingress;
    check_name(ingress, out);
    match &ingress.certificate {
        Certificate::Arn(arn) => check_certificate(arn, spec, out),
        Certificate::None => check_plain(ingress, out),
    }
    if ingress.allow.is_empty() && out.sound(&["ingress.allow"]) {
        out.add(
            Problem::new("ingress-allow", at("ingress.allow"), "nobody may connect")
                .because("the load balancer's security group would let nothing in")
                .fix("name your clients' addresses, or leave it out for everybody"),
        );
    }
    refuse_repeated(&ingress.allow, &at("ingress.allow"), out);
}

fn check_name(ingress: &Ingress, out: &mut Problems) {
    let Some(zone) = &ingress.hosted_zone else {
        return;
    };
    if !out.sound(&["ingress.domain"]) {
        return;
    }
    match (&ingress.domain, zone) {
        (None, _) => out.add(
            Problem::new(
                "hosted-zone",
                at("ingress.hosted_zone"),
                "there is no `domain` to put in this zone",
            )
            .because("the record that leads to the load balancer needs a name")
            .fix("add `domain`, such as `api.example.com`, or take the zone out"),
        ),
        (Some(domain), HostedZone::Name(zone)) if !domain.is_within(zone.as_str()) => out.add(
            Problem::new(
                "domain-zone",
                at("ingress.domain"),
                format!("`{domain}` is not in the zone `{zone}`"),
            )
            .because("a hosted zone holds its own name and names under it only")
            .fix(format!("write a name like `api.{zone}`, or another zone")),
        ),
        (Some(_), HostedZone::Name(_) | HostedZone::Id(_)) => {}
    }
}

fn check_certificate(arn: &CertificateArn, spec: &StackSpec, out: &mut Problems) {
    let region = spec.region.as_str();
    let elsewhere = arn.region().filter(|found| *found != region);
    if let Some(found) = elsewhere.filter(|_| out.sound(&["region"])) {
        out.add(
            Problem::new(
                "certificate-region",
                at("ingress.certificate"),
                format!("this certificate is in {found}, the stack in {region}"),
            )
            .because("a load balancer takes ACM certificates of its own region only")
            .fix(format!("issue or import the certificate in {region}")),
        );
    }
    let foreign = spec
        .account
        .as_ref()
        .zip(arn.account())
        .filter(|(ours, theirs)| ours.as_str() != *theirs);
    if let Some((ours, theirs)) = foreign {
        out.add(
            Problem::new(
                "certificate-account",
                at("ingress.certificate"),
                format!("this certificate is in account {theirs}, the stack in {ours}"),
            )
            .because("a load balancer takes certificates of its own account only")
            .fix(format!("issue or import the certificate in account {ours}")),
        );
    }
}

fn check_plain(ingress: &Ingress, out: &mut Problems) {
    if !out.sound(&["ingress.certificate"]) {
        return;
    }
    let (message, reason) = match ingress.http {
        Some(HttpMode::Redirect) => (
            "there is no HTTPS to redirect to",
            "a redirect leads to the HTTPS listener, and that needs a certificate",
        ),
        Some(HttpMode::Off) => (
            "nothing would listen",
            "without a certificate there is no HTTPS, and this turns HTTP off",
        ),
        Some(HttpMode::Forward) | None => return,
    };
    out.add(
        Problem::new("http-mode", at("ingress.http"), message)
            .because(reason)
            .fix("give `ingress.certificate` an ARN, or write `http: forward`"),
    );
}
