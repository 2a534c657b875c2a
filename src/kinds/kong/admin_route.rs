//! The way from the gateway to its own Admin API, on a stack that serves.
//!
//! It is imported before the first control plane starts ([`Schema`](super::Schema)). From then on it is compared and
//! changed through the Admin API itself, which the data planes hear of at once. Where that cannot be reached (this
//! machine is not on the list of those who may, the key was changed by hand, the control plane sleeps), nothing is
//! guessed: it is compared with what was last written, and changed by an import into the database and a restart of the
//! control plane, for an import tells nobody. Nothing is ever deleted: the rest of Kong's configuration is the
//! operator's. Deleting the route does nothing: it goes with the database.

use futures::future::join;

use super::admin_api::{self, Entrance, Key, Seen, Unwritten};
use super::marks::{self, AdminMark};
use super::work;
use crate::gateway::{Closed, Site};
use crate::kinds::ecs::{self, OneOff};
use crate::kinds::events;
use crate::kong::admin_route::AdminRoute as Route;
use crate::kong::migrations::Work;
use crate::resource::{
    Address, Arn, Diff, DnsName, Effect, Error, Found, Kind, Look, Observer, Output, Outputs,
    Patience, Ref, References, Resolve, Step, Wanted, Warning,
};

/// The route to the Admin API.
#[derive(Debug)]
pub(crate) struct AdminRoute;

/// What the route should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The route.
    pub(crate) route: Route,
    /// The secret that holds the key.
    pub(crate) key: KeySecret,
    /// The load balancer that the gateway is reached by.
    pub(crate) load_balancer: Ref<DnsName>,
    /// The public name, if there is one.
    pub(crate) domain: Option<String>,
    /// Whether the gateway speaks TLS.
    pub(crate) tls: bool,
    /// The cluster it lies in, which also keeps the mark.
    pub(crate) database: Ref<Arn>,
    /// How an import runs.
    pub(crate) task: OneOff,
    /// The control plane's service, by name, which an import restarts.
    pub(crate) control_plane: String,
    /// Whether it may be asleep, so that an import has to wake it.
    pub(crate) on_demand: bool,
    /// How a restart of it is followed.
    pub(crate) log: ecs::TaskLog,
    /// What must serve before the route can be used.
    pub(crate) after: Vec<Address>,
}

/// The secret with the key. It is asked for by what the spec knows of it, so that nothing has to be found out before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySecret {
    /// The stack's own, by its name.
    Own(String),
    /// Somebody else's, by its ARN.
    Theirs(String),
}

impl KeySecret {
    /// As Secrets Manager takes it.
    #[must_use]
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Own(id) | Self::Theirs(id) => id,
        }
    }
}

/// What the route is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    database: Arn,
    mark: AdminMark,
    seen: Seen,
}

impl Kind for AdminRoute {
    const TYPE: &'static str = "Kong::Gateway::AdminRoute";
    const NOUN: &'static str = "admin route";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let references = desired.task.references(References::none());
        desired
            .after
            .iter()
            .fold(references, References::started_after)
            .to(&desired.database)
            .to(&desired.load_balancer)
    }

    /// Reads the mark off the database cluster that was observed anyway, and asks the gateway if there is one.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let mut found = Vec::new();
        for one in wanted {
            let key = admin_api::key(cx.clients(), one.desired.key.id());
            let marks = marks::observed(cx, &one.desired.database);
            let (key, marks) = join(key, marks).await;
            let Some((database, tags)) = marks? else {
                continue;
            };
            let Some(mark) = AdminMark::read(&tags) else {
                continue;
            };
            let seen = seen(cx, one.desired, &mark, &key).await?;
            let live = Live {
                database,
                mark,
                seen,
            };
            found.push(Found::Owned(one.address.clone(), live));
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        format!("admin route at {}", live.mark.path)
    }

    fn outputs(_live: &Live) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &Live) -> Vec<String> {
        vec![live.database.to_string()]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            route,
            key: _,           // the route is set to a key, not to a secret; `OtherKey` tells
            load_balancer: _, // says where to ask
            domain: _,        // says by which name to ask
            tls: _,           // says how to ask
            database,
            task: _,          // says how, not what
            control_plane: _, // says whom to restart
            on_demand: _,     // says whom to wake
            log: _,           // says how to follow
            after: _,         // says when, not what
        } = desired;
        let mut diff = Diff::new();
        let other = Effect::Replace("the route lies in its database");
        diff.reference("database", database, &live.database, outputs, other);
        match &live.seen {
            Seen::Settings(have) => {
                for (field, want) in route.settings().iter() {
                    diff.optional(field, Some(want), have.get(field));
                }
            }
            Seen::OtherKey => {
                let (ours, other) = ("the one in its secret".to_owned(), "another".to_owned());
                diff.field("key", &ours, &other);
            }
            Seen::NotListed | Seen::NotCompared(_) => {}
        }
        let want = AdminMark::of(route);
        if diff.is_empty() {
            diff.field("route.paths", &want.path, &live.mark.path);
            diff.field(
                "plugins.ip-restriction.config.allow",
                &want.allow,
                &live.mark.allow,
            );
            diff.field(
                "plugins.rate-limiting.config.minute",
                &want.rate_limit,
                &live.mark.rate_limit,
            );
        }
        if diff.is_empty() {
            diff.field("last_written", &want.hash, &live.mark.hash);
        }
        diff
    }

    fn warnings(desired: &Desired, live: Option<&Live>) -> Vec<Warning> {
        let why = match live.map(|live| &live.seen) {
            Some(Seen::NotListed) => Some(Closed::NotListed.to_string()),
            Some(Seen::NotCompared(why)) => Some(why.clone()),
            _ => None,
        };
        match why {
            // A route that is open to nobody is not asked, and nobody expects it to be.
            Some(why) if !desired.route.allow.is_empty() => vec![Warning::new(
                format!(
                    "the route to the Admin API was not compared with what Kong has: {why}; it is held against what was \
                     last written"
                ),
                format!(
                    "plan from an address in `admin.allow`, while the gateway answers at {}",
                    desired.route.path
                ),
            )],
            _ => Vec::new(),
        }
    }

    /// On a first installation the route was imported with the schema, and its mark says so by now.
    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let database = cx.get(&desired.database)?;
        let tags = marks::read(cx, &database).await?;
        let mark = AdminMark::read(&tags);
        if mark.as_ref() != Some(&AdminMark::of(&desired.route)) {
            let path = mark.map(|mark| mark.path);
            write(cx, desired, &database, path.as_deref()).await?;
        }
        Ok(Outputs::default())
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        write(cx, desired, &live.database, Some(&live.mark.path)).await?;
        Ok(Outputs::default())
    }

    async fn delete(
        _cx: &Step,
        _desired: Option<&Desired>,
        _live: &Live,
    ) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

