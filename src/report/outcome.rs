//! What came of a run: what is done, what is not and why, and what to do next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::duration::short;
use super::events::{doing, done, to_do};
use super::explain::{Explanation, Surroundings, explain};
use super::lease::lost;
use super::outputs::{Published, as_text};
use super::style::{DONE, ERROR, HINT, STRONG, UPDATE, paint};
use super::wrap::hang;
use crate::apply::Report;
use crate::event::Verb;
use crate::plan::{Plan, Purpose};
use crate::resource::{Address, Attribute, Outputs, Resolve};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Everything is done.
    Well,
    /// Nothing is done.
    Failed,
    /// Something is done, something is not.
    InPart,
    /// It was interrupted.
    Interrupted,
}

impl Ended {
    /// Judges a report.
    #[must_use]
    pub(crate) fn of(report: &Report) -> Self {
        let open = report.failed.len()
            + report.skipped.len()
            + report.unfinished.len()
            + report.not_started.len();
        if report.interrupted {
            Self::Interrupted
        } else if open == 0 && !report.timed_out {
            Self::Well
        } else if report.done.is_empty() && report.unfinished.is_empty() {
            Self::Failed
        } else {
            Self::InPart
        }
    }
}

/// What there is to say of a run, without the outputs.
#[must_use]
pub(crate) fn outcome(
    plan: &Plan,
    report: &Report,
    took: Duration,
    around: &Surroundings,
    width: usize,
) -> String {
    let name = match plan.purpose {
        Purpose::Apply => "Apply",
        Purpose::Destroy => "Destroy",
    };
    let counts = counts(report);
    if Ended::of(report) == Ended::Well {
        let line = hang(
            &format!("{name} complete: {counts} in {}.", short(took)),
            width,
            2,
        );
        return format!("{}\n{}", paint(DONE, line), kept(report, width));
    }
    let stopped = match (report.interrupted, &report.lost, report.timed_out) {
        (true, _, _) => "interrupted",
        (false, Some(_), _) => "stopped, because it lost the stack's lease",
        (false, None, true) => "ran out of time (--timeout)",
        (false, None, false) => "incomplete",
    };
    let line = format!(
        "{name} {stopped}: {counts}; {} after {}",
        open(report),
        short(took)
    );
    let mut text = skipped(report, width) + &unfinished(plan, report, width) + &kept(report, width);
    text += &format!("{}\n", paint(ERROR, hang(&line, width, 2)));
    text += &lost_lease(report, width);
    text += &failed(report, around, width);
    let next = "run the same command again: it finds out what is there, goes on from here and makes nothing twice";
    text += &format!("{} {}\n", paint(HINT, "hint:"), hang(next, width, 6));
    text
}

/// `2 failed, 5 skipped`.
fn open(report: &Report) -> String {
    let open = [
        (report.failed.len(), "failed"),
        (report.skipped.len(), "skipped"),
        (report.unfinished.len(), "under way"),
        (report.not_started.len(), "not begun"),
    ];
    let parts = open.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if parts.is_empty() {
        "nothing left".to_owned()
    } else {
        parts.join(", ")
    }
}

/// The outputs of a stack that has just been applied, and what to try next. `flags` are those that name the stack.
#[must_use]
pub(crate) fn outputs_after(
    plan: &Plan,
    report: &Report,
    around: &Surroundings,
    flags: &str,
) -> String {
    let published = Published::new(&plan.outputs, &Known { report, plan });
    let show = format!("kongstack output{flags}");
    let next = match published.get("endpoint").flatten() {
        Some(_) if around.sandbox => vec![
            format!("{show}\n      (the gateway is simulated: nothing answers at its endpoint)"),
            format!("kongstack destroy{flags}"),
        ],
        Some(endpoint) => vec![
            format!("curl -i {endpoint} (answers 404 until Kong has a route)"),
            show,
        ],
        None => vec![show],
    };
    let next = next.join("\n      ");
    format!(
        "\n{}\n{} {next}\n",
        as_text(&published),
        paint(HINT, "next:")
    )
}

struct Known<'a> {
    report: &'a Report,
    plan: &'a Plan,
}

