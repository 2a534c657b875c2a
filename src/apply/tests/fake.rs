//! A kind whose AWS is a map in memory, one a stack, that can be told to fail, hang and forget.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;

use crate::apply::{Engine, Options, Report, run};
use crate::aws::{AwsError, Clients};
use crate::event::{Event, Sink};
use crate::gateway::Network;
use crate::observe::observe;
use crate::plan::{Plan, Selection};
use crate::resource::{
    Address, Arn, Blueprint, Diff, Effect, Error, Found, Kind, KindRef, Layer, Look, Note,
    Observer, Output, Outputs, Pace, Patience, Ref, References, ReplaceOrder, Resolve, Resource,
    Step, Wanted, kind,
};

/// A resource without meaning.
pub(super) struct Thing;

/// What a thing should be.
#[derive(Debug, Clone, Default)]
pub(super) struct Desired {
    pub(super) value: String,
    pub(super) size: u32,
    pub(super) needs: Vec<Ref<Arn>>,
    pub(super) delete_first: bool,
}

/// What a thing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Live {
    id: String,
    value: String,
    size: u32,
    uses: Vec<String>,
}

/// What one stack has, and how it behaves.
#[derive(Debug, Default)]
pub(super) struct Cloud {
    live: BTreeMap<Address, Vec<(Live, bool)>>,
    made: u32,
    /// What was done, in order.
    pub(super) log: Vec<String>,
    /// `verb name` of calls to refuse, and the code to refuse them with; each once.
    pub(super) refuse: BTreeMap<String, &'static str>,
    /// `verb name` of calls that act and lose their answer; each once.
    pub(super) lose: BTreeSet<String>,
    /// `verb name` of calls that are never answered.
    pub(super) hang: BTreeSet<String>,
    /// How long a thing takes to be made, in seconds.
    pub(super) takes: BTreeMap<String, u64>,
    /// Names that somebody else's thing has taken.
    pub(super) foreign: BTreeSet<Address>,
    acting: usize,
    /// The most calls that acted at once.
    pub(super) most_acting: usize,
}

static CLOUDS: Mutex<BTreeMap<String, Arc<Mutex<Cloud>>>> = Mutex::new(BTreeMap::new());

fn cloud(stack: &str) -> Arc<Mutex<Cloud>> {
    let mut clouds = CLOUDS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(clouds.entry(stack.to_owned()).or_default())
}

/// Changes or reads what a stack has.
pub(super) fn with<T>(stack: &str, change: impl FnOnce(&mut Cloud) -> T) -> T {
    change(&mut cloud(stack).lock().unwrap_or_else(PoisonError::into_inner))
}

fn refused(code: &str) -> Error {
    AwsError::in_answer("test:Call", code, "as the test wants it").into()
}

/// A call: refused, done, or done without an answer.
fn call(
    stack: &str,
    verb: &str,
    address: &Address,
    act: impl FnOnce(&mut Cloud),
) -> Result<(), Error> {
    let name = format!("{verb} {}", address.name());
    with(stack, |cloud| {
        if let Some(code) = cloud.refuse.remove(&name) {
            cloud.log.push(format!("{name}: {code}"));
            return Err(refused(code));
        }
        act(cloud);
        cloud.log.push(name.clone());
        if cloud.lose.remove(&name) {
            Err(refused("InternalFailure"))
        } else {
            Ok(())
        }
    })
}

