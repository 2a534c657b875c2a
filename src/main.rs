//! The `kongstack` program.

fn main() {}
