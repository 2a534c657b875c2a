//! Why a plan cannot be applied.

use std::fmt;

use crate::diff::{Action, Entry};
use crate::observe::World;
use crate::resource::{Address, Blocker};

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
    },
    /// AWS would refuse a deletion.
    Blocked {
        /// What would be deleted.
        address: Address,
        /// What stands in the way.
        blocker: Blocker,
    },
}

impl Refusal {
    /// The resource it is about.
    pub(crate) fn address(&self) -> &Address {
        match self {
            Self::Foreign { address, .. }
            | Self::DataLoss { address, .. }
            | Self::Blocked { address, .. } => address,
        }
    }

    /// What to do about it.
    pub(crate) fn fix(&self) -> String {
        match self {
            Self::Foreign { address, .. } => format!(
                "give the stack another name, choose another name for {address} under `names`, or remove that resource yourself"
            ),
            Self::DataLoss { address, .. } => {
                format!(
                    "undo the change in the spec, or accept the loss with --allow-data-loss {address}"
                )
            }
            Self::Blocked { blocker, .. } => blocker.fix.clone(),
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
            Self::DataLoss { address, why } => write!(f, "{address}: {why}"),
            Self::Blocked { address, blocker } => write!(f, "{address}: {}", blocker.reason),
        }
    }
}

/// Every reason that shows in the entries.
pub(super) fn find(entries: &[Entry], world: &World, may_lose: &[Address]) -> Vec<Refusal> {
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
        Some(Refusal::DataLoss {
            address: entry.address.clone(),
            why,
        })
    });
    foreign.chain(losing).collect()
}
