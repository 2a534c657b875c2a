//! What may be written on the command line. The doc comments are the help text.
//!
//! Groups of flags are structs; a command flattens the groups that do something on it and no others.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::resource::Address;
use crate::spec::Override;

const EXIT_CODES: &str = "\
Exit codes:
  0    done, or nothing to do
  1    failed; nothing was changed, or nothing more than the report says
  2    changes are pending (only `plan --detailed-exitcode`)
  3    the spec is invalid or cannot be read
  4    applied in part: the report says what is missing, a rerun goes on
  64   wrong usage
  130  interrupted

Environment:
  AWS_PROFILE, AWS_ENDPOINT_URL and everything else the AWS SDKs read
  KONGSTACK_LOG          log filter, such as `kongstack=trace`
  NO_COLOR, CLICOLOR, CLICOLOR_FORCE";

const EXAMPLES: &str = "\
Examples:
  kongstack plan --sandbox          what would be made, on a simulated AWS
  kongstack plan                    what would change
  kongstack apply                   make AWS match kongstack.yaml
  kongstack output endpoint         the gateway's address
  kongstack destroy -f other.yaml   remove a stack";

/// A Kong Gateway stack on AWS from one YAML file.
///
/// The file says what the gateway should be; AWS itself is the record of what it is. Nothing else is stored: no state
/// file, no server.
#[derive(Debug, Parser)]
#[command(
    name = "kongstack",
    bin_name = "kongstack",
    version,
    max_term_width = 80,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"),
    disable_help_subcommand = true,
    propagate_version = false,
    arg_required_else_help = true,
)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) shown: ShownArgs,
}

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

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what would change on AWS, and why
    ///
    /// Reads AWS and changes nothing. What somebody changed by hand shows as a difference like any other.
    Plan(PlanArgs),
    /// Make AWS match the spec
    ///
    /// Plans, shows the plan, asks, and carries it out. Run it again after an interruption or a failure: it goes on
    /// where it stopped. The first Ctrl-C begins nothing new and lets running calls finish, the second stops at once.
    Apply(ApplyArgs),
    /// Remove the stack from AWS
    ///
    /// Shows everything that will be deleted and whatever stands in the way, asks for the stack's name, and deletes
    /// what belongs to the stack. What belongs to others, an existing network for one, stays as it is.
    Destroy(DestroyArgs),
    /// Check the spec without asking AWS
    ///
    /// Finds everything that AWS or Kong would refuse, as far as it can be known beforehand, and says it all at once.
    Validate(ValidateArgs),
    /// Print the endpoints and ids of a live stack
    ///
    /// Reads them from AWS. With a name, prints that one value and nothing else.
    Output(OutputArgs),
    /// Run the simulated AWS that `--sandbox` uses
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Print completions for a shell
    Completions(CompletionsArgs),
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
        let file = (self.file.as_os_str() != DEFAULT_FILE).then(|| {
            format!(
                " -f {}",
                crate::report::shell_word(&self.file.to_string_lossy())
            )
        });
        let set = self.set.iter();
        let set = set.map(|one| format!(" --set {}", crate::report::shell_word(one)));
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
        let profile = profile.map(|one| format!(" --profile {}", crate::report::shell_word(one)));
        let sandbox = self.sandbox.then(|| " --sandbox".to_owned());
        let flags: String = profile.chain(sandbox).collect();
        format!("{}{flags}", spec.repeated())
    }
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than nothing".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!(
            "{error}; write something like `90s`, `45m` or `1h 30m`"
        )),
    }
}

/// Which part of the stack.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct SelectArgs {
    /// Only this resource and what it needs; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(super) target: Vec<Address>,
    /// Not this resource, nor what needs it; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(super) exclude: Vec<Address>,
}

/// How changes are made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct RunArgs {
    /// Go ahead without asking
    #[arg(long)]
    pub(super) auto_approve: bool,
    /// Never ask; fail where an answer is needed
    #[arg(long)]
    pub(super) no_input: bool,
    /// How many resources are worked on at once; waiting does not count
    #[arg(long, value_name = "N", default_value = "16")]
    pub(super) parallelism: NonZeroUsize,
}

/// What may be lost.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(super) struct LossArgs {
    /// Let this resource's data be lost; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(super) allow_data_loss: Vec<Address>,
}

/// The arguments of `plan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack plan
  kongstack plan --set data_plane.scaling.max=20
  kongstack plan --destroy
  kongstack plan --detailed-exitcode || [ $? -eq 2 ]")]
pub(super) struct PlanArgs {
    /// Plan the removal of the whole stack
    #[arg(long, conflicts_with = "allow_data_loss")]
    pub(super) destroy: bool,
    /// Exit with 2 when there is something to do
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    #[command(flatten)]
    pub(super) spec: SpecArgs,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    pub(super) loss: LossArgs,
}

/// The arguments of `apply`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack apply
  kongstack apply --auto-approve --timeout 45m
  kongstack apply --sandbox
  kongstack apply --target data-plane/service")]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    pub(super) spec: SpecArgs,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[command(flatten)]
    pub(super) loss: LossArgs,
}

/// The arguments of `destroy`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack destroy
  kongstack destroy --auto-approve
  kongstack destroy --exclude logs/data-plane")]
pub(super) struct DestroyArgs {
    #[command(flatten)]
    pub(super) spec: SpecArgs,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// The arguments of `validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack validate
  cat stack.yaml | kongstack validate -f -")]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    pub(super) spec: SpecArgs,
}

/// The arguments of `output`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack output
  curl -i \"$(kongstack output endpoint)\"
  eval \"$(kongstack output --format shell)\"")]
pub(super) struct OutputArgs {
    /// The one value to print
    pub(super) name: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: OutputFormat,
    #[command(flatten)]
    pub(super) spec: SpecArgs,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
}

/// How outputs are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// A line each, for people
    Text,
    /// One JSON object
    Json,
    /// `export` lines for a shell
    Shell,
}

/// Run the simulated AWS that `--sandbox` uses.
#[derive(Debug, Subcommand)]
pub(super) enum SandboxCommand {
    /// Start it, installing it first where needed
    ///
    /// `--sandbox` does the same when it is not running.
    Start {
        /// How many times faster than on AWS time goes by
        #[arg(long, value_name = "FACTOR", value_parser = speed)]
        speed: Option<f64>,
        /// End it when this process is gone
        #[arg(long, value_name = "PID")]
        exit_with: Option<u32>,
    },
    /// Stop it; everything in it is forgotten
    Stop,
    /// Say whether it runs, and where
    Status,
    /// Forget everything in it and go on
    Reset,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text
        .parse::<f64>()
        .map_err(|_| "it is not a number".to_owned())?;
    if (1.0..=100_000.0).contains(&speed) {
        Ok(speed)
    } else {
        Err("it must be between 1 (as slow as AWS) and 100000".to_owned())
    }
}

/// The arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack completions bash > ~/.local/share/bash-completion/completions/kongstack
  kongstack completions zsh > \"${fpath[1]}/_kongstack\"")]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: Shell,
}
