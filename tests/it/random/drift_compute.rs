//! What people do by hand to tasks, roles, logs, secrets, scaling and the database.

use aws_config::SdkConfig;

use super::drift::{Told, asked, first};

/// Does it.
pub(super) async fn by_hand(config: &SdkConfig, name: &str) -> Told {
    match name {
        "delete a service" => delete_service(config).await,
        "run more control planes" => more_tasks(config).await,
        "deregister a task definition" => deregister(config).await,
        "stop a task" => stop_task(config).await,
        "delete a role policy" => delete_role_policy(config).await,
        "attach a policy" => attach(config).await,
        "describe a role otherwise" => describe_role(config).await,
        "delete a log group" => delete_log_group(config).await,
        "keep logs longer" => keep_logs(config).await,
        "delete a secret" => delete_secret(config).await,
        "delete a scaling policy" => delete_scaling(config).await,
        "deregister the scalable target" => deregister_target(config).await,
        "delete a database instance" => delete_instance(config).await,
        "keep backups longer" => keep_backups(config).await,
        "set a parameter" => set_parameter(config).await,
        "protect the database" => protect(config).await,
        "tag the database otherwise" => tag_database(config).await,
        unknown => Err(format!("nobody does this: {unknown}")),
    }
}

type Ecs = aws_sdk_ecs::Client;

async fn cluster(ecs: &Ecs) -> Result<String, String> {
    let clusters = asked!(ecs.list_clusters())?;
    first(clusters.cluster_arns().iter().cloned())
}

async fn service(ecs: &Ecs, cluster: &str) -> Result<String, String> {
    let services = asked!(ecs.list_services().cluster(cluster))?;
    first(services.service_arns().iter().cloned())
}

async fn delete_service(config: &SdkConfig) -> Told {
    let ecs = Ecs::new(config);
    let cluster = cluster(&ecs).await?;
    let service = service(&ecs, &cluster).await?;
    asked!(
        ecs.delete_service()
            .cluster(&cluster)
            .service(service)
            .force(true)
    )
    .map(drop)
}

async fn more_tasks(config: &SdkConfig) -> Told {
    let ecs = Ecs::new(config);
    let cluster = cluster(&ecs).await?;
    let service = service(&ecs, &cluster).await?;
    asked!(
        ecs.update_service()
            .cluster(&cluster)
            .service(service)
            .desired_count(3)
    )
    .map(drop)
}

async fn deregister(config: &SdkConfig) -> Told {
    let ecs = Ecs::new(config);
    let definitions = asked!(ecs.list_task_definitions())?;
    let arn = first(definitions.task_definition_arns())?;
    asked!(ecs.deregister_task_definition().task_definition(arn)).map(drop)
}

async fn stop_task(config: &SdkConfig) -> Told {
    let ecs = Ecs::new(config);
    let cluster = cluster(&ecs).await?;
    let tasks = asked!(ecs.list_tasks().cluster(&cluster))?;
    let task = first(tasks.task_arns())?;
    asked!(ecs.stop_task().cluster(&cluster).task(task)).map(drop)
}

async fn role(iam: &aws_sdk_iam::Client) -> Result<String, String> {
    let roles = asked!(iam.list_roles().path_prefix("/kongstack/"))?;
    Ok(first(roles.roles())?.role_name().to_owned())
}

async fn delete_role_policy(config: &SdkConfig) -> Told {
    let iam = aws_sdk_iam::Client::new(config);
    let roles = asked!(iam.list_roles().path_prefix("/kongstack/"))?;
    for role in roles.roles() {
        let policies = asked!(iam.list_role_policies().role_name(role.role_name()))?;
        if let Some(policy) = policies.policy_names().first() {
            let call = iam.delete_role_policy().role_name(role.role_name());
            return asked!(call.policy_name(policy)).map(drop);
        }
    }
    Err("nothing there".to_owned())
}

async fn attach(config: &SdkConfig) -> Told {
    let iam = aws_sdk_iam::Client::new(config);
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}"#;
    let made = asked!(
        iam.create_policy()
            .policy_name("theirs")
            .policy_document(document)
    )?;
    let arn = made
        .policy()
        .and_then(|policy| policy.arn())
        .unwrap_or_default();
    asked!(
        iam.attach_role_policy()
            .role_name(role(&iam).await?)
            .policy_arn(arn)
    )
    .map(drop)
}

async fn describe_role(config: &SdkConfig) -> Told {
    let iam = aws_sdk_iam::Client::new(config);
    asked!(
        iam.update_role()
            .role_name(role(&iam).await?)
            .description("changed")
    )
    .map(drop)
}

async fn log_group(logs: &aws_sdk_cloudwatchlogs::Client) -> Result<String, String> {
    let groups = asked!(
        logs.describe_log_groups()
            .log_group_name_prefix("/kongstack/")
    )?;
    Ok(first(groups.log_groups())?
        .log_group_name()
        .unwrap_or_default()
        .to_owned())
}

