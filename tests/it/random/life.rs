//! A life, lived: each step is a change, an apply in which something goes wrong, and a look at what it said.

use std::time::Duration;

use aws_config::SdkConfig;
use serde_json::{Value, json};

use super::counts::Counts;
use super::draw::{Case, Change, Disturbance};
use super::drift;
use super::spec::{DOMAIN, NAME, REGION, Spec, Surroundings, ZONE};
use crate::support::{Output, Running, World, account, left, run};

/// How long one run may take here before it counts as stuck.
const STUCK: Duration = Duration::from_secs(240);

/// Exit codes of a run in which something may have gone wrong: done, failed, in part, interrupted; and killed.
const ENDINGS: [i32; 5] = [0, 1, 4, 130, -1];

struct Life {
    world: World,
    config: SdkConfig,
    around: Surroundings,
    spec: Spec,
    secrets: Vec<String>,
    counts: Counts,
    said: Vec<String>,
}

/// Lives it, and says where it went wrong: at which step, and what the program said.
pub(crate) async fn live(case: &Case) -> Result<Counts, String> {
    let mut life = Life::begin().await;
    let told = life.whole(case).await;
    told.map_err(|what| {
        format!(
            "{what}\n--- the last that was said\n{}",
            life.said.join("\n")
        )
    })?;
    Ok(life.counts)
}

impl Life {
    async fn begin() -> Self {
        let world = World::new().after_the_archive();
        let config = world.aws(REGION);
        account::hosted_zone(&config, ZONE).await;
        let network = account::network(&config, ["eu-west-1a", "eu-west-1b"]).await;
        let secret = aws_sdk_secretsmanager::Client::new(&config)
            .create_secret()
            .name("theirs")
            .secret_string("somebodys-own-api-key-0123456789")
            .send()
            .await;
        let around = Surroundings {
            account: world.account.clone(),
            certificate: account::certificate(&config, DOMAIN).await,
            secret: secret.expect("a secret").arn().expect("an ARN").to_owned(),
            network: json!({"vpc": network.vpc, "public_subnets": network.public,
                            "private_subnets": network.private}),
        };
        let life = Self {
            world,
            config,
            around,
            spec: Spec::default(),
            secrets: Vec::new(),
            counts: Counts::default(),
            said: Vec::new(),
        };
        life.write(&life.spec);
        life
    }

    fn write(&self, spec: &Spec) {
        self.world.write("kongstack.yaml", &spec.text(&self.around));
    }

    async fn whole(&mut self, case: &Case) -> Result<(), String> {
        for (section, value) in &case.spec.0 {
            self.edit(section, value)?;
        }
        self.apply(&case.first, true).await?;
        for (index, step) in case.steps.iter().enumerate() {
            let before = self.spec.clone();
            self.change(&step.change).await?;
            if !self.apply(&step.disturbance, step.may_lose).await? {
                self.spec = before;
                self.write(&self.spec);
            }
            self.said.push(format!("(step {} done)", index + 1));
        }
        self.settle().await?;
        self.destroy().await
    }

    async fn change(&mut self, change: &Change) -> Result<(), String> {
        match change {
            Change::Nothing => {}
            Change::Drift(name) => {
                self.counts.drifts += 1;
                let told = drift::by_hand(&self.config, name).await;
                self.said.push(format!("(by hand: {name}: {told})"));
            }
            Change::Edit(section, value) => {
                self.counts.edits += 1;
                self.edit(section, value)?;
            }
        }
        Ok(())
    }

    /// Gives a section another value, unless that does not go with the others.
    fn edit(&mut self, section: &str, value: &Value) -> Result<(), String> {
        let edited = self.spec.edited(section, value);
        self.write(&edited);
        let output = run(&mut self.world.command(&["validate"]));
        self.note(&["validate"], &output)?;
        match output.code {
            0 => self.spec = edited,
            3 => self.write(&self.spec),
            code => return Err(format!("validate ended with {code}")),
        }
        Ok(())
    }

