//! The IAM statement that a caller lacks.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::aws::AwsError;

/// An action and the resource it is for.
pub(super) type Wanted = (String, String);

/// AWS's message names the action it misses, which need not be the operation (`iam:PassRole`), and often the resource.
pub(super) fn wanted(error: &AwsError) -> Wanted {
    let after = |word: &str| {
        let rest = error.message().split_once(word)?.1.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest.get(..end)
            .map(|text| text.trim_end_matches(['.', ',']).to_owned())
    };
    let action = after("perform:").filter(|action| action.contains(':'));
    let resource = after("on resource:").filter(|resource| resource.starts_with("arn:"));
    (
        action.unwrap_or_else(|| error.operation().to_owned()),
        resource.unwrap_or_else(|| "*".to_owned()),
    )
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    effect: &'static str,
    action: Vec<&'a str>,
    resource: Vec<&'a str>,
}

/// The statement that allows all of these.
pub(super) fn statement(denied: &BTreeSet<Wanted>) -> String {
    let action: BTreeSet<&str> = denied.iter().map(|(action, _)| action.as_str()).collect();
    let mut resource: BTreeSet<&str> = denied
        .iter()
        .map(|(_, resource)| resource.as_str())
        .collect();
    if resource.contains("*") {
        resource = BTreeSet::from(["*"]);
    }
    let statement = Statement {
        effect: "Allow",
        action: action.into_iter().collect(),
        resource: resource.into_iter().collect(),
    };
    serde_json::to_string_pretty(&statement).unwrap_or_default()
}
