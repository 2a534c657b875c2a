//! Kong's Admin API as it is reached from outside: through the gateway itself, with the admin key.

use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use hyper::header::{DATE, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::exchange::Question;
use super::trouble::Trouble;
use super::visitor::{Site, Visitor};
use crate::kong::admin_route::KEY_HEADER;

/// The Admin API of one gateway.
pub(crate) struct AdminApi<'a> {
    visitor: &'a Visitor,
    site: &'a Site,
    path: &'a str,
    key: HeaderValue,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: StatusCode,
    /// The body; null when there is none.
    pub(crate) body: Value,
    /// When it was answered, by the clock of whoever did.
    pub(crate) date: Option<SystemTime>,
}

/// Why an answer is not the Admin API's to one who may use it. The worst comes first: what Kong asks first, it refuses
/// first. None of it says what Kong said, for that can hold the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(crate) enum Closed {
    /// The key is refused.
    #[error("the gateway takes another key than the one in the secret")]
    OtherKey,
    /// The address is refused.
    #[error("the address of this machine is not in `admin.allow`")]
    NotListed,
    /// There were too many requests.
    #[error("`admin.rate_limit` is used up for this minute")]
    Limited,
    /// There is nothing at that path.
    #[error("the gateway has no such route yet")]
    NoRoute,
    /// Something else.
    #[error("the gateway answers {0}")]
    Otherwise(StatusCode),
}

impl Reply {
    /// The body of what was asked for; null where there is nothing to say.
    ///
    /// # Errors
    /// When the Admin API did not do what it was asked.
    pub(crate) fn opened(self) -> Result<Value, Closed> {
        let is_empty = self.status == StatusCode::NO_CONTENT;
        if self.status.is_success() && (is_empty || self.body.is_object()) {
            return Ok(self.body);
        }
        Err(match self.status {
            StatusCode::UNAUTHORIZED => Closed::OtherKey,
            StatusCode::FORBIDDEN => Closed::NotListed,
            StatusCode::TOO_MANY_REQUESTS => Closed::Limited,
            StatusCode::NOT_FOUND => Closed::NoRoute,
            status => Closed::Otherwise(status),
        })
    }
}

#[cfg(test)]
impl Reply {
    /// One without a date.
    pub(crate) fn new(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body,
            date: None,
        }
    }
}

impl<'a> AdminApi<'a> {
    /// The Admin API under `path` of `site`, opened by `key`; nothing when the key cannot go into a header.
    #[must_use]
    pub(crate) fn new(
        visitor: &'a Visitor,
        site: &'a Site,
        path: &'a str,
        key: &SecretString,
    ) -> Option<Self> {
        let mut key = HeaderValue::from_str(key.expose_secret()).ok()?;
        // So that its debug output hides it.
        key.set_sensitive(true);
        Some(Self {
            visitor,
            site,
            path,
            key,
        })
    }

    /// `GET` of what is at `path`.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn get(&self, path: &str) -> Result<Reply, Trouble> {
        self.ask(Method::GET, path, None).await
    }

    /// `PUT`: makes what is at `path`, or puts `body` in its place.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Reply, Trouble> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    /// `DELETE` of what is at `path`.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn delete(&self, path: &str) -> Result<Reply, Trouble> {
        self.ask(Method::DELETE, path, None).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Trouble> {
        let question = Question::new(method, &format!("{}{path}", self.path))
            .header(HeaderName::from_static(KEY_HEADER), self.key.clone());
        let question = match body {
            Some(body) => question.json(body),
            None => question,
        };
        let answer = self.visitor.ask(self.site, question).await?;
        Ok(Reply {
            status: answer.status,
            body: answer.json().unwrap_or(Value::Null),
            date: answer.headers.get(DATE).and_then(date),
        })
    }
}

fn date(header: &HeaderValue) -> Option<SystemTime> {
    let date = DateTime::from_str(header.to_str().ok()?, Format::HttpDate);
    date.ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn an_answer_tells_when_it_was_given() {
        let read = |text| date(&HeaderValue::from_static(text));
        let then = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(then));
        assert_eq!(read("soon"), None);
    }
}
