//! Whole runs of the program against the simulation of AWS: one binary, so that it links once.

mod bad_input;
mod changes;
mod cost_of_looking;
mod drift;
mod examples;
mod foreign;
mod standin;
mod support;
