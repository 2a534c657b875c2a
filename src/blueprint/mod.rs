//! Stage 2: a valid spec becomes the desired stack. Everything that is known of Kong on AWS lives here.
//!
//! Pure: no AWS, clock, environment or randomness. One file a subject.

mod addresses;
mod draft;
mod admin_guard;
pub(crate) mod discovery;
pub(crate) mod dns;
pub(crate) mod ingress;
pub(crate) mod logs;
#[cfg(test)]
mod sample;
