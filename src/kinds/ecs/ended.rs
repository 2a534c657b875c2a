//! How a task ended: why ECS stopped it, how each of its containers ended, and what the failing one said.

use std::fmt;

use aws_sdk_ecs::types::Task;

/// A stopped task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The last part of its ARN.
    pub(crate) task_id: String,
    /// What it was a task of, as `family:revision`.
    revision: Option<String>,
    /// Why ECS stopped the task.
    pub(crate) stopped_reason: Option<String>,
    /// Its containers, as ECS lists them.
    pub(crate) containers: Vec<EndedContainer>,
    /// The last lines that the failing container wrote.
    pub(crate) log: Vec<String>,
}

/// A container of a stopped task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndedContainer {
    name: String,
    exit_code: Option<i32>,
    /// Why ECS stopped it, such as an image that cannot be pulled or memory that ran out.
    reason: Option<String>,
}

impl Ended {
    /// How `task` ended; its log is not read yet.
    pub(super) fn of(task: &Task) -> Self {
        let containers = task.containers().iter().map(|one| EndedContainer {
            name: one.name().unwrap_or("without a name").to_owned(),
            exit_code: one.exit_code(),
            reason: one.reason().map(str::to_owned),
        });
        Self {
            task_id: last_part(task.task_arn().unwrap_or_default()).to_owned(),
            revision: task
                .task_definition_arn()
                .map(|arn| last_part(arn).to_owned()),
            stopped_reason: task.stopped_reason().map(str::to_owned),
            containers: containers.collect(),
            log: Vec::new(),
        }
    }

    /// The same, with the last lines that it wrote.
    pub(super) fn with_log(mut self, log: Vec<String>) -> Self {
        self.log = log;
        self
    }

    /// The exit code that counts: the failing container's; none when no container ran.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        let failed = self.failing().and_then(|one| one.exit_code);
        failed.or_else(|| self.containers.iter().find_map(|one| one.exit_code))
    }

    /// The container to blame, if one is: ECS says something of it, or it ended with an error.
    pub(super) fn failing(&self) -> Option<&EndedContainer> {
        let with_error = |one: &&EndedContainer| one.exit_code.is_some_and(|code| code != 0);
        let mut containers = self.containers.iter();
        let told = containers.find(|one| one.reason.is_some());
        told.or_else(|| self.containers.iter().find(with_error))
    }

    /// Everything known of why it failed, a line each.
    pub(crate) fn explain(&self) -> Vec<String> {
        self.explain_with(0)
    }

    /// The same, said of so many `others` that ended alike as well.
    pub(super) fn explain_with(&self, others: usize) -> Vec<String> {
        let alike = match others {
            0 => String::new(),
            others => format!(" (and {others} more like it)"),
        };
        let of = self.revision.as_ref();
        let of = of.map_or_else(String::new, |revision| format!(" of {revision}"));
        let mut lines = vec![format!("task {}{of}{alike} {}", self.task_id, self.end())];
        let containers = self.containers.iter().filter(|one| self.adds(one));
        lines.extend(containers.map(|one| format!("  {one}")));
        if !self.log.is_empty() {
            let name = self.failing().or(self.containers.first());
            let name = name.map_or("it", |one| one.name.as_str());
            lines.push(format!("  the last lines of {name}:"));
            lines.extend(self.log.iter().map(|line| format!("    {line}")));
        }
        lines
    }

    /// What tells it from tasks that ended otherwise: reasons and exit codes, but for ids.
    pub(super) fn signature(&self) -> String {
        let mut texts = vec![without_ids(self.stopped_reason.as_deref().unwrap_or(""))];
        texts.extend(self.containers.iter().map(|one| {
            let reason = without_ids(one.reason.as_deref().unwrap_or(""));
            format!("{} {:?} {reason}", one.name, one.exit_code)
        }));
        texts.join("\n")
    }

    fn end(&self) -> String {
        let ran = self.containers.iter().any(|one| one.exit_code.is_some());
        let verb = if ran { "stopped" } else { "never ran" };
        let container = self.containers.iter().find_map(|one| one.reason.as_deref());
        match self.stopped_reason.as_deref().or(container) {
            Some(reason) => format!("{verb}: {reason}"),
            None => verb.to_owned(),
        }
    }

    /// Whether a container says more than the task. ECS often says the same of both, cut short for the container.
    fn adds(&self, container: &EndedContainer) -> bool {
        let said = self.end();
        let reason = container.reason.as_deref();
        container.exit_code.is_some() || reason.is_some_and(|reason| !said.contains(reason))
    }
}

