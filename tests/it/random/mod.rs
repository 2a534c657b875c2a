//! Random lives of a stack: a spec, then edits, drifts by hand, faults, surprises, kills and reruns, all drawn from one
//! seed.
//!
//! Whatever happened, after the last fault one apply reaches the blueprint, the next plan is empty, and a destroy leaves
//! nothing. `draw` says what can happen, `spec` what a stack can be, `drift` what people do by hand,
//! `surprise` what happens during a run, `life` lives it.

mod counts;
mod draw;
mod drift;
mod drift_compute;
mod life;
mod spec;
mod surprise;

pub(crate) use counts::Counts;
pub(crate) use draw::Case;
pub(crate) use life::live;
