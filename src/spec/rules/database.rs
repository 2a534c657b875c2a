//! The Aurora cluster: version, capacity, pausing, readers and backups.
//!
//! Limits: capacity up to 256 ACU with a maximum of 1 at least; automatic pause after 300 to 86400 s and only from 0 ACU; the
//! first minor of each major that goes down to 0 and 0.5 ACU; 15 readers; backups of 1 to 35 days.

use std::time::Duration;

use super::at;
use crate::spec::model::{Capacity, Database, StackSpec};
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::{Acu, EngineVersion};

/// Major versions, and their first minors that scale down to 0 and to 0.5 ACU. Later majors do from the beginning.
const FIRST_MINORS: [(u16, u16, u16); 4] = [(13, 15, 13), (14, 12, 10), (15, 7, 5), (16, 3, 1)];

const ONE: Acu = Acu::from_halves(2);
const MOST: Acu = Acu::from_halves(512);
const PAUSES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(300)..=Duration::from_secs(86_400);

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let database = &spec.database;
    check_version(database, out);
    check_capacity(&database.capacity, out);
    check_pause(&database.capacity, out);
    if database.readers > 15 {
        out.add(
            Problem::new(
                "reader-count",
                at("database.readers"),
                format!("{} readers are too many", database.readers),
            )
            .because("an Aurora cluster has at most 15 beside its writer")
            .fix("write 0 to 15"),
        );
    }
    let days = database.backup_retention_days;
    if !(1..=35).contains(&days) {
        out.add(
            Problem::new(
                "backup-retention",
                at("database.backup_retention_days"),
                format!("backups cannot be kept {days} days"),
            )
            .because("Aurora always backs up, and keeps backups 1 to 35 days")
            .fix("write 1 to 35"),
        );
    }
}

fn check_version(database: &Database, out: &mut Problems) {
    let EngineVersion { major, minor } = database.engine_version;
    if major < 13 {
        return out.add(
            Problem::new(
                "engine-version",
                at("database.engine_version"),
                format!("version {major} is too old"),
            )
            .because("Serverless v2 begins with Aurora PostgreSQL 13")
            .fix("write `\"16\"`"),
        );
    }
    let first = FIRST_MINORS.iter().find(|first| first.0 == major);
    let (Some(minor), Some((_, to_zero, to_half))) = (minor, first) else {
        return;
    };
    let least = database.capacity.min;
    let needed = match least.halves() {
        0 => *to_zero,
        1 => *to_half,
        _ => return,
    };
    if minor < needed && out.sound(&["database.engine_version", "database.capacity"]) {
        out.add(
            Problem::new(
                "engine-version-capacity",
                at("database.engine_version"),
                format!(
                    "version {} does not go down to {least} ACU",
                    database.engine_version
                ),
            )
            .because(format!(
                "of Aurora PostgreSQL {major}, {major}.{needed} is the first that does"
            ))
            .fix(format!(
                "write `\"{major}\"` for its newest minor, or raise `database.capacity.min`"
            )),
        );
    }
}

fn check_capacity(capacity: &Capacity, out: &mut Problems) {
    if !out.sound(&["database.capacity.min", "database.capacity.max"]) {
        return;
    }
    let Capacity {
        min,
        max,
        auto_pause: _,
    } = capacity;
    let highest = at("database.capacity.max");
    if *max > MOST {
        out.add(
            Problem::new("acu-range", highest, format!("{max} ACU are too many"))
                .because(format!(
                    "Serverless v2 ends at {MOST} ACU, with older versions at 128"
                ))
                .fix(format!("write {MOST} or less")),
        );
    } else if *max < ONE {
        out.add(
            Problem::new("acu-range", highest, format!("{max} ACU are too few"))
                .because("Serverless v2 takes no maximum below 1 ACU")
                .fix("write 1 or more"),
        );
    } else if min > max {
        out.add(
            Problem::new(
                "acu-bounds",
                at("database.capacity.min"),
                format!("the least capacity ({min}) is above the most ({max})"),
            )
            .because("RDS refuses such bounds")
            .fix(format!("write `min: {max}` or less, or raise `max`")),
        );
    }
}

