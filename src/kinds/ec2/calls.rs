//! How EC2 is called: filters, answers, patience, and creations that must not be repeated blindly.

use aws_sdk_ec2::config;
use aws_sdk_ec2::types::Filter;

use crate::aws::once;
use crate::resource::{Error, Patience};

/// For what EC2 does at once, but may not show at once.
pub(super) const QUICK: Patience = Patience::seconds(3, 5, 180);

/// For deletions that wait for interfaces to go; a load balancer's outlive it by minutes.
pub(super) const RELEASE: Patience = Patience::seconds(5, 60, 1800);

/// Calls that are neither named nor tokenised: an answer that is lost is not asked for again.
pub(super) fn unrepeated() -> config::Builder {
    config::Config::builder().retry_config(once())
}

/// A describe filter.
pub(super) fn filter<S: Into<String>>(name: &str, values: impl IntoIterator<Item = S>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder()
        .name(name)
        .set_values(Some(values))
        .build()
}

/// What an answer always holds.
pub(super) fn required<T>(
    value: Option<T>,
    operation: &'static str,
    missing: &'static str,
) -> Result<T, Error> {
    value.ok_or(Error::Incomplete { operation, missing })
}
