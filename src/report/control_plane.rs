//! The control plane's sleep, in words.

use super::status::age;
use super::style::{HINT, STRONG, paint};
use super::wrap::hang;
use crate::operate::status::{Moment, Nodes, Status};
use crate::operate::{Wakefulness, needed_by};

/// Characters of a task's id that tell it from the others.
const SHORT: usize = 8;

/// How it is: asleep, waking or awake, since when, which task, which version.
#[must_use]
pub(crate) fn control_plane(status: &Status, nodes: &Nodes, width: usize) -> String {
    let now = status.at;
    let since = |at: Option<Moment>| {
        at.map_or_else(String::new, |at| {
            format!(" since {at} ({} ago)", age(at.ago(now)))
        })
    };
    let task = nodes.tasks.last();
    let named = task.map(|task| {
        let id: String = task.id.chars().take(SHORT).collect();
        format!("task {id}, Kong {}", task.kong)
    });
    let text = match Wakefulness::of(nodes) {
        Wakefulness::Asleep => {
            format!("The control plane is asleep{}.", since(nodes.stopped_at))
        }
        Wakefulness::FallingAsleep => {
            "The control plane is falling asleep: its task is being stopped.".to_owned()
        }
        Wakefulness::Waking => {
            let state = task.map(|task| match task.state.as_str() {
                "RUNNING" => "RUNNING and not healthy yet",
                other => other,
            });
            let made = task.and_then(|task| task.created_at);
            let made = made.map_or_else(String::new, |at| {
                format!(", made {} ago,", age(at.ago(now)))
            });
            match (named, state) {
                (Some(named), Some(state)) => {
                    format!("The control plane is waking: {named}{made} is {state}.")
                }
                _ => "The control plane is waking: no task is there yet.".to_owned(),
            }
        }
        Wakefulness::Awake => {
            let started = task.and_then(|task| task.started_at);
            let named = named.unwrap_or_default();
            let awake = format!("The control plane is awake{}: {named}.", since(started));
            awake + &while_awake(status)
        }
    };
    let text = hang(&text, width, 0);
    let head = "The control plane is";
    text.replacen(head, &paint(STRONG, head), 1) + "\n"
}

/// Until when one on demand stays awake. In the sandbox that is a time of its clock, which runs ahead.
fn while_awake(status: &Status) -> String {
    let Some(timer) = &status.timer else {
        return String::new();
    };
    if !needed_by(status).is_empty() {
        return " It is syncing: data planes wait for their configuration.".to_owned();
    }
    match timer.due_at {
        Some(due) => format!(" It is cooling down until {due}."),
        None => " Its machine is about to put it to sleep.".to_owned(),
    }
}

/// What a stack without a running control plane can and cannot do; `flags` are those that name the stack.
#[must_use]
pub(crate) fn while_asleep(flags: &str, on_demand: bool, width: usize) -> String {
    let how = if on_demand {
        format!(
            "the next data plane that starts wakes it, and so does `kongstack control-plane start{flags}`, which belongs \
             before a configuration push"
        )
    } else {
        format!(
            "`kongstack plan{flags}` shows its count as a difference, and an apply would wake it: the spec says always-on. \
             `kongstack control-plane start{flags}` wakes it"
        )
    };
    let lines = [
        "the data planes serve on with the configuration they have; a new one (scaled out, or in the place of one that \
         failed) gets none and serves nobody until the control plane is awake"
            .to_owned(),
        how,
    ];
    let line = |text: &String| format!("{} {}\n", paint(HINT, "note:"), hang(text, width, 6));
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operate::status::Timer;
    use crate::operate::status::sample::{at, sample};

    #[test]
    fn one_on_demand_says_until_when() {
        let said = |due: Option<Moment>, running: u32| {
            let mut status = sample();
            status.timer = Some(Timer { due_at: due });
            status.data_plane.as_mut().expect("nodes").running = running;
            let nodes = status.control_plane.clone().expect("nodes");
            let text = control_plane(&status, &nodes, 200);
            let text = anstream::adapter::strip_str(&text).to_string();
            text.split_once("Kong 3.9.3.")
                .expect("two sentences")
                .1
                .trim()
                .to_owned()
        };
        assert_eq!(
            said(Some(at(7200)), 2),
            "It is cooling down until 2026-09-21T16:13:20Z."
        );
        assert!(said(Some(at(7200)), 1).starts_with("It is syncing"));
        assert!(said(None, 2).contains("about to put it to sleep"));
    }

    #[test]
    fn each_state_in_words() {
        let nodes = sample().control_plane.expect("nodes");
        let said = |desired, running, state: &str, health: &str| {
            let mut nodes = nodes.clone();
            (nodes.desired, nodes.running) = (desired, running);
            (nodes.tasks[0].state, nodes.tasks[0].health) = (state.to_owned(), health.to_owned());
            nodes.stopped_at = Some(at(3000));
            let text = control_plane(&sample(), &nodes, 80);
            anstream::adapter::strip_str(&text).to_string()
        };
        let all = [
            said(1, 1, "RUNNING", "HEALTHY"),
            said(1, 1, "RUNNING", "UNKNOWN"),
            said(1, 0, "PENDING", "UNKNOWN"),
            said(0, 1, "RUNNING", "HEALTHY"),
            said(0, 0, "RUNNING", "HEALTHY"),
        ];
        insta::assert_snapshot!(all.concat(), @r"
        The control plane is awake since 2026-09-21T14:16:00Z (57m20s ago): task
        00000000, Kong 3.9.3.
        The control plane is waking: task 00000000, Kong 3.9.3, made 58m20s ago, is
        RUNNING and not healthy yet.
        The control plane is waking: task 00000000, Kong 3.9.3, made 58m20s ago, is
        PENDING.
        The control plane is falling asleep: its task is being stopped.
        The control plane is asleep since 2026-09-21T15:03:20Z (10m00s ago).
        ");
    }
}
