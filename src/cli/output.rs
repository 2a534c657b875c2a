//! `kongstack output`.

use std::sync::Arc;

use super::args::{OutputArgs, OutputFormat};
use super::error::{CliError, Exit};
use super::session::{self, Session};
use crate::report::{Failure, Published, Screen, as_json, as_shell, as_text};

/// Prints what a live stack publishes.
pub(super) fn run(args: &OutputArgs, screen: &Arc<Screen>) -> Result<Exit, CliError> {
    session::run(&args.spec, &args.aws, screen, |session| show(args, session))
}

async fn show(args: &OutputArgs, session: Session) -> Result<Exit, CliError> {
    let (_, world) = session.look().await?;
    let blueprint = &session.engine.blueprint;
    let flags = &session.flags;
    if world.owned.is_empty() {
        let (stack, region) = (&blueprint.stack, &blueprint.region);
        return Err(CliError::failed(
            Failure::new(format!("there is no stack `{stack}` in {region}"))
                .hint(format!("`kongstack apply{flags}` makes it")),
        ));
    }
    let published = Published::new(&blueprint.outputs, &world);
    let published = match &args.name {
        Some(name) => one(&published, name, flags)?,
        None => published,
    };
    let text = match (args.format, &args.name) {
        (OutputFormat::Text, Some(name)) => bare(&published, name),
        (OutputFormat::Text, None) => as_text(&published),
        (OutputFormat::Json, _) => as_json(&published),
        (OutputFormat::Shell, _) => as_shell(&published),
    };
    session.screen.result(&text)?;
    Ok(Exit::Done)
}

/// The output of one name only.
fn one(published: &Published, name: &str, flags: &str) -> Result<Published, CliError> {
    match published.only(name) {
        Some(one) if one.get(name).flatten().is_some() => Ok(one),
        Some(_) => Err(CliError::failed(
            Failure::new(format!("`{name}` is not there yet"))
                .because("the stack is not complete")
                .hint(format!("`kongstack plan{flags}` shows what is missing")),
        )),
        None => {
            let names: Vec<&str> = published.names().collect();
            Err(CliError::usage(
                Failure::new(format!("the stack has no output `{name}`"))
                    .hint(format!("it has {}", names.join(", "))),
            ))
        }
    }
}

fn bare(published: &Published, name: &str) -> String {
    let value = published.get(name).flatten().unwrap_or_default();
    format!("{value}\n")
}
