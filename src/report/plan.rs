//! A plan as text: what would change, layer by layer, and why.

use super::style::{CREATE, DELETE, ERROR, FAINT, HINT, REPLACE, STRONG, UPDATE, WARN, paint};
use super::wrap::{clean, column, hang, wrap};
use crate::diff::{Action, Entry, NEW};
use crate::plan::{Plan, Purpose};
use crate::resource::{Change, Effect, Layer, ReplaceOrder, Standing};

/// Where the fields of a resource begin.
const FIELD: usize = 6;
/// Where a value begins that has lines of its own.
const VALUE: usize = 10;
/// What the largest symbol and word take: `  +/- replace `.
const MARGIN: usize = 14;
/// Addresses longer than this do not push the nouns of the others to the right.
const ADDRESSES: usize = 40;

/// The whole plan, `width` columns wide; `file` is what AWS matches when there is nothing to do.
#[must_use]
pub(crate) fn plan(plan: &Plan, file: &str, width: usize) -> String {
    let mut text = String::new();
    if !plan.is_empty() {
        let (stack, region) = (&plan.stack, &plan.region);
        let heading = match plan.purpose {
            Purpose::Apply => format!("The stack `{stack}` in {region} would change:"),
            Purpose::Destroy => {
                format!("This goes because the stack `{stack}` in {region} is to be destroyed:")
            }
        };
        text += &format!("{}\n\n", wrap(&heading, width).join("\n"));
    }
    for layer in Layer::ALL {
        let of_layer =
            |entry: &&Entry| entry.address.layer() == layer && entry.action != Action::NoOp;
        let entries: Vec<&Entry> = plan.entries.iter().filter(of_layer).collect();
        if entries.is_empty() {
            continue;
        }
        text += &format!("{}\n", paint(STRONG, layer));
        let longest = entries.iter().map(|entry| entry.address.as_str().len());
        let column = longest
            .filter(|length| *length <= ADDRESSES)
            .max()
            .unwrap_or(0);
        for entry in entries {
            text += &resource(entry, column, plan.purpose, width);
        }
        text.push('\n');
    }
    text + &ailments(plan, width)
        + &refusals(plan, width)
        + &summary(plan, file, width)
        + &warnings(plan, width)
}

/// The last lines: how many of each, or that there is nothing to do.
fn summary(plan: &Plan, file: &str, width: usize) -> String {
    let unselected = plan
        .entries
        .iter()
        .filter(|entry| entry.action == Action::NoOp && !entry.reason.is_empty())
        .count();
    let aside = match unselected {
        0 => String::new(),
        count => paint(
            FAINT,
            format!("Left alone because not selected: {count}.\n"),
        ),
    };
    let (stack, region) = (&plan.stack, &plan.region);
    let text = match plan.purpose {
        Purpose::Apply if plan.is_empty() && plan.refusals.is_empty() => {
            format!("No changes. AWS matches {file}.")
        }
        Purpose::Destroy if plan.is_empty() && plan.refusals.is_empty() => {
            format!("Nothing to destroy: nothing in {region} belongs to the stack `{stack}`.")
        }
        Purpose::Apply | Purpose::Destroy => {
            let counts = plan.counts();
            let (create, update) = (counts.create, counts.update);
            let (replace, delete, unchanged) = (counts.replace, counts.delete, counts.unchanged);
            format!(
                "Plan: {create} to create, {update} to update, {replace} to replace, {delete} to delete, {unchanged} unchanged."
            )
        }
    };
    let text = wrap(&text, width).join("\n");
    format!("{aside}{}\n", paint(STRONG, text))
}

fn resource(entry: &Entry, column: usize, purpose: Purpose, width: usize) -> String {
    let (style, symbol, word) = match entry.action {
        Action::NoOp => return String::new(),
        Action::Create => (CREATE, "+", "create"),
        Action::Update => (UPDATE, "~", "update"),
        Action::Replace(ReplaceOrder::CreateFirst) => (REPLACE, "+/-", "replace"),
        Action::Replace(ReplaceOrder::DeleteFirst) => (REPLACE, "-/+", "replace"),
        Action::Delete => (DELETE, "-", "delete"),
    };
    let mark = paint(style, format!("{symbol:>3} {word:<7}"));
    let address = entry.address.as_str();
    let noun = entry.kind.noun();
    let gap = column.saturating_sub(address.len()) + 2;
    let (gap, noun) = if MARGIN + address.len() + gap + noun.len() <= width {
        (" ".repeat(gap), noun)
    } else {
        (format!("\n{}", " ".repeat(MARGIN)), noun)
    };
    let mut text = format!(
        "  {mark} {}{gap}{}\n",
        paint(STRONG, address),
        paint(FAINT, noun)
    );
    for change in entry.diff.changes() {
        text += &field(change, width);
    }
    if let Some(reason) = reason(entry, purpose) {
        let because = paint(FAINT, "because");
        text += &format!(
            "{}{because} {}\n",
            " ".repeat(FIELD),
            hang(&reason, width, FIELD + 8)
        );
    }
    text
}

