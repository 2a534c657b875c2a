//! What can go wrong between here and a gateway.

use std::net::SocketAddr;
use std::time::Duration;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// DNS knows no such name, or has no address for it.
    #[error("the name {0} does not resolve")]
    NoName(String),
    /// DNS could not be asked.
    #[error("the name {name} could not be looked up: {reason}")]
    Lookup {
        /// The name.
        name: String,
        /// What the resolver said.
        reason: String,
    },
    /// Nothing listens there.
    #[error("{0} refused the connection")]
    Refused(SocketAddr),
    /// No answer to a connection: a security group drops what it does not admit.
    #[error("{address} did not answer within {} s", .after.as_secs())]
    Silent {
        /// Where to.
        address: SocketAddr,
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection could not be made for another reason.
    #[error("no connection to {address}: {reason}")]
    NoWay {
        /// Where to.
        address: SocketAddr,
        /// What the operating system said.
        reason: String,
    },
    /// No TLS connection: the certificate is not to be trusted, or the two sides agree on nothing.
    #[error("no TLS connection to {host}: {reason}")]
    Tls {
        /// The name that the certificate should be for.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// The connection ended, or carried something that is not HTTP.
    #[error("{host} broke the exchange off: {reason}")]
    Broken {
        /// Who.
        host: String,
        /// What happened.
        reason: String,
    },
    /// Connected, but no answer in time.
    #[error("{host} gave no answer within {} s", .after.as_secs())]
    Late {
        /// Who.
        host: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// A request that cannot be written down.
    #[error("no request can be made of {0}")]
    Unwritable(String),
}

/// An error and what is behind it, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}
