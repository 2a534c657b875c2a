//! KMS: the key that a stack's secrets, log groups and database are encrypted with.

mod calls;
pub(crate) mod key;
mod look;

pub(crate) use key::Key;