    /// Applies with something going wrong; false when it was refused because data would be lost, or something stands in
    /// the place of what is to be made, and stays so.
    async fn apply(&mut self, disturbance: &Disturbance, may_lose: bool) -> Result<bool, String> {
        let seen = match disturbance {
            Disturbance::Fault(which, ..) => self.operations(*which),
            _ => Vec::new(),
        };
        self.world.forget_calls();
        let output = match disturbance {
            Disturbance::Nothing => self.run(&["apply", "--auto-approve"])?,
            Disturbance::Fault(which, kind, times) => {
                let (service, operation) = &seen[which / 2 % seen.len()];
                let (service, operation, times) = match *kind {
                    // Few operations fail so: the next one that does is hit, whichever it is.
                    "quota" | "capacity" => ("*", "*", *times),
                    // Each costs the whole of the program's patience.
                    "hang" => (service.as_str(), operation.as_str(), (*times).min(2)),
                    _ => (service.as_str(), operation.as_str(), *times),
                };
                self.world.fault(service, operation, kind, times);
                self.said
                    .push(format!("({kind} {times} of {service}:{operation})"));
                let output = self.run(&["apply", "--auto-approve"])?;
                self.counts.faults += usize::from(self.world.faults_left() < u64::from(times));
                self.world.forget_faults();
                output
            }
            Disturbance::Surprise(surprise) => {
                let place = self.world.place().clone();
                let came = surprise.begin(&place);
                self.counts.surprises += usize::from(came);
                self.said.push(format!("({surprise:?}, came: {came})"));
                let output = self.run(&["apply", "--auto-approve"])?;
                surprise.end(&place);
                output
            }
            Disturbance::Kill(after) => self.ended("-KILL", *after)?,
            Disturbance::Stop(after) => self.ended("-INT", *after)?,
        };
        // What was killed, or could not say that it ended, leaves its lease behind.
        self.world.let_the_lease_expire(REGION);
        self.learn_secrets().await;
        let losses = losses(&output);
        if losses.is_empty() && !is_stood_in(&output) {
            return Ok(true);
        }
        self.counts.refused += 1;
        let mut changed = self.world.mutating();
        changed.retain(|call| !call.starts_with("dynamodb:"));
        if !changed.is_empty() {
            return Err(format!("refused, and yet changed: {changed:?}"));
        }
        if losses.is_empty() || !may_lose {
            return Ok(false);
        }
        let args = accepting(&losses);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = self.run(&args)?;
        // What AWS itself protects stays protected, whoever accepts its loss.
        Ok(output.code == 0)
    }

    /// Begins an apply and signals it once it has made so many changes; one that ends before has had its way.
    fn ended(&mut self, signal: &str, after: usize) -> Result<Output, String> {
        let mut running = Running::begin(&self.world, &["apply", "--auto-approve"]);
        if running.makes(after, STUCK) {
            running.signal(signal);
            self.counts.kills += 1;
            self.said.push(format!("({signal} after {after} changes)"));
        }
        let output = running.ends();
        self.note(&["apply", signal], &output)?;
        Ok(output)
    }

    /// After the last fault: one apply reaches the blueprint, and the next plan is empty.
    async fn settle(&mut self) -> Result<(), String> {
        let mut output = self.run(&["apply", "--auto-approve"])?;
        let losses = losses(&output);
        if !losses.is_empty() {
            let args = accepting(&losses);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            output = self.run(&args)?;
        }
        if output.code != 0 {
            return Err(format!("the last apply ended with {}", output.code));
        }
        self.learn_secrets().await;
        self.world.forget_calls();
        let plan = self.run(&["plan", "--detailed-exitcode"])?;
        if plan.code != 0 || !self.world.mutating().is_empty() {
            return Err(format!("the plan after it ended with {}", plan.code));
        }
        Ok(())
    }

    async fn destroy(&mut self) -> Result<(), String> {
        let unprotected = "database.deletion_protection=false";
        let output = self.run(&["destroy", "--auto-approve", "--set", unprotected])?;
        if output.code != 0 {
            return Err(format!("destroy ended with {}", output.code));
        }
        let left = left(&self.config, NAME).await;
        if left.is_empty() {
            return Ok(());
        }
        Err(format!("left: {left:?}"))
    }

