//! What runs tasks: a cluster, a role, a log group and definitions of Kong in one container.

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, Compatibility, ContainerDefinition, ContainerOverride,
    KeyValuePair, LaunchType, LogConfiguration, LogDriver, NetworkConfiguration, NetworkMode,
    PortMapping, Secret, Task, TaskOverride,
};

use super::stage::{Network, Stage, code};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*",
    "Action":["logs:CreateLogStream","logs:PutLogEvents","secretsmanager:GetSecretValue"]}]}"#;

/// What is different from one definition to the next.
pub(super) struct Definition<'a> {
    pub(super) image: &'a str,
    pub(super) cpu: &'a str,
    /// A secret's ARN for the variable `KEY`.
    pub(super) secret: Option<&'a str>,
    /// Whether the containers themselves may do something.
    pub(super) task_role: bool,
}

pub(super) const KONG: Definition<'static> = Definition {
    image: "kong:3.9.3",
    cpu: "256",
    secret: None,
    task_role: false,
};

/// A stage with a cluster.
pub(super) struct Fleet {
    pub(super) stage: Stage,
    pub(super) network: Network,
    role: String,
}

impl Fleet {
    /// All that tasks need; the role is a moment old.
    pub(super) async fn new() -> Self {
        let stage = Stage::new();
        let network = stage.network().await;
        let iam = aws_sdk_iam::Client::new(stage.config());
        let role = iam
            .create_role()
            .role_name("tasks")
            .assume_role_policy_document(TRUST);
        let role = role.send().await.expect("a role").role.expect("a role");
        let policy = iam.put_role_policy().role_name("tasks").policy_name("all");
        let _ = policy
            .policy_document(POLICY)
            .send()
            .await
            .expect("a policy");
        let logs = aws_sdk_cloudwatchlogs::Client::new(stage.config());
        let _ = logs
            .create_log_group()
            .log_group_name("/kong")
            .send()
            .await
            .expect("a log group");
        let cluster = stage.ecs().create_cluster().cluster_name("kong");
        let _ = cluster
            .capacity_providers("FARGATE")
            .send()
            .await
            .expect("a cluster");
        Self {
            role: role.arn,
            stage,
            network,
        }
    }

    /// The same, when the role can be assumed.
    pub(super) async fn ready() -> Self {
        let fleet = Self::new().await;
        fleet.stage.skip(15);
        fleet
    }

    /// Registers a revision and returns its ARN, or AWS's refusal.
    pub(super) async fn register(&self, wanted: Definition<'_>) -> Result<String, String> {
        let set = |name: &str, value: &str| KeyValuePair::builder().name(name).value(value).build();
        let log = LogConfiguration::builder().log_driver(LogDriver::Awslogs);
        let log = log
            .options("awslogs-group", "/kong")
            .options("awslogs-region", "eu-west-1");
        let log = log
            .options("awslogs-stream-prefix", "test")
            .build()
            .expect("a log");
        let port = |port| PortMapping::builder().container_port(port).build();
        let container = ContainerDefinition::builder()
            .name("kong")
            .image(wanted.image)
            .essential(true);
        let container = container
            .port_mappings(port(8000))
            .port_mappings(port(8100));
        let container = container.environment(set("KONG_DATABASE", "off"));
        let container = container.environment(set("KONG_STATUS_LISTEN", "0.0.0.0:8100"));
        let secret = |arn| {
            Secret::builder()
                .name("KEY")
                .value_from(arn)
                .build()
                .expect("a secret")
        };
        let container = container.set_secrets(wanted.secret.map(|arn| vec![secret(arn)]));
        let made = self.stage.ecs().register_task_definition().family("kong");
        let made = made
            .requires_compatibilities(Compatibility::Fargate)
            .network_mode(NetworkMode::Awsvpc);
        let made = made
            .cpu(wanted.cpu)
            .memory("512")
            .execution_role_arn(&self.role)
            .set_task_role_arn(wanted.task_role.then(|| self.role.clone()));
        match made
            .container_definitions(container.log_configuration(log).build())
            .send()
            .await
        {
            Ok(made) => Ok(made
                .task_definition
                .and_then(|it| it.task_definition_arn)
                .expect("its ARN")),
            Err(refused) => Err(code::<(), _>(Err(refused))),
        }
    }

    /// In the network, with a way out.
    pub(super) fn placed(&self) -> NetworkConfiguration {
        let place = AwsVpcConfiguration::builder().set_subnets(Some(self.network.subnets.clone()));
        let place = place.security_groups(&self.network.group);
        let place = place
            .assign_public_ip(AssignPublicIp::Enabled)
            .build()
            .expect("a place");
        NetworkConfiguration::builder()
            .awsvpc_configuration(place)
            .build()
    }

    /// Starts a script; the same token is the same task. Gives the task's ARN, or AWS's refusal.
    pub(super) async fn run(
        &self,
        definition: &str,
        script: &str,
        token: &str,
    ) -> Result<String, String> {
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        let container = ContainerOverride::builder()
            .name("kong")
            .set_command(Some(command))
            .build();
        let over = TaskOverride::builder()
            .container_overrides(container)
            .build();
        let run = self
            .stage
            .ecs()
            .run_task()
            .cluster("kong")
            .task_definition(definition);
        let run = run
            .network_configuration(self.placed())
            .overrides(over)
            .launch_type(LaunchType::Fargate);
        match run.client_token(token).send().await {
            Ok(ran) => Ok(ran.tasks()[0].task_arn().expect("its ARN").to_owned()),
            Err(refused) => Err(code::<(), _>(Err(refused))),
        }
    }

    pub(super) async fn task(&self, arn: &str) -> Task {
        let seen = self.stage.ecs().describe_tasks().cluster("kong").tasks(arn);
        seen.send().await.expect("a task").tasks()[0].clone()
    }

    /// What a task logged.
    pub(super) async fn log(&self, arn: &str) -> Vec<String> {
        let logs = aws_sdk_cloudwatchlogs::Client::new(self.stage.config());
        let id = arn.rsplit('/').next().unwrap_or_default();
        let seen = logs
            .get_log_events()
            .log_group_name("/kong")
            .start_from_head(true);
        let seen = seen.log_stream_name(format!("test/kong/{id}")).send().await;
        let lines = seen
            .map(|it| it.events.unwrap_or_default())
            .unwrap_or_default();
        lines.into_iter().filter_map(|it| it.message).collect()
    }
}
