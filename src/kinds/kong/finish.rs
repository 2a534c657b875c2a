//! The end of an upgrade of the schema: what only the old control plane needed is removed, once it is gone.

use super::marks::{self, FINISHED};
use super::work;
use crate::kinds::ecs::{Nodes, OneOff};
use crate::kong::version::{self, Jump};
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, Kind, Observer, Outputs, Ref, References, Resolve,
    Step, Wanted, Warning,
};

/// That the schema holds nothing of older versions any more.
#[derive(Debug)]
pub(crate) struct SchemaFinish;

/// What the schema should be finished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Desired {
    /// The image whose schema it is.
    pub(crate) image: String,
    /// The cluster it lies in, which also keeps the marks.
    pub(crate) database: Ref<Arn>,
    /// How its task runs.
    pub(crate) task: OneOff,
    /// The nodes that use the database.
    pub(crate) control_planes: Nodes,
    /// What must be done first: the schema brought up, and every older control plane gone.
    pub(crate) after: Vec<Address>,
}

/// What was done to the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    database: Arn,
    /// The image whose `finish` ran last.
    pub(crate) image: String,
}

impl Kind for SchemaFinish {
    const TYPE: &'static str = "Kong::Migrations::SchemaFinish";
    const NOUN: &'static str = "end of a schema upgrade";

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let references = desired.task.references(References::none());
        let references = desired.control_planes.references(references);
        desired
            .after
            .iter()
            .fold(references, References::started_after)
            .to(&desired.database)
    }

    /// Reads the mark off the database cluster that was observed anyway.
    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let mut found = Vec::new();
        for one in wanted {
            let Some((database, tags)) = marks::observed(cx, &one.desired.database).await? else {
                continue;
            };
            if let Some(image) = tags.get(FINISHED) {
                let image = image.to_owned();
                found.push(Found::Owned(one.address.clone(), Live { database, image }));
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        format!("finished schema of {}", live.database)
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
            database,
            task: _,           // says how, not what
            control_planes: _, // says beside whom, not what
            after: _,          // says when, not what
        } = desired;
        let mut diff = Diff::new();
        let other = Effect::Replace("the schema lies in its database");
        diff.reference("database", database, &live.database, outputs, other);
        diff.field("image", image, &live.image);
        diff
    }

    /// From the first migration of `up` to the last of `finish` the schema serves two versions: what is written then is
    /// written under rules that are about to change, and a control plane with pending migrations has been seen to
    /// push empty configuration to every data plane (Kong/kong#12861). Kong's own upgrade guide forbids writes meanwhile.
    fn warnings(desired: &Desired, live: Option<&Live>) -> Vec<Warning> {
        let between = |live: &&Live| version::jump(&live.image, &desired.image) != Jump::Same;
        let Some(live) = live.filter(between) else {
            return Vec::new();
        };
        vec![Warning::new(
            format!(
                "between `kong migrations up` and `finish` the database serves {} and {} at once; a control plane may then push empty configuration to data planes (Kong/kong#12861)",
                live.image, desired.image
            ),
            "hold back every write through the Admin API (decK included) until an apply has ended well",
        )]
    }

    /// On a first installation the schema was finished when it was made, and its mark says so by now.
    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let database = cx.get(&desired.database)?;
        finish_once(cx, desired, &database).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        finish_once(cx, desired, &live.database).await
    }

    async fn delete(
        _cx: &Step,
        _desired: Option<&Desired>,
        _live: &Live,
    ) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

/// Finishes what is pending, whatever the mark says.
pub(super) async fn finish(cx: &Step, desired: &Desired, database: &Arn) -> Result<(), Error> {
    let image = &desired.image;
    work::finish(cx, &desired.task, &desired.control_planes, image).await?;
    marks::write(cx, database, &[(FINISHED, image)]).await
}

/// The same, unless the mark says by now that it is done.
async fn finish_once(cx: &Step, desired: &Desired, database: &Arn) -> Result<Outputs, Error> {
    let tags = marks::read(cx, database).await?;
    if tags.get(FINISHED) != Some(desired.image.as_str()) {
        finish(cx, desired, database).await?;
    }
    Ok(Outputs::default())
}