    /// Operations to choose a fault's from: of the last run those that changed something, or as often those that did
    /// not; before the first run, the usual ones.
    fn operations(&self, which: usize) -> Vec<(String, String)> {
        let calls = self.world.calls();
        let (changing, reading): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|call| call.mutating);
        let seen = if changing.is_empty() || which.is_multiple_of(2) {
            reading
        } else {
            changing
        };
        if seen.is_empty() {
            let usual = USUAL.iter().filter_map(|one| one.split_once(':'));
            return usual
                .map(|(service, name)| (service.to_owned(), name.to_owned()))
                .collect();
        }
        let named = seen.into_iter().map(|call| (call.service, call.operation));
        named.collect()
    }

    fn run(&mut self, args: &[&str]) -> Result<Output, String> {
        let mut command = self.world.command(args);
        // Long enough for every answer on a busy machine, short enough to wait for one that never comes.
        command
            .arg("--sandbox")
            .env("KONGSTACK_SANDBOX_PATIENCE", "5");
        let output = run(&mut command);
        self.note(args, &output)?;
        Ok(output)
    }

    /// Keeps what was said, and looks for what must never be.
    fn note(&mut self, args: &[&str], output: &Output) -> Result<(), String> {
        self.counts.runs += 1;
        let text = format!("{}{}", output.stdout, output.stderr);
        self.said
            .push(format!("$ {} -> {}\n{text}", args.join(" "), output.code));
        let kept = self.said.len().saturating_sub(8);
        self.said.drain(..kept);
        if text.contains("panicked") || text.contains("this should not happen") {
            return Err("it panicked, or met a defect of its own".to_owned());
        }
        if args[0] == "apply" && !ENDINGS.contains(&output.code) {
            return Err(format!("an exit code that means nothing: {}", output.code));
        }
        let told = self
            .secrets
            .iter()
            .find(|secret| text.contains(secret.as_str()));
        told.map_or(Ok(()), |_| Err("a secret is in the output".to_owned()))
    }

    /// The values that no output may hold.
    async fn learn_secrets(&mut self) {
        let secrets = aws_sdk_secretsmanager::Client::new(&self.config);
        let listed = secrets.list_secrets().send().await.expect("secrets");
        for secret in listed.secret_list() {
            let value = secrets
                .get_secret_value()
                .secret_id(secret.arn().expect("an ARN"));
            // One that is scheduled for deletion has no value to tell.
            let Ok(value) = value.send().await else {
                continue;
            };
            let text = value.secret_string().unwrap_or_default();
            let words = text.split(['"', '\n']).flat_map(|part| part.split("\\n"));
            let long = words.filter(|word| word.len() > 15 && !word.contains("-----"));
            self.secrets.extend(long.map(str::to_owned));
        }
        self.secrets.sort();
        self.secrets.dedup();
    }
}

/// The addresses whose data would be lost, as the refusal names them.
fn losses(output: &Output) -> Vec<String> {
    let said = output.all();
    let mut words = said.split_whitespace();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        if word.ends_with("--allow-data-loss") {
            let address = words.next().unwrap_or_default();
            found.push(
                address
                    .trim_matches(|one: char| !one.is_alphanumeric())
                    .to_owned(),
            );
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether it was refused because what stays stands where the new one must be.
fn is_stood_in(output: &Output) -> bool {
    output.code == 1 && output.all().contains("would have to go before the new")
}

fn accepting(losses: &[String]) -> Vec<String> {
    let mut args = vec!["apply".to_owned(), "--auto-approve".to_owned()];
    for address in losses {
        args.extend(["--allow-data-loss".to_owned(), address.clone()]);
    }
    args
}

/// What every first apply does.
const USUAL: [&str; 18] = [
    "ec2:CreateVpc",
    "ec2:ModifyVpcAttribute",
    "ec2:CreateSubnet",
    "ec2:CreateSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
    "iam:CreateRole",
    "iam:PutRolePolicy",
    "secretsmanager:CreateSecret",
    "logs:CreateLogGroup",
    "rds:CreateDBSubnetGroup",
    "rds:CreateDBCluster",
    "rds:CreateDBInstance",
    "servicediscovery:CreatePrivateDnsNamespace",
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateListener",
    "ecs:RegisterTaskDefinition",
    "ecs:RunTask",
    "ecs:CreateService",
];
