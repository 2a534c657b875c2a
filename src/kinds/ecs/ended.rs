//! How a task ended: why ECS stopped it, and what its container said with its exit code.

use std::fmt;

use aws_sdk_ecs::types::{Container, Task};

/// A stopped task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The last part of its ARN.
    pub(crate) task_id: String,
    /// The exit code of its container; none when that never ran.
    pub(crate) exit_code: Option<i32>,
    /// Why ECS stopped the task.
    pub(crate) stopped_reason: Option<String>,
    /// Why ECS stopped the container, such as an image that cannot be pulled.
    pub(crate) container_reason: Option<String>,
    /// The last lines it wrote.
    pub(crate) log: Vec<String>,
}

impl Ended {
    /// How `task`, which has one container, ended; its log is not read yet.
    pub(super) fn of(task: &Task) -> Self {
        let container = task.containers().first();
        Self {
            task_id: task_id(task.task_arn().unwrap_or_default()).to_owned(),
            exit_code: container.and_then(Container::exit_code),
            stopped_reason: task.stopped_reason().map(str::to_owned),
            container_reason: container.and_then(Container::reason).map(str::to_owned),
            log: Vec::new(),
        }
    }

    /// Everything known of why it failed, a line each.
    pub(crate) fn explain(&self) -> Vec<String> {
        let log = self.log.iter().map(|line| format!("  {line}"));
        std::iter::once(self.to_string()).chain(log).collect()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.task_id)?;
        match self.exit_code {
            Some(code) => write!(f, " ended with exit code {code}")?,
            None => write!(f, " never ran")?,
        }
        if let Some(reason) = &self.stopped_reason {
            write!(f, ": {reason}")?;
        }
        // ECS often says the same of the task and of its container.
        match &self.container_reason {
            Some(reason) if self.stopped_reason.as_ref() != Some(reason) => write!(f, ": {reason}"),
            _ => Ok(()),
        }
    }
}

/// The id in a task's ARN.
pub(super) fn task_id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_task_is_explained_with_all_that_is_known() {
        let task = Task::builder()
            .task_arn("arn:aws:ecs:eu-west-1:1:task/gw/0a1b")
            .stopped_reason("Essential container in task exited")
            .containers(Container::builder().exit_code(1).build())
            .build();
        let mut ended = Ended::of(&task);
        ended.log.push("Error: timeout".to_owned());
        assert_eq!(
            ended.explain(),
            [
                "task 0a1b ended with exit code 1: Essential container in task exited",
                "  Error: timeout"
            ]
        );
    }

    #[test]
    fn a_task_whose_image_was_not_pulled_never_ran() {
        let task = Task::builder()
            .task_arn("arn:aws:ecs:eu-west-1:1:task/gw/0a1b")
            .containers(
                Container::builder()
                    .reason("CannotPullContainerError: no route")
                    .build(),
            )
            .build();
        let ended = Ended::of(&task);
        assert_eq!(
            ended.to_string(),
            "task 0a1b never ran: CannotPullContainerError: no route"
        );
    }
}
