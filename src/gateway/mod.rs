//! The gateway as its clients meet it: names, connections, certificates and HTTP, from wherever this runs.
//!
//! What Kong and AWS mean by an answer is for others to know. In the sandbox the simulation stands in for the public
//! network: [`Network`] is the one place that knows the difference.

mod admin;
mod exchange;
mod leaf;
mod network;
mod tls;
mod trouble;
mod visitor;

pub(crate) use admin::{AdminApi, Closed, Reply};
pub(crate) use exchange::Question;
pub(crate) use leaf::Leaf;
pub(crate) use network::Network;
pub(crate) use trouble::Trouble;
pub(crate) use visitor::{Site, Visitor};
