//! Kong Gateway on AWS from one YAML file.

pub(crate) mod spec;
