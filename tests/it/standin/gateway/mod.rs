//! A stack's gateway as clients on the Internet meet it: names, ports, the load balancer, Kong.

mod admin;
mod balancer;
mod cluster;
mod proxy;
pub(crate) mod stack;
