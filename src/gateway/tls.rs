//! TLS, with the certificate that was shown.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::leaf::Leaf;
use super::network::CONNECT;
use super::trouble::{Trouble, chain};

/// What came of a handshake.
pub(super) struct Shaken {
    /// The certificate that was shown, if it came that far.
    pub(super) leaf: Option<Leaf>,
    /// The connection, if the certificate is to be trusted for that name.
    pub(super) stream: Result<TlsStream<TcpStream>, Trouble>,
}

/// Speaks TLS on `stream` with whoever says to be `host`.
pub(super) async fn shake(stream: TcpStream, host: &str, roots: Arc<RootCertStore>) -> Shaken {
    let failed = |reason: String| Trouble::Tls {
        host: host.to_owned(),
        reason,
    };
    let refused = |reason: String| Shaken {
        leaf: None,
        stream: Err(failed(reason)),
    };
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        return refused("it is not a name that a certificate can be for".to_owned());
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let (config, witness) = match config(&provider, roots) {
        Ok(made) => made,
        Err(reason) => return refused(reason),
    };
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = match timeout(CONNECT, connecting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(failed(chain(&error))),
        Err(_) => Err(failed("no answer to the handshake".to_owned())),
    };
    let leaf = witness.leaf();
    Shaken { leaf, stream }
}

fn config(
    provider: &Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
) -> Result<(ClientConfig, Arc<Witness>), String> {
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
    let witness = Arc::new(Witness {
        judge: verifier.build().map_err(|error| chain(&error))?,
        seen: Mutex::new(None),
    });
    let config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| chain(&error))?
        // Judges as the ordinary verifier does, which it asks; it only remembers what it saw.
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    Ok((config, witness))
}

/// The ordinary verifier, and the certificate it was last asked about.
#[derive(Debug)]
struct Witness {
    judge: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<CertificateDer<'static>>>,
}

impl Witness {
    fn leaf(&self) -> Option<Leaf> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().and_then(|der| Leaf::from_der(der))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(end_entity.clone().into_owned());
        self.judge
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
