//! The one container of a task definition, as the blueprint wants it and as ECS takes it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::types::{
    ContainerDefinition, HealthCheck, KeyValuePair, LinuxParameters, LogConfiguration, LogDriver,
    PortMapping, Secret, TransportProtocol,
};

use super::log::TaskLog;
use crate::resource::{Error, Output, References, Step, Text};

/// What a container should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    /// The image, pinned.
    pub(crate) image: String,
    /// The command; empty leaves the image's own.
    pub(crate) command: Vec<String>,
    /// TCP ports it listens on.
    pub(crate) ports: Vec<u16>,
    /// Environment variables. Nothing secret: they are shown.
    pub(crate) environment: BTreeMap<String, Text>,
    /// Environment variables that ECS fills from Secrets Manager: name to where the value is found.
    pub(crate) secrets: BTreeMap<String, Text>,
    /// Its name, and where its lines go.
    pub(crate) log: TaskLog,
    /// How ECS tells whether it is healthy, if it is to.
    pub(crate) health: Option<Health>,
    /// From the stop signal to the kill, 2 s to 120 s.
    pub(crate) stop_timeout: Duration,
    /// Whether an init process reaps what an ECS Exec session leaves behind.
    pub(crate) init_process: bool,
    /// Docker labels.
    pub(crate) labels: BTreeMap<String, Label>,
}

/// A docker label: something that a running task was started with, and that nothing else of it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    /// What it says.
    pub(crate) value: Text,
    /// Why another value takes another task.
    pub(crate) why: &'static str,
}

/// A container's health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Health {
    /// Run by the container's shell; exit code 0 is healthy.
    pub(crate) command: String,
    /// Between two checks, 5 s to 300 s.
    pub(crate) interval: Duration,
    /// For one check, 2 s to 60 s.
    pub(crate) timeout: Duration,
    /// Failures in a row that make it unhealthy, 1 to 10.
    pub(crate) retries: u8,
    /// After the start, while failures do not count, 0 s to 300 s.
    pub(crate) start_period: Duration,
}

impl Container {
    /// Adds what it refers to.
    pub(super) fn references(&self, references: References) -> References {
        self.environment
            .values()
            .chain(self.secrets.values())
            .chain(self.labels.values().map(|label| &label.value))
            .fold(references, References::in_text)
            .to(&self.log.group)
    }

    /// As ECS takes it, with all references resolved.
    pub(super) fn to_sdk(&self, cx: &Step) -> Result<ContainerDefinition, Error> {
        let built = ContainerDefinition::builder()
            .name(&self.log.container)
            .image(&self.image)
            .essential(true)
            .set_command((!self.command.is_empty()).then(|| self.command.clone()))
            .set_port_mappings(Some(self.ports.iter().copied().map(port).collect()))
            .set_environment(Some(self.environment(cx)?))
            .set_secrets((!self.secrets.is_empty()).then_some(self.secrets(cx)?))
            .log_configuration(self.log_configuration(cx)?)
            .set_health_check(self.health.as_ref().map(Health::to_sdk).transpose()?)
            .stop_timeout(seconds(self.stop_timeout))
            .set_linux_parameters(self.init_process.then(init_process))
            .set_docker_labels((!self.labels.is_empty()).then_some(self.labels(cx)?))
            .build();
        Ok(built)
    }

    fn environment(&self, cx: &Step) -> Result<Vec<KeyValuePair>, Error> {
        let pairs = self.environment.iter().map(|(name, value)| {
            Ok(KeyValuePair::builder()
                .name(name)
                .value(cx.text(value)?)
                .build())
        });
        pairs.collect()
    }

    fn secrets(&self, cx: &Step) -> Result<Vec<Secret>, Error> {
        let secrets = self.secrets.iter().map(|(name, from)| {
            Secret::builder()
                .name(name)
                .value_from(cx.text(from)?)
                .build()
                .map_err(|error| unbuilt(&error))
        });
        secrets.collect()
    }

    fn labels(&self, cx: &Step) -> Result<HashMap<String, String>, Error> {
        let labels = self.labels.iter();
        labels
            .map(|(name, label)| Ok((name.clone(), cx.text(&label.value)?)))
            .collect()
    }

    fn log_configuration(&self, cx: &Step) -> Result<LogConfiguration, Error> {
        let group = cx.get(&self.log.group)?;
        let options = log_options(group.as_str(), cx.region(), &self.log.prefix);
        LogConfiguration::builder()
            .log_driver(LogDriver::Awslogs)
            .set_options(Some(options.into_iter().collect()))
            .build()
            .map_err(|error| unbuilt(&error))
    }
}

impl Health {
    fn to_sdk(&self) -> Result<HealthCheck, Error> {
        HealthCheck::builder()
            .command("CMD-SHELL")
            .command(&self.command)
            .interval(seconds(self.interval))
            .timeout(seconds(self.timeout))
            .retries(i32::from(self.retries))
            .start_period(seconds(self.start_period))
            .build()
            .map_err(|error| unbuilt(&error))
    }
}

/// The `awslogs` driver's options. It neither makes a group that is not there nor drops lines: a task that cannot
/// write would hide its own failure.
pub(super) fn log_options(group: &str, region: &str, prefix: &str) -> BTreeMap<String, String> {
    [
        ("awslogs-group", group),
        ("awslogs-region", region),
        ("awslogs-stream-prefix", prefix),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// ECS counts in whole seconds.
pub(super) fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn port(number: u16) -> PortMapping {
    PortMapping::builder()
        .container_port(i32::from(number))
        .host_port(i32::from(number))
        .protocol(TransportProtocol::Tcp)
        .build()
}

fn init_process() -> LinuxParameters {
    LinuxParameters::builder()
        .init_process_enabled(true)
        .build()
}

fn unbuilt(error: &BuildError) -> Error {
    Error::Internal(error.to_string())
}
