//! Accounts with a lot in them: every list is read to its end, and what others have costs and changes nothing.

use crate::support::{World, account, left, production};

/// The region of `production.yaml`.
const REGION: &str = "ap-southeast-1";

/// Names of other stacks that are near the example's, each a beginning of the next or one letter away.
const NEAR: [&str; 6] = [
    "kong",
    "kong-pro",
    "kong-prod-2",
    "kong-prod-public",
    "prod",
    "Kong-Prod",
];

fn with<'a>(command: &[&'a str], set: &'a [String]) -> Vec<&'a str> {
    let set = set.iter().map(String::as_str);
    command.iter().copied().chain(set).collect()
}

/// The names of so many other stacks, the near ones first.
fn stacks(count: usize) -> Vec<String> {
    let more = (0..).map(|number| format!("other-{number}"));
    let near = NEAR.iter().map(ToString::to_string);
    near.chain(more).take(count).collect()
}

#[tokio::test]
async fn every_list_is_read_to_its_last_page() {
    let world = World::new();
    let set = production(&world).await;
    world.configure(&serde_json::json!({"page": 1}));
    let _ = world
        .run(&with(&["apply", "--auto-approve"], &set))
        .exits(0);
    world.expect_converged(&with(&[], &set));
    let listed = world.calls().len();
    let unprotected = [
        "--set",
        "database.deletion_protection=false",
        "--set",
        "ingress.deletion_protection=false",
    ];
    let _ = world
        .run(
            &[
                &with(&["destroy", "--auto-approve"], &set),
                &unprotected[..],
            ]
            .concat(),
        )
        .exits(0);
    world.configure(&serde_json::json!({"page": null}));
    assert_eq!(left(&world.aws(REGION), "kong-prod").await, [""; 0]);
    // With pages of one, a plan that read only first pages would make no more calls than any other.
    assert!(listed > 100, "{listed} calls");
}

#[tokio::test]
async fn a_crowd_makes_a_plan_neither_longer_nor_different() {
    let world = World::new();
    let mut set = production(&world).await;
    // Names that are not under the stack's own: what others have begins with them.
    for group in [
        "data_plane_log_group=/aws/lambda/theirs",
        "control_plane_log_group=/kongstack",
    ] {
        set.extend(["--set".to_owned(), format!("names.{group}")]);
    }
    let plan = with(&["plan", "--detailed-exitcode"], &set);
    let _ = world
        .run(&with(&["apply", "--auto-approve"], &set))
        .exits(0);
    world.forget_calls();
    let alone = world.run(&plan).exits(0);
    let calls = world.calls().len();
    world.crowd(REGION, 2000, &stacks(50));
    world.forget_calls();
    let crowded = world.run(&plan).exits(0);
    assert_eq!(crowded.stdout, alone.stdout);
    let more = world.calls().len();
    assert!(
        more * 10 <= calls * 11,
        "{calls} calls alone, {more} in a crowd"
    );
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[tokio::test]
async fn apply_and_destroy_leave_the_crowd_as_it_was() {
    let world = World::new();
    let set = production(&world).await;
    world.crowd(REGION, 150, &stacks(8));
    let before = world.everything(REGION);
    let missing = |now: &[String]| -> Vec<String> {
        let is_gone = |one: &&String| !now.contains(one);
        before.iter().filter(is_gone).cloned().collect()
    };
    let _ = world
        .run(&with(&["apply", "--auto-approve"], &set))
        .exits(0);
    let with_ours = world.everything(REGION);
    assert_eq!(missing(&with_ours), [""; 0]);
    assert!(with_ours.len() > before.len() + 60);
    let unprotected = [
        "--set",
        "database.deletion_protection=false",
        "--set",
        "ingress.deletion_protection=false",
        "--set",
        "database.final_snapshot=false",
    ];
    let _ = world
        .run(
            &[
                &with(&["destroy", "--auto-approve"], &set),
                &unprotected[..],
            ]
            .concat(),
        )
        .exits(0);
    assert_eq!(missing(&world.everything(REGION)), [""; 0]);
}

#[tokio::test]
async fn a_public_zone_is_found_behind_many_private_ones() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let network = account::network(&config, ["eu-west-1a", "eu-west-1b"]).await;
    let route53 = aws_sdk_route53::Client::new(&config);
    for number in 0..3 {
        let vpc = aws_sdk_route53::types::Vpc::builder()
            .vpc_id(&network.vpc)
            .vpc_region(aws_sdk_route53::types::VpcRegion::EuWest1);
        let private = aws_sdk_route53::types::HostedZoneConfig::builder().private_zone(true);
        let made = route53
            .create_hosted_zone()
            .name("example.com")
            .caller_reference(format!("private {number}"))
            .vpc(vpc.build())
            .hosted_zone_config(private.build())
            .send()
            .await;
        made.expect("a private zone");
    }
    let public = account::hosted_zone(&config, "example.com").await;
    account::hosted_zone(&config, "example.net").await;
    world.configure(&serde_json::json!({"page": 1}));
    world.write(
        "kongstack.yaml",
        "name: kong\nregion: eu-west-1\nadmin: {allow: [203.0.113.0/24]}\n\
         ingress: {domain: kong.example.com, hosted_zone: example.com}\n",
    );
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let records = route53.list_resource_record_sets().hosted_zone_id(&public);
    let records = records.start_record_name("kong.example.com").send().await;
    let records = records.expect("records");
    assert_eq!(
        records.resource_record_sets()[0].name(),
        "kong.example.com."
    );
    world.expect_converged(&[]);
}

#[tokio::test]
async fn an_alias_is_known_among_many_records_of_its_name() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    let zone = account::hosted_zone(&config, "example.com").await;
    world.write(
        "kongstack.yaml",
        "name: kong\nregion: eu-west-1\nadmin: {allow: [203.0.113.0/24]}\n\
         ingress: {domain: kong.example.com, hosted_zone: example.com}\n",
    );
    world.configure(&serde_json::json!({"page": 2}));
    weigh(&config, &zone).await;
    let refused = world.run(&["apply", "--auto-approve"]).exits(1).all();
    assert!(refused.contains("record kong.example.com"), "{refused}");
}

/// Makes five weighted records of one name, and as many of types that come before them in the list.
async fn weigh(config: &aws_config::SdkConfig, zone: &str) {
    use aws_sdk_route53::types::{
        Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
    };
    let change = |number: i64| {
        let value = ResourceRecord::builder().value("2001:db8::1").build();
        let set = ResourceRecordSet::builder()
            .name("kong.example.com")
            .r#type(RrType::Aaaa)
            .ttl(60)
            .set_identifier(number.to_string())
            .weight(number)
            .resource_records(value.expect("a value"))
            .build();
        Change::builder()
            .action(ChangeAction::Create)
            .resource_record_set(set.expect("a set"))
            .build()
            .expect("a change")
    };
    let batch = ChangeBatch::builder().set_changes(Some((0..5).map(change).collect()));
    aws_sdk_route53::Client::new(config)
        .change_resource_record_sets()
        .hosted_zone_id(zone)
        .change_batch(batch.build().expect("a batch"))
        .send()
        .await
        .expect("records");
}
