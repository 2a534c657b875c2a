//! Buckets, and load balancers that log to them.

use aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute;
use aws_sdk_s3::types::{CreateBucketConfiguration, Tag};

use super::stage::{Stage, answers, code};
use crate::support::World;

const NAME: &str = "a-bucket-of-the-simulation";

fn s3(stage: &Stage) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::new(stage.config())
}

async fn make(s3: &aws_sdk_s3::Client, name: &str, region: Option<&str>) -> String {
    let tag = Tag::builder().key("team").value("blue").build();
    let place = CreateBucketConfiguration::builder()
        .set_location_constraint(region.map(Into::into))
        .tags(tag.expect("a tag"));
    let call = s3.create_bucket().bucket(name);
    let call = call.create_bucket_configuration(place.build());
    code(call.send().await)
}

fn name_of(stage: &Stage) -> String {
    format!("{NAME}-{}", stage.account())
}

#[tokio::test]
async fn a_bucket_begins_private_encrypted_and_with_its_tags() {
    let stage = Stage::new();
    let (s3, name) = (s3(&stage), name_of(&stage));
    answers! {
        "without its region" => make(&s3, &name, None).await, "IllegalLocationConstraintException";
        "in another" => make(&s3, &name, Some("eu-west-2")).await, "IllegalLocationConstraintException";
        "a bad name" => make(&s3, "Under_score", Some("eu-west-1")).await, "InvalidBucketName";
        "as it should be" => make(&s3, &name, Some("eu-west-1")).await, "accepted";
        "twice" => make(&s3, &name, Some("eu-west-1")).await, "BucketAlreadyOwnedByYou";
    };
    let tags = s3.get_bucket_tagging().bucket(&name).send().await;
    assert_eq!(tags.expect("tags").tag_set()[0].key(), "team");
    let block = s3.get_public_access_block().bucket(&name).send().await;
    let block = block.expect("a block").public_access_block_configuration;
    assert_eq!(block.expect("a block").restrict_public_buckets, Some(true));
    let owner = s3.get_bucket_ownership_controls().bucket(&name);
    let owner = owner.send().await.expect("controls").ownership_controls;
    let owner = owner.expect("controls");
    assert_eq!(
        owner.rules()[0].object_ownership().as_str(),
        "BucketOwnerEnforced"
    );
    let encryption = s3.get_bucket_encryption().bucket(&name).send().await;
    let encryption = encryption.expect("encryption");
    let rules = encryption.server_side_encryption_configuration;
    let rules = rules.expect("encryption");
    let default = rules.rules()[0].apply_server_side_encryption_by_default();
    assert_eq!(
        default.expect("a default").sse_algorithm().as_str(),
        "AES256"
    );
}

#[tokio::test]
async fn a_bucket_is_one_accounts_in_one_region() {
    let (stage, stranger) = (Stage::new(), World::new());
    let (s3, name) = (s3(&stage), name_of(&stage));
    assert_eq!(make(&s3, &name, Some("eu-west-1")).await, "accepted");
    let theirs = aws_sdk_s3::Client::new(&stranger.aws("eu-west-1"));
    let elsewhere = aws_sdk_s3::Client::new(&stage.world().aws("eu-west-2"));
    let tags = |s3: &aws_sdk_s3::Client| s3.get_bucket_tagging().bucket(&name);
    let mine = tags(&s3).expected_bucket_owner(stage.account());
    answers! {
        "another account's" => make(&theirs, &name, Some("eu-west-1")).await, "BucketAlreadyExists";
        "read from there" => code(tags(&theirs).send().await), "AccessDenied";
        "read elsewhere" => code(tags(&elsewhere).send().await), "PermanentRedirect";
        "as another's" => code(tags(&s3).expected_bucket_owner("123456789012").send().await), "AccessDenied";
        "as one's own" => code(mine.send().await), "accepted";
    };
    let put = |policy: &str| s3.put_bucket_policy().bucket(&name).policy(policy);
    let no_principal = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let other = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::x"}]}"#;
    answers! {
        "no JSON" => code(put("no").send().await), "MalformedPolicy";
        "about nobody" => code(put(no_principal).send().await), "MalformedPolicy";
        "about another bucket" => code(put(other).send().await), "MalformedPolicy";
    };
    // What it was called is free again, and nothing of it stays.
    s3.delete_bucket().bucket(&name).send().await.expect("gone");
    let place = CreateBucketConfiguration::builder().location_constraint("eu-west-1".into());
    let again = theirs.create_bucket().bucket(&name);
    let again = again.create_bucket_configuration(place.build());
    again.send().await.expect("theirs");
    assert_eq!(code(tags(&theirs).send().await), "NoSuchTagSet");
}

#[tokio::test]
async fn a_load_balancer_tries_the_bucket_that_it_is_to_log_to() {
    let stage = Stage::new();
    let network = stage.network().await;
    let made = stage.elb().create_load_balancer().name("front");
    let made = made.security_groups(&network.group);
    let made = made.set_subnets(Some(network.subnets.clone())).send().await;
    let made = made.expect("a load balancer");
    let arn = made.load_balancers()[0]
        .load_balancer_arn()
        .expect("an ARN");
    let (s3, name) = (s3(&stage), name_of(&stage));
    let log = |prefix: &str| {
        let set = |key: &str, value: &str| {
            let key = format!("access_logs.s3.{key}");
            LoadBalancerAttribute::builder()
                .key(key)
                .value(value)
                .build()
        };
        let call = stage.elb().modify_load_balancer_attributes();
        call.load_balancer_arn(arn)
            .attributes(set("enabled", "true"))
            .attributes(set("bucket", &name))
            .attributes(set("prefix", prefix))
    };
    assert_eq!(code(log("alb").send().await), "InvalidConfigurationRequest");
    assert_eq!(make(&s3, &name, Some("eu-west-1")).await, "accepted");
    let nobody = code(log("alb").send().await);
    let policy = format!(
        r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"}},"Action":"s3:PutObject","Resource":"arn:aws:s3:::{name}/alb/AWSLogs/{}/*"}}]}}"#,
        stage.account()
    );
    let call = s3.put_bucket_policy().bucket(&name).policy(policy);
    call.send().await.expect("a policy");
    answers! {
        "nobody may write" => nobody, "InvalidConfigurationRequest";
        "another folder" => code(log("other").send().await), "InvalidConfigurationRequest";
        "the folder it may write to" => code(log("alb").send().await), "accepted";
    };
    let held = s3.list_objects_v2().bucket(&name).send().await;
    let key = held.expect("objects").contents()[0]
        .key()
        .map(str::to_owned);
    let expected = format!("alb/AWSLogs/{}/ELBAccessLogTestFile", stage.account());
    assert_eq!(key, Some(expected));
    assert_eq!(
        code(s3.delete_bucket().bucket(&name).send().await),
        "BucketNotEmpty"
    );
}
