//! What came of the checks on a stack: for people, for programs, and for pipelines that read JUnit's XML.

use std::time::SystemTime;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::style::{DONE, ERROR, FAINT, HINT, STRONG, paint};
use super::wrap::hang;
use crate::operate::verify::{Check, Finding, Tally};

/// The version of the JSON: fields may be added within it, none change their meaning.
const VERSION: u32 = 1;

/// Columns for what came of a check and for its name.
const OUTCOME: usize = 13;
const NAME: usize = 15;

/// What came of the checks.
#[derive(Debug)]
pub(crate) struct Verified<'a> {
    /// The stack's name.
    pub(crate) stack: &'a str,
    /// Its region.
    pub(crate) region: &'a str,
    /// When checking began.
    pub(crate) begun: SystemTime,
    /// The findings.
    pub(crate) tally: &'a Tally,
}

/// How many checks came out how.
#[derive(Debug, Default, Serialize)]
struct Counts {
    passed: usize,
    failed: usize,
    not_checked: usize,
}

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    stack: &'a str,
    region: &'a str,
    /// When checking began, RFC 3339.
    at: String,
    #[serde(flatten)]
    counts: Counts,
    checks: Vec<JsonCheck<'a>>,
}

#[derive(Serialize)]
struct JsonCheck<'a> {
    check: &'a str,
    claim: &'a str,
    /// `passed`, `failed` or `not-checked`.
    outcome: &'a str,
    /// What was seen, or why nothing was looked at.
    detail: String,
    /// What to do about a failure.
    fix: Option<&'a str>,
    /// The failed check in whose way it stands.
    needs: Option<&'a str>,
}

impl Verified<'_> {
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, finding) in self.tally.iter() {
            match finding {
                Finding::Passed(_) => counts.passed += 1,
                Finding::Failed { .. } => counts.failed += 1,
                Finding::NotChecked(_) | Finding::Needs(_) => counts.not_checked += 1,
            }
        }
        counts
    }

    /// A line a check, and what to do under those that failed.
    #[must_use]
    pub(crate) fn text(&self, width: usize) -> String {
        let (stack, region) = (self.stack, self.region);
        let mut text = format!("{}\n\n", paint(STRONG, format!("{stack} in {region}")));
        for (check, finding) in self.tally.iter() {
            text += &line(check, finding, width);
        }
        let Counts {
            passed,
            failed,
            not_checked,
        } = self.counts();
        let sum = format!("{passed} passed, {failed} failed, {not_checked} not checked");
        let style = if failed == 0 { DONE } else { ERROR };
        text + &format!("\n{}\n", paint(style, sum))
    }

    /// One JSON object.
    #[must_use]
    pub(crate) fn json(&self) -> String {
        let checks = self.tally.iter().map(|(check, finding)| JsonCheck {
            check: check.name(),
            claim: check.claim(),
            outcome: match finding {
                Finding::Passed(_) => "passed",
                Finding::Failed { .. } => "failed",
                Finding::NotChecked(_) | Finding::Needs(_) => "not-checked",
            },
            detail: detail(finding),
            fix: fix(finding),
            needs: match finding {
                Finding::Needs(root) => Some(root.name()),
                _ => None,
            },
        });
        let json = Json {
            version: VERSION,
            stack: self.stack,
            region: self.region,
            at: humantime::format_rfc3339_seconds(self.begun).to_string(),
            counts: self.counts(),
            checks: checks.collect(),
        };
        // Text and numbers only: nothing of it can fail to be JSON.
        let text = serde_json::to_string_pretty(&json).unwrap_or_default();
        format!("{text}\n")
    }

    /// JUnit's XML: a suite for the stack, a case for each check; what was not checked is skipped.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn junit(&self) -> Result<String, SerializeError> {
        let mut suite = TestSuite::new(format!("{} in {}", self.stack, self.region));
        for (check, finding) in self.tally.iter() {
            let mut status = match finding {
                Finding::Passed(_) => TestCaseStatus::success(),
                Finding::Failed { .. } => TestCaseStatus::non_success(NonSuccessKind::Failure),
                Finding::NotChecked(_) | Finding::Needs(_) => TestCaseStatus::skipped(),
            };
            if !matches!(finding, Finding::Passed(_)) {
                status.set_message(detail(finding));
            }
            if let Some(fix) = fix(finding) {
                status.set_description(fix);
            }
            let mut case = TestCase::new(check.name(), status);
            case.set_classname(format!("kongstack.{}", self.stack));
            suite.add_test_case(case);
        }
        let mut report = Report::new("kongstack verify");
        report.add_test_suite(suite);
        report.to_string()
    }
}

