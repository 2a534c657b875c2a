//! The same stack broken on purpose: each breakage with the checks that must fail, the first of them first.

use aws_sdk_elasticloadbalancingv2::types::{
    Certificate, TargetDescription, TargetGroupIpAddressTypeEnum, TargetTypeEnum,
};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, RrType};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::proof::{DOMAIN, Proof, REGION};

/// What is broken, how, and which checks fail of it.
type Breakage = (
    &'static str,
    for<'a> fn(&'a Proof) -> BoxFuture<'a, ()>,
    &'static [&'static str],
);

/// The parts as AWS shows them.
const PARTS: [Breakage; 7] = [
    (
        "the control plane is scaled to nothing",
        |proof| scale(proof, "proof-cp", 0).boxed(),
        &["drift", "control-plane"],
    ),
    (
        "the data planes are scaled to nothing",
        |proof| scale(proof, "proof-dp", 0).boxed(),
        &["drift", "data-plane"],
    ),
    (
        "the database is stopped",
        |proof| stop_database(proof).boxed(),
        &["drift", "database"],
    ),
    (
        "an upgrade of the schema is pending",
        |proof| mark(proof, "kongstack:schema", "kong:3.8.0").boxed(),
        &["drift", "migrations"],
    ),
    (
        "an upgrade of the schema is not finished",
        |proof| mark(proof, "kongstack:schema-finished", "kong:3.8.0").boxed(),
        &["drift", "migrations"],
    ),
    (
        "a target is taken out by hand",
        |proof| take_a_target_out(proof).boxed(),
        &["targets"],
    ),
    (
        "a group has a rule more",
        |proof| open(proof, "proof-dp", 22).boxed(),
        &["drift"],
    ),
];

/// The names, the certificate, and the ways to the control plane.
const WAYS: [Breakage; 6] = [
    (
        "the record is gone",
        |proof| remove_the_record(proof).boxed(),
        &["drift", "dns"],
    ),
    (
        "the listener has a certificate for another name",
        |proof| change_the_certificate(proof).boxed(),
        &["drift", "tls"],
    ),
    (
        "the certificate expires in ten days",
        |proof| {
            let order = json!({
                "kind": "certificate", "resource": proof.certificate, "state": "expiring",
                "for": 10 * 86400,
            });
            let _ = proof.world.order("states", &order);
            async {}.boxed()
        },
        &["tls"],
    ),
    (
        "Cloud Map has an instance more",
        |proof| register_a_stray(proof).boxed(),
        &["cloud-map"],
    ),
    (
        "the control plane's group is open to all",
        |proof| open(proof, "proof-cp", 8001).boxed(),
        &["drift", "private"],
    ),
    (
        "a target group leads to the control plane",
        |proof| balance_the_control_plane(proof).boxed(),
        &["private"],
    ),
];

/// What Kong itself is set to.
const KONG: [Breakage; 4] = [
    (
        "a data plane takes no more configuration",
        |proof| leave_one_behind(proof).boxed(),
        &["sync"],
    ),
    (
        "the route asks for no key any more",
        |proof| {
            let off = json!({"enabled": false});
            proof.admin("PATCH", "/plugins/kongstack-admin-key-auth", &off);
            proof.wait(10);
            async {}.boxed()
        },
        &["drift", "admin-api"],
    ),
    (
        "the Admin API is open",
        |proof| {
            let off = json!({"enabled": false});
            proof.admin("PATCH", "/plugins/kongstack-admin-acl", &off);
            proof.admin("PATCH", "/plugins/kongstack-admin-key-auth", &off);
            proof.wait(10);
            async {}.boxed()
        },
        &["drift", "admin-key"],
    ),
    (
        "the route is gone",
        |proof| {
            proof.admin("DELETE", "/routes/kongstack-admin", &json!({}));
            proof.wait(10);
            async {}.boxed()
        },
        &["admin-key"],
    ),
];

async fn each_is_found(breakages: &[Breakage]) {
    for (what, breaks, expected) in breakages {
        let proof = Proof::new().await;
        breaks(&proof).await;
        let found = proof.verify(&[]);
        assert_eq!(found.that("failed"), *expected, "{what}: {:#}", found.said);
        assert_eq!(found.code, 1, "{what}");
        // What rests on a failure says so, and on which.
        for (check, detail) in found.details() {
            if let Some(root) = detail.strip_prefix("needs ") {
                assert!(expected.contains(&root), "{what}: {check} {detail}");
            }
        }
    }
}

