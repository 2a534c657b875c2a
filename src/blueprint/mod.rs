//! Stage 2: a valid spec becomes the desired stack. Everything that is known of Kong on AWS lives here.
//!
//! Pure: no AWS, clock, environment or randomness. One file a subject.

mod addresses;
pub(crate) mod database;
mod draft;
pub(crate) mod identity;
pub(crate) mod secrets;
