//! Stage 6 as well: one apply or destroy of a stack at a time, from wherever it is run.
//!
//! A run takes the stack's lease before it changes anything, renews it while it works, and gives it back. The lease is
//! one item in a table of the stack's account and region, written under conditions only. Three rules keep two runs from
//! ever holding it at once, however wrong their clocks are:
//!
//! - the holder counts on its own monotonic clock, from *before* it sent the write that stands, and gives up a margin
//!   before the lease's duration is over;
//! - whoever wants a lease that is in the way watches it on *its* monotonic clock for the whole duration, and takes it
//!   only if it never changed, under the condition that it still has not;
//! - the times written into the item only decide whether it is worth watching, never whether it may be taken.
//!
//! The protocol knows a [`Store`]; the only real one is the [`LeaseTable`]. What is said of leases is `report`'s affair.

mod hold;
mod item;
mod owner;
mod record;
mod store;
mod table;
mod take;
mod terms;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use hold::{Grip, Held, Loss};
pub(crate) use owner::owner;
pub(crate) use record::{Lease, Owner};
pub(crate) use store::{Deleted, Expected, Store};
pub(crate) use table::LeaseTable;
pub(crate) use take::{Claim, Taken, Wait};
pub(crate) use terms::Terms;
