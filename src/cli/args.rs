//! The commands and what each takes. The doc comments are the help text.
//!
//! A command flattens the groups of flags (`flags`) that do something on it and no others.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::flags::{AwsArgs, LossArgs, RunArgs, SelectArgs, ShownArgs, SpecArgs};

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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn clap_finds_nothing_wrong() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_fits_into_80_columns() {
        let mut all = vec![Cli::command()];
        while let Some(command) = all.pop() {
            let help = command
                .clone()
                .term_width(80)
                .render_long_help()
                .to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
            all.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn the_first_page() {
        let help = Cli::command().term_width(80).render_long_help().to_string();
        insta::assert_snapshot!(help, @r"
        A Kong Gateway stack on AWS from one YAML file.

        The file says what the gateway should be; AWS itself is the record of what it
        is. Nothing else is stored: no state file, no server.

        Usage: kongstack [OPTIONS] <COMMAND>

        Commands:
          plan         Show what would change on AWS, and why
          apply        Make AWS match the spec
          destroy      Remove the stack from AWS
          validate     Check the spec without asking AWS
          output       Print the endpoints and ids of a live stack
          sandbox      Run the simulated AWS that `--sandbox` uses
          completions  Print completions for a shell

        Options:
          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version

        Display:
              --color <WHEN>
                  When to use colours

                  Possible values:
                  - auto:   On a terminal, unless NO_COLOR is set
                  - always: Always
                  - never:  Never
                  
                  [default: auto]

          -q, --quiet
                  Print results and errors only

          -v, --verbose...
                  Say more; twice for everything

        Examples:
          kongstack plan --sandbox          what would be made, on a simulated AWS
          kongstack plan                    what would change
          kongstack apply                   make AWS match kongstack.yaml
          kongstack output endpoint         the gateway's address
          kongstack destroy -f other.yaml   remove a stack

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
          NO_COLOR, CLICOLOR, CLICOLOR_FORCE
        ");
    }

    #[test]
    fn what_apply_takes() {
        let mut command = Cli::command();
        let apply = command.find_subcommand_mut("apply").expect("a command");
        let help = apply.clone().term_width(80).render_help().to_string();
        insta::assert_snapshot!(help, @r"
        Make AWS match the spec

        Usage: apply [OPTIONS]

        Options:
          -h, --help  Print help (see more with '--help')

        Spec:
          -f, --file <FILE>       The stack file; `-` reads standard input [default:
                                  kongstack.yaml]
              --set <PATH=VALUE>  Put a value over the file's, such as
                                  `database.readers=1`
              --region <REGION>   Use this region instead of the file's

        AWS:
              --profile <NAME>      The profile of the AWS configuration to use
              --sandbox             Use a simulation of AWS on this machine; no account
                                    needed
              --timeout <DURATION>  Give up after this long, such as `45m`; counts the
                                    whole run

        Selection:
              --target <ADDRESS>   Only this resource and what it needs (to destroy:
                                   what needs it); may be repeated
              --exclude <ADDRESS>  Not this resource, nor what needs it (to destroy:
                                   what it needs); may be repeated

        Run:
              --auto-approve
                  Go ahead without asking
              --no-input
                  Never ask; fail where an answer is needed
              --parallelism <N>
                  How many resources are worked on at once; waiting does not count
                  [default: 16]
              --allow-data-loss <ADDRESS>
                  Let this resource's data be lost; may be repeated

        Examples:
          kongstack apply
          kongstack apply --auto-approve --timeout 45m
          kongstack apply --sandbox
          kongstack apply --target data-plane/service
        ");
    }
}
