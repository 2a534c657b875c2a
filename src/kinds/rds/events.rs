//! What RDS says happened to a cluster or an instance.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::SourceType;

/// Minutes to look back, and how many of the events to show.
const MINUTES: i32 = 60;
const SHOWN: usize = 5;

/// The last events, oldest first. They only explain a failure, so failing to read them is no failure of its own.
pub(super) async fn recent(client: &Client, source: SourceType, id: &str) -> Vec<String> {
    let mut pages = client
        .describe_events()
        .source_type(source)
        .source_identifier(id)
        .duration(MINUTES)
        .into_paginator()
        .items()
        .send();
    let mut messages = Vec::new();
    while let Some(Ok(event)) = pages.next().await {
        messages.extend(event.message);
    }
    messages.split_off(messages.len().saturating_sub(SHOWN))
}
