//! The way of the SDK's calls to the simulation.
//!
//! A few operations put a word before the endpoint's host (`data-`), which nothing on this machine is called. So every
//! call goes to the simulation, whatever host it is meant for.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// A client whose calls all go to `endpoint`, `http://127.0.0.1:PORT`: plain HTTP, and no proxy.
#[must_use]
pub(crate) fn loopback(endpoint: &str) -> SharedHttpClient {
    let inner = aws_smithy_http_client::Builder::new().build_http();
    let endpoint = endpoint.to_owned();
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Loopback {
            endpoint: endpoint.clone(),
            inner: inner.http_connector(settings, components),
        })
    })
}

#[derive(Debug)]
struct Loopback {
    endpoint: String,
    inner: SharedHttpConnector,
}

impl HttpConnector for Loopback {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        if let Some(uri) = led(request.uri(), &self.endpoint) {
            // What is left as it is fails to be found, and says so.
            let _ = request.set_uri(uri);
        }
        self.inner.call(request)
    }
}

/// The same path at `endpoint`, where `uri` leads elsewhere.
fn led(uri: &str, endpoint: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    let there = format!("{}{path}", endpoint.trim_end_matches('/'));
    (there != uri).then_some(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_leads_to_the_simulation() {
        let endpoint = "http://127.0.0.1:4566";
        let led = |uri| led(uri, endpoint);
        let there = Some("http://127.0.0.1:4566/a/b?c=d".to_owned());
        assert_eq!(led("http://data-127.0.0.1:4566/a/b?c=d"), there);
        assert_eq!(led("http://127.0.0.1:4566/a/b?c=d"), None);
        assert_eq!(led("http://data-127.0.0.1:4566"), Some(endpoint.to_owned()));
    }
}
