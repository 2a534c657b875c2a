//! The kinds: one sort of AWS resource a file, by service.
//!
//! What AWS does with a resource lives in its kind and nowhere else; what a Kong stack wants of it, in the
//! blueprint. A new kind is one file and one line here.

pub(crate) mod elb;
pub(crate) mod logs;

use crate::resource::{KindRef, kind};

/// Every kind there is, sorted by type.
pub(crate) static ALL: &[KindRef] = &[
    kind::<elb::Listener>(),
    kind::<elb::ListenerRule>(),
    kind::<elb::LoadBalancer>(),
    kind::<elb::TargetGroup>(),
    kind::<logs::LogGroup>(),
];
