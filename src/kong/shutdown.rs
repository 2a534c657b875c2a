//! How long Kong may take to end, and how that fits with what the load balancer and ECS grant it.
//!
//! A data plane leaves in this order: the load balancer stops sending it requests and waits the deregistration delay for
//! those under way; ECS sends the image's stop signal (`SIGQUIT`, which Fargate honours); Kong's workers finish what they
//! have; ECS kills what is left. Each time is longer than the one inside it, so that none cuts off another.

use std::time::Duration;

/// The times of one sort of node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shutdown {
    /// What a worker has to finish its requests, from the stop signal on.
    pub(crate) workers: Duration,
    /// From the stop signal to the kill; Fargate grants 120 s at most.
    pub(crate) stop: Duration,
}

/// A data plane's. What the load balancer sent is over by the time the signal comes; on Fargate Spot signal and
/// deregistration come at once, and this is what the requests under way have.
pub(crate) const DATA_PLANE: Shutdown = Shutdown {
    workers: Duration::from_secs(50),
    stop: Duration::from_secs(120),
};

/// A control plane's: its data planes hold on to their connections and come back to the next one.
pub(crate) const CONTROL_PLANE: Shutdown = Shutdown {
    workers: Duration::from_secs(10),
    stop: Duration::from_secs(30),
};

/// A migrations task's: one that is stopped in the middle is gone about again by the next, so it need not wait.
pub(crate) const MIGRATIONS_STOP: Duration = Duration::from_secs(30);

/// What the load balancer waits for the requests of a data plane that leaves. No longer than its idle timeout, after
/// which a request without an answer has been given up anyway: a rollout waits this long for every node.
pub(crate) const DEREGISTRATION_DELAY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    /// What Fargate grants at most.
    const FARGATE: Duration = Duration::from_secs(120);

    #[test]
    fn each_time_is_longer_than_the_one_inside_it() {
        assert!(DATA_PLANE.workers < DEREGISTRATION_DELAY);
        assert!(DEREGISTRATION_DELAY < DATA_PLANE.stop);
        for node in [DATA_PLANE, CONTROL_PLANE] {
            assert!(node.workers < node.stop && node.stop <= FARGATE, "{node:?}");
        }
        assert!(MIGRATIONS_STOP <= FARGATE);
    }
}
