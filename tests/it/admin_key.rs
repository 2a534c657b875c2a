//! Another key for the Admin API, with a time in which both work.

use serde_json::json;

use crate::standin::gateway::stack::{REGION, Stack};
use crate::support::{Output, Running, example};

fn admin_key(stack: &Stack, action: &str) -> Output {
    let file = example("quickstart");
    stack
        .world
        .run(&["admin-key", action, "-f", &file, "--auto-approve"])
}

fn opens(stack: &Stack, key: &str) -> bool {
    let status = stack.get("/kong-admin/", &[("apikey", key)]).status;
    assert!([200, 401].contains(&status), "{status}");
    status == 200
}

#[tokio::test]
async fn both_keys_work_until_the_old_one_is_taken_away() {
    let stack = Stack::quickstart();
    let old = stack.key().await;
    let rotated = admin_key(&stack, "rotate").exits(0);
    let new = stack.key().await;
    assert_ne!(old, new);
    assert!(opens(&stack, &old) && opens(&stack, &new));
    // Not a third one before the first is gone.
    let again = admin_key(&stack, "rotate").exits(1);
    assert!(
        again.stderr.contains("admin-key finish"),
        "{}",
        again.stderr
    );
    assert_eq!(stack.key().await, new);
    let finished = admin_key(&stack, "finish").exits(0);
    assert!(!opens(&stack, &old) && opens(&stack, &new));
    let nothing = admin_key(&stack, "finish").exits(0);
    assert!(
        nothing.stdout.contains("only one key"),
        "{}",
        nothing.stdout
    );
    for said in [rotated, again, finished] {
        assert!(!said.all().contains(&old) && !said.all().contains(&new));
    }
    let file = example("quickstart");
    let _ = stack
        .world
        .run(&["plan", "--detailed-exitcode", "-f", &file])
        .exits(0);
}

#[tokio::test]
async fn a_rotation_that_was_cut_short_goes_on_with_the_key_it_made() {
    for operation in ["PutSecretValue", "UpdateSecretVersionStage"] {
        for kind in ["access-denied", "cut-after"] {
            let stack = Stack::quickstart();
            let old = stack.key().await;
            stack.world.fault("secretsmanager", operation, kind, 1);
            let first = admin_key(&stack, "rotate");
            assert!(opens(&stack, &old), "{operation} {kind}");
            if first.code != 0 {
                let _ = admin_key(&stack, "rotate").exits(0);
            }
            let new = stack.key().await;
            assert_ne!(old, new, "{operation} {kind}");
            assert!(opens(&stack, &old) && opens(&stack, &new));
            let _ = admin_key(&stack, "finish").exits(0);
            assert!(!opens(&stack, &old));
            // Two keys in all, however often it was begun.
            assert_eq!(keys(&stack).await, 1, "{operation} {kind}");
        }
    }
}

/// How many keys the gateway takes.
async fn keys(stack: &Stack) -> usize {
    let known = stack
        .admin()
        .await
        .get("/consumers/kongstack-admin/key-auth");
    known["data"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_rotation_killed_at_any_of_its_steps_goes_on_and_no_key_is_left_over() {
    let file = example("quickstart");
    for step in [
        "putting a new key into the secret",
        "telling the gateway of it",
        "waiting until the data planes take it",
        "making it the current one",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ] {
        let stack = Stack::quickstart();
        let old = stack.key().await;
        stack.world.forget_calls();
        let args = ["admin-key", "rotate", "-f", &file, "--auto-approve"];
        let mut run = Running::begin(&stack.world, &args);
        match step.contains(':') {
            true => run.until(step),
            false => run.until_it_says(step),
        }
        run.signal("-KILL");
        let _ = run.ends();
        stack.world.let_the_lease_expire(REGION);
        // Whoever holds the old key, or asks the secret, is let in whatever happened.
        assert!(
            opens(&stack, &old) && opens(&stack, &stack.key().await),
            "{step}"
        );
        if stack.key().await == old {
            let _ = admin_key(&stack, "rotate").exits(0);
        }
        let _ = admin_key(&stack, "finish").exits(0);
        let new = stack.key().await;
        assert_ne!(old, new, "{step}");
        assert!(!opens(&stack, &old) && opens(&stack, &new), "{step}");
        assert_eq!(keys(&stack).await, 1, "{step}");
        // The next rotation finds nothing of this one in its way.
        let _ = admin_key(&stack, "rotate").exits(0);
        assert_ne!(stack.key().await, new, "{step}");
    }
}

#[tokio::test]
async fn a_mark_that_a_killed_rotation_left_is_in_nobodys_way() {
    let stack = Stack::quickstart();
    let secrets = aws_sdk_secretsmanager::Client::new(&stack.world.aws(REGION));
    let secret = stack.output("admin_key_secret");
    let mark = async || {
        let current = secrets.get_secret_value().secret_id(secret).send().await;
        let current = current.expect("a key").version_id.expect("its version");
        let call = secrets.update_secret_version_stage().secret_id(secret);
        let call = call.version_stage("AWSPENDING").move_to_version_id(current);
        call.send().await.expect("marked");
    };
    // Killed after its key became the current one, it is over for whoever asks for it again.
    let old = stack.key().await;
    let _ = admin_key(&stack, "rotate").exits(0);
    let new = stack.key().await;
    mark().await;
    let _ = admin_key(&stack, "rotate").exits(0);
    assert_eq!(stack.key().await, new);
    assert!(opens(&stack, &old) && opens(&stack, &new));
    // And once it is finished, asking for one is asking for another.
    mark().await;
    let _ = admin_key(&stack, "finish").exits(0);
    let _ = admin_key(&stack, "rotate").exits(0);
    assert_ne!(stack.key().await, new);
    let _ = admin_key(&stack, "finish").exits(0);
    assert_eq!(keys(&stack).await, 1);
}

#[tokio::test]
async fn a_gateway_that_cannot_be_used_keeps_its_key() {
    let stack = Stack::quickstart();
    let old = stack.key().await;
    stack.world.configure(&json!({"client_ip": "192.0.2.77"}));
    let refused = admin_key(&stack, "rotate").exits(1);
    assert!(refused.stderr.contains("admin.allow"), "{}", refused.stderr);
    assert_eq!(stack.key().await, old);
}
