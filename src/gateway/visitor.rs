//! A visitor of a gateway: finds the way, and asks.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::RootCertStore;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use super::exchange::{Answer, Question, exchange};
use super::leaf::Leaf;
use super::network::Network;
use super::tls::shake;
use super::trouble::Trouble;

/// Where a gateway is visited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    /// The name it is asked by, and that its certificate must be for.
    pub(crate) host: String,
    /// The name whose addresses are connected to; the load balancer's own works before the public one does.
    pub(crate) via: String,
    /// Whether TLS is spoken, on port 443; HTTP on port 80 otherwise.
    pub(crate) tls: bool,
}

impl Site {
    fn port(&self) -> u16 {
        if self.tls { 443 } else { 80 }
    }
}

/// Goes to gateways over one network.
#[derive(Debug)]
pub(crate) struct Visitor {
    network: Network,
    roots: OnceCell<Result<Arc<RootCertStore>, Trouble>>,
}

impl Visitor {
    /// A visitor that goes over `network`.
    #[must_use]
    pub(crate) fn new(network: Network) -> Self {
        Self {
            network,
            roots: OnceCell::new(),
        }
    }

    /// Asks `site`.
    ///
    /// # Errors
    /// When there is no answer; one that refuses is an answer.
    pub(crate) async fn ask(&self, site: &Site, question: Question) -> Result<Answer, Trouble> {
        let stream = self.open(&site.via, site.port()).await?;
        if site.tls {
            let stream = shake(stream, &site.host, self.roots().await?)
                .await
                .stream?;
            exchange(stream, &site.host, question).await
        } else {
            exchange(stream, &site.host, question).await
        }
    }

    /// The addresses of a name; at least one.
    ///
    /// # Errors
    /// When it has none, or nobody can be asked.
    pub(crate) async fn resolve(&self, name: &str) -> Result<BTreeSet<IpAddr>, Trouble> {
        self.network.resolve(name).await
    }

    /// Whether somebody listens at `address`.
    ///
    /// # Errors
    /// Why no connection can be made.
    pub(crate) async fn knock(&self, address: SocketAddr) -> Result<(), Trouble> {
        self.network.connect(address).await.map(drop)
    }

    /// The certificate that `site` shows, and whether it is to be trusted for that name.
    ///
    /// # Errors
    /// When no certificate is shown.
    pub(crate) async fn certificate(
        &self,
        site: &Site,
    ) -> Result<(Leaf, Result<(), Trouble>), Trouble> {
        let stream = self.open(&site.via, site.port()).await?;
        let shaken = shake(stream, &site.host, self.roots().await?).await;
        match (shaken.leaf, shaken.stream) {
            (Some(leaf), stream) => Ok((leaf, stream.map(drop))),
            (None, Err(trouble)) => Err(trouble),
            (None, Ok(_)) => Err(Trouble::Tls {
                host: site.host.clone(),
                reason: "its certificate cannot be read".to_owned(),
            }),
        }
    }

    /// Connects to the first of a name's addresses that lets one in.
    async fn open(&self, name: &str, port: u16) -> Result<TcpStream, Trouble> {
        let mut trouble = Trouble::NoName(name.to_owned());
        for address in self.network.resolve(name).await? {
            match self.network.connect(SocketAddr::new(address, port)).await {
                Ok(stream) => return Ok(stream),
                Err(met) => trouble = met,
            }
        }
        Err(trouble)
    }

    async fn roots(&self) -> Result<Arc<RootCertStore>, Trouble> {
        let load = || async { self.network.roots().await.map(Arc::new) };
        self.roots.get_or_init(load).await.clone()
    }
}
