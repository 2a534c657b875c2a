//! What the states of clusters and instances mean: RDS has dozens, and only these differences count.

/// Where a cluster or an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It takes connections.
    Working,
    /// Somebody stopped it; RDS starts it again after seven days at the latest.
    Stopped,
    /// It cannot leave this state by itself.
    Broken,
    /// It is being deleted.
    Leaving,
    /// It is on its way to another state.
    Busy,
}

impl Phase {
    /// Reads a cluster's or an instance's `Status`.
    pub(super) fn of(status: &str) -> Self {
        match status {
            "available" | "backing-up" | "maintenance" | "storage-optimization" => Self::Working,
            "stopped" => Self::Stopped,
            "deleting" => Self::Leaving,
            "failed"
            | "cloning-failed"
            | "migration-failed"
            | "inaccessible-encryption-credentials"
            | "inaccessible-encryption-credentials-recoverable"
            | "insufficient-capacity"
            | "restore-error"
            | "storage-full" => Self::Broken,
            other if other.starts_with("incompatible-") => Self::Broken,
            _ => Self::Busy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Phase;

    #[test]
    fn states_fall_into_phases() {
        for (status, phase) in [
            ("available", Phase::Working),
            ("backing-up", Phase::Working),
            ("creating", Phase::Busy),
            ("configuring-enhanced-monitoring", Phase::Busy),
            ("stopping", Phase::Busy),
            ("stopped", Phase::Stopped),
            ("deleting", Phase::Leaving),
            ("incompatible-network", Phase::Broken),
            ("storage-full", Phase::Broken),
        ] {
            assert_eq!(Phase::of(status), phase, "{status}");
        }
    }
}
