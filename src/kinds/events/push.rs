//! The event by which a person, a pipeline or an apply says that the control plane is about to be needed.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde::Serialize;

use crate::aws::failed;
use crate::resource::{Error, Step};

/// Where the event comes from: of AWS's own sources none is called so.
pub(super) const SOURCE: &str = "kongstack";
/// What it says.
pub(super) const DETAIL_TYPE: &str = "Configuration Push";

#[derive(Serialize)]
struct Detail<'a> {
    stack: &'a str,
    reason: &'a str,
}

/// Says that the stack's control plane is needed, and why. What comes of it shows at its service.
///
/// # Errors
/// When AWS refuses.
pub(crate) async fn push(cx: &Step, reason: &str) -> Result<(), Error> {
    let stack = cx.stack();
    let detail = serde_json::to_string(&Detail { stack, reason });
    let detail = detail.map_err(|error| Error::Internal(error.to_string()))?;
    let entry = PutEventsRequestEntry::builder()
        .source(SOURCE)
        .detail_type(DETAIL_TYPE)
        .detail(detail)
        .build();
    let answer = cx.clients().events().put_events().entries(entry).send();
    let answer = answer.await.map_err(failed("events:PutEvents"))?;
    // The call succeeds although the entry may have been refused.
    match answer.entries().iter().find_map(|one| one.error_message()) {
        None => Ok(()),
        Some(message) => Err(Error::Failed {
            what: "the event that wakes the control plane".to_owned(),
            state: "refused".to_owned(),
            detail: vec![message.to_owned()],
        }),
    }
}