impl Resolve for Known<'_> {
    fn output(&self, address: &Address, attribute: Attribute) -> Option<String> {
        let of = |all: &BTreeMap<Address, Outputs>| {
            all.get(address)
                .and_then(|one| one.get(attribute))
                .map(str::to_owned)
        };
        of(&self.report.outputs).or_else(|| of(&self.plan.known))
    }
}

/// `3 created, 1 replaced`; the old one of a replacement is not counted again.
fn counts(report: &Report) -> String {
    let replaced: BTreeSet<&Address> = report
        .done
        .iter()
        .filter(|one| one.verb == Verb::Replace)
        .map(|one| &one.address)
        .collect();
    let count = |verb| {
        let of = report.done.iter().filter(|one| one.verb == verb);
        of.filter(|one| verb != Verb::Delete || !replaced.contains(&one.address))
            .count()
    };
    let verbs = [Verb::Create, Verb::Update, Verb::Replace, Verb::Delete];
    let counts = verbs.map(|verb| (count(verb), done(verb)));
    let shown: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if shown.is_empty() {
        "nothing done".to_owned()
    } else {
        shown.join(", ")
    }
}

fn failed(report: &Report, around: &Surroundings, width: usize) -> String {
    let mut text = String::new();
    for (address, verb, error) in &report.failed {
        let Explanation { causes, .. } = explain([error], around);
        let what = format!("{}: cannot {} it", address, to_do(*verb));
        text += &format!("{} {}\n", paint(ERROR, "error:"), hang(&what, width, 7));
        for cause in causes {
            text += &format!(
                "  {} {}\n",
                paint(STRONG, "because:"),
                hang(&cause, width, 11)
            );
        }
    }
    // Many steps may need one thing: say it once.
    for hint in explain(report.failed.iter().map(|(_, _, error)| error), around).hints {
        text += &format!("{} {}\n", paint(HINT, "hint:"), hang(&hint, width, 6));
    }
    text
}

fn lost_lease(report: &Report, width: usize) -> String {
    let Some(loss) = &report.lost else {
        return String::new();
    };
    let (what, why) = ("the stack's lease was lost", lost(loss));
    format!(
        "{} {what}\n  {} {}\n",
        paint(ERROR, "error:"),
        paint(STRONG, "because:"),
        hang(&why, width, 11)
    )
}

fn skipped(report: &Report, width: usize) -> String {
    let mut by_cause: BTreeMap<&Address, Vec<&str>> = BTreeMap::new();
    for one in &report.skipped {
        by_cause
            .entry(&one.because)
            .or_default()
            .push(one.address.as_str());
    }
    let line = |(cause, addresses): (&Address, Vec<&str>)| {
        let list = format!("skipped because of {cause}: {}", addresses.join(", "));
        format!("{}\n", hang(&list, width, 2))
    };
    by_cause.into_iter().map(line).collect()
}

fn unfinished(plan: &Plan, report: &Report, width: usize) -> String {
    if report.unfinished.is_empty() {
        return String::new();
    }
    let heading = "under way, and perhaps going on in AWS:";
    let mut text = format!("{}\n", paint(UPDATE, heading));
    for one in &report.unfinished {
        let id = match (&one.id, one.verb) {
            (Some(id), _) => format!(", {id}"),
            (None, Verb::Update | Verb::Delete) => live_id(plan, &one.address),
            (None, Verb::Create | Verb::Replace) => ", without an id so far".to_owned(),
        };
        let line = format!("{} ({}{id})", one.address, doing(one.verb));
        text += &format!("  {}\n", hang(&line, width, 4));
    }
    text
}

fn live_id(plan: &Plan, address: &Address) -> String {
    let entry = plan.entries.iter().find(|entry| entry.address == *address);
    let live = entry.and_then(|entry| entry.live.as_ref());
    live.map(|live| format!(", {}", live.id))
        .unwrap_or_default()
}

fn kept(report: &Report, width: usize) -> String {
    if report.kept.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", paint(STRONG, "AWS keeps:"));
    for (address, what) in &report.kept {
        text += &format!("  {}\n", hang(&format!("{address}: {what}"), width, 4));
    }
    text
}

#[cfg(test)]
mod tests;
