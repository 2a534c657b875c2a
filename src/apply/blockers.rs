//! What would make AWS refuse a deletion, asked before the first one.

use futures::future::join_all;

use crate::diff::{Action, Entry};
use crate::observe::Unreadable;
use crate::plan::{Plan, Refusal};
use crate::resource::{Blocker, Error, Observer, Seen, Standing};

/// Every blocker of every deletion in the plan.
///
/// # Errors
/// When AWS cannot be asked.
pub(crate) async fn blockers(plan: &Plan, observer: &Observer) -> Result<Vec<Refusal>, Unreadable> {
    let leaving = plan
        .entries
        .iter()
        .filter(|entry| matches!(entry.action, Action::Delete | Action::Replace(_)));
    let answers =
        join_all(leaving.map(|entry| async move { (entry, ask(entry, observer).await) })).await;
    let (mut refusals, mut errors) = (Vec::new(), Vec::new());
    for (entry, answer) in answers {
        match answer {
            Ok(found) => refusals.extend(found.into_iter().map(|blocker| Refusal::Blocked {
                address: entry.address.clone(),
                blocker,
            })),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(refusals)
    } else {
        Err(Unreadable { errors })
    }
}

async fn ask(entry: &Entry, observer: &Observer) -> Result<Vec<Blocker>, Error> {
    // What is on its way out has been let go by AWS already: its own final snapshot, for one, is no obstacle.
    let staying = |seen: &&Seen| seen.standing != Standing::Leaving;
    let live = entry.live.as_ref().filter(staying);
    match live.and_then(|seen| seen.live.as_ref()) {
        Some(live) => {
            entry
                .kind
                .blockers(observer, entry.desired.as_ref(), live)
                .await
        }
        None => Ok(Vec::new()),
    }
}
