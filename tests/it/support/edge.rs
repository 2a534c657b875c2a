//! A client on the Internet: the names, addresses and ports of an account, as it sees them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use super::standin::Place;

/// What a server answered.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Seen {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }

    /// The status, and the message that Kong says why with.
    #[track_caller]
    pub(crate) fn told(&self) -> (u16, String) {
        let body = self.json();
        let message = body["message"].as_str().unwrap_or_default();
        (self.status, message.to_owned())
    }
}

/// The Internet around an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge<'a>(pub(crate) &'a Place);

impl Edge<'_> {
    /// The addresses of a name.
    pub(crate) fn resolve(self, name: &str) -> Vec<String> {
        let found: Value = self.0.ask("resolve", &[("name", name)]);
        let addresses = found["addresses"].as_array().expect("a list");
        let text = |one: &Value| one.as_str().expect("an address").to_owned();
        addresses.iter().map(text).collect()
    }

    /// Where a port of an address is on this machine, or why a client does not get there.
    pub(crate) fn connect(self, address: &str, port: u16) -> Result<String, String> {
        let port = port.to_string();
        let query = [("address", address), ("port", port.as_str())];
        let found: Value = self.0.ask("connect", &query);
        let text = |key: &str| found[key].as_str().map(str::to_owned);
        text("to").ok_or_else(|| text("why").expect("why not"))
    }

    /// Asks for a URL.
    pub(crate) fn get(self, url: &str, headers: &[(&str, &str)]) -> Result<Seen, String> {
        self.send("GET", url, headers, None)
    }

    /// Makes a request, with a body of JSON if one is given.
    pub(crate) fn send(
        self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Seen, String> {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let secure = scheme == "https";
        let (name, port) = match host.split_once(':') {
            Some((name, port)) => (name, port.parse().expect("a port")),
            None => (host, if secure { 443 } else { 80 }),
        };
        let addresses = self.resolve(name);
        let address = addresses.first().ok_or("no such name")?;
        let stream = TcpStream::connect(self.connect(address, port)?).expect("a loopback address");
        let mut text = format!("{method} {} HTTP/1.1\r\nHost: {host}\r\n", path_of(path));
        for (key, value) in [("Connection", "close")].iter().chain(headers) {
            text += &format!("{key}: {value}\r\n");
        }
        if let Some(body) = body {
            let body = body.to_string();
            let length = body.len();
            text += &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
            text += &body;
        } else {
            text += "\r\n";
        }
        if secure {
            exchange(self.tls(name, stream), &text)
        } else {
            exchange(stream, &text)
        }
    }

    fn tls(self, name: &str, stream: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
        let pem = self.0.text("authority");
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(authority.expect("PEM")).expect("an authority");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions();
        let config = config.expect("versions").with_root_certificates(roots);
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let connection = ClientConnection::new(Arc::new(config.with_no_client_auth()), name);
        StreamOwned::new(connection.expect("a connection"), stream)
    }
}

fn path_of(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

fn exchange(mut stream: impl Read + Write, request: &str) -> Result<Seen, String> {
    let sent = stream.write_all(request.as_bytes());
    sent.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    // A server that closes without TLS's farewell has said all it had to say.
    if let Err(error) = stream.read_to_end(&mut answer)
        && answer.is_empty()
    {
        return Err(error.to_string());
    }
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
    Ok(Seen {
        status: status.expect("a status"),
        head: head.to_owned(),
        body: body.to_owned(),
    })
}
