//! One piece of work on the database: a one-off task, tried again when what failed may be over.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::kinds::ecs::{Ended, OneOff, remedy};
use crate::kong::migrations::{BAD_KEY, BAD_KEY_MEANS, Work, is_transient};
use crate::resource::{Error, Look, Patience, Step};

/// How often it is tried in all.
const ATTEMPTS: u32 = 3;

/// Does `work` in a task of `task`, alone.
///
/// # Errors
/// When the task fails for good, with its exit code, ECS's reasons and its last lines.
pub(super) async fn run(cx: &Step, task: &OneOff, work: Work<'_>) -> Result<(), Error> {
    for attempt in 1..=ATTEMPTS {
        task.wait_alone(cx).await?;
        let (state, mut detail) = match task.run(cx, &work.command()).await {
            Ok(ended) if work.is_done(ended.exit_code(), &ended.log) => return Ok(()),
            Ok(ended) => explain(&ended),
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
    }
    Ok(())
}

fn explain(ended: &Ended) -> (String, Vec<String>) {
    let mut detail = ended.explain();
    if ended.exit_code() == Some(BAD_KEY) {
        detail.insert(0, BAD_KEY_MEANS.to_owned());
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
