//! The admin key's rotation, with a time in which both keys work.
//!
//! Every step can be repeated, and every state in between is one in which the key in the secret works:
//!
//! 1. A new key is put into the secret as its version `AWSPENDING`. A rotation that was cut short finds it there and goes
//!    on with it.
//! 2. The gateway gets a second credential, by the Admin API, and the data planes take it over.
//! 3. When the new key opens, the version becomes `AWSCURRENT`. From here on everybody who asks the secret gets it, and
//!    those who still hold the old one are let in as well.
//! 4. [`finish`] takes the old credential away: a step of its own, for people to say when.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::aws::{Clients, failed};
use crate::gateway::{AdminApi, Closed, Site, Trouble};
use crate::kinds::secrets::{CURRENT, Version, Which, value};
use crate::kong::admin_key;
use crate::kong::admin_route::{NAME, credential};
use crate::resource::{Error, Output, Pace, SecretVersionId};

/// The stage of a version that is to become the current one.
const PENDING: &str = "AWSPENDING";

/// How often in a row a new key must open before it counts: each answer may come from another data plane.
const IN_A_ROW: u32 = 5;
/// Between two tries of a new key.
const EVERY: Duration = Duration::from_secs(2);
/// How long data planes may take to hear of it: a node that has lost its connection comes back within ten seconds.
const AT_MOST: Duration = Duration::from_secs(120);

/// The door that the key opens.
pub(crate) struct Door<'a> {
    /// AWS, and the way to the gateway.
    pub(crate) clients: &'a Clients,
    /// The secret with the key, by name.
    pub(crate) secret: &'a str,
    /// The gateway.
    pub(crate) site: Site,
    /// The public path of the Admin API.
    pub(crate) path: &'a str,
    /// How fast time goes.
    pub(crate) pace: Pace,
    /// Cancelled when it shall stop.
    pub(crate) drain: CancellationToken,
}

/// Why a key was not rotated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unrotated {
    /// AWS refused.
    #[error(transparent)]
    Aws(#[from] Error),
    /// The Admin API cannot be used with the key that the secret holds.
    #[error("the Admin API cannot be used from here: {0}")]
    Shut(String),
    /// The last rotation has not been finished: there are more keys than the current one.
    #[error("{0} older keys still work: the last rotation is not finished")]
    Unfinished(usize),
    /// The data planes do not take the new key.
    #[error("the new key does not open yet after {} s", .0.as_secs())]
    NotTaken(Duration),
    /// It was told to stop.
    #[error("interrupted")]
    Interrupted,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Credential>,
}

/// A credential as the Admin API lists it.
#[derive(Deserialize)]
struct Credential {
    id: String,
    key: SecretString,
}

/// Makes a new key the current one; the old one goes on working until [`finish`].
///
/// # Errors
/// When it cannot be done. The key that the secret holds works in any case, and another try goes on from there.
pub(crate) async fn rotate(door: &Door<'_>, say: &(dyn Fn(&str) + Sync)) -> Result<(), Unrotated> {
    let current = door.current().await?;
    let known = door.credentials(&current.value).await?;
    let pending = door.version(PENDING).await?;
    let is = |credential: &Credential, version: &Version| {
        credential.key.expose_secret() == version.value.expose_secret()
    };
    let pending = match pending {
        Some(made) if made.id == current.id => {
            say("an earlier rotation has made its key the current one");
            door.unmark(&current.id).await?;
            // With the old key still good, that rotation is the one that was asked for again.
            if known.iter().any(|one| !is(one, &current)) {
                return Ok(());
            }
            None
        }
        other => other,
    };
    let older = known.iter().filter(|one| {
        !is(one, &current) && !pending.as_ref().is_some_and(|pending| is(one, pending))
    });
    match older.count() {
        0 => {}
        count => return Err(Unrotated::Unfinished(count)),
    }
    let new = match pending {
        Some(pending) => {
            say("going on with the key that an earlier rotation has made");
            pending
        }
        None => {
            say("putting a new key into the secret");
            door.propose().await?
        }
    };
    say("telling the gateway of it");
    let credential = credential(new.value.expose_secret());
    let reply = door
        .api(&current.value)?
        .put(&credential.path, &credential.body)
        .await;
    reply?.opened()?;
    say("waiting until the data planes take it");
    door.until_taken(&new.value).await?;
    say("making it the current one");
    door.promote(&current.id, &new.id).await
}

/// Takes every key away but the current one; answers how many there were.
///
/// # Errors
/// When it cannot be done.
pub(crate) async fn finish(door: &Door<'_>) -> Result<usize, Unrotated> {
    let current = door.current().await?;
    let (api, known) = (
        door.api(&current.value)?,
        door.credentials(&current.value).await?,
    );
    let mut gone = 0;
    for credential in known {
        if credential.key.expose_secret() != current.value.expose_secret() {
            let path = format!("/consumers/{NAME}/key-auth/{}", credential.id);
            let reply = api.delete(&path).await;
            reply?.opened()?;
            gone += 1;
        }
    }
    Ok(gone)
}

