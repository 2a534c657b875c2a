//! What ECS says was registered, as the fields it is compared by.
//!
//! What the blueprint never sets is listed too, so that a revision somebody registered by hand, with another container
//! or a volume, does not pass for ours.

use aws_sdk_ecs::types::{ContainerDefinition, HealthCheck, TaskDefinition};

use super::fields::{Fields, joined};
use super::task_definition::Live;

impl Live {
    /// The image of its container.
    pub(crate) fn image(&self) -> Option<&str> {
        self.fields.image()
    }
}

impl Fields {
    /// What ECS says was registered.
    pub(super) fn registered(definition: &TaskDefinition) -> Self {
        let mut fields = Self::default();
        fields.set("family", definition.family().unwrap_or_default());
        fields.set("cpu", definition.cpu().unwrap_or_default());
        fields.set("memory", definition.memory().unwrap_or_default());
        let platform = definition.runtime_platform();
        let architecture = platform.and_then(|platform| platform.cpu_architecture());
        fields.set(
            "cpu_architecture",
            architecture.map_or("X86_64", |one| one.as_str()),
        );
        let system = platform.and_then(|platform| platform.operating_system_family());
        fields.set(
            "operating_system_family",
            system.map_or("LINUX", |one| one.as_str()),
        );
        fields.set(
            "network_mode",
            definition.network_mode().map_or("", |one| one.as_str()),
        );
        let fargate = definition.requires_compatibilities().iter();
        fields.set(
            "requires_compatibilities",
            joined(fargate.map(|one| one.as_str().to_owned())),
        );
        fields.set(
            "execution_role_arn",
            definition.execution_role_arn().unwrap_or_default(),
        );
        let task_role = definition.task_role_arn().unwrap_or_default();
        fields.set_unless_default("task_role_arn", &task_role.to_owned());
        let volumes = definition.volumes().iter().filter_map(|one| one.name());
        fields.set_unless_default("volumes", &joined(volumes.map(str::to_owned)));
        if let Some(storage) = definition.ephemeral_storage() {
            fields.set("ephemeral_storage", storage.size_in_gib());
        }
        let containers = definition.container_definitions();
        let names = containers.iter().filter_map(ContainerDefinition::name);
        fields.set("containers", joined(names.map(str::to_owned)));
        if let Some(container) = containers.first() {
            fields.add_registered(container);
        }
        fields
    }

    fn add_registered(&mut self, container: &ContainerDefinition) {
        self.set("image", container.image().unwrap_or_default());
        self.set_unless_default("command", &container.command().join(" "));
        self.set_unless_default("entry_point", &container.entry_point().join(" "));
        let ports = container.port_mappings().iter().map(|mapping| {
            let protocol = mapping.protocol().map_or("tcp", |one| one.as_str());
            format!(
                "{}/{protocol}",
                mapping.container_port().unwrap_or_default()
            )
        });
        self.set("ports", joined(ports));
        for pair in container.environment() {
            let name = format!("environment.{}", pair.name().unwrap_or_default());
            self.set(name, pair.value().unwrap_or_default());
        }
        for secret in container.secrets() {
            self.set(format!("secrets.{}", secret.name()), secret.value_from());
        }
        if let Some(log) = container.log_configuration() {
            self.set("log_driver", log.log_driver().as_str());
            for (name, value) in log.options().into_iter().flatten() {
                self.set(format!("log_options.{name}"), value);
            }
        }
        if let Some(check) = container.health_check() {
            self.add_registered_health(check);
        }
        // Fargate's default where none was given.
        self.set("stop_timeout", container.stop_timeout().unwrap_or(30));
        let linux = container.linux_parameters();
        let init = linux.and_then(|linux| linux.init_process_enabled());
        self.set_unless_default("init_process_enabled", &init.unwrap_or_default());
        for (name, value) in container.docker_labels().into_iter().flatten() {
            self.set(format!("docker_labels.{name}"), value);
        }
        self.set("essential", container.essential().unwrap_or(true));
        self.add_unwanted(container);
    }

    /// What no container of a blueprint ever sets.
    fn add_unwanted(&mut self, container: &ContainerDefinition) {
        self.set_unless_default("container_cpu", &container.cpu());
        self.set_unless_default("container_memory", &container.memory().unwrap_or_default());
        self.set_unless_default(
            "memory_reservation",
            &container.memory_reservation().unwrap_or_default(),
        );
        self.set_unless_default("user", &container.user().unwrap_or_default().to_owned());
        self.set_unless_default(
            "working_directory",
            &container.working_directory().unwrap_or_default().to_owned(),
        );
        self.set_unless_default(
            "readonly_root_filesystem",
            &container.readonly_root_filesystem().unwrap_or_default(),
        );
        self.set_unless_default("mount_points", &container.mount_points().len());
        self.set_unless_default("environment_files", &container.environment_files().len());
        self.set_unless_default("ulimits", &container.ulimits().len());
    }

    fn add_registered_health(&mut self, check: &HealthCheck) {
        self.set("health_check.command", check.command().join(" "));
        // Defaults that ECS fills in where a registration left them out.
        self.set("health_check.interval", check.interval().unwrap_or(30));
        self.set("health_check.timeout", check.timeout().unwrap_or(5));
        self.set("health_check.retries", check.retries().unwrap_or(3));
        self.set(
            "health_check.start_period",
            check.start_period().unwrap_or(0),
        );
    }
}