async fn delete_log_group(config: &SdkConfig) -> Told {
    let logs = aws_sdk_cloudwatchlogs::Client::new(config);
    asked!(
        logs.delete_log_group()
            .log_group_name(log_group(&logs).await?)
    )
    .map(drop)
}

async fn keep_logs(config: &SdkConfig) -> Told {
    let logs = aws_sdk_cloudwatchlogs::Client::new(config);
    let call = logs.put_retention_policy().retention_in_days(400);
    asked!(call.log_group_name(log_group(&logs).await?)).map(drop)
}

async fn delete_secret(config: &SdkConfig) -> Told {
    let secrets = aws_sdk_secretsmanager::Client::new(config);
    let listed = asked!(secrets.list_secrets())?;
    let is_ours = |name: &&str| name.starts_with("kongstack/");
    let mut names = listed
        .secret_list()
        .iter()
        .filter_map(|secret| secret.name());
    let name = first(names.find(is_ours))?;
    asked!(
        secrets
            .delete_secret()
            .secret_id(name)
            .recovery_window_in_days(7)
    )
    .map(drop)
}

type Scaling = aws_sdk_applicationautoscaling::Client;

async fn delete_scaling(config: &SdkConfig) -> Told {
    use aws_sdk_applicationautoscaling::types::ServiceNamespace;
    let scaling = Scaling::new(config);
    let policies = asked!(
        scaling
            .describe_scaling_policies()
            .service_namespace(ServiceNamespace::Ecs)
    )?;
    let policy = first(policies.scaling_policies())?;
    let call = scaling
        .delete_scaling_policy()
        .policy_name(policy.policy_name());
    let call = call
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(policy.resource_id());
    asked!(call.scalable_dimension(policy.scalable_dimension().clone())).map(drop)
}

async fn deregister_target(config: &SdkConfig) -> Told {
    use aws_sdk_applicationautoscaling::types::ServiceNamespace;
    let scaling = Scaling::new(config);
    let targets = asked!(
        scaling
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
    )?;
    let target = first(targets.scalable_targets())?;
    let call = scaling
        .deregister_scalable_target()
        .resource_id(target.resource_id());
    let call = call.service_namespace(ServiceNamespace::Ecs);
    asked!(call.scalable_dimension(target.scalable_dimension().clone())).map(drop)
}

type Rds = aws_sdk_rds::Client;

async fn delete_instance(config: &SdkConfig) -> Told {
    let rds = Rds::new(config);
    let instances = asked!(rds.describe_db_instances())?;
    let instance = first(instances.db_instances())?
        .db_instance_identifier()
        .unwrap_or_default();
    asked!(
        rds.delete_db_instance()
            .db_instance_identifier(instance)
            .skip_final_snapshot(true)
    )
    .map(drop)
}

async fn db_cluster(rds: &Rds) -> Result<(String, String), String> {
    let clusters = asked!(rds.describe_db_clusters())?;
    let cluster = first(clusters.db_clusters())?;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok((
        text(cluster.db_cluster_identifier()),
        text(cluster.db_cluster_arn()),
    ))
}

async fn keep_backups(config: &SdkConfig) -> Told {
    let rds = Rds::new(config);
    let (name, _) = db_cluster(&rds).await?;
    let call = rds
        .modify_db_cluster()
        .db_cluster_identifier(name)
        .apply_immediately(true);
    asked!(call.backup_retention_period(21)).map(drop)
}

async fn protect(config: &SdkConfig) -> Told {
    let rds = Rds::new(config);
    let (name, _) = db_cluster(&rds).await?;
    let call = rds
        .modify_db_cluster()
        .db_cluster_identifier(name)
        .apply_immediately(true);
    asked!(call.deletion_protection(true)).map(drop)
}

async fn tag_database(config: &SdkConfig) -> Told {
    let rds = Rds::new(config);
    let (_, arn) = db_cluster(&rds).await?;
    let tag = aws_sdk_rds::types::Tag::builder()
        .key("owner")
        .value("nobody")
        .build();
    asked!(rds.add_tags_to_resource().resource_name(arn).tags(tag)).map(drop)
}

async fn set_parameter(config: &SdkConfig) -> Told {
    let rds = Rds::new(config);
    let groups = asked!(rds.describe_db_cluster_parameter_groups())?;
    let names = groups.db_cluster_parameter_groups().iter();
    let mut names = names.filter_map(|group| group.db_cluster_parameter_group_name());
    let name = first(names.find(|name| !name.starts_with("default.")))?;
    let parameter = aws_sdk_rds::types::Parameter::builder()
        .parameter_name("log_statement")
        .parameter_value("all")
        .apply_method(aws_sdk_rds::types::ApplyMethod::Immediate)
        .build();
    let call = rds
        .modify_db_cluster_parameter_group()
        .db_cluster_parameter_group_name(name);
    asked!(call.parameters(parameter)).map(drop)
}
