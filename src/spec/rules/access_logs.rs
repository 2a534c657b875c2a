//! How long what lies in the bucket for logs stays.

use super::at;
use crate::spec::model::StackSpec;
use crate::spec::problem::{Problem, Problems};

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let access = spec.ingress.access_logs.retention_days;
    let path = "ingress.access_logs.retention_days";
    check_days(path, "access logs", access, out);
    let archive = spec.logs.archive.retention_days;
    let path = "logs.archive.retention_days";
    check_days(path, "archived logs", archive, out);
}

fn check_days(path: &str, what: &str, days: u32, out: &mut Problems) {
    let most = i32::MAX.unsigned_abs();
    if !(1..=most).contains(&days) && out.sound(&[path]) {
        out.add(
            Problem::new(
                "access-log-retention",
                at(path),
                format!("{what} cannot be kept {days} days"),
            )
            .because("S3 deletes what is one day old or older, and counts in 31 bits")
            .fix("write a number of days, such as `90`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "ingress: {access_logs: {enabled: true}}",
            "ingress: {access_logs: {enabled: true, retention_days: 1}}",
            "logs: {archive: {enabled: true, retention_days: 1}}",
            "ingress: {access_logs: {enabled: true}}\nnames: {access_logs_bucket: our-logs-of-2026}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "ingress: {access_logs: {enabled: true, retention_days: 0}}",
            "access-log-retention ingress.access_logs.retention_days: access logs cannot be kept 0 days",
        ),
        (
            "logs: {archive: {enabled: true, retention_days: 0}}",
            "access-log-retention logs.archive.retention_days: archived logs cannot be kept 0 days",
        ),
        (
            "ingress: {access_logs: {enabled: yes}}",
            "wrong-type ingress.access_logs.enabled: `true` or `false` belongs here, not the text `yes`",
        ),
        (
            "ingress: {access_logs: {bucket: mine}}",
            "unknown-key ingress.access_logs.bucket: unknown key `bucket`",
        ),
        (
            "names: {access_logs_bucket: Logs}",
            "name-form names.access_logs_bucket: `Logs` has capitals, which no bucket has",
        ),
        (
            "names: {access_logs_bucket: our.logs}",
            "name-form names.access_logs_bucket: `our.logs` has characters that are not allowed there",
        ),
        (
            "names: {access_logs_bucket: xn--logs}",
            "name-form names.access_logs_bucket: `xn--logs` begins or ends as only S3's own names do",
        ),
        (
            "names: {access_logs_bucket: ab}",
            "name-form names.access_logs_bucket: `ab` has less than three characters",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
