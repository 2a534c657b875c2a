//! A shell in a task, through ECS Exec: which task, whether its agent is there, and the session AWS opens.

use aws_sdk_ecs::types::{Container, DesiredStatus, ManagedAgent, ManagedAgentName, Task};
use secrecy::{ExposeSecret, SecretString};

use super::{Names, Plane};
use crate::aws::{Clients, OrAbsent, failed};
use crate::kinds::ecs::{describe_tasks, list_tasks};
use crate::resource::{Blueprint, Error};

/// A task that a shell might be opened in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Room {
    /// Its id.
    pub(crate) task: String,
    /// The container.
    pub(crate) container: String,
    /// How the container is called where it runs.
    runtime: String,
    /// The state of ECS Exec's agent in it, as ECS spells it; `None` when the task was started without one.
    agent: Option<String>,
}

/// Why no shell can be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Shut {
    /// There is no task.
    #[error("no task runs")]
    NoTask,
    /// None of the tasks has that id.
    #[error("no running task's id begins with {wanted}; there are {}", there.join(", "))]
    Unknown {
        /// The id asked for.
        wanted: String,
        /// The ids there are.
        there: Vec<String>,
    },
    /// Several tasks' ids begin so.
    #[error("the ids of several tasks begin with {wanted}: {}", there.join(", "))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The ids that begin so.
        there: Vec<String>,
    },
    /// The task was started while ECS Exec was off.
    #[error("task {0} was started without ECS Exec")]
    Without(String),
    /// The agent does not run.
    #[error("the agent of ECS Exec in task {task} is {state}")]
    Agent {
        /// The task.
        task: String,
        /// The agent's state, as ECS spells it.
        state: String,
    },
}

/// The running tasks of a plane, oldest first.
///
/// # Errors
/// When AWS cannot be asked.
pub(crate) async fn rooms(
    clients: &Clients,
    blueprint: &Blueprint,
    plane: Plane,
) -> Result<Vec<Room>, Error> {
    let (cluster, service) = (Names::of(blueprint)?.cluster, plane.service(blueprint)?);
    let running = clients
        .ecs()
        .list_tasks()
        .cluster(cluster)
        .service_name(&service.name)
        .desired_status(DesiredStatus::Running);
    let arns = list_tasks(running)
        .await
        .or_absent(&["ClusterNotFoundException", "ServiceNotFoundException"])?
        .unwrap_or_default();
    let mut tasks = describe_tasks(clients, cluster, &arns).await?;
    tasks.retain(|task| task.last_status() == Some("RUNNING"));
    tasks.sort_by_key(|task| task.started_at().map(aws_smithy_types::DateTime::as_nanos));
    let container = &service.log.container;
    Ok(tasks
        .iter()
        .filter_map(|task| room(task, container))
        .collect())
}

fn room(task: &Task, name: &str) -> Option<Room> {
    let mut containers = task.containers().iter();
    let container = containers.find(|one| one.name() == Some(name))?;
    let agent = task.enable_execute_command().then(|| {
        let state = agent(container).and_then(ManagedAgent::last_status);
        state.unwrap_or("PENDING").to_owned()
    });
    Some(Room {
        task: last_part(task.task_arn()?).to_owned(),
        container: name.to_owned(),
        runtime: container.runtime_id()?.to_owned(),
        agent,
    })
}

fn agent(container: &Container) -> Option<&ManagedAgent> {
    let mut agents = container.managed_agents().iter();
    agents.find(|agent| agent.name() == Some(&ManagedAgentName::ExecuteCommandAgent))
}

/// The task whose id begins with `wanted`, or else the oldest whose agent runs.
///
/// # Errors
/// When there is none.
pub(crate) fn choose(rooms: &[Room], wanted: Option<&str>) -> Result<Room, Shut> {
    let ids = |rooms: &[&Room]| rooms.iter().map(|room| room.task.clone()).collect();
    let all: Vec<&Room> = rooms.iter().collect();
    let Some(first) = all.first() else {
        return Err(Shut::NoTask);
    };
    let Some(wanted) = wanted else {
        let open = all.iter().find(|room| room.open().is_ok());
        return open.unwrap_or(first).open();
    };
    let named = all.iter().filter(|room| room.task.starts_with(wanted));
    match named.copied().collect::<Vec<_>>().as_slice() {
        [] => Err(Shut::Unknown {
            wanted: wanted.to_owned(),
            there: ids(&all),
        }),
        [only] => only.open(),
        several => Err(Shut::Ambiguous {
            wanted: wanted.to_owned(),
            there: ids(several),
        }),
    }
}

