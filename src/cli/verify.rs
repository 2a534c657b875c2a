//! `kongstack verify`.

use std::sync::Arc;
use std::time::SystemTime;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::error::{CliError, Exit};
use super::flags::{AwsArgs, SelectArgs, SpecArgs};
use super::session::{self, Session, Wish};
use crate::operate::status;
use crate::operate::verify::{Check, Seen, Subject, Tally, caller, with_needs};
use crate::plan::Purpose;
use crate::report::{Failure, Screen, Verified};

/// The arguments of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kongstack verify
  kongstack verify --only dns --only tls
  kongstack verify --format junit > verify.xml

The checks run in the order of what needs what. One whose need failed is not
looked at. The exit code is 1 when a check failed, 0 otherwise: what cannot be
told from this machine is shown with the reason, and is no failure.

The checks on the Admin API read the admin key from Secrets Manager, send it to
the gateway's public name, and show it nowhere. They wake a sleeping database.")]
pub(super) struct VerifyArgs {
    /// Only this check and what it needs; may be repeated
    #[arg(long, value_name = "CHECK", value_parser = check())]
    only: Vec<Check>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    aws: AwsArgs,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// JUnit's XML, for pipelines
    Junit,
}

fn check() -> impl TypedValueParser<Value = Check> {
    let values = Check::ALL.map(|check| PossibleValue::new(check.name()).help(check.claim()));
    PossibleValuesParser::new(values)
        .try_map(|name| Check::named(&name).ok_or_else(|| format!("there is no check {name}")))
}

/// Checks the stack and says what came of it.
pub(super) fn run(args: &VerifyArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| {
        verify(args, session)
    })
}

async fn verify(args: &VerifyArgs, session: Session) -> Result<Exit, CliError> {
    let engine = &session.engine;
    let subject = Subject {
        clients: &engine.clients,
        blueprint: &engine.blueprint,
        flags: &session.flags,
    };
    let begun = SystemTime::now();
    let mut tally = Tally::new(with_needs(&args.only));
    let calling = caller(&engine.clients);
    let caller = session.read("nothing can be verified", calling).await?;
    subject.check_account(&mut tally, &caller);
    if tally.has_failures() {
        tally.close();
    } else {
        let seen = look(&session).await?;
        let checking = subject.check(&mut tally, &seen);
        let checked = session.interrupt.within(session.deadline, checking).await?;
        checked.map_err(|error| {
            CliError::engine("nothing can be verified", &error, &session.around)
        })?;
    }
    let verified = Verified {
        stack: &engine.blueprint.stack,
        region: &engine.blueprint.region,
        begun,
        tally: &tally,
    };
    let text = match args.format {
        Format::Text => verified.text(session.screen.width()),
        Format::Json => verified.json(),
        Format::Junit => verified.junit().map_err(|error| {
            CliError::failed(Failure::new("the findings cannot be written as XML").chain(&error))
        })?,
    };
    session.screen.result(&text)?;
    Ok(if tally.has_failures() {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Looks at the whole stack as a plan does, and at its parts as they work.
async fn look(session: &Session) -> Result<Seen, CliError> {
    let select = SelectArgs {
        target: Vec::new(),
        exclude: Vec::new(),
    };
    let wish = Wish {
        purpose: Purpose::Apply,
        select: &select,
        may_lose: &[],
    };
    let engine = &session.engine;
    let parts = status::look(&engine.clients, &engine.blueprint, session.pace);
    let parts = session.read("the stack's parts cannot be read from AWS", parts);
    let ((plan, _), status) = tokio::try_join!(session.draft(&wish), parts)?;
    Ok(Seen { plan, status })
}
