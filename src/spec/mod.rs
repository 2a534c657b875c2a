//! Stage 1: the text of a stack file becomes a [`StackSpec`], or every problem in it at its line and column.
//!
//! `source` reads the file, `document` turns text into a tree that knows its positions, `decode` makes the typed
//! `model` of it with the help of `value`, and `rules` says what AWS or Kong would refuse. Nothing here talks to AWS.

mod decode;
mod document;
mod model;
mod path;
mod problem;
mod rules;
mod source;
#[cfg(test)]
mod tests;
pub(crate) mod value;

pub(crate) use self::document::{Document, Override, Span};
pub(crate) use self::model::*;

pub(crate) use self::problem::{Place, Problem};
pub(crate) use self::source::{Source, SourceError, read};

/// A spec that cannot be a stack.
#[derive(Debug)]
pub(crate) struct Invalid {
    /// What is wrong, in the order of the file.
    pub(crate) problems: Vec<Problem>,
    /// The file, to show the places.
    pub(crate) document: Document,
}

/// Understands a stack file with what the command line puts over it.
///
/// Overrides are applied in their order. Every problem is found in one go, as far as one does not hide another.
pub(crate) fn load(source: Source, overrides: &[Override]) -> Result<StackSpec, Box<Invalid>> {
    let mut problems = problem::Problems::default();
    let document = Document::read(source, overrides, &mut problems);
    let mut spec = None;
    if document.is_readable() {
        spec = decode::decode(document.root(), &mut problems);
        if let Some(spec) = &spec {
            rules::check(spec, &mut problems);
        }
    }
    match spec {
        Some(spec) if problems.is_empty() => Ok(spec),
        _ => Err(Box::new(Invalid {
            problems: problems.locate(&document),
            document,
        })),
    }
}
