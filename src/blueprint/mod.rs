//! Stage 2: a valid spec becomes the desired stack. Everything that is known of Kong on AWS lives here.
//!
//! Pure: no AWS, clock, environment or randomness. One file a subject.

mod access_logs;
pub(crate) mod addresses;
mod admin_guard;
mod admin_route;
mod alarms;
mod compute;
mod control_plane;
mod dashboard;
mod data_plane;
mod database;
mod discovery;
mod dns;
mod draft;
mod encryption;
mod endpoints;
mod firewall;
mod flow_logs;
mod identity;
mod ingress;
mod log_archive;
mod logs;
mod migrations;
mod network;
mod on_demand;
mod routes;
#[cfg(test)]
mod sample;
mod secrets;
mod security;
#[cfg(test)]
mod tests;

use crate::resource::Blueprint;
use crate::spec::StackSpec;
use draft::Draft;

/// Draws the stack that a valid spec describes.
pub(crate) fn draw(spec: &StackSpec) -> Blueprint {
    let mut draft = Draft::new(spec);
    network::draw(&mut draft);
    security::draw(&mut draft);
    identity::draw(&mut draft);
    encryption::draw(&mut draft);
    secrets::draw(&mut draft);
    logs::draw(&mut draft);
    flow_logs::draw(&mut draft);
    database::draw(&mut draft);
    discovery::draw(&mut draft);
    access_logs::draw(&mut draft);
    ingress::draw(&mut draft);
    firewall::draw(&mut draft);
    compute::draw(&mut draft);
    migrations::draw(&mut draft);
    control_plane::draw(&mut draft);
    data_plane::draw(&mut draft);
    on_demand::draw(&mut draft);
    admin_route::draw(&mut draft);
    dns::draw(&mut draft);
    log_archive::draw(&mut draft);
    alarms::draw(&mut draft);
    dashboard::draw(&mut draft);
    draft.finish()
}
