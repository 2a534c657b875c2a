//! What a cluster certificate says of itself, read from the secret that holds the pair.
//!
//! The private key is never decoded: of the secret's JSON only the certificate is taken out.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_parser::pem::parse_x509_pem;

/// Why a pair could not be read. Nothing of what was read is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnreadablePair {
    /// The secret is not as this program makes it.
    #[error("it is no JSON object with a field `cert`")]
    Json,
    /// The field holds something else.
    #[error("its field `cert` holds no certificate in PEM")]
    Pem,
}

/// A cluster certificate without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFacts {
    /// Whom it names, such as `CN=kong_clustering`.
    pub(crate) subject: String,
    /// SHA-256 of the certificate, in pairs of hexadecimal digits with colons: what Kong compares.
    pub(crate) fingerprint: String,
    /// From when it is valid.
    pub(crate) not_before: OffsetDateTime,
    /// Until when it is valid.
    pub(crate) not_after: OffsetDateTime,
}

#[derive(Deserialize)]
struct Pair {
    cert: String,
}

impl CertificateFacts {
    /// Reads the certificate in the pair that a secret holds.
    ///
    /// # Errors
    /// When the secret holds something else.
    pub(crate) fn read(pair: &SecretString) -> Result<Self, UnreadablePair> {
        let Pair { cert } =
            serde_json::from_str(pair.expose_secret()).map_err(|_| UnreadablePair::Json)?;
        let (_, pem) = parse_x509_pem(cert.as_bytes()).map_err(|_| UnreadablePair::Pem)?;
        let certificate = pem.parse_x509().map_err(|_| UnreadablePair::Pem)?;
        let bytes = Sha256::digest(&pem.contents);
        let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        Ok(Self {
            subject: certificate.subject().to_string(),
            fingerprint: pairs.join(":"),
            not_before: certificate.validity().not_before.to_datetime(),
            not_after: certificate.validity().not_after.to_datetime(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kong::cluster_certificate;

    #[test]
    fn what_was_made_can_be_read() {
        let facts = CertificateFacts::read(&cluster_certificate().unwrap()).unwrap();
        assert_eq!(facts.subject, "CN=kong_clustering");
        assert_eq!((facts.not_after - facts.not_before).whole_days(), 1095);
        assert!(facts.not_before < OffsetDateTime::now_utc());
        assert_eq!(facts.fingerprint.len(), 32 * 3 - 1);
    }

    #[test]
    fn what_is_something_else_is_refused_without_a_word_of_it() {
        let refusal = |text: &str| CertificateFacts::read(&text.to_owned().into()).unwrap_err();
        assert_eq!(refusal("s3cr3t"), UnreadablePair::Json);
        assert_eq!(refusal("{\"key\": \"s3cr3t\"}"), UnreadablePair::Json);
        assert_eq!(refusal("{\"cert\": \"s3cr3t\"}"), UnreadablePair::Pem);
    }
}
