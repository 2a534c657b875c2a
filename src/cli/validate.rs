//! `kongstack validate`.

use super::args::ValidateArgs;
use super::error::{CliError, Exit};
use super::spec;
use crate::report::Screen;

/// Checks the spec.
pub(super) fn run(args: &ValidateArgs, screen: &Screen) -> Result<Exit, CliError> {
    let spec = spec::load(&args.spec, screen)?;
    let file = args.spec.file.display();
    screen.result(&format!(
        "{file} is valid: the stack `{}` in {}.\n",
        spec.name, spec.region
    ))?;
    Ok(Exit::Done)
}
