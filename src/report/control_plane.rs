//! The control plane's sleep, in words.

use super::status::age;
use super::style::{HINT, STRONG, paint};
use super::wrap::hang;
use crate::operate::Wakefulness;
use crate::operate::status::{Moment, Nodes};

/// Characters of a task's id that tell it from the others.
const SHORT: usize = 8;

/// How it is: asleep, waking or awake, since when, which task, which version.
#[must_use]
pub(crate) fn control_plane(nodes: &Nodes, now: Moment, width: usize) -> String {
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
            format!("The control plane is awake{}: {named}.", since(started))
        }
    };
    let text = hang(&text, width, 0);
    let head = "The control plane is";
    text.replacen(head, &paint(STRONG, head), 1) + "\n"
}

/// What a stack without a running control plane can and cannot do; `flags` are those that name the stack.
#[must_use]
pub(crate) fn while_asleep(flags: &str, width: usize) -> String {
    let lines = [
        "the data planes serve on with the configuration they have; a new one (scaled out, or in the place of one that \
         failed) gets none and serves nobody until the control plane is awake"
            .to_owned(),
        format!(
            "`kongstack plan{flags}` shows its count as a difference, and an apply would wake it: the spec says always-on. \
             `kongstack control-plane start{flags}` wakes it"
        ),
    ];
    let line = |text: &String| format!("{} {}\n", paint(HINT, "note:"), hang(text, width, 6));
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operate::status::sample::{at, sample};

    #[test]
    fn each_state_in_words() {
        let nodes = sample().control_plane.expect("nodes");
        let said = |desired, running, state: &str, health: &str| {
            let mut nodes = nodes.clone();
            (nodes.desired, nodes.running) = (desired, running);
            (nodes.tasks[0].state, nodes.tasks[0].health) = (state.to_owned(), health.to_owned());
            nodes.stopped_at = Some(at(3000));
            let text = control_plane(&nodes, at(3600), 80);
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
