//! What the stack's tasks have written: the events of one log group, oldest first, each once.
//!
//! CloudWatch Logs takes some seconds until an event can be found, and tasks' events arrive in any order: whoever
//! follows a group asks again for the last of what was there, and leaves out what is known.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;

use crate::aws::{Clients, OrAbsent, failed};
use crate::blueprint::addresses;
use crate::kinds::ecs::masked;
use crate::kinds::logs::LogGroup;
use crate::resource::{Blueprint, Error};

/// How far back a look begins before the newest event known, for those that arrive late.
const OVERLAP: Duration = Duration::from_secs(20);

/// Characters of a task's id that tell it from the others.
const SHORT: usize = 8;

/// Whose lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The control plane's.
    ControlPlane,
    /// The data planes'.
    DataPlane,
    /// The migrations'.
    Migrations,
}

impl Source {
    /// The log group they are in.
    ///
    /// # Errors
    /// When the blueprint has none.
    pub(crate) fn group(self, blueprint: &Blueprint) -> Result<&str, Error> {
        let address = match self {
            Self::ControlPlane => addresses::control_plane_logs(),
            Self::DataPlane => addresses::data_plane_logs(),
            Self::Migrations => addresses::migrations_logs(),
        };
        Ok(&blueprint.desired::<LogGroup>(&address)?.name)
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// When it was written, by the task's clock.
    pub(crate) at: SystemTime,
    /// The beginning of the task's id.
    pub(crate) task: String,
    /// What was written, without what looks like a secret.
    pub(crate) text: String,
}

/// Reads a log group from some time on.
#[derive(Debug)]
pub(crate) struct Tail {
    group: String,
    pattern: Option<String>,
    /// Where the next look begins, in milliseconds of Unix time.
    from: i64,
    /// The page after the last one read, while there is one.
    token: Option<String>,
    /// The events known that the next look can find again, by id, with their times.
    known: HashMap<String, i64>,
}

impl Tail {
    /// Reads `group` from `since` on; of its events those that match CloudWatch's filter `pattern`.
    pub(crate) fn new(group: &str, since: SystemTime, pattern: Option<String>) -> Self {
        Self {
            group: group.to_owned(),
            pattern,
            from: millis(since),
            token: None,
            known: HashMap::new(),
        }
    }

    /// The next page of what is new; `None` when there is no such log group. A page may be empty with others after it.
    ///
    /// # Errors
    /// When AWS cannot be asked, or does not understand the pattern.
    pub(crate) async fn page(&mut self, clients: &Clients) -> Result<Option<Vec<Line>>, Error> {
        let answer = clients
            .logs()
            .filter_log_events()
            .log_group_name(&self.group)
            .start_time(self.from)
            .set_filter_pattern(self.pattern.clone())
            .set_next_token(self.token.take())
            .send()
            .await
            .map_err(failed("logs:FilterLogEvents"))
            .or_absent(&["ResourceNotFoundException"])?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let lines = self.fresh(answer.events());
        self.token = answer.next_token;
        if self.token.is_none() {
            self.go_on();
        }
        Ok(Some(lines))
    }

    /// Whether there is another page of what is there now.
    pub(crate) fn has_more(&self) -> bool {
        self.token.is_some()
    }

    /// The events of a page that are not known yet.
    fn fresh(&mut self, events: &[FilteredLogEvent]) -> Vec<Line> {
        let mut lines = Vec::new();
        for event in events {
            let (Some(id), Some(at)) = (event.event_id(), event.timestamp()) else {
                continue;
            };
            if self.known.insert(id.to_owned(), at).is_none() {
                lines.extend(line(event, at));
            }
        }
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// Moves on to shortly before the newest event, and forgets what cannot be found again.
    fn go_on(&mut self) {
        let overlap = i64::try_from(OVERLAP.as_millis()).unwrap_or(i64::MAX);
        let newest = self.known.values().max();
        let from = newest.map_or(self.from, |newest| newest.saturating_sub(overlap));
        self.from = self.from.max(from);
        let from = self.from;
        self.known.retain(|_, at| *at >= from);
    }
}

fn line(event: &FilteredLogEvent, at: i64) -> Option<Line> {
    let text = event.message()?.trim_end();
    let task = event.log_stream_name()?.rsplit('/').next()?;
    (!text.is_empty()).then(|| Line {
        at: UNIX_EPOCH + Duration::from_millis(u64::try_from(at).unwrap_or_default()),
        task: task.chars().take(SHORT).collect(),
        text: masked(text),
    })
}

fn millis(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, at: i64, text: &str) -> FilteredLogEvent {
        FilteredLogEvent::builder()
            .event_id(id)
            .timestamp(at)
            .log_stream_name("ecs/kong/0a1b2c3d4e5f60718293a4b5c6d7e8f9")
            .message(text)
            .build()
    }

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn an_event_is_told_once_and_a_late_one_not_lost() {
        let mut tail = Tail::new("group", UNIX_EPOCH, None);
        let first = tail.fresh(&[event("1", 100_000, "one"), event("3", 130_000, "three")]);
        assert_eq!(texts(&first), ["one", "three"]);
        tail.go_on();
        assert_eq!(tail.from, 110_000, "the next look begins before the newest");
        // The second was written before the third, and arrives after it.
        let next = tail.fresh(&[
            event("3", 130_000, "three"),
            event("4", 140_000, "four"),
            event("2", 125_000, "two"),
        ]);
        assert_eq!(texts(&next), ["two", "four"]);
        tail.go_on();
        assert_eq!(tail.known.len(), 3, "what cannot come again is forgotten");
    }

    #[test]
    fn a_look_that_finds_nothing_stays_where_it_is() {
        let mut tail = Tail::new("group", UNIX_EPOCH + Duration::from_secs(7), None);
        assert!(tail.fresh(&[]).is_empty());
        tail.go_on();
        assert_eq!(tail.from, 7000);
        // Older than what was asked for, as a clock that is behind might say.
        let _ = tail.fresh(&[event("1", 7001, "one")]);
        tail.go_on();
        assert_eq!(tail.from, 7000);
    }

    #[test]
    fn a_line_names_its_task_and_shows_no_key() {
        let key = "k3Y".repeat(16);
        let told = Tail::new("group", UNIX_EPOCH, None).fresh(&[event(
            "1",
            5000,
            &format!("apikey: {key}\n"),
        )]);
        let expected = Line {
            at: UNIX_EPOCH + Duration::from_secs(5),
            task: "0a1b2c3d".to_owned(),
            text: "apikey: (not shown)".to_owned(),
        };
        assert_eq!(told, [expected]);
    }
}
