//! A task definition as a list of named fields, so that what was registered can be compared with what would be.
//!
//! ECS adds defaults and sorts what it is given; both sides are brought to one form, in which a field that is left out
//! and its default are the same. The wanted side is here, what ECS answers in `registered`.

use std::collections::BTreeMap;

use super::container::{Container, Health, Label, log_options};
use super::task_definition::Desired;
use super::value_from;
use crate::resource::{Diff, Effect, KNOWN_AFTER_APPLY, Output, Ref, Resolve};

const IMMUTABLE: &str = "a task definition is immutable: a new revision is registered";
const OTHER_VERSION: &str = "a secret has a new version, and tasks read theirs when they start";

const SECRETS: &str = "secrets.";
const LABELS: &str = "docker_labels.";

/// A task definition's fields by name; one whose value only apply will know has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fields(BTreeMap<String, Option<String>>);

impl Fields {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what is set is mostly made in place"
    )]
    pub(super) fn set(&mut self, name: impl Into<String>, value: impl ToString) {
        self.0.insert(name.into(), Some(value.to_string()));
    }

    /// Sets what a container may have that no wanted one has; its default is not worth a line.
    pub(super) fn set_unless_default<T: Default + PartialEq + ToString>(
        &mut self,
        name: &str,
        value: &T,
    ) {
        if *value != T::default() {
            self.set(name, value.to_string());
        }
    }

    fn set_later(&mut self, name: impl Into<String>, value: Option<String>) {
        self.0.insert(name.into(), value);
    }

    /// What a wanted task definition would be registered as.
    pub(super) fn wanted(desired: &Desired, outputs: &dyn Resolve) -> Self {
        let Desired {
            family,
            cpu,
            memory,
            architecture,
            execution_role,
            task_role,
            container,
            region,
            tags: _,  // changed in place, see the kind's diff
            after: _, // says when, not what
        } = desired;
        let mut fields = Self::default();
        fields.set("family", family);
        fields.set("cpu", cpu);
        fields.set("memory", memory);
        fields.set("cpu_architecture", architecture);
        fields.set("operating_system_family", "LINUX");
        fields.set("network_mode", "awsvpc");
        fields.set("requires_compatibilities", "FARGATE");
        fields.set_later("execution_role_arn", known(execution_role, outputs));
        if let Some(role) = task_role {
            fields.set_later("task_role_arn", known(role, outputs));
        }
        fields.set("containers", &container.log.container);
        fields.add_wanted(container, region, outputs);
        fields
    }

    fn add_wanted(&mut self, container: &Container, region: &str, outputs: &dyn Resolve) {
        let Container {
            image,
            command,
            ports,
            environment,
            secrets,
            log,
            health,
            stop_timeout,
            init_process,
            labels,
        } = container;
        self.set("image", image);
        self.set_unless_default("command", &command.join(" "));
        self.set(
            "ports",
            joined(ports.iter().map(|port| format!("{port}/tcp"))),
        );
        for (name, value) in environment {
            self.set_later(format!("environment.{name}"), value.resolve(outputs));
        }
        for (name, from) in secrets {
            self.set_later(format!("secrets.{name}"), from.resolve(outputs));
        }
        self.set("log_driver", "awslogs");
        for (name, value) in log_options("", region, &log.prefix) {
            self.set(format!("log_options.{name}"), value);
        }
        self.set_later("log_options.awslogs-group", known(&log.group, outputs));
        if let Some(health) = health {
            self.add_health(health);
        }
        self.set("stop_timeout", stop_timeout.as_secs());
        self.set_unless_default("init_process_enabled", init_process);
        for (name, Label { value, why: _ }) in labels {
            self.set_later(format!("{LABELS}{name}"), value.resolve(outputs));
        }
        self.set("essential", true);
    }

    fn add_health(&mut self, health: &Health) {
        let Health {
            command,
            interval,
            timeout,
            retries,
            start_period,
        } = health;
        self.set("health_check.command", format!("CMD-SHELL {command}"));
        self.set("health_check.interval", interval.as_secs());
        self.set("health_check.timeout", timeout.as_secs());
        self.set("health_check.retries", retries);
        self.set("health_check.start_period", start_period.as_secs());
    }

    /// The image of the container.
    pub(super) fn image(&self) -> Option<&str> {
        self.0.get("image")?.as_deref()
    }

    /// Lists every field in which these differ from `live`; `labels` say why they matter.
    pub(super) fn compare(&self, live: &Self, labels: &BTreeMap<String, Label>, diff: &mut Diff) {
        let names: std::collections::BTreeSet<&String> =
            self.0.keys().chain(live.0.keys()).collect();
        for name in names {
            let (want, have) = (self.0.get(name), live.0.get(name).cloned().flatten());
            if want.is_some_and(|want| want.is_some() && *want == have) {
                continue;
            }
            let label = name.strip_prefix(LABELS).and_then(|name| labels.get(name));
            let why = match label {
                Some(label) => label.why,
                None if name.starts_with(SECRETS) && is_newer(want, have.as_deref()) => {
                    OTHER_VERSION
                }
                None => IMMUTABLE,
            };
            let new = want.map(|want| want.clone().unwrap_or_else(|| KNOWN_AFTER_APPLY.to_owned()));
            diff.push(name.clone(), have, new, Effect::Replace(why));
        }
    }

    /// What a revision holds on to: its roles, log group and secrets, and the hosts its environment names.
    pub(super) fn uses(&self) -> Vec<String> {
        let holds = |name: &str, value: &str| match name.split_once('.') {
            None => name.ends_with("_role_arn").then(|| value.to_owned()),
            Some(("environment", _)) => value.contains('.').then(|| value.to_owned()),
            Some(("secrets", _)) => Some(value_from::secret(value)),
            Some(("log_options", "awslogs-group")) => Some(value.to_owned()),
            Some(_) => None,
        };
        let known = self
            .0
            .iter()
            .filter_map(|(name, value)| holds(name, value.as_deref()?));
        known.filter(|text| !text.is_empty()).collect()
    }
}

