//! What a killed run, a hand or AWS itself leaves half made: seen, explained in the plan, finished or replaced.

mod database;
mod network;
mod pieces;
mod states;
mod subnets;
