//! Stage 1: the text of a stack file becomes a [`StackSpec`], or every problem in it at its line and column.
//!
//! `source` reads the file, `document` turns text into a tree that knows its positions, `decode` makes the typed
//! `model` of it with the help of `value`, and `rules` says what AWS or Kong would refuse. Nothing here talks to AWS.

mod model;
pub(crate) mod value;

pub(crate) use self::model::*;
