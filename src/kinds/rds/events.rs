//! What RDS says happened to a cluster or an instance.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::SourceType;

/// Minutes to look back, and how many of the events to show.
const MINUTES: i32 = 60;
const SHOWN: usize = 5;

/// The last events, oldest first. They only explain a failure, so failing to read them is no failure of its own.
pub(super) async fn recent(client: &Client, source: SourceType, id: &str) -> Vec<String> {
    let call = client
        .describe_events()
        .source_type(source)
        .source_identifier(id)
        .duration(MINUTES);
    let Ok(answer) = call.send().await else {
        return Vec::new();
    };
    let messages: Vec<&str> = answer
        .events()
        .iter()
        .filter_map(|event| event.message())
        .collect();
    let first = messages.len().saturating_sub(SHOWN);
    messages
        .iter()
        .skip(first)
        .map(|message| (*message).to_owned())
        .collect()
}
