//! A rule of a web ACL: as the blueprint wants it, as WAF takes it, and as a line that two can be compared by.

use aws_sdk_wafv2::error::BuildError;
use aws_sdk_wafv2::primitives::Blob;
use aws_sdk_wafv2::types::{
    AndStatement, BlockAction, ByteMatchStatement, CountAction, FieldToMatch,
    IpSetReferenceStatement, ManagedRuleGroupStatement, NoneAction, NotStatement, OverrideAction,
    PositionalConstraint, RateBasedStatement, RateBasedStatementAggregateKeyType, Rule as SdkRule,
    RuleAction, Statement as SdkStatement, TextTransformation, TextTransformationType, UriPath,
    VisibilityConfig,
};

use crate::resource::{Arn, Output, Ref, Resolve};

/// Who makes the managed groups.
const VENDOR: &str = "AWS";

/// The seconds that a rate is counted over; WAF's own default.
const WINDOW: i64 = 300;

/// What is done to a path before it is looked at, as Kong tidies one up before it routes.
const TIDIED: [TextTransformationType; 2] = [
    TextTransformationType::UrlDecode,
    TextTransformationType::NormalizePath,
];

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Its name: letters, digits and hyphens, the same for ever.
    pub(crate) name: &'static str,
    /// When its turn is, the lowest first.
    pub(crate) priority: u16,
    /// Whether what it finds is only counted.
    pub(crate) counts: bool,
    /// What it finds.
    pub(crate) statement: Statement,
}

/// What a rule finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statement {
    /// What one of AWS's managed groups finds.
    Managed(&'static str),
    /// Whoever sends more requests than this in five minutes.
    Rate(u32),
    /// A path that begins so, unless it comes from one of a set of addresses.
    Path {
        /// How it begins, once it is decoded and tidied up.
        begins: String,
        /// The addresses; nobody's without.
        except: Option<Ref<Arn>>,
    },
}

impl Rule {
    /// The rule as WAF takes it, once all it refers to is known.
    pub(super) fn sdk(&self, outputs: &dyn Resolve) -> Option<Result<SdkRule, BuildError>> {
        let statement = match self.statement.sdk(outputs)? {
            Ok(statement) => statement,
            Err(error) => return Some(Err(error)),
        };
        let rule = SdkRule::builder()
            .name(self.name)
            .priority(self.priority.into())
            .statement(statement)
            .visibility_config(match visibility(self.name) {
                Ok(seen) => seen,
                Err(error) => return Some(Err(error)),
            });
        let none = || NoneAction::builder().build();
        let count = || CountAction::builder().build();
        let block = || BlockAction::builder().build();
        // A group's rules have actions of their own, which can only be overridden.
        let rule = match (&self.statement, self.counts) {
            (Statement::Managed(_), true) => {
                rule.override_action(OverrideAction::builder().count(count()).build())
            }
            (Statement::Managed(_), false) => {
                rule.override_action(OverrideAction::builder().none(none()).build())
            }
            (_, true) => rule.action(RuleAction::builder().count(count()).build()),
            (_, false) => rule.action(RuleAction::builder().block(block()).build()),
        };
        Some(rule.build())
    }
}

impl Statement {
    fn sdk(&self, outputs: &dyn Resolve) -> Option<Result<SdkStatement, BuildError>> {
        let all = SdkStatement::builder();
        Some(match self {
            Self::Managed(group) => ManagedRuleGroupStatement::builder()
                .vendor_name(VENDOR)
                .name(*group)
                .build()
                .map(|it| all.managed_rule_group_statement(it).build()),
            Self::Rate(limit) => RateBasedStatement::builder()
                .limit((*limit).into())
                .evaluation_window_sec(WINDOW)
                .aggregate_key_type(RateBasedStatementAggregateKeyType::Ip)
                .build()
                .map(|it| all.rate_based_statement(it).build()),
            Self::Path { begins, except } => {
                let except = match except {
                    Some(set) => Some(set.resolve(outputs)?),
                    None => None,
                };
                path(begins, except.as_ref())
            }
        })
    }
}

fn path(begins: &str, except: Option<&Arn>) -> Result<SdkStatement, BuildError> {
    let mut tidied = Vec::new();
    for (priority, kind) in (0..).zip(TIDIED) {
        let one = TextTransformation::builder()
            .priority(priority)
            .r#type(kind);
        tidied.push(one.build()?);
    }
    let field = FieldToMatch::builder().uri_path(UriPath::builder().build());
    let path = ByteMatchStatement::builder()
        .search_string(Blob::new(begins))
        .field_to_match(field.build())
        .set_text_transformations(Some(tidied))
        .positional_constraint(PositionalConstraint::StartsWith)
        .build()?;
    let path = SdkStatement::builder().byte_match_statement(path).build();
    let Some(set) = except else {
        return Ok(path);
    };
    let set = IpSetReferenceStatement::builder()
        .arn(set.as_str())
        .build()?;
    let set = SdkStatement::builder()
        .ip_set_reference_statement(set)
        .build();
    let not = NotStatement::builder().statement(set).build();
    let not = SdkStatement::builder().not_statement(not).build();
    let both = AndStatement::builder().statements(path).statements(not);
    Ok(SdkStatement::builder().and_statement(both.build()?).build())
}

