//! Stage 7: what happened, as text for people and programs.
//!
//! Rendering is pure: data in, text out. Nothing here decides or asks anything of AWS.

pub(crate) mod diagnostics;
