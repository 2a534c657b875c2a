//! The ECS cluster, and what all of the stack's tasks have in common.

use std::collections::BTreeMap;
use std::time::Duration;

use super::addresses;
use super::draft::Draft;
use super::{database, discovery, network};
use crate::kinds::ecs::{
    Architecture, ClusterDesired, Container, EcsCluster, Health, TaskLog, TaskNetwork,
};
use crate::kong::environment::{self, Environment, Role, Surroundings};
use crate::kong::shutdown::Shutdown;
use crate::resource::{Address, Arn, Ref, SecurityGroupId, Text};
use crate::spec::{self, Named, StackSpec};

/// The name of the container in every task.
pub(super) const CONTAINER: &str = "kong";

/// Draws the cluster.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let address = addresses::ecs_cluster();
    let name = draft.spec.name_of(Named::EcsCluster);
    let desired = ClusterDesired {
        container_insights: false,
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<EcsCluster>(address, desired);
}

/// The cluster.
pub(super) fn cluster() -> Ref<Arn> {
    Ref::Of(addresses::ecs_cluster())
}

/// Where a task's interface lies: in the tasks' subnets, in its own group.
pub(super) fn task_network(spec: &StackSpec, group: Address) -> TaskNetwork {
    TaskNetwork {
        subnets: network::task_subnets(spec),
        security_groups: vec![Ref::<SecurityGroupId>::Of(group)],
        assign_public_ip: network::assign_public_ip(spec),
    }
}

/// Where a task's lines go.
pub(super) fn task_log(group: Address) -> TaskLog {
    TaskLog {
        group: Ref::Of(group),
        prefix: "ecs".to_owned(),
        container: CONTAINER.to_owned(),
    }
}

/// Kong's settings for a task of that role.
pub(super) fn settings(spec: &StackSpec, role: Role, cpu: u32) -> Environment {
    let cidrs = network::public_subnet_cidrs(spec);
    let around = Surroundings {
        database_host: (&database::host()).into(),
        database_name: database::DATABASE,
        control_plane: discovery::control_plane_host(spec),
        load_balancer: Text::join(cidrs.iter().map(Text::from), ","),
        cpu,
        own: &spec.kong.environment,
    };
    environment::environment(role, &around)
}

/// A container that serves: Kong, started by the image's own command and watched by its own health check.
///
/// Its root file system stays writable. Kong writes its configuration, sockets and cache below its prefix,
/// `/usr/local/kong`, where the image also keeps libraries, so that a volume mounted there would hide them. A volume
/// for another prefix belongs to root on Fargate, and the image's user `kong` could not write to it; only a second
/// container that runs as root could change that, which is the larger risk.
pub(super) fn node(
    spec: &StackSpec,
    log: TaskLog,
    environment: Environment,
    secrets: BTreeMap<String, Text>,
    shutdown: Shutdown,
) -> Container {
    Container {
        image: spec.kong.image.as_str().to_owned(),
        command: Vec::new(),
        ports: Vec::new(),
        environment,
        secrets,
        log,
        health: Some(health()),
        stop_timeout: shutdown.stop,
        init_process: spec.exec,
        labels: BTreeMap::new(),
    }
}

/// Looks whether the processes run. It must not ask for the database or the control plane: a task that waits for them
/// is not one to be replaced.
fn health() -> Health {
    Health {
        command: "kong health".to_owned(),
        interval: Duration::from_secs(15),
        timeout: Duration::from_secs(10),
        retries: 3,
        start_period: Duration::from_secs(60),
    }
}

/// The spec's processor as ECS names it.
pub(super) fn architecture(architecture: spec::Architecture) -> Architecture {
    match architecture {
        spec::Architecture::X86_64 => Architecture::X86_64,
        spec::Architecture::Arm64 => Architecture::Arm64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_asks_for_nothing_but_the_process() {
        // `kong health` looks for nginx's process; anything over HTTP could ask for the database.
        assert_eq!(health().command, "kong health");
    }
}
