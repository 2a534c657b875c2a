//! How long log lines stay, and whether that is long enough to archive them.

use super::{at, joined, nearest};
use crate::spec::model::StackSpec;
use crate::spec::problem::{Problem, Problems};

/// Days that CloudWatch Logs can keep a line.
const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let flow_logs = &spec.network.flow_logs;
    check_days("logs.retention_days", spec.logs.retention_days, out);
    check_days(
        "network.flow_logs.retention_days",
        flow_logs.retention_days,
        out,
    );
    let waf = spec.ingress.waf.as_ref();
    if let Some(days) = waf.and_then(|waf| waf.logs.retention_days) {
        check_days("ingress.waf.logs.retention_days", days, out);
    }
    check_archive(spec, out);
}

/// The least that a group can keep and be archived: its day is exported up to 38 hours after its first line, and
/// CloudWatch Logs knows nothing between one day and three.
const ARCHIVED: u32 = 3;

/// What is gone before it is exported would be missing in the archive, and nothing would say so.
fn check_archive(spec: &StackSpec, out: &mut Problems) {
    if !spec.logs.archive.enabled {
        return;
    }
    let flow_logs = &spec.network.flow_logs;
    let flow_logs = flow_logs.enabled.then_some(flow_logs.retention_days);
    let waf = spec.ingress.waf.as_ref().filter(|waf| waf.logs.enabled);
    let waf = waf.and_then(|waf| waf.logs.retention_days);
    let kept = [
        ("logs.retention_days", Some(spec.logs.retention_days)),
        ("network.flow_logs.retention_days", flow_logs),
        ("ingress.waf.logs.retention_days", waf),
    ];
    for (path, days) in kept {
        let Some(days) = days.filter(|days| *days < ARCHIVED && out.sound(&[path])) else {
            continue;
        };
        out.add(
            Problem::new(
                "log-archive-short",
                at(path),
                format!("lines that are kept {days} day are gone before they are archived"),
            )
            .because("each afternoon the day before is archived, whose first lines are then more than a day old")
            .fix(format!("write `{ARCHIVED}` or more")),
        );
    }
}

fn check_days(path: &str, days: u32, out: &mut Problems) {
    if !RETENTIONS.contains(&days) {
        let near = nearest(days, RETENTIONS.into_iter());
        out.add(
            Problem::new(
                "log-retention",
                at(path),
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
            "logs: {retention_days: 3, archive: {enabled: true}}",
            "logs: {retention_days: 1, archive: {retention_days: 30}}",
            "logs: {archive: {enabled: true}}\nnetwork: {flow_logs: {retention_days: 1}}",
            "network: {flow_logs: {enabled: true, traffic: reject, retention_days: 1}}",
            "ingress: {waf: {logs: {keep: all, retention_days: 400}}}",
            "ingress: {waf: {logs: {enabled: false}}}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "logs: {retention_days: 8}",
            "log-retention logs.retention_days: logs cannot be kept 8 days",
        ),
        (
            "network: {flow_logs: {enabled: true, retention_days: 2}}",
            "log-retention network.flow_logs.retention_days: logs cannot be kept 2 days",
        ),
        (
            "network: {flow_logs: {enabled: true, traffic: none}}",
            "unknown-value network.flow_logs.traffic: unknown value `none`",
        ),
        (
            "ingress: {waf: {logs: {retention_days: 10}}}",
            "log-retention ingress.waf.logs.retention_days: logs cannot be kept 10 days",
        ),
        (
            "ingress: {waf: {logs: {keep: none}}}",
            "unknown-value ingress.waf.logs.keep: unknown value `none`",
        ),
        (
            "logs: {retention_days: 1, archive: {enabled: true}}",
            "log-archive-short logs.retention_days: lines that are kept 1 day are gone before they are archived",
        ),
        (
            "logs: {archive: {enabled: true}}\nnetwork: {flow_logs: {enabled: true, retention_days: 1}}",
            "log-archive-short network.flow_logs.retention_days: lines that are kept 1 day are gone before they are archived",
        ),
        (
            "logs: {archive: {bucket: mine}}",
            "unknown-key logs.archive.bucket: unknown key `bucket`",
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
