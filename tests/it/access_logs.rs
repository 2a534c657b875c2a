//! Access logs: switched on and off, the bucket mended, left alone where it is somebody else's, and emptied with leave.

use aws_config::SdkConfig;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CreateBucketConfiguration, Delete, ObjectIdentifier, Tag, Tagging,
    VersioningConfiguration,
};
use serde_json::json;

use crate::support::{World, left, planned};

const REGION: &str = "eu-west-1";
const ADDRESS: &str = "ingress/access-logs";
/// Everything else of a stack takes minutes and is tested elsewhere.
const ONLY: [&str; 2] = ["--target", "ingress/load-balancer"];
const ON: &str = "\
name: logged
region: eu-west-1
ingress: {access_logs: {enabled: true}}
database: {deletion_protection: false, final_snapshot: false}
";

struct Logged {
    world: World,
    config: SdkConfig,
    bucket: String,
}

impl Logged {
    fn new() -> Self {
        let world = World::new();
        let bucket = format!("logged-logs-{REGION}-{}", world.account);
        world.write("kongstack.yaml", ON);
        Self {
            config: world.aws(REGION),
            world,
            bucket,
        }
    }

    fn applied() -> Self {
        let one = Self::new();
        let _ = one.run(&["apply", "--auto-approve"], 0);
        one
    }

    #[track_caller]
    fn run(&self, command: &[&str], code: i32) -> crate::support::Output {
        self.world.run(&[command, &ONLY].concat()).exits(code)
    }

    #[track_caller]
    fn is_settled(&self) {
        self.world.expect_converged(&ONLY);
    }

    fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.config)
    }

    async fn put(&self, key: &str) {
        let body = aws_sdk_s3::primitives::ByteStream::from_static(b"a line of a log");
        let call = self.s3().put_object().bucket(&self.bucket).key(key);
        call.body(body).send().await.expect("an object");
    }

    async fn attribute(&self, key: &str) -> String {
        let elb = aws_sdk_elasticloadbalancingv2::Client::new(&self.config);
        let all = elb.describe_load_balancers().send().await;
        let all = all.expect("load balancers");
        let arn = all.load_balancers()[0].load_balancer_arn();
        let call = elb.describe_load_balancer_attributes();
        let answer = call.load_balancer_arn(arn.expect("an ARN")).send().await;
        let answer = answer.expect("attributes");
        let mut all = answer.attributes().iter();
        let found = all.find(|one| one.key() == Some(key));
        found.and_then(|one| one.value()).unwrap_or("?").to_owned()
    }

    async fn exists(&self) -> bool {
        let call = self.s3().get_bucket_versioning().bucket(&self.bucket);
        call.send().await.is_ok()
    }
}

#[tokio::test]
async fn they_are_switched_on_and_off() {
    let one = Logged::applied();
    one.is_settled();
    assert_eq!(one.attribute("access_logs.s3.enabled").await, "true");
    assert_eq!(one.attribute("access_logs.s3.bucket").await, one.bucket);
    let objects = one.s3().list_objects_v2().bucket(&one.bucket).send().await;
    let objects = objects.expect("objects");
    let key = objects.contents()[0].key().expect("a key");
    let expected = format!("alb/AWSLogs/{}/ELBAccessLogTestFile", one.world.account);
    assert_eq!(key, expected);

    one.world.write(
        "kongstack.yaml",
        &ON.replace("true}", "true, retention_days: 7}"),
    );
    let plan = one.run(&["plan", "--detailed-exitcode"], 2);
    assert_eq!(planned(&plan.stdout), [format!("update {ADDRESS}")]);
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();

    // Without them the bucket would go with what is in it, which takes leave.
    one.world
        .write("kongstack.yaml", &ON.replace("true}", "false}"));
    let whole = ["--target", "ingress/load-balancer", "--target", ADDRESS];
    let plan = one.world.run(&[&["plan"][..], &whole].concat()).exits(1);
    assert!(plan.all().contains("--allow-data-loss ingress/access-logs"));
    let leave = ["apply", "--auto-approve", "--allow-data-loss", ADDRESS];
    one.put("alb/AWSLogs/1/elasticloadbalancing/a.log.gz").await;
    let _ = one.world.run(&[&leave[..], &whole].concat()).exits(0);
    assert_eq!(one.attribute("access_logs.s3.enabled").await, "false");
    assert!(!one.exists().await);
    one.is_settled();
}

#[tokio::test]
async fn what_is_changed_by_hand_is_repaired() {
    let one = Logged::applied();
    let s3 = one.s3();
    let name = &one.bucket;
    let call = s3.delete_public_access_block().bucket(name);
    call.send().await.expect("opened");
    let call = s3.delete_bucket_policy().bucket(name);
    call.send().await.expect("without a policy");
    let call = s3.delete_bucket_lifecycle().bucket(name);
    call.send().await.expect("without an end");
    let call = s3.delete_bucket_ownership_controls().bucket(name);
    call.send().await.expect("anybody's");
    let versioned = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    let call = s3.put_bucket_versioning().bucket(name);
    let call = call.versioning_configuration(versioned);
    call.send().await.expect("versioned");
    let tags = s3.get_bucket_tagging().bucket(name).send().await;
    let mut tags = tags.expect("tags").tag_set;
    tags.retain(|tag| tag.key() != "Name");
    tags.push(
        Tag::builder()
            .key("mine")
            .value("1")
            .build()
            .expect("a tag"),
    );
    let tags = Tagging::builder().set_tag_set(Some(tags)).build();
    let call = s3.put_bucket_tagging().bucket(name);
    let call = call.tagging(tags.expect("tags"));
    call.send().await.expect("tagged");

    let plan = one.run(&["plan", "--detailed-exitcode"], 2);
    assert_eq!(planned(&plan.stdout), [format!("update {ADDRESS}")]);
    for field in [
        "public_access_block",
        "object_ownership",
        "versioning",
        "lifecycle_configuration",
        "bucket_policy.AccessLogs",
        "bucket_policy.TlsOnly",
        "tags.Name",
        "tags.mine",
    ] {
        assert!(plan.stdout.contains(field), "no {field} in {}", plan.stdout);
    }
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
}

