//! What Kong Gateway itself needs to run as a control plane and data planes: its certificate and keys, its settings, its
//! schema, and the way to its Admin API.
//!
//! Kong's own names and behaviour live here, AWS's do not; the blueprint brings the two together. Nothing here talks
//! to AWS.

mod admin_key;
pub(crate) mod admin_route;
pub(crate) mod admin_settings;
mod certificate;
mod certificate_facts;
pub(crate) mod environment;
pub(crate) mod migrations;
pub(crate) mod schema_state;
pub(crate) mod shutdown;
pub(crate) mod version;

pub(crate) use admin_key::admin_key;
pub(crate) use certificate::{CERTIFICATE_KEY, PRIVATE_KEY_KEY, cluster_certificate};
pub(crate) use certificate_facts::{CertificateFacts, UnreadablePair};
