//! The load balancer's rules that keep strangers off the Admin API's path, in front of Kong.
//!
//! Behind them Kong checks the key and then the address, so nobody comes in without them either; but only a refusal
//! in front of Kong stops a flood of wrong keys.
//!
//! A rule cannot say "not from here". So rules for the allowed blocks come first and let their requests through, and
//! later ones refuse the path to everybody else. Each rule may hold 5 condition values and 5 wildcards, and each of
//! its conditions 3 values (ELB's quotas, which AWS does not raise).
//!
//! The load balancer compares the path as the client wrote it, Kong one that it has tidied up: it decodes what need not
//! be encoded, merges slashes and resolves `.` and `..` (`kong/tools/uri.lua`), and then takes every path that begins
//! with the route's. So the refused paths are those that begin with the route's, and those that would after slashes and
//! dots are tidied up. What remains is a path with letters encoded (`/%6bong-admin`), which a pattern cannot name: it
//! reaches Kong, whose own key and address checks refuse it.

use super::addresses;
use super::draft::Draft;
use super::ingress::{Entrance, listeners};
use crate::kinds::elb::{Action, ListenerRule, ListenerRuleDesired};
use crate::resource::{Address, Ref};
use crate::spec::{Named, StackSpec};

/// Values of one condition.
const BLOCKS_A_RULE: usize = 3;
/// Characters of a path pattern.
const PATTERN_LENGTH: usize = 128;
/// Where the rules that let through begin; numbers below are free for rules made by hand that must come first.
const FIRST_ALLOWED: u16 = 1001;
/// Where the rules that refuse begin: behind as many as a load balancer takes, so that no number ever changes.
const FIRST_REFUSED: u16 = 2001;

/// Kong's own words are shorter; these say who refused.
const REFUSAL: &str = r#"{"message":"The Admin API may not be used from this address"}"#;

/// A rule of one listener.
pub(super) struct Guard {
    /// Its address.
    pub(super) address: Address,
    listener: Address,
    name: String,
    priority: u16,
    paths: Vec<String>,
    sources: Vec<String>,
    action: Action,
}

/// The rules that the spec asks for: none where everybody may come.
pub(super) fn rules(spec: &StackSpec) -> Vec<Guard> {
    if spec.admin.allow_anywhere {
        return Vec::new();
    }
    let forwarding = listeners(spec).into_iter().filter(|one| one.forwards);
    forwarding.flat_map(|one| rules_of(spec, &one)).collect()
}

/// Draws them.
pub(super) fn draw(draft: &mut Draft<'_>) {
    let balancer = draft.spec.name_of(Named::LoadBalancer);
    for rule in rules(draft.spec) {
        let Guard {
            address,
            listener,
            name,
            priority,
            paths,
            sources,
            action,
        } = rule;
        let desired = ListenerRuleDesired {
            listener: Ref::Of(listener),
            priority,
            paths,
            sources,
            action,
            tags: draft.tags(&address, &format!("{balancer}-admin-{name}")),
        };
        draft.add::<ListenerRule>(address, desired);
    }
}

fn rules_of(spec: &StackSpec, entrance: &Entrance) -> Vec<Guard> {
    let path = spec.admin.path.as_str();
    let guard = |name: String, priority, paths, sources, action| Guard {
        address: addresses::admin_rule(format!("{}/{name}", entrance.name)),
        listener: entrance.address.clone(),
        name: format!("{}-{name}", entrance.name),
        priority,
        paths,
        sources,
        action,
    };
    let blocks = spec.admin.allow.chunks(BLOCKS_A_RULE);
    let allowed = blocks
        .zip(FIRST_ALLOWED..)
        .zip(1..)
        .map(|((blocks, priority), number)| {
            let sources = blocks.iter().map(ToString::to_string).collect();
            let forward = Action::Forward(Ref::Of(addresses::target_group()));
            guard(
                format!("allow-{number}"),
                priority,
                vec![begins_with(path)],
                sources,
                forward,
            )
        });
    let refused = refused_paths(path)
        .into_iter()
        .zip(FIRST_REFUSED..)
        .zip(1..);
    let refused = refused.map(|((paths, priority), number)| {
        let refuse = Action::Refuse(REFUSAL.to_owned());
        guard(
            format!("refuse-{number}"),
            priority,
            paths,
            Vec::new(),
            refuse,
        )
    });
    allowed.chain(refused).collect()
}

