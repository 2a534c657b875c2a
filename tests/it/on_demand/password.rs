//! A database password that is rotated while the control plane is awake.

use super::*;

/// Another password, as AWS makes one every seven days.
async fn rotate(world: &World) {
    let config = world.aws(REGION);
    let rds = aws_sdk_rds::Client::new(&config);
    let clusters = rds.describe_db_clusters().send().await.expect("clusters");
    let secret = clusters.db_clusters()[0].master_user_secret();
    let secret = secret.and_then(|it| it.secret_arn()).expect("its secret");
    let call = aws_sdk_secretsmanager::Client::new(&config).rotate_secret();
    let _ = call.secret_id(secret).send().await.expect("rotated");
}

/// Asks the machine to let the control plane sleep while a new data plane waits for it, which leaves it awake.
async fn kept_awake(world: &World, data_planes: i32) {
    scale(world, data_planes).await;
    skip(world, 15.0).await;
    let sfn = aws_sdk_sfn::Client::new(&world.aws(REGION));
    let machines = sfn.list_state_machines().send().await.expect("machines");
    let call = sfn
        .start_execution()
        .state_machine_arn(machines.state_machines()[0].state_machine_arn())
        .input(r#"{"act":"sleep"}"#);
    let before = executions(world).len();
    let _ = call.send().await.expect("started");
    skip(world, 20.0).await;
    let mut all = ended(world, before);
    all.retain(|one| one.starts_with("sleep"));
    assert_eq!(all, ["sleep: SUCCEEDED awake"]);
}

#[tokio::test]
async fn a_node_with_a_dead_password_is_replaced_once_and_only_if_it_is_older() {
    let world = asleep().await;
    push(&world, 1).await;
    skip(&world, 300.0).await;
    let first = started(&world);
    kept_awake(&world, 3).await;
    assert_eq!(started(&world), first, "its password is the current one");

    rotate(&world).await;
    push(&world, 50).await;
    skip(&world, 300.0).await;
    assert_eq!(
        started(&world),
        first,
        "a burst of events refreshes nothing"
    );
    kept_awake(&world, 4).await;
    kept_awake(&world, 5).await;
    skip(&world, 300.0).await;
    assert_eq!(
        started(&world),
        first + 1,
        "one new node, whoever looks how often"
    );
    assert_eq!(counts(&world, "od-cp").await, (1, 1));
    kept_awake(&world, 6).await;
    skip(&world, 300.0).await;
    assert_eq!(started(&world), first + 1, "it knows the new password");

    let timer = due(&world).await.expect("a timer");
    skip(&world, timer - now(&world) + 120.0).await;
    assert_eq!(counts(&world, "od-cp").await.0, 0, "and it sleeps as ever");
}
