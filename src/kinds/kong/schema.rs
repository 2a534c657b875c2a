//! Kong's schema in the database, and in a new one the admin route.
//!
//! A new database is brought to the image's version in one go, while no node uses it. A new image only brings it to
//! where old and new nodes both work; the rest is left to [`SchemaFinish`](super::SchemaFinish), after the control
//! plane has moved over. Deleting it does nothing: the schema goes with the database.

use super::marks::{self, AdminMark, FINISHED, SCHEMA};
use super::work;
use crate::kinds::ecs::{Nodes, OneOff};
use crate::kong::admin_route::AdminRoute;
use crate::kong::migrations::Work;
use crate::kong::version::{self, Jump};
use crate::resource::{
    Arn, Blocker, Diff, Effect, Error, Found, Kind, Observer, Outputs, Ref, References, Resolve,
    Step, Wanted, Warning,
};

/// The schema of the version that runs.
#[derive(Debug)]
pub(crate) struct Schema;

/// What the schema should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The image whose schema it is.
    pub(crate) image: String,
    /// The route to the Admin API.
    pub(crate) admin_route: AdminRoute,
    /// The cluster it lies in, which also keeps the marks.
    pub(crate) database: Ref<Arn>,
    /// How its tasks run.
    pub(crate) task: OneOff,
    /// The nodes that use the database.
    pub(crate) control_planes: Nodes,
}

/// What was done to the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    database: Arn,
    /// The image whose `up` ran last.
    pub(crate) image: String,
}

impl Kind for Schema {
    const TYPE: &'static str = "Kong::Migrations::Schema";
    const NOUN: &'static str = "database schema";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let references = desired.task.references(References::none());
        desired
            .control_planes
            .references(references)
            .to(&desired.database)
    }

    /// Reads the marks off the database cluster that was observed anyway.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let mut found = Vec::new();
        for one in wanted {
            let Some((database, tags)) = marks::observed(cx, &one.desired.database).await? else {
                continue;
            };
            if let Some(image) = tags.get(SCHEMA) {
                let live = Live {
                    database,
                    image: image.to_owned(),
                };
                found.push(Found::Owned(one.address.clone(), live));
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        format!("schema of {}", live.database)
    }

    fn outputs(_live: &Live) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &Live) -> Vec<String> {
        vec![live.database.to_string()]
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            image,
            admin_route: _, // imported with a new schema; later it has a life of its own
            database,
            task: _,           // says how, not what
            control_planes: _, // says beside whom, not what
        } = desired;
        let mut diff = Diff::new();
        let other = Effect::Replace("the schema lies in its database");
        diff.reference("database", database, &live.database, outputs, other);
        diff.field("image", image, &live.image);
        diff
    }

    /// The schema goes forward only, and by tested steps only.
    fn objections(desired: &Desired, live: &Live) -> Vec<Blocker> {
        objection(&live.image, &desired.image).into_iter().collect()
    }

    fn warnings(desired: &Desired, live: Option<&Live>) -> Vec<Warning> {
        let Some(live) = live else { return Vec::new() };
        let (old, new) = (&live.image, &desired.image);
        match version::jump(old, new) {
            Jump::Later { skipped } => {
                let versions = match skipped {
                    1 => "1 minor version".to_owned(),
                    skipped => format!("{skipped} minor versions"),
                };
                vec![Warning::new(
                    format!(
                        "{old} to {new} skips {versions}; Kong tests migrations between adjacent ones only"
                    ),
                    "upgrade one minor version at a time, or try it on a copy of the database before",
                )]
            }
            Jump::Unknown => vec![Warning::new(
                format!("{old} and {new} are not compared: their names do not tell Kong's version"),
                "see yourself that the new one is not older and of the same major version; a database that has been migrated cannot go back",
            )],
            Jump::Same | Jump::Next | Jump::Back | Jump::Major => Vec::new(),
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let database = cx.get(&desired.database)?;
        install(cx, desired, &database).await?;
        Ok(Outputs::default())
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        if diff.has("image") {
            work::bring_up(cx, &desired.task, &desired.control_planes).await?;
            marks::write(cx, &live.database, &[(SCHEMA, &desired.image)]).await?;
        }
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

/// Makes the schema, or what is missing of it, and imports the admin route.
pub(super) async fn install(cx: &Step, desired: &Desired, database: &Arn) -> Result<(), Error> {
    let (image, route) = (&desired.image, &desired.admin_route);
    work::run(cx, &desired.task, Work::Install(route)).await?;
    let (admin_route, mark) = AdminMark::of(route).tag();
    let done = [
        (SCHEMA, image.as_str()),
        (FINISHED, image),
        (admin_route, &mark),
    ];
    marks::write(cx, database, &done).await
}

/// Why a schema that was brought up for the image `old` must not be brought up for `new`.
pub(super) fn objection(old: &str, new: &str) -> Option<Blocker> {
    match version::jump(old, new) {
        Jump::Back => Some(Blocker {
            reason: format!(
                "{new} is older than {old}, whose migrations the database has been through; Kong has no way back"
            ),
            fix: "keep the newer image; to go back, restore a snapshot of the database from before the upgrade"
                .to_owned(),
        }),
        Jump::Major => Some(Blocker {
            reason: format!(
                "{old} to {new} is another major version, whose schema and configuration differ"
            ),
            fix: "set up a second stack with the new version and move the configuration over with decK; name the image by its digest alone if its tag says nothing of Kong's version"
                .to_owned(),
        }),
        Jump::Same | Jump::Next | Jump::Later { .. } | Jump::Unknown => None,
    }
}