#[tokio::test]
async fn a_half_made_bucket_is_finished() {
    let one = Logged::new();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().expect("a tag");
    let configuration = CreateBucketConfiguration::builder()
        .location_constraint(REGION.into())
        .tags(tag("kongstack:stack", "logged"))
        .tags(tag("kongstack:address", ADDRESS));
    let call = one.s3().create_bucket().bucket(&one.bucket);
    let call = call.create_bucket_configuration(configuration.build());
    call.send().await.expect("a bucket");
    let plan = one.run(&["plan"], 0);
    let planned = planned(&plan.stdout);
    assert!(
        planned.contains(&format!("update {ADDRESS}")),
        "{planned:?}"
    );
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
}

#[tokio::test]
async fn somebody_elses_bucket_is_left_alone() {
    let one = Logged::new();
    let stranger = World::new();
    // In this account without our tags, and in another one.
    for config in [one.config.clone(), stranger.aws(REGION)] {
        let s3 = aws_sdk_s3::Client::new(&config);
        let place = CreateBucketConfiguration::builder().location_constraint(REGION.into());
        let call = s3.create_bucket().bucket(&one.bucket);
        let call = call.create_bucket_configuration(place.build());
        call.send().await.expect("a bucket");
        one.world.forget_calls();
        let said = one.run(&["apply", "--auto-approve"], 1).all();
        for part in [
            one.bucket.as_str(),
            "does not belong to this stack",
            "`names`",
        ] {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
        assert_eq!(one.world.mutating(), [""; 0]);
        let call = s3.delete_bucket().bucket(&one.bucket);
        call.send().await.expect("gone");
    }
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
}

#[tokio::test]
async fn a_bucket_that_holds_logs_goes_only_with_leave() {
    let one = Logged::applied();
    for number in 0..3 {
        one.put(&format!("alb/AWSLogs/{number}.log.gz")).await;
    }
    let whole = ["--set", "database.deletion_protection=false"];
    one.world.forget_calls();
    let destroy = [&["destroy", "--auto-approve"][..], &whole].concat();
    let said = one.world.run(&destroy).exits(1).all();
    for part in [
        "holds 3 objects (45 bytes)",
        "aws s3 sync",
        "--allow-data-loss ingress/access-logs",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert_eq!(one.world.mutating(), [""; 0]);
    // A flag that changes nothing is refused.
    let useless = ["--allow-data-loss", "ingress/load-balancer"];
    let said = one.world.run(&[&destroy[..], &useless].concat()).exits(64);
    assert!(said.all().contains("deletes it without"));

    // What somebody kept by switching versions on goes as well, and uploads that were never completed.
    let versioned = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    let call = one.s3().put_bucket_versioning().bucket(&one.bucket);
    let call = call.versioning_configuration(versioned);
    call.send().await.expect("versioned");
    one.put("alb/AWSLogs/1.log.gz").await;
    let gone = ObjectIdentifier::builder().key("alb/AWSLogs/2.log.gz");
    let gone = Delete::builder().objects(gone.build().expect("an object"));
    let call = one.s3().delete_objects().bucket(&one.bucket);
    let call = call.delete(gone.build().expect("objects"));
    call.send().await.expect("a delete marker");
    let call = one.s3().create_multipart_upload().bucket(&one.bucket);
    call.key("half").send().await.expect("an upload");
    one.world.configure(&json!({"page": 2}));
    let leave = ["--allow-data-loss", ADDRESS];
    let _ = one.world.run(&[&destroy[..], &leave].concat()).exits(0);
    assert_eq!(left(&one.config, "logged").await, [""; 0]);
    assert!(!one.exists().await);
    // The same name can be had again at once.
    let _ = one.run(&["apply", "--auto-approve"], 0);
    one.is_settled();
}

#[tokio::test]
async fn an_emptying_that_was_cut_short_goes_on() {
    let one = Logged::applied();
    for number in 0..5 {
        one.put(&format!("alb/{number}")).await;
    }
    let destroy = ["destroy", "--auto-approve", "--allow-data-loss", ADDRESS];
    one.world.fault("s3", "DeleteBucket", "access-denied", 1);
    let said = one.world.run(&destroy).exits(4).all();
    assert!(said.contains("s3:DeleteBucket"), "{said}");
    assert!(one.exists().await);
    let _ = one.world.run(&destroy).exits(0);
    assert!(!one.exists().await);
}

#[tokio::test]
async fn another_name_takes_another_bucket() {
    let one = Logged::applied();
    one.put("alb/AWSLogs/1.log.gz").await;
    let renamed = format!("renamed-logs-{}", one.world.account);
    let spec = format!("{ON}names: {{access_logs_bucket: {renamed}}}\n");
    one.world.write("kongstack.yaml", &spec);
    let plan = one.run(&["plan"], 1);
    assert!(planned(&plan.stdout).contains(&format!("replace {ADDRESS}")));
    assert!(plan.all().contains("--allow-data-loss ingress/access-logs"));
    let leave = ["apply", "--auto-approve", "--allow-data-loss", ADDRESS];
    let _ = one.run(&leave, 0);
    one.is_settled();
    assert_eq!(one.attribute("access_logs.s3.bucket").await, renamed);
    assert!(!one.exists().await);
}
