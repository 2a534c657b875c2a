//! Kong Gateway on AWS from one YAML file.

pub mod aws;
pub mod resource;
pub(crate) mod spec;
