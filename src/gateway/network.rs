//! The network between here and a gateway: the public one, or the sandbox's.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::exchange::{Question, exchange};
use super::trouble::{Trouble, chain};

/// How long a connection may take to be made, and a name to resolve. A handshake takes one round trip; TCP repeats what
/// was lost after one and three seconds.
pub(super) const CONNECT: Duration = Duration::from_secs(5);

/// Which network.
#[derive(Debug, Clone)]
pub(crate) enum Network {
    /// The machine's own resolver, routes and certificate authorities.
    Internet,
    /// The simulation's: its names and addresses lead to sockets on this machine.
    Sandbox {
        /// Where the simulation is, `http://127.0.0.1:PORT`.
        endpoint: String,
        /// The simulated account.
        account: String,
    },
}

#[derive(Deserialize)]
struct Resolved {
    addresses: BTreeSet<IpAddr>,
}

#[derive(Deserialize)]
struct Led {
    to: Option<SocketAddr>,
    why: Option<String>,
}

impl Network {
    /// The addresses of a name; at least one.
    ///
    /// # Errors
    /// When it has none, or nobody can be asked.
    pub(crate) async fn resolve(&self, name: &str) -> Result<BTreeSet<IpAddr>, Trouble> {
        let unknown = || Trouble::NoName(name.to_owned());
        let addresses: BTreeSet<IpAddr> = match self {
            Self::Internet => {
                let failed = |reason: String| Trouble::Lookup {
                    name: name.to_owned(),
                    reason,
                };
                match timeout(CONNECT, lookup_host((name, 0))).await {
                    Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
                    // The resolver does not tell an unknown name from other failures other than by its text.
                    Ok(Err(error)) if says_unknown(&error) => BTreeSet::new(),
                    Ok(Err(error)) => return Err(failed(chain(&error))),
                    Err(_) => return Err(failed("no answer".to_owned())),
                }
            }
            Self::Sandbox { .. } => {
                let found: Resolved = self.ask("resolve", &format!("name={name}")).await?;
                found.addresses
            }
        };
        if addresses.is_empty() {
            return Err(unknown());
        }
        Ok(addresses)
    }

    /// A connection.
    ///
    /// # Errors
    /// When there is none within five seconds.
    pub(crate) async fn connect(&self, address: SocketAddr) -> Result<TcpStream, Trouble> {
        let silent = || Trouble::Silent {
            address,
            after: CONNECT,
        };
        let to = match self {
            Self::Internet => address,
            Self::Sandbox { .. } => {
                let query = format!("address={}&port={}", address.ip(), address.port());
                let led: Led = self.ask("connect", &query).await?;
                match (led.to, led.why.as_deref()) {
                    (Some(to), _) => to,
                    (None, Some("refused")) => return Err(Trouble::Refused(address)),
                    (None, _) => return Err(silent()),
                }
            }
        };
        match timeout(CONNECT, TcpStream::connect(to)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(match error.kind() {
                ErrorKind::ConnectionRefused => Trouble::Refused(address),
                ErrorKind::TimedOut => silent(),
                _ => Trouble::NoWay {
                    address,
                    reason: chain(&error),
                },
            }),
            Err(_) => Err(silent()),
        }
    }

    /// The certificate authorities that are trusted there.
    ///
    /// # Errors
    /// When there are none.
    pub(super) async fn roots(&self) -> Result<RootCertStore, Trouble> {
        let mut roots = RootCertStore::empty();
        match self {
            Self::Internet => {
                // Stores of operating systems hold certificates that nothing can read; those that can be read count.
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
            }
            Self::Sandbox { .. } => {
                let pem = self.fetch("authority", "").await?;
                let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
                roots.add_parsable_certificates(certificates);
            }
        }
        if roots.is_empty() {
            return Err(Trouble::Tls {
                host: "anybody".to_owned(),
                reason: "this machine trusts no certificate authority".to_owned(),
            });
        }
        Ok(roots)
    }

    async fn ask<T: for<'a> Deserialize<'a>>(&self, what: &str, query: &str) -> Result<T, Trouble> {
        let body = self.fetch(what, query).await?;
        serde_json::from_slice(&body).map_err(|error| Trouble::Broken {
            host: "the sandbox".to_owned(),
            reason: chain(&error),
        })
    }

    /// Asks the simulation about its network.
    async fn fetch(&self, what: &str, query: &str) -> Result<Vec<u8>, Trouble> {
        let broken = |reason: String| Trouble::Broken {
            host: "the sandbox".to_owned(),
            reason,
        };
        let Self::Sandbox { endpoint, account } = self else {
            return Err(broken("there is none".to_owned()));
        };
        let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
        let stream = TcpStream::connect(host)
            .await
            .map_err(|error| broken(chain(&error)))?;
        let question = Question::get(&format!("/_standin/{what}?account={account}&{query}"));
        let answer = exchange(stream, host, question).await?;
        if answer.status.is_success() {
            Ok(answer.body)
        } else {
            Err(broken(format!("it answers {} to {what}", answer.status)))
        }
    }
}

fn says_unknown(error: &std::io::Error) -> bool {
    let text = error.to_string();
    // glibc, musl, macOS.
    [
        "Name or service not known",
        "No address associated",
        "Name does not resolve",
        "nodename nor servname",
    ]
    .iter()
    .any(|known| text.contains(known))
}
