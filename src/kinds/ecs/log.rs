//! What a task wrote: its lines in CloudWatch Logs, for people to read while it runs and after it failed.
//!
//! A task is given secrets and is told to print none. Should it do so all the same, it goes no further than its log:
//! what looks like one is masked in every line that is read here, so that no display, report or error can show it.

use aws_sdk_cloudwatchlogs::types::OutputLogEvent;

use crate::aws::Clients;
use crate::resource::{Ref, ResourceName};

/// Where a container's lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskLog {
    /// The log group.
    pub(crate) group: Ref<ResourceName>,
    /// The first part of the names of its streams; the container's name and the task's id follow.
    pub(crate) prefix: String,
    /// The container's name.
    pub(crate) container: String,
}

impl TaskLog {
    /// The stream of a container of one task, as the `awslogs` driver names it.
    #[must_use]
    pub(crate) fn stream(&self, container: &str, task_id: &str) -> String {
        format!("{}/{container}/{task_id}", self.prefix)
    }
}

/// Reads one stream from its beginning, each line once.
#[derive(Debug)]
pub(super) struct LogReader {
    group: String,
    stream: String,
    token: Option<String>,
    lines: Vec<String>,
}

impl LogReader {
    /// A reader at the beginning of `stream`, which need not exist yet.
    pub(super) fn new(group: &str, stream: String) -> Self {
        Self {
            group: group.to_owned(),
            stream,
            token: None,
            lines: Vec::new(),
        }
    }

    /// The lines that came since the last time; none when they cannot be read, for a task's work matters more
    /// than the view of it.
    pub(super) async fn next(&mut self, clients: &Clients) -> Vec<String> {
        let mut new = Vec::new();
        loop {
            let page = clients
                .logs()
                .get_log_events()
                .log_group_name(&self.group)
                .log_stream_name(&self.stream)
                .start_from_head(true)
                .set_next_token(self.token.clone())
                .send()
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    tracing::debug!(%error, stream = self.stream, "a task's log could not be read");
                    break;
                }
            };
            new.extend(page.events().iter().filter_map(line));
            // The end of a stream answers the token it was asked with.
            let token = page.next_forward_token().map(str::to_owned);
            let end = page.events().is_empty() || token.is_none() || token == self.token;
            self.token = token.or(self.token.take());
            if end {
                break;
            }
        }
        self.lines.extend(new.iter().cloned());
        new
    }

    /// The last `count` of all lines read so far.
    pub(super) fn tail(&self, count: usize) -> Vec<String> {
        let skipped = self.lines.len().saturating_sub(count);
        self.lines.iter().skip(skipped).cloned().collect()
    }
}

/// The last `count` lines of a stream; none when it does not exist or may not be read: a person who is told of a
/// failure is not to be told of another instead.
pub(super) async fn last_lines(
    clients: &Clients,
    group: &str,
    stream: &str,
    count: i32,
) -> Vec<String> {
    let answer = clients
        .logs()
        .get_log_events()
        .log_group_name(group)
        .log_stream_name(stream)
        .start_from_head(false)
        .limit(count)
        .send()
        .await;
    match answer {
        Ok(answer) => answer.events().iter().filter_map(line).collect(),
        Err(error) => {
            tracing::debug!(%error, stream, "the log of a failed task could not be read");
            Vec::new()
        }
    }
}

fn line(event: &OutputLogEvent) -> Option<String> {
    let text = event.message()?.trim_end();
    (!text.is_empty()).then(|| masked(text))
}

/// What a line shows in place of what looks like a secret.
const MASK: &str = "(not shown)";

/// How many characters without a break look like a secret: an admin key has 48, a line of a PEM 64, and neither words
/// nor the ids of AWS come near.
const UNBROKEN: usize = 40;

/// The line without what looks like a key: long runs of the characters that keys, tokens and base64 are made of.
pub(crate) fn masked(text: &str) -> String {
    let of_key = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '/' | '=');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|one| !of_key(one)).unwrap_or(rest.len());
        let (key, after) = rest.split_at(run);
        shown += if run >= UNBROKEN { MASK } else { key };
        let gap = after.find(of_key).unwrap_or(after.len());
        let (between, next) = after.split_at(gap);
        shown += between;
        rest = next;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        line(&OutputLogEvent::builder().message(text).build())
    }

    #[test]
    fn what_looks_like_a_secret_is_not_shown() {
        let key = "k3Y".repeat(16);
        let of_pem = format!("{}+/{}==", "aB1".repeat(10), "Zz9".repeat(10));
        for (written, read) in [
            (key.clone(), MASK.to_owned()),
            (of_pem, MASK.to_owned()),
            (
                format!("apikey: \"{key}\", again {key}"),
                format!("apikey: \"{MASK}\", again {MASK}"),
            ),
            (
                format!("KONGSTACK_ADMIN_KEY={key}"),
                format!("KONGSTACK_ADMIN_{MASK}"),
            ),
            (format!("é{key}é"), format!("é{MASK}é")),
        ] {
            assert_eq!(shown(&written), Some(read), "{written}");
        }
    }

    #[test]
    fn what_a_task_has_to_say_is_shown_as_it_is() {
        for text in [
            "core migrated up to: 025_380_to_390 (executed)",
            "Error: [PostgreSQL error] failed to retrieve PostgreSQL server_version_num: connection refused",
            "/usr/local/share/lua/5.1/kong/cmd/utils/migrations.lua:20: in function 'up'",
            "host kong-quickstart-db.cluster-86x8wvi4hg9x.eu-west-1.rds.amazonaws.com",
            "task bd53719d5b6a4bfab832e494a0c5aa9d",
        ] {
            assert_eq!(shown(text).as_deref(), Some(text));
        }
        assert_eq!(shown("  \n"), None);
    }
}
