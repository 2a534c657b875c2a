//! One piece of work on the database: a one-off task, tried again when what failed may be over; and what is made of
//! such pieces.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::kinds::ecs::{Ended, Nodes, OneOff, remedy};
use crate::kong::migrations::{BAD_KEY, BAD_KEY_MEANS, Work, is_transient};
use crate::kong::schema_state::SchemaState;
use crate::kong::version::{Jump, jump};
use crate::resource::{Error, Look, Patience, Step};

/// How often it is tried in all.
const ATTEMPTS: u32 = 3;

/// Brings the schema to where old and new nodes can both use it.
///
/// Kong refuses to run new migrations while others are pending: an `up` that was cut off leaves its own, an upgrade
/// that was never finished those of an earlier version. Finishing them removes what control planes of older versions
/// need, and nothing tells for certain whose they are. So it is done where that cannot matter: with every control
/// plane stopped no node is left that uses the database, for data planes never do. They go on serving with the
/// configuration they have; the control plane comes back, at the new version, with the step after this one. It is not
/// started again at the old version, which may not find any more what it needs.
///
/// # Errors
/// When a task fails for good, or the control plane does not end.
pub(super) async fn bring_up(
    cx: &Step,
    task: &OneOff,
    control_planes: &Nodes,
) -> Result<SchemaState, Error> {
    let state = run(cx, task, Work::Up).await?;
    if state != SchemaState::Torn {
        return Ok(state);
    }
    cx.remark(
        "an earlier upgrade of the schema was cut off: the control plane is stopped, so that its \
         pending migrations can be finished; data planes go on serving with what they have",
    );
    control_planes.stop(cx).await?;
    run(cx, task, Work::Clear).await?;
    match run(cx, task, Work::Up).await? {
        SchemaState::Torn => Err(Error::Failed {
            what: Work::Up.name().to_owned(),
            state: "not done: migrations are pending again after they were finished".to_owned(),
            detail: Vec::new(),
        }),
        state => Ok(state),
    }
}

/// Removes from the schema what only older nodes than `image` need, after a look that none of them is left.
///
/// # Errors
/// When one is left, or the task fails for good.
pub(super) async fn finish(
    cx: &Step,
    task: &OneOff,
    control_planes: &Nodes,
    image: &str,
) -> Result<(), Error> {
    nobody_else(cx, control_planes, image).await?;
    run(cx, task, Work::Finish).await.map(|_| ())
}

/// Sees to it that no control plane of another version uses the database.
///
/// # Errors
/// When one does.
pub(super) async fn nobody_else(
    cx: &Step,
    control_planes: &Nodes,
    image: &str,
) -> Result<(), Error> {
    let images = control_planes.images(cx).await?;
    let other = images.iter().find(|one| jump(one, image) != Jump::Same);
    match other {
        None => Ok(()),
        Some(other) => Err(Error::Failed {
            what: Work::Finish.name().to_owned(),
            state: format!("not run: a control plane of {other} still uses the database"),
            detail: vec![format!(
                "what to do: roll the control plane over to {image} first, which `kongstack apply` does"
            )],
        }),
    }
}

/// Does `work` in a task of `task`, alone; answers the state that the schema is in then.
///
/// # Errors
/// When the task fails for good, with its exit code, ECS's reasons and its last lines.
pub(super) async fn run(cx: &Step, task: &OneOff, work: Work<'_>) -> Result<SchemaState, Error> {
    let mut attempt = 1;
    loop {
        task.wait_alone(cx).await?;
        let (state, mut detail) = match task.run(cx, &work.command()).await {
            Ok(ended) => match work.done(ended.exit_code()) {
                Some(state) => return Ok(state),
                None => explain(&ended),
            },
            // Capacity that is not there just now comes as a refusal to start.
            Err(Error::Aws(error)) if error.is(&["TaskNotStarted"]) => {
                ("not begun".to_owned(), vec![error.to_string()])
            }
            Err(error) => return Err(error),
        };
        if attempt == ATTEMPTS || !is_transient(&detail) {
            let advice = remedy(&detail);
            detail.extend(advice);
            return Err(Error::Failed {
                what: work.name().to_owned(),
                state,
                detail,
            });
        }
        let why = detail.first().map_or("", String::as_str);
        cx.remark(format!("try {attempt} of {ATTEMPTS}: {why}; trying again"));
        pause(cx).await?;
        attempt += 1;
    }
}

fn explain(ended: &Ended) -> (String, Vec<String>) {
    let mut detail = ended.explain();
    if ended.exit_code() == Some(BAD_KEY) {
        detail.insert(0, BAD_KEY_MEANS.to_owned());
    }
    let state = SchemaState::of(ended.exit_code());
    if let Some(state) = state.filter(|state| *state != SchemaState::Clean) {
        detail.insert(0, state.to_string());
    }
    let state = match ended.exit_code() {
        Some(code) => format!("not done: exit code {code}"),
        None => "not done: its task never ran".to_owned(),
    };
    (state, detail)
}

/// Some seconds for a database to wake up or a name to be served; a wait like any other, so that it can be interrupted.
async fn pause(cx: &Step) -> Result<(), Error> {
    let passed = AtomicBool::new(false);
    let patience = Patience::seconds(10, 10, 60);
    cx.wait("the next try", patience, || async {
        Ok(if passed.swap(true, Ordering::Relaxed) {
            Look::Ready(())
        } else {
            Look::Pending("about to begin".to_owned())
        })
    })
    .await
}
