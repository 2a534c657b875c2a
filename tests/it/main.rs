//! Whole runs of the program against the simulation of AWS: one binary, so that it links once.

mod support;
