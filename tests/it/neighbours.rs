//! Stacks beside each other whose names are nearly one: none takes another's resources for its own.

use crate::support::{World, left};

/// Each name begins the next.
const NAMES: [&str; 3] = ["kong", "kong-gw", "kong-gw-2"];

fn spec(name: &str, region: &str) -> String {
    format!(
        "name: {name}\nregion: {region}\nadmin: {{allow: [203.0.113.0/24]}}\n\
         network: {{egress: public-ip}}\n\
         database: {{deletion_protection: false, final_snapshot: false}}\n"
    )
}

#[tokio::test]
async fn a_name_that_begins_another_is_not_the_other() {
    let world = World::new();
    for name in NAMES {
        world.write(&format!("{name}.yaml"), &spec(name, "eu-west-1"));
        let file = format!("{name}.yaml");
        let _ = world
            .run(&["apply", "--auto-approve", "-f", &file])
            .exits(0);
    }
    for name in NAMES {
        world.expect_converged(&["-f", &format!("{name}.yaml")]);
    }
    let _ = world
        .run(&["destroy", "--auto-approve", "-f", "kong-gw.yaml"])
        .exits(0);
    let config = world.aws("eu-west-1");
    for name in ["kong", "kong-gw-2"] {
        world.expect_converged(&["-f", &format!("{name}.yaml")]);
    }
    let _ = world
        .run(&["destroy", "--auto-approve", "-f", "kong.yaml"])
        .exits(0);
    world.expect_converged(&["-f", "kong-gw-2.yaml"]);
    let _ = world
        .run(&["destroy", "--auto-approve", "-f", "kong-gw-2.yaml"])
        .exits(0);
    for name in NAMES {
        assert_eq!(left(&config, name).await, [""; 0], "{name}");
    }
}

#[tokio::test]
async fn a_stack_of_the_same_name_in_another_region_is_another() {
    let world = World::new();
    let regions = ["eu-west-1", "us-east-1"];
    for region in regions {
        let file = format!("{region}.yaml");
        world.write(&file, &spec("kong-gw", region));
        let _ = world
            .run(&["apply", "--auto-approve", "-f", &file])
            .exits(0);
    }
    for region in regions {
        world.expect_converged(&["-f", &format!("{region}.yaml")]);
    }
    let _ = world
        .run(&["destroy", "--auto-approve", "-f", "eu-west-1.yaml"])
        .exits(0);
    world.expect_converged(&["-f", "us-east-1.yaml"]);
    let _ = world
        .run(&["destroy", "--auto-approve", "-f", "us-east-1.yaml"])
        .exits(0);
    for region in regions {
        assert_eq!(
            left(&world.aws(region), "kong-gw").await,
            [""; 0],
            "{region}"
        );
    }
}
