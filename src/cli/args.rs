//! The commands and what each takes. The doc comments are the help text.
//!
//! A command flattens the groups of flags (`flags`) that do something on it and no others.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::admin_key::AdminKeyCommand;
use super::cert::CertCommand;
use super::control_plane::ControlPlaneCommand;
use super::exec::ExecArgs;
use super::flags::{
    AnswerArgs, AwsArgs, LockArgs, LossArgs, RunArgs, SelectArgs, ShownArgs, SpecArgs,
};
use super::logs::LogsArgs;
use super::migrate::MigrateArgs;
use super::status::StatusArgs;
use super::verify::VerifyArgs;

const EXIT_CODES: &str = "\
Exit codes:
  0    done, or nothing to do
  1    failed; nothing was changed, or nothing more than the report says
  2    changes are pending (only `plan --detailed-exitcode`, `migrate list`)
  3    the spec is invalid or cannot be read
  4    applied in part: the report says what is missing, a rerun goes on
  5    locked: another run is at work on the stack
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
    /// Show how a live stack is
    ///
    /// The endpoints, the nodes with their versions and rollouts, what the load balancer says of them, the database, the
    /// certificates, and who is at work on the stack. Reads only, and wakes nothing that sleeps.
    Status(StatusArgs),
    /// Prove that a live stack works
    ///
    /// Checks the stack from where this runs: what AWS says of its parts, whether its name, its certificate, its gateway
    /// and its Admin API answer as they should, and whether anything leads to the control plane that should not. Changes
    /// nothing.
    Verify(VerifyArgs),
    /// Print what the stack's tasks have written
    ///
    /// Reads CloudWatch Logs, oldest event first.
    Logs(LogsArgs),
    /// Open a shell in a running task, or run a command there
    ///
    /// Through ECS Exec, in the container that Kong runs in.
    Exec(ExecArgs),
    /// Run Kong's migrations by hand, one step at a time
    ///
    /// An apply does all of this by itself. Here each step can be looked at: it runs as the live stack's migrations
    /// task, its log is printed as it comes, and `kong migrations list` has the last word on whether it is done.
    /// What changes the schema holds the stack's lease, and never runs beside another migration.
    Migrate(MigrateArgs),
    /// Wake the control plane, or put it to sleep
    ///
    /// The data planes serve with the configuration they have been given, whether the control plane runs or not. Without
    /// it nothing can be configured, and no new data plane begins to serve.
    #[command(subcommand)]
    ControlPlane(ControlPlaneCommand),
    /// Show or rotate the cluster certificate
    #[command(subcommand)]
    Cert(CertCommand),
    /// Change the key of the Admin API
    #[command(subcommand)]
    AdminKey(AdminKeyCommand),
    /// Break the lease that a dead run has left on the stack
    ///
    /// One apply or destroy works on a stack at a time: it holds a lease in the DynamoDB table `kongstack-leases` of the
    /// stack's account and region. A run that is killed leaves it behind, to be taken over by the next one once it has
    /// expired, within a minute or two. This shows whose it is, asks, and breaks it at once.
    Unlock(UnlockArgs),
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
    #[arg(long)]
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
    pub(super) lock: LockArgs,
    #[command(flatten)]
    pub(super) loss: LossArgs,
}

/// The arguments of `destroy`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack destroy
  kongstack destroy --auto-approve
  kongstack destroy --exclude logs/data-plane
  kongstack destroy --allow-data-loss ingress/access-logs")]
pub(super) struct DestroyArgs {
    #[command(flatten)]
    pub(super) spec: SpecArgs,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[command(flatten)]
    pub(super) lock: LockArgs,
    #[command(flatten)]
    pub(super) loss: LossArgs,
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

/// The arguments of `unlock`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack unlock
  kongstack unlock -f other.yaml --auto-approve")]
pub(super) struct UnlockArgs {
    #[command(flatten)]
    pub(super) spec: SpecArgs,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
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
mod tests;
