//! Pieces without what belongs to them: a role without its policy, a listener without rules, a secret without a value.

use aws_config::SdkConfig;

use crate::support::{World, left, planned};

const SPEC: &str = "\
name: pieces
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
admin: {allow: [203.0.113.0/24]}
";

fn has(planned: &[String], wanted: &[&str]) {
    for one in wanted {
        assert!(
            planned.iter().any(|line| line == one),
            "no {one:?} in {planned:?}"
        );
    }
}

async fn take_policy_off(config: &SdkConfig) {
    let iam = aws_sdk_iam::Client::new(config);
    let role = "pieces-eu-west-1-execution";
    let policies = iam.list_role_policies().role_name(role).send().await;
    let policies = policies.expect("policies");
    let name = &policies.policy_names()[0];
    let deleted = iam.delete_role_policy().role_name(role).policy_name(name);
    deleted.send().await.expect("deleted");
}

/// Takes one listener's rules, and the attributes of load balancer and target group.
async fn undress_load_balancer(config: &SdkConfig) {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(config);
    let balancers = elb.describe_load_balancers().send().await.expect("one");
    let balancer = balancers.load_balancers()[0].load_balancer_arn();
    let balancer = balancer.expect("its ARN").to_owned();
    let listeners = elb.describe_listeners().load_balancer_arn(&balancer);
    let listeners = listeners.send().await.expect("listeners");
    let listener = listeners.listeners()[0].listener_arn().expect("its ARN");
    let rules = elb.describe_rules().listener_arn(listener).send().await;
    for rule in rules.expect("rules").rules() {
        if rule.is_default() != Some(true) {
            let deleted = elb
                .delete_rule()
                .rule_arn(rule.rule_arn().expect("its ARN"));
            deleted.send().await.expect("deleted");
        }
    }
    let attribute = aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute::builder()
        .key("idle_timeout.timeout_seconds")
        .value("61");
    let changed = elb
        .modify_load_balancer_attributes()
        .load_balancer_arn(balancer);
    changed
        .attributes(attribute.build())
        .send()
        .await
        .expect("changed");
    let groups = elb.describe_target_groups().send().await.expect("groups");
    let group = groups.target_groups()[0]
        .target_group_arn()
        .expect("its ARN");
    let attribute = aws_sdk_elasticloadbalancingv2::types::TargetGroupAttribute::builder()
        .key("deregistration_delay.timeout_seconds")
        .value("300");
    let changed = elb.modify_target_group_attributes().target_group_arn(group);
    changed
        .attributes(attribute.build())
        .send()
        .await
        .expect("changed");
}

#[tokio::test]
async fn what_belongs_to_a_piece_is_made_up_for() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    world.write("kongstack.yaml", SPEC);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    take_policy_off(&config).await;
    undress_load_balancer(&config).await;
    let plan = world.run(&["plan"]).exits(0);
    let lines = planned(&plan.stdout);
    let expected = [
        "create identity/execution-policy",
        "update ingress/load-balancer",
        "update ingress/target-group",
        "create ingress/admin-rule/http/allow-1",
        "create ingress/admin-rule/http/refuse-1",
    ];
    has(&lines, &expected);
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);

    // A target group without a listener, a task definition and its logs without a service.
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
    let balancers = elb.describe_load_balancers().send().await.expect("one");
    let arn = balancers.load_balancers()[0]
        .load_balancer_arn()
        .expect("its ARN");
    let listeners = elb.describe_listeners().load_balancer_arn(arn).send().await;
    let listeners = listeners.expect("listeners");
    let listener = listeners.listeners()[0].listener_arn().expect("its ARN");
    let deleted = elb.delete_listener().listener_arn(listener).send().await;
    deleted.expect("deleted");
    let ecs = aws_sdk_ecs::Client::new(&config);
    world.configure(&serde_json::json!({"speed": 20}));
    for service in ["pieces-cp", "pieces-dp"] {
        let deleted = ecs.delete_service().cluster("pieces").service(service);
        deleted.force(true).send().await.expect("deleted");
    }
    let plan = world.run(&["plan"]).exits(0);
    has(
        &planned(&plan.stdout),
        &[
            "create ingress/listener/http",
            "create control-plane/service",
            "create data-plane/service",
        ],
    );
    // Draining, its place is not free yet; making the next one waits for that.
    let said = plan.all();
    assert!(
        said.contains("service/pieces/pieces-dp is still being deleted"),
        "{said}"
    );
    world.configure(&serde_json::json!({"speed": 400}));
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(left(&config, "pieces").await, Vec::<String>::new());
}

