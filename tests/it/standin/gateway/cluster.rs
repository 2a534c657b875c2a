//! What a control plane's configuration does on its way to the data planes.

use aws_sdk_ecs::types::{ContainerOverride, TaskOverride};
use serde_json::{Value, json};

use super::stack::{Admin, CLUSTER, CONTROL_PLANE, DATA_PLANE, REGION, Stack};

const NO_HASH: &str = "00000000000000000000000000000000";

/// Makes a route that leads nowhere, so that taking it is seen.
fn lead_nowhere(admin: &Admin<'_>, path: &str) {
    let _ = admin.put("/services/nowhere", &json!({"host": "nowhere.invalid"}));
    let route = json!({"paths": [path], "service": {"name": "nowhere"}});
    let _ = admin.put("/routes/nowhere", &route);
}

#[tokio::test]
async fn a_write_reaches_every_data_plane() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let before = admin.data_planes("config_hash");
    assert_eq!(before.len(), 2);
    assert!(before[0] == before[1] && before[0] != NO_HASH, "{before:?}");
    assert_eq!(
        admin.data_planes("sync_status"),
        [json!("normal"), json!("normal")]
    );
    assert_eq!(
        admin.data_planes("version"),
        [json!("3.9.3"), json!("3.9.3")]
    );
    let details = &admin.data_planes("cert_details")[0];
    assert!(details["expiry_timestamp"].as_i64() > Some(1_700_000_000));

    lead_nowhere(&admin, "/nowhere");
    let found = || {
        (
            stack.get("/nowhere", &[]).status,
            stack.get("/nowhere", &[]).status,
        )
    };
    assert_eq!(stack.until(&(503, 503), found), (503, 503));
    let after = admin.data_planes("config_hash");
    assert!(after[0] == after[1] && after[0] != before[0], "{after:?}");
    let _ = admin.send("DELETE", "/routes/nowhere", None);
    let _ = admin.send("DELETE", "/services/nowhere", None);
    let seen = stack.until(&before, || admin.data_planes("config_hash"));
    assert_eq!(seen, before, "the same entities, the same hash");
}

#[tokio::test]
async fn a_data_plane_that_is_stuck_stays_behind() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let task = stack.tasks(DATA_PLANE).await[0].clone();
    stack.put(
        "data-plane",
        task.task_arn().expect("its ARN"),
        "sync-stuck",
    );
    lead_nowhere(&admin, "/nowhere");
    stack.world.configure(&json!({"skip_seconds": 10}));
    let hashes = admin.data_planes("config_hash");
    assert_ne!(hashes[0], hashes[1]);
    stack.put("data-plane", "*", "in-sync");
    let hashes = admin.data_planes("config_hash");
    assert_eq!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn an_import_tells_no_data_plane() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let before = admin.data_planes("config_hash");
    let document = json!({"_format_version": "3.0", "services": [{
        "name": "nowhere", "url": "http://nowhere.invalid",
        "routes": [{"name": "nowhere", "paths": ["/nowhere"]}],
    }]});
    let script =
        format!("printf '%s' '{document}' > /tmp/f.json && kong config db_import /tmp/f.json");
    assert_eq!(import(&stack, &script).await, Some(0));
    assert_eq!(admin.get("/services/nowhere")["host"], "nowhere.invalid");
    assert_eq!(stack.get("/nowhere", &[]).status, 404);
    assert_eq!(admin.data_planes("config_hash"), before);

    let _ = admin.put("/consumers/somebody", &json!({}));
    let found = || stack.get("/nowhere", &[]).status;
    assert_eq!(stack.until(&503, found), 503, "the next write tells all");
}

/// Runs a script where the control plane runs; its exit code.
async fn import(stack: &Stack, script: &str) -> Option<i32> {
    let control = stack.service(CONTROL_PLANE).await;
    let running = stack.tasks(CONTROL_PLANE).await;
    let name = running[0].containers()[0].name().expect("its name");
    let override_ = ContainerOverride::builder().name(name);
    let override_ = override_.command("sh").command("-c").command(script);
    let run = stack.ecs().run_task().cluster(CLUSTER);
    let run = run.task_definition(control.task_definition().expect("one"));
    let run = run.launch_type(aws_sdk_ecs::types::LaunchType::Fargate);
    let run = run.set_network_configuration(control.network_configuration().cloned());
    let overrides = TaskOverride::builder().container_overrides(override_.build());
    let run = run.overrides(overrides.build()).send().await;
    let task = run.expect("a task").tasks.unwrap_or_default().remove(0);
    let arn = task.task_arn().expect("its ARN");
    for _ in 0..500 {
        let seen = stack.ecs().describe_tasks().cluster(CLUSTER).tasks(arn);
        let seen = seen.send().await.expect("a task");
        let seen = &seen.tasks()[0];
        if seen.last_status() == Some("STOPPED") {
            return seen.containers()[0].exit_code();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    None
}

#[tokio::test]
async fn without_entities_no_data_plane_is_ready() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    // All of it before the data planes hear of the first.
    stack.world.configure(&json!({"speed": 1}));
    for path in [
        "/routes/kongstack-admin",
        "/services/kongstack-admin",
        "/consumers/kongstack-admin",
    ] {
        assert_eq!(admin.send("DELETE", path, None).status, 204, "{path}");
    }
    stack.world.configure(&json!({"skip_seconds": 5}));
    assert_eq!(stack.get("/kong-admin", &[]).status, 404);
    let service = stack.service(DATA_PLANE).await;
    let group = service.load_balancers()[0].target_group_arn();
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&stack.world.aws(REGION));
    let mut told = Vec::new();
    for _ in 0..30 {
        stack.world.configure(&json!({"skip_seconds": 10}));
        let health = elb.describe_target_health();
        let health = health.set_target_group_arn(group.map(str::to_owned)).send();
        let health = health.await.expect("health");
        let targets = health.target_health_descriptions().iter();
        told.extend(targets.filter_map(|one| Some(one.target_health()?.description()?.to_owned())));
    }
    assert!(told.iter().any(|one| one.contains("[503]")), "{told:?}");
}

