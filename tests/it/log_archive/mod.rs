//! The archive of the log groups: the machine as it is in the template, carried out by the simulation.

mod night;
mod pieces;

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::types::{ExportTask, InputLogEvent};
use serde_json::{Value, json};

use crate::support::World;

const REGION: &str = "eu-west-1";
const BUCKET: &str = "ingress/access-logs";
const MACHINE: &str = "archived-log-archive";
/// Everything else of a stack takes minutes and is tested elsewhere.
const ONLY: [&str; 4] = [
    "--target",
    "logs/archive/rule",
    "--target",
    "alarms/log-archive",
];
const SPEC: &str = "\
name: archived
region: eu-west-1
logs: {archive: {enabled: true}}
database: {deletion_protection: false, final_snapshot: false}
alarms: {email: ops@example.com}
";
/// The folders, in their turns, and the groups.
const GROUPS: [(&str, &str); 4] = [
    ("control-plane", "/kongstack/archived/control-plane"),
    ("data-plane", "/kongstack/archived/data-plane"),
    ("database", "/aws/rds/cluster/archived-db/postgresql"),
    ("migrations", "/kongstack/archived/migrations"),
];
const DAY: f64 = 86_400.0;
/// When the rule fires, in seconds of the day.
const HOUR: f64 = 14.0 * 3600.0;

/// A stack with an archive, with two lines in each of its groups.
struct Archived {
    world: World,
    config: SdkConfig,
    bucket: String,
    /// The day of the lines, in seconds.
    day: f64,
}

impl Archived {
    /// As it is after the first apply; from then on time only passes when told to.
    async fn applied() -> Self {
        let world = World::new();
        world.write("kongstack.yaml", SPEC);
        let one = Self {
            config: world.aws(REGION),
            bucket: format!("archived-logs-{REGION}-{}", world.account),
            day: 0.0,
            world,
        };
        let _ = one.run(&["apply", "--auto-approve"], 0);
        one.world.configure(&json!({"speed": 1}));
        let mut one = one;
        one.day = (one.now() / DAY).floor() * DAY;
        for (_, group) in GROUPS {
            one.write(group).await;
        }
        one
    }

    #[track_caller]
    fn run(&self, command: &[&str], code: i32) -> crate::support::Output {
        self.world.run(&[command, &ONLY].concat()).exits(code)
    }

    /// Applies, in time that passes fast meanwhile.
    #[track_caller]
    fn apply(&self) {
        self.world.configure(&json!({"speed": 400}));
        let _ = self.run(&["apply", "--auto-approve"], 0);
        self.world.configure(&json!({"speed": 1}));
    }

    #[track_caller]
    fn is_settled(&self) {
        self.world.expect_converged(&ONLY);
    }

    fn now(&self) -> f64 {
        self.world.place().simulated_time()
    }

    fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.config)
    }

    fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config)
    }

    fn sfn(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.config)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds of this century"
    )]
    async fn write(&self, group: &str) {
        let stream = self.logs().create_log_stream().log_group_name(group);
        let made = stream.log_stream_name("kong/kong/1").send().await;
        made.expect("a stream");
        let event = |text: &str| {
            let event = InputLogEvent::builder().timestamp((self.now() * 1000.0) as i64);
            event.message(text).build().expect("an event")
        };
        let put = self.logs().put_log_events().log_group_name(group);
        let put = put.log_stream_name("kong/kong/1");
        let put = put.log_events(event("one")).log_events(event("two"));
        put.send().await.expect("lines");
    }

    /// Lets simulated seconds pass, with all that happens in them.
    async fn skip(&self, seconds: f64) {
        self.world.configure(&json!({"skip_seconds": seconds}));
        let any = self.logs().describe_log_groups().send().await;
        any.expect("groups");
    }

    /// Goes to so many seconds before the afternoon in which the lines' day is archived.
    async fn goes_to_before(&self, seconds: f64) {
        let afternoon = self.day + DAY + HOUR;
        self.skip(afternoon - seconds - self.now()).await;
    }

    /// Lets that afternoon pass.
    async fn night(&self) {
        self.goes_to_before(0.0).await;
        self.skip(3.0 * 3600.0).await;
    }

    /// The lines' day, and the folder that it lies in.
    fn date(&self) -> (String, String) {
        let since = std::time::Duration::from_secs_f64(self.day);
        let text = humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + since).to_string();
        let date = text.split('T').next().unwrap_or_default().to_owned();
        let folder = date.replace('-', "/");
        (date, folder)
    }

    /// Every object, but those that the bucket was tried with.
    async fn archive(&self) -> Vec<String> {
        let held = self
            .s3()
            .list_objects_v2()
            .bucket(&self.bucket)
            .send()
            .await;
        let held = held.expect("objects");
        let keys = held.contents().iter().filter_map(|one| one.key());
        let keys = keys.filter(|key| !key.ends_with("aws-logs-write-test"));
        keys.map(str::to_owned).collect()
    }

    /// How many tasks' folders there are of a group's day.
    async fn copies(&self, folder: &str) -> usize {
        let lead = format!("archive/{folder}/{}/", self.date().1);
        let all = self.archive().await;
        all.iter().filter(|key| key.starts_with(&lead)).count()
    }

    async fn arn(&self) -> String {
        let all = self.sfn().list_state_machines().send().await;
        let all = all.expect("machines");
        let mut all = all.state_machines().iter();
        let found = all.find(|one| one.name() == MACHINE);
        found.expect("the machine").state_machine_arn().to_owned()
    }

    /// Starts the machine as one does by hand.
    async fn start(&self) {
        let call = self.sfn().start_execution();
        let call = call.state_machine_arn(self.arn().await);
        let input = json!({"day": self.date().0}).to_string();
        call.input(input).send().await.expect("started");
    }

    /// The executions, oldest first, but those of an afternoon before there was any line.
    fn executions(&self) -> Vec<Value> {
        let all: Vec<Value> = self.world.place().ask("machines", &[]);
        let (date, _) = self.date();
        let late = |one: &Value| {
            one["started"]
                .as_f64()
                .is_some_and(|at| at > self.day + DAY)
        };
        let of_day = |one: &Value| one["input"]["day"].as_str() == Some(&date);
        all.into_iter()
            .filter(|one| late(one) || of_day(one))
            .collect()
    }

    /// How they ended.
    fn ended(&self) -> Vec<String> {
        let all = self.executions().into_iter();
        let shown = all.map(|one| {
            let what = one["output"]["day"].as_str().or(one["error"].as_str());
            format!(
                "{} {}",
                one["status"].as_str().unwrap_or("?"),
                what.unwrap_or("?")
            )
        });
        shown.collect()
    }

    /// Every export task that ever was.
    async fn tasks(&self) -> Vec<ExportTask> {
        let answer = self.logs().describe_export_tasks().send().await;
        answer.expect("tasks").export_tasks().to_vec()
    }

    async fn alarm(&self) -> String {
        let watch = aws_sdk_cloudwatch::Client::new(&self.config);
        let answer = watch.describe_alarms().send().await.expect("alarms");
        let alarms = answer.metric_alarms().iter();
        let mut ours = alarms.filter(|one| {
            let name = one.alarm_name().unwrap_or_default();
            name.ends_with("log-archive")
        });
        let state = ours.next().and_then(|one| one.state_value());
        state.expect("an alarm").as_str().to_owned()
    }
}
