//! What a web ACL writes down of the requests it looks at, and where.
//!
//! It has no name, no tags and no ARN: how a web ACL of the stack's logs is the stack's to say, whoever said something else
//! meanwhile. WAF lets itself into the log group, by a policy that it makes in the name of whoever asks ("Sending web ACL
//! traffic logs to a CloudWatch Logs log group" in WAF's developer guide).

use aws_sdk_wafv2::types::LoggingConfiguration as SdkLogging;
use futures::future::try_join_all;

use super::calls::{ABSENT, CHANGED};
use super::log_form::{self, field, filter, header, line, to_sdk};
use super::web_acl::WebAcl;
use crate::aws::{AwsError, Class, Clients, OrAbsent, failed};
use crate::kinds::leftover::leftover;
use crate::resource::{
    Address, Arn, Diff, Effect, Error, Found, Kind, Observer, Output, Outputs, Patience, Ref,
    References, Resolve, Step, Wanted,
};

/// What WAF answers while the web ACL or the log group is new to it, or the call before this one is not done with yet.
const NOT_YET: &[&str] = &[
    "WAFUnavailableEntityException",
    "WAFNonexistentItemException",
    "WAFServiceLinkedRoleErrorException",
    REFUSED_BY_LOGS,
];

/// What WAF answers where it cannot let itself into the log group: for a moment after that was made, or for good.
const REFUSED_BY_LOGS: &str = "WAFLogDestinationPermissionIssueException";

/// WAF's copies agree within a minute or two.
const DELIVERED: Patience = Patience::seconds(5, 15, 180);

/// How a web ACL logs.
#[derive(Debug)]
pub(crate) struct LoggingConfiguration;

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggingDesired {
    /// The web ACL.
    pub(crate) acl: Ref<Arn>,
    /// The log group, whose name begins as WAF insists on.
    pub(crate) group: Ref<Arn>,
    /// Whether every request is kept, or those only that a rule refused or counted.
    pub(crate) everything: bool,
    /// Headers, in lower case, of which only the name is kept.
    pub(crate) redacted: Vec<&'static str>,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggingLive {
    acl: Arn,
    /// Without the `:*` that ARNs of log groups may end with.
    group: Arn,
    /// What is kept and what is not, where not everything is.
    filter: Option<String>,
    redacted: Vec<String>,
}

impl LoggingConfiguration {
    /// Where the logging of the web ACL at `acl` stands in the stack.
    #[must_use]
    pub(crate) fn at(acl: &Address) -> Address {
        Address::new(acl.layer(), &format!("{}-logging", acl.name()))
    }
}

impl Kind for LoggingConfiguration {
    const TYPE: &'static str = "AWS::WAFv2::LoggingConfiguration";
    const NOUN: &'static str = "logging configuration";

    type Desired = LoggingDesired;
    type Live = LoggingLive;