impl Room {
    fn open(&self) -> Result<Self, Shut> {
        match self.agent.as_deref() {
            Some("RUNNING") => Ok(self.clone()),
            Some(state) => Err(Shut::Agent {
                task: self.task.clone(),
                state: state.to_owned(),
            }),
            None => Err(Shut::Without(self.task.clone())),
        }
    }
}

/// A session that AWS has opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// What the Session Manager plugin needs to join it: whoever has this text is in.
    pub(crate) session: SecretString,
    /// What it is a session with, in the plugin's form.
    pub(crate) target: String,
}

/// Opens a session that runs `command` in a task.
///
/// # Errors
/// When AWS refuses.
pub(crate) async fn open(
    clients: &Clients,
    blueprint: &Blueprint,
    room: &Room,
    command: &str,
) -> Result<Opened, Error> {
    let cluster = Names::of(blueprint)?.cluster;
    let answer = clients
        .ecs()
        .execute_command()
        .cluster(cluster)
        .task(&room.task)
        .container(&room.container)
        .command(command)
        .interactive(true)
        .send()
        .await
        .map_err(failed("ecs:ExecuteCommand"))?;
    let session = answer.session().and_then(|session| {
        Some(serde_json::json!({
            "SessionId": session.session_id()?,
            "StreamUrl": session.stream_url()?,
            "TokenValue": session.token_value()?,
        }))
    });
    let session = session.ok_or(Error::Incomplete {
        operation: "ecs:ExecuteCommand",
        missing: "a session",
    })?;
    let (task, runtime) = (&room.task, &room.runtime);
    let target = serde_json::json!({ "Target": format!("ecs:{cluster}_{task}_{runtime}") });
    Ok(Opened {
        session: SecretString::from(session.to_string()),
        target: target.to_string(),
    })
}

impl Opened {
    /// The text that lets one in.
    pub(super) fn expose(&self) -> &str {
        self.session.expose_secret()
    }
}

fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(task: &str, agent: Option<&str>) -> Room {
        Room {
            task: task.to_owned(),
            container: "kong".to_owned(),
            runtime: format!("{task}-1"),
            agent: agent.map(str::to_owned),
        }
    }

    #[test]
    fn the_first_task_with_an_agent_is_taken_unless_one_is_named() {
        let rooms = [
            room("a1", Some("PENDING")),
            room("a2", Some("RUNNING")),
            room("b3", Some("RUNNING")),
        ];
        let chosen = |wanted| choose(&rooms, wanted).map(|room| room.task);
        assert_eq!(chosen(None).as_deref(), Ok("a2"));
        assert_eq!(chosen(Some("b")).as_deref(), Ok("b3"));
        let shut = |wanted| chosen(wanted).map_err(|shut| shut.to_string());
        assert_eq!(
            shut(Some("a1")),
            Err("the agent of ECS Exec in task a1 is PENDING".to_owned())
        );
        assert_eq!(
            shut(Some("a")),
            Err("the ids of several tasks begin with a: a1, a2".to_owned())
        );
        assert_eq!(
            shut(Some("c")),
            Err("no running task's id begins with c; there are a1, a2, b3".to_owned())
        );
    }

    #[test]
    fn why_no_shell_can_be_opened_is_told_of_the_task_that_is_nearest_to_it() {
        assert_eq!(choose(&[], None), Err(Shut::NoTask));
        assert_eq!(choose(&[], Some("a")), Err(Shut::NoTask));
        let old = [room("a1", None), room("a2", None)];
        assert_eq!(choose(&old, None), Err(Shut::Without("a1".to_owned())));
    }

    #[test]
    fn a_session_is_not_printed() {
        let opened = Opened {
            session: SecretString::from("{\"TokenValue\": \"t0ken\"}"),
            target: String::new(),
        };
        assert!(!format!("{opened:?}").contains("t0ken"));
        assert!(opened.expose().contains("t0ken"));
    }
}
