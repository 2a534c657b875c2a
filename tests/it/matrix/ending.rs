//! What a run that was refused a call for good says of each step, held against what it planned and an undisturbed run.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Output, planned};

/// A step: what is done, and to what.
type Step = (&'static str, String);

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Done,
    Failed,
    /// The address of the step it needed.
    Skipped(String),
}

/// What a run told of its steps, in its order.
#[derive(Debug, Default)]
struct Told {
    begun: Vec<(Step, usize)>,
    ended: Vec<(Step, usize, End)>,
}

/// The words of each action: begun, done, and to do.
const WORDS: [(&str, &str, &str); 4] = [
    ("creating", "created", "create"),
    ("updating", "updated", "update"),
    ("replacing", "replaced", "replace"),
    ("deleting", "deleted", "delete"),
];

/// Insists that a run to which AWS refused `refused` to the end has done all that could be done without it, and said of
/// everything else why it is not done.
pub(super) fn check(run: &Output, undisturbed: &Output, refused: &str) -> Result<(), String> {
    let told = Told::read(&run.stderr);
    let wrong = told
        .is_whole(&run.stdout)
        .and_then(|()| told.is_about(run, refused))
        .and_then(|()| told.skips_only(&Told::read(&undisturbed.stderr)))
        .and_then(|()| told.is_summed_up(run))
        .and_then(|()| told.has_code(run, refused));
    wrong.map_err(|why| format!("{why}:\n{}\n{}", run.stdout, run.stderr))
}

impl Told {
    fn read(said: &str) -> Self {
        let mut told = Self::default();
        for (at, line) in said.lines().enumerate() {
            let mut words = line.trim_start().splitn(3, ' ');
            let (time, address, rest) = (words.next(), words.next(), words.next());
            let address = address.and_then(|address| address.strip_suffix(':'));
            let is_event = time.is_some_and(|time| time.starts_with('+'));
            let (true, Some(address), Some(rest)) = (is_event, address, rest) else {
                continue;
            };
            for (doing, done, to_do) in WORDS {
                let step = (to_do, address.to_owned());
                let skipped = rest.strip_prefix(&format!("skipped (to {to_do}): it needs "));
                if rest.starts_with(&format!("{doing} (")) {
                    told.begun.push((step, at));
                } else if rest.starts_with(&format!("{done} in ")) {
                    told.ended.push((step, at, End::Done));
                } else if rest.starts_with(&format!("failed to {to_do}: ")) {
                    told.ended.push((step, at, End::Failed));
                } else if let Some(needs) = skipped {
                    told.ended.push((step, at, End::Skipped(needs.to_owned())));
                }
            }
        }
        told
    }

    /// Every step of the plan came to one end, and no other did.
    fn is_whole(&self, plan: &str) -> Result<(), String> {
        let mut wanted: Vec<String> = Vec::new();
        for step in planned(plan) {
            // The old one of a replacement is deleted in a step of its own.
            wanted.extend(
                step.strip_prefix("replace ")
                    .map(|of| format!("delete {of}")),
            );
            wanted.push(step);
        }
        let ended = self.ended.iter();
        let mut ended: Vec<String> = ended
            .map(|((what, address), ..)| format!("{what} {address}"))
            .collect();
        wanted.sort();
        ended.sort();
        if wanted == ended {
            return Ok(());
        }
        Err(format!("planned {wanted:?}\nand came to an end {ended:?}"))
    }

    /// What failed did so because of the refused call, which the report at the end names.
    fn is_about(&self, run: &Output, refused: &str) -> Result<(), String> {
        let said = run.all();
        for ((what, address), _, end) in &self.ended {
            if *end != End::Failed {
                continue;
            }
            let begins = format!("error: {address}: cannot {what} it because: ");
            let told = said.split(&begins);
            let causes = told.skip(1).map(|rest| {
                let ends = ["error: ", "hint: "].map(|next| rest.find(next));
                let end = ends.into_iter().flatten().min().unwrap_or(rest.len());
                &rest[..end]
            });
            if !causes
                .clone()
                .any(|cause| cause.contains(&format!("{refused}: ")))
            {
                let causes: Vec<_> = causes.collect();
                return Err(format!(
                    "{what} {address} failed of something else: {causes:?}"
                ));
            }
        }
        Ok(())
    }

    /// What was skipped names a step that failed, and may depend on it: without disturbance it had not begun before
    /// that one was done.
    fn skips_only(&self, undisturbed: &Self) -> Result<(), String> {
        for (step, _, end) in &self.ended {
            let End::Skipped(needs) = end else { continue };
            let mut failed = self
                .ended
                .iter()
                .filter(|(of, _, end)| of.1 == *needs && *end == End::Failed);
            let Some((cause, ..)) = failed.next() else {
                return Err(format!(
                    "{step:?} is skipped because of {needs}, which did not fail"
                ));
            };
            // What an earlier run replaced goes only when whatever takes over from it is there, which is no step of
            // its own where nothing is disturbed.
            if step.0 == "delete" && cause.0 != "delete" {
                continue;
            }
            let begun = undisturbed.begun.iter().find(|(one, _)| one == step);
            let done = undisturbed.ended.iter().find(|(one, ..)| one == cause);
            if let (Some((_, begun)), Some((_, done, _))) = (begun, done)
                && begun < done
            {
                return Err(format!("{step:?} is skipped, and does not need {cause:?}"));
            }
        }
        Ok(())
    }

    /// The report at the end names each skipped step once, under the one it needed.
    fn is_summed_up(&self, run: &Output) -> Result<(), String> {
        let mut skipped: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for ((_, address), _, end) in &self.ended {
            if let End::Skipped(needs) = end {
                skipped.entry(needs).or_default().insert(address);
            }
        }
        for (cause, addresses) in skipped {
            let said = run.all();
            let list = said.split(&format!("skipped because of {cause}: ")).nth(1);
            let list = list.ok_or_else(|| format!("no summary of what {cause} is needed for"))?;
            // Names part words by commas, and the last one ends without.
            let mut named = BTreeSet::new();
            for word in list.split(' ') {
                named.insert(word.trim_end_matches(','));
                if !word.ends_with(',') {
                    break;
                }
            }
            if named != addresses {
                return Err(format!(
                    "because of {cause}: {addresses:?}, and summed up {named:?}"
                ));
            }
        }
        Ok(())
    }

    /// The exit code says how far it came, and a refusal is never passed over in silence.
    fn has_code(&self, run: &Output, refused: &str) -> Result<(), String> {
        let failed = |end: &End| *end == End::Failed;
        let failures = self.ended.iter().any(|(.., end)| failed(end));
        let anything = self.ended.iter().any(|(.., end)| *end == End::Done);
        let wanted = match (failures, anything) {
            (true, true) => 4,
            (true, false) => 1,
            (false, _) => 0,
        };
        let named = run.all().contains(refused);
        if run.code == wanted && (named || !failures) {
            return Ok(());
        }
        Err(format!("exit code {}, not {wanted}", run.code))
    }
}
