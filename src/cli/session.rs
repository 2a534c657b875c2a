//! What the commands that look at AWS have in common: a runtime, a connection, one look at the stack, a plan.

use std::future::Future;
use std::sync::Arc;

use tokio::time::Instant;

use super::connect::{Connection, connect, knock, sandbox};
use super::error::CliError;
use super::flags::{AwsArgs, SelectArgs, SpecArgs};
use super::interrupt::Interrupt;
use super::spec;
use crate::apply::{self, Engine};
use crate::aws::Clients;
use crate::observe::{Unreadable, World, observe};
use crate::plan::{Plan, Purpose, Selection};
use crate::report::{Failure, Screen, Surroundings, plan as plan_text};
use crate::resource::{Address, Error, Observer, Pace};
use crate::{blueprint, kinds, lookup};

/// One command's way to AWS.
pub(super) struct Session {
    /// Where everything is said.
    pub(super) screen: Arc<Screen>,
    /// What acts and looks.
    pub(super) engine: Engine,
    /// How fast time goes.
    pub(super) pace: Pace,
    /// For messages.
    pub(super) around: Surroundings,
    /// Ctrl-C.
    pub(super) interrupt: Interrupt,
    /// When it must all be over.
    pub(super) deadline: Option<Instant>,
    /// The spec's file as people call it.
    pub(super) file: String,
    /// The flags that name this stack, for commands to suggest.
    pub(super) flags: String,
}

/// Loads the spec, prepares everything, and does `work` with it.
///
/// # Errors
/// What any of that fails with.
pub(super) fn run<T, F>(
    spec_args: &SpecArgs,
    aws: &AwsArgs,
    screen: &Arc<Screen>,
    work: impl FnOnce(Session) -> F,
) -> Result<T, CliError>
where
    F: Future<Output = Result<T, CliError>>,
{
    let start = Instant::now();
    let spec = spec::load(spec_args, screen)?;
    let sandbox = sandbox(aws, screen)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            CliError::failed(Failure::new("no threads can be started").chain(&error))
        })?;
    let result = runtime.block_on(async {
        let interrupt = Interrupt::listen().map_err(|error| {
            CliError::failed(Failure::new("signals cannot be listened for").chain(&error))
        })?;
        let deadline = aws.timeout.map(|timeout| start + timeout);
        let region = spec.region.as_str();
        let connecting = connect(aws, region, sandbox.as_ref());
        let Connection {
            config,
            network,
            pace,
            around,
        } = interrupt.within(deadline, connecting).await?;
        let engine = Engine {
            clients: Arc::new(Clients::new(config, network)),
            blueprint: Arc::new(blueprint::draw(&spec)),
            registry: kinds::ALL,
            look_up: lookup::look_up,
        };
        let screen = Arc::clone(screen);
        let file = match spec_args.file.to_string_lossy() {
            name if name == "-" => "the spec".to_owned(),
            name => name.into_owned(),
        };
        let flags = aws.repeated(spec_args);
        work(Session {
            screen,
            engine,
            pace,
            around,
            interrupt,
            deadline,
            file,
            flags,
        })
        .await
    });
    // Whoever waits for an answer at the keyboard must not hold up the end.
    runtime.shutdown_background();
    result
}

/// What to plan.
pub(super) struct Wish<'a> {
    pub(super) purpose: Purpose,
    pub(super) select: &'a SelectArgs,
    pub(super) may_lose: &'a [Address],
}

impl Session {
    /// Looks at the stack.
    ///
    /// # Errors
    /// When AWS cannot be read.
    pub(super) async fn look(&self) -> Result<(Observer, World), CliError> {
        let observer = self.engine.observer();
        let looking = async {
            tokio::try_join!(observe(&observer), async {
                let answer = knock(&self.engine.clients).await;
                answer.map_err(|error| Unreadable {
                    errors: vec![error],
                })
            })
        };
        let looked = self.interrupt.within(self.deadline, looking).await?;
        let (world, ()) =
            looked.map_err(|unreadable| CliError::unreadable(&unreadable, &self.around))?;
        Ok((observer, world))
    }

