//! Secrets Manager: what is generated here and read by tasks only.

pub(crate) mod expiry;
pub(crate) mod secret;
mod secret_calls;

pub(crate) use secret::Secret;
pub(crate) use secret_calls::{CURRENT, Version, Which, current_version, value};
