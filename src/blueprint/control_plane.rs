//! The control plane: one node that owns the configuration, reached by the data planes only.

use super::addresses;
use super::compute::{architecture, cluster, node, settings, task_log, task_network};
use super::draft::Draft;
use super::{identity, migrations, secrets};
use crate::kinds::ecs::{
    Container, Count, EcsService, EcsServiceDesired, Label, Share, TaskDefinition,
    TaskDefinitionDesired,
};
use crate::kong::environment::{self, ADMIN_PORT, CLUSTER_PORT, Role, STATUS_PORT};
use crate::kong::shutdown;
use crate::resource::Ref;
use crate::spec::{Named, StackSpec};

/// The label that says with which database password a node was started. AWS rotates it every seven days, and the old
/// one is dead at once: a node that runs on goes on with the connections it has, and gets no new ones.
const PASSWORD_LABEL: &str = "kongstack.database-password";
const PASSWORD_ROTATED: &str =
    "the database's password was rotated, and a node reads it when it starts";

/// Draws the task definition and the service.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    draw_task(draft);
    draw_service(draft);
}

fn draw_task(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::control_plane_task();
    let family = spec.name_of(Named::ControlPlaneFamily);
    let desired = TaskDefinitionDesired {
        cpu: spec.control_plane.cpu,
        memory: spec.control_plane.memory,
        architecture: architecture(spec.control_plane.architecture),
        execution_role: identity::execution_role(),
        task_role: Some(identity::control_plane_role()),
        container: container(spec),
        region: spec.region.as_str().to_owned(),
        tags: draft.tags(&address, &family),
        family,
        after: Vec::new(),
    };
    draft.add::<TaskDefinition>(address, desired);
}

fn container(spec: &StackSpec) -> Container {
    let from = [
        (environment::CLUSTER_CERT, secrets::certificate()),
        (environment::CLUSTER_CERT_KEY, secrets::certificate_key()),
        (environment::PG_USER, secrets::database_username()),
        (environment::PG_PASSWORD, secrets::database_password()),
    ];
    let password = Label {
        value: secrets::database_password_version(),
        why: PASSWORD_ROTATED,
    };
    Container {
        ports: vec![ADMIN_PORT, CLUSTER_PORT, STATUS_PORT],
        labels: [(PASSWORD_LABEL.to_owned(), password)].into(),
        ..node(
            spec,
            task_log(addresses::control_plane_logs()),
            settings(spec, Role::ControlPlane, spec.control_plane.cpu),
            from.map(|(name, text)| (name.to_owned(), text)).into(),
            shutdown::CONTROL_PLANE,
        )
    }
}

fn draw_service(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::control_plane_service();
    let name = spec.name_of(Named::ControlPlaneService);
    let desired = EcsServiceDesired {
        cluster: cluster(),
        task_definition: Ref::Of(addresses::control_plane_task()),
        count: match spec.control_plane.on_demand() {
            Some(_) => Count::OnDemand,
            None => Count::Fixed(1),
        },
        strategy: vec![Share {
            provider: "FARGATE".to_owned(),
            base: 0,
            weight: 1,
        }],
        network: task_network(spec, addresses::control_plane_group()),
        // The next one takes over before the last one goes: both may talk to the database at once.
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        load_balancing: None,
        registry: Some(Ref::Of(addresses::discovery_service())),
        execute_command: spec.exec,
        log: task_log(addresses::control_plane_logs()),
        tags: draft.tags(&address, &name),
        name,
        after: migrations::ready(spec),
        started_after: vec![addresses::schema()],
    };
    draft.add::<EcsService>(address, desired);
}
