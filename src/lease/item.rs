//! A lease as an item of DynamoDB. Whoever looks at the table in the console should understand it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;

use super::record::{Lease, Mark, Owner};
use crate::resource::Error;

/// The table's key: the stack's name.
pub(super) const STACK: &str = "stack";
/// The attribute that changes with each take.
pub(super) const TOKEN: &str = "token";
/// The attribute that changes with each renewal.
pub(super) const VERSION: &str = "version";

const USER: &str = "user";
const HOST: &str = "host";
const PROCESS: &str = "process";
const RUN: &str = "pipeline_run";
const PURPOSE: &str = "purpose";
const TAKEN: &str = "taken_at";
const EXPIRES: &str = "expires_at";
const DURATION: &str = "duration_ms";

/// An item as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A lease as an item.
pub(super) fn encode(lease: &Lease) -> Item {
    let Lease {
        stack,
        mark: Mark { token, version },
        owner:
            Owner {
                user,
                host,
                process,
                run,
            },
        purpose,
        taken_at,
        expires_at,
        duration,
    } = lease;
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let time = |at: SystemTime| text(&humantime::format_rfc3339_seconds(at).to_string());
    let mut item: Item = [
        (STACK, text(stack)),
        (TOKEN, text(token)),
        (VERSION, AttributeValue::N(version.to_string())),
        (USER, text(user)),
        (HOST, text(host)),
        (PROCESS, AttributeValue::N(process.to_string())),
        (PURPOSE, text(purpose)),
        (TAKEN, time(*taken_at)),
        (EXPIRES, time(*expires_at)),
        (
            DURATION,
            AttributeValue::N(duration.as_millis().to_string()),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Some(run) = run {
        item.insert(RUN.to_owned(), text(run));
    }
    item
}

/// An item as a lease. What is only for people may be missing.
///
/// # Errors
/// When it lacks what a lease cannot do without.
pub(super) fn decode(item: &Item) -> Result<Lease, Error> {
    let missing = |missing| Error::Incomplete {
        operation: "dynamodb:GetItem",
        missing,
    };
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<u64>().ok();
    let time = |name: &str| {
        let at = humantime::parse_rfc3339(&text(name)?).ok();
        at.filter(|at| *at > SystemTime::UNIX_EPOCH)
    };
    let unknown = || "unknown".to_owned();
    Ok(Lease {
        stack: text(STACK).ok_or_else(|| missing("the stack of a lease"))?,
        mark: Mark {
            token: text(TOKEN).ok_or_else(|| missing("the token of a lease"))?,
            version: number(VERSION).ok_or_else(|| missing("the version of a lease"))?,
        },
        owner: Owner {
            user: text(USER).unwrap_or_else(unknown),
            host: text(HOST).unwrap_or_else(unknown),
            process: number(PROCESS)
                .and_then(|process| process.try_into().ok())
                .unwrap_or_default(),
            run: text(RUN),
        },
        purpose: text(PURPOSE).unwrap_or_else(unknown),
        taken_at: time(TAKEN).unwrap_or(SystemTime::UNIX_EPOCH),
        expires_at: time(EXPIRES).unwrap_or(SystemTime::UNIX_EPOCH),
        duration: Duration::from_millis(
            number(DURATION).ok_or_else(|| missing("the duration of a lease"))?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::tests::sample;

    #[test]
    fn an_item_holds_all_of_a_lease() {
        let mut lease = sample();
        assert_eq!(decode(&encode(&lease)).expect("a lease"), lease);
        lease.owner.run = None;
        assert_eq!(decode(&encode(&lease)).expect("a lease"), lease);
    }

    #[test]
    fn what_only_people_need_may_be_missing() {
        let mut item = encode(&sample());
        for name in [USER, HOST, PROCESS, RUN, PURPOSE, TAKEN, EXPIRES] {
            item.remove(name);
        }
        let lease = decode(&item).expect("a lease");
        assert_eq!(lease.owner.user, "unknown");
        assert!(lease.has_expired(SystemTime::now()));
        for name in [TOKEN, VERSION, DURATION] {
            let mut less = item.clone();
            less.remove(name);
            assert!(decode(&less).is_err(), "{name}");
        }
    }
}
