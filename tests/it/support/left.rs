//! What is left of a stack in an account, asked service by service.

use aws_config::SdkConfig;

const TAG: &str = "kongstack:stack";

/// Everything that carries the stack's tag or lies under its name, as `service: id`.
pub(crate) async fn left(config: &SdkConfig, stack: &str) -> Vec<String> {
    let mut found = ec2(config, stack).await;
    found.extend(elb(config, stack).await);
    found.extend(rds(config, stack).await);
    found.extend(ecs(config, stack).await);
    found.extend(others(config, stack).await);
    found.sort();
    found
}

async fn ec2(config: &SdkConfig, stack: &str) -> Vec<String> {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let filter = aws_sdk_ec2::types::Filter::builder()
        .name(format!("tag:{TAG}"))
        .values(stack)
        .build();
    let mut found = Vec::new();
    let mut add =
        |what: &str, id: Option<&str>| found.push(format!("ec2: {what} {}", id.unwrap_or("?")));
    for it in ec2
        .describe_vpcs()
        .filters(filter.clone())
        .send()
        .await
        .expect("VPCs")
        .vpcs()
    {
        add("VPC", it.vpc_id());
    }
    for it in ec2
        .describe_subnets()
        .filters(filter.clone())
        .send()
        .await
        .expect("subnets")
        .subnets()
    {
        add("subnet", it.subnet_id());
    }
    for it in ec2
        .describe_route_tables()
        .filters(filter.clone())
        .send()
        .await
        .expect("tables")
        .route_tables()
    {
        add("route table", it.route_table_id());
    }
    let gateways = ec2
        .describe_internet_gateways()
        .filters(filter.clone())
        .send()
        .await
        .expect("gateways");
    for it in gateways.internet_gateways() {
        add("internet gateway", it.internet_gateway_id());
    }
    let gateways = ec2
        .describe_nat_gateways()
        .filter(filter.clone())
        .send()
        .await
        .expect("gateways");
    for it in gateways.nat_gateways() {
        // AWS shows a deleted one, tags and all, for about an hour.
        if it.state().is_none_or(|state| state.as_str() != "deleted") {
            add("NAT gateway", it.nat_gateway_id());
        }
    }
    for it in ec2
        .describe_addresses()
        .filters(filter.clone())
        .send()
        .await
        .expect("addresses")
        .addresses()
    {
        add("address", it.allocation_id());
    }
    let endpoints = ec2
        .describe_vpc_endpoints()
        .filters(filter.clone())
        .send()
        .await
        .expect("endpoints");
    for it in endpoints.vpc_endpoints() {
        add("endpoint", it.vpc_endpoint_id());
    }
    for it in ec2
        .describe_security_groups()
        .filters(filter.clone())
        .send()
        .await
        .expect("groups")
        .security_groups()
    {
        add("group", it.group_id());
    }
    let rules = ec2
        .describe_security_group_rules()
        .filters(filter)
        .send()
        .await
        .expect("rules");
    for it in rules.security_group_rules() {
        add("rule", it.security_group_rule_id());
    }
    found
}

async fn elb(config: &SdkConfig, stack: &str) -> Vec<String> {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(config);
    let balancers = elb
        .describe_load_balancers()
        .send()
        .await
        .expect("load balancers");
    let groups = elb
        .describe_target_groups()
        .send()
        .await
        .expect("target groups");
    let arns = balancers
        .load_balancers()
        .iter()
        .filter_map(|it| it.load_balancer_arn());
    let arns = arns.chain(
        groups
            .target_groups()
            .iter()
            .filter_map(|it| it.target_group_arn()),
    );
    let mut found = Vec::new();
    for arn in arns {
        let tags = elb
            .describe_tags()
            .resource_arns(arn)
            .send()
            .await
            .expect("tags");
        let mut tags = tags.tag_descriptions().iter().flat_map(|it| it.tags());
        if tags.any(|tag| tag.key() == Some(TAG) && tag.value() == Some(stack)) {
            found.push(format!("elasticloadbalancing: {arn}"));
        }
    }
    found
}

async fn rds(config: &SdkConfig, stack: &str) -> Vec<String> {
    let rds = aws_sdk_rds::Client::new(config);
    let ours = |tags: &[aws_sdk_rds::types::Tag]| {
        tags.iter()
            .any(|tag| tag.key() == Some(TAG) && tag.value() == Some(stack))
    };
    let mut found = Vec::new();
    for it in rds
        .describe_db_clusters()
        .send()
        .await
        .expect("clusters")
        .db_clusters()
    {
        if ours(it.tag_list()) {
            found.push(format!(
                "rds: cluster {}",
                it.db_cluster_identifier().unwrap_or("?")
            ));
        }
    }
    for it in rds
        .describe_db_instances()
        .send()
        .await
        .expect("instances")
        .db_instances()
    {
        if ours(it.tag_list()) {
            found.push(format!(
                "rds: instance {}",
                it.db_instance_identifier().unwrap_or("?")
            ));
        }
    }
    let groups = rds
        .describe_db_subnet_groups()
        .send()
        .await
        .expect("subnet groups");
    let groups = groups
        .db_subnet_groups()
        .iter()
        .filter_map(|it| it.db_subnet_group_arn().map(str::to_owned));
    let parameters = rds
        .describe_db_cluster_parameter_groups()
        .send()
        .await
        .expect("parameter groups");
    let parameters = parameters.db_cluster_parameter_groups().iter();
    let parameters =
        parameters.filter_map(|it| it.db_cluster_parameter_group_arn().map(str::to_owned));
    for arn in groups.chain(parameters).collect::<Vec<_>>() {
        let tags = rds
            .list_tags_for_resource()
            .resource_name(&arn)
            .send()
            .await
            .expect("tags");
        if ours(tags.tag_list()) {
            found.push(format!("rds: {arn}"));
        }
    }
    found
}

