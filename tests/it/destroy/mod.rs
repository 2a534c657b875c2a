//! The way down: what forbids it, its order, what is waited for, and stacks that are no longer whole.

mod blocked;
mod guests;
mod order;
mod pieces;
mod strangers;
