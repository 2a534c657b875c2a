//! Whose a log group without tags is: what the names of its streams prove.

use crate::aws::{AwsError, Clients, OrAbsent, failed};

/// Whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untagged {
    /// A writer of the stack has made it again.
    Ours,
    /// Nothing proves that it is ours.
    Theirs,
}

/// Looks at the first page of the streams of `group`, whose own names begin with `writers`.
pub(super) async fn judge(
    clients: &Clients,
    group: &str,
    writers: &str,
) -> Result<Untagged, AwsError> {
    let answer = clients
        .logs()
        .describe_log_streams()
        .log_group_name(group)
        .send()
        .await
        .map_err(failed("logs:DescribeLogStreams"))
        .or_absent(&["ResourceNotFound"])?;
    let streams = answer.and_then(|answer| answer.log_streams);
    let streams = streams.unwrap_or_default();
    let names = streams.iter().map(|one| one.log_stream_name());
    Ok(by_streams(names, writers))
}

/// A group without streams proves nothing: somebody may have prepared it for something else.
fn by_streams<'a>(names: impl Iterator<Item = Option<&'a str>>, writers: &str) -> Untagged {
    let mut any = false;
    for name in names {
        any = true;
        if !name.is_some_and(|name| name.starts_with(writers)) {
            return Untagged::Theirs;
        }
    }
    if any {
        Untagged::Ours
    } else {
        Untagged::Theirs
    }
}

#[cfg(test)]
mod tests {
    use super::{Untagged, by_streams};

    #[test]
    fn only_streams_of_our_own_writers_prove_a_group_ours() {
        let judge = |names: &[&str]| by_streams(names.iter().copied().map(Some), "ecs/kong/");
        assert_eq!(judge(&["ecs/kong/1", "ecs/kong/2"]), Untagged::Ours);
        assert_eq!(judge(&["ecs/kong/1", "theirs"]), Untagged::Theirs);
        assert_eq!(judge(&[]), Untagged::Theirs);
    }
}
