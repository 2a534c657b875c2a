//! What is done with a live stack from day to day: looked at, listened to, entered, put to sleep and woken.
//!
//! The same clients and kinds as the path of a run, without a plan: what changes anything here changes one thing, under
//! the stack's lease. What it looks like is `report`'s affair.

mod admin_key;

pub(crate) use admin_key::{Door, Unrotated, finish, rotate};
