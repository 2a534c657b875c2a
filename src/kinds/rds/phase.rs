//! What the states of clusters and instances mean: RDS has dozens, and only these differences count.

use crate::resource::Ailment;

/// Where a cluster or an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
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
    pub(crate) fn of(status: &str) -> Self {
        match status {
            "available" | "backing-up" | "maintenance" | "storage-optimization" => Self::Working,
            // With its key back, starting it is all that the recoverable one needs.
            "stopped" | "inaccessible-encryption-credentials-recoverable" => Self::Stopped,
            "deleting" => Self::Leaving,
            "failed"
            | "cloning-failed"
            | "migration-failed"
            | "inaccessible-encryption-credentials"
            | "insufficient-capacity"
            | "restore-error"
            | "storage-full" => Self::Broken,
            other if other.starts_with("incompatible-") => Self::Broken,
            _ => Self::Busy,
        }
    }
}

/// What a state that an instance cannot leave by itself means, and why a new one helps: the data is the cluster's.
pub(super) fn why_replaced(status: &str) -> &'static str {
    match status {
        "storage-full" => "its own storage is full; a new one begins with an empty one",
        "insufficient-capacity" => "AWS had no room for it; a new one may find some",
        "incompatible-parameters" => {
            "it cannot start with the parameters it was given; a new one starts with those there are now"
        }
        "incompatible-network" => {
            "RDS found no place for it in its subnets; a new one takes those there are now"
        }
        _ => "it cannot leave this state by itself; its data is the cluster's",
    }
}

/// What is wrong with a cluster in a state that no call of ours ends.
pub(crate) fn ailment(identifier: &str, status: &str) -> Option<Ailment> {
    let (means, remedy) = match status {
        "inaccessible-encryption-credentials-recoverable" => (
            "AWS cannot use the KMS key of its storage",
            "enable that key in KMS, or cancel its deletion, within seven days; `apply` then starts the cluster".to_owned(),
        ),
        "inaccessible-encryption-credentials" => (
            "AWS could not use the KMS key of its storage for so long that it has given the cluster up",
            format!("restore a snapshot or a point in time under another identifier (aws rds restore-db-cluster-to-point-in-time --source-db-cluster-identifier {identifier})"),
        ),
        other if Phase::of(other) == Phase::Broken => (
            "RDS cannot bring it back by itself",
            format!("see what happened to it (aws rds describe-events --source-type db-cluster --source-identifier {identifier}), and restore it to a point in time, or ask AWS Support"),
        ),
        _ => return None,
    };
    Some(Ailment {
        what: format!("the DB cluster {identifier} is {status}: {means}"),
        remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::{Phase, ailment, why_replaced};

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
            ("modifying", Phase::Busy),
            ("failed", Phase::Broken),
            ("incompatible-parameters", Phase::Broken),
            ("inaccessible-encryption-credentials", Phase::Broken),
            (
                "inaccessible-encryption-credentials-recoverable",
                Phase::Stopped,
            ),
        ] {
            assert_eq!(Phase::of(status), phase, "{status}");
        }
    }

    #[test]
    fn only_a_cluster_that_a_person_must_see_to_is_ailing() {
        for healthy in ["available", "creating", "modifying", "stopped", "deleting"] {
            assert_eq!(ailment("demo-db", healthy), None, "{healthy}");
        }
        for ill in [
            "failed",
            "inaccessible-encryption-credentials",
            "inaccessible-encryption-credentials-recoverable",
        ] {
            let told = ailment("demo-db", ill).unwrap();
            assert!(told.what.contains(ill), "{}", told.what);
        }
        let lost = ailment("demo-db", "inaccessible-encryption-credentials").unwrap();
        assert!(
            lost.remedy
                .contains("--source-db-cluster-identifier demo-db")
        );
    }

    #[test]
    fn each_broken_state_of_an_instance_says_why_a_new_one_helps() {
        let all = [
            "storage-full",
            "incompatible-parameters",
            "incompatible-network",
            "failed",
        ];
        let told: std::collections::BTreeSet<_> = all.map(why_replaced).into();
        assert_eq!(told.len(), all.len());
    }
}
