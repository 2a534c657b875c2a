//! The firewall in front of the load balancer.
//!
//! Rules are asked in the order of their priorities, each of which belongs to one rule for ever: a rule that comes or goes
//! moves no other.
//!
//! The load balancer's own rules guard the Admin API's path as its clients wrote it ([`admin_guard`](super::admin_guard)).
//! WAF decodes and tidies a path up before it looks, as Kong does, so that what is written `/%6bong-admin` is refused in
//! front of Kong too.
//!
//! What is refused or counted is written down, in a log group of its own. WAF writes the headers of a request as they came;
//! of those that let somebody in it is told to write the names only.

use super::addresses;
use super::draft::Draft;
use super::encryption;
use crate::kinds::logs::{LogGroup, LogGroupDesired};
use crate::kinds::wafv2::{
    IpSet, IpSetDesired, LoggingConfiguration, LoggingDesired, Rule, Statement, WebAcl,
    WebAclAssociation, WebAclAssociationDesired, WebAclDesired,
};
use crate::kong::admin_route::KEY_HEADER;
use crate::resource::Ref;
use crate::spec::{ManagedGroup, Named, StackSpec, Waf, WafKeep, WafMode};

/// The rule that keeps strangers off the Admin API; first, so that a stranger's flood is not counted as anything else.
const ADMIN: u16 = 10;
/// The rule on the rate of one address.
const RATE: u16 = 20;
/// Where AWS's groups begin.
const MANAGED: u16 = 100;

/// Headers that hold what lets somebody in: the Admin API's key, which is also what Kong's `key-auth` calls a key unless it is
/// told otherwise, what else Kong's plugins take credentials from, and what browsers send by themselves.
const SECRET_HEADERS: [&str; 5] = [
    KEY_HEADER,
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
];

/// Draws the web ACL, the addresses it lets to the Admin API, what joins it to the load balancer, and its log.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    let Some(waf) = &spec.ingress.waf else {
        return;
    };
    if has_set(spec) {
        let address = addresses::admin_addresses();
        let name = spec.name_of(Named::AdminIpSet);
        let blocks = spec.admin.allow.iter();
        let desired = IpSetDesired {
            addresses: blocks.map(ToString::to_string).collect(),
            tags: draft.tags(&address, &name),
            name,
        };
        draft.add::<IpSet>(address, desired);
    }
    let address = addresses::web_acl();
    let name = spec.name_of(Named::WebAcl);
    let desired = WebAclDesired {
        rules: rules(spec, waf),
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<WebAcl>(address.clone(), desired);
    let desired = WebAclAssociationDesired {
        acl: Ref::Of(address.clone()),
        load_balancer: Ref::Of(addresses::load_balancer()),
    };
    draft.add::<WebAclAssociation>(WebAclAssociation::at(&address), desired);
    if waf.logs.enabled {
        draw_logs(draft, waf);
    }
}

fn draw_logs(draft: &mut Draft<'_>, waf: &Waf) {
    let (spec, address) = (draft.spec, addresses::waf_logs_group());
    let name = spec.name_of(Named::WafLogGroup);
    draft.output(Named::WafLogGroup.key(), name.clone());
    let desired = LogGroupDesired {
        deletion_protection: spec.logs.deletion_protection,
        key: encryption::key(spec),
        retention_days: waf.logs.retention_days.unwrap_or(spec.logs.retention_days),
        // How WAF begins the names of its streams.
        writers: format!("{}_{}_", spec.region.as_str(), spec.name_of(Named::WebAcl)),
        tags: draft.tags(&address, &name),
        name,
    };
    draft.add::<LogGroup>(address.clone(), desired);
    let acl = addresses::web_acl();
    let desired = LoggingDesired {
        acl: Ref::Of(acl.clone()),
        group: Ref::Of(address),
        everything: waf.logs.keep == WafKeep::All,
        redacted: SECRET_HEADERS.to_vec(),
    };
    draft.add::<LoggingConfiguration>(LoggingConfiguration::at(&acl), desired);
}

/// Whether somebody may come to the Admin API, and not everybody.
fn has_set(spec: &StackSpec) -> bool {
    !spec.admin.allow_anywhere && !spec.admin.allow.is_empty()
}

fn rules(spec: &StackSpec, waf: &Waf) -> Vec<Rule> {
    let rule = |name, priority, statement| Rule {
        name,
        priority,
        counts: waf.mode == WafMode::Count,
        statement,
    };
    let admin = (!spec.admin.allow_anywhere).then(|| {
        let statement = Statement::Path {
            begins: spec.admin.path.as_str().to_owned(),
            except: has_set(spec).then(|| Ref::Of(addresses::admin_addresses())),
        };
        rule("admin-path", ADMIN, statement)
    });
    let rate = waf
        .rate_limit
        .map(|limit| rule("rate", RATE, Statement::Rate(limit)));
    let managed = waf.managed.iter().map(|group| {
        let statement = Statement::Managed(group.name());
        rule(group.rule(), MANAGED + turn(*group), statement)
    });
    admin.into_iter().chain(rate).chain(managed).collect()
}

/// The turn of a group among the others: the cheap ones that refuse most come first.
fn turn(group: ManagedGroup) -> u16 {
    match group {
        ManagedGroup::IpReputation => 0,
        ManagedGroup::AnonymousIp => 10,
        ManagedGroup::KnownBadInputs => 20,
        ManagedGroup::AdminProtection => 30,
        ManagedGroup::Common => 40,
        ManagedGroup::Sql => 50,
        ManagedGroup::Linux => 60,
        ManagedGroup::Unix => 70,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    fn drawn(text: &str) -> Vec<(&'static str, u16, bool)> {
        let spec = spec(text);
        let waf = spec.ingress.waf.clone().expect("a firewall");
        let rules = rules(&spec, &waf);
        rules
            .iter()
            .map(|it| (it.name, it.priority, it.counts))
            .collect()
    }

    #[test]
    fn a_rule_keeps_its_turn_whatever_others_there_are() {
        let all = drawn("ingress: {waf: {rate_limit: 2000}}");
        assert_eq!(
            all,
            [
                ("admin-path", 10, false),
                ("rate", 20, false),
                ("common", 140, false),
                ("known-bad-inputs", 120, false),
                ("ip-reputation", 100, false),
            ]
        );
        assert_eq!(
            drawn(
                "admin: {allow: [0.0.0.0/0], allow_anywhere: true}\ningress: {waf: {managed: [common], mode: count}}"
            ),
            [("common", 140, true)]
        );
    }

    fn logging(rest: &str) -> Option<LoggingDesired> {
        let blueprint = crate::blueprint::draw(&spec(rest));
        let at = LoggingConfiguration::at(&addresses::web_acl());
        let desired = blueprint.desired::<LoggingConfiguration>(&at);
        let group = blueprint
            .resources
            .contains_key(&addresses::waf_logs_group());
        assert_eq!(group, desired.is_ok(), "a group without a writer");
        desired.ok().cloned()
    }

    #[test]
    fn a_firewall_logs_unless_it_is_told_not_to_and_never_a_key() {
        assert_eq!(logging(""), None);
        assert_eq!(logging("ingress: {waf: {logs: {enabled: false}}}"), None);
        for (keep, everything) in [("blocked", false), ("all", true)] {
            let rest = format!("ingress: {{waf: {{logs: {{keep: {keep}}}}}}}");
            let desired = logging(&rest).expect("a log");
            assert_eq!(desired.everything, everything, "{keep}");
            assert!(desired.redacted.contains(&KEY_HEADER), "{keep}");
        }
    }
}
