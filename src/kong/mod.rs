//! What Kong Gateway itself needs to run as a control plane and data planes: its settings, its schema, and the way to
//! its Admin API.
//!
//! Kong's own names and behaviour live here, AWS's do not; the blueprint brings the two together. Pure.

pub(crate) mod admin_route;
pub(crate) mod environment;
pub(crate) mod migrations;
