//! Where the tasks' output goes: one log group a sort of task. The database's own is drawn with the database.

use super::addresses;
use super::compute::task_log;
use super::draft::Draft;
use super::encryption;
use crate::kinds::logs::{LogGroup, LogGroupDesired};
use crate::spec::Named;

/// Draws the log groups.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    for (address, named) in [
        (addresses::control_plane_logs(), Named::ControlPlaneLogGroup),
        (addresses::data_plane_logs(), Named::DataPlaneLogGroup),
        (addresses::migrations_logs(), Named::MigrationsLogGroup),
    ] {
        let name = draft.spec.name_of(named);
        draft.output(named.key(), name.clone());
        let log = task_log(address.clone());
        let desired = LogGroupDesired {
            key: encryption::key(draft.spec),
            deletion_protection: draft.spec.logs.deletion_protection,
            retention_days: draft.spec.logs.retention_days,
            writers: log.stream(&log.container, ""),
            tags: draft.tags(&address, &name),
            name,
        };
        draft.add::<LogGroup>(address, desired);
    }
}
