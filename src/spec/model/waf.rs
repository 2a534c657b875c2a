//! The firewall in front of the load balancer.

use serde::Deserialize;

/// WAF's web ACL: 5 USD a month, 1 USD a rule and 0.60 USD a million requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Waf {
    /// AWS's groups of rules. Default: `common`, `known-bad-inputs`, `ip-reputation`.
    pub(crate) managed: Vec<ManagedGroup>,
    /// Requests of one address in five minutes, 10 to 2,000,000,000; more are refused. Default: no limit.
    pub(crate) rate_limit: Option<u32>,
    /// Whether what is found is refused, or counted only, for trying out. Default: `block`.
    pub(crate) mode: WafMode,
    /// What is written down of the requests, in a log group of the stack's.
    pub(crate) logs: WafLogs,
}

impl Default for Waf {
    fn default() -> Self {
        Self {
            managed: vec![
                ManagedGroup::Common,
                ManagedGroup::KnownBadInputs,
                ManagedGroup::IpReputation,
            ],
            rate_limit: None,
            mode: WafMode::Block,
            logs: WafLogs::default(),
        }
    }
}

/// The firewall's log. Keys and cookies are kept out of it: of the headers that hold them, only the names are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WafLogs {
    /// Whether there is one. Default: true.
    pub(crate) enabled: bool,
    /// Days a line is kept; CloudWatch offers 1, 3, 5, 7, 14, 30 and more. Default: as `logs.retention_days` says.
    pub(crate) retention_days: Option<u32>,
    /// Which requests it tells of. Default: `blocked`.
    pub(crate) keep: WafKeep,
}

impl Default for WafLogs {
    fn default() -> Self {
        Self {
            enabled: true,
            retention_days: None,
            keep: WafKeep::Blocked,
        }
    }
}

/// Which requests the firewall writes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WafKeep {
    /// Those that a rule refused, or counted.
    Blocked,
    /// Every one.
    All,
}

/// What is done with what a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WafMode {
    /// It is refused.
    Block,
    /// It is counted, and gets through.
    Count,
}

/// A group of rules that AWS makes and keeps up to date.
///
/// Names and capacities are those of "AWS Managed Rules rule groups list" in WAF's developer guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ManagedGroup {
    /// What most web applications need; it refuses bodies of more than 8 KB too.
    Common,
    /// Requests that are known to exploit something, such as Log4j.
    KnownBadInputs,
    /// Addresses that AWS has seen doing harm.
    IpReputation,
    /// Addresses of anonymisers and hosting providers.
    AnonymousIp,
    /// Paths that administer other software.
    AdminProtection,
    /// SQL in requests.
    Sql,
    /// Files of Linux in requests.
    Linux,
    /// Files and commands of POSIX in requests.
    Unix,
}

impl ManagedGroup {
    /// AWS's name for it.
    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    /// The rule's name in the web ACL.
    pub(crate) fn rule(self) -> &'static str {
        self.row().1
    }

    /// What it takes of a web ACL's capacity, in WCU.
    pub(crate) fn capacity(self) -> u32 {
        self.row().2
    }

    fn row(self) -> (&'static str, &'static str, u32) {
        match self {
            Self::Common => ("AWSManagedRulesCommonRuleSet", "common", 700),
            Self::KnownBadInputs => (
                "AWSManagedRulesKnownBadInputsRuleSet",
                "known-bad-inputs",
                200,
            ),
            Self::IpReputation => ("AWSManagedRulesAmazonIpReputationList", "ip-reputation", 25),
            Self::AnonymousIp => ("AWSManagedRulesAnonymousIpList", "anonymous-ip", 50),
            Self::AdminProtection => (
                "AWSManagedRulesAdminProtectionRuleSet",
                "admin-protection",
                100,
            ),
            Self::Sql => ("AWSManagedRulesSQLiRuleSet", "sql", 200),
            Self::Linux => ("AWSManagedRulesLinuxRuleSet", "linux", 200),
            Self::Unix => ("AWSManagedRulesUnixRuleSet", "unix", 100),
        }
    }
}
