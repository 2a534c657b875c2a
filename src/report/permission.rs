//! Who forbids a call, and the IAM statement that a caller lacks: read out of AWS's own message.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::aws::AwsError;

/// A call that the caller may not make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Denial {
    /// The action it misses, which need not be the operation (`iam:PassRole`).
    pub(super) action: String,
    /// The resource it is for, `*` where AWS does not say.
    pub(super) resource: String,
    /// What forbids it.
    pub(super) by: By,
}

/// What forbids a call, each with the sort of policy as AWS calls it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    /// No policy of this sort allows it.
    NoAllow(String),
    /// A policy of this sort denies it, perhaps with its ARN.
    Deny(String, Option<String>),
}

/// The sort of policy that a caller's own permissions stand in.
const OWN: &str = "identity-based policy";

impl Denial {
    /// Reads AWS's message.
    pub(super) fn of(error: &AwsError) -> Self {
        let message = error.message();
        let word = |word: &str| {
            let rest = message.split_once(word)?.1.trim_start();
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            rest.get(..end)
                .map(|text| text.trim_end_matches(['.', ',']).to_owned())
        };
        let action = word("perform:").filter(|action| action.contains(':'));
        let resource = word("on resource:").filter(|resource| resource.starts_with("arn:"));
        Self {
            action: action.unwrap_or_else(|| error.operation().to_owned()),
            resource: resource.unwrap_or_else(|| "*".to_owned()),
            by: By::of(message),
        }
    }
}

impl By {
    fn of(message: &str) -> Self {
        if let Some((_, rest)) = message.split_once("with an explicit deny in ") {
            let rest = rest.trim_start_matches("a ").trim_start_matches("an ");
            let arn = rest.find("arn:").and_then(|at| rest.get(at..));
            let arn = arn.and_then(|arn| arn.split_whitespace().next());
            let sort = rest.split([':', '.', ',']).next().unwrap_or(rest).trim();
            let arn = arn.map(|arn| arn.trim_end_matches(['.', ',']).to_owned());
            return Self::Deny(sort.to_owned(), arn);
        }
        if message.contains("explicit deny") {
            return Self::Deny("policy".to_owned(), None);
        }
        let sort = message.split_once("because no ");
        let sort = sort.and_then(|(_, rest)| Some(rest.split_once(" allows")?.0));
        let sort = sort.filter(|sort| keeper(sort).is_some());
        Self::NoAllow(sort.unwrap_or(OWN).to_owned())
    }
}

/// Who can change any other policy.
const ANYBODY: &str = "whoever keeps that policy";

/// Who can change a sort of policy that is not the caller's own.
fn keeper(sort: &str) -> Option<&'static str> {
    let keeper = match sort {
        "service control policy" | "resource control policy" => {
            "whoever administers the AWS organization"
        }
        "permissions boundary" => "whoever sets the caller's permissions boundary",
        "session policy" => "whoever passes the session policy when the role is assumed",
        "VPC endpoint policy" => "whoever keeps the VPC endpoint that the calls go through",
        "resource-based policy" => "whoever keeps the resource",
        _ => return None,
    };
    Some(keeper)
}

/// What to do about these, each thing once.
pub(super) fn hints(denials: &BTreeSet<Denial>) -> Vec<String> {
    let mut missing: BTreeMap<&str, BTreeSet<&Denial>> = BTreeMap::new();
    let mut denied: BTreeMap<(&str, Option<&str>), BTreeSet<&str>> = BTreeMap::new();
    for denial in denials {
        match &denial.by {
            By::NoAllow(sort) => {
                missing.entry(sort.as_str()).or_default().insert(denial);
            }
            By::Deny(sort, arn) => {
                let actions = denied.entry((sort.as_str(), arn.as_deref())).or_default();
                actions.insert(denial.action.as_str());
            }
        }
    }
    let missing = missing.into_iter().map(|(sort, denials)| {
        let text = statements(&denials);
        let (these, allow) = match text.starts_with('[') {
            true => ("these statements", "allow"),
            false => ("this statement", "allows"),
        };
        if sort == OWN {
            return format!("{these} in the caller's IAM policy {allow} it:\n{text}");
        }
        let keeper = keeper(sort).unwrap_or(ANYBODY);
        format!(
            "no {sort} allows it, and permissions of the caller's own do not help: {keeper} has to add {these}:\n{text}"
        )
    });
    let denied = denied.into_iter().map(|((sort, arn), actions)| {
        let actions: Vec<&str> = actions.into_iter().collect();
        let arn = arn.map(|arn| format!(" ({arn})")).unwrap_or_default();
        let a = if sort.starts_with('i') { "an" } else { "a" };
        format!(
            "{a} {sort}{arn} denies {}, and a denial is stronger than any permission: {} has to change it",
            actions.join(", "),
            keeper(sort).unwrap_or(ANYBODY)
        )
    });
    missing.chain(denied).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    effect: &'static str,
    action: Vec<&'a str>,
    resource: Vec<&'a str>,
}

