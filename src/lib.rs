//! Kong Gateway on AWS from one YAML file.

pub(crate) mod aws;
pub(crate) mod blueprint;
pub(crate) mod kinds;
pub(crate) mod resource;
pub(crate) mod spec;