/// As Kong's route takes them: `/kong-admin` takes `/kong-administrators` too.
fn begins_with(path: &str) -> String {
    pattern("", path)
}

/// The refused patterns, in groups that fit in a rule each.
///
/// What Kong leaves of a path begins with the route's if, at each of the route's slashes, the client wrote that slash,
/// or more than one, or one after `.` or `..`; the last two are what the patterns of each segment look for.
fn refused_paths(path: &str) -> Vec<Vec<String>> {
    let segments = path.match_indices('/').map(|(at, _)| &path[at..]);
    let mut groups: Vec<Vec<String>> = segments
        .map(|rest| vec![pattern("*/", rest), pattern("*.", rest)])
        .collect();
    if let Some(first) = groups.first_mut() {
        first.insert(0, begins_with(path));
    }
    groups
}

/// A pattern for all that begins with `path` after `before`; cut where it grows too long, it takes a little more.
fn pattern(before: &str, path: &str) -> String {
    let room = PATTERN_LENGTH - before.len() - 1;
    let path: String = path.chars().take(room).collect();
    format!("{before}{path}*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    /// `*` stands for any characters, as in the load balancer.
    fn matches(pattern: &str, path: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == path,
            Some((start, rest)) => path.strip_prefix(start).is_some_and(|left| {
                (0..=left.len()).any(|at| left.is_char_boundary(at) && matches(rest, &left[at..]))
            }),
        }
    }

    fn refused(admin: &str, path: &str) -> bool {
        let mut patterns = refused_paths(admin).into_iter().flatten();
        patterns.any(|pattern| matches(&pattern, path))
    }

    #[test]
    fn every_spelling_without_encoded_letters_is_refused() {
        for path in [
            "/kong-admin",
            "/kong-admin/",
            "/kong-admin/services?x",
            "/kong-administrators",
            "//kong-admin",
            "///kong-admin/services",
            "/./kong-admin",
            "/x/../kong-admin",
            "/x/y/../..//kong-admin/services",
        ] {
            assert!(refused("/kong-admin", path), "{path}");
        }
        for path in [
            "/",
            "/kong",
            "/api/kong-admin",
            "/Kong-Admin",
            "/kong_admin",
        ] {
            assert!(!refused("/kong-admin", path), "{path}");
        }
    }

    #[test]
    fn a_path_of_several_segments_is_guarded_at_each() {
        for path in [
            "/ops/kong/services",
            "//ops/kong",
            "/ops//kong",
            "/ops/./kong",
            "/ops/x/../kong",
            "/x/..//ops/.//kong",
        ] {
            assert!(refused("/ops/kong", path), "{path}");
        }
        assert!(!refused("/ops/kong", "/ops/other"));
    }

    #[test]
    fn quotas_hold() {
        let long = format!("/{}", "a/".repeat(62));
        let long = long.trim_end_matches('/');
        for group in refused_paths("/kong-admin")
            .iter()
            .chain(&refused_paths(long))
        {
            assert!(group.len() <= 3);
            assert!(group.concat().matches('*').count() <= 5);
            assert!(group.iter().all(|pattern| pattern.len() <= 128));
        }
    }

    #[test]
    fn allowed_blocks_come_before_the_refusal() {
        let shown = |text: &str| -> Vec<String> {
            let rules = rules(&spec(text));
            let show =
                |one: &Guard| format!("{} {} {}", one.address, one.priority, one.sources.join(" "));
            rules.iter().map(show).collect()
        };
        assert_eq!(shown(""), ["ingress/admin-rule/http/refuse-1 2001 "]);
        let four = "admin: {allow: [10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/24]}";
        assert_eq!(
            shown(four),
            [
                "ingress/admin-rule/http/allow-1 1001 10.0.0.0/24 10.0.1.0/24 10.0.2.0/24",
                "ingress/admin-rule/http/allow-2 1002 10.0.3.0/24",
                "ingress/admin-rule/http/refuse-1 2001 ",
            ]
        );
        assert!(shown("admin: {allow: [0.0.0.0/0], allow_anywhere: true}").is_empty());
    }
}
