//! Log lines on standard error, for those who want to see how the program works.
//!
//! Off unless asked for. The AWS SDK's own lines stop at `info` whatever the filter says: below that it writes requests
//! and answers, and secrets are among them.

use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::error::CliError;
use crate::report::Failure;

/// The variable that holds a filter.
const VARIABLE: &str = "KONGSTACK_LOG";

/// Starts logging as loud as `-v`s were given, or as the variable says.
pub(super) fn start(verbose: u8, colored: bool) -> Result<(), CliError> {
    let asked = std::env::var(VARIABLE)
        .ok()
        .filter(|filter| !filter.is_empty());
    let filter = match (asked, verbose) {
        (Some(filter), _) => filter,
        (None, 0) => return Ok(()),
        (None, 1) => "kongstack=debug,warn".to_owned(),
        (None, _) => "kongstack=trace,info".to_owned(),
    };
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        CliError::usage(
            Failure::new(format!("`{filter}` in {VARIABLE} is no log filter"))
                .chain(&error)
                .hint("write something like `kongstack=debug`"),
        )
    })?;
    let ours_or_harmless =
        filter_fn(|line| line.target().starts_with("kongstack") || *line.level() <= Level::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colored)
        .with_target(true)
        .with_filter(filter.and(ours_or_harmless));
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry().with(lines).try_init();
    Ok(())
}
