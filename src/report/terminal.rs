//! The terminal as the live display draws on it: standard error, its lines ended rather than filled.
//!
//! `indicatif` fills each line with spaces up to the edge, and a terminal echoes Ctrl-C as `^C` where the cursor stands. On
//! a full line that echo begins another, and all that is drawn from then on is one line off. So the spaces are left out,
//! and the lines kept short enough for the echo.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::TermLike;
use rustix::termios::tcgetwinsize;

/// The columns that `^C` takes.
pub(super) const ECHO: usize = 2;

/// Standard error, written to once a frame.
#[derive(Debug, Default)]
pub(super) struct Terminal(Mutex<Frame>);

/// What is written at the next flush.
#[derive(Debug, Default)]
struct Frame {
    text: String,
    /// Whether the line that the cursor stands in is complete, so that more text belongs on the next.
    complete: bool,
}

impl Frame {
    /// `indicatif` writes a line's text, then the spaces that fill it, then the next line's text.
    fn write(&mut self, text: &str) {
        if text.trim_matches(' ').is_empty() {
            self.complete = true;
            return;
        }
        if self.complete {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.complete = false;
    }
}

impl Terminal {
    fn frame(&self) -> MutexGuard<'_, Frame> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn go(&self, count: usize, way: char) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.frame().text.push_str(&format!("\u{1b}[{count}{way}"));
        Ok(())
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        let echo = u16::try_from(ECHO).unwrap_or(0);
        tcgetwinsize(io::stderr()).map_or(80 - echo, |size| size.ws_col.saturating_sub(echo))
    }

    fn height(&self) -> u16 {
        tcgetwinsize(io::stderr()).map_or(24, |size| size.ws_row)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.go(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.go(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.go(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.go(n, 'D')
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        let mut frame = self.frame();
        frame.write(s);
        frame.text.push('\n');
        frame.complete = false;
        Ok(())
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.frame().write(s);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        let mut frame = self.frame();
        frame.text.push_str("\r\u{1b}[2K");
        frame.complete = false;
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let text = std::mem::take(&mut self.frame().text);
        let mut stderr = io::stderr().lock();
        stderr.write_all(text.as_bytes())?;
        stderr.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_ended_and_not_filled() -> io::Result<()> {
        let terminal = Terminal::default();
        for text in ["one", "   ", "two", "", "three", " "] {
            terminal.write_str(text)?;
        }
        assert_eq!(terminal.frame().text, "one\ntwo\nthree");
        terminal.move_cursor_up(1)?;
        terminal.clear_line()?;
        terminal.write_str("four")?;
        let redrawn = "one\ntwo\nthree\u{1b}[1A\r\u{1b}[2Kfour";
        assert_eq!(terminal.frame().text, redrawn);
        Ok(())
    }
}
