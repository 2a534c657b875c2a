//! What would make AWS refuse a deletion, asked before the first one.

use futures::future::{join, join_all};

use crate::diff::{Action, Entry};
use crate::observe::Unreadable;
use crate::plan::{Plan, Purpose, Refusal};
use crate::resource::{Blocker, Contents, Erased, Error, Observer, Seen, Standing};

/// Every blocker of every deletion in the plan; in a destruction also what would have to be emptied without leave. What
/// an apply may lose, its plan has been refused for already.
///
/// # Errors
/// When AWS cannot be asked.
pub(crate) async fn blockers(plan: &Plan, observer: &Observer) -> Result<Vec<Refusal>, Unreadable> {
    let leaving = plan
        .entries
        .iter()
        .filter(|entry| matches!(entry.action, Action::Delete | Action::Replace(_)));
    let answers = join_all(leaving.map(|entry| async move {
        let (blockers, contents) =
            join(ask(entry, observer), look_into(entry, plan, observer)).await;
        (entry, blockers, contents)
    }))
    .await;
    let (mut refusals, mut errors) = (Vec::new(), Vec::new());
    for (entry, blockers, contents) in answers {
        match blockers {
            Ok(found) => refusals.extend(found.into_iter().map(|blocker| Refusal::Blocked {
                address: entry.address.clone(),
                blocker,
            })),
            Err(error) => errors.push(error),
        }
        match contents {
            Ok(found) => refusals.extend(found.map(|contents| Refusal::DataLoss {
                address: entry.address.clone(),
                why: format!("{}, which would be lost", contents.what),
                remedy: Some(contents.remedy),
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
    match staying(entry) {
        Some(live) => {
            entry
                .kind
                .blockers(observer, entry.desired.as_ref(), live)
                .await
        }
        None => Ok(Vec::new()),
    }
}

async fn look_into(
    entry: &Entry,
    plan: &Plan,
    observer: &Observer,
) -> Result<Option<Contents>, Error> {
    let refused = plan.purpose == Purpose::Destroy && !plan.may_lose.contains(&entry.address);
    match staying(entry).filter(|_| refused) {
        Some(live) => entry.kind.contents(observer, live).await,
        None => Ok(None),
    }
}

/// What is live, unless it is on its way out: AWS has let that go already; its own final snapshot, for one, is no
/// obstacle.
fn staying(entry: &Entry) -> Option<&Erased> {
    let staying = |seen: &&Seen| seen.standing != Standing::Leaving;
    entry.live.as_ref().filter(staying)?.live.as_ref()
}
