//! A stack's gateway as clients on the Internet meet it: names, ports, the load balancer, Kong.

mod balancer;
mod stack;
