//! What AWS or Kong would refuse, said before anything is asked of them.
//!
//! One file a subject, each a pure function from the spec to problems. A rule that depends on several values holds its
//! tongue while one of them is already known to be wrong ([`Problems::sound`]): the default that stands in for it
//! says nothing. What a single value's text can tell is refused earlier, in `super::value`.

mod access_logs;
mod admin;
mod alarms;
mod database;
mod discovery;
mod encryption;
mod environment;
mod existing;
mod image;
mod ingress;
mod logs;
mod name_forms;
mod names;
mod network;
mod on_demand;
mod scaling;
mod size;
mod subnets;
mod tags;
mod waf;

#[cfg(test)]
mod table;

#[cfg(test)]
pub(crate) use self::table::good;

use std::collections::HashSet;

use ipnet::Ipv4Net;

use super::model::StackSpec;
use super::path::SpecPath;
use super::problem::{Problem, Problems};

/// Adds every problem that a well-formed spec has with AWS or Kong.
pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    if spec.version != 1 && out.sound(&["version"]) {
        out.add(
            Problem::new(
                "spec-version",
                at("version"),
                format!("there is no version {} of the format", spec.version),
            )
            .because("this program knows version 1 only")
            .fix("write `version: 1`, or leave it out"),
        );
    }
    names::check(spec, out);
    tags::check(spec, out);
    network::check(spec, out);
    subnets::check(spec, out);
    existing::check(spec, out);
    ingress::check(spec, out);
    access_logs::check(spec, out);
    database::check(spec, out);
    image::check(spec, out);
    environment::check(spec, out);
    size::check(spec, out);
    scaling::check(spec, out);
    on_demand::check(spec, out);
    logs::check(spec, out);
    encryption::check(spec, out);
    admin::check(spec, out);
    discovery::check(spec, out);
    alarms::check(spec, out);
    waf::check(spec, out);
}

/// Whether somebody may have written a secret at a path, so that its value is not to be shown.
pub(super) fn may_be_secret(path: &SpecPath) -> bool {
    let name = path.to_string();
    name == "admin.api_key"
        || name
            .strip_prefix("kong.environment.")
            .is_some_and(environment::is_secret)
}

/// A path written out.
fn at(path: &str) -> SpecPath {
    SpecPath::parse(path)
}

/// Refuses a block that stands twice in a list.
///
/// EC2 answers a rule that exists already with `InvalidPermission.Duplicate`.
fn refuse_repeated(blocks: &[Ipv4Net], list: &SpecPath, out: &mut Problems) {
    let mut seen = HashSet::new();
    for (index, block) in blocks.iter().enumerate() {
        if !seen.insert(block) {
            out.add(
                Problem::new(
                    "cidr-repeated",
                    list.index(index),
                    format!("`{block}` stands in this list twice"),
                )
                .because("AWS refuses a second rule for the same addresses")
                .fix("take one of them out"),
            );
        }
    }
}

/// The choice next to a value.
fn nearest(value: u32, choices: impl Iterator<Item = u32>) -> u32 {
    choices
        .min_by_key(|choice| choice.abs_diff(value))
        .unwrap_or(value)
}

/// Numbers in a row, for people.
fn joined(values: impl Iterator<Item = u32>) -> String {
    values
        .map(|value| value.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::table::{accept, refuse};

    #[test]
    fn version_is_one() {
        accept(&["version: 1"]);
        refuse(&[
            (
                "version: 2",
                "spec-version version: there is no version 2 of the format",
            ),
            (
                "version: '1'",
                "wrong-type version: a whole number belongs here, not the text `1`",
            ),
            (
                "exec: yes",
                "wrong-type exec: `true` or `false` belongs here, not the text `yes`",
            ),
            (
                "alerts: {email: ops@example.com}",
                "unknown-key alerts: unknown key `alerts`",
            ),
        ]);
    }

    #[test]
    fn a_rule_waits_for_the_values_it_needs() {
        refuse(&[
            // A default in place of the broken value would make 8192 MiB wrong too.
            (
                "data_plane: {cpu: lots, memory: 8192}",
                "wrong-type data_plane.cpu: a whole number belongs here, not the text `lots`",
            ),
            (
                "region: nowhere\nnetwork: {availability_zones: [eu-west-1a, eu-west-1b]}",
                "region-format region: `nowhere` is not an AWS region",
            ),
            (
                "network: {cidr: 10.0.0.0, public_subnets: [10.7.1.0/24, 10.7.2.0/24]}",
                "cidr-format network.cidr: `10.0.0.0` is an address, not a block of addresses",
            ),
        ]);
    }
}