    /// Asks AWS for less than the whole stack, and is quick to say when nobody can be asked.
    ///
    /// # Errors
    /// When AWS cannot be read; `what` says what failed.
    pub(super) async fn read<T>(
        &self,
        what: &str,
        reading: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, CliError> {
        let both = async { tokio::try_join!(reading, knock(&self.engine.clients)) };
        let read = self.interrupt.within(self.deadline, both).await?;
        let (value, ()) = read.map_err(|error| CliError::engine(what, &error, &self.around))?;
        Ok(value)
    }

    /// Looks, plans, finds out what AWS would refuse, and shows the plan.
    ///
    /// # Errors
    /// When AWS cannot be read, or an address is not in the stack.
    pub(super) async fn plan(&self, wish: &Wish<'_>) -> Result<Plan, CliError> {
        let (plan, text) = self.draft(wish).await?;
        self.screen.result(&text)?;
        Ok(plan)
    }

    /// Looks, plans, and finds out what AWS would refuse; returns the plan and what there is to show of it.
    ///
    /// # Errors
    /// When AWS cannot be read, or an address is not in the stack.
    pub(super) async fn draft(&self, wish: &Wish<'_>) -> Result<(Plan, String), CliError> {
        let (observer, world) = self.look().await?;
        let blueprint = &*self.engine.blueprint;
        let selection = Selection {
            targets: wish.select.target.clone(),
            excludes: wish.select.exclude.clone(),
        };
        let known = blueprint.resources.keys().chain(world.owned.keys());
        selection.check(&known)?;
        for address in wish.may_lose {
            let one = Selection {
                targets: vec![address.clone()],
                ..Selection::default()
            };
            one.check(&known)?;
        }
        let planned = match wish.purpose {
            Purpose::Apply => Plan::apply(blueprint, &world, &selection, wish.may_lose),
            Purpose::Destroy => Plan::destroy(blueprint, &world, &selection, wish.may_lose),
        };
        let mut plan = planned
            .map_err(|error| CliError::engine("no plan can be made", &error, &self.around))?;
        if wish.purpose == Purpose::Destroy {
            only_what_is_emptied(&plan)?;
        }
        let blockers = apply::blockers(&plan, &observer);
        let blockers = self.interrupt.within(self.deadline, blockers).await?;
        plan.refusals
            .extend(blockers.map_err(|error| CliError::unreadable(&error, &self.around))?);
        let matched = if selection == Selection::default() {
            self.file.clone()
        } else {
            format!("{}, as far as it is selected", self.file)
        };
        let text = plan_text(&plan, &matched, self.screen.width());
        Ok((plan, text))
    }
}

/// Refuses leave to lose what a destruction takes along anyway: it would change nothing, and whoever gives it expects
/// something of it.
fn only_what_is_emptied(plan: &Plan) -> Result<(), CliError> {
    for address in &plan.may_lose {
        let mut of_it = plan.entries.iter().filter(|one| one.address == *address);
        if of_it.any(|entry| !entry.kind.is_emptied()) {
            return Err(CliError::usage(
                Failure::new(format!(
                    "--allow-data-loss {address} changes nothing: a destruction deletes it without"
                ))
                .hint("in a destruction the flag is for what must be emptied before, a bucket for one"),
            ));
        }
    }
    Ok(())
}

/// Refuses a plan that has refusals; they have been shown with it.
///
/// # Errors
/// When there are any.
pub(super) fn refuse(plan: &Plan) -> Result<(), CliError> {
    match plan.refusals.len() {
        0 => Ok(()),
        1 => Err(refused("1 thing stands in the way")),
        count => Err(refused(&format!("{count} things stand in the way"))),
    }
}

fn refused(what: &str) -> CliError {
    CliError::failed(
        Failure::new(format!("this plan cannot be carried out: {what}"))
            .hint("the plan above says what, and what to do; nothing has been changed"),
    )
}
