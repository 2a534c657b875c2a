//! The database section: Aurora Serverless v2 for PostgreSQL.

use std::time::Duration;

use serde::Deserialize;

use crate::spec::value::{self, Acu, EngineVersion};

/// Kong's database cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Database {
    /// Aurora PostgreSQL version: a major (`"16"`, the newest minor the region offers) or exact (`"16.6"`).
    /// Default: `"16"`.
    pub(crate) engine_version: EngineVersion,
    /// How far it scales, and when it sleeps.
    pub(crate) capacity: Capacity,
    /// Reader instances beside the writer, 0 to 15. Default: 0.
    pub(crate) readers: u32,
    /// Days that automatic backups are kept, 1 to 35. Default: 7.
    pub(crate) backup_retention_days: u32,
    /// Whether AWS refuses to delete the cluster. Default: true.
    pub(crate) deletion_protection: bool,
    /// Whether destroying the stack leaves a last snapshot. Default: true.
    pub(crate) final_snapshot: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            engine_version: EngineVersion::default(),
            capacity: Capacity::default(),
            readers: 0,
            backup_retention_days: 7,
            deletion_protection: true,
            final_snapshot: true,
        }
    }
}

/// Serverless v2 capacity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Capacity {
    /// Least capacity in ACU; 0 lets the database pause. Default: 0.
    pub(crate) min: Acu,
    /// Most capacity in ACU. Default: 2.
    pub(crate) max: Acu,
    /// Idle time before a database with `min: 0` pauses. Default: 5 minutes then, see [`Capacity::auto_pause`].
    #[serde(deserialize_with = "value::duration::optional")]
    pub(crate) auto_pause: Option<Duration>,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            min: Acu::from_halves(0),
            max: Acu::from_halves(4),
            auto_pause: None,
        }
    }
}

impl Capacity {
    /// Idle time before the database pauses; none when its least capacity keeps it awake.
    pub(crate) fn auto_pause(&self) -> Option<Duration> {
        (self.min.halves() == 0).then(|| self.auto_pause.unwrap_or(Duration::from_secs(300)))
    }
}
