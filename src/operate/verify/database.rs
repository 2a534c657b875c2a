//! Aurora, Kong's schema in it, and the control plane's way there.

use hyper::StatusCode;

use super::tally::Finding;
use crate::gateway::{Closed, Reply, Trouble};
use crate::operate::status::{Activity, Database, Migrations};

/// Judges the cluster and its writer. One that sleeps is well.
pub(super) fn database(database: Option<&Database>, flags: &str) -> Finding {
    let apply = format!("`kongstack apply{flags}`");
    let Some(database) = database else {
        return Finding::failed("there is no database cluster").fix(format!("{apply} makes it"));
    };
    let (cluster, status) = (&database.cluster, &database.status);
    let writer = database.instances.iter().find(|one| one.writer);
    let Some(writer) = writer else {
        return Finding::failed(format!("{cluster} is {status} and has no writer"))
            .fix(format!("{apply} makes one"));
    };
    let scale = scale(database);
    match database.activity {
        Activity::Awake | Activity::Available => {
            let now = database.capacity_acu.map(|acu| format!("{acu} ACU of "));
            Finding::passed(format!("{status}, {}{scale}", now.unwrap_or_default()))
        }
        Activity::Paused => {
            Finding::passed(format!("paused, {scale}; it wakes when somebody connects"))
        }
        Activity::Resuming => Finding::passed(format!("waking up, {scale}")),
        Activity::Stopped => Finding::failed(format!("{cluster} is {status}: somebody stopped it"))
            .fix(format!("{apply} starts it, within some minutes")),
        Activity::Busy => {
            let writer = format!("writer {}", writer.status);
            Finding::failed(format!("{cluster} is {status}, {writer}"))
                .fix("wait for it, and verify again")
        }
        Activity::Broken => {
            let remedy = database.remedy.clone();
            let remedy = remedy.unwrap_or_else(|| format!("{apply} makes another writer"));
            Finding::failed(format!("{cluster} is {status}, writer {}", writer.status)).fix(remedy)
        }
    }
}

fn scale(database: &Database) -> String {
    match (database.min_acu, database.max_acu) {
        (Some(min), Some(max)) => format!("{min} to {max} ACU"),
        _ => "of fixed size".to_owned(),
    }
}

/// Judges the schema by the marks of what was done to it.
pub(super) fn migrations(marks: Option<&Migrations>, image: &str, flags: &str) -> Finding {
    let apply = format!("`kongstack apply{flags}` brings it up");
    let Some(Migrations { schema, finished }) = marks else {
        return Finding::failed("no migrations have run").fix(apply);
    };
    if schema != image {
        return Finding::failed(format!("the schema is {schema}'s, not {image}'s")).fix(apply);
    }
    if finished.as_deref() != Some(image) {
        return Finding::failed(format!("the upgrade to {image} is not finished"))
            .fix(format!("`kongstack apply{flags}` finishes it"));
    }
    Finding::passed(format!("of {image}, finished"))
}