/// Why it is done, where the fields alone do not tell.
fn reason(entry: &Entry, purpose: Purpose) -> Option<String> {
    let waits = entry
        .diff
        .changes()
        .iter()
        .all(|change| change.effect == Effect::Wait);
    match entry.action {
        Action::NoOp => None,
        Action::Create => (entry.reason != NEW).then(|| entry.reason.clone()),
        Action::Update => waits.then(|| entry.reason.clone()),
        Action::Replace(ReplaceOrder::CreateFirst) => Some(format!(
            "{}; the new one is made before the old one goes",
            entry.reason
        )),
        Action::Replace(ReplaceOrder::DeleteFirst) => Some(format!(
            "{}; the old one goes before the new one is made",
            entry.reason
        )),
        // The reason of all others on the way down stands at the top.
        Action::Delete => {
            (purpose == Purpose::Apply || is_old(entry)).then(|| entry.reason.clone())
        }
    }
}

fn is_old(entry: &Entry) -> bool {
    let standing = entry.live.as_ref().map(|live| &live.standing);
    matches!(standing, Some(Standing::Retired | Standing::Leaving))
}

/// `field: old → new`, or both on lines of their own where one line does not hold them.
fn field(change: &Change, width: usize) -> String {
    let Change {
        field,
        old,
        new,
        effect,
    } = change;
    let note = match effect {
        Effect::InPlace => "",
        Effect::Wait => " (waited for)",
        Effect::Replace(_) => " (replaces)",
    };
    let old = shown(old.as_deref(), "(absent)");
    let new = shown(new.as_deref(), "(removed)");
    let indent = " ".repeat(FIELD);
    let length = |text: &str| text.chars().count();
    let one_line = length(field) + length(&old) + length(&new) + length(note) + 5;
    let has_lines = old.contains('\n') || new.contains('\n');
    if FIELD + one_line <= width && !has_lines {
        let (old, new) = (paint(DELETE, old), paint(CREATE, new));
        return format!("{indent}{field}: {old} → {new}{}\n", paint(FAINT, note));
    }
    let mut text = format!("{indent}{field}:{}\n", paint(FAINT, note));
    for (style, sign, value) in [(DELETE, "-", &old), (CREATE, "+", &new)] {
        for (index, line) in column(value, width.saturating_sub(VALUE))
            .into_iter()
            .enumerate()
        {
            let sign = if index == 0 { sign } else { " " };
            text += &format!("{}{sign} {}\n", " ".repeat(VALUE - 2), paint(style, line));
        }
    }
    text
}

/// A value fit for a terminal; an empty one is shown as what it is.
fn shown(value: Option<&str>, without: &str) -> String {
    match value {
        None => without.to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(value) => clean(value),
    }
}

/// What is wrong with what stays, and what a person can do about it.
fn ailments(plan: &Plan, width: usize) -> String {
    let stays = |entry: &&Entry| matches!(entry.action, Action::NoOp | Action::Update);
    let mut text = String::new();
    for entry in plan.entries.iter().filter(stays) {
        let Some(ailment) = entry.live.as_ref().and_then(|live| live.ailment.as_ref()) else {
            continue;
        };
        let address = paint(STRONG, entry.address.as_str());
        text += &format!("  {} {address}\n", paint(HINT, "!"));
        let what = hang(&clean(&ailment.what), width, FIELD);
        text += &format!("{}{what}\n", " ".repeat(FIELD));
        let remedy = hang(&ailment.remedy, width, FIELD + 9);
        text += &format!(
            "{}{} {remedy}\n",
            " ".repeat(FIELD),
            paint(HINT, "by hand:")
        );
    }
    if text.is_empty() {
        return text;
    }
    format!("{}\n{text}\n", paint(HINT, "needs attention"))
}

fn refusals(plan: &Plan, width: usize) -> String {
    if plan.refusals.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", paint(ERROR, "refused"));
    for refusal in &plan.refusals {
        let address = refusal.address().as_str();
        let told = refusal.to_string();
        let told = told
            .strip_prefix(address)
            .and_then(|told| told.strip_prefix(": "))
            .unwrap_or(&told);
        text += &format!("  {} {}\n", paint(ERROR, "!"), paint(STRONG, address));
        text += &format!("{}{}\n", " ".repeat(FIELD), hang(told, width, FIELD));
        let fix = hang(&refusal.fix(), width, FIELD + 5);
        text += &format!("{}{} {fix}\n", " ".repeat(FIELD), paint(HINT, "fix:"));
    }
    text.push('\n');
    text
}

/// Below everything else, where it is read last before a question is answered.
fn warnings(plan: &Plan, width: usize) -> String {
    let mut text = String::new();
    for warning in &plan.warnings {
        let address = warning.address.as_ref();
        let about = address.map_or_else(String::new, |address| format!("{address}: "));
        let told = hang(&format!("{about}{}", warning.text), width, 9);
        text += &format!("\n{} {told}\n", paint(WARN, "Warning:"));
        let fix = hang(&warning.fix, width, 14);
        text += &format!("{}{} {fix}\n", " ".repeat(9), paint(HINT, "fix:"));
    }
    text
}

#[cfg(test)]
mod tests;
