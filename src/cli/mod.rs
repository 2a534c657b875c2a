//! The command line: arguments become a run of the stages, and what comes of it is reported.
//!
//! One file a command. What a plan, an event or an error looks like is `report`'s affair; what is done to AWS,
//! `apply`'s. Here is decided which stage runs when, who is asked, and with which exit code the program ends.

mod admin_key;
mod apply;
mod args;
mod ask;
mod cert;
mod completions;
mod connect;
mod control_plane;
mod destroy;
mod entry;
mod error;
mod exec;
mod flags;
mod interrupt;
mod lease;
mod logging;
mod logs;
mod migrate;
mod output;
mod plan;
mod sandbox;
mod session;
mod spec;
mod status;
mod unlock;
mod validate;
mod verify;

pub use entry::main;
