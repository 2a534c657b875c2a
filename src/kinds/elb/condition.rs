//! The conditions of listener rules that this program makes: paths and source addresses.

use aws_sdk_elasticloadbalancingv2::types::{
    PathPatternConditionConfig, RuleCondition, SourceIpConditionConfig,
};

/// The conditions of one rule; all that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// Path patterns, one of which must match.
    pub(super) paths: Vec<String>,
    /// Address ranges, one of which the client must be in; none means everywhere.
    pub(super) sources: Vec<String>,
    /// The fields of conditions that this program never makes.
    pub(super) others: Vec<String>,
}

impl Conditions {
    /// The SDK's form.
    pub(super) fn sdk(paths: &[String], sources: &[String]) -> Vec<RuleCondition> {
        let path = PathPatternConditionConfig::builder().set_values(Some(paths.to_vec()));
        let path = RuleCondition::builder()
            .field("path-pattern")
            .path_pattern_config(path.build());
        let mut conditions = vec![path.build()];
        if !sources.is_empty() {
            let source = SourceIpConditionConfig::builder().set_values(Some(sources.to_vec()));
            let source = RuleCondition::builder()
                .field("source-ip")
                .source_ip_config(source.build());
            conditions.push(source.build());
        }
        conditions
    }

    /// Reads what AWS answered, which repeats the values of a path condition in two places.
    pub(super) fn read(conditions: &[RuleCondition]) -> Self {
        let mut read = Self::default();
        for condition in conditions {
            match condition.field() {
                Some("path-pattern") => {
                    let config = condition.path_pattern_config();
                    let values = config.map(PathPatternConditionConfig::values);
                    let regexes = config.map(PathPatternConditionConfig::regex_values);
                    read.paths
                        .extend_from_slice(values.unwrap_or(condition.values()));
                    let regexes = regexes.unwrap_or_default().iter();
                    read.others
                        .extend(regexes.map(|regex| format!("path-regex {regex}")));
                }
                Some("source-ip") => {
                    let config = condition.source_ip_config();
                    let values = config.map(SourceIpConditionConfig::values);
                    read.sources.extend_from_slice(values.unwrap_or_default());
                }
                other => read.others.push(other.unwrap_or("unknown").to_owned()),
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_survive_a_round_trip() {
        let paths = vec!["/kong-admin*".to_owned()];
        let sources = vec!["203.0.113.0/24".to_owned()];
        let read = Conditions::read(&Conditions::sdk(&paths, &sources));
        assert_eq!((read.paths, read.sources), (paths, sources));
        assert!(read.others.is_empty());
    }

    #[test]
    fn a_condition_added_by_hand_is_seen() {
        let host = RuleCondition::builder()
            .field("host-header")
            .values("example.com");
        let read = Conditions::read(&[host.build()]);
        assert_eq!(read.others, ["host-header"]);
    }
}
