//! Kong's schema in the database, brought up before the control plane rolls and finished after it, and the import of
//! the admin route.

use std::collections::BTreeMap;

use super::addresses;
use super::compute::{architecture, cluster, settings, task_log, task_network};
use super::draft::Draft;
use super::{admin_route, database, identity, network, secrets, security};
use crate::kinds::ecs::{Container, Nodes, OneOff, TaskDefinition, TaskDefinitionDesired};
use crate::kinds::kong::{Schema, SchemaDesired, SchemaFinish, SchemaFinishDesired};
use crate::kong::environment::Role;
use crate::kong::{environment, migrations, shutdown};
use crate::resource::{Address, Ref};
use crate::spec::{Named, StackSpec};

/// CPU units: room for the command line and PostgreSQL's answers; it serves nothing.
const CPU: u32 = 512;

/// Draws the task definition, the schema and its finish.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    draw_task(draft);
    let image = spec.kong.image.as_str().to_owned();
    draft.add::<Schema>(
        addresses::schema(),
        SchemaDesired {
            image: image.clone(),
            admin_route: admin_route::route(spec),
            database: Ref::Of(addresses::database_cluster()),
            task: one_off(spec),
            control_planes: control_planes(spec),
        },
    );
    draft.add::<SchemaFinish>(
        addresses::schema_finish(),
        SchemaFinishDesired {
            image,
            database: Ref::Of(addresses::database_cluster()),
            task: one_off(spec),
            control_planes: control_planes(spec),
            after: vec![addresses::schema(), addresses::control_plane_service()],
        },
    );
}

/// What every task that uses the database needs before it can start: a way out, its rules and policies, the writer.
pub(super) fn ready(spec: &StackSpec) -> Vec<Address> {
    [
        network::egress_ready(spec),
        security::tasks_ready(spec),
        identity::control_plane_ready(spec),
        database::ready(),
    ]
    .concat()
}

pub(super) fn one_off(spec: &StackSpec) -> OneOff {
    OneOff {
        cluster: cluster(),
        task_definition: Ref::Of(addresses::migrations_task()),
        family: spec.name_of(Named::MigrationsFamily),
        network: task_network(spec, addresses::control_plane_group()),
        log: task_log(addresses::migrations_logs()),
        after: ready(spec),
    }
}

/// The control plane's nodes: the only ones that use the database.
fn control_planes(spec: &StackSpec) -> Nodes {
    Nodes {
        cluster: cluster(),
        service: spec.name_of(Named::ControlPlaneService),
    }
}

fn draw_task(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let address = addresses::migrations_task();
    let family = spec.name_of(Named::MigrationsFamily);
    let from = [
        (environment::PG_USER, secrets::database_username()),
        (environment::PG_PASSWORD, secrets::database_password()),
        (migrations::KEY_VARIABLE, secrets::admin_key(spec)),
    ];
    let container = Container {
        image: spec.kong.image.as_str().to_owned(),
        // What a task does is said when it is run; run as it is, it only looks.
        command: ["kong", "migrations", "list"].map(str::to_owned).to_vec(),
        ports: Vec::new(),
        environment: settings(spec, Role::Migrations, CPU),
        secrets: from.map(|(name, text)| (name.to_owned(), text)).into(),
        log: task_log(addresses::migrations_logs()),
        health: None,
        stop_timeout: shutdown::MIGRATIONS_STOP,
        init_process: false,
        labels: BTreeMap::new(),
    };
    let desired = TaskDefinitionDesired {
        cpu: CPU,
        memory: 1024,
        architecture: architecture(spec.control_plane.architecture),
        execution_role: identity::execution_role(),
        task_role: None,
        container,
        region: spec.region.as_str().to_owned(),
        tags: draft.tags(&address, &family),
        family,
        after: Vec::<Address>::new(),
    };
    draft.add::<TaskDefinition>(address, desired);
}