#[tokio::test]
async fn broken_parts_are_named() {
    each_is_found(&PARTS).await;
}

#[tokio::test]
async fn broken_ways_are_named() {
    each_is_found(&WAYS).await;
}

#[tokio::test]
async fn what_is_wrong_within_kong_is_named() {
    each_is_found(&KONG).await;
}

#[tokio::test]
async fn another_account_ends_it_at_once() {
    let proof = Proof::new().await;
    proof.world.forget_calls();
    // A certificate of this account would be a mistake in a spec for that one.
    let other = [
        "--set",
        "account=\"111111111111\"",
        "--set",
        "ingress.certificate=none",
    ];
    let found = proof.verify(&other);
    assert_eq!((found.code, found.that("failed")), (1, vec!["account"]));
    assert_eq!(found.that("not-checked").len(), 16);
    let calls = proof.world.calls();
    assert!(calls.iter().all(|call| call.service == "sts"), "{calls:?}");
}

async fn scale(proof: &Proof, service: &str, count: i32) {
    let ecs = aws_sdk_ecs::Client::new(&proof.world.aws(REGION));
    let update = ecs.update_service().cluster("proof").service(service);
    let _ = update.desired_count(count).send().await.expect("scaled");
}

async fn stop_database(proof: &Proof) {
    let rds = aws_sdk_rds::Client::new(&proof.world.aws(REGION));
    let clusters = rds.describe_db_clusters().send().await.expect("clusters");
    let name = clusters.db_clusters()[0].db_cluster_identifier();
    let stop = rds.stop_db_cluster();
    let stop = stop.db_cluster_identifier(name.expect("its name")).send();
    let _ = stop.await.expect("stopped");
    proof.wait(1200);
}

async fn mark(proof: &Proof, key: &str, value: &str) {
    let rds = aws_sdk_rds::Client::new(&proof.world.aws(REGION));
    let clusters = rds.describe_db_clusters().send().await.expect("clusters");
    let arn = clusters.db_clusters()[0].db_cluster_arn().expect("an ARN");
    let tag = aws_sdk_rds::types::Tag::builder().key(key).value(value);
    let tag = rds
        .add_tags_to_resource()
        .resource_name(arn)
        .tags(tag.build());
    let _ = tag.send().await.expect("tagged");
}

async fn take_a_target_out(proof: &Proof) {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&proof.world.aws(REGION));
    let groups = elb.describe_target_groups().send().await.expect("groups");
    let group = groups.target_groups()[0]
        .target_group_arn()
        .expect("an ARN");
    let health = elb.describe_target_health().target_group_arn(group).send();
    let health = health.await.expect("targets");
    let one = health.target_health_descriptions()[0].target().cloned();
    let out = elb.deregister_targets().target_group_arn(group);
    let _ = out
        .targets(one.expect("a target"))
        .send()
        .await
        .expect("taken out");
}

async fn group_of(proof: &Proof, name: &str) -> String {
    let ec2 = aws_sdk_ec2::Client::new(&proof.world.aws(REGION));
    let filter = aws_sdk_ec2::types::Filter::builder();
    let filter = filter.name("group-name").values(name).build();
    let groups = ec2.describe_security_groups().filters(filter).send().await;
    let groups = groups.expect("groups");
    groups.security_groups()[0]
        .group_id()
        .expect("an id")
        .to_owned()
}

async fn open(proof: &Proof, group: &str, port: i32) {
    let group = group_of(proof, group).await;
    let ec2 = aws_sdk_ec2::Client::new(&proof.world.aws(REGION));
    let open = ec2.authorize_security_group_ingress().group_id(group);
    let open = open.ip_protocol("tcp").from_port(port).to_port(port);
    let _ = open.cidr_ip("0.0.0.0/0").send().await.expect("a rule");
}

