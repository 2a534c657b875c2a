//! Live resources under another name than the one wanted now.

use crate::resource::{Address, Found};

/// How a resource of ours counts that was not found by a wanted name: retired when its successor at the same address
/// is among those `found` already, else still the one at that address.
pub(crate) fn leftover<L>(found: &[Found<L>], address: Address, live: L) -> Found<L> {
    let succeeded = found
        .iter()
        .any(|one| matches!(one, Found::Owned(at, _) if *at == address));
    if succeeded {
        Found::Retired(address, live)
    } else {
        Found::Owned(address, live)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Layer;

    #[test]
    fn only_what_has_a_successor_is_retired() {
        let at = Address::new(Layer::Database, "cluster");
        let first = leftover(&[], at.clone(), "old");
        assert_eq!(first, Found::Owned(at.clone(), "old"));
        let found = [Found::Owned(at.clone(), "new")];
        assert_eq!(
            leftover(&found, at.clone(), "old"),
            Found::Retired(at, "old")
        );
    }
}
