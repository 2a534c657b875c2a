//! Random lives of stacks, of a few fixed seeds; more of them by hand: `cargo test --test random -- --seeds N`.

use crate::random::{Case, Counts, live};

/// Lives the lives of these seeds; each must have had something of everything, or the seeds say too little.
async fn lives(seeds: impl Iterator<Item = u64>) {
    let mut all = Counts::default();
    for seed in seeds {
        let case = Case::draw(seed, 3);
        let lived = live(&case).await;
        let why = lived.as_ref().err();
        assert!(why.is_none(), "seed {}: {why:?}\n{case:#?}", case.seed);
        all = all.with(&lived.unwrap_or_default());
    }
    let had = [all.edits + all.drifts, all.faults, all.surprises, all.kills];
    assert!(had.iter().all(|count| *count > 0), "{all}");
}

#[tokio::test]
async fn whatever_happened_one_apply_reaches_the_blueprint() {
    lives(1..=3).await;
}

#[tokio::test]
async fn whatever_happened_a_destroy_leaves_nothing() {
    lives(4..=6).await;
}
