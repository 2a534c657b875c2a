//! Why a plan cannot be applied.

use std::fmt;

use crate::diff::{Action, Entry};
use crate::observe::World;
use crate::resource::{Address, Blocker, Error, ReplaceOrder};

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Somebody else's resource stands where ours must go.
    Foreign {
        /// Our resource.
        address: Address,
        /// Theirs.
        name: String,
    },
    /// The change would lose data.
    DataLoss {
        /// Whose data.
        address: Address,
        /// What would happen to it, and why.
        why: String,
        /// What to do instead, where the spec is not what brought it about.
        remedy: Option<String>,
    },
    /// AWS would refuse a deletion.
    Blocked {
        /// What would be deleted.
        address: Address,
        /// What stands in the way.
        blocker: Blocker,
    },
    /// The change must not be made.
    Unsafe {
        /// What would be changed.
        address: Address,
        /// Why not, and what to do instead.
        objection: Blocker,
    },
    /// The new one needs the place of the old, which cannot go: what stays in the stack stands in it.
    StoodIn {
        /// What would be replaced.
        address: Address,
        /// Why, and what stands in it.
        why: String,
        /// How it can be done all the same.
        fix: &'static str,
    },
}

impl Refusal {
    /// The resource it is about.
    pub(crate) fn address(&self) -> &Address {
        match self {
            Self::Foreign { address, .. }
            | Self::DataLoss { address, .. }
            | Self::Blocked { address, .. }
            | Self::Unsafe { address, .. }
            | Self::StoodIn { address, .. } => address,
        }
    }

    /// What to do about it.
    pub(crate) fn fix(&self) -> String {
        match self {
            Self::Foreign { address, .. } => format!(
                "give the stack another name, choose another name for {address} under `names`, or remove that resource yourself"
            ),
            Self::DataLoss {
                address, remedy, ..
            } => {
                let instead = remedy.as_deref().unwrap_or("undo the change in the spec");
                format!("{instead}, or accept the loss with --allow-data-loss {address}")
            }
            Self::Blocked { blocker, .. }
            | Self::Unsafe {
                objection: blocker, ..
            } => blocker.fix.clone(),
            Self::StoodIn { fix, .. } => (*fix).to_owned(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign { address, name } => {
                write!(
                    f,
                    "{address}: {name} is in its place and does not belong to this stack; it is left untouched"
                )
            }
            Self::DataLoss { address, why, .. } | Self::StoodIn { address, why, .. } => {
                write!(f, "{address}: {why}")
            }
            Self::Blocked { address, blocker }
            | Self::Unsafe {
                address,
                objection: blocker,
            } => write!(f, "{address}: {}", blocker.reason),
        }
    }
}

/// Every reason that shows in the entries.
///
/// # Errors
/// A kind handed another's resource: a defect of this program.
pub(super) fn find(
    entries: &[Entry],
    world: &World,
    may_lose: &[Address],
) -> Result<Vec<Refusal>, Error> {
    let needed = |address: &Address| {
        entries.iter().any(|entry| {
            entry.address == *address && matches!(entry.action, Action::Create | Action::Replace(_))
        })
    };
    let foreign = world.foreign.iter().filter(|(address, _)| needed(address));
    let foreign = foreign.map(|(address, name)| Refusal::Foreign {
        address: address.clone(),
        name: name.clone(),
    });
    let losing = entries
        .iter()
        .filter(|entry| entry.kind.holds_data() && !may_lose.contains(&entry.address));
    let losing = losing.filter_map(|entry| {
        let fate = match entry.action {
            Action::Replace(_) => "replaced",
            Action::Delete => "deleted",
            Action::NoOp | Action::Create | Action::Update => return None,
        };
        let why = format!(
            "the {} would be {fate}, and its data lost ({})",
            entry.kind.noun(),
            entry.reason
        );
        let ailment = entry.live.as_ref().and_then(|live| live.ailment.clone());
        let (why, remedy) = match ailment {
            Some(ailment) => (format!("{}; {why}", ailment.what), Some(ailment.remedy)),
            None => (why, None),
        };
        Some(Refusal::DataLoss {
            address: entry.address.clone(),
            why,
            remedy,
        })
    });
    let stood_in = entries.iter().filter_map(|entry| stood_in(entry, entries));
    let found = foreign.chain(losing).chain(stood_in);
    Ok(found.chain(objections(entries)?).collect())
}

/// What the kinds have against changes.
fn objections(entries: &[Entry]) -> Result<Vec<Refusal>, Error> {
    let mut found = Vec::new();
    for entry in entries {
        let live = entry.live.as_ref().and_then(|seen| seen.live.as_ref());
        let (Action::Update | Action::Replace(_), Some(desired), Some(live)) =
            (entry.action, &entry.desired, live)
        else {
            continue;
        };
        let objections = entry.kind.objections(desired, live)?;
        found.extend(objections.into_iter().map(|objection| Refusal::Unsafe {
            address: entry.address.clone(),
            objection,
        }));
    }
    Ok(found)
}

/// What has to go before its successor is made, while others that stay would leave it only for that successor: the
/// one would wait for the other until time is up.
fn stood_in(entry: &Entry, entries: &[Entry]) -> Option<Refusal> {
    let fix = entry.kind.stood_in()?;
    if entry.action != Action::Replace(ReplaceOrder::DeleteFirst) {
        return None;
    }
    let id = &entry.live.as_ref()?.id;
    let stays = |other: &&Entry| matches!(other.action, Action::NoOp | Action::Update);
    let stands_in = |other: &&Entry| {
        let live = other.live.as_ref();
        live.is_some_and(|live| live.uses.contains(id))
    };
    let standing = entries.iter().filter(stays).filter(stands_in);
    let standing: Vec<&str> = standing.map(|other| other.address.as_str()).collect();
    if standing.is_empty() {
        return None;
    }
    Some(Refusal::StoodIn {
        address: entry.address.clone(),
        why: format!(
            "{id} would have to go before the new {} is made ({}), but it is not free: {} would move out of it only then",
            entry.kind.noun(),
            entry.reason,
            standing.join(", ")
        ),
        fix,
    })
}
