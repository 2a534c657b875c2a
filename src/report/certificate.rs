//! The cluster certificate, for people and programs.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::style::{HINT, STRONG, paint};
use super::wrap::hang;
use crate::kong::CertificateFacts;
use crate::operate::certificate::{Holders, Plane};
use crate::resource::{Output, SecretVersionId};

/// How many days before its end a certificate is worth a word.
const SOON: i64 = 30;

/// What is shown of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// What it says.
    pub(crate) facts: CertificateFacts,
    /// The version of the secret it is in.
    pub(crate) version: SecretVersionId,
    /// Who holds it.
    pub(crate) holders: Holders,
}

impl Shown {
    /// Whole days from `now` to its end; negative once it is over.
    fn days_left(&self, now: OffsetDateTime) -> i64 {
        (self.facts.not_after - now).whole_days()
    }

    /// Lines for people; `flags` are those that name the stack.
    #[must_use]
    pub(crate) fn as_text(&self, now: OffsetDateTime, flags: &str, width: usize) -> String {
        let Self {
            facts,
            version,
            holders,
        } = self;
        let days = self.days_left(now);
        let left = match days {
            ..=-1 => "expired".to_owned(),
            1 => "1 day left".to_owned(),
            days => format!("{days} days left"),
        };
        let (from, to) = (facts.not_before.date(), facts.not_after.date());
        // 32 pairs of digits are more than a line.
        let (first, second) = facts.fingerprint.split_at(facts.fingerprint.len() / 2 + 1);
        let lines = [
            ("subject", facts.subject.clone()),
            ("SHA-256", first.to_owned()),
            ("", second.to_owned()),
            ("valid", format!("{from} to {to} ({left})")),
            ("version", version.to_string()),
            ("control plane", shown(holders.control_plane)),
            ("data planes", shown(holders.data_planes)),
        ];
        let mut text: String = lines
            .iter()
            .map(|(name, value)| format!("{}  {value}\n", paint(STRONG, format!("{name:<13}"))))
            .collect();
        let mut hint = |what: &str| {
            text += &format!("{} {}\n", paint(HINT, "hint:"), hang(what, width, 6));
        };
        if !holders.have_it_all() {
            hint(&format!(
                "this version is not everywhere yet: `kongstack apply{flags}` goes on with its rollout"
            ));
        }
        if days < SOON {
            hint(&format!(
                "`kongstack cert rotate{flags}` puts a new pair in its place while the gateway serves"
            ));
        }
        text
    }

    /// One JSON object. Times are RFC 3339, UTC.
    #[must_use]
    pub(crate) fn as_json(&self, now: OffsetDateTime) -> String {
        let Self {
            facts,
            version,
            holders,
        } = self;
        let object = json!({
            "subject": facts.subject,
            "sha256": facts.fingerprint,
            "not_before": rfc3339(facts.not_before),
            "not_after": rfc3339(facts.not_after),
            "days_left": self.days_left(now),
            "version_id": version.as_str(),
            "control_plane": plane(holders.control_plane),
            "data_planes": plane(holders.data_planes),
            "rolled_out": holders.have_it_all(),
        });
        format!("{object:#}\n")
    }
}

fn shown(plane: Option<Plane>) -> String {
    match plane {
        None => "there is no service".to_owned(),
        Some(Plane { tasks: 0, .. }) => "no task runs".to_owned(),
        Some(Plane { tasks, holding, .. }) => format!("{holding} of {tasks} hold it"),
    }
}

fn plane(plane: Option<Plane>) -> Value {
    plane.map_or(
        Value::Null,
        |plane| json!({"tasks": plane.tasks, "holding": plane.holding}),
    )
}

fn rfc3339(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    format!(
        "{}T{:02}:{:02}:{:02}Z",
        time.date(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    fn one(holding: usize) -> Shown {
        let plane = |tasks, holding| {
            Some(Plane {
                tasks,
                holding,
                next: true,
            })
        };
        Shown {
            facts: CertificateFacts {
                subject: "CN=kong_clustering".to_owned(),
                fingerprint: ["AB"; 32].join(":"),
                not_before: at(1_800_000_000),
                not_after: at(1_800_000_000 + 1095 * 86400),
            },
            version: SecretVersionId::new("4f3c"),
            holders: Holders {
                control_plane: plane(1, 1),
                data_planes: plane(2, holding),
            },
        }
    }

    #[test]
    fn a_certificate_fits_a_narrow_terminal_and_says_what_to_do() {
        let plain = |shown: &Shown, now| {
            let text = shown.as_text(at(now), " -f x.yaml", 80);
            anstream::adapter::strip_str(&text).to_string()
        };
        let text = plain(&one(2), 1_800_000_000);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        assert!(
            text.contains("2027-01-15 to 2030-01-14 (1095 days left)"),
            "{text}"
        );
        assert!(text.contains("data planes    2 of 2 hold it"), "{text}");
        assert!(!text.contains("hint:"), "{text}");
        let text = plain(&one(1), 1_800_000_000 + 1080 * 86400);
        assert!(text.contains("15 days left") && text.contains("1 of 2 hold it"));
        assert!(text.contains("apply -f x.yaml") && text.contains("cert rotate -f x.yaml"));
        assert!(plain(&one(2), 1_900_000_000).contains("(expired)"));
    }

    #[test]
    fn a_program_reads_the_same() {
        let text = one(1).as_json(at(1_800_000_000));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["not_before"], "2027-01-15T08:00:00Z");
        assert_eq!(value["days_left"], 1095);
        assert_eq!(value["data_planes"]["holding"], 1);
        assert_eq!(value["rolled_out"], false);
    }
}