#[tokio::test]
async fn a_control_plane_without_its_database_says_so() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    stack.put("db-instance", "*", "stopped");
    assert_eq!(admin.get("/status")["database"]["reachable"], json!(false));
    let (status, message) = admin.send("GET", "/services", None).told();
    assert_eq!(
        (status, message.as_str()),
        (500, "An unexpected error occurred")
    );
    assert_eq!(admin.get("/")["version"], "3.9.3");
}

/// A task definition like another, whose secrets are those of a version.
async fn with_version(stack: &Stack, like: &str, version: &str) -> String {
    let found = stack.ecs().describe_task_definition().task_definition(like);
    let found = found
        .send()
        .await
        .expect("a task definition")
        .task_definition;
    let found = found.expect("a task definition");
    let mut containers = found.container_definitions.unwrap_or_default();
    for secret in containers
        .iter_mut()
        .flat_map(|one| one.secrets.iter_mut().flatten())
    {
        let (at, _) = secret.value_from.rsplit_once(':').expect("a version");
        secret.value_from = format!("{at}:{version}");
    }
    let register = stack.ecs().register_task_definition().family("another");
    let made = register
        .set_container_definitions(Some(containers))
        .set_requires_compatibilities(found.requires_compatibilities)
        .set_network_mode(found.network_mode)
        .set_execution_role_arn(found.execution_role_arn)
        .set_cpu(found.cpu)
        .set_memory(found.memory)
        .send()
        .await;
    let made = made.expect("registered").task_definition;
    made.and_then(|made| made.task_definition_arn)
        .expect("its ARN")
}

#[tokio::test]
async fn another_certificate_does_not_connect() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let before = admin.data_planes("id");
    let rcgen::CertifiedKey { cert, .. } =
        rcgen::generate_simple_self_signed(["kong_clustering".to_owned()]).expect("a certificate");
    let secrets = aws_sdk_secretsmanager::Client::new(&stack.world.aws(REGION));
    let certificate = cluster_certificate(&stack).await;
    let change = secrets.put_secret_value().secret_id(&certificate.0);
    let mut value: Value = serde_json::from_str(&certificate.1).expect("JSON");
    value["cert"] = json!(cert.pem());
    let changed = change.secret_string(value.to_string()).send().await;
    let version = changed.expect("changed").version_id.expect("a version");
    let service = stack.service(DATA_PLANE).await;
    let definition = service.task_definition().expect("a task definition");
    let definition = with_version(&stack, definition, &version).await;
    let network = service.network_configuration().cloned();
    let run = stack.ecs().run_task().cluster(CLUSTER);
    let run = run
        .task_definition(definition)
        .launch_type(aws_sdk_ecs::types::LaunchType::Fargate)
        .set_network_configuration(network);
    let _ = run.send().await.expect("one more data plane");
    stack.world.configure(&json!({"skip_seconds": 300}));
    assert_eq!(admin.data_planes("id"), before, "nobody new has connected");
}

/// The secret with the clusters' certificate, and what it holds.
async fn cluster_certificate(stack: &Stack) -> (String, String) {
    let secrets = aws_sdk_secretsmanager::Client::new(&stack.world.aws(REGION));
    let listed = secrets.list_secrets().send().await.expect("secrets");
    for secret in listed.secret_list() {
        let arn = secret.arn().expect("its ARN");
        let value = secrets.get_secret_value().secret_id(arn).send().await;
        let value = value.expect("a value").secret_string.expect("its text");
        if value.contains("BEGIN CERTIFICATE") {
            return (arn.to_owned(), value);
        }
    }
    (String::new(), String::new())
}

#[tokio::test]
async fn an_older_control_plane_turns_newer_data_planes_away() {
    let stack = Stack::quickstart();
    let admin = stack.admin().await;
    let control = stack.service(CONTROL_PLANE).await;
    let definition = stack.ecs().describe_task_definition();
    let definition = definition.task_definition(control.task_definition().expect("one"));
    let definition = definition.send().await.expect("one").task_definition;
    let definition = definition.expect("a definition");
    let mut container = definition.container_definitions()[0].clone();
    container.image = Some("kong:3.8.0".to_owned());
    let older = stack.ecs().register_task_definition().family("older");
    let older = older
        .container_definitions(container)
        .network_mode(aws_sdk_ecs::types::NetworkMode::Awsvpc)
        .requires_compatibilities(aws_sdk_ecs::types::Compatibility::Fargate)
        .set_cpu(definition.cpu)
        .set_memory(definition.memory)
        .set_execution_role_arn(definition.execution_role_arn)
        .set_task_role_arn(definition.task_role_arn);
    let older = older.send().await.expect("registered").task_definition;
    let older = older
        .and_then(|it| it.task_definition_arn)
        .expect("its ARN");
    let update = stack
        .ecs()
        .update_service()
        .cluster(CLUSTER)
        .service(CONTROL_PLANE);
    let _ = update.task_definition(older).send().await.expect("updated");
    let told = [
        json!("kong_version_incompatible"),
        json!("kong_version_incompatible"),
    ];
    let looked = || {
        let seen = admin.send("GET", "/clustering/data-planes", None);
        let rows = (seen.status == 200).then(|| seen.json()["data"].clone());
        let rows = rows
            .and_then(|rows| rows.as_array().cloned())
            .unwrap_or_default();
        rows.iter()
            .map(|row| row["sync_status"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(stack.until(&told.to_vec(), looked), told);
}