fn check_pause(capacity: &Capacity, out: &mut Problems) {
    let Some(pause) = capacity.auto_pause else {
        return;
    };
    let path = at("database.capacity.auto_pause");
    if capacity.min.halves() > 0 {
        return out.add(
            Problem::new(
                "auto-pause",
                path,
                format!("a database that keeps {} ACU never pauses", capacity.min),
            )
            .because("Aurora pauses from a least capacity of 0 only")
            .fix("take it out, or write `min: 0`")
            .about_key(),
        );
    }
    if !PAUSES.contains(&pause) || pause.subsec_nanos() != 0 {
        out.add(
            Problem::new(
                "auto-pause",
                path,
                format!(
                    "Aurora cannot pause after {}",
                    humantime::format_duration(pause)
                ),
            )
            .because("it waits for whole seconds, at least five minutes and at most a day")
            .fix("write `5m` to `24h`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "database: {capacity: {min: 0.5, max: 1}}",
            "database: {capacity: {max: 256}, readers: 15, backup_retention_days: 35}",
            "database: {capacity: {auto_pause: 24h}}",
            "database: {capacity: {min: 0.0, max: 2.0}}",
            "database: {engine_version: 16}",
            "database: {engine_version: '16.3'}",
            "database: {engine_version: '15.5', capacity: {min: 0.5}}",
            "database: {engine_version: '14.1', capacity: {min: 1}}",
            "database: {engine_version: '17.4'}",
            "database: {engine_version: '18'}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "database: {engine_version: '15.4'}",
            "engine-version-capacity database.engine_version: version 15.4 does not go down to 0 ACU",
        ),
        (
            "database: {engine_version: '16.0', capacity: {min: 0.5}}",
            "engine-version-capacity database.engine_version: version 16.0 does not go down to 0.5 ACU",
        ),
        (
            "database: {engine_version: '12'}",
            "engine-version database.engine_version: version 12 is too old",
        ),
        (
            "database: {engine_version: 16.3}",
            "engine-version-format database.engine_version: the version is a number here, not a text",
        ),
        (
            "database: {engine_version: latest}",
            "engine-version-format database.engine_version: `latest` is not a version of Aurora PostgreSQL",
        ),
        (
            "database: {engine_version: 16.3.1}",
            "engine-version-format database.engine_version: `16.3.1` is not a version of Aurora PostgreSQL",
        ),
        (
            "database: {capacity: {max: 0.5}}",
            "acu-range database.capacity.max: 0.5 ACU are too few",
        ),
        (
            "database: {capacity: {max: 256.5}}",
            "acu-range database.capacity.max: 256.5 ACU are too many",
        ),
        (
            "database: {capacity: {min: 4}}",
            "acu-bounds database.capacity.min: the least capacity (4) is above the most (2)",
        ),
        (
            "database: {capacity: {min: 0.3}}",
            "acu-step database.capacity.min: 0.3 is not a capacity Aurora offers",
        ),
        (
            "database: {capacity: {min: -1}}",
            "acu-step database.capacity.min: -1 is not a capacity Aurora offers",
        ),
        (
            "database: {capacity: {min: 1, auto_pause: 5m}}",
            "auto-pause database.capacity.auto_pause: a database that keeps 1 ACU never pauses",
        ),
        (
            "database: {capacity: {auto_pause: 299s}}",
            "auto-pause database.capacity.auto_pause: Aurora cannot pause after 4m 59s",
        ),
        (
            "database: {capacity: {auto_pause: 25h}}",
            "auto-pause database.capacity.auto_pause: Aurora cannot pause after 1day 1h",
        ),
        (
            "database: {capacity: {auto_pause: 300}}",
            "duration-format database.capacity.auto_pause: `300` is not a length of time",
        ),
        (
            "database: {capacity: {auto_pause: soon}}",
            "duration-format database.capacity.auto_pause: `soon` is not a length of time",
        ),
        (
            "database: {capacity: {auto_pause: 10m, auto: 1}}",
            "unknown-key database.capacity.auto: unknown key `auto`",
        ),
        (
            "database: {readers: 16}",
            "reader-count database.readers: 16 readers are too many",
        ),
        (
            "database: {backup_retention_days: 0}",
            "backup-retention database.backup_retention_days: backups cannot be kept 0 days",
        ),
        (
            "database: {backup_retention_days: 36}",
            "backup-retention database.backup_retention_days: backups cannot be kept 36 days",
        ),
        (
            "database: {deletion_protection: no}",
            "wrong-type database.deletion_protection: `true` or `false` belongs here, not the text `no`",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
