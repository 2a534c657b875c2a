//! Kong's image and the path of its Admin API.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::Refusal;
use super::text::text_value;

/// The registry of an image that names none.
const DOCKER_HUB: &str = "docker.io";

/// A container image: `[registry/]repository[:tag][@digest]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageRef {
    /// Host of the registry; `docker.io` where the text names none.
    pub(crate) registry: String,
    /// Path in the registry, as written: `kong`, `kong/kong-gateway`.
    pub(crate) repository: String,
    /// The tag, if there is one.
    pub(crate) tag: Option<String>,
    /// The digest with its algorithm (`sha256:…`), if there is one.
    pub(crate) digest: Option<String>,
    text: String,
}

impl Default for ImageRef {
    fn default() -> Self {
        Self {
            registry: DOCKER_HUB.to_owned(),
            repository: "kong".to_owned(),
            tag: Some("3.9.3".to_owned()),
            digest: None,
            text: "kong:3.9.3".to_owned(),
        }
    }
}

impl ImageRef {
    /// Parses an image as `docker pull` would take it.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        Self::split(text).ok_or_else(|| {
            Refusal::new(
                "image-format",
                format!("`{text}` is not a container image"),
                "ECS pulls `[registry/]repository:tag` or `…@sha256:digest`, in lower case",
                "write something like `kong:3.9.3`",
            )
        })
    }

    /// The image as written, which is how ECS takes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it comes from Docker Hub.
    pub(crate) fn is_docker_hub(&self) -> bool {
        matches!(
            self.registry.as_str(),
            DOCKER_HUB | "index.docker.io" | "registry-1.docker.io"
        )
    }

    /// Whether it is Docker Hub's official `kong`.
    pub(crate) fn is_official_kong(&self) -> bool {
        self.is_docker_hub() && matches!(self.repository.as_str(), "kong" | "library/kong")
    }

    /// The region of the private ECR registry it comes from, if it comes from one.
    pub(crate) fn ecr_region(&self) -> Option<&str> {
        let (account, rest) = self.registry.split_once(".dkr.ecr.")?;
        let account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let (region, host) = rest.split_once('.')?;
        (account && host.starts_with("amazonaws.com")).then_some(region)
    }

    /// Kong's version (major, minor, patch) as the tag has it, if it has one.
    pub(crate) fn version(&self) -> Option<(u32, u32, Option<u32>)> {
        let tag = self.tag.as_deref()?;
        let mut numbers = tag.split('-').next()?.split('.').map(str::parse);
        let major = numbers.next()?.ok()?;
        let minor = numbers.next()?.ok()?;
        Some((major, minor, numbers.next().and_then(Result::ok)))
    }

    fn split(text: &str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let (registry, path) = match rest.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            _ => (DOCKER_HUB, rest),
        };
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        let good = is_registry(registry)
            && repository.split('/').all(is_component)
            && tag.is_none_or(is_tag)
            && digest.is_none_or(is_digest);
        good.then(|| Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
            text: text.to_owned(),
        })
    }
}

fn is_registry(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'))
}

fn is_component(text: &str) -> bool {
    let inner =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.bytes().all(inner) && edge(text.bytes().next()) && edge(text.bytes().next_back())
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hash| {
        hash.len() == 64
            && hash
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

impl fmt::Display for ImageRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ImageRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(Refusal::into_serde)
    }
}

text_value! {
    /// The public path of the Admin API, such as `/kong-admin`: no slash at its end.
    AdminPath, check_admin_path
}

impl Default for AdminPath {
    fn default() -> Self {
        Self("/kong-admin".to_owned())
    }
}

fn check_admin_path(text: &str) -> Result<(), Refusal> {
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
    // The load balancer's rule matches the path and, with `/*` behind it, all below.
    let fault = if !text.starts_with('/') {
        "does not begin with a slash"
    } else if text == "/" {
        "is the whole gateway"
    } else if text.ends_with('/') {
        "has a slash at its end"
    } else if text.len() > 126 {
        "is longer than 126 characters"
    } else if !text.bytes().all(letters) {
        "has characters other than letters, digits and `/ - _ .`"
    } else if text.contains("//") || text.split('/').any(|part| matches!(part, "." | "..")) {
        "has an empty, `.` or `..` part, which clients and proxies rewrite"
    } else {
        return Ok(());
    };
    Err(Refusal::new(
        "admin-path",
        format!("`{text}` {fault}"),
        "it is both a route in Kong and a path condition of at most 128 characters in the load balancer's rule",
        "write something like `/kong-admin`",
    ))
}
