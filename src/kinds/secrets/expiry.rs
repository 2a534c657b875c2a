//! The note on a secret of the last day of what it holds, so that whoever looks at it need not read it.
//!
//! The note names the version it is about: a value that was put without a new note does not inherit the old one's.

use time::{Date, Month};

use crate::resource::{Output, SecretVersionId, Tags};

/// The tag with `day version`, or `unknown version` where the value says nothing of its end.
pub(crate) const EXPIRES: &str = "kongstack:expires";

/// What the note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expiry {
    /// The version it is about.
    pub(super) version: SecretVersionId,
    /// Its last day, UTC.
    pub(super) day: Option<Date>,
}

impl Expiry {
    /// The note among a secret's tags.
    pub(super) fn on(tags: &Tags) -> Option<Self> {
        let (day, version) = tags.get(EXPIRES)?.split_once(' ')?;
        Some(Self {
            version: SecretVersionId::new(version),
            day: parse(day),
        })
    }

    /// The last day, if the note is about this version.
    pub(super) fn of(&self, version: &SecretVersionId) -> Option<Date> {
        self.day.filter(|_| self.version == *version)
    }

    /// The note as a tag.
    pub(super) fn tag(&self) -> (&'static str, String) {
        let day = self.day.map(|day| day.to_string());
        let day = day.unwrap_or_else(|| "unknown".to_owned());
        (EXPIRES, format!("{day} {}", self.version))
    }
}

/// The last day that the value of such a tag tells, whichever version it was noted of.
pub(crate) fn last_day(value: &str) -> Option<Date> {
    parse(value.split_once(' ')?.0)
}

fn parse(day: &str) -> Option<Date> {
    let mut parts = day.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month: u8 = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_as_it_was_written() {
        for day in [parse("2029-11-02"), None] {
            let expiry = Expiry {
                version: SecretVersionId::new("0a1b"),
                day,
            };
            let (key, value) = expiry.tag();
            let tags = Tags::live([(Some(key), Some(value))]);
            assert_eq!(Expiry::on(&tags), Some(expiry));
        }
        assert_eq!(parse("2029-02-30"), None);
        assert_eq!(parse("soon"), None);
    }
}