impl Door<'_> {
    fn api<'a>(&'a self, key: &SecretString) -> Result<AdminApi<'a>, Unrotated> {
        let api = AdminApi::new(self.clients.gateway(), &self.site, self.path, key);
        api.ok_or_else(|| {
            Unrotated::Shut("the key holds characters that no HTTP header can carry".to_owned())
        })
    }

    /// The key at a stage, if there is one.
    async fn version(&self, stage: &str) -> Result<Option<Version>, Error> {
        value(self.clients.secrets(), self.secret, Which::Stage(stage)).await
    }

    /// The key that everybody gets.
    async fn current(&self) -> Result<Version, Unrotated> {
        let current = self.version(CURRENT).await?;
        let current = current.filter(|current| !current.value.expose_secret().is_empty());
        current.ok_or_else(|| Unrotated::Shut("the secret holds no key".to_owned()))
    }

    /// Puts a new key beside the current one.
    async fn propose(&self) -> Result<Version, Unrotated> {
        let key = admin_key().map_err(|error| Error::Internal(error.to_string()))?;
        let call = self.clients.secrets().put_secret_value();
        let call = call.secret_id(self.secret).version_stages(PENDING);
        let made = call.secret_string(key.expose_secret()).send().await;
        let made = made
            .map_err(failed("secretsmanager:PutSecretValue"))
            .map_err(Error::from)?;
        let id = made.version_id.ok_or(Error::Incomplete {
            operation: "secretsmanager:PutSecretValue",
            missing: "a version",
        })?;
        Ok(Version {
            id: SecretVersionId::new(id),
            value: key,
        })
    }

    /// Every key the gateway knows.
    async fn credentials(&self, key: &SecretString) -> Result<Vec<Credential>, Unrotated> {
        let path = format!("/consumers/{NAME}/key-auth?size=1000");
        let reply = self.api(key)?.get(&path).await;
        let body = reply?.opened()?;
        let page: Page = serde_json::from_value(body)
            .map_err(|_| Unrotated::Shut("its list of keys cannot be read".to_owned()))?;
        Ok(page.data)
    }

    /// Waits until every data plane lets the key in.
    async fn until_taken(&self, key: &SecretString) -> Result<(), Unrotated> {
        let (api, begun) = (self.api(key)?, Instant::now());
        let mut in_a_row = 0;
        while in_a_row < IN_A_ROW {
            in_a_row = match api.get("/").await {
                Ok(reply) if reply.status.is_success() => in_a_row + 1,
                // One that does not know the key yet; or a moment without an answer.
                Ok(_) | Err(_) => 0,
            };
            if in_a_row == 0 {
                if begun.elapsed() > AT_MOST {
                    return Err(Unrotated::NotTaken(AT_MOST));
                }
                tokio::select! {
                    biased;
                    () = self.drain.cancelled() => return Err(Unrotated::Interrupted),
                    () = sleep(self.pace.scale(EVERY)) => {}
                }
            }
        }
        Ok(())
    }

    /// Makes one version the current one in the place of another.
    async fn promote(&self, from: &SecretVersionId, to: &SecretVersionId) -> Result<(), Unrotated> {
        let call = self.clients.secrets().update_secret_version_stage();
        let call = call.secret_id(self.secret).version_stage(CURRENT);
        let call = call
            .remove_from_version_id(from.as_str())
            .move_to_version_id(to.as_str());
        let moved = call.send().await;
        if let Err(error) = moved.map_err(failed("secretsmanager:UpdateSecretVersionStage")) {
            // A try whose answer was lost may have moved it, and then there was nothing left to move.
            let current = self.version(CURRENT).await?;
            if current.is_none_or(|current| current.id != *to) {
                return Err(Error::from(error).into());
            }
        }
        self.unmark(to).await
    }

    /// Takes the mark of a proposal off a version.
    async fn unmark(&self, version: &SecretVersionId) -> Result<(), Unrotated> {
        let call = self.clients.secrets().update_secret_version_stage();
        let call = call.secret_id(self.secret).version_stage(PENDING);
        let unmarked = call.remove_from_version_id(version.as_str()).send().await;
        match unmarked.map_err(failed("secretsmanager:UpdateSecretVersionStage")) {
            Ok(_) => Ok(()),
            // A lost answer again: no version has the mark any more.
            Err(error) => match self.version(PENDING).await? {
                None => Ok(()),
                Some(_) => Err(Error::from(error).into()),
            },
        }
    }
}

impl From<Trouble> for Unrotated {
    fn from(trouble: Trouble) -> Self {
        Self::Shut(trouble.to_string())
    }
}

impl From<Closed> for Unrotated {
    fn from(closed: Closed) -> Self {
        Self::Shut(match closed {
            Closed::OtherKey => format!("{closed}; `kongstack apply` mends that"),
            _ => closed.to_string(),
        })
    }
}
