//! What came of a run: what is done, what is not and why, and what to do next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::duration::short;
use super::events::{done, to_do};
use super::explain::{Explanation, Surroundings, explain};
use super::lease::lost;
use super::outputs::{Published, as_text};
use super::style::{DONE, ERROR, HINT, STRONG, paint};
use super::unfinished::{late, unfinished};
use super::wrap::hang;
use crate::apply::Report;
use crate::event::{Halt, Verb};
use crate::plan::{Plan, Purpose};
use crate::resource::{Address, Attribute, Error, Outputs, Resolve};

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
        if report.is_complete() {
            // A halt that came when all was done has kept nothing back.
            Self::Well
        } else if matches!(report.halt, Some(Halt::Interrupted)) {
            Self::Interrupted
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
    let stopped = match &report.halt {
        Some(Halt::Interrupted) => "interrupted",
        Some(Halt::OutOfTime) => "ran out of time (--timeout)",
        Some(Halt::LeaseLost(_)) => "stopped, because it lost the stack's lease",
        Some(Halt::Pointless(_)) => "stopped",
        None => "incomplete",
    };
    let line = format!(
        "{name} {stopped}: {counts}; {} after {}",
        open(report),
        short(took)
    );
    let mut text = skipped(report, width) + &unfinished(plan, report, width) + &kept(report, width);
    text += &format!("{}\n", paint(ERROR, hang(&line, width, 2)));
    text += &failed(report, around, width);
    text += &halted(report, around, width);
    let next = "run the same command again: it finds out what is there, goes on from here and makes nothing twice";
    text += &format!("{} {}\n", paint(HINT, "hint:"), hang(next, width, 6));
    text + &late(report, width)
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
    let prove = format!("kongstack verify{flags}");
    let next = match published.get("endpoint").flatten() {
        Some(_) if around.sandbox => vec![prove, show, format!("kongstack destroy{flags}")],
        Some(endpoint) => vec![
            format!("curl -i {endpoint} (answers 404 until Kong has a route)"),
            prove,
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
        text += &because(&what, &causes, width);
    }
    // Many steps may need one thing: say it once.
    text + &hints(
        report.failed.iter().map(|(_, _, error)| error),
        around,
        width,
    )
}

/// What halted the run other than a person or the clock, said once for all the steps that met it.
fn halted(report: &Report, around: &Surroundings, width: usize) -> String {
    match &report.halt {
        Some(Halt::Pointless(error)) => {
            let Explanation { causes, .. } = explain([error], around);
            because("AWS takes no calls from here any more", &causes, width)
                + &hints([error], around, width)
        }
        Some(Halt::LeaseLost(loss)) => because("the stack's lease was lost", &[lost(loss)], width),
        Some(Halt::Interrupted | Halt::OutOfTime) | None => String::new(),
    }
}

fn because(what: &str, causes: &[String], width: usize) -> String {
    let mut text = format!("{} {}\n", paint(ERROR, "error:"), hang(what, width, 7));
    for cause in causes {
        let because = paint(STRONG, "because:");
        text += &format!("  {because} {}\n", hang(cause, width, 11));
    }
    text
}

fn hints<'a>(
    errors: impl IntoIterator<Item = &'a Error>,
    around: &Surroundings,
    width: usize,
) -> String {
    let hints = explain(errors, around).hints.into_iter();
    hints
        .map(|hint| format!("{} {}\n", paint(HINT, "hint:"), hang(&hint, width, 6)))
        .collect()
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