impl fmt::Display for EndedContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "container {}: ", self.name)?;
        match self.exit_code {
            Some(code) => write!(f, "exit code {code}")?,
            None => f.write_str("never ran")?,
        }
        match &self.reason {
            Some(reason) => write!(f, ", {reason}"),
            None => Ok(()),
        }
    }
}

impl EndedContainer {
    /// Its name in the task definition.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// The last part of an ARN: a task's id, a task definition's `family:revision`.
pub(super) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// A text of ECS without what differs each time it says the same: ids of tasks and deployments.
pub(super) fn without_ids(text: &str) -> String {
    const SHORTEST: usize = 15;
    let is_id = |word: &str| {
        word.len() >= SHORTEST
            && word.chars().all(|one| one.is_ascii_hexdigit())
            && word.contains(|one: char| one.is_ascii_digit())
    };
    let words = text.split_inclusive(|one: char| !one.is_ascii_alphanumeric());
    let shortened = words.map(|word| {
        let id = word.trim_end_matches(|one: char| !one.is_ascii_alphanumeric());
        if is_id(id) { &word[id.len()..] } else { word }
    });
    shortened.collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::Container;

    use super::*;

    const ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

    fn task(stopped: Option<&str>, containers: Vec<Container>) -> Ended {
        let task = Task::builder()
            .task_arn(format!("arn:aws:ecs:eu-west-1:1:task/gw/{ID}"))
            .task_definition_arn("arn:aws:ecs:eu-west-1:1:task-definition/gw-dp:3")
            .set_stopped_reason(stopped.map(str::to_owned))
            .set_containers(Some(containers));
        Ended::of(&task.build())
    }

    fn container(name: &str, code: Option<i32>, reason: Option<&str>) -> Container {
        Container::builder()
            .name(name)
            .set_exit_code(code)
            .set_reason(reason.map(str::to_owned))
            .build()
    }

    #[test]
    fn a_failed_task_is_explained_with_all_that_is_known() {
        let exited = "Essential container in task exited";
        let mut ended = task(Some(exited), vec![container("kong", Some(1), None)]);
        ended.log.push("Error: timeout".to_owned());
        assert_eq!(ended.exit_code(), Some(1));
        assert_eq!(
            ended.explain_with(2),
            [
                format!("task {ID} of gw-dp:3 (and 2 more like it) stopped: {exited}").as_str(),
                "  container kong: exit code 1",
                "  the last lines of kong:",
                "    Error: timeout",
            ]
        );
    }

    #[test]
    fn a_task_whose_image_was_not_pulled_never_ran() {
        let reason = "CannotPullContainerError: no route";
        let containers = || vec![container("kong", None, Some(reason))];
        for ended in [task(None, containers()), task(Some(reason), containers())] {
            assert_eq!(ended.exit_code(), None);
            assert_eq!(
                ended.explain(),
                [format!("task {ID} of gw-dp:3 never ran: {reason}")]
            );
        }
    }

    #[test]
    fn of_several_containers_the_failing_one_counts() {
        let killed = "OutOfMemoryError: Container killed due to memory usage";
        let containers = vec![
            container("proxy", Some(0), None),
            container("kong", Some(137), Some(killed)),
        ];
        let ended = task(Some("Essential container in task exited"), containers);
        assert_eq!(ended.exit_code(), Some(137));
        assert_eq!(ended.failing().map(EndedContainer::name), Some("kong"));
        assert_eq!(
            ended.explain(),
            [
                format!("task {ID} of gw-dp:3 stopped: Essential container in task exited")
                    .as_str(),
                "  container proxy: exit code 0",
                "  container kong: exit code 137, OutOfMemoryError: Container killed due to memory usage",
            ]
        );
    }

    #[test]
    fn tasks_that_ended_alike_are_told_by_all_but_their_ids() {
        let denied = |id: &str| format!("User: assumed-role/execution/{id} is not authorized");
        let of = |reason: &str| task(Some(reason), Vec::new()).signature();
        assert_eq!(of(&denied(ID)), of(&denied(&ID.replace('0', "7"))));
        assert_ne!(of(&denied(ID)), of("Essential container in task exited"));
        let of = |code| task(None, vec![container("kong", Some(code), None)]).signature();
        assert_ne!(of(1), of(2));
        assert_eq!(
            without_ids("(deployment ecs-svc/1234567890123456789) failed: deadbeef"),
            "(deployment ecs-svc/) failed: deadbeef"
        );
    }
}
