//! What is left of a stack in an account, asked service by service.

use aws_config::SdkConfig;
use aws_sdk_ecs::types::TaskDefinitionStatus;

use super::left_guards::{guards, keys};

const TAG: &str = "kongstack:stack";

/// Everything that carries the stack's tag or lies under its name, as `service: id`.
pub(crate) async fn left(config: &SdkConfig, stack: &str) -> Vec<String> {
    let mut found = ec2(config, stack).await;
    found.extend(elb(config, stack).await);
    found.extend(rds_resources(config, stack).await);
    found.extend(rds_groups(config, stack).await);
    found.extend(ecs_clusters(config, stack).await);
    found.extend(ecs_definitions(config, stack).await);
    found.extend(iam(config, stack).await);
    found.extend(logs(config, stack).await);
    found.extend(secrets(config, stack).await);
    found.extend(buckets(config, stack).await);
    found.extend(discovery(config, stack).await);
    found.extend(scaling(config).await);
    found.extend(records(config).await);
    found.extend(guards(config, stack).await);
    found.extend(keys(config, stack).await);
    found.extend(on_demand(config).await);
    found.sort();
    found
}

/// Asks EC2 for what carries the stack's tag: each describe call, its list, and the id of one of the list.
macro_rules! tagged {
    ($ec2:ident, $stack:ident, $($call:ident $filter:ident $list:ident $id:ident;)*) => {{
        let filter = aws_sdk_ec2::types::Filter::builder().name(format!("tag:{TAG}")).values($stack).build();
        let mut found = Vec::new();
        $(
            let answer = $ec2.$call().$filter(filter.clone()).send().await.expect("an answer");
            found.extend(answer.$list().iter().map(|it| format!("ec2: {}", it.$id().unwrap_or("?"))));
        )*
        found
    }};
}

