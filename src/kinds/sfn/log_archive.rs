//! The machine that puts a day of the stack's log groups into its bucket.
//!
//! A rule starts it once a day with its event, and it exports the UTC day before the event's. AWS makes lines ready for
//! export within 12 hours (CloudWatch Logs' guide, "Exporting log data to Amazon S3"), so the rule fires in the
//! afternoon; and it runs one export task an account and region at a time, so the groups take turns, and a task of
//! somebody else's is waited for. AWS recommends subscriptions to those who archive continuously (API reference,
//! "CreateExportTask"): each would need a Firehose stream, which is paid by the gigabyte and keeps no streams apart.
//!
//! # What a night is, and what becomes of one that fails
//!
//! The lines of a group and day lie under `archive/GROUP/YYYY/MM/DD/TASK/STREAM/`, so a day is exported again into a
//! folder of its own: nothing is overwritten, and whoever reads takes one of the two. Rules start their targets at least
//! once: it may happen that a day is there twice from the beginning.
//!
//! A call that fails is made again, a task that fails is tried three times, and a group that cannot be exported keeps no
//! other one from it: the execution goes on, and fails in the end with all that went wrong, which rings the alarm. A day
//! that is missing is exported by starting the machine by hand with `{"day": "2026-11-28"}`, as long as the groups still
//! hold it; no later run looks for it. A group that is younger than the day is left out, which AWS else refuses.
//!
//! # What it costs
//!
//! A Standard machine, because an export takes minutes and an Express one lives for five. It is paid by the transition:
//! 7 a group and 4 a night, and 3 more for each further minute that a group takes. Six groups come to 46 a night and
//! 1,426 a month, of the 4,000 that are free in every account ("AWS Step Functions Pricing"); after those, at 0.025 USD a
//! thousand, to 0.036 USD a month. Export tasks have no price ("Amazon CloudWatch Pricing" lists none), rules on a
//! schedule have none either. What remains is S3: 0.005 USD a thousand objects, one or more for each stream, which is
//! each task; and 0.023 USD a month for each gigabyte that is kept, compressed. A test holds the figures against the
//! template.

use serde::Serialize;

use crate::resource::{Output, Ref, References, Resolve, ResourceName};

/// The machine without a stack's settings.
pub(super) const TEMPLATE: &str = include_str!("../../../templates/log-archive.asl.json");

/// What the machine of one stack knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The bucket.
    pub(crate) bucket: Ref<ResourceName>,
    /// What all keys begin with, without a slash.
    pub(crate) prefix: &'static str,
    /// The groups, in the order in which they take turns.
    pub(crate) groups: Vec<Group>,
}

/// One log group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Group {
    /// The folder that its days lie in.
    pub(crate) folder: String,
    /// Its name.
    pub(crate) name: String,
}

/// The same as variables of the machine.
#[derive(Serialize)]
struct Variables<'a> {
    bucket: &'a str,
    prefix: &'a str,
    groups: &'a [Group],
}

impl Settings {
    /// `references` with all that the machine must know.
    pub(super) fn referred(&self, references: References) -> References {
        references.to(&self.bucket)
    }

    /// What the template's settings are to be, once all of it is known.
    pub(super) fn variables(&self, outputs: &dyn Resolve) -> Option<serde_json::Value> {
        let bucket = self.bucket.resolve(outputs)?;
        let variables = Variables {
            bucket: bucket.as_str(),
            prefix: self.prefix,
            groups: &self.groups,
        };
        serde_json::to_value(variables).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kinds::sfn::definition::Machine;

    /// The states on the way from one to another that nothing goes wrong on.
    fn way(machine: &Machine, from: &str, to: &str) -> Vec<String> {
        let straight = |name: &str| {
            let state = &machine.states[name];
            let choice = match name {
                "More" => return Some("FindGroup".to_owned()),
                "Old" => &state["Default"],
                "Ended" => return Some("More".to_owned()),
                _ => &state["Next"],
            };
            choice.as_str().map(str::to_owned)
        };
        let mut seen = vec![from.to_owned()];
        while let Some(next) = straight(seen.last().expect("one")) {
            if next == to {
                return seen;
            }
            seen.push(next);
            assert!(seen.len() < 20, "{seen:?}");
        }
        seen
    }

    /// That the choices have these transitions at all.
    fn leads(machine: &Machine, from: &str, to: &str) -> bool {
        let rules = machine.states[from]["Choices"].as_array();
        let rules = rules.expect("choices");
        rules.iter().any(|rule| rule["Next"] == to)
    }

    #[test]
    fn a_month_of_six_groups_is_free_and_else_costs_four_cents() {
        let machine: Machine = serde_json::from_str(TEMPLATE).expect("a machine");
        assert!(leads(&machine, "More", "FindGroup") && leads(&machine, "Ended", "More"));
        assert!(leads(&machine, "Ended", "Pause"));
        let group = way(&machine, "More", "More").len();
        let minute = way(&machine, "Pause", "More").len();
        // The last look at whether there are more groups, and the end.
        let rest = way(&machine, machine_start(), "More").len() + 2;
        assert_eq!((group, minute, rest), (7, 3, 4));
        assert_eq!(machine.states["Pause"]["Seconds"], 60);
        let month = u32::try_from(31 * (6 * group + rest)).expect("few");
        assert_eq!(month, 1426);
        assert!(month < 4000);
        let price = f64::from(month) * 0.025 / 1000.0;
        assert!((price - 0.036).abs() < 0.0005, "{price}");
    }

    fn machine_start() -> &'static str {
        "Settings"
    }

    #[test]
    fn whatever_fails_of_one_group_leaves_the_others_their_turn() {
        let machine: Machine = serde_json::from_str(TEMPLATE).expect("a machine");
        let tasks = machine.states.iter();
        let tasks = tasks.filter(|(_, state)| state["Type"] == "Task");
        let called: BTreeSet<&str> = tasks
            .map(|(name, state)| {
                let caught = &state["Catch"][0];
                assert_eq!(caught["ErrorEquals"][0], "States.ALL", "{name}");
                assert_eq!(caught["Next"], "More", "{name}");
                assert!(caught["Assign"]["failed"].is_string(), "{name}");
                let index = caught["Assign"]["index"].as_str();
                assert_eq!(index, Some("{% $index + 1 %}"), "{name}");
                let resource = state["Resource"].as_str().expect("a resource");
                resource.rsplit(':').next().expect("a call")
            })
            .collect();
        let expected = [
            "createExportTask",
            "describeExportTasks",
            "describeLogGroups",
        ];
        assert_eq!(called, BTreeSet::from(expected));
        let retry = &machine.states["Export"]["Retry"][0];
        assert_eq!(
            retry["ErrorEquals"][0],
            "CloudWatchLogs.LimitExceededException"
        );
    }
}
