//! The firewall: groups once each, a rate that WAF can count, and no more than a web ACL has room for.

use super::at;
use crate::spec::model::{StackSpec, Waf};
use crate::spec::problem::{Problem, Problems};

/// What a web ACL has room for at its price, in WCU ("Web ACL capacity units" in WAF's developer guide).
const CAPACITY: u32 = 1500;

/// What the rule on a rate takes.
const RATE: u32 = 2;

/// What the rule on the Admin API's path takes: 2 for how a path begins, 10 for each of two ways to tidy it up, 1 for the
/// IP set.
const ADMIN: u32 = 23;

/// What WAF can count of one address.
const RATES: std::ops::RangeInclusive<u32> = 10..=2_000_000_000;

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let Some(waf) = &spec.ingress.waf else {
        return;
    };
    for (index, group) in waf.managed.iter().enumerate() {
        if waf.managed[..index].contains(group) {
            out.add(
                Problem::new(
                    "waf-repeated",
                    at("ingress.waf.managed").index(index),
                    format!("`{}` stands in this list twice", group.rule()),
                )
                .because("rules of a web ACL have names of their own")
                .fix("take one of them out"),
            );
        }
    }
    if let Some(rate) = waf.rate_limit.filter(|rate| !RATES.contains(rate)) {
        out.add(
            Problem::new(
                "waf-rate",
                at("ingress.waf.rate_limit"),
                format!("WAF cannot limit an address to {rate} requests in five minutes"),
            )
            .because("it counts 10 to 2,000,000,000")
            .fix("write such a number; 2000 is about 7 requests a second"),
        );
    }
    let admin = !spec.admin.allow_anywhere;
    if waf.managed.is_empty() && waf.rate_limit.is_none() && !admin && out.sound(&["ingress.waf"]) {
        out.add(
            Problem::new("waf-empty", at("ingress.waf"), "this firewall has no rules")
                .because("it would cost 5 USD a month and refuse nothing")
                .fix("name groups in `managed`, set `rate_limit`, or take it out"),
        );
    }
    check_capacity(waf, admin, out);
}

fn check_capacity(waf: &Waf, admin: bool, out: &mut Problems) {
    let managed: u32 = waf.managed.iter().map(|group| group.capacity()).sum();
    let own = [(waf.rate_limit.is_some(), RATE), (admin, ADMIN)];
    let own: u32 = own.iter().filter(|(is, _)| *is).map(|(_, wcu)| wcu).sum();
    let sum = managed + own;
    if sum > CAPACITY && out.sound(&["ingress.waf.managed"]) {
        out.add(
            Problem::new(
                "waf-capacity",
                at("ingress.waf.managed"),
                format!("these groups take {sum} WCU together with the stack's own rules"),
            )
            .because(format!(
                "a web ACL has room for {CAPACITY} WCU, and costs more with more"
            ))
            .fix(
                "take some out; `common` takes 700, `sql`, `linux` and `known-bad-inputs` 200 each",
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "ingress: {waf: {}}",
            "ingress: {waf: {managed: [], rate_limit: 10}}",
            "ingress: {waf: {managed: [common, sql, linux, known-bad-inputs, unix, anonymous-ip, ip-reputation], rate_limit: 2000000000, mode: count}}",
            "ingress: {waf: {managed: []}}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "ingress: {waf: {managed: [comon]}}",
            "unknown-value ingress.waf.managed.0: unknown value `comon`",
        ),
        (
            "ingress: {waf: {managed: [sql, sql]}}",
            "waf-repeated ingress.waf.managed.1: `sql` stands in this list twice",
        ),
        (
            "ingress: {waf: {rate_limit: 9}}",
            "waf-rate ingress.waf.rate_limit: WAF cannot limit an address to 9 requests in five minutes",
        ),
        (
            "ingress: {waf: {mode: off}}",
            "unknown-value ingress.waf.mode: unknown value `off`",
        ),
        (
            "admin: {allow: [0.0.0.0/0], allow_anywhere: true}\ningress: {waf: {managed: []}}",
            "waf-empty ingress.waf: this firewall has no rules",
        ),
        (
            "ingress: {waf: {managed: [common, sql, linux, known-bad-inputs, unix, anonymous-ip, ip-reputation, admin-protection]}}",
            "waf-capacity ingress.waf.managed: these groups take 1598 WCU together with the stack's own rules",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
