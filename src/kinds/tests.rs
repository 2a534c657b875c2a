//! What must hold of the registry of kinds, whatever stands in it.

use std::collections::BTreeSet;

use super::ALL;

#[test]
fn kinds_stand_in_the_order_of_their_types_each_once() {
    let types: Vec<_> = ALL.iter().map(|kind| kind.type_name()).collect();
    let sorted: BTreeSet<_> = types.iter().copied().collect();
    assert_eq!(types, sorted.into_iter().collect::<Vec<_>>());
}

#[test]
fn a_kind_is_named_as_cloudformation_names_it_or_as_ours() {
    for kind in ALL {
        let segments: Vec<&str> = kind.type_name().split("::").collect();
        let good = |segment: &&str| {
            segment.starts_with(|c: char| c.is_ascii_uppercase())
                && segment.chars().all(|c| c.is_ascii_alphanumeric())
        };
        let house = segments.first().copied();
        assert!(
            segments.len() == 3
                && segments.iter().all(good)
                && matches!(house, Some("AWS" | "Kong")),
            "{}",
            kind.type_name()
        );
    }
}

#[test]
fn a_kind_can_be_spoken_of() {
    let mut nouns = BTreeSet::new();
    for kind in ALL {
        let noun = kind.noun();
        assert!(
            !noun.is_empty() && noun == noun.trim(),
            "{}",
            kind.type_name()
        );
        assert!(nouns.insert(noun), "two kinds are called {noun}");
    }
}