async fn remove_the_record(proof: &Proof) {
    let route53 = aws_sdk_route53::Client::new(&proof.world.aws(REGION));
    let records = route53
        .list_resource_record_sets()
        .hosted_zone_id(proof.zone);
    let records = records.send().await.expect("records");
    let mut records = records.resource_record_sets().iter();
    let record = records
        .find(|one| *one.r#type() == RrType::A && one.name().trim_end_matches('.') == DOMAIN);
    let change = Change::builder()
        .action(ChangeAction::Delete)
        .resource_record_set(record.expect("an A record").clone());
    let batch = ChangeBatch::builder().changes(change.build().expect("a change"));
    let _ = route53
        .change_resource_record_sets()
        .hosted_zone_id(proof.zone)
        .change_batch(batch.build().expect("a batch"))
        .send()
        .await
        .expect("removed");
}

async fn change_the_certificate(proof: &Proof) {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&proof.world.aws(REGION));
    let balancers = elb.describe_load_balancers().send().await;
    let balancers = balancers.expect("load balancers");
    let balancer = balancers.load_balancers()[0].load_balancer_arn();
    let listeners = elb.describe_listeners();
    let listeners = listeners.load_balancer_arn(balancer.expect("an ARN"));
    let listeners = listeners.send().await.expect("listeners");
    let mut listeners = listeners.listeners().iter();
    let listener = listeners.find(|one| one.port() == Some(443));
    let other = Certificate::builder().certificate_arn(proof.other_certificate);
    let _ = elb
        .modify_listener()
        .listener_arn(listener.and_then(|one| one.listener_arn()).expect("an ARN"))
        .certificates(other.build())
        .send()
        .await
        .expect("changed");
}

async fn register_a_stray(proof: &Proof) {
    let map = aws_sdk_servicediscovery::Client::new(&proof.world.aws(REGION));
    let services = map.list_services().send().await.expect("services");
    let service = services.services()[0].id().expect("an id");
    let _ = map
        .register_instance()
        .service_id(service)
        .instance_id("stray")
        .attributes("AWS_INSTANCE_IPV4", "10.0.0.99")
        .send()
        .await
        .expect("registered");
    proof.wait(60);
}

/// The private address of a running task of the control plane.
async fn address_of_the_control_plane(proof: &Proof) -> String {
    let task = task_of(proof, "proof-cp").await;
    let details = task.attachments().iter().flat_map(|one| one.details());
    let mut details = details.filter(|one| one.name() == Some("privateIPv4Address"));
    let address = details.next().and_then(|one| one.value());
    address.expect("its address").to_owned()
}

async fn leave_one_behind(proof: &Proof) {
    let task = task_of(proof, "proof-dp").await;
    let order = json!({"kind": "data-plane", "resource": task.task_arn(), "state": "sync-stuck"});
    let _ = proof.world.order("states", &order);
    proof.admin("PUT", "/services/new", &json!({"host": "new.invalid"}));
    let to_nowhere = json!({"paths": ["/new"], "service": {"name": "new"}});
    proof.admin("PUT", "/routes/new", &to_nowhere);
    proof.wait(10);
}

async fn task_of(proof: &Proof, service: &str) -> aws_sdk_ecs::types::Task {
    let ecs = aws_sdk_ecs::Client::new(&proof.world.aws(REGION));
    let listed = ecs.list_tasks().cluster("proof").service_name(service);
    let listed = listed.send().await.expect("tasks");
    let tasks = ecs.describe_tasks().cluster("proof");
    let tasks = tasks.set_tasks(listed.task_arns).send().await;
    tasks.expect("tasks").tasks()[0].clone()
}

async fn balance_the_control_plane(proof: &Proof) {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&proof.world.aws(REGION));
    let groups = elb.describe_target_groups().send().await.expect("groups");
    let vpc = groups.target_groups()[0].vpc_id().expect("a VPC");
    let made = elb
        .create_target_group()
        .name("somebody")
        .protocol(aws_sdk_elasticloadbalancingv2::types::ProtocolEnum::Http)
        .port(8001)
        .vpc_id(vpc)
        .ip_address_type(TargetGroupIpAddressTypeEnum::Ipv4)
        .target_type(TargetTypeEnum::Ip)
        .send()
        .await
        .expect("a target group");
    let group = made.target_groups()[0].target_group_arn().expect("an ARN");
    let address = address_of_the_control_plane(proof).await;
    let target = TargetDescription::builder().id(address).port(8001).build();
    let register = elb.register_targets().target_group_arn(group);
    let _ = register.targets(target).send().await.expect("registered");
}
