//! What a task wrote: its lines in CloudWatch Logs, for people to read while it runs and after it failed.

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
    /// The stream of one task, as the `awslogs` driver names it.
    pub(super) fn stream(&self, task_id: &str) -> String {
        format!("{}/{}/{task_id}", self.prefix, self.container)
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
    (!text.is_empty()).then(|| text.to_owned())
}