/// Deletes the pair for good and puts an empty secret in its place, as a creation in two steps would leave it.
async fn empty_certificate(config: &SdkConfig) {
    let secrets = aws_sdk_secretsmanager::Client::new(config);
    let name = "kongstack/pieces/cluster-certificate";
    let deleted = secrets.delete_secret().secret_id(name);
    let deleted = deleted.force_delete_without_recovery(true).send().await;
    deleted.expect("deleted");
    let tag = |key: &str, value: &str| {
        aws_sdk_secretsmanager::types::Tag::builder()
            .key(key)
            .value(value)
            .build()
    };
    let made = secrets
        .create_secret()
        .name(name)
        .tags(tag("kongstack:stack", "pieces"))
        .tags(tag("kongstack:address", "secrets/cluster-certificate"));
    made.send().await.expect("an empty secret");
}

#[tokio::test]
async fn secrets_are_filled_and_brought_back() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    world.write("kongstack.yaml", SPEC);
    let only = [
        "--target",
        "secrets/admin-key",
        "--target",
        "secrets/cluster-certificate",
    ];
    let apply = [&["apply", "--auto-approve"][..], &only].concat();
    let plan = [&["plan"][..], &only].concat();
    let _ = world.run(&apply).exits(0);
    let key = "kongstack/pieces/admin-key";
    let value = async || {
        let value = secrets.get_secret_value().secret_id(key).send().await;
        value.expect("a value").secret_string().map(str::to_owned)
    };
    let before = value().await;

    empty_certificate(&config).await;
    let deleted = secrets.delete_secret().secret_id(key).send().await;
    deleted.expect("scheduled");
    let shown = world.run(&plan).exits(0);
    let lines = [
        "create secrets/admin-key",
        "update secrets/cluster-certificate",
    ];
    has(&planned(&shown.stdout), &lines);
    let said = shown.all();
    assert!(said.contains("value: (absent) → (generated)"), "{said}");
    assert!(
        said.contains("scheduled for deletion; it is restored with the value"),
        "{said}"
    );
    let _ = world.run(&apply).exits(0);
    assert_eq!(value().await, before);
    let pair = "kongstack/pieces/cluster-certificate";
    let pair = secrets.get_secret_value().secret_id(pair).send().await;
    let pair = pair.expect("a value");
    assert!(
        pair.secret_string()
            .is_some_and(|text| text.contains("BEGIN"))
    );
    let again = world.run(&plan).exits(0);
    assert_eq!(planned(&again.stdout), Vec::<String>::new());
}

#[tokio::test]
async fn a_log_group_made_again_is_ours_only_where_its_streams_prove_it() {
    let world = World::new();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&world.aws("eu-west-1"));
    world.write("kongstack.yaml", SPEC);
    for (group, stream) in [
        (
            "control-plane",
            Some("ecs/kong/0123456789abcdef0123456789abcdef"),
        ),
        ("data-plane", Some("theirs")),
        ("migrations", None),
    ] {
        let name = format!("/kongstack/pieces/{group}");
        let made = logs.create_log_group().log_group_name(&name).send().await;
        made.expect("a group");
        if let Some(stream) = stream {
            let made = logs.create_log_stream().log_group_name(&name);
            made.log_stream_name(stream).send().await.expect("a stream");
        }
    }
    let plan = world.run(&["plan"]).exits(1);
    has(&planned(&plan.stdout), &["update logs/control-plane"]);
    let said = plan.all();
    for theirs in ["data-plane", "migrations"] {
        let foreign = format!("log group /kongstack/pieces/{theirs} is in its place");
        assert!(said.contains(&foreign), "{said}");
    }
    assert!(
        !said.contains("/kongstack/pieces/control-plane is in its place"),
        "{said}"
    );
}
