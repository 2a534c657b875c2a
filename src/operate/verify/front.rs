//! The public name and its certificate.

use std::collections::BTreeSet;
use std::net::IpAddr;

use time::OffsetDateTime;

use super::tally::Finding;
use crate::aws::Clients;
use crate::gateway::{Leaf, Trouble};

/// A certificate that lives no longer than this should have been renewed by now: ACM begins 60 days before the end.
const SOON: i64 = 30;

/// A load balancer with as many addresses answers with a choice of them, another one each time.
const CHOICE: usize = 8;

type Addresses = Result<BTreeSet<IpAddr>, Trouble>;

/// Looks up where the public name leads, and judges it.
pub(super) async fn resolve(clients: &Clients, name: &str, balancer: &str) -> Finding {
    let gateway = clients.gateway();
    let (public, own) = tokio::join!(gateway.resolve(name), gateway.resolve(balancer));
    dns((name, &public), (balancer, &own))
}

/// Judges where the public name leads; `balancer` is the load balancer's own name.
fn dns((name, public): (&str, &Addresses), (balancer, own): (&str, &Addresses)) -> Finding {
    let own = match own {
        Ok(own) => own,
        Err(Trouble::NoName(_)) => {
            return Finding::failed(format!(
                "the load balancer's name {balancer} does not resolve"
            ));
        }
        Err(trouble) => return Finding::not_checked(trouble.to_string()),
    };
    if name == balancer {
        return Finding::passed(format!("{} addresses", own.len()));
    }
    let fix = format!("make {name} an alias or CNAME of {balancer}");
    let public = match public {
        Ok(public) => public,
        Err(Trouble::NoName(_)) => {
            return Finding::failed(format!("{name} does not resolve")).fix(fix);
        }
        Err(trouble) => return Finding::not_checked(trouble.to_string()),
    };
    let strange: Vec<String> = public.difference(own).map(IpAddr::to_string).collect();
    let shared = public.intersection(own).count();
    if strange.is_empty() || (shared > 0 && own.len() >= CHOICE) {
        return Finding::passed(format!("{name} is the load balancer"));
    }
    let strange = strange.join(" and ");
    Finding::failed(format!(
        "{name} leads to {strange}, which is not the load balancer"
    ))
    .fix(fix)
}

/// Judges the certificate that was shown.
pub(super) fn tls(
    shown: &Result<(Leaf, Result<(), Trouble>), Trouble>,
    now: OffsetDateTime,
) -> Finding {
    let (leaf, trusted) = match shown {
        Ok(shown) => shown,
        Err(trouble @ Trouble::Tls { .. }) => return Finding::failed(trouble.to_string()),
        Err(trouble) => return Finding::not_checked(trouble.to_string()),
    };
    if let Err(trouble) = trusted {
        let seen = format!("{trouble}; it is for {}", leaf.names.join(", "));
        return Finding::failed(seen)
            .fix("give the listener another certificate: `ingress.certificate`");
    }
    match leaf.days_left(now) {
        days @ ..=SOON => Finding::failed(format!("trusted, but only for {days} more days")).fix(
            "renew it; ACM does so by itself while its DNS record stands and somebody uses it",
        ),
        days => Finding::passed(format!("trusted for {days} more days")),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    fn addresses(last: &[u8]) -> Addresses {
        Ok(last
            .iter()
            .map(|last| [198, 51, 100, *last].into())
            .collect())
    }

    #[test]
    fn the_public_name_leads_to_the_load_balancer_only() {
        let (name, balancer) = ("gw.example.com", "lb.elb.amazonaws.com");
        let none = || Err(Trouble::NoName("x".to_owned()));
        let deaf = || {
            Err(Trouble::Lookup {
                name: name.to_owned(),
                reason: "no answer".to_owned(),
            })
        };
        for (public, own, expected) in [
            (
                addresses(&[1, 2]),
                addresses(&[1, 2]),
                "passed: gw.example.com is the load balancer",
            ),
            (
                addresses(&[1]),
                addresses(&[1, 2]),
                "passed: gw.example.com is the load balancer",
            ),
            (
                addresses(&[1, 9]),
                addresses(&[1, 2, 3, 4, 5, 6, 7, 8]),
                "passed: gw.example.com is the load balancer",
            ),
            (
                addresses(&[1, 9]),
                addresses(&[1, 2]),
                "failed: gw.example.com leads to 198.51.100.9, which is not the load balancer",
            ),
            (
                none(),
                addresses(&[1]),
                "failed: gw.example.com does not resolve",
            ),
            (
                addresses(&[1]),
                none(),
                "failed: the load balancer's name lb.elb.amazonaws.com does not resolve",
            ),
            (
                deaf(),
                addresses(&[1]),
                "not checked: the name gw.example.com could not be looked up: no answer",
            ),
        ] {
            let found = dns((name, &public), (balancer, &own));
            assert_eq!(found.told(), expected);
        }
        let own = addresses(&[1, 2]);
        let nameless = dns((balancer, &own), (balancer, &own));
        assert_eq!(nameless.told(), "passed: 2 addresses");
    }

    #[test]
    fn a_certificate_is_trusted_and_for_more_than_thirty_days() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let leaf = |days| Leaf {
            names: vec!["gw.example.com".to_owned()],
            subject: String::new(),
            issuer: String::new(),
            not_before: now - Duration::days(1),
            not_after: now + Duration::days(days) + Duration::hours(1),
        };
        let untrusted = || Trouble::Tls {
            host: "api.example.com".to_owned(),
            reason: "not valid for name".to_owned(),
        };
        let silent = Trouble::Silent {
            address: ([198, 51, 100, 1], 443).into(),
            after: std::time::Duration::from_secs(5),
        };
        for (shown, expected) in [
            (Ok((leaf(31), Ok(()))), "passed: trusted for 31 more days"),
            (
                Ok((leaf(30), Ok(()))),
                "failed: trusted, but only for 30 more days",
            ),
            (
                Ok((leaf(90), Err(untrusted()))),
                "failed: no TLS connection to api.example.com: not valid for name; \
                 it is for gw.example.com",
            ),
            (
                Err(untrusted()),
                "failed: no TLS connection to api.example.com: not valid for name",
            ),
            (
                Err(silent),
                "not checked: 198.51.100.1:443 did not answer within 5 s",
            ),
        ] {
            assert_eq!(tls(&shown, now).told(), expected);
        }
    }
}
