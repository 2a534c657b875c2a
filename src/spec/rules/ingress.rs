//! The public side: name, zone, certificate, listeners and who may connect.

use super::{at, refuse_repeated};
use crate::spec::model::{Certificate, HttpMode, Ingress, StackSpec};
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::{CertificateArn, HostedZone};

/// The most characters that fit in a certificate's common name.
const LONGEST_ISSUED: usize = 64;

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let ingress = &spec.ingress;
    check_name(ingress, out);
    match &ingress.certificate {
        Certificate::Arn(arn) => check_certificate(arn, spec, out),
        Certificate::Issue => check_issue(ingress, out),
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

fn check_issue(ingress: &Ingress, out: &mut Problems) {
    let fields = [
        "ingress.certificate",
        "ingress.domain",
        "ingress.hosted_zone",
    ];
    if !out.sound(&fields) {
        return;
    }
    let problem =
        |message: String| Problem::new("certificate-issue", at("ingress.certificate"), message);
    let Some(domain) = &ingress.domain else {
        out.add(
            problem("there is no `domain` to issue a certificate for".to_owned())
                .because("a certificate is for a name, and a load balancer's own name is AWS's")
                .fix("add `domain`, such as `api.example.com`, or write `certificate: none`"),
        );
        return;
    };
    if ingress.hosted_zone.is_none() {
        out.add(
            problem(format!("there is no `hosted_zone` to prove `{domain}` in"))
                .because("ACM issues a certificate when it finds a record of its own making in the domain's zone")
                .fix("name the Route 53 zone in `hosted_zone`, or give `certificate` the ARN of one that exists"),
        );
    }
    let length = domain.as_str().len();
    if length > LONGEST_ISSUED {
        out.add(
            problem(format!(
                "`{domain}` is too long for a certificate: {length} characters"
            ))
            .because(format!(
                "ACM puts the name into the common name, which has room for {LONGEST_ISSUED}"
            ))
            .fix("choose a shorter name, or give `certificate` the ARN of one that exists"),
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
            .fix("write `certificate: issue` or give it an ARN, or write `http: forward`"),
    );
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "ingress: {certificate: arn:aws:acm:eu-west-1:123456789012:certificate/abc}",
            "ingress: {certificate: arn:aws:acm:eu-west-1:123456789012:certificate/abc, http: off}",
            "ingress: {certificate: none, http: forward}",
            "ingress: {certificate: issue, domain: api.example.com, hosted_zone: example.com}",
            "ingress: {certificate: issue, domain: api.example.com, hosted_zone: example.com, http: off}",
            "ingress: {domain: api.example.com}",
            "ingress: {domain: api.example.com, hosted_zone: example.com.}",
            "ingress: {domain: example.com, hosted_zone: EXAMPLE.com}",
            "ingress: {domain: api.example.com, hosted_zone: /hostedzone/Z0123456789ABC}",
            "ingress: {certificate: 'arn:aws:iam::123456789012:server-certificate/x'}",
            "account: \"012345678901\"",
            "account: 012345678901",
            "ingress: {tls_policy: ELBSecurityPolicy-FS-1-2-2019-08}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "ingress: {http: redirect}",
            "http-mode ingress.http: there is no HTTPS to redirect to",
        ),
        (
            "ingress: {http: off}",
            "http-mode ingress.http: nothing would listen",
        ),
        (
            "ingress: {certificate: issued}",
            "certificate-arn ingress.certificate: `issued` is neither `issue`, `none` nor the ARN of a certificate",
        ),
        (
            "ingress: {certificate: 'arn:aws:acm:eu-west-1:123:certificate/abc', http: off}",
            "certificate-arn ingress.certificate: `arn:aws:acm:eu-west-1:123:certificate/abc` is neither `issue`, `none` nor the ARN of a certificate",
        ),
        (
            "ingress: {certificate: arn:aws:acm:us-east-1:123456789012:certificate/abc}",
            "certificate-region ingress.certificate: this certificate is in us-east-1, the stack in eu-west-1",
        ),
        (
            "account: '999999999999'\ningress: {certificate: arn:aws:acm:eu-west-1:123456789012:certificate/abc}",
            "certificate-account ingress.certificate: this certificate is in account 123456789012, the stack in 999999999999",
        ),
        (
            "ingress: {certificate: issue}",
            "certificate-issue ingress.certificate: there is no `domain` to issue a certificate for",
        ),
        (
            "ingress: {certificate: issue, domain: api.example.com}",
            "certificate-issue ingress.certificate: there is no `hosted_zone` to prove `api.example.com` in",
        ),
        (
            "ingress: {certificate: issue, domain: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com, hosted_zone: example.com}",
            "certificate-issue ingress.certificate: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com` is too long for a certificate: 65 characters",
        ),
        (
            "ingress: {hosted_zone: example.com}",
            "hosted-zone ingress.hosted_zone: there is no `domain` to put in this zone",
        ),
        (
            "ingress: {domain: api.badexample.com, hosted_zone: example.com}",
            "domain-zone ingress.domain: `api.badexample.com` is not in the zone `example.com`",
        ),
        (
            "ingress: {domain: 'https://api.example.com'}",
            "domain-name ingress.domain: `https://api.example.com` is an address, not a name",
        ),
        (
            "ingress: {domain: '*.example.com'}",
            "domain-name ingress.domain: `*.example.com` has characters other than letters, digits and hyphens",
        ),
        (
            "ingress: {domain: kong}",
            "domain-name ingress.domain: `kong` has no dot in it",
        ),
        (
            "ingress: {domain: 10.0.0.1}",
            "domain-name ingress.domain: `10.0.0.1` has a number for its last label",
        ),
        (
            "ingress: {domain: bücher.example}",
            "domain-name ingress.domain: `bücher.example` has characters other than letters, digits and hyphens",
        ),
        (
            "ingress: {domain: a..example.com}",
            "domain-name ingress.domain: `a..example.com` has an empty label",
        ),
        (
            "ingress: {domain: api.example.com, hosted_zone: zone}",
            "hosted-zone ingress.hosted_zone: `zone` has no dot in it",
        ),
        (
            "ingress: {allow: []}",
            "ingress-allow ingress.allow: nobody may connect",
        ),
        (
            "ingress: {allow: [10.0.0.0/8, 10.0.0.0/8]}",
            "cidr-repeated ingress.allow.1: `10.0.0.0/8` stands in this list twice",
        ),
        (
            "ingress: {allow: [10.0.0.1]}",
            "cidr-format ingress.allow.0: `10.0.0.1` is an address, not a block of addresses",
        ),
        (
            "ingress: {allow: ['::/0']}",
            "cidr-ipv6 ingress.allow.0: `::/0` is IPv6",
        ),
        (
            "ingress: {allow: 10.0.0.0/8}",
            "wrong-type ingress.allow: a list belongs here, not the text `10.0.0.0/8`",
        ),
        (
            "ingress: {tls_policy: TLS13}",
            "tls-policy ingress.tls_policy: `TLS13` is not a TLS policy of Elastic Load Balancing",
        ),
        (
            "ingress: {wafs: {rate_limit: 2000}}",
            "unknown-key ingress.wafs: unknown key `wafs`",
        ),
        (
            "ingress: {logs: {enabled: true}}",
            "unknown-key ingress.logs: unknown key `logs`",
        ),
        (
            "account: '123'",
            "account-format account: `123` is not an AWS account",
        ),
        (
            "region: eu-west-1a",
            "region-format region: `eu-west-1a` is not an AWS region",
        ),
        (
            "region: Ireland",
            "region-format region: `Ireland` is not an AWS region",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
