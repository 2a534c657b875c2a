//! Specs to draw from in tests.

use crate::spec::{Source, StackSpec, load};

/// The stack `demo` in `eu-west-1` with `rest` in its file, which must be good.
pub(super) fn spec(rest: &str) -> StackSpec {
    let source = Source {
        name: "test.yaml".to_owned(),
        text: format!("name: demo\nregion: eu-west-1\n{rest}"),
    };
    match load(source, &[]) {
        Ok(spec) => spec,
        Err(invalid) => panic!("{rest}: {:#?}", invalid.problems),
    }
}
