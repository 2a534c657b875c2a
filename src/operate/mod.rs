//! What is done with a live stack from day to day: looked at, proven, listened to, entered, put to sleep and woken.
//!
//! The same clients and kinds as the path of a run. What changes anything here changes one thing, under the stack's lease,
//! or is a plan like any other, as the rotation of the cluster certificate is. What it looks like is `report`'s affair.

mod admin_key;
pub(crate) mod certificate;
mod control_plane;
mod exec;
mod logs;
pub(crate) mod migrate;
mod names;
mod plugin;
pub(crate) mod status;
pub(crate) mod verify;

pub(crate) use admin_key::{Door, Unrotated, finish, rotate};
pub(crate) use control_plane::{Wakefulness, bring, needed_by};
pub(crate) use exec::{Shut, choose, open, rooms};
pub(crate) use logs::{Line, Source, Tail};
pub(crate) use names::{Names, Plane};
pub(crate) use plugin::{PluginError, become_plugin, check};
pub(crate) use status::Status;