/// Counted in CloudWatch. No request is kept as a sample: it would show the Admin API's key to whoever may look.
pub(super) fn visibility(name: &str) -> Result<VisibilityConfig, BuildError> {
    VisibilityConfig::builder()
        .metric_name(name)
        .cloud_watch_metrics_enabled(true)
        .sampled_requests_enabled(false)
        .build()
}

/// A rule in one line, without its name.
pub(super) fn line(rule: &SdkRule) -> String {
    let action = rule.action().map(|action| {
        let plain = |is: bool, word: &str| is.then(|| word.to_owned());
        plain(
            action
                .block()
                .is_some_and(|it| it.custom_response().is_none()),
            "block",
        )
        .or(plain(action.count().is_some(), "count"))
        .unwrap_or_else(|| format!("{action:?}"))
    });
    let group = rule.override_action().map(|action| {
        if action.count().is_some() {
            "count".to_owned()
        } else {
            "block".to_owned()
        }
    });
    let action = action.or(group).unwrap_or_else(|| "nothing".to_owned());
    let seen = rule.visibility_config();
    let samples = if seen.is_some_and(VisibilityConfig::sampled_requests_enabled) {
        ", with samples"
    } else {
        ""
    };
    let uncounted = if seen.is_some_and(|it| !it.cloud_watch_metrics_enabled()) {
        ", without metrics"
    } else {
        ""
    };
    let statement = rule.statement().map_or_else(String::new, words);
    format!(
        "{}: {action} {statement}{samples}{uncounted}",
        rule.priority()
    )
}

/// What a statement finds; one that is none of ours as the SDK shows it.
fn words(statement: &SdkStatement) -> String {
    if let Some(group) = statement.managed_rule_group_statement() {
        let version = group.version().map(|it| format!(" {it}"));
        let excepted = group.rule_action_overrides().len() + group.excluded_rules().len();
        let excepted = match excepted {
            0 => String::new(),
            count => format!(" with {count} overrides"),
        };
        let scope = if group.scope_down_statement().is_some() {
            " in part"
        } else {
            ""
        };
        return format!(
            "{} {}{}{excepted}{scope}",
            group.vendor_name(),
            group.name(),
            version.unwrap_or_default()
        );
    }
    if let Some(rate) = statement.rate_based_statement() {
        let scope = if rate.scope_down_statement().is_some() {
            " in part"
        } else {
            ""
        };
        return format!(
            "more than {} requests of one {} in {}s{scope}",
            rate.limit(),
            rate.aggregate_key_type().as_str(),
            rate.evaluation_window_sec()
        );
    }
    if let Some(and) = statement.and_statement() {
        let all: Vec<String> = and.statements().iter().map(words).collect();
        return all.join(" and ");
    }
    if let Some(inner) = statement.not_statement().and_then(NotStatement::statement) {
        return format!("not {}", words(inner));
    }
    if let Some(set) = statement.ip_set_reference_statement() {
        return format!("from {}", set.arn());
    }
    match statement.byte_match_statement() {
        Some(bytes) => matched(bytes),
        None => format!("{statement:?}"),
    }
}

fn matched(bytes: &ByteMatchStatement) -> String {
    let mut tidied: Vec<_> = bytes.text_transformations().iter().collect();
    tidied.sort_by_key(|one| one.priority());
    let tidied: Vec<&str> = tidied.iter().map(|one| one.r#type().as_str()).collect();
    let text = bytes.search_string().as_ref();
    let field = bytes.field_to_match();
    let field = match field {
        Some(field) if field.uri_path().is_some() => "path".to_owned(),
        other => format!("{other:?}"),
    };
    format!(
        "{field} {} {} after {}",
        bytes.positional_constraint().as_str(),
        String::from_utf8_lossy(text),
        tidied.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Address, Attribute, Layer};

    struct Known(bool);

    impl Resolve for Known {
        fn output(&self, _: &Address, _: Attribute) -> Option<String> {
            self.0.then(|| "arn:set".to_owned())
        }
    }

    fn rule(statement: Statement) -> Rule {
        Rule {
            name: "one",
            priority: 10,
            counts: false,
            statement,
        }
    }

    fn shown(rule: &Rule) -> String {
        line(&rule.sdk(&Known(true)).expect("known").expect("a rule"))
    }

    #[test]
    fn a_rule_reads_as_what_it_does() {
        let set = Ref::<Arn>::Of(Address::new(Layer::Ingress, "set"));
        let admin = |except| {
            rule(Statement::Path {
                begins: "/kong-admin".to_owned(),
                except,
            })
        };
        let tidy = "after URL_DECODE NORMALIZE_PATH";
        assert_eq!(
            shown(&admin(Some(set.clone()))),
            format!("10: block path STARTS_WITH /kong-admin {tidy} and not from arn:set")
        );
        assert_eq!(
            shown(&admin(None)),
            format!("10: block path STARTS_WITH /kong-admin {tidy}")
        );
        assert_eq!(
            shown(&rule(Statement::Rate(2000))),
            "10: block more than 2000 requests of one IP in 300s"
        );
        let group = rule(Statement::Managed("AWSManagedRulesCommonRuleSet"));
        assert_eq!(shown(&group), "10: block AWS AWSManagedRulesCommonRuleSet");
        let trial = Rule {
            counts: true,
            ..group
        };
        assert_eq!(shown(&trial), "10: count AWS AWSManagedRulesCommonRuleSet");
        assert!(admin(Some(set)).sdk(&Known(false)).is_none());
    }
}
