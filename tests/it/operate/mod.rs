//! Day-2 commands on a stack that is there.

mod control_plane;
mod exec;
mod logs;
mod status;

pub(crate) use exec::plugin;

use crate::support::World;

const REGION: &str = "eu-west-1";

const SPEC: &str = "\
name: ops
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false, capacity: {min: 0, max: 2, auto_pause: 5m}}
data_plane: {scaling: {min: 2, max: 4}}
";

/// A stack that is applied.
fn applied() -> World {
    let world = World::applied(SPEC);
    world.forget_calls();
    world
}
