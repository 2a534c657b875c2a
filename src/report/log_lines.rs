//! Events of a log group as lines: when, which task, what.

use super::style::{FAINT, paint};
use super::wrap::clean;
use crate::operate::Line;

/// A line an event, whatever it holds.
#[must_use]
pub(crate) fn log_lines(lines: &[Line]) -> String {
    let line = |line: &Line| {
        let at = humantime::format_rfc3339_seconds(line.at);
        let text = clean(&line.text).replace('\n', " ");
        format!("{} {text}\n", paint(FAINT, format!("{at} {}", line.task)))
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn an_event_is_one_line_and_moves_no_cursor() {
        let line = Line {
            at: UNIX_EPOCH + Duration::from_millis(1_700_000_000_900),
            task: "0a1b2c3d".to_owned(),
            text: "one\ntwo \u{1b}[2Jthree".to_owned(),
        };
        let text = anstream::adapter::strip_str(&log_lines(&[line])).to_string();
        assert_eq!(text, "2023-11-14T22:13:20Z 0a1b2c3d one two three\n");
    }
}