/// Looks at the route where it was last written.
async fn seen(
    cx: &Observer,
    desired: &Desired,
    mark: &AdminMark,
    key: &Key,
) -> Result<Seen, Error> {
    let Some(balancer) = cx.output(&desired.load_balancer).await? else {
        return Ok(Seen::NotCompared(
            "the load balancer is not there".to_owned(),
        ));
    };
    let site = desired.site(&balancer);
    let entrance = Entrance {
        site: &site,
        path: &mark.path,
    };
    Ok(admin_api::look(cx.clients(), &entrance, key).await)
}

impl Desired {
    /// Where the gateway is visited: by its own name, by way of its load balancer's, which works before DNS does.
    #[must_use]
    pub(crate) fn site(&self, balancer: &DnsName) -> Site {
        let host = self.domain.clone();
        Site {
            host: host.unwrap_or_else(|| balancer.as_str().to_owned()),
            via: balancer.as_str().to_owned(),
            tls: self.tls,
        }
    }
}

/// Writes the route through the Admin API, or where that cannot be reached by way of the database; marks it as written.
async fn write(
    cx: &Step,
    desired: &Desired,
    database: &Arn,
    path: Option<&str>,
) -> Result<(), Error> {
    let route = &desired.route;
    let site = desired.site(&cx.get(&desired.load_balancer)?);
    let key = admin_api::key(cx.clients(), desired.key.id()).await;
    let entrance = Entrance {
        site: &site,
        path: path.unwrap_or(&route.path),
    };
    match admin_api::write(cx.clients(), &entrance, &key, route).await {
        Ok(()) => until_served(cx, &site, &key, route).await?,
        Err(Unwritten::Refused(error)) => return Err(error),
        Err(Unwritten::Unreachable(why)) => {
            cx.remark(format!(
                "the Admin API cannot be used from here ({why}); importing the route and restarting the control plane"
            ));
            if desired.on_demand {
                // One that is asleep would tell the data planes whenever somebody else wakes it.
                events::push(cx, "admin route").await?;
            }
            work::run(cx, &desired.task, Work::Import(route)).await?;
            let cluster = cx.get(&desired.task.cluster)?;
            ecs::restart(cx, &cluster, &desired.control_plane, &desired.log).await?;
        }
    }
    AdminMark::of(route).write(cx, database).await
}

/// Waits until the data planes have the route too: the control plane tells them at once, but not in the same moment.
async fn until_served(cx: &Step, site: &Site, key: &Key, route: &Route) -> Result<(), Error> {
    let entrance = Entrance {
        site,
        path: &route.path,
    };
    cx.wait("the data planes", Patience::seconds(2, 5, 120), || async {
        let seen = admin_api::look(cx.clients(), &entrance, key).await;
        let wanted = route.settings();
        Ok(match seen {
            Seen::Settings(have)
                if wanted
                    .iter()
                    .all(|(field, want)| have.get(field) == Some(want)) =>
            {
                Look::Ready(())
            }
            Seen::Settings(_) => Look::Pending("with the old route".to_owned()),
            Seen::OtherKey => Look::Pending("with another key".to_owned()),
            // It was reached a moment ago: what it lets nobody do from here by now, the new route says.
            Seen::NotListed => Look::Ready(()),
            Seen::NotCompared(why) => Look::Pending(why),
        })
    })
    .await
}
