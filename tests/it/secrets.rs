//! The secrets of a stack: in no output, however much is asked for.

use crate::support::{World, example, secret_values, shows};

#[tokio::test]
async fn no_secret_is_in_any_output() {
    let world = World::new();
    let path = example("quickstart");
    let mut said = String::new();
    for command in [
        &["apply", "--auto-approve", "-vv"][..],
        &["plan", "-vv"],
        &["output", "-vv"],
    ] {
        let output = world.run(&[command, &["-f", &path]].concat()).exits(0);
        said = said + &output.stdout + &output.stderr;
    }
    let values = secret_values(&world, "eu-west-1").await;
    assert_eq!(
        values.len(),
        3,
        "the admin key, the cluster's key, the database's password"
    );
    assert!(!shows(&said, &values), "a secret is in the output");
}
