//! One HTTP request and its answer, over a connection of its own.

use std::time::Duration;

use futures::future::join;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{
    ACCEPT, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::trouble::{Trouble, chain};

/// How long an answer may take: as long as the load balancer itself waits for one, which is longer than a paused
/// database needs to wake up.
const ANSWER: Duration = Duration::from_secs(60);

/// More than any answer asked for here; a page of Kong's lists takes some hundred kilobytes at most.
const LONGEST: usize = 16 << 20;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Question {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Question {
    /// `GET` of a path, with its query if there is one.
    #[must_use]
    pub(crate) fn get(target: &str) -> Self {
        Self::new(Method::GET, target)
    }

    /// Any method.
    #[must_use]
    pub(crate) fn new(method: Method, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    /// The same with a header.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        let _ = self.headers.insert(name, value);
        self
    }

    /// The same with JSON to go with it.
    #[must_use]
    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    fn request(self, host: &str) -> Result<Request<Full<Bytes>>, Trouble> {
        let unwritable = || Trouble::Unwritable(format!("{} {}", self.method, self.target));
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.target)
            .header(HOST, host)
            .header(USER_AGENT, concat!("kongstack/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "*/*")
            .header(CONNECTION, "close")
            .body(Full::new(Bytes::from(self.body.clone())))
            .map_err(|_| unwritable())?;
        request.headers_mut().extend(self.headers);
        Ok(request)
    }
}

/// Asks `question` of `host` on `stream`, and closes it.
///
/// # Errors
/// When the exchange breaks off or takes more than a minute.
pub(super) async fn exchange<S>(
    stream: S,
    host: &str,
    question: Question,
) -> Result<Answer, Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: &dyn std::error::Error| Trouble::Broken {
        host: host.to_owned(),
        reason: chain(error),
    };
    let request = question.request(host)?;
    let talk = async {
        let (mut sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let answer = async move {
            let answer = sender.send_request(request).await;
            let (head, body) = answer.map_err(|error| broken(&error))?.into_parts();
            let body = Limited::new(body, LONGEST).collect().await;
            let body = body.map_err(|error| broken(&*error))?.to_bytes().to_vec();
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body,
            })
        };
        // The connection has to be driven for the answer to come; what goes wrong with it shows there.
        let (answer, _) = join(answer, connection).await;
        answer
    };
    timeout(ANSWER, talk).await.unwrap_or_else(|_| {
        Err(Trouble::Late {
            host: host.to_owned(),
            after: ANSWER,
        })
    })
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}
