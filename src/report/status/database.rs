//! The database's paragraph.

use super::counted;
use crate::operate::status::{Activity, Database};

/// What it does, how far it scales, its instances.
pub(super) fn lines(database: &Database) -> Vec<String> {
    let Database {
        cluster,
        status,
        activity,
        remedy,
        engine_version,
        instances,
        ..
    } = database;
    let does = match activity {
        Activity::Awake => "awake",
        Activity::Paused => "paused: it wakes within seconds when somebody connects",
        Activity::Resuming => "resuming: it was paused a minute ago, and a node connects to it",
        Activity::Available => "takes connections; its capacity is not known",
        Activity::Busy => "busy: it may not take connections until that is over",
        Activity::Stopped => "stopped by somebody; AWS starts it within seven days",
        Activity::Broken => "broken: it cannot leave this state by itself",
    };
    let mut lines = vec![
        format!("{cluster}: {status}, {does}"),
        format!("PostgreSQL {engine_version}, {}", capacity(database)),
    ];
    let of = |writer: bool| {
        let all = instances.iter().filter(move |one| one.writer == writer);
        all.map(|one| format!("{} {}", one.instance, one.status))
            .collect::<Vec<_>>()
    };
    let (writers, readers) = (of(true), of(false));
    lines.push(match writers.as_slice() {
        [] => "no writer".to_owned(),
        all => format!("writer {}", all.join(", ")),
    });
    if !readers.is_empty() {
        let count = counted(readers.len().try_into().unwrap_or(u32::MAX), "reader");
        lines.push(format!("{count}: {}", readers.join(", ")));
    }
    lines.extend(remedy.clone());
    lines
}

/// `0 to 2 ACU, pauses after 300s idle, now 0.5 ACU`.
fn capacity(database: &Database) -> String {
    let bounds = match (database.min_acu, database.max_acu) {
        (Some(min), Some(max)) => format!("{min} to {max} ACU"),
        _ => "not Serverless v2".to_owned(),
    };
    let pause = database
        .auto_pause_seconds
        .map_or_else(String::new, |after| {
            let after = std::time::Duration::from_secs(after.into());
            format!(", pauses after {} idle", humantime::format_duration(after))
        });
    let now = database.capacity_acu.map_or_else(String::new, |now| {
        format!(", now {} ACU", (now * 10.0).round() / 10.0)
    });
    format!("{bounds}{pause}{now}")
}
