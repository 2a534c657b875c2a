//! The simulation answers as AWS does: what these tests say of it is what it is meant to be.
//!
//! They talk to it through the SDK alone and move its clock by hand, so they wait for nothing. The figures are AWS's:
//! a state is looked at before the shortest and after the longest time that AWS was seen to take.

mod balancers;
mod databases;
mod discovery;
mod fleet;
mod networks;
mod rollouts;
mod stage;
mod tables;
mod tasks;
