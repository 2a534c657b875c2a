//! The addresses of a stack's resources: the one place that names them.
//!
//! Numbers count from 1, in the order of the spec.

use crate::resource::{Address, Layer};

macro_rules! fixed {
    ($($name:ident: $layer:ident, $text:literal;)*) => {$(
        pub(crate) fn $name() -> Address {
            Address::new(Layer::$layer, $text)
        }
    )*};
}

fixed! {
    account: Lookup, "account";
    hosted_zone: Lookup, "hosted-zone";
    engine_version: Lookup, "engine-version";
    existing_vpc: Lookup, "vpc";
    existing_key: Lookup, "encryption-key";
    vpc: Network, "vpc";
    internet_gateway: Network, "internet-gateway";
    public_route_table: Network, "public-route-table";
    public_default_route: Network, "public-default-route";
    flow_log: Network, "flow-log";
    s3_endpoint: Network, "endpoint/s3";
    alb_group: Security, "alb";
    data_plane_group: Security, "data-plane";
    control_plane_group: Security, "control-plane";
    database_group: Security, "database";
    endpoints_group: Security, "endpoints";
    execution_role: Identity, "execution-role";
    execution_policy: Identity, "execution-policy";
    control_plane_role: Identity, "control-plane-role";
    control_plane_policy: Identity, "control-plane-policy";
    data_plane_role: Identity, "data-plane-role";
    data_plane_policy: Identity, "data-plane-policy";
    flow_logs_role: Identity, "flow-logs-role";
    flow_logs_policy: Identity, "flow-logs-policy";
    encryption_key: Encryption, "key";
    cluster_certificate: Secrets, "cluster-certificate";
    admin_key: Secrets, "admin-key";
    control_plane_logs: Logs, "control-plane";
    data_plane_logs: Logs, "data-plane";
    migrations_logs: Logs, "migrations";
    flow_logs_group: Logs, "flow-logs";
    waf_logs_group: Logs, "waf";
    database_logs: Logs, "database";
    subnet_group: Database, "subnet-group";
    parameter_group: Database, "parameter-group";
    database_cluster: Database, "cluster";
    database_writer: Database, "writer";
    namespace: Discovery, "namespace";
    discovery_service: Discovery, "service";
    access_logs: Ingress, "access-logs";
    load_balancer: Ingress, "load-balancer";
    target_group: Ingress, "target-group";
    certificate: Ingress, "certificate";
    certificate_validation: Ingress, "certificate-validation";
    web_acl: Ingress, "web-acl";
    admin_addresses: Ingress, "admin-addresses";
    http_listener: Ingress, "listener/http";
    https_listener: Ingress, "listener/https";
    ecs_cluster: Compute, "cluster";
    migrations_task: Migrations, "task-definition";
    schema: Migrations, "schema";
    schema_finish: Migrations, "finish";
    machine_role: Identity, "machine-role";
    machine_policy: Identity, "machine-policy";
    starter_role: Identity, "starter-role";
    starter_policy: Identity, "starter-policy";
    machine_logs: Logs, "machine";
    timer: ControlPlane, "timer";
    machine: ControlPlane, "machine";
    new_tasks_rule: ControlPlane, "rule/new-tasks";
    push_rule: ControlPlane, "rule/push";
    control_plane_task: ControlPlane, "task-definition";
    control_plane_service: ControlPlane, "service";
    admin_route: ControlPlane, "admin-route";
    data_plane_task: DataPlane, "task-definition";
    data_plane_service: DataPlane, "service";
    scalable_target: DataPlane, "scalable-target";
    alias: Dns, "alias";
    alarm_topic: Alarms, "topic";
    dashboard: Alarms, "dashboard";
    log_archive_role: Identity, "log-archive-role";
    log_archive_policy: Identity, "log-archive-policy";
    log_archive_starter_role: Identity, "log-archive-starter-role";
    log_archive_starter_policy: Identity, "log-archive-starter-policy";
    log_archive_machine: Logs, "archive/machine";
    log_archive_rule: Logs, "archive/rule";
}

macro_rules! numbered {
    ($($name:ident: $layer:ident, $text:literal;)*) => {$(
        pub(crate) fn $name(part: impl std::fmt::Display) -> Address {
            Address::new(Layer::$layer, &format!(concat!($text, "/{}"), part))
        }
    )*};
}

numbered! {
    zone: Lookup, "zone";
    existing_subnet: Lookup, "subnet";
    public_subnet: Network, "public-subnet";
    private_subnet: Network, "private-subnet";
    public_association: Network, "public-association";
    private_association: Network, "private-association";
    private_route_table: Network, "private-route-table";
    private_default_route: Network, "private-default-route";
    elastic_ip: Network, "elastic-ip";
    nat_gateway: Network, "nat-gateway";
    interface_endpoint: Network, "endpoint";
    rule: Security, "rule";
    database_reader: Database, "reader";
    admin_rule: Ingress, "admin-rule";
    scaling_policy: DataPlane, "scaling-policy";
}
