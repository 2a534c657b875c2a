//! Route 53: the public name of the stack and the proof that it is ours, in a zone that somebody else owns.

mod alias;
mod marks;
mod proof;
mod records;
mod validation;

pub(crate) use alias::{Alias, AliasDesired};
pub(crate) use validation::{Validation, ValidationDesired};
