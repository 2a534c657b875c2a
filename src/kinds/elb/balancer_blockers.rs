//! What forbids the deletion of a load balancer: a protection somebody switched on, and others' listeners on it.

use super::attributes::PROTECTION;
use super::look::LoadBalancerLive;
use crate::resource::{Blocker, Observer};

/// Everything that is in the way.
///
/// The spec has no switch for the protection: somebody turned it on by hand, and meant it. A listener that is not the
/// stack's would go with the load balancer without AWS saying a word, and with it whatever is served there.
pub(super) fn find(cx: &Observer, live: &LoadBalancerLive) -> Vec<Blocker> {
    let protected = live.attributes.get(PROTECTION).map(String::as_str) == Some("true");
    let protected = protected.then(|| Blocker {
        reason: format!(
            "load balancer {} is protected against deletion, which was switched on by hand",
            live.name
        ),
        fix: "switch its deletion protection off, or run `apply`, which does".to_owned(),
    });
    let theirs = live
        .listeners
        .iter()
        .filter(|listener| cx.address_of(&listener.tags).is_none());
    let theirs = theirs.map(|listener| Blocker {
        reason: format!(
            "the listener on port {} of load balancer {} is not this stack's",
            listener.port, live.name
        ),
        fix: format!(
            "delete it: aws elbv2 delete-listener --listener-arn {}",
            listener.arn
        ),
    });
    protected.into_iter().chain(theirs).collect()
}