    fn references(desired: &LoggingDesired) -> References {
        References::none().to(&desired.acl).to(&desired.group)
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<LoggingLive>>, Error> {
        let mut current = Vec::new();
        for one in wanted {
            current.extend(cx.output(&one.desired.acl).await?);
        }
        // A web ACL that is being replaced stands beside its successor, and logs as well.
        let mut acls = cx.live::<WebAcl>().await?;
        acls.sort_by_key(|(_, live)| !current.iter().any(|arn| arn.as_str() == live.item.arn));
        let read = acls
            .iter()
            .map(|(_, live)| read(cx.clients(), &live.item.arn));
        let read = try_join_all(read).await?;
        let mut found = Vec::new();
        for ((acl, _), live) in acls.iter().zip(read) {
            if let Some(live) = live {
                found.push(leftover(&found, Self::at(acl), live));
            }
        }
        Ok(found)
    }

    fn id(live: &LoggingLive) -> String {
        shown(&live.acl, &live.group)
    }

    fn outputs(_live: &LoggingLive) -> Outputs {
        Outputs::default()
    }

    fn uses(live: &LoggingLive) -> Vec<String> {
        vec![live.acl.to_string(), name_of(&live.group).to_owned()]
    }

    fn diff(desired: &LoggingDesired, live: &LoggingLive, outputs: &dyn Resolve) -> Diff {
        let LoggingDesired {
            acl,
            group,
            everything,
            redacted,
        } = desired;
        let mut diff = Diff::new();
        let moved = Effect::Replace("how a web ACL logs stays with it");
        diff.reference("resource_arn", acl, &live.acl, outputs, moved);
        let in_place = Effect::InPlace;
        diff.reference("log_destination", group, &live.group, outputs, in_place);
        let filter = match filter(*everything) {
            Ok(filter) => filter.as_ref().map(line),
            Err(error) => Some(error.to_string()),
        };
        diff.optional("logging_filter", filter.as_ref(), live.filter.as_ref());
        let redacted: Vec<String> = redacted.iter().map(|name| header(name)).collect();
        diff.set("redacted_fields", &redacted, &live.redacted, in_place);
        diff
    }

    async fn create(cx: &Step, desired: &LoggingDesired) -> Result<Outputs, Error> {
        put(cx, desired).await
    }

    async fn update(
        cx: &Step,
        desired: &LoggingDesired,
        _live: &LoggingLive,
        _diff: &Diff,
    ) -> Result<Outputs, Error> {
        put(cx, desired).await
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&LoggingDesired>,
        live: &LoggingLive,
    ) -> Result<Vec<String>, Error> {
        let what = format!("the end of the logs to {}", name_of(&live.group));
        cx.retry(&what, DELIVERED, CHANGED, || async {
            let call = cx.clients().waf().delete_logging_configuration();
            let gone = call.resource_arn(live.acl.as_str()).send().await;
            let gone = gone.map_err(failed("wafv2:DeleteLoggingConfiguration"));
            gone.or_absent(ABSENT).map(|_| ())
        })
        .await?;
        Ok(Vec::new())
    }
}

fn shown(acl: &Arn, group: &Arn) -> String {
    format!("{acl} to {}", name_of(group))
}

/// The name in a log group's ARN; of anything else that logs can go to, the whole ARN.
fn name_of(group: &Arn) -> &str {
    let group = group.as_str();
    group
        .split_once(":log-group:")
        .map_or(group, |(_, name)| name)
}

async fn read(clients: &Clients, acl: &str) -> Result<Option<LoggingLive>, AwsError> {
    let call = clients.waf().get_logging_configuration();
    let answer = call.resource_arn(acl).send().await;
    let answer = answer
        .map_err(failed("wafv2:GetLoggingConfiguration"))
        .or_absent(ABSENT)?;
    let logging = answer.and_then(|answer| answer.logging_configuration);
    Ok(logging.map(|logging| from_sdk(acl, &logging)))
}

fn from_sdk(acl: &str, logging: &SdkLogging) -> LoggingLive {
    LoggingLive {
        acl: Arn::new(acl),
        group: Arn::new(log_form::destination(logging)),
        filter: logging.logging_filter().map(line),
        redacted: logging.redacted_fields().iter().map(field).collect(),
    }
}

/// Putting again what is there changes nothing, and the whole is put each time.
async fn put(cx: &Step, desired: &LoggingDesired) -> Result<Outputs, Error> {
    let (acl, group) = (cx.get(&desired.acl)?, cx.get(&desired.group)?);
    let logging = to_sdk(desired, &acl, &group);
    let logging = logging.map_err(|error| Error::Internal(error.to_string()))?;
    let what = format!("WAF's way into {}", name_of(&group));
    let not_yet = [CHANGED, NOT_YET].concat();
    let done = cx.retry(&what, DELIVERED, &not_yet, || async {
        let call = cx.clients().waf().put_logging_configuration();
        let done = call.logging_configuration(logging.clone()).send().await;
        done.map_err(failed("wafv2:PutLoggingConfiguration"))
    });
    done.await.map_err(|error| explained(error, &what))?;
    cx.made(&shown(&acl, &group));
    Ok(Outputs::default())
}

/// Says what WAF does not: it acts in the caller's name, and names neither the call that failed nor what stands in its way.
fn explained(error: Error, what: &str) -> Error {
    let needed = "WAF lets itself into the group in the caller's name: that takes logs:CreateLogDelivery, \
                  logs:PutResourcePolicy, logs:DescribeResourcePolicies and logs:DescribeLogGroups, as \
                  iam-policy-options.json and iam-policy-plan.json allow them";
    let room = "it takes room for one more policy too: CloudWatch Logs keeps 10 in a region of an account, of 5,120 \
                characters each; `aws logs describe-resource-policies` shows them";
    match error {
        Error::TimedOut {
            what, state, after, ..
        } if state.contains(REFUSED_BY_LOGS) => Error::TimedOut {
            what,
            state,
            after,
            detail: vec![needed.to_owned(), room.to_owned()],
        },
        // Where the caller lacks WAF's own action, the message names it.
        Error::Aws(error) if error.class() == Class::Denied && !names_action(&error) => {
            Error::Failed {
                what: what.to_owned(),
                state: format!("failed: {}: {}", error.code(), error.message()),
                detail: vec![needed.to_owned()],
            }
        }
        other => other,
    }
}

fn names_action(error: &AwsError) -> bool {
    error.message().contains("to perform:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    const GROUP: &str = "arn:aws:logs:eu-west-1:1:log-group:aws-waf-logs-gw";

    fn desired() -> LoggingDesired {
        LoggingDesired {
            acl: Ref::Literal(Arn::new("acl")),
            group: Ref::Literal(Arn::new(GROUP)),
            everything: false,
            redacted: vec!["apikey", "cookie"],
        }
    }

    /// What WAF would answer after that was put.
    fn live(desired: &LoggingDesired, group: &str) -> LoggingLive {
        let logging = to_sdk(desired, &Arn::new("acl"), &Arn::new(group));
        from_sdk("acl", &logging.expect("a configuration"))
    }

    #[test]
    fn what_was_put_differs_in_nothing() {
        let same = live(&desired(), &format!("{GROUP}:*"));
        assert!(LoggingConfiguration::diff(&desired(), &same, &Nothing).is_empty());
        assert_eq!(
            same.filter.as_deref(),
            Some("KEEP what MEETS_ANY of BLOCK, COUNT, EXCLUDED_AS_COUNT, else DROP")
        );
        assert_eq!(
            LoggingConfiguration::uses(&same),
            ["acl", "aws-waf-logs-gw"]
        );
    }

    #[test]
    fn everything_but_the_web_acl_is_changed_in_place() {
        let mut other = desired();
        other.everything = true;
        other.redacted.pop();
        let have = live(
            &other,
            "arn:aws:logs:eu-west-1:1:log-group:aws-waf-logs-other",
        );
        let diff = LoggingConfiguration::diff(&desired(), &have, &Nothing);
        for field in ["log_destination", "logging_filter", "redacted_fields"] {
            assert!(diff.has(field), "{field} in {diff:?}");
        }
        assert_eq!(diff.replacing().count(), 0);
        let mut moved = desired();
        moved.acl = Ref::Literal(Arn::new("another"));
        let diff = LoggingConfiguration::diff(&moved, &live(&desired(), GROUP), &Nothing);
        assert_eq!(diff.replacing().count(), 1);
    }

    #[test]
    fn a_refusal_that_names_no_action_is_explained() {
        let refused = |message: &str| {
            let call = "wafv2:PutLoggingConfiguration";
            let error = AwsError::in_answer(call, "AccessDeniedException", message);
            explained(error.into(), "WAF's way into g").to_string()
        };
        let said = refused("You don't have the permissions that are required.");
        assert!(said.contains("logs:CreateLogDelivery"), "{said}");
        let said = refused("not authorized to perform: wafv2:PutLoggingConfiguration");
        assert!(!said.contains("logs:CreateLogDelivery"), "{said}");
    }
}
