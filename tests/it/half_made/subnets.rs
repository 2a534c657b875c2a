//! A subnet that has to move while others stand in it.

use crate::support::{World, planned};

fn spec(zones: &str, second: u8) -> String {
    format!(
        "name: moved\nregion: eu-west-1\nnetwork:\n  cidr: 10.0.0.0/16\n  availability_zones: [{zones}]\n  public_subnets: [10.0.1.0/24, 10.0.{second}.0/24]\n  private_subnets: [10.0.11.0/24, 10.0.1{second}.0/24]\ndatabase: {{deletion_protection: false, final_snapshot: false}}\n"
    )
}

#[test]
fn another_zone_with_the_same_addresses_is_refused_at_once() {
    let world = World::applied(&spec("eu-west-1a, eu-west-1b", 2));
    world.write("kongstack.yaml", &spec("eu-west-1a, eu-west-1c", 2));
    world.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let said = world.run(command).exits(1).all();
        for part in [
            "! network/public-subnet/2",
            "ingress/load-balancer",
            "! network/private-subnet/2",
            "database/subnet-group",
            "give the subnets other addresses",
        ] {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
    }
    assert_eq!(world.mutating(), Vec::<String>::new());

    // The way out that was named is one: the new ones are made beside the old.
    world.write("kongstack.yaml", &spec("eu-west-1a, eu-west-1c", 3));
    let plan = world.run(&["plan"]).exits(0);
    let planned = planned(&plan.stdout);
    for subnet in ["public", "private"] {
        let replaced = format!("replace network/{subnet}-subnet/2");
        assert!(planned.contains(&replaced), "{planned:?}");
    }
    assert!(plan.stdout.contains("+/- replace network/public-subnet/2"));

    // A destruction needs no successor, and is not held up.
    world.write("kongstack.yaml", &spec("eu-west-1a, eu-west-1c", 2));
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
}
