//! The flags that several commands share, in groups. The doc comments are the help text.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::report::shell_word;
use crate::resource::Address;
use crate::spec::Override;

/// How much is said, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Display")]
pub(super) struct ShownArgs {
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// Print results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How something is printed, where people and programs want it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// JSON, for programs
    Json,
}

/// Where the spec comes from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Spec")]
pub(super) struct SpecArgs {
    /// The stack file; `-` reads standard input
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub(super) file: PathBuf,
    /// Put a value over the file's, such as `database.readers=1`
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Use this region instead of the file's
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

/// The file taken when none is named.
const DEFAULT_FILE: &str = "kongstack.yaml";

impl SpecArgs {
    /// What is put over the file.
    pub(super) fn overrides(&self) -> Vec<Override> {
        let region = self.region.iter();
        let region = region.map(|region| Override::flag("--region", "region", region));
        let set = self.set.iter().map(|one| Override::set(one));
        set.chain(region).collect()
    }

    /// The same flags again, for a command to suggest.
    fn repeated(&self) -> String {
        let file = (self.file.as_os_str() != DEFAULT_FILE)
            .then(|| format!(" -f {}", shell_word(&self.file.to_string_lossy())));
        let set = self.set.iter();
        let set = set.map(|one| format!(" --set {}", shell_word(one)));
        let region = self.region.iter().map(|one| format!(" --region {one}"));
        file.into_iter().chain(set).chain(region).collect()
    }
}

/// Which AWS.
#[derive(Debug, Args)]
#[command(next_help_heading = "AWS")]
pub(super) struct AwsArgs {
    /// The profile of the AWS configuration to use
    #[arg(long, value_name = "NAME", conflicts_with = "sandbox")]
    pub(super) profile: Option<String>,
    /// Use a simulation of AWS on this machine; no account needed
    #[arg(long)]
    pub(super) sandbox: bool,
    /// Give up after this long, such as `45m`; counts the whole run
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(super) timeout: Option<Duration>,
}

impl AwsArgs {
    /// The flags that say which stack is meant, for a command to suggest.
    pub(super) fn repeated(&self, spec: &SpecArgs) -> String {
        let profile = self.profile.iter();
        let profile = profile.map(|one| format!(" --profile {}", shell_word(one)));
        let sandbox = self.sandbox.then(|| " --sandbox".to_owned());
        let flags: String = profile.chain(sandbox).collect();
        format!("{}{flags}", spec.repeated())
    }
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write something like `90s`, `45m` or `1h 30m`"))
}

/// Which part of the stack.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct SelectArgs {
    /// Only this resource and what it needs (to destroy: what needs it); may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(super) target: Vec<Address>,
    /// Not this resource, nor what needs it (to destroy: what it needs); may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(super) exclude: Vec<Address>,
}

/// Who answers when something is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct AnswerArgs {
    /// Go ahead without asking
    #[arg(long)]
    pub(super) auto_approve: bool,
    /// Never ask; fail where an answer is needed
    #[arg(long)]
    pub(super) no_input: bool,
}

/// What happens when somebody else is at work on the stack.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct LockArgs {
    /// Wait this long for another run on the stack to end
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub(super) lock_timeout: Duration,
}

/// How changes are made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
    /// How many resources are worked on at once; waiting does not count
    #[arg(long, value_name = "N", default_value = "16")]
    pub(super) parallelism: NonZeroUsize,
    /// Give up on one resource after this long, such as `20m`
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(super) resource_timeout: Option<Duration>,
}

/// What may be lost.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct LossArgs {
    /// Let this resource's data be lost; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(super) allow_data_loss: Vec<Address>,
}