async fn take(cx: &Step, name: &str) -> Result<(), Error> {
    let seconds = with(cx.stack(), |cloud| {
        cloud.takes.get(name).copied().unwrap_or(0)
    });
    with(cx.stack(), |cloud| {
        cloud.acting += 1;
        cloud.most_acting = cloud.most_acting.max(cloud.acting);
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    with(cx.stack(), |cloud| cloud.acting -= 1);
    let end = Instant::now() + Duration::from_secs(seconds);
    cx.wait(
        "the thing",
        Patience::seconds(1, seconds, 600),
        || async move {
            Ok(if Instant::now() >= end {
                Look::Ready(())
            } else {
                Look::Pending("creating".to_owned())
            })
        },
    )
    .await
}

fn uses(cx: &Step, desired: &Desired) -> Result<Vec<String>, Error> {
    let needs = cx.get_all(&desired.needs)?;
    Ok(needs.iter().map(ToString::to_string).collect())
}

impl Kind for Thing {
    const TYPE: &'static str = "Test::Thing";
    const NOUN: &'static str = "thing";
    const HOLDS_DATA: bool = false;

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        References::none().to_all(&desired.needs)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        Ok(with(cx.stack(), |cloud| {
            let taken = wanted
                .iter()
                .filter(|one| cloud.foreign.contains(one.address));
            let taken = taken
                .map(|one| Found::Foreign(one.address.clone(), "a stranger's thing".to_owned()));
            let ours = cloud
                .live
                .iter()
                .flat_map(|(address, all)| all.iter().map(move |one| (address, one)));
            let ours = ours.map(|(address, (live, retired))| match retired {
                true => Found::Retired(address.clone(), live.clone()),
                false => Found::Owned(address.clone(), live.clone()),
            });
            taken.chain(ours).collect()
        }))
    }

    fn id(live: &Live) -> String {
        live.id.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(Arn::new(&live.id))
    }

    fn uses(live: &Live) -> Vec<String> {
        live.uses.clone()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            value,
            size,
            needs,
            delete_first: _,
        } = desired;
        let mut diff = Diff::new();
        diff.field("value", value, &live.value);
        diff.immutable("size", size, &live.size, "the size of a thing is fixed");
        let uses: Vec<Arn> = live.uses.iter().map(Arn::new).collect();
        diff.references("needs", needs, &uses, outputs, Effect::InPlace);
        diff
    }

    fn replace_order(desired: &Desired, _live: &Live) -> ReplaceOrder {
        if desired.delete_first {
            ReplaceOrder::DeleteFirst
        } else {
            ReplaceOrder::CreateFirst
        }
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let name = format!("create {}", cx.address.name());
        if with(cx.stack(), |cloud| cloud.hang.contains(&name)) {
            std::future::pending::<()>().await;
        }
        let uses = uses(cx, desired)?;
        let mut id = String::new();
        call(cx.stack(), "create", &cx.address, |cloud| {
            cloud.made += 1;
            id = format!("{}-{}", cx.address.name(), cloud.made);
            let live = Live {
                id: id.clone(),
                value: desired.value.clone(),
                size: desired.size,
                uses,
            };
            cloud
                .live
                .entry(cx.address.clone())
                .or_default()
                .push((live, false));
        })?;
        cx.made(&id);
        take(cx, cx.address.name()).await?;
        Ok(Outputs::default().with(Arn::new(id)))
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        let uses = uses(cx, desired)?;
        call(cx.stack(), "update", &cx.address, |cloud| {
            let all = cloud.live.entry(cx.address.clone()).or_default();
            for (one, _) in all.iter_mut().filter(|(one, _)| one.id == live.id) {
                one.value.clone_from(&desired.value);
                one.uses.clone_from(&uses);
            }
        })?;
        Ok(Self::outputs(live))
    }

    async fn retire(cx: &Step, live: &Live) -> Result<(), Error> {
        call(cx.stack(), "retire", &cx.address, |cloud| {
            let all = cloud.live.entry(cx.address.clone()).or_default();
            for (_, retired) in all.iter_mut().filter(|(one, _)| one.id == live.id) {
                *retired = true;
            }
        })
    }

    async fn complete(cx: &Step, _live: &Live) -> Result<(), Error> {
        call(cx.stack(), "complete", &cx.address, |_| ())
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        let held = with(cx.stack(), |cloud| {
            cloud
                .live
                .values()
                .flatten()
                .any(|(one, _)| one.uses.contains(&live.id))
        });
        if held {
            return Err(refused("DependencyViolation"));
        }
        call(cx.stack(), "delete", &cx.address, |cloud| {
            for all in cloud.live.values_mut() {
                all.retain(|(one, _)| one.id != live.id);
            }
            cloud.live.retain(|_, all| !all.is_empty());
        })?;
        Ok(Vec::new())
    }
}

