//! Kong's migrations by hand: what an apply does in its place, one step at a time and in the open.
//!
//! Everything runs as the live stack's own migrations task, in the control plane's network, and keeps the marks on the
//! database in step, so that the next plan knows what was done here.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::aws::Clients;
use crate::kinds::ecs::TaskDefinition;
use crate::kinds::kong::{Schema, SchemaDesired, SchemaFinish, SchemaFinishDesired, by_hand};
use crate::kong::schema_state::{SchemaMarks, SchemaState};
use crate::lease::Grip;
use crate::observe::World;
use crate::resource::{
    Address, Arn, Blueprint, Error, Kind, Limits, Notify, Pace, Ref, Resource, Step,
};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Make the schema and import the admin route.
    Bootstrap,
    /// Bring the schema to where old and new nodes can both use it.
    Up,
    /// Remove from it what only old nodes need.
    Finish,
    /// Look at it.
    List,
}

/// What is missing for a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    /// There is no database.
    #[error("the stack has no database yet")]
    Database,
    /// There is no task definition to run.
    #[error("the stack has no migrations task definition yet")]
    TaskDefinition,
}

/// A live stack's schema, and how tasks on it run.
pub(crate) struct Migrations {
    /// What is known of it.
    pub(crate) known: SchemaMarks,
    stack: String,
    region: String,
    database: Arn,
    address: Address,
    schema: SchemaDesired,
    finish: SchemaFinishDesired,
}

/// What a step of it works with.
pub(crate) struct Means {
    /// AWS.
    pub(crate) clients: Arc<Clients>,
    /// Takes the lines of the task's log and what is waited for.
    pub(crate) notify: Arc<dyn Notify>,
    /// How fast time goes.
    pub(crate) pace: Pace,
    /// The first interruption: wait for nothing more.
    pub(crate) drain: CancellationToken,
    /// The stack's lease.
    pub(crate) grip: Grip,
    /// When to end.
    pub(crate) deadline: Option<Instant>,
}

fn only<K: Kind>(blueprint: &Blueprint) -> Result<(&Resource, &K::Desired), Error> {
    let mut found = blueprint.resources.values();
    let found = found.find_map(|one| Some((one, one.desired_as::<K>()?)));
    found.ok_or_else(|| Error::Internal(format!("the blueprint has no {}", K::TYPE)))
}

impl Migrations {
    /// Reads a live stack's schema from what was observed; runs nothing.
    ///
    /// # Errors
    /// A defect of this program.
    pub(crate) fn of(blueprint: &Blueprint, world: &World) -> Result<Result<Self, Missing>, Error> {
        let (resource, schema) = only::<Schema>(blueprint)?;
        let (finish_resource, finish) = only::<SchemaFinish>(blueprint)?;
        let Some(database) = schema.database.resolve(world) else {
            return Ok(Err(Missing::Database));
        };
        let definition = match &schema.task.task_definition {
            Ref::Of(address) => world.owned.get(address),
            Ref::Literal(_) => None,
        };
        let definition = definition.and_then(|seen| seen.live_as::<TaskDefinition>());
        let Some(image) = definition.and_then(|live| live.image()) else {
            return Ok(Err(Missing::TaskDefinition));
        };
        let seen = |address: &Address| world.owned.get(address);
        let mark = seen(&resource.address).and_then(|seen| seen.live_as::<Schema>());
        let finished = seen(&finish_resource.address);
        let finished = finished.and_then(|seen| seen.live_as::<SchemaFinish>());
        let known = SchemaMarks {
            image: image.to_owned(),
            wanted: schema.image.clone(),
            schema: mark.map(|live| live.image.clone()),
            finished: finished.map(|live| live.image.clone()),
        };
        // What runs is the live task definition, whatever the spec says by now.
        let image = known.image.clone();
        Ok(Ok(Self {
            stack: blueprint.stack.clone(),
            region: blueprint.region.clone(),
            database,
            address: resource.address.clone(),
            schema: SchemaDesired {
                image: image.clone(),
                ..schema.clone()
            },
            finish: SchemaFinishDesired {
                image,
                ..finish.clone()
            },
            known,
        }))
    }

    /// Does one thing; answers the state the schema is in then.
    ///
    /// # Errors
    /// When it would harm, when its task fails, when it is interrupted or the lease is lost.
    pub(crate) async fn perform(
        &self,
        action: Action,
        world: World,
        means: Means,
    ) -> Result<SchemaState, Error> {
        let drain = means.drain.child_token();
        let step = Step::new(
            self.address.clone(),
            (&self.stack, &self.region),
            means.clients,
            Arc::new(world),
            means.notify,
            Limits {
                drain: drain.clone(),
                step_timeout: None,
                pace: means.pace,
                slots: Arc::new(Semaphore::new(1)),
            },
        );
        let over = async {
            match means.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let work = self.act(action, &step);
        tokio::pin!(work);
        tokio::select! {
            biased;
            result = &mut work => return result,
            () = means.grip.lost() => {}
            () = over => {}
        }
        // Calls under way come to their end; nothing more is waited for.
        drain.cancel();
        work.await
    }

    async fn act(&self, action: Action, cx: &Step) -> Result<SchemaState, Error> {
        let (schema, database) = (&self.schema, &self.database);
        match action {
            Action::Bootstrap => by_hand::bootstrap(cx, schema, database).await,
            Action::Up => {
                let before = self.known.schema.as_deref();
                by_hand::up(cx, schema, database, before).await
            }
            Action::Finish => by_hand::finish(cx, &self.finish, database).await,
            Action::List => by_hand::list(cx, schema).await,
        }
    }
}
