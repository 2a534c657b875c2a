//! The cluster certificate of a live stack: what it says, who holds it, and its rotation.
//!
//! A rotation is a plan like any other: the secret is wanted without the version it has now, and with the new one the
//! task definitions that name it and the services that run them follow, in the order that `kong::certificate` gives.

use std::sync::Arc;

use futures::try_join;

use crate::aws::Clients;
use crate::blueprint::addresses;
use crate::kinds::ecs::{EcsService, Held};
use crate::kinds::secrets::{Secret, Which, secret, value};
use crate::kong::environment::CLUSTER_CERT;
use crate::kong::{CertificateFacts, UnreadablePair};
use crate::observe::World;
use crate::resource::{Address, Blueprint, Error, Output, Resource, SecretVersionId};

/// Which of a plane's tasks hold the current version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plane {
    /// How many tasks there are.
    pub(crate) tasks: usize,
    /// How many of them hold it.
    pub(crate) holding: usize,
    /// Whether a task that is started now gets it.
    pub(crate) next: bool,
}

impl Plane {
    /// Whether the current version has arrived, and nothing else is held any more.
    pub(crate) fn is_rolled_out(self) -> bool {
        self.next && self.holding == self.tasks
    }

    fn of(held: &Held, version: &SecretVersionId) -> Self {
        let holds = |one: &Option<SecretVersionId>| one.as_ref() == Some(version);
        Self {
            tasks: held.tasks.len(),
            holding: held.tasks.iter().filter(|one| holds(one)).count(),
            next: holds(&held.next),
        }
    }
}

/// Who holds the current version; a plane is missing whose service is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holders {
    /// The control plane.
    pub(crate) control_plane: Option<Plane>,
    /// The data planes.
    pub(crate) data_planes: Option<Plane>,
}

impl Holders {
    /// Whether the current version has arrived everywhere.
    pub(crate) fn have_it_all(self) -> bool {
        let planes = [self.control_plane, self.data_planes];
        planes
            .into_iter()
            .all(|plane| plane.is_some_and(Plane::is_rolled_out))
    }
}

/// The secret that holds the pair, if the stack has one with a value.
pub(crate) fn secret_in(world: &World) -> Option<(&secret::Live, &SecretVersionId)> {
    let seen = world.owned.get(&addresses::cluster_certificate())?;
    let live = seen.live_as::<Secret>()?;
    Some((live, live.version.as_ref()?))
}

/// Reads the current certificate. The key that lies beside it is dropped unread.
///
/// # Errors
/// When AWS refuses. A secret that holds something else is an answer.
pub(crate) async fn facts(
    clients: &Clients,
    live: &secret::Live,
    version: &SecretVersionId,
) -> Result<Result<CertificateFacts, UnreadablePair>, Error> {
    let (client, which) = (clients.secrets(), Which::Version(version));
    let held = value(client, live.arn().as_str(), which).await?;
    let pair = held.map(|held| held.value).unwrap_or_default();
    Ok(CertificateFacts::read(&pair))
}

/// Asks which tasks hold a version.
///
/// # Errors
/// When AWS refuses.
pub(crate) async fn holders(
    clients: &Clients,
    world: &World,
    version: &SecretVersionId,
) -> Result<Holders, Error> {
    let services = [
        addresses::control_plane_service(),
        addresses::data_plane_service(),
    ];
    let [first, second] = services.each_ref();
    let (control_plane, data_planes) = try_join!(
        plane(clients, world, first, version),
        plane(clients, world, second, version),
    )?;
    Ok(Holders {
        control_plane,
        data_planes,
    })
}

async fn plane(
    clients: &Clients,
    world: &World,
    service: &Address,
    version: &SecretVersionId,
) -> Result<Option<Plane>, Error> {
    let seen = world.owned.get(service);
    let Some(live) = seen.and_then(|seen| seen.live_as::<EcsService>()) else {
        return Ok(None);
    };
    let held = Held::by(clients, live, CLUSTER_CERT).await?;
    Ok(Some(Plane::of(&held, version)))
}

/// Whether an earlier rotation still has something to do: the current version to bring to every task, or the task
/// definitions of the one before to take away.
pub(crate) fn is_under_way(world: &World, holders: Holders) -> bool {
    let definitions = [
        addresses::control_plane_task(),
        addresses::data_plane_task(),
    ];
    let retired = world.retired.iter();
    !holders.have_it_all()
        || retired
            .map(|seen| &seen.address)
            .any(|at| definitions.contains(at))
}

/// What a rotation brings up to date; both bring along what they need.
pub(crate) fn rotated() -> Vec<Address> {
    vec![
        addresses::control_plane_service(),
        addresses::data_plane_service(),
    ]
}

/// The same stack, with another pair than that of `version`.
pub(crate) fn without(blueprint: &Blueprint, version: &SecretVersionId) -> Arc<Blueprint> {
    let mut blueprint = blueprint.clone();
    let address = addresses::cluster_certificate();
    let resource = blueprint.resources.get(&address);
    if let Some(desired) = resource.and_then(Resource::desired_as::<Secret>) {
        let desired = secret::Desired {
            replaces: Some(version.clone()),
            ..desired.clone()
        };
        let resource = Resource::new::<Secret>(address.clone(), desired);
        blueprint.resources.insert(address, resource);
    }
    Arc::new(blueprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(next: &str, tasks: &[&str]) -> Plane {
        let version = |text: &str| (text != "none").then(|| SecretVersionId::new(text));
        let held = Held {
            next: version(next),
            tasks: tasks.iter().map(|one| version(one)).collect(),
        };
        Plane::of(&held, &SecretVersionId::new("new"))
    }

    #[test]
    fn a_version_has_arrived_when_nothing_else_is_held() {
        assert!(plane("new", &["new", "new"]).is_rolled_out());
        // Nothing runs, and what will run gets it.
        assert!(plane("new", &[]).is_rolled_out());
        assert!(!plane("new", &["new", "old"]).is_rolled_out());
        assert!(!plane("old", &["new"]).is_rolled_out());
        assert!(!plane("old", &[]).is_rolled_out());
        // Task definitions of a time when none was named.
        assert!(!plane("none", &["none"]).is_rolled_out());
        let holders = |data_planes| Holders {
            control_plane: Some(plane("new", &["new"])),
            data_planes,
        };
        assert!(holders(Some(plane("new", &["new"]))).have_it_all());
        assert!(!holders(None).have_it_all());
    }
}
