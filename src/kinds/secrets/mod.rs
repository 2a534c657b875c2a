//! Secrets Manager: what is generated here and read by tasks only.

pub(crate) mod secret;

pub(crate) use secret::Secret;
