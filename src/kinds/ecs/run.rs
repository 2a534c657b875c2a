//! A one-off task: started, followed line by line, and judged by its exit code.
//!
//! What is run, and what to do when it fails, is for the callers.

use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, ContainerOverride, DesiredStatus, Failure, PropagateTags, Task,
    TaskOverride,
};
use rand::Rng;
use rand::distr::Alphanumeric;
use tokio::sync::Mutex;

use super::acceptance::until_accepted;
use super::ended::{Ended, last_part};
use super::log::{LogReader, TaskLog};
use super::network::TaskNetwork;
use super::tasks;
use crate::aws::{AwsError, failed};
use crate::resource::{Address, Arn, Error, Look, Output, Patience, Ref, References, Step};

/// Lines of its log kept for the explanation of a failure.
const TAIL: usize = 20;

/// Where and as what a one-off task runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OneOff {
    /// The cluster.
    pub(crate) cluster: Ref<Arn>,
    /// The task definition, whose command is overridden.
    pub(crate) task_definition: Ref<Arn>,
    /// The task definition's family: no two tasks of it run at once.
    pub(crate) family: String,
    /// Its network.
    pub(crate) network: TaskNetwork,
    /// Where its lines go, and the name of its container.
    pub(crate) log: TaskLog,
    /// What must work before it starts, and may only go when it has ended.
    pub(crate) after: Vec<Address>,
}

impl OneOff {
    /// Adds what it refers to.
    pub(crate) fn references(&self, references: References) -> References {
        self.network
            .references(references)
            .to(&self.cluster)
            .to(&self.task_definition)
            .to(&self.log.group)
            .after_all(&self.after)
    }

    /// Waits until no task of the family runs any more: one that an interrupted run left behind goes on by itself.
    ///
    /// # Errors
    /// When AWS cannot be asked, or such a task does not end.
    pub(crate) async fn wait_alone(&self, cx: &Step) -> Result<(), Error> {
        let cluster = cx.get(&self.cluster)?;
        let what = format!("an earlier task of {}", self.family);
        cx.wait(&what, Patience::seconds(5, 60, 1800), || async {
            let running = cx
                .clients()
                .ecs()
                .list_tasks()
                .cluster(cluster.as_str())
                .family(&self.family)
                .desired_status(DesiredStatus::Running);
            Ok(match tasks::list(running).await?.first() {
                Some(arn) => Look::Pending(format!("task {} is running", last_part(arn))),
                None => Look::Ready(()),
            })
        })
        .await
    }

    /// Runs `command` and waits for its end. Each line it writes is a remark; so it must write no secret.
    ///
    /// # Errors
    /// When the task cannot be started or followed. A task that fails is no error here.
    pub(crate) async fn run(&self, cx: &Step, command: &[String]) -> Result<Ended, Error> {
        let cluster = cx.get(&self.cluster)?;
        let arn = self.start(cx, &cluster, command).await?;
        let group = cx.get(&self.log.group)?;
        let reader = LogReader::new(
            group.as_str(),
            self.log.stream(&self.log.container, last_part(&arn)),
        );
        let reader = Mutex::new(reader);
        let what = format!("task {}", last_part(&arn));
        let ended = cx
            .wait(&what, Patience::seconds(4, 90, 3600), || async {
                let task = describe(cx, &cluster, &arn).await?;
                for line in reader.lock().await.next(cx.clients()).await {
                    cx.remark(line);
                }
                Ok(match task {
                    Some(task) if task.last_status() == Some("STOPPED") => {
                        Look::Ready(Ended::of(&task))
                    }
                    Some(task) => Look::Pending(task.last_status().unwrap_or("unknown").to_owned()),
                    None => Look::Pending("not visible yet".to_owned()),
                })
            })
            .await;
        let log = reader.into_inner().tail(TAIL);
        match ended {
            Ok(ended) => Ok(ended.with_log(log)),
            Err(Error::TimedOut {
                what, state, after, ..
            }) => Err(Error::TimedOut {
                what,
                state,
                after,
                detail: log,
            }),
            Err(error) => Err(error),
        }
    }

    async fn start(&self, cx: &Step, cluster: &Arn, command: &[String]) -> Result<String, Error> {
        let definition = cx.get(&self.task_definition)?;
        let network = self.network.to_sdk(cx)?;
        let overrides = TaskOverride::builder()
            .container_overrides(
                ContainerOverride::builder()
                    .name(&self.log.container)
                    .set_command(Some(command.to_vec()))
                    .build(),
            )
            .build();
        let on_demand = on_demand()?;
        // One token an attempt: the SDK's own retries of it start no second task.
        let token = token();
        let patience = Patience::seconds(3, 5, 120);
        let answer = until_accepted(cx, "the start of the task", patience, || async {
            cx.clients()
                .ecs()
                .run_task()
                .cluster(cluster.as_str())
                .task_definition(definition.as_str())
                .capacity_provider_strategy(on_demand.clone())
                .network_configuration(network.clone())
                .overrides(overrides.clone())
                .client_token(&token)
                .enable_ecs_managed_tags(true)
                .propagate_tags(PropagateTags::TaskDefinition)
                .send()
                .await
                .map_err(failed("ecs:RunTask"))
        })
        .await?;
        let Some(arn) = answer.tasks().first().and_then(Task::task_arn) else {
            return Err(not_started(answer.failures().first()));
        };
        cx.made(arn);
        Ok(arn.to_owned())
    }
}

/// A random text that makes a repeated call the same call.
pub(super) fn token() -> String {
    let random = rand::rng().sample_iter(Alphanumeric);
    random.take(32).map(char::from).collect()
}

fn on_demand() -> Result<CapacityProviderStrategyItem, Error> {
    CapacityProviderStrategyItem::builder()
        .capacity_provider("FARGATE")
        .weight(1)
        .build()
        .map_err(|error| Error::Internal(error.to_string()))
}

fn not_started(failure: Option<&Failure>) -> Error {
    let reason = failure.and_then(Failure::reason).unwrap_or("no reason");
    let detail = failure.and_then(Failure::detail).unwrap_or_default();
    AwsError::in_answer(
        "ecs:RunTask",
        "TaskNotStarted",
        format!("{reason} {detail}").trim(),
    )
    .into()
}

async fn describe(cx: &Step, cluster: &Arn, arn: &str) -> Result<Option<Task>, Error> {
    let answer = cx
        .clients()
        .ecs()
        .describe_tasks()
        .cluster(cluster.as_str())
        .tasks(arn)
        .send()
        .await
        .map_err(failed("ecs:DescribeTasks"))?;
    Ok(answer.tasks().first().cloned())
}
