//! How a web ACL logs: as WAF takes it, and as lines that two can be compared by.

use aws_sdk_wafv2::error::BuildError;
use aws_sdk_wafv2::types::{
    ActionCondition, ActionValue, Condition, FieldToMatch, Filter, FilterBehavior,
    FilterRequirement, LoggingConfiguration as SdkLogging, LoggingFilter, SingleHeader,
};

use super::logging::LoggingDesired;
use crate::resource::{Arn, Output};

/// What a rule has done to a request that is kept where not all are: refused it, or counted it where it would have.
const KEPT: [ActionValue; 3] = [
    ActionValue::Block,
    ActionValue::Count,
    ActionValue::ExcludedAsCount,
];

/// What is put: the whole of it, each time.
pub(super) fn to_sdk(
    desired: &LoggingDesired,
    acl: &Arn,
    group: &Arn,
) -> Result<SdkLogging, BuildError> {
    let mut logging = SdkLogging::builder()
        .resource_arn(acl.as_str())
        .log_destination_configs(group.as_str())
        .set_logging_filter(filter(desired.everything)?);
    for name in &desired.redacted {
        let header = SingleHeader::builder().name(*name).build()?;
        logging = logging.redacted_fields(FieldToMatch::builder().single_header(header).build());
    }
    logging.build()
}

/// What keeps those requests only that a rule refused or counted; nothing where everything is kept.
pub(super) fn filter(everything: bool) -> Result<Option<LoggingFilter>, BuildError> {
    if everything {
        return Ok(None);
    }
    let mut kept = Filter::builder()
        .behavior(FilterBehavior::Keep)
        .requirement(FilterRequirement::MeetsAny);
    for action in KEPT {
        let action = ActionCondition::builder().action(action).build()?;
        kept = kept.conditions(Condition::builder().action_condition(action).build());
    }
    let all = LoggingFilter::builder()
        .filters(kept.build()?)
        .default_behavior(FilterBehavior::Drop);
    all.build().map(Some)
}

/// A filter in one line. In which order its parts stand means nothing.
pub(super) fn line(filter: &LoggingFilter) -> String {
    let condition = |one: &Condition| {
        let action = one.action_condition().map(|it| it.action().to_string());
        let label = one.label_name_condition();
        let label = label.map(|it| format!("label {}", it.label_name()));
        action.or(label).unwrap_or_default()
    };
    let mut parts: Vec<String> = Vec::new();
    for part in filter.filters() {
        let mut conditions: Vec<_> = part.conditions().iter().map(condition).collect();
        conditions.sort();
        let (behavior, requirement) = (part.behavior(), part.requirement());
        parts.push(format!(
            "{behavior} what {requirement} of {}",
            conditions.join(", ")
        ));
    }
    parts.sort();
    format!("{}, else {}", parts.join("; "), filter.default_behavior())
}

/// A header that is kept out, in words.
pub(super) fn header(name: &str) -> String {
    format!("header {name}")
}

/// A part of requests that is kept out, in words. WAF knows headers in lower case.
pub(super) fn field(field: &FieldToMatch) -> String {
    let name = field.single_header().map(|it| it.name().to_lowercase());
    let whole = |is: bool, words: &str| is.then(|| words.to_owned());
    name.map(|name| header(&name))
        .or(whole(field.uri_path().is_some(), "path"))
        .or(whole(field.query_string().is_some(), "query string"))
        .or(whole(field.method().is_some(), "method"))
        .unwrap_or_else(|| format!("{field:?}"))
}

/// Where the lines go; AWS may answer a log group's ARN with `:*` behind it. There is one destination at most.
pub(super) fn destination(logging: &SdkLogging) -> String {
    let all = logging.log_destination_configs().join(", ");
    all.strip_suffix(":*").unwrap_or(&all).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_wafv2::types::{LabelNameCondition, QueryString, UriPath};

    #[test]
    fn a_filter_reads_the_same_in_whatever_order_it_stands() {
        let label = LabelNameCondition::builder().label_name("awswaf:x").build();
        let label = Condition::builder().label_name_condition(label.expect("a label"));
        let action = ActionCondition::builder()
            .action(ActionValue::Allow)
            .build();
        let action = Condition::builder().action_condition(action.expect("an action"));
        let both = [label.build(), action.build()];
        let shown = |conditions: Vec<Condition>| {
            let part = Filter::builder()
                .behavior(FilterBehavior::Drop)
                .requirement(FilterRequirement::MeetsAll)
                .set_conditions(Some(conditions));
            let all = LoggingFilter::builder()
                .filters(part.build().expect("a filter"))
                .default_behavior(FilterBehavior::Keep);
            line(&all.build().expect("a filter"))
        };
        let want = "DROP what MEETS_ALL of ALLOW, label awswaf:x, else KEEP";
        assert_eq!(shown(both.to_vec()), want);
        assert_eq!(shown(both.into_iter().rev().collect()), want);
    }

    #[test]
    fn what_is_kept_out_is_told_in_words() {
        let all = || FieldToMatch::builder();
        let name = SingleHeader::builder().name("ApiKey").build();
        let shown = [
            all().single_header(name.expect("a header")).build(),
            all().uri_path(UriPath::builder().build()).build(),
            all().query_string(QueryString::builder().build()).build(),
        ];
        let shown: Vec<_> = shown.iter().map(field).collect();
        assert_eq!(shown, ["header apikey", "path", "query string"]);
    }
}
