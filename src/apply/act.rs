//! One step against AWS, and what to do when its answer is lost.
//!
//! A call that failed without a clear answer may have acted. Nothing is repeated blindly: the kind is observed again,
//! and the step goes on from what is really there.

use std::time::Duration;

use super::Engine;
use super::record::Recorder;
use crate::aws::{AwsError, Class};
use crate::diff::{Action, Entry};
use crate::plan::StepKind;
use crate::resource::{Erased, Error, Outputs, Patience, ReplaceOrder, Seen, Standing, Step};

/// How often a step is taken up again after a lost answer.
const ATTEMPTS: u32 = 4;

/// How long to let AWS settle before looking what a lost call did: describe calls lag behind by seconds.
const SETTLE: Patience = Patience {
    every: Duration::from_secs(5),
    typical: Duration::from_secs(5),
    at_most: Duration::from_secs(600),
};

/// How often to look for what an unanswered creation may have made before it is asked for again: AWS may show it, or
/// its tags, only after some time.
const LOOKS: u32 = 5;

/// What a step achieved.
#[derive(Debug, Default)]
pub(super) struct Acted {
    /// What its resource now publishes; nothing after a deletion.
    pub(super) outputs: Option<Outputs>,
    /// What AWS keeps on purpose.
    pub(super) kept: Vec<String>,
}

/// Does one step.
pub(super) async fn act(
    step: &Step,
    entry: &Entry,
    kind: StepKind,
    engine: &Engine,
    recorder: &Recorder,
) -> Result<Acted, Error> {
    let live = entry.live.as_ref().and_then(|seen| seen.live.as_ref());
    if let (StepKind::Create, Action::Replace(ReplaceOrder::CreateFirst), Some(live)) =
        (kind, entry.action, live)
    {
        entry.kind.retire(step, live).await?;
    }
    let mut result = first(step, entry, kind, live).await;
    for attempt in 1..ATTEMPTS {
        let Err(error) = &result else { break };
        let Some(lost) = lost(error, kind) else { break };
        if error.aws().map(AwsError::class) == Some(Class::Unclear) {
            recorder.lost(&step.address);
        }
        step.remark(format!(
            "{error}; looking what became of it (attempt {attempt})"
        ));
        match settle(step).await {
            // No time is left to look: what went wrong first is what there is to say.
            Err(Error::TimedOut { .. }) => break,
            settled => settled?,
        }
        result = again(step, entry, kind, engine, lost)
            .await
            .unwrap_or(result);
    }
    result
}

async fn first(
    step: &Step,
    entry: &Entry,
    kind: StepKind,
    live: Option<&Erased>,
) -> Result<Acted, Error> {
    match (kind, entry.desired.as_ref(), live) {
        (StepKind::Create, Some(desired), _) => made(entry.kind.create(step, desired).await?),
        (StepKind::Update, Some(desired), Some(live)) => {
            made(entry.kind.update(step, desired, live, &entry.diff).await?)
        }
        (StepKind::Delete, desired, Some(live)) => Ok(Acted {
            outputs: None,
            kept: entry.kind.delete(step, desired, live).await?,
        }),
        (StepKind::Delete, _, None) => Ok(Acted::default()),
        (StepKind::Create | StepKind::Update, _, _) => Err(Error::Internal(format!(
            "the plan does not say what {} should be",
            entry.address
        ))),
    }
}

fn made(outputs: Outputs) -> Result<Acted, Error> {
    Ok(Acted {
        outputs: Some(outputs),
        kept: Vec::new(),
    })
}

/// What can be said of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// It may or may not have acted.
    Unclear,
    /// What it was to make is there: an earlier attempt whose answer was lost has made it.
    Exists,
}

fn lost(error: &Error, kind: StepKind) -> Option<Lost> {
    let error = error.aws()?;
    match error.class() {
        // What is throttled has not been done; it comes to the same.
        Class::Unclear | Class::Throttled => Some(Lost::Unclear),
        Class::Refused if kind == StepKind::Create && error.is_taken() => Some(Lost::Exists),
        _ => None,
    }
}

async fn settle(step: &Step) -> Result<(), Error> {
    let mut looks = 0;
    let look = || {
        looks += 1;
        let ready = looks > 1;
        async move {
            Ok(if ready {
                crate::resource::Look::Ready(())
            } else {
                crate::resource::Look::Pending("unknown".to_owned())
            })
        }
    };
    step.wait("AWS to settle", SETTLE, look).await
}

/// Takes the step up from what is live now; `None` leaves the first error standing.
async fn again(
    step: &Step,
    entry: &Entry,
    kind: StepKind,
    engine: &Engine,
    lost: Lost,
) -> Option<Result<Acted, Error>> {
    let found = match look_patiently(step, entry, kind, engine).await {
        Ok(found) => found,
        Err(error) => return Some(Err(error)),
    };
    let live = found.as_ref().and_then(|seen| seen.live.as_ref());
    match (kind, live, entry.desired.as_ref()) {
        (StepKind::Delete, None, _) => Some(Ok(Acted::default())),
        (StepKind::Delete, Some(live), desired) => {
            let kept = entry.kind.delete(step, desired, live).await;
            Some(kept.map(|kept| Acted {
                outputs: None,
                kept,
            }))
        }
        (kind, Some(live), Some(desired)) => {
            if kind == StepKind::Create
                && let Err(error) = entry.kind.complete(step, live).await
            {
                return Some(Err(error));
            }
            Some(finish(step, entry, desired, live, found.as_ref()).await)
        }
        (StepKind::Create, None, Some(desired)) if lost == Lost::Unclear => {
            Some(entry.kind.create(step, desired).await.and_then(made))
        }
        _ => None,
    }
}

async fn finish(
    step: &Step,
    entry: &Entry,
    desired: &Erased,
    live: &Erased,
    seen: Option<&Seen>,
) -> Result<Acted, Error> {
    let diff = entry.kind.diff(desired, live, step.outputs())?;
    if diff.is_empty() {
        return made(seen.map(|seen| seen.outputs.clone()).unwrap_or_default());
    }
    made(entry.kind.update(step, desired, live, &diff).await?)
}

/// What a creation may have made is looked for several times.
async fn look_patiently(
    step: &Step,
    entry: &Entry,
    kind: StepKind,
    engine: &Engine,
) -> Result<Option<Seen>, Error> {
    for _ in 1..LOOKS {
        let found = look(entry, kind, engine).await?;
        if found.is_some() || kind != StepKind::Create {
            return Ok(found);
        }
        settle(step).await?;
    }
    look(entry, kind, engine).await
}

/// The live resource the step is about: for a creation that is never the one it replaces.
async fn look(entry: &Entry, kind: StepKind, engine: &Engine) -> Result<Option<Seen>, Error> {
    let seen = engine.observer().seen_of(entry.kind).await?;
    let old = entry.live.as_ref().map(|old| old.id.as_str());
    let concerned = |one: &&Seen| {
        let same = old == Some(one.id.as_str());
        match kind {
            StepKind::Create => one.standing == Standing::Owned && !same,
            StepKind::Update => one.standing == Standing::Owned,
            StepKind::Delete => same,
        }
    };
    Ok(seen
        .iter()
        .filter(|one| one.address == entry.address)
        .find(concerned)
        .cloned())
}
