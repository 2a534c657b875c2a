//! The nodes of a service as those see them who must not work beside them.

use aws_sdk_ecs::types::{DesiredStatus, Task};

use super::aftermath::stopped;
use super::tasks;
use crate::aws::{AwsError, OrAbsent, failed};
use crate::resource::{Arn, Error, Look, Output, Patience, Ref, References, Step};

/// What ECS answers of a service that is not there.
const ABSENT: [&str; 3] = [
    "ServiceNotFoundException",
    "ServiceNotActiveException",
    "ClusterNotFoundException",
];

/// The nodes of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nodes {
    /// Its cluster.
    pub(crate) cluster: Ref<Arn>,
    /// Its name. It need not be there.
    pub(crate) service: String,
}

impl Nodes {
    /// Adds what it refers to; the service itself is not among it, for it may come later.
    pub(crate) fn references(&self, references: References) -> References {
        references.to(&self.cluster)
    }

    /// The images of the nodes that run or are about to, each once.
    ///
    /// # Errors
    /// When AWS cannot be asked.
    pub(crate) async fn images(&self, cx: &Step) -> Result<Vec<String>, Error> {
        let cluster = cx.get(&self.cluster)?;
        let nodes = self.of_status(cx, &cluster, DesiredStatus::Running).await?;
        let containers = nodes.iter().flat_map(Task::containers);
        let mut images: Vec<String> = containers
            .filter_map(|one| one.image().map(str::to_owned))
            .collect();
        images.sort();
        images.dedup();
        Ok(images)
    }

    /// Stops them all, and waits until the last has ended. The service stays, wanting none; whoever rolls it over
    /// next gives it its count back.
    ///
    /// # Errors
    /// When AWS refuses, or one of them does not end.
    pub(crate) async fn stop(&self, cx: &Step) -> Result<(), Error> {
        let cluster = cx.get(&self.cluster)?;
        cx.clients()
            .ecs()
            .update_service()
            .cluster(cluster.as_str())
            .service(&self.service)
            .desired_count(0)
            .send()
            .await
            .map_err(failed("ecs:UpdateService"))
            .or_absent(&ABSENT)?;
        let what = format!("the tasks of service {} to end", self.service);
        cx.wait(&what, Patience::seconds(3, 60, 900), || async {
            let running = self.of_status(cx, &cluster, DesiredStatus::Running).await?;
            let stopping = stopped(cx, cluster.as_str(), &self.service).await;
            let stopping = stopping.or_absent(&ABSENT)?.unwrap_or_default();
            let ended = |task: &&Task| task.last_status() != Some("STOPPED");
            Ok(
                match running.len() + stopping.iter().filter(ended).count() {
                    0 => Look::Ready(()),
                    1 => Look::Pending("1 is left".to_owned()),
                    left => Look::Pending(format!("{left} are left")),
                },
            )
        })
        .await
    }

    async fn of_status(
        &self,
        cx: &Step,
        cluster: &Arn,
        status: DesiredStatus,
    ) -> Result<Vec<Task>, AwsError> {
        let listed = cx
            .clients()
            .ecs()
            .list_tasks()
            .cluster(cluster.as_str())
            .service_name(&self.service)
            .desired_status(status);
        let arns = tasks::list(listed).await.or_absent(&ABSENT)?;
        let arns = arns.unwrap_or_default();
        tasks::describe(cx.clients(), cluster.as_str(), &arns).await
    }
}
