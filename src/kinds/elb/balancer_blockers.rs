//! What forbids the deletion of a load balancer: a protection somebody switched on, and others' listeners on it.

use super::attributes::is_protected;
use super::look::LoadBalancerLive;
use crate::resource::{Blocker, Observer};

/// Everything that is in the way; `protection` is what the spec says of it.
///
/// Where it says nothing, somebody turned the protection on by hand, and meant it. A listener that is not the stack's
/// would go with the load balancer without AWS saying a word, and with it whatever is served there.
pub(super) fn find(
    cx: &Observer,
    protection: Option<bool>,
    live: &LoadBalancerLive,
) -> Vec<Blocker> {
    let protected = is_protected(&live.attributes).then_some(protection);
    let protected = protected.and_then(|protection| match protection {
        Some(false) => None,
        Some(true) => Some(Blocker {
            reason: format!("deletion protection is on for the load balancer {}", live.name),
            fix: "set ingress.deletion_protection to false in the spec, or give `--set ingress.deletion_protection=false`: the deletion then switches it off"
                .to_owned(),
        }),
        None => Some(Blocker {
            reason: format!(
                "load balancer {} is protected against deletion, which was switched on by hand",
                live.name
            ),
            fix: "switch its deletion protection off, or run `apply`, which does".to_owned(),
        }),
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
