//! Whole runs of the program against the simulation of AWS: one binary, so that it links once.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod access_logs;
mod admin_key;
mod admin_route;
mod alarms;
mod bad_input;
mod branches;
mod cancelled;
mod certificate;
mod changes;
mod cost_of_looking;
mod destroy;
mod disturbed;
mod drift;
mod encryption;
mod examples;
mod firewall;
mod firewall_logs;
mod flow_logs;
mod foreign;
mod half_made;
mod interrupted;
mod issued;
mod kong;
mod lease;
mod log_archive;
mod long_lists;
mod matrix;
mod neighbours;
mod on_demand;
mod operate;
mod permissions;
mod property;
mod random;
mod refusals;
mod rollout;
mod secrets;
mod standin;
mod support;
mod verify;
