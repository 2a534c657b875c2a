//! What an apply does to the schema, one piece at a time, for whoever asks for just that. The marks are kept in step.

use super::marks::{self, SCHEMA};
use super::schema::{self, Desired as SchemaDesired};
use super::{SchemaFinishDesired, finish as end, work};
use crate::kong::migrations::Work;
use crate::kong::schema_state::SchemaState;
use crate::resource::{Arn, Error, Step};

/// Makes a schema that is not there, or finishes one that was made in part, and imports the admin route.
///
/// # Errors
/// When a control plane of another version uses the database, or a task fails for good.
pub(crate) async fn bootstrap(
    cx: &Step,
    desired: &SchemaDesired,
    database: &Arn,
) -> Result<SchemaState, Error> {
    work::nobody_else(cx, &desired.control_planes, &desired.image).await?;
    schema::install(cx, desired, database).await?;
    Ok(SchemaState::Clean)
}

/// Brings the schema, which was brought up for the image `before`, to where old and new nodes can both use it.
///
/// Unlike an apply it stops no control plane: where that is needed it fails, and says so.
///
/// # Errors
/// When the schema cannot go to that version, when an upgrade was cut off, or when a task fails for good.
pub(crate) async fn up(
    cx: &Step,
    desired: &SchemaDesired,
    database: &Arn,
    before: Option<&str>,
) -> Result<SchemaState, Error> {
    let objection = before.and_then(|before| schema::objection(before, &desired.image));
    let failed = |state: String, detail: String| Error::Failed {
        what: Work::Up.name().to_owned(),
        state,
        detail: vec![detail],
    };
    if let Some(objection) = objection {
        return Err(failed(
            format!("not run: {}", objection.reason),
            format!("what to do: {}", objection.fix),
        ));
    }
    let state = work::run(cx, &desired.task, Work::Up).await?;
    if state == SchemaState::Torn {
        return Err(failed(
            format!("not done: {state}"),
            "what to do: `kongstack apply` goes on by itself: it stops the control plane, finishes what is pending and runs the rest, while data planes go on serving".to_owned(),
        ));
    }
    marks::write(cx, database, &[(SCHEMA, &desired.image)]).await?;
    Ok(state)
}

/// Removes from the schema what only older control planes need.
///
/// # Errors
/// When one of them is left, or the task fails for good.
pub(crate) async fn finish(
    cx: &Step,
    desired: &SchemaFinishDesired,
    database: &Arn,
) -> Result<SchemaState, Error> {
    end::finish(cx, desired, database).await?;
    Ok(SchemaState::Clean)
}

/// Looks what state the schema is in.
///
/// # Errors
/// When the task fails for good.
pub(crate) async fn list(cx: &Step, desired: &SchemaDesired) -> Result<SchemaState, Error> {
    work::run(cx, &desired.task, Work::List).await
}
