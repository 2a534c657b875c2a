//! What Kong itself needs: its certificate and keys. Nothing here talks to AWS.

mod admin_key;
mod certificate;

pub(crate) use admin_key::admin_key;
pub(crate) use certificate::{CERTIFICATE_KEY, PRIVATE_KEY_KEY, cluster_certificate};
