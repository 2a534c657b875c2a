//! `kongstack cert`: the certificate that control plane and data planes know each other by.

use std::sync::Arc;

use clap::{Args, Subcommand};
use time::OffsetDateTime;

use super::apply::change;
use super::ask::Question;
use super::error::{CliError, Exit};
use super::flags::{AwsArgs, Format, LockArgs, RunArgs, SelectArgs, SpecArgs};
use super::session::{self, Session, Wish};
use crate::observe::World;
use crate::operate::certificate;
use crate::plan::Purpose;
use crate::report::{CertificateShown, Failure, Screen};
use crate::resource::Error;

/// Show or rotate the cluster certificate, by which both planes know each other.
#[derive(Debug, Subcommand)]
pub(super) enum CertCommand {
    /// Show the certificate, when it ends, and which tasks hold it
    ///
    /// Reads the secret that holds the pair, which takes `secretsmanager:GetSecretValue`; the private key is never
    /// shown, nor written anywhere.
    Show(ShowArgs),
    /// Put a new pair in the old one's place while the gateway serves
    ///
    /// Makes a new version of the secret, then rolls the control plane over, then the data planes. Data planes of the
    /// old pair serve on with the configuration they have until their successors have taken over; only a change of the
    /// configuration does not reach them meanwhile. Run it again, or `apply`, after an interruption: it goes on with
    /// the pair that was made, and makes no other.
    Rotate(RotateArgs),
}

/// The arguments of `cert show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack cert show
  kongstack cert show --format json | jq .days_left")]
pub(super) struct ShowArgs {
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// The arguments of `cert rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack cert rotate
  kongstack cert rotate --auto-approve --timeout 45m")]
pub(super) struct RotateArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    lock: LockArgs,
}

/// Does what was asked for.
pub(super) fn run(command: &CertCommand, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    match command {
        CertCommand::Show(args) => {
            session::run(&args.spec, &args.aws, screen, |session| show(args, session))
        }
        CertCommand::Rotate(args) => session::run(&args.spec, &args.aws, screen, |session| {
            rotate(args, session)
        }),
    }
}

async fn show(args: &ShowArgs, session: Session) -> Result<Exit, CliError> {
    let (_, world) = session.look().await?;
    let (live, version) =
        certificate::secret_in(&world).ok_or_else(|| missing(&session, &world))?;
    let clients = &session.engine.clients;
    let reading = async {
        tokio::try_join!(
            certificate::facts(clients, live, version),
            certificate::holders(clients, &world, version)
        )
    };
    let read = session.interrupt.within(session.deadline, reading).await?;
    let (facts, holders) = read.map_err(|error| unread(&session, &error))?;
    let facts = facts.map_err(|error| {
        CliError::failed(
            Failure::new("the cluster certificate's secret holds something else")
                .chain(&error)
                .hint(format!(
                    "`kongstack cert rotate{}` puts a pair in its place",
                    session.flags
                )),
        )
    })?;
    let (version, now) = (version.clone(), OffsetDateTime::now_utc());
    let shown = CertificateShown {
        facts,
        version,
        holders,
    };
    let text = match args.format {
        Format::Text => shown.as_text(now, &session.flags, session.screen.width()),
        Format::Json => shown.as_json(now),
    };
    session.screen.result(&text)?;
    Ok(Exit::Done)
}

async fn rotate(args: &RotateArgs, mut session: Session) -> Result<Exit, CliError> {
    let (_, world) = session.look().await?;
    let (_, version) = certificate::secret_in(&world).ok_or_else(|| missing(&session, &world))?;
    let asking = certificate::holders(&session.engine.clients, &world, version);
    let holders = session.interrupt.within(session.deadline, asking).await?;
    let holders = holders.map_err(|error| unread(&session, &error))?;
    if certificate::is_under_way(&world, holders) {
        session.screen.note(&format!(
            "the rollout of the current pair (version {version}) is not finished:\n\
             going on with it, without another one\n"
        ));
    } else {
        let blueprint = certificate::without(&session.engine.blueprint, version);
        session.engine.blueprint = blueprint;
    }
    let select = SelectArgs {
        target: certificate::rotated(),
        exclude: Vec::new(),
    };
    let wish = Wish {
        purpose: Purpose::Apply,
        select: &select,
        may_lose: &[],
    };
    change(&session, &wish, &args.run, &args.lock, |_| Question::yes()).await
}

/// Why there is no certificate to speak of.
fn missing(session: &Session, world: &World) -> CliError {
    let (blueprint, flags) = (&session.engine.blueprint, &session.flags);
    let (stack, region) = (&blueprint.stack, &blueprint.region);
    let what = if world.owned.is_empty() {
        format!("there is no stack `{stack}` in {region}")
    } else {
        format!("the stack `{stack}` in {region} has no cluster certificate yet")
    };
    CliError::failed(Failure::new(what).hint(format!("`kongstack apply{flags}` makes it")))
}

fn unread(session: &Session, error: &Error) -> CliError {
    CliError::engine(
        "the cluster certificate cannot be looked at",
        error,
        &session.around,
    )
}
