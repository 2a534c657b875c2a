//! How the record that ACM asks for is made, where it does not stand already.

use aws_sdk_route53::types::ChangeAction;

use super::records::{self, Records, unbuilt};
use crate::resource::{Address, Error, HostedZoneId, Output, RecordName, RecordValue, Step};

/// Makes the record, with its note, unless it stands there already.
pub(super) async fn prove(
    cx: &Step,
    zone: &HostedZoneId,
    name: &RecordName,
    value: &RecordValue,
) -> Result<(), Error> {
    let read = || records::read(cx.clients(), zone.as_str(), name.as_str());
    let is_ours = |there: &Records| is_noted(cx.stack(), cx.region(), there, &cx.address);
    let note = records::note(cx.stack(), cx.region(), &cx.address);
    let sets = records::proof(name.as_str(), value.as_str(), &note).map_err(unbuilt)?;
    let change = |action| records::change(cx, zone.as_str(), action, sets.clone());
    let there = read().await?;
    if says(&there, value) {
        return Ok(());
    }
    if is_ours(&there) {
        return change(ChangeAction::Upsert).await;
    }
    match change(ChangeAction::Create).await {
        // A repeated call whose first answer was lost; or somebody was faster, and may have made what ACM wants to see.
        Err(Error::Aws(error)) if error.is(&["InvalidChangeBatch"]) => {
            let there = read().await?;
            match (is_ours(&there), says(&there, value)) {
                (true, _) => change(ChangeAction::Upsert).await,
                (false, true) => Ok(()),
                (false, false) => Err(error.into()),
            }
        }
        made => made,
    }
}

/// Whether the record is there and says what ACM wants to see.
pub(super) fn says(records: &Records, value: &RecordValue) -> bool {
    let there = records.cname();
    there.is_some_and(|there| there.eq_ignore_ascii_case(value.as_str()))
}

/// Whether our note for this address is beside a record.
pub(super) fn is_noted(stack: &str, region: &str, records: &Records, address: &Address) -> bool {
    let note = records.owner();
    let noted = note.and_then(|note| records::address_in(note, stack, region));
    noted.as_ref() == Some(address)
}