fn line(check: Check, finding: &Finding, width: usize) -> String {
    let (style, word) = match finding {
        Finding::Passed(_) => (DONE, "passed"),
        Finding::Failed { .. } => (ERROR, "failed"),
        Finding::NotChecked(_) | Finding::Needs(_) => (FAINT, "not checked"),
    };
    let indent = OUTCOME + NAME;
    let word = paint(style, format!("{word:<OUTCOME$}"));
    let detail = hang(&detail(finding), width, indent);
    let mut text = format!("{word}{check:<NAME$}{detail}\n");
    if let Some(fix) = fix(finding) {
        let (label, margin) = (paint(HINT, "hint:"), " ".repeat(indent));
        text += &format!("{margin}{label} {}\n", hang(fix, width, indent + 6));
    }
    text
}

fn detail(finding: &Finding) -> String {
    match finding {
        Finding::Passed(text) | Finding::NotChecked(text) => text.clone(),
        Finding::Failed { seen, .. } => seen.clone(),
        Finding::Needs(root) => format!("needs {root}"),
    }
}

fn fix(finding: &Finding) -> Option<&str> {
    match finding {
        Finding::Failed { fix, .. } => fix.as_deref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn sample() -> Tally {
        let mut tally = Tally::new(Check::ALL.into());
        let failed = Finding::Failed {
            seen: "gw.example.com leads to 198.51.100.9, which is <not> the load balancer"
                .to_owned(),
            fix: Some("make gw.example.com an alias or CNAME of lb & nothing else".to_owned()),
        };
        for (check, finding) in [
            (Check::Account, Finding::Passed("123456789012".to_owned())),
            (Check::Dns, failed),
            (Check::Tls, Finding::Needs(Check::Dns)),
            (
                Check::AdminApi,
                Finding::NotChecked(
                    "the address of this machine is not in `admin.allow`".to_owned(),
                ),
            ),
        ] {
            tally.put(check, finding);
        }
        tally
    }

    fn verified(tally: &Tally) -> Verified<'_> {
        Verified {
            stack: "kong-gw",
            region: "eu-west-1",
            begun: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
            tally,
        }
    }

    #[test]
    fn a_line_a_check_and_what_to_do_below() {
        let text = verified(&sample()).text(80);
        let text = anstream::adapter::strip_str(&text).to_string();
        insta::assert_snapshot!(text, @r"
        kong-gw in eu-west-1

        passed       account        123456789012
        failed       dns            gw.example.com leads to 198.51.100.9, which is <not>
                                    the load balancer
                                    hint: make gw.example.com an alias or CNAME of lb &
                                          nothing else
        not checked  tls            needs dns
        not checked  admin-api      the address of this machine is not in `admin.allow`

        1 passed, 1 failed, 2 not checked
        ");
    }

    #[test]
    fn programs_read_words_that_stay() {
        insta::assert_snapshot!(verified(&sample()).json(), @r#"
        {
          "version": 1,
          "stack": "kong-gw",
          "region": "eu-west-1",
          "at": "2027-01-15T08:00:00Z",
          "passed": 1,
          "failed": 1,
          "not_checked": 2,
          "checks": [
            {
              "check": "account",
              "claim": "the credentials are of the spec's account",
              "outcome": "passed",
              "detail": "123456789012",
              "fix": null,
              "needs": null
            },
            {
              "check": "dns",
              "claim": "the public name leads to the load balancer",
              "outcome": "failed",
              "detail": "gw.example.com leads to 198.51.100.9, which is <not> the load balancer",
              "fix": "make gw.example.com an alias or CNAME of lb & nothing else",
              "needs": null
            },
            {
              "check": "tls",
              "claim": "the certificate is trusted, and for longer than 30 days",
              "outcome": "not-checked",
              "detail": "needs dns",
              "fix": null,
              "needs": "dns"
            },
            {
              "check": "admin-api",
              "claim": "the Admin API answers who has the key",
              "outcome": "not-checked",
              "detail": "the address of this machine is not in `admin.allow`",
              "fix": null,
              "needs": null
            }
          ]
        }
        "#);
    }

    #[test]
    fn pipelines_read_the_same_from_xml() {
        let tally = sample();
        let xml = verified(&tally).junit().unwrap();
        let report = Report::deserialize_from_str(&xml).unwrap();
        let suite = &report.test_suites[0];
        assert_eq!(suite.name.as_str(), "kong-gw in eu-west-1");
        assert_eq!((suite.tests, suite.failures), (4, 1));
        let names: Vec<&str> = suite
            .test_cases
            .iter()
            .map(|case| case.name.as_str())
            .collect();
        assert_eq!(names, ["account", "dns", "tls", "admin-api"]);
        let TestCaseStatus::NonSuccess {
            message,
            description,
            ..
        } = &suite.test_cases[1].status
        else {
            panic!("a failure is none: {xml}");
        };
        assert!(
            message.as_ref().unwrap().as_str().contains("<not>"),
            "{xml}"
        );
        assert!(
            description
                .as_ref()
                .unwrap()
                .as_str()
                .contains("lb & nothing")
        );
    }
}
