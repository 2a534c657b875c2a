//! A simulation of AWS on this machine, so that every command can be tried without an account.
//!
//! It is moto, pinned, in a virtual environment of its own, wrapped by the Python package `standin` beside this file:
//! that adds what moto lacks (time, refusals, running tasks). One server a user, found again by every command;
//! the tests run the same server. Nothing here knows the engine, and the engine knows nothing of this.

mod control;
mod error;
mod folder;
mod install;
mod loopback;
mod package;
mod server;

pub(crate) use error::SandboxError;
pub(crate) use loopback::loopback;
pub(crate) use server::{Sandbox, ensure, reset, start, status, stop};

/// The simulated account that is used unless `KONGSTACK_SANDBOX_ACCOUNT` names another.
pub(crate) const ACCOUNT: &str = "123456789012";

/// How much faster than AWS time goes unless `sandbox start --speed` says otherwise.
pub(crate) const SPEED: f64 = 20.0;