static REGISTRY: [KindRef; 1] = [kind::<Thing>()];

/// Events as lines, without what differs between runs.
#[derive(Default)]
pub(super) struct Lines(Mutex<Vec<String>>);

impl Lines {
    pub(super) fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

impl Sink for Lines {
    fn event(&self, event: Event) {
        let line = match event {
            Event::Started {
                address,
                verb,
                noun,
            } => format!("{address}: {verb:?} of a {noun} began"),
            Event::Noted {
                address,
                note: Note::Made { id },
            } => format!("{address}: made {id}"),
            Event::Noted {
                note: Note::Waiting { .. },
                ..
            } => return,
            Event::Noted {
                address,
                note: Note::Remark(text),
            } => format!("{address}: {text}"),
            Event::Finished { address, verb, .. } => format!("{address}: {verb:?} done"),
            Event::Failed {
                address,
                verb,
                error,
            } => format!("{address}: {verb:?} failed: {error}"),
            Event::Skipped {
                address,
                verb,
                because,
            } => format!("{address}: {verb:?} skipped because of {because}"),
            Event::Draining { why } => format!("draining: {why:?}"),
        };
        self.0.lock().unwrap().push(line);
    }
}

/// The address of a thing.
pub(super) fn at(name: &str) -> Address {
    Address::new(Layer::Network, name)
}

/// A thing that needs others.
pub(super) fn thing(value: &str, needs: &[&str]) -> Desired {
    let needs = needs.iter().map(|name| Ref::Of(at(name))).collect();
    Desired {
        value: value.to_owned(),
        needs,
        ..Desired::default()
    }
}

/// A stack of things, and what applies it.
pub(super) fn engine(stack: &str, things: Vec<(&str, Desired)>) -> Engine {
    let mut blueprint = Blueprint::new(stack, "eu-west-1");
    for (name, desired) in things {
        let resource = Resource::new::<Thing>(at(name), desired);
        blueprint.resources.insert(at(name), resource);
    }
    let config = aws_config::SdkConfig::builder().build();
    Engine {
        clients: Arc::new(Clients::new(config, Network::Internet)),
        blueprint: Arc::new(blueprint),
        registry: &REGISTRY,
        look_up: |_, _| async { Ok(Outputs::default()) }.boxed(),
    }
}

/// Limits for a run: four slots, no deadline.
pub(super) fn options() -> Options {
    Options {
        parallelism: 4,
        deadline: None,
        step_timeout: None,
        pace: Pace::REAL,
        drain: Default::default(),
        abort: Default::default(),
        grip: Default::default(),
    }
}

/// The plan to apply the engine's blueprint.
pub(super) async fn plan(engine: &Engine) -> Plan {
    let world = observe(&engine.observer()).await.unwrap();
    Plan::apply(&engine.blueprint, &world, &Selection::default(), &[]).unwrap()
}

/// The plan to destroy the stack.
pub(super) async fn plan_destroy(engine: &Engine) -> Plan {
    let world = observe(&engine.observer()).await.unwrap();
    Plan::destroy(&engine.blueprint, &world, &Selection::default(), &[]).unwrap()
}

/// Plans and applies with these options.
pub(super) async fn apply_with(engine: &Engine, options: Options) -> (Report, String) {
    let lines = Arc::new(Lines::default());
    let report = run(&plan(engine).await, engine, options, lines.clone()).await;
    (report, lines.text())
}

/// Plans and applies.
pub(super) async fn apply(engine: &Engine) -> (Report, String) {
    apply_with(engine, options()).await
}
