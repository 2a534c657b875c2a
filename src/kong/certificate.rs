//! The certificate and key that control plane and data planes know each other by.
//!
//! What `kong hybrid gen_cert` would make: one self-signed certificate on the curve secp384r1 that both planes hold, byte
//! for byte. It is made in memory and goes to Secrets Manager as one JSON text, so that certificate and key can only
//! ever change together.
//!
//! # Rotation
//!
//! The control plane takes exactly one certificate: the one it was started with. So no moment of a rotation lets every
//! node talk to every other, and the order decides who is cut off from whom, and what that costs:
//!
//! 1. The new pair becomes the secret's current version. Nothing runs with it: task definitions name theirs by its id,
//!    and a task that is restarted still gets the pair of its plane, which Secrets Manager keeps as the previous one.
//! 2. The control plane rolls over. Its successor takes the new pair only. Data planes of the old pair cannot reconnect,
//!    and serve on with the configuration they hold: requests do not notice, changes of the configuration wait.
//! 3. The data planes roll over, each behind a successor that has its configuration and is ready.
//!
//! The other way round, new data planes would face an old control plane, never become ready, and the rollout would fail.
//!
//! **The window.** Between 2 and 3 a data plane that is started from the old task definition (one that crashed, one
//! that a scaling policy adds) finds no control plane. It gets no configuration and so never becomes ready: the load
//! balancer sends it nothing, the others carry the traffic, and step 3 replaces it. The window lasts from the moment
//! the new control plane takes over until ECS has the new task definition, seconds in a run that is not interrupted. A
//! run that is interrupted there leaves it open until it is run again.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    PKCS_ECDSA_P384_SHA384, SanType,
};
use secrecy::SecretString;
use serde::Serialize;
use time::{Duration, OffsetDateTime};

/// The name that data planes ask for and verify, whatever the control plane's host is called.
const COMMON_NAME: &str = "kong_clustering";

/// How long the certificate is valid: what `kong hybrid gen_cert` gives.
const DAYS: i64 = 1095;

/// The key of the certificate in the secret's JSON.
pub(crate) const CERTIFICATE_KEY: &str = "cert";

/// The key of the private key in the secret's JSON.
pub(crate) const PRIVATE_KEY_KEY: &str = "key";

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
#[error("the cluster certificate could not be made")]
pub(crate) enum CertificateError {
    /// The key or the signature failed.
    Cryptography(#[from] rcgen::Error),
    /// The pair could not be written as JSON.
    Json(#[from] serde_json::Error),
}

/// Certificate and key, PEM each.
#[derive(Serialize)]
struct Pair<'a> {
    cert: &'a str,
    key: &'a str,
}

/// A new certificate and its key, as the JSON object `{"cert": PEM, "key": PEM}`.
///
/// # Errors
/// When the cryptography library fails.
pub(crate) fn cluster_certificate() -> Result<SecretString, CertificateError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
    let certificate = params(OffsetDateTime::now_utc())?.self_signed(&key)?;
    let pair = serde_json::to_string(&Pair {
        cert: &certificate.pem(),
        key: &key.serialize_pem(),
    })?;
    Ok(pair.into())
}

/// What the certificate says.
///
/// Like Kong's own it has no key usage: with one, a certificate that signs itself would have to be an authority. The
/// alternative name and the extended usages are for verifiers that no longer look at the common name.
fn params(now: OffsetDateTime) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, COMMON_NAME);
    params.subject_alt_names = vec![SanType::DnsName(COMMON_NAME.try_into()?)];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    // The clock here may be ahead of the tasks'.
    params.not_before = now - Duration::HOUR;
    params.not_after = params.not_before + Duration::days(DAYS);
    Ok(params)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_pair_is_a_certificate_and_its_own_key() {
        let secret = cluster_certificate().unwrap();
        let pair: BTreeMap<String, String> = serde_json::from_str(secret.expose_secret()).unwrap();
        assert_eq!(
            pair.keys().collect::<Vec<_>>(),
            [CERTIFICATE_KEY, PRIVATE_KEY_KEY]
        );
        assert!(pair["cert"].starts_with("-----BEGIN CERTIFICATE-----"));
        let key = KeyPair::from_pem(&pair["key"]).unwrap();
        assert!(key.is_compatible(&PKCS_ECDSA_P384_SHA384));
        let public = key.public_key_raw();
        let der = decoded(&pair["cert"]);
        assert!(der.windows(public.len()).any(|part| part == public));
    }

    /// The bytes of a PEM block.
    fn decoded(pem: &str) -> Vec<u8> {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let base64 = pem.lines().filter(|line| !line.starts_with('-'));
        let digit = |byte| DIGITS.iter().position(|digit| *digit == byte);
        let digits: Vec<usize> = base64.flat_map(str::bytes).filter_map(digit).collect();
        let bytes = digits.chunks(4).flat_map(|four| {
            let bits = four
                .iter()
                .enumerate()
                .fold(0, |bits, (at, digit)| bits | (digit << (18 - 6 * at)));
            let count = four.len() - 1;
            [16, 8, 0]
                .into_iter()
                .take(count)
                .map(move |shift| bits >> shift)
        });
        bytes
            .map(|byte| u8::try_from(byte & 0xff).unwrap())
            .collect()
    }

    #[test]
    fn it_says_what_kong_expects() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let params = params(now).unwrap();
        let name = params.distinguished_name.get(&DnType::CommonName);
        assert_eq!(name, Some(&"kong_clustering".into()));
        assert_eq!((params.not_after - params.not_before).whole_days(), 1095);
        assert!(params.not_before < now && now < params.not_after);
        assert!(params.key_usages.is_empty());
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        // Subject, issuer and alternative name.
        let names = der.windows(COMMON_NAME.len());
        let names = names.filter(|part| *part == COMMON_NAME.as_bytes());
        assert_eq!(names.count(), 3);
        let dates = der.windows(13).filter(|part| *part == b"270115070000Z");
        assert_eq!(dates.count(), 1, "not before");
    }

    #[test]
    fn every_pair_is_another_and_none_can_be_printed() {
        let (one, two) = (
            cluster_certificate().unwrap(),
            cluster_certificate().unwrap(),
        );
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert!(!format!("{one:?}").contains("PRIVATE"));
    }
}
