//! The kinds: one sort of AWS resource a file, by service.
//!
//! What AWS does with a resource lives in its kind and nowhere else; what a Kong stack wants of it, in the
//! blueprint. A new kind is one file and one line here.

use crate::resource::KindRef;

/// Every kind there is, sorted by type.
pub(crate) static ALL: &[KindRef] = &[];
