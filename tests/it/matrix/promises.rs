//! What holds at every moment of a run, and so wherever it was killed.

use serde_json::Value;

use super::scenario::{NAMES, Scenario};
use crate::support::{Edge, World};

/// Insists that the Admin API is open to nobody without a key, not even to one on its list, that no two tasks migrate the database at once, and,
/// where traffic must go on, that it does.
pub(crate) fn kept(world: &World, scenario: &Scenario) -> Result<(), String> {
    one_migration_at_a_time(world)?;
    NAMES.iter().try_for_each(|name| {
        let answer = |path: &str| Edge(world.place()).get(&format!("https://{name}{path}"), &[]);
        let must = scenario.serves && *name == NAMES[0];
        match answer("/kong-admin/") {
            Ok(seen) if seen.status < 400 => {
                return Err(format!("the Admin API is open at {name}: {seen:?}"));
            }
            // Kong itself refuses, on whichever data plane.
            Ok(seen) if must && seen.status != 401 => {
                return Err(format!("{name} has no admin route: {seen:?}"));
            }
            Ok(_) | Err(_) => {}
        }
        // Kong has no route for it, and says so: it is there, with a certificate that its name goes with.
        match answer("/") {
            Ok(seen) if must && seen.status != 404 => {
                Err(format!("{name} does not serve: {seen:?}"))
            }
            Err(why) if must => Err(format!("{name} does not serve: {why}")),
            Ok(_) | Err(_) => Ok(()),
        }
    })
}

fn one_migration_at_a_time(world: &World) -> Result<(), String> {
    let tasks: Vec<Value> = world.place().ask("tasks", &[]);
    let of_schema = tasks.iter().filter(|task| {
        let family = task["family"].as_str();
        family.is_some_and(|family| family.ends_with("migrations"))
    });
    let mut times: Vec<(f64, Option<f64>)> = of_schema
        .filter_map(|task| Some((task["started"].as_f64()?, task["stopped"].as_f64())))
        .collect();
    times.sort_by(|one, other| one.0.total_cmp(&other.0));
    let together = times
        .windows(2)
        .find(|two| two[0].1.is_none_or(|stopped| stopped > two[1].0));
    match together {
        Some(two) => Err(format!("two tasks on the database at once: {two:?}")),
        None => Ok(()),
    }
}
