//! Kong Gateway on AWS from one YAML file: `plan`, `apply` and `destroy` make AWS match it. AWS itself is the state.
//!
//! # The path of a run
//!
//! Data flows one way, and the modules stand in that order:
//!
//! 1. [`spec`]: the text of a stack file becomes a typed spec, or every problem in it at its line and column.
//! 2. [`blueprint`]: the spec becomes desired resources, one AWS object each, that refer to each other. What is known
//!    of *Kong on AWS* lives here, with [`kong`] for what Kong itself needs.
//! 3. [`observe`]: every kind is asked at once what of the stack is live, and lookups what the account has.
//! 4. [`diff`]: each desired resource is compared with the live one: an action, its fields, its reason.
//! 5. [`plan`]: actions become steps with what must come before what, and whatever forbids them is found.
//! 6. [`apply`]: the steps run, everything independent at once; lost answers are looked into, never repeated blindly.
//!    Meanwhile the run holds the stack's [`lease`], so that no other one works on it.
//! 7. [`report`]: plans, [`event`]s and endings become text. Nothing else writes to a terminal but [`cli`] through it.
//!
//! Beside that path, [`operate`] is what is done with a live stack from day to day: looked at, listened to, entered.
//!
//! Stages 1, 2, 4, 5 and 7 are pure: no AWS, clock, environment or randomness.
//!
//! # Where to find what
//!
//! - What AWS does with one sort of resource: its file under [`kinds`], an implementation of
//!   [`resource::Kind`], the contract. A new kind is one file and one line in `kinds/mod.rs`.
//! - What a stack consists of, and why: the file of its layer under [`blueprint`].
//! - What is done to a live stack beside applying its spec: [`operate`].
//! - Commands, flags and exit codes: [`cli`]. The simulation behind `--sandbox`: [`sandbox`].
//! - The vocabulary everything shares (addresses, references, outputs, differences): [`resource`]; AWS's clients and
//!   errors: [`aws`].
//!
//! # What identifies a resource
//!
//! There is no state file. Every owned resource carries the tags `kongstack:stack` and `kongstack:address`
//! ([`resource::tags`]), or lies under something that does. What carries them and is in no blueprint is planned for
//! deletion; what stands in the place of one of ours without them is somebody else's, and is never touched.

pub(crate) mod apply;
pub(crate) mod aws;
pub(crate) mod blueprint;
pub(crate) mod cli;
pub(crate) mod diff;
pub(crate) mod event;
pub(crate) mod gateway;
pub(crate) mod kinds;
pub(crate) mod kong;
pub(crate) mod lease;
pub(crate) mod lookup;
pub(crate) mod observe;
pub(crate) mod operate;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod resource;
pub(crate) mod sandbox;
pub(crate) mod spec;

pub use cli::main;
