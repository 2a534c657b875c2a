//! What a certificate says of itself.

use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The part of an X.509 certificate that people look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The DNS names it is for.
    pub(crate) names: Vec<String>,
    /// Who it is for, as a distinguished name.
    pub(crate) subject: String,
    /// Who issued it, as a distinguished name.
    pub(crate) issuer: String,
    /// When it begins to be valid.
    pub(crate) not_before: OffsetDateTime,
    /// When it ceases to be.
    pub(crate) not_after: OffsetDateTime,
}

impl Leaf {
    /// Reads a certificate in DER; nothing if it is none.
    #[must_use]
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map_or_else(Vec::new, |extension| {
            let names = extension.value.general_names.iter();
            let dns = names.filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                _ => None,
            });
            dns.collect()
        });
        let validity = certificate.validity();
        Some(Self {
            names,
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_before: validity.not_before.to_datetime(),
            not_after: validity.not_after.to_datetime(),
        })
    }

    /// Whole days from `now` until it ceases to be valid; negative when it has.
    #[must_use]
    pub(crate) fn days_left(&self, now: OffsetDateTime) -> i64 {
        (self.not_after - now).whole_days()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use time::Duration;

    use super::*;

    #[test]
    fn a_certificate_tells_its_names_and_days() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let mut params = CertificateParams::new(vec!["gw.example.com".to_owned()]).unwrap();
        params.not_before = now - Duration::days(60);
        params.not_after = now + Duration::days(30) + Duration::hours(5);
        let key = KeyPair::generate().unwrap();
        let leaf = Leaf::from_der(params.self_signed(&key).unwrap().der()).unwrap();
        assert_eq!(leaf.names, ["gw.example.com"]);
        assert_eq!(leaf.days_left(now), 30);
        assert_eq!(leaf.days_left(leaf.not_after + Duration::days(2)), -2);
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        assert_eq!(Leaf::from_der(b"-----BEGIN"), None);
    }
}
