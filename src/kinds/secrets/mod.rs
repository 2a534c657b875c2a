//! Secrets Manager: what is generated here and read by tasks only.

pub(crate) mod secret;
mod secret_calls;

pub(crate) use secret::Secret;
