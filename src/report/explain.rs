//! What to do about an error of AWS or of a step.
//!
//! Knows classes and codes of errors, not kinds: what only one sort of resource can fail with explains itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::permission::{Denial, hints};
use super::quota;
use crate::aws::{AwsError, Class};
use crate::resource::Error;

/// What an explanation may need to name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Surroundings {
    /// The endpoint used instead of AWS's own.
    pub(crate) endpoint: Option<String>,
    /// The region.
    pub(crate) region: String,
    /// The profile named on the command line.
    pub(crate) profile: Option<String>,
    /// Whether AWS is simulated.
    pub(crate) sandbox: bool,
    /// What quotas are in this account, by their codes, as far as AWS has told.
    pub(crate) quotas: BTreeMap<&'static str, f64>,
}

/// Errors, each said once, and what to do about them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Explanation {
    /// What was refused.
    pub(crate) causes: Vec<String>,
    /// What to do.
    pub(crate) hints: Vec<String>,
}

/// Says what went wrong and what to do about it, each thing once.
pub(crate) fn explain<'a>(
    errors: impl IntoIterator<Item = &'a Error>,
    around: &Surroundings,
) -> Explanation {
    let mut explanation = Explanation::default();
    let mut causes: Vec<Cause<'_>> = Vec::new();
    let mut denied = BTreeSet::new();
    for error in errors {
        match causes.iter_mut().find(|cause| cause.is_like(error)) {
            Some(cause) => cause.add(error),
            None => causes.push(Cause {
                error,
                others: BTreeSet::new(),
            }),
        }
        match error.aws() {
            Some(aws) if aws.class() == Class::Denied => {
                denied.insert(Denial::of(aws));
            }
            _ => explanation.add(hint(error, around)),
        }
    }
    explanation.causes = causes.iter().map(ToString::to_string).collect();
    for hint in hints(&denied) {
        explanation.add(Some(hint));
    }
    explanation
}

/// An error, and the other calls that failed in the same words.
struct Cause<'a> {
    error: &'a Error,
    others: BTreeSet<&'static str>,
}

impl<'a> Cause<'a> {
    fn is_like(&self, other: &Error) -> bool {
        match (self.error.aws(), other.aws()) {
            (Some(one), Some(other)) => {
                one.code() == other.code() && one.message() == other.message()
            }
            _ => self.error.to_string() == other.to_string(),
        }
    }

    fn add(&mut self, other: &'a Error) {
        let first = self.error.aws().map(AwsError::operation);
        let operation = other.aws().map(AwsError::operation);
        self.others
            .extend(operation.filter(|operation| first != Some(*operation)));
    }
}

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.error.to_string();
        match self.error.aws() {
            // The SDK lists every place it has looked; the hint says what to do about it.
            Some(error) if error.code() == "NoCredentials" => {
                f.write_str(
                    text.lines()
                        .next()
                        .unwrap_or_default()
                        .trim_end_matches(" Attempted:"),
                )?;
            }
            _ => f.write_str(&text)?,
        }
        if let Some(id) = self.error.aws().and_then(AwsError::request_id) {
            write!(f, " (request {id})")?;
        }
        if self.others.is_empty() {
            return Ok(());
        }
        let others: Vec<&str> = self.others.iter().copied().collect();
        write!(f, "\nand so did {}", others.join(", "))
    }
}

impl Explanation {
    fn add(&mut self, hint: Option<String>) {
        self.hints
            .extend(hint.filter(|hint| !self.hints.contains(hint)));
    }
}

fn hint(error: &Error, around: &Surroundings) -> Option<String> {
    match error {
        Error::Aws(error) => aws_hint(error, around),
        Error::TimedOut { .. } => Some(
            "it may still get there: run the same command again, which goes on waiting, or look at it in the AWS console"
                .to_owned(),
        ),
        Error::Ambiguous { .. } => Some(
            "find out which one is in use, and delete the other or take its `kongstack:` tags off"
                .to_owned(),
        ),
        Error::Unresolved { .. } | Error::Incomplete { .. } | Error::Internal(_) => Some(
            "this should not happen: please report it, with what the same command prints with -vv"
                .to_owned(),
        ),
        Error::Failed { .. } | Error::Interrupted { .. } | Error::Lookup { .. } => None,
    }
}

fn aws_hint(error: &AwsError, around: &Surroundings) -> Option<String> {
    let text = match error.class() {
        Class::Credentials => return Some(credentials_hint(error, around)),
        Class::Throttled => {
            "AWS wants fewer calls: run it again, perhaps with a lower --parallelism"
        }
        Class::Quota => return Some(quota::hint(error, around)),
        Class::Unclear => {
            "no clear answer came: run the same command again, it finds out what was done and makes nothing twice"
        }
        Class::Unreachable => return Some(unreachable_hint(error, around)),
        // What is denied is told together, by its policies.
        Class::Denied | Class::Refused => return None,
    };
    Some(text.to_owned())
}

