//! Kong Gateway on AWS from one YAML file.

pub(crate) mod apply;
pub(crate) mod aws;
pub(crate) mod blueprint;
pub(crate) mod cli;
pub(crate) mod diff;
pub(crate) mod event;
pub(crate) mod kinds;
pub(crate) mod kong;
pub(crate) mod observe;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod resource;
pub(crate) mod sandbox;
pub(crate) mod spec;

pub use cli::main;
