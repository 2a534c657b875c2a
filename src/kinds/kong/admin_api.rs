//! The admin route read and written through the route itself, as its users come: by the public way, with the key.

use std::time::Duration;

use futures::future::try_join3;
use hyper::StatusCode;
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::timeout;

use crate::aws::{Clients, failed};
use crate::gateway::{AdminApi, Reply, Site};
use crate::kong::admin_route::{AdminRoute, Entity, NAME};
use crate::kong::admin_settings::Settings;
use crate::resource::Error;

/// How long a look may take before it counts as none: a plan must not wait for a gateway that is not there.
const LOOK: Duration = Duration::from_secs(8);

/// What a look at the route showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// What it is set to.
    Settings(Settings),
    /// It is there, and takes another key than the one in the secret.
    OtherKey,
    /// It is there, and lets nobody in from here.
    NotListed,
    /// Nothing can be said, for this reason.
    NotCompared(String),
}

/// What [`Seen::NotListed`] is called to a person.
pub(super) const NOT_LISTED: &str = "the address of this machine is not in `admin.allow`";

/// Why the route could not be written.
pub(super) enum Unwritten {
    /// The Admin API cannot be used from here, for this reason.
    Unreachable(String),
    /// It was reached, and refused.
    Refused(Error),
}

/// Where the route is.
pub(super) struct Entrance<'a> {
    /// The gateway.
    pub(super) site: &'a Site,
    /// The public path.
    pub(super) path: &'a str,
}

/// The key, or why it cannot be had.
pub(crate) type Key = Result<SecretString, String>;

/// The key, from its secret. A plan goes on without it.
pub(crate) async fn key(clients: &Clients, secret: &str) -> Key {
    let call = clients.secrets().get_secret_value();
    let answer = call.secret_id(secret).send().await;
    let answer = answer.map_err(failed("secretsmanager:GetSecretValue"));
    let answer = answer.map_err(|error| format!("the key cannot be read: {error}"))?;
    let key = answer.secret_string.map(SecretString::from);
    key.ok_or_else(|| "the secret holds no key".to_owned())
}

/// Looks at the route.
pub(super) async fn look(clients: &Clients, entrance: &Entrance<'_>, key: &Key) -> Seen {
    let looking = async {
        match api(clients, entrance, key) {
            Ok(api) => read(&api).await,
            Err(why) => Seen::NotCompared(why),
        }
    };
    timeout(LOOK, looking).await.unwrap_or_else(|_| {
        Seen::NotCompared(format!(
            "the gateway gave no answer within {} s",
            LOOK.as_secs()
        ))
    })
}

fn api<'a>(
    clients: &'a Clients,
    entrance: &Entrance<'a>,
    key: &Key,
) -> Result<AdminApi<'a>, String> {
    let key = key.as_ref().map_err(Clone::clone)?;
    let api = AdminApi::new(clients.gateway(), entrance.site, entrance.path, key);
    api.ok_or_else(|| "the key holds characters that no HTTP header can carry".to_owned())
}

async fn read(api: &AdminApi<'_>) -> Seen {
    let (service, route) = (format!("/services/{NAME}"), format!("/routes/{NAME}"));
    let plugins = format!("{route}/plugins");
    let read = try_join3(api.get(&service), api.get(&route), api.get(&plugins)).await;
    let replies = match read {
        Ok((service, route, plugins)) => [service, route, plugins],
        Err(trouble) => return Seen::NotCompared(trouble.to_string()),
    };
    if replies
        .iter()
        .any(|reply| reply.status == StatusCode::UNAUTHORIZED)
    {
        return Seen::OtherKey;
    }
    if replies
        .iter()
        .any(|reply| reply.status == StatusCode::FORBIDDEN)
    {
        return Seen::NotListed;
    }
    if let Some(reason) = replies.iter().find_map(unusable) {
        return Seen::NotCompared(reason);
    }
    let [service, route, plugins] = replies.map(|reply| reply.body);
    let plugins = plugins.get("data").and_then(Value::as_array);
    Seen::Settings(Settings::of(
        &service,
        &route,
        plugins.map_or(&[][..], Vec::as_slice),
    ))
}

/// Why an answer is none of the Admin API's; nothing for one that is.
fn unusable(reply: &Reply) -> Option<String> {
    if reply.status.is_success() && reply.body.is_object() {
        return None;
    }
    Some(match reply.status {
        StatusCode::UNAUTHORIZED => "the key is refused".to_owned(),
        StatusCode::FORBIDDEN => NOT_LISTED.to_owned(),
        StatusCode::NOT_FOUND => "the gateway has no such route yet".to_owned(),
        StatusCode::TOO_MANY_REQUESTS => "`admin.rate_limit` is used up for this minute".to_owned(),
        status => format!("the gateway answers {status}"),
    })
}

/// Writes the route, its guards before the way they guard. The credential needs no writing: it opened the door.
pub(super) async fn write(
    clients: &Clients,
    entrance: &Entrance<'_>,
    key: &Key,
    route: &AdminRoute,
) -> Result<(), Unwritten> {
    let api = api(clients, entrance, key).map_err(Unwritten::Unreachable)?;
    for entity in route.entities() {
        put(&api, &entity).await?;
    }
    Ok(())
}

async fn put(api: &AdminApi<'_>, entity: &Entity) -> Result<(), Unwritten> {
    let reply = api.put(&entity.path, &entity.body).await;
    let reply = reply.map_err(|trouble| Unwritten::Unreachable(trouble.to_string()))?;
    match reply.status {
        status if status.is_success() => Ok(()),
        status @ (StatusCode::BAD_REQUEST | StatusCode::CONFLICT) => {
            Err(Unwritten::Refused(Error::Failed {
                what: format!("PUT {} of the Admin API", entity.path),
                state: format!("refused: {status}"),
                detail: reply
                    .body
                    .get("message")
                    .map(ToString::to_string)
                    .into_iter()
                    .collect(),
            }))
        }
        status => Err(Unwritten::Unreachable(
            unusable(&reply).unwrap_or_else(|| format!("the gateway answers {status}")),
        )),
    }
}
