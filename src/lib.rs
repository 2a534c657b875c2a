//! Kong Gateway on AWS from one YAML file.

pub(crate) mod report;
pub(crate) mod spec;
