//! Things changed by hand: seen, shown, repaired. What autoscaling does is not drift.

use aws_config::SdkConfig;
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, RrType};

use crate::support::{World, account, planned};

const SPEC: &str = "\
name: drift
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
ingress: {domain: gw.example.com, hosted_zone: example.com}
admin: {allow: [203.0.113.0/24]}
";

async fn open_a_port(config: &SdkConfig) {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let filter = aws_sdk_ec2::types::Filter::builder()
        .name("group-name")
        .values("drift-dp")
        .build();
    let groups = ec2
        .describe_security_groups()
        .filters(filter)
        .send()
        .await
        .expect("groups");
    let group = groups.security_groups()[0]
        .group_id()
        .expect("an id")
        .to_owned();
    let open = ec2
        .authorize_security_group_ingress()
        .group_id(group)
        .ip_protocol("tcp");
    open.from_port(22)
        .to_port(22)
        .cidr_ip("0.0.0.0/0")
        .send()
        .await
        .expect("a rule");
}

async fn keep_logs_longer(config: &SdkConfig) {
    let logs = aws_sdk_cloudwatchlogs::Client::new(config);
    let group = "/kongstack/drift/data-plane";
    logs.put_retention_policy()
        .log_group_name(group)
        .retention_in_days(30)
        .send()
        .await
        .expect("a retention");
}

async fn remove_a_record(config: &SdkConfig, zone: &str) {
    let route53 = aws_sdk_route53::Client::new(config);
    let records = route53
        .list_resource_record_sets()
        .hosted_zone_id(zone)
        .send()
        .await
        .expect("records");
    let record = records
        .resource_record_sets()
        .iter()
        .find(|record| *record.r#type() == RrType::A);
    let change = Change::builder()
        .action(ChangeAction::Delete)
        .resource_record_set(record.expect("an A record").clone())
        .build()
        .expect("a change");
    let batch = ChangeBatch::builder()
        .changes(change)
        .build()
        .expect("a batch");
    route53
        .change_resource_record_sets()
        .hosted_zone_id(zone)
        .change_batch(batch)
        .send()
        .await
        .expect("removed");
}

async fn scale(config: &SdkConfig, service: &str, count: i32) {
    let ecs = aws_sdk_ecs::Client::new(config);
    ecs.update_service()
        .cluster("drift")
        .service(service)
        .desired_count(count)
        .send()
        .await
        .expect("scaled");
}

async fn check_another_path(config: &SdkConfig) {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(config);
    let groups = elb
        .describe_target_groups()
        .send()
        .await
        .expect("target groups");
    let arn = groups.target_groups()[0]
        .target_group_arn()
        .expect("an ARN")
        .to_owned();
    elb.modify_target_group()
        .target_group_arn(arn)
        .health_check_path("/else")
        .send()
        .await
        .expect("changed");
}

async fn untag(config: &SdkConfig) {
    let rds = aws_sdk_rds::Client::new(config);
    let clusters = rds.describe_db_clusters().send().await.expect("clusters");
    let arn = clusters.db_clusters()[0]
        .db_cluster_arn()
        .expect("an ARN")
        .to_owned();
    rds.remove_tags_from_resource()
        .resource_name(arn)
        .tag_keys("Name")
        .send()
        .await
        .expect("untagged");
}

#[tokio::test]
async fn what_is_changed_by_hand_is_repaired() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let zone = account::hosted_zone(&config, "example.com").await;
    world.write("kongstack.yaml", SPEC);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);

    scale(&config, "drift-dp", 3).await;
    world.expect_converged(&[]);

    open_a_port(&config).await;
    keep_logs_longer(&config).await;
    remove_a_record(&config, &zone).await;
    scale(&config, "drift-cp", 2).await;
    check_another_path(&config).await;
    untag(&config).await;
    let planned = planned(&world.run(&["plan", "--detailed-exitcode"]).exits(2).stdout);
    let (rules, others): (Vec<_>, Vec<_>) = planned
        .iter()
        .partition(|line| line.contains("security/rule/"));
    assert_eq!(
        others,
        [
            "update logs/data-plane",
            "update database/cluster",
            "update ingress/target-group",
            "update control-plane/service",
            "update dns/alias",
        ]
    );
    assert_eq!(rules.len(), 1);
    assert!(
        rules[0].starts_with("delete security/rule/sgr-"),
        "{rules:?}"
    );
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}
