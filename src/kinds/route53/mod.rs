//! Route 53: the public name of the stack, in a zone that somebody else owns.

mod alias;
mod marks;
mod records;

pub(crate) use alias::{Alias, AliasDesired};