/// Judges `GET /status` of the Admin API.
pub(super) fn link(status: &Result<Reply, Trouble>, flags: &str) -> Finding {
    let reply = match status {
        Ok(reply) => reply,
        Err(trouble) => return Finding::not_checked(trouble.to_string()),
    };
    let reachable = reply.body.pointer("/database/reachable");
    match (reply.status, reachable.and_then(serde_json::Value::as_bool)) {
        (StatusCode::OK, Some(true)) => Finding::passed("Kong says it is reachable"),
        (StatusCode::OK, Some(false)) => Finding::failed("Kong says it is not reachable").fix(
            format!("`kongstack logs cp{flags}` says why: a name, a group, a password, a pause"),
        ),
        (StatusCode::TOO_MANY_REQUESTS, _) => Finding::not_checked(Closed::Limited.to_string()),
        (status, _) => Finding::failed(format!("the Admin API answers {status} to /status")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operate::status::sample::sample;

    fn aurora(status: &str, activity: Activity) -> Database {
        let mut database = sample().database.unwrap();
        "gw".clone_into(&mut database.cluster);
        status.clone_into(&mut database.status);
        status.clone_into(&mut database.instances[0].status);
        database.activity = activity;
        (database.min_acu, database.max_acu) = (Some(0.0), Some(2.5));
        database.capacity_acu = None;
        database
    }

    #[test]
    fn a_database_that_sleeps_is_well_and_one_that_is_stopped_is_not() {
        let told = |status: &str, activity| database(Some(&aurora(status, activity)), "").told();
        let awake = Database {
            capacity_acu: Some(0.5),
            ..aurora("available", Activity::Awake)
        };
        for (found, expected) in [
            (
                database(Some(&awake), "").told(),
                "passed: available, 0.5 ACU of 0 to 2.5 ACU",
            ),
            (
                told("available", Activity::Available),
                "passed: available, 0 to 2.5 ACU",
            ),
            (
                told("available", Activity::Paused),
                "passed: paused, 0 to 2.5 ACU; it wakes when somebody connects",
            ),
            (
                told("available", Activity::Resuming),
                "passed: waking up, 0 to 2.5 ACU",
            ),
            (
                told("stopped", Activity::Stopped),
                "failed: gw is stopped: somebody stopped it",
            ),
            (
                told("modifying", Activity::Busy),
                "failed: gw is modifying, writer modifying",
            ),
            (
                told("storage-full", Activity::Broken),
                "failed: gw is storage-full, writer storage-full",
            ),
        ] {
            assert_eq!(found, expected);
        }
        let none = database(None, "").told();
        assert_eq!(none, "failed: there is no database cluster");
        let mut headless = aurora("available", Activity::Busy);
        headless.instances.clear();
        assert_eq!(
            database(Some(&headless), "").told(),
            "failed: gw is available and has no writer"
        );
    }

    #[test]
    fn the_schema_is_the_images_and_finished() {
        let marks = |schema: &str, finished: Option<&str>| Migrations {
            schema: schema.to_owned(),
            finished: finished.map(str::to_owned),
        };
        let told = |marks: Option<Migrations>| migrations(marks.as_ref(), "kong:3.9", "").told();
        for (marks, expected) in [
            (None, "failed: no migrations have run"),
            (
                Some(marks("kong:3.8", Some("kong:3.8"))),
                "failed: the schema is kong:3.8's, not kong:3.9's",
            ),
            (
                Some(marks("kong:3.9", Some("kong:3.8"))),
                "failed: the upgrade to kong:3.9 is not finished",
            ),
            (
                Some(marks("kong:3.9", None)),
                "failed: the upgrade to kong:3.9 is not finished",
            ),
            (
                Some(marks("kong:3.9", Some("kong:3.9"))),
                "passed: of kong:3.9, finished",
            ),
        ] {
            assert_eq!(told(marks), expected);
        }
    }

    #[test]
    fn kong_knows_whether_it_reaches_its_database() {
        let answer = |status: u16, body| {
            let status = StatusCode::from_u16(status).unwrap();
            Ok(Reply::new(status, body))
        };
        for (status, expected) in [
            (
                answer(200, json!({"database": {"reachable": true}})),
                "passed: Kong says it is reachable",
            ),
            (
                answer(200, json!({"database": {"reachable": false}})),
                "failed: Kong says it is not reachable",
            ),
            (
                answer(200, json!({})),
                "failed: the Admin API answers 200 OK to /status",
            ),
            (
                answer(503, json!(null)),
                "failed: the Admin API answers 503 Service Unavailable to /status",
            ),
        ] {
            assert_eq!(link(&status, "").told(), expected);
        }
        let trouble = Err(Trouble::NoName("x".to_owned()));
        assert!(matches!(link(&trouble, ""), Finding::NotChecked(_)));
    }
}
