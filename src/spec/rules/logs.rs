//! How long log lines stay.

use super::{at, joined, nearest};
use crate::spec::model::StackSpec;
use crate::spec::problem::{Problem, Problems};

/// Days that CloudWatch Logs can keep a line.
const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let days = spec.logs.retention_days;
    if !RETENTIONS.contains(&days) {
        let near = nearest(days, RETENTIONS.into_iter());
        out.add(
            Problem::new(
                "log-retention",
                at("logs.retention_days"),
                format!("logs cannot be kept {days} days"),
            )
            .because(format!(
                "CloudWatch Logs knows these only: {}",
                joined(RETENTIONS.into_iter())
            ))
            .fix(format!("write `{near}`")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "logs: {retention_days: 3653}",
            "logs:\n  # retention_days: 3\n",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "logs: {retention_days: 8}",
            "log-retention logs.retention_days: logs cannot be kept 8 days",
        ),
        (
            "logs: {retention_days: -1}",
            "wrong-type logs.retention_days: a whole number belongs here, not the number -1",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
