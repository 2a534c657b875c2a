//! What a halted run left under way, each with what the next run will do with it.

use super::events::doing;
use super::style::{HINT, UPDATE, paint};
use super::wrap::hang;
use crate::apply::{Report, Unfinished};
use crate::event::{Halt, Verb};
use crate::plan::Plan;
use crate::resource::Address;

/// The list with its heading; nothing when nothing was under way.
pub(super) fn unfinished(plan: &Plan, report: &Report, width: usize) -> String {
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
        let line = format!(
            "{} ({}{id}): the next run {}",
            one.address,
            doing(one.verb),
            next(one)
        );
        text += &format!("  {}\n", hang(&line, width, 4));
    }
    text
}

/// What is to be waited for where nothing else waits: reads of AWS lag behind by seconds, now and then by more.
pub(super) const LATE: &str = "begin the next run half a minute later: AWS may show only then what a call made that was cut off, and what it does not show is made again";

/// What the next run waits for, where a call that was cut off may have made something.
const LEFT: &str = "the stack's lease is left to run out within a minute, for AWS may show only then what a call made that was cut off, and what it does not show is made again; `--lock-timeout 2m` waits for that";

/// When to run again, where something may have been made that nobody has seen.
pub(super) fn late(report: &Report, width: usize) -> String {
    let hint = match report.halt {
        _ if report.unseen.is_empty() => return String::new(),
        // There is none any more to be left.
        Some(Halt::LeaseLost(_)) => LATE,
        _ => LEFT,
    };
    format!("{} {}\n", paint(HINT, "hint:"), hang(hint, width, 6))
}

/// What the next run of the same command does with it.
fn next(one: &Unfinished) -> &'static str {
    match (one.verb, &one.id, &one.waiting) {
        (Verb::Create | Verb::Replace, Some(_), Some(_)) => "finds it and waits for it",
        (Verb::Create | Verb::Replace, Some(_), None) => "finds it and finishes it",
        (Verb::Create | Verb::Replace, None, _) => "looks for it, and makes it if it is not there",
        (Verb::Update, _, Some(_)) => "waits for it, and changes what still differs",
        (Verb::Update, _, None) => "changes what still differs",
        (Verb::Delete, _, Some(_)) => "waits until it is gone",
        (Verb::Delete, _, None) => "deletes it if it is still there",
    }
}

fn live_id(plan: &Plan, address: &Address) -> String {
    let entry = plan.entries.iter().find(|entry| entry.address == *address);
    let live = entry.and_then(|entry| entry.live.as_ref());
    live.map(|live| format!(", {}", live.id))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::Loss;
    use crate::plan::Purpose;
    use crate::report::sample::{at, plan_of};

    #[test]
    fn the_next_run_is_to_wait_only_for_what_nobody_has_seen() {
        let hint = |report: &Report| anstream::adapter::strip_str(&late(report, 400)).to_string();
        let mut report = Report {
            halt: Some(Halt::Interrupted),
            ..Report::default()
        };
        assert_eq!(hint(&report), "");
        report.unseen.push(at("network/vpc"));
        assert_eq!(hint(&report), format!("hint: {LEFT}\n"));
        report.halt = Some(Halt::LeaseLost(Loss::Silence(None)));
        assert_eq!(hint(&report), format!("hint: {LATE}\n"));
    }

    #[test]
    fn every_way_to_stop_says_what_comes_next() {
        let verbs = [Verb::Create, Verb::Update, Verb::Replace, Verb::Delete];
        let ways = verbs.into_iter().flat_map(|verb| {
            [(true, true), (true, false), (false, false)].map(move |(id, waiting)| Unfinished {
                address: at("network/vpc"),
                verb,
                id: id.then(|| "vpc-1".to_owned()),
                waiting: waiting.then(|| "the VPC".to_owned()),
            })
        });
        let report = Report {
            unfinished: ways.collect(),
            ..Report::default()
        };
        let plan = plan_of(Purpose::Apply, Vec::new(), Vec::new());
        let text = unfinished(&plan, &report, 100);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        under way, and perhaps going on in AWS:
          network/vpc (creating, vpc-1): the next run finds it and waits for it
          network/vpc (creating, vpc-1): the next run finds it and finishes it
          network/vpc (creating, without an id so far): the next run looks for it, and makes it if it is
            not there
          network/vpc (updating, vpc-1): the next run waits for it, and changes what still differs
          network/vpc (updating, vpc-1): the next run changes what still differs
          network/vpc (updating): the next run changes what still differs
          network/vpc (replacing, vpc-1): the next run finds it and waits for it
          network/vpc (replacing, vpc-1): the next run finds it and finishes it
          network/vpc (replacing, without an id so far): the next run looks for it, and makes it if it is
            not there
          network/vpc (deleting, vpc-1): the next run waits until it is gone
          network/vpc (deleting, vpc-1): the next run deletes it if it is still there
          network/vpc (deleting): the next run deletes it if it is still there
        ");
    }
}
