//! The admin route read and written through the route itself, as its users come: by the public way, with the key.

use std::time::Duration;

use futures::future::try_join3;
use hyper::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::timeout;

use crate::aws::Clients;
use crate::gateway::{AdminApi, Closed, Reply, Site};
use crate::kinds::secrets::{self, CURRENT, Which};
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
    let current = secrets::value(clients.secrets(), secret, Which::Stage(CURRENT)).await;
    let current = current.map_err(|error| format!("the key cannot be read: {error}"))?;
    let current = current.ok_or_else(|| "there is no secret of the key".to_owned())?;
    match current.value.expose_secret().is_empty() {
        true => Err("the secret holds no key".to_owned()),
        false => Ok(current.value),
    }
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
        Ok((service, route, plugins)) => [service, route, plugins].map(Reply::opened),
        Err(trouble) => return Seen::NotCompared(trouble.to_string()),
    };
    match replies {
        [Ok(service), Ok(route), Ok(plugins)] => {
            let plugins = plugins.get("data").and_then(Value::as_array);
            let plugins = plugins.map_or(&[][..], Vec::as_slice);
            Seen::Settings(Settings::of(&service, &route, plugins))
        }
        some => match some.into_iter().filter_map(Result::err).min() {
            Some(Closed::OtherKey) => Seen::OtherKey,
            Some(Closed::NotListed) => Seen::NotListed,
            why => Seen::NotCompared(why.map_or_else(String::new, |why| why.to_string())),
        },
    }
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
        _ => match reply.opened() {
            Ok(_) => Ok(()),
            Err(closed) => Err(Unwritten::Unreachable(closed.to_string())),
        },
    }
}