async fn ec2(config: &SdkConfig, stack: &str) -> Vec<String> {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let mut found = tagged! { ec2, stack,
        describe_vpcs filters vpcs vpc_id;
        describe_subnets filters subnets subnet_id;
        describe_route_tables filters route_tables route_table_id;
        describe_flow_logs filter flow_logs flow_log_id;
        describe_internet_gateways filters internet_gateways internet_gateway_id;
        describe_addresses filters addresses allocation_id;
        describe_vpc_endpoints filters vpc_endpoints vpc_endpoint_id;
        describe_security_groups filters security_groups group_id;
        describe_security_group_rules filters security_group_rules security_group_rule_id;
    };
    let filter = aws_sdk_ec2::types::Filter::builder()
        .name(format!("tag:{TAG}"))
        .values(stack)
        .build();
    let gateways = ec2
        .describe_nat_gateways()
        .filter(filter)
        .send()
        .await
        .expect("gateways");
    // AWS shows a deleted one, tags and all, for about an hour.
    let there = gateways
        .nat_gateways()
        .iter()
        .filter(|it| it.state().is_none_or(|state| state.as_str() != "deleted"));
    found.extend(there.map(|it| format!("ec2: {}", it.nat_gateway_id().unwrap_or("?"))));
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

/// Whatever machines, rules and groups of schedules there are: only a control plane on demand makes any.
async fn on_demand(config: &SdkConfig) -> Vec<String> {
    let machines = aws_sdk_sfn::Client::new(config)
        .list_state_machines()
        .send();
    let machines = machines.await.expect("state machines");
    let rules = aws_sdk_eventbridge::Client::new(config).list_rules().send();
    let rules = rules.await.expect("rules");
    let groups = aws_sdk_scheduler::Client::new(config).list_schedule_groups();
    let groups = groups.send().await.expect("groups");
    let machines = machines
        .state_machines()
        .iter()
        .map(|it| format!("states: {}", it.name()));
    let rules = rules.rules().iter();
    let rules = rules.map(|it| format!("events: {}", it.name().unwrap_or("?")));
    let groups = groups.schedule_groups().iter().filter_map(|it| it.name());
    let groups = groups.filter(|name| *name != "default");
    let groups = groups.map(|name| format!("scheduler: {name}"));
    machines.chain(rules).chain(groups).collect()
}

fn of_stack(tags: &[aws_sdk_rds::types::Tag], stack: &str) -> bool {
    tags.iter()
        .any(|tag| tag.key() == Some(TAG) && tag.value() == Some(stack))
}

async fn rds_resources(config: &SdkConfig, stack: &str) -> Vec<String> {
    let rds = aws_sdk_rds::Client::new(config);
    let clusters = rds.describe_db_clusters().send().await.expect("clusters");
    let clusters = clusters
        .db_clusters()
        .iter()
        .filter(|it| of_stack(it.tag_list(), stack));
    let clusters = clusters.map(|it| format!("rds: {}", it.db_cluster_identifier().unwrap_or("?")));
    let instances = rds.describe_db_instances().send().await.expect("instances");
    let instances = instances
        .db_instances()
        .iter()
        .filter(|it| of_stack(it.tag_list(), stack));
    let instances =
        instances.map(|it| format!("rds: {}", it.db_instance_identifier().unwrap_or("?")));
    clusters.chain(instances).collect()
}

async fn rds_groups(config: &SdkConfig, stack: &str) -> Vec<String> {
    let rds = aws_sdk_rds::Client::new(config);
    let groups = rds
        .describe_db_subnet_groups()
        .send()
        .await
        .expect("subnet groups");
    let groups = groups
        .db_subnet_groups()
        .iter()
        .filter_map(|it| it.db_subnet_group_arn());
    let parameters = rds
        .describe_db_cluster_parameter_groups()
        .send()
        .await
        .expect("parameter groups");
    let parameters = parameters.db_cluster_parameter_groups().iter();
    let parameters = parameters.filter_map(|it| it.db_cluster_parameter_group_arn());
    let mut found = Vec::new();
    for arn in groups.chain(parameters) {
        let tags = rds
            .list_tags_for_resource()
            .resource_name(arn)
            .send()
            .await
            .expect("tags");
        if of_stack(tags.tag_list(), stack) {
            found.push(format!("rds: {arn}"));
        }
    }
    found
}

fn of_ecs_stack(tags: &[aws_sdk_ecs::types::Tag], stack: &str) -> bool {
    tags.iter()
        .any(|tag| tag.key() == Some(TAG) && tag.value() == Some(stack))
}

async fn ecs_clusters(config: &SdkConfig, stack: &str) -> Vec<String> {
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
            if of_ecs_stack(it.tags(), stack) {
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
    found
}

async fn ecs_definitions(config: &SdkConfig, stack: &str) -> Vec<String> {
    let ecs = aws_sdk_ecs::Client::new(config);
    let (mut arns, mut found) = (Vec::new(), Vec::new());
    // What was deregistered stays until it is deleted.
    for status in [TaskDefinitionStatus::Active, TaskDefinitionStatus::Inactive] {
        let list = ecs.list_task_definitions().status(status).send().await;
        arns.extend(
            list.expect("definitions")
                .task_definition_arns
                .unwrap_or_default(),
        );
    }
    for arn in arns {
        let about = ecs.describe_task_definition().task_definition(&arn);
        let about = about
            .include(aws_sdk_ecs::types::TaskDefinitionField::Tags)
            .send()
            .await
            .expect("a definition");
        if of_ecs_stack(about.tags(), stack) {
            found.push(format!("ecs: {arn}"));
        }
    }
    found
}

async fn iam(config: &SdkConfig, stack: &str) -> Vec<String> {
    let iam = aws_sdk_iam::Client::new(config);
    let roles = iam
        .list_roles()
        .path_prefix("/kongstack/")
        .send()
        .await
        .expect("roles");
    let ours = roles
        .roles()
        .iter()
        .filter(|role| role.path().contains(&format!("/{stack}/")));
    ours.map(|role| format!("iam: {}", role.role_name()))
        .collect()
}

async fn logs(config: &SdkConfig, stack: &str) -> Vec<String> {
    let logs = aws_sdk_cloudwatchlogs::Client::new(config);
    let mut found = Vec::new();
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
    found
}

async fn secrets(config: &SdkConfig, stack: &str) -> Vec<String> {
    let secrets = aws_sdk_secretsmanager::Client::new(config);
    let listed = secrets.list_secrets().send().await.expect("secrets");
    let ours = listed.secret_list().iter().filter(|secret| {
        secret
            .tags()
            .iter()
            .any(|tag| tag.key() == Some(TAG) && tag.value() == Some(stack))
    });
    ours.map(|secret| format!("secretsmanager: {}", secret.name().unwrap_or("?")))
        .collect()
}

async fn buckets(config: &SdkConfig, stack: &str) -> Vec<String> {
    let s3 = aws_sdk_s3::Client::new(config);
    let listed = s3.list_buckets().send().await.expect("buckets");
    let mut found = Vec::new();
    for name in listed.buckets().iter().filter_map(|bucket| bucket.name()) {
        // One without tags is refused.
        let Ok(tags) = s3.get_bucket_tagging().bucket(name).send().await else {
            continue;
        };
        let mut tags = tags.tag_set().iter();
        if tags.any(|tag| tag.key() == TAG && tag.value() == stack) {
            found.push(format!("s3: {name}"));
        }
    }
    found
}

async fn discovery(config: &SdkConfig, stack: &str) -> Vec<String> {
    let discovery = aws_sdk_servicediscovery::Client::new(config);
    let mut found = Vec::new();
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
    found
}

async fn scaling(config: &SdkConfig) -> Vec<String> {
    let scaling = aws_sdk_applicationautoscaling::Client::new(config);
    let space = aws_sdk_applicationautoscaling::types::ServiceNamespace::Ecs;
    let targets = scaling
        .describe_scalable_targets()
        .service_namespace(space)
        .send()
        .await
        .expect("targets");
    let targets = targets.scalable_targets().iter();
    targets
        .map(|target| format!("application-autoscaling: {}", target.resource_id()))
        .collect()
}

async fn records(config: &SdkConfig) -> Vec<String> {
    let route53 = aws_sdk_route53::Client::new(config);
    let mut found = Vec::new();
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
        let records = records.resource_record_sets().iter();
        let ours = records.filter(|record| !matches!(record.r#type().as_str(), "NS" | "SOA"));
        found.extend(
            ours.map(|record| format!("route53: {} {}", record.r#type().as_str(), record.name())),
        );
    }
    found
}