async fn ecs(config: &SdkConfig, stack: &str) -> Vec<String> {
    let ecs = aws_sdk_ecs::Client::new(config);
    let mut found = Vec::new();
    for cluster in ecs
        .list_clusters()
        .send()
        .await
        .expect("clusters")
        .cluster_arns()
    {
        let about = ecs
            .describe_clusters()
            .clusters(cluster)
            .include(aws_sdk_ecs::types::ClusterField::Tags);
        let about = about.send().await.expect("clusters");
        // A deleted cluster stays to be seen for a while as INACTIVE.
        for it in about
            .clusters()
            .iter()
            .filter(|it| it.status() == Some("ACTIVE"))
        {
            if it
                .tags()
                .iter()
                .any(|tag| tag.key() == Some(TAG) && tag.value() == Some(stack))
            {
                found.push(format!("ecs: {cluster}"));
            }
            let tasks = ecs
                .list_tasks()
                .cluster(cluster)
                .send()
                .await
                .expect("tasks");
            found.extend(tasks.task_arns().iter().map(|task| format!("ecs: {task}")));
        }
    }
    let families = ecs
        .list_task_definitions()
        .family_prefix(stack)
        .send()
        .await;
    let definitions = families
        .expect("definitions")
        .task_definition_arns()
        .to_vec();
    let more = ecs
        .list_task_definitions()
        .send()
        .await
        .expect("definitions")
        .task_definition_arns()
        .to_vec();
    for arn in definitions.into_iter().chain(more) {
        let about = ecs.describe_task_definition().task_definition(&arn);
        let about = about
            .include(aws_sdk_ecs::types::TaskDefinitionField::Tags)
            .send()
            .await
            .expect("a definition");
        if about
            .tags()
            .iter()
            .any(|tag| tag.key() == Some(TAG) && tag.value() == Some(stack))
        {
            found.push(format!("ecs: {arn}"));
        }
    }
    found
}

async fn others(config: &SdkConfig, stack: &str) -> Vec<String> {
    let mut found = Vec::new();
    let iam = aws_sdk_iam::Client::new(config);
    for role in iam
        .list_roles()
        .path_prefix("/kongstack/")
        .send()
        .await
        .expect("roles")
        .roles()
    {
        if role.path().contains(&format!("/{stack}/")) {
            found.push(format!("iam: {}", role.role_name()));
        }
    }
    let logs = aws_sdk_cloudwatchlogs::Client::new(config);
    for group in logs
        .describe_log_groups()
        .send()
        .await
        .expect("log groups")
        .log_groups()
    {
        let arn = group.log_group_arn().unwrap_or_default();
        let tags = logs
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .expect("tags");
        if tags
            .tags()
            .and_then(|tags| tags.get(TAG))
            .is_some_and(|value| value == stack)
        {
            found.push(format!("logs: {arn}"));
        }
    }
    let secrets = aws_sdk_secretsmanager::Client::new(config);
    for secret in secrets
        .list_secrets()
        .send()
        .await
        .expect("secrets")
        .secret_list()
    {
        if secret
            .tags()
            .iter()
            .any(|tag| tag.key() == Some(TAG) && tag.value() == Some(stack))
        {
            found.push(format!("secretsmanager: {}", secret.name().unwrap_or("?")));
        }
    }
    let discovery = aws_sdk_servicediscovery::Client::new(config);
    for namespace in discovery
        .list_namespaces()
        .send()
        .await
        .expect("namespaces")
        .namespaces()
    {
        let arn = namespace.arn().unwrap_or_default();
        let tags = discovery
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .expect("tags");
        if tags
            .tags()
            .iter()
            .any(|tag| tag.key() == TAG && tag.value() == stack)
        {
            found.push(format!("servicediscovery: {arn}"));
        }
    }
    let scaling = aws_sdk_applicationautoscaling::Client::new(config);
    let space = aws_sdk_applicationautoscaling::types::ServiceNamespace::Ecs;
    let targets = scaling
        .describe_scalable_targets()
        .service_namespace(space)
        .send()
        .await
        .expect("targets");
    for target in targets.scalable_targets() {
        found.push(format!("application-autoscaling: {}", target.resource_id()));
    }
    let route53 = aws_sdk_route53::Client::new(config);
    for zone in route53
        .list_hosted_zones()
        .send()
        .await
        .expect("zones")
        .hosted_zones()
    {
        let records = route53
            .list_resource_record_sets()
            .hosted_zone_id(zone.id())
            .send()
            .await
            .expect("records");
        for record in records.resource_record_sets() {
            if !matches!(record.r#type().as_str(), "NS" | "SOA") {
                found.push(format!(
                    "route53: {} {}",
                    record.r#type().as_str(),
                    record.name()
                ));
            }
        }
    }
    found
}
