//! The terminal, or whatever stands in its place: the only door out of the program.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use rustix::termios::tcgetwinsize;

/// Columns where there is no terminal to ask.
const COLUMNS: usize = 80;
/// Lines longer than this are hard to read, however wide the terminal.
const READABLE: usize = 110;

/// Where everything is written to.
///
/// Output that nobody reads any more (a closed pipe) is dropped without a word: the work goes on.
#[derive(Debug)]
pub(crate) struct Screen {
    quiet: bool,
    verbose: u8,
    closed: AtomicBool,
}

impl Screen {
    /// Takes over standard output and standard error.
    #[must_use]
    pub(crate) fn new(color: ColorChoice, quiet: bool, verbose: u8) -> Self {
        color.write_global();
        Self {
            quiet,
            verbose,
            closed: AtomicBool::new(false),
        }
    }

    /// Writes a result to standard output.
    ///
    /// # Errors
    /// When it cannot be written, other than because nobody reads it.
    pub(crate) fn result(&self, text: &str) -> io::Result<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut stdout = anstream::stdout().lock();
        match stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            other => other,
        }
    }

    /// Whether results can be redrawn in place.
    #[must_use]
    pub(crate) fn redraws(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        self.verbose == 0 && !dumb && io::stdout().is_terminal()
    }

    /// Writes a result in the place of all that the terminal shows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn redraw(&self, text: &str) -> io::Result<()> {
        const HOME: &[u8] = b"\x1b[H\x1b[J";
        // Past what takes colours out: without colours, too, this is a terminal.
        let mut stdout = io::stdout().lock();
        stdout.write_all(HOME).and_then(|()| stdout.flush())?;
        drop(stdout);
        self.result(text)
    }

    /// Whether results go nowhere any more, because what read them is gone.
    #[must_use]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Writes what is good to know to standard error, unless quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.alert(text);
        }
    }

    /// Writes what must be known to standard error.
    pub(crate) fn alert(&self, text: &str) {
        let mut stderr = anstream::stderr().lock();
        // There is no place left to complain about a failure here.
        let _ = stderr
            .write_all(text.as_bytes())
            .and_then(|()| stderr.flush());
    }

    /// Whether only results and errors are wanted.
    #[must_use]
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether a display that redraws itself can be shown. Log lines would tear it apart.
    #[must_use]
    pub(crate) fn is_live(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        !self.quiet && self.verbose == 0 && !dumb && io::stderr().is_terminal()
    }

    /// Whether standard error takes colours.
    #[must_use]
    pub(crate) fn is_colored(&self) -> bool {
        AutoStream::choice(&io::stderr()) != ColorChoice::Never
    }

    /// Columns for results.
    #[must_use]
    pub(crate) fn width(&self) -> usize {
        let size = io::stdout()
            .is_terminal()
            .then(|| tcgetwinsize(io::stdout()));
        columns(size)
    }

    /// Columns for everything else.
    #[must_use]
    pub(crate) fn side_width(&self) -> usize {
        let size = io::stderr()
            .is_terminal()
            .then(|| tcgetwinsize(io::stderr()));
        columns(size)
    }
}

fn columns(size: Option<rustix::io::Result<rustix::termios::Winsize>>) -> usize {
    let columns = size
        .and_then(Result::ok)
        .map(|size| usize::from(size.ws_col));
    columns
        .filter(|columns| *columns > 0)
        .map_or(COLUMNS, |columns| columns.clamp(40, READABLE))
}
