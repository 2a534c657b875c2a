//! What is known of Kong, each trap with the test that fails when the stack walks into it.
//!
//! | trap | test |
//! | --- | --- |
//! | a data plane of an empty control plane is never ready | `kong::migrations::an_installation_ends_with_a_clean_list_and_the_import` |
//! | `bootstrap` succeeds after a half-failed one | [`interrupted`]`::a_bootstrap_that_breaks_half_way_is_finished` |
//! | `bootstrap`, `up` and `finish` exit with 0 after losing the lock | [`interrupted`]`::a_lost_lock_is_no_success` |
//! | an `up` that was cut off blocks the next one | [`interrupted`]`::an_up_that_was_cut_off_goes_on_without_a_control_plane` |
//! | `bootstrap -f` resets the database | `kong::migrations::nothing_is_ever_forced_or_reset` |
//! | no node starts on new migrations; `finish` breaks older nodes | [`by_hand`]`::an_upgrade_one_step_at_a_time`, `blueprint::tests::no_selection_rolls_a_node_without_what_its_version_needs` |
//! | the schema has no way back, and no way to another major version | [`upgrade`]`::a_version_the_schema_cannot_go_to_is_refused` |
//! | writes between `up` and `finish` reach data planes as nothing | [`upgrade`]`::an_upgrade_warns_of_writes_until_it_is_finished` |
//! | a sleeping database takes 15 s to wake up, Kong waits 5 s | [`asleep`] |
//! | `pg_ssl` falls back to clear text | `blueprint::database::the_server_takes_no_clear_text`, `kong::environment::only_what_uses_the_database_knows_it` |
//! | 8000 answers 404, `/status` is 200 on an empty node | `blueprint::ingress::only_a_node_that_can_serve_is_healthy` |
//! | the client is the load balancer, or whoever the client says | `kong::environment::the_load_balancer_is_believed_about_its_own_client_and_nothing_else` |
//! | stale addresses are used for an hour | `kong::environment::the_planes_meet_at_one_port_with_one_certificate` |
//! | `auto` counts the host's processors | `kong::environment::workers_follow_the_task_not_the_host` |
//! | ECS kills a node before its workers are done | `kong::shutdown::each_time_is_longer_than_the_one_inside_it` |
//! | a health check that asks for the database restarts the control plane while it wakes up | `blueprint::compute::health_asks_for_nothing_but_the_process` |
//! | the Admin API or Kong Manager on a port that others reach | `kong::environment::the_admin_api_listens_on_the_control_plane_only_and_the_gui_nowhere` |
//! | an operator's setting takes the stack apart | `kong::environment::what_the_stack_stands_on_is_refused_in_a_spec_and_taste_is_not` |

mod asleep;
mod by_hand;
mod interrupted;
mod upgrade;

use serde_json::Value;

use crate::support::World;

const REGION: &str = "eu-west-1";

/// A spec with this image.
fn spec(image: &str) -> String {
    format!(
        "\
name: gate
region: {REGION}
kong: {{image: '{image}'}}
database: {{capacity: {{min: 0, max: 2}}, deletion_protection: false, final_snapshot: false}}
data_plane: {{scaling: {{min: 2, max: 4}}}}
"
    )
}

/// A stack of this image, applied.
fn applied(image: &str) -> World {
    World::applied(&spec(image))
}

/// What the tasks of a family ran, in their order: Kong's commands, without what is only asked.
fn ran(world: &World, family: &str) -> Vec<String> {
    let tasks: Vec<Value> = world.place().ask("tasks", &[]);
    let of_family = tasks.iter().filter(|task| task["family"] == family);
    let commands =
        of_family.flat_map(|task| task["commands"].as_array().cloned().unwrap_or_default());
    commands
        .filter_map(|command| command.as_str().map(str::to_owned))
        .filter(|command| !command.ends_with(" list"))
        .collect()
}

/// When the tasks of a family that pass `which` began and ended; those that run have no end.
fn times(world: &World, family: &str, which: impl Fn(&Value) -> bool) -> Vec<(f64, Option<f64>)> {
    let tasks: Vec<Value> = world.place().ask("tasks", &[]);
    let of_family = tasks
        .iter()
        .filter(|task| task["family"] == family && which(task));
    of_family
        .filter_map(|task| Some((task["started"].as_f64()?, task["stopped"].as_f64())))
        .collect()
}