/// The statement that allows all of these; several where the actions are for different resources.
fn statements(denials: &BTreeSet<&Denial>) -> String {
    let mut resources: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for denial in denials {
        let of = resources.entry(denial.action.as_str()).or_default();
        of.insert(denial.resource.as_str());
    }
    let mut actions: BTreeMap<BTreeSet<&str>, Vec<&str>> = BTreeMap::new();
    for (action, mut resources) in resources {
        if resources.contains("*") {
            resources = BTreeSet::from(["*"]);
        }
        actions.entry(resources).or_default().push(action);
    }
    let mut statements: Vec<Statement<'_>> = actions
        .into_iter()
        .map(|(resources, action)| Statement {
            effect: "Allow",
            action,
            resource: resources.into_iter().collect(),
        })
        .collect();
    let text = match statements.as_mut_slice() {
        [one] => serde_json::to_string_pretty(one),
        _ => serde_json::to_string_pretty(&statements),
    };
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denials(messages: &[&str]) -> BTreeSet<Denial> {
        let errors = messages
            .iter()
            .map(|message| AwsError::in_answer("ec2:CreateVpc", "UnauthorizedOperation", message));
        errors.map(|error| Denial::of(&error)).collect()
    }

    #[test]
    fn a_denial_names_action_resource_and_policy() {
        let one = |message| denials(&[message]).pop_first().expect("a denial");
        let denial = one(
            "You are not authorized to perform this operation. User: arn:aws:sts::1:assumed-role/ci/x is not authorized to perform: ec2:CreateVpc on resource: arn:aws:ec2:eu-west-1:1:vpc/* with an explicit deny in a service control policy: arn:aws:organizations::9:policy/o-1/service_control_policy/p-2. Encoded authorization failure message: abc",
        );
        assert_eq!(denial.resource, "arn:aws:ec2:eu-west-1:1:vpc/*");
        let arn = "arn:aws:organizations::9:policy/o-1/service_control_policy/p-2".to_owned();
        assert_eq!(
            denial.by,
            By::Deny("service control policy".to_owned(), Some(arn))
        );
        let denial = one(
            "User: x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/r because no permissions boundary allows the iam:PassRole action",
        );
        assert_eq!(denial.action, "iam:PassRole");
        assert_eq!(denial.by, By::NoAllow("permissions boundary".to_owned()));
        let denial = one("You are not authorized to perform this operation.");
        assert_eq!(
            (denial.action.as_str(), denial.resource.as_str()),
            ("ec2:CreateVpc", "*")
        );
        assert_eq!(denial.by, By::NoAllow(OWN.to_owned()));
    }

    #[test]
    fn each_sort_of_policy_has_its_keeper() {
        let hints = hints(&denials(&[
            "User: x is not authorized to perform: ec2:CreateVpc with an explicit deny in a service control policy",
            "User: x is not authorized to perform: ec2:CreateTags with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/no",
            "User: x is not authorized to perform: rds:CreateDBCluster on resource: arn:aws:rds:eu-west-1:1:cluster:k because no permissions boundary allows the rds:CreateDBCluster action",
        ]));
        insta::assert_snapshot!(hints.join("\n"), @r#"
        no permissions boundary allows it, and permissions of the caller's own do not help: whoever sets the caller's permissions boundary has to add this statement:
        {
          "Effect": "Allow",
          "Action": [
            "rds:CreateDBCluster"
          ],
          "Resource": [
            "arn:aws:rds:eu-west-1:1:cluster:k"
          ]
        }
        an identity-based policy (arn:aws:iam::1:policy/no) denies ec2:CreateTags, and a denial is stronger than any permission: whoever keeps that policy has to change it
        a service control policy denies ec2:CreateVpc, and a denial is stronger than any permission: whoever administers the AWS organization has to change it
        "#);
    }

    #[test]
    fn actions_are_allowed_for_their_own_resources_only() {
        let hints = hints(&denials(&[
            "User: x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/a because no identity-based policy allows the iam:PassRole action",
            "User: x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/b because no identity-based policy allows the iam:PassRole action",
            "User: x is not authorized to perform: ec2:DescribeVpcs because no identity-based policy allows the ec2:DescribeVpcs action",
        ]));
        insta::assert_snapshot!(hints.join("\n"), @r#"
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
              "arn:aws:iam::1:role/a",
              "arn:aws:iam::1:role/b"
            ]
          }
        ]
        "#);
    }
}