fn credentials_hint(error: &AwsError, around: &Surroundings) -> String {
    let text = format!("{} {}", error.code(), error.message()).to_lowercase();
    let profile = around.profile.as_ref();
    let with_profile = profile
        .map(|one| format!(" --profile {one}"))
        .unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["sso", "expired", "requestexpired"]) {
        return format!(
            "the credentials have run out: get new ones (`aws sso login{with_profile}` where they come from IAM Identity Center) and run it again"
        );
    }
    if error.code() == "NoCredentials" {
        return match profile {
            Some(profile) => format!(
                "look at the profile `{profile}` in ~/.aws/config and ~/.aws/credentials; `aws sts get-caller-identity --profile {profile}` must work"
            ),
            None => "name a profile (--profile, AWS_PROFILE), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or try it out with --sandbox, which needs no account".to_owned(),
        };
    }
    if has(&["scoped to a valid region"]) {
        return format!(
            "there is no region `{}` at this endpoint: look at `region` in the spec and --region",
            around.region
        );
    }
    if has(&["signature", "requesttimetooskewed"]) {
        return "the secret key does not fit the access key, or this machine's clock is wrong"
            .to_owned();
    }
    format!(
        "AWS does not know these credentials; a region that must first be enabled for the account, as {} may be, knows none either",
        around.region
    )
}

fn unreachable_hint(error: &AwsError, around: &Surroundings) -> String {
    if around.sandbox {
        return "the sandbox has gone away: `kongstack sandbox start` starts it again".to_owned();
    }
    if let Some(endpoint) = &around.endpoint {
        return format!(
            "nothing answers at {endpoint}, which the AWS configuration names as the endpoint (AWS_ENDPOINT_URL or endpoint_url)"
        );
    }
    let names = ["dns error", "failed to lookup"];
    if names.iter().any(|word| error.message().contains(word)) {
        return format!(
            "check that this machine resolves names, and that `{}` is a region",
            around.region
        );
    }
    format!(
        "check that this machine reaches the AWS endpoints of {}",
        around.region
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(operation: &'static str, code: &str, message: &str) -> Error {
        AwsError::in_answer(operation, code, message).into()
    }

    #[test]
    fn denied_actions_become_one_statement() {
        let errors = [
            aws(
                "ec2:DescribeVpcs",
                "UnauthorizedOperation",
                "You are not authorized to perform this operation.",
            ),
            aws(
                "ecs:CreateService",
                "AccessDeniedException",
                "User: x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/r because no policy allows it",
            ),
            aws(
                "ec2:DescribeVpcs",
                "UnauthorizedOperation",
                "You are not authorized to perform this operation.",
            ),
        ];
        let explanation = explain(&errors, &Surroundings::default());
        assert_eq!(explanation.causes.len(), 2);
        insta::assert_snapshot!(explanation.hints.join("\n"), @r#"
        these statements in the caller's IAM policy allow it:
        [
          {
            "Effect": "Allow",
            "Action": [
              "ec2:DescribeVpcs"
            ],
            "Resource": [
              "*"
            ]
          },
          {
            "Effect": "Allow",
            "Action": [
              "iam:PassRole"
            ],
            "Resource": [
              "arn:aws:iam::1:role/r"
            ]
          }
        ]
        "#);
    }

    #[test]
    fn calls_that_fail_alike_are_told_together() {
        let calls = [
            "ec2:DescribeVpcs",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ];
        let errors = calls.map(|call| aws(call, "InternalError", "try again"));
        let causes = explain(&errors, &Surroundings::default()).causes.join("\n");
        insta::assert_snapshot!(causes, @r"
        ec2:DescribeVpcs: InternalError: try again
        and so did ec2:DescribeSubnets
        ");
    }

    #[test]
    fn an_explicit_deny_gets_no_statement() {
        let error = aws(
            "ec2:CreateVpc",
            "AccessDenied",
            "not authorized, with an explicit deny in a policy",
        );
        let explanation = explain([&error], &Surroundings::default());
        assert!(
            explanation
                .hints
                .iter()
                .all(|hint| !hint.contains("Effect")),
            "{explanation:?}"
        );
    }

    #[test]
    fn credentials_are_explained_by_what_is_wrong_with_them() {
        let hint = |code: &str, profile: Option<&str>| {
            let around = Surroundings {
                region: "me-south-1".to_owned(),
                profile: profile.map(str::to_owned),
                ..Surroundings::default()
            };
            explain([&aws("sts:GetCallerIdentity", code, "")], &around)
                .hints
                .join("\n")
        };
        assert!(hint("ExpiredToken", Some("dev")).contains("aws sso login --profile dev"));
        assert!(hint("InvalidClientTokenId", None).contains("me-south-1"));
        assert!(hint("SignatureDoesNotMatch", None).contains("clock"));
    }
}