/// Whether a secret that is named has another version; one not known yet is of a version that is being made.
fn is_newer(want: Option<&Option<String>>, have: Option<&str>) -> bool {
    want.zip(have).is_some_and(|(want, have)| {
        want.as_ref()
            .is_none_or(|want| value_from::same_secret(want, have))
    })
}

fn known<T: Output>(reference: &Ref<T>, outputs: &dyn Resolve) -> Option<String> {
    reference
        .resolve(outputs)
        .map(|value| value.as_str().to_owned())
}

pub(super) fn joined(values: impl Iterator<Item = String>) -> String {
    let mut values: Vec<String> = values.collect();
    values.sort();
    values.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_ecs::types::{
        Compatibility, ContainerDefinition, HealthCheck, KeyValuePair, LogConfiguration, LogDriver,
        NetworkMode, PortMapping, Secret, TaskDefinition,
    };

    use super::*;
    use crate::kinds::ecs::{Architecture, TaskLog};
    use crate::resource::{Address, Arn, Layer, Nothing, ResourceName, Tags, Text};

    fn desired() -> Desired {
        Desired {
            family: "gw-dp".to_owned(),
            cpu: 512,
            memory: 1024,
            architecture: Architecture::X86_64,
            execution_role: Ref::Literal(Arn::new("arn:aws:iam::1:role/execution")),
            task_role: Some(Ref::Literal(Arn::new("arn:aws:iam::1:role/dp"))),
            container: Container {
                image: "kong:3.9.3".to_owned(),
                command: Vec::new(),
                ports: vec![8007, 8000],
                environment: [
                    ("KONG_ROLE".to_owned(), Text::from("data_plane")),
                    ("KONG_PG_HOST".to_owned(), Text::from("db.example")),
                ]
                .into(),
                secrets: [(
                    "KONG_CLUSTER_CERT".to_owned(),
                    Text::from("arn:aws:secretsmanager:eu-west-1:1:secret:gw-a1b2c3:cert::"),
                )]
                .into(),
                log: TaskLog {
                    group: Ref::Literal(ResourceName::new("/kongstack/gw/data-plane")),
                    prefix: "ecs".to_owned(),
                    container: "kong".to_owned(),
                },
                health: Some(Health {
                    command: "kong health".to_owned(),
                    interval: Duration::from_secs(15),
                    timeout: Duration::from_secs(5),
                    retries: 3,
                    start_period: Duration::from_secs(60),
                }),
                stop_timeout: Duration::from_secs(120),
                init_process: false,
                labels: BTreeMap::new(),
            },
            region: "eu-west-1".to_owned(),
            tags: Tags::default(),
            after: Vec::new(),
        }
    }

    /// What ECS answers for it: sorted otherwise, defaults filled in.
    fn container() -> aws_sdk_ecs::types::builders::ContainerDefinitionBuilder {
        let port = |number| {
            PortMapping::builder()
                .container_port(number)
                .host_port(number)
                .build()
        };
        let pair =
            |name: &str, value: &str| KeyValuePair::builder().name(name).value(value).build();
        let secret = Secret::builder()
            .name("KONG_CLUSTER_CERT")
            .value_from("arn:aws:secretsmanager:eu-west-1:1:secret:gw-a1b2c3:cert::");
        let log = LogConfiguration::builder()
            .log_driver(LogDriver::Awslogs)
            .options("awslogs-stream-prefix", "ecs")
            .options("awslogs-region", "eu-west-1")
            .options("awslogs-group", "/kongstack/gw/data-plane");
        let check = HealthCheck::builder()
            .command("CMD-SHELL")
            .command("kong health")
            .interval(15)
            .start_period(60);
        ContainerDefinition::builder()
            .name("kong")
            .image("kong:3.9.3")
            .cpu(0)
            .essential(true)
            .port_mappings(port(8000))
            .port_mappings(port(8007))
            .environment(pair("KONG_ROLE", "data_plane"))
            .environment(pair("KONG_PG_HOST", "db.example"))
            .secrets(secret.build().expect("complete"))
            .log_configuration(log.build().expect("complete"))
            .health_check(check.build().expect("complete"))
            .stop_timeout(120)
    }

    fn registered(container: ContainerDefinition) -> Fields {
        let definition = TaskDefinition::builder()
            .family("gw-dp")
            .cpu("512")
            .memory("1024")
            .network_mode(NetworkMode::Awsvpc)
            .requires_compatibilities(Compatibility::Fargate)
            .execution_role_arn("arn:aws:iam::1:role/execution")
            .task_role_arn("arn:aws:iam::1:role/dp")
            .container_definitions(container)
            .build();
        Fields::registered(&definition)
    }

    fn changed(desired: &Desired, live: &Fields) -> Vec<String> {
        let mut diff = Diff::new();
        Fields::wanted(desired, &Nothing).compare(live, &desired.container.labels, &mut diff);
        let fields = diff.changes().iter().map(|change| change.field.clone());
        fields.collect()
    }

    #[test]
    fn what_ecs_answers_is_what_was_wanted() {
        let none: [&str; 0] = [];
        assert_eq!(changed(&desired(), &registered(container().build())), none);
    }

    #[test]
    fn a_change_names_its_field() {
        let live = registered(container().build());
        let mut other = desired();
        other.cpu = 1024;
        other.container.environment.remove("KONG_PG_HOST");
        other.container.init_process = true;
        let fields = ["cpu", "environment.KONG_PG_HOST", "init_process_enabled"];
        assert_eq!(changed(&other, &live), fields);
    }

    #[test]
    fn what_is_not_known_yet_is_a_change() {
        let mut other = desired();
        let role = Address::new(Layer::Identity, "execution-role");
        other.execution_role = Ref::Of(role);
        let live = registered(container().build());
        assert_eq!(changed(&other, &live), ["execution_role_arn"]);
    }

    #[test]
    fn a_new_version_and_a_label_say_why_they_matter() {
        let pair = |version: &str| {
            format!("arn:aws:secretsmanager:eu-west-1:1:secret:gw-a1b2c3:cert::{version}")
        };
        let label = |value: &str| Label {
            value: Text::from(value),
            why: "the moon has changed",
        };
        let mut other = desired();
        let labels = [("moon".to_owned(), label("full"))];
        other.container.labels = labels.into();
        let secrets = [("KONG_CLUSTER_CERT".to_owned(), Text::from(pair("2")))];
        other.container.secrets = secrets.into();
        let version = Secret::builder()
            .name("KONG_CLUSTER_CERT")
            .value_from(pair("1"));
        let live = container()
            .set_secrets(Some(vec![version.build().expect("complete")]))
            .docker_labels("moon", "new");
        let mut diff = Diff::new();
        let (live, labels) = (registered(live.build()), &other.container.labels);
        Fields::wanted(&other, &Nothing).compare(&live, labels, &mut diff);
        let reasons = diff
            .replacing()
            .map(|(change, why)| (change.field.as_str(), why));
        let expected = [
            ("docker_labels.moon", "the moon has changed"),
            ("secrets.KONG_CLUSTER_CERT", OTHER_VERSION),
        ];
        assert_eq!(reasons.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_revision_made_by_hand_does_not_pass() {
        let live = registered(container().user("root").memory(256).build());
        assert_eq!(changed(&desired(), &live), ["container_memory", "user"]);
    }

    #[test]
    fn a_revision_holds_on_to_what_its_tasks_need() {
        assert_eq!(
            registered(container().build()).uses(),
            [
                "db.example",
                "arn:aws:iam::1:role/execution",
                "/kongstack/gw/data-plane",
                "arn:aws:secretsmanager:eu-west-1:1:secret:gw-a1b2c3",
                "arn:aws:iam::1:role/dp",
            ]
        );
    }
}
