//! `verify` on a stack that works, and on the same stack broken in every way that a check is there for.

mod broken;
mod good;
mod proof;
