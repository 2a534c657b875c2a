//! The machine that wakes a control plane and puts it to sleep.
//!
//! # Why it is right
//!
//! Two things must never happen: a control plane that stays stopped while a data plane waits for its configuration, and
//! one that runs for ever although nobody needs it.
//!
//! Whoever wakes (*waker*) first moves the timer into the future and then sets the count to 1, and writes that even where
//! 1 is what it would read. Whoever stops (*sleeper*) finds the timer over and the data planes quiet, sets the count to
//! 0, and **then looks again**: at the timer and at the data planes. Take any waker and any sleeper:
//!
//! - the waker's write comes after the sleeper's: the count is 1;
//! - it comes before: then the timer was moved before the sleeper's write, so the sleeper's second look sees it and the
//!   sleeper sets the count to 1 again.
//!
//! So there is no interleaving in which a waker's wish is lost, and no lock is needed. A sleeper that dies between its
//! write and its second look leaves a stopped control plane with a timer that is set; the timer fires, and the look that
//! it starts finds the data planes waiting and wakes it.
//!
//! Every execution that leaves the count at 1 has set the timer or found it set, so a timer is always due while the
//! control plane runs; each time it fires it either stops the control plane or is set again. There is one timer, because
//! a schedule of a fixed name exists once. Executions may run twice (Express machines are started at least once): every
//! write says what should be, so the second changes nothing. The timer is not deleted when it has fired
//! (`ActionAfterCompletion: NONE`): a deletion by Scheduler could hit a timer that was set again a moment before.
//!
//! # The password
//!
//! AWS rotates the database's password every seven days, and a task knows the one of its start. So a look that leaves
//! the control plane awake also asks whether a task of it is older than the last rotation, and has ECS put a new one in
//! its place. A control plane that is awake has a timer, so none holds a dead password for longer than the timer runs; one
//! that sleeps reads the password when it wakes. Only looks do so: they come from the one timer, events in bursts.
//!
//! # What it costs
//!
//! An Express machine, because a Standard one is paid by the transition: at 0.025 USD a thousand, the 12 to 20 of a
//! start and those of each look would pass 0.10 USD a month in bursts. Express costs 1.00 USD a million starts and
//! 0.00001667 USD a GB-second, in steps of 64 MB; the stop's ten seconds of waiting are its longest part. Twenty wake-ups
//! a day, each with 25 starts (ten tasks send two events each) of two seconds and one stop of 12 seconds, come to
//! 15,600 starts and 38,400 seconds a month: 0.016 + 0.040 = 0.056 USD. Events of AWS's own cost nothing, and
//! Scheduler's first 14 million invocations a month neither. A test holds the figure against the template.

use std::time::Duration;

use serde::Serialize;

use crate::resource::{Arn, ManagedSecretArn, Output, Ref, References, Resolve};

/// The machine without a stack's settings.
pub(super) const TEMPLATE: &str = include_str!("../../../templates/control-plane.asl.json");

/// What the machine of one stack knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The ECS cluster's name.
    pub(crate) cluster: String,
    /// The control plane's service.
    pub(crate) control_plane: String,
    /// The data planes' service.
    pub(crate) data_plane: String,
    /// The target group of the data planes.
    pub(crate) target_group: Ref<Arn>,
    /// The secret with the database's password.
    pub(crate) password: Ref<ManagedSecretArn>,
    /// The timer: a schedule and its group are called the same.
    pub(crate) timer: String,
    /// The role that the timer starts the machine as.
    pub(crate) starter: Ref<Arn>,
    /// How long a control plane that was woken stays awake.
    pub(crate) hold: Duration,
    /// How long it does after the last event, if that is later.
    pub(crate) extend: Duration,
}

/// The same as variables of the machine.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Variables<'a> {
    cluster: &'a str,
    control_plane: &'a str,
    data_plane: &'a str,
    target_group: &'a str,
    password: &'a str,
    timer: &'a str,
    starter: &'a str,
    hold: u64,
    extend: u64,
}

impl Settings {
    /// `references` with all that the machine must know.
    pub(super) fn referred(&self, references: References) -> References {
        let references = references.to(&self.target_group).to(&self.password);
        references.to(&self.starter)
    }

    /// What the template's settings are to be, once all of it is known.
    pub(super) fn variables(&self, outputs: &dyn Resolve) -> Option<serde_json::Value> {
        let (target_group, password, starter) = (
            self.target_group.resolve(outputs)?,
            self.password.resolve(outputs)?,
            self.starter.resolve(outputs)?,
        );
        let variables = Variables {
            cluster: &self.cluster,
            control_plane: &self.control_plane,
            data_plane: &self.data_plane,
            target_group: target_group.as_str(),
            password: password.as_str(),
            timer: &self.timer,
            starter: starter.as_str(),
            hold: self.hold.as_secs(),
            extend: self.extend.as_secs(),
        };
        serde_json::to_value(variables).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::sfn::definition::Machine;

    /// The waiting of a stop is in the template; the rest of an execution is calls, a fraction of a second each.
    #[test]
    fn it_costs_less_than_ten_cents_a_month() {
        let machine: Machine = serde_json::from_str(TEMPLATE).expect("a machine");
        let tasks = machine
            .states
            .values()
            .filter(|state| state["Type"] == "Task");
        // Each at most once, but for the three that the second look repeats, and 0.2 seconds is long for one.
        let calls = f64::from(u32::try_from(tasks.count() + 3).expect("few")) * 0.2;
        let waits = machine
            .states
            .values()
            .filter_map(|state| state["Seconds"].as_f64());
        let stop: f64 = calls + waits.sum::<f64>();
        let (wakings, starts) = (20.0 * 30.0, 25.0);
        let (gb, per_start, per_gb_second) = (0.0625, 1.0e-6, 1.667e-5);
        let seconds = wakings * (starts * calls + stop);
        let month = wakings * (starts + 1.0) * per_start + seconds * gb * per_gb_second;
        assert!(month < 0.10, "{month:.4} USD");
    }
}
