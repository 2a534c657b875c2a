//! The way to the Admin API: who may come, and with which key.
//!
//! A load balancer's rule takes five condition values in all (ELB answers more with "A rule can only have '5' condition
//! values"), and a load balancer takes 100 rules by default. The path takes two values of each rule, itself and everything
//! below, which leaves three blocks a rule; one rule a listener refuses everybody else.

use super::{at, refuse_repeated};
use crate::spec::model::{ApiKey, Certificate, HttpMode, Ingress, StackSpec};
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::SecretArn;

const RULES_A_LOAD_BALANCER: usize = 100;
const BLOCKS_A_RULE: usize = 3;

/// A block with a shorter prefix is as good as the whole internet.
const NARROWEST_ANYWHERE: u8 = 8;

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let admin = &spec.admin;
    let wide = admin
        .allow
        .iter()
        .position(|block| block.prefix_len() < NARROWEST_ANYWHERE);
    match wide {
        Some(index) if !admin.allow_anywhere && out.sound(&["admin.allow_anywhere"]) => out.add(
            Problem::new(
                "admin-anywhere",
                at("admin.allow").index(index),
                format!("`{}` opens the Admin API to the internet", admin.allow[index]),
            )
            .because(
                "whoever reaches it can try keys: Kong checks the key before the address, so nothing but the load \
                 balancer stops a flood of wrong ones",
            )
            .fix("name your own addresses, or add `allow_anywhere: true` if it is meant"),
        ),
        None if admin.allow_anywhere && out.sound(&["admin.allow"]) => out.add(
            Problem::new("admin-anywhere", at("admin.allow_anywhere"), "this opens nothing")
                .because("it only says that 0.0.0.0/0 in `admin.allow` is meant, and there is none")
                .fix("take it out, or add `0.0.0.0/0` to `allow`"),
        ),
        _ => {}
    }
    refuse_repeated(&admin.allow, &at("admin.allow"), out);
    let most = most_blocks(&spec.ingress);
    if admin.allow.len() > most && out.sound(&["ingress"]) {
        out.add(
            Problem::new("admin-allow-count", at("admin.allow"), format!("{} blocks are too many", admin.allow.len()))
                .because(format!(
                    "they become rules of the load balancer, which takes {RULES_A_LOAD_BALANCER} rules of \
                     {BLOCKS_A_RULE} blocks each"
                ))
                .fix(format!("keep at most {most}, by joining neighbours")),
        );
    }
    if admin.rate_limit == 0 {
        out.add(
            Problem::new(
                "admin-rate-limit",
                at("admin.rate_limit"),
                "no request at all would be let through",
            )
            .because("Kong's rate-limiting takes limits above 0 only")
            .fix("write how many requests a minute one client may make, such as 60"),
        );
    }
    if let ApiKey::Secret(arn) = &admin.api_key {
        check_secret(arn, spec, out);
    }
}

/// Blocks that fit in the rules of every listener that forwards.
fn most_blocks(ingress: &Ingress) -> usize {
    let both = ingress.certificate != Certificate::None && ingress.http() == HttpMode::Forward;
    let listeners = if both { 2 } else { 1 };
    (RULES_A_LOAD_BALANCER / listeners - 1) * BLOCKS_A_RULE
}

fn check_secret(arn: &SecretArn, spec: &StackSpec, out: &mut Problems) {
    let region = spec.region.as_str();
    if let Some(found) = arn
        .region()
        .filter(|found| *found != region && out.sound(&["region"]))
    {
        out.add(
            Problem::new(
                "secret-region",
                at("admin.api_key"),
                format!("this secret is in {found}, the stack in {region}"),
            )
            .because("the key is read in the stack's region")
            .fix(format!(
                "replicate the secret to {region} and name the replica"
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "admin: {allow: [203.0.113.0/24]}",
            "admin: {allow: [0.0.0.0/0], allow_anywhere: true}",
            "admin: {api_key: arn:aws:secretsmanager:eu-west-1:123456789012:secret:kong/admin-AbCdEf}",
            "admin: {path: /a/b_c.d}",
            "admin:\n",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "admin: {allow: [10.0.0.0/8, 0.0.0.0/0]}",
            "admin-anywhere admin.allow.1: `0.0.0.0/0` opens the Admin API to the internet",
        ),
        (
            "admin: {allow: [0.0.0.0/1, 128.0.0.0/1]}",
            "admin-anywhere admin.allow.0: `0.0.0.0/1` opens the Admin API to the internet",
        ),
        (
            "admin: {allow_anywhere: true}",
            "admin-anywhere admin.allow_anywhere: this opens nothing",
        ),
        (
            "admin: {allow: [10.0.0.0/8, 10.0.0.0/8]}",
            "cidr-repeated admin.allow.1: `10.0.0.0/8` stands in this list twice",
        ),
        (
            "admin: {rate_limit: 0}",
            "admin-rate-limit admin.rate_limit: no request at all would be let through",
        ),
        (
            "admin: {api_key: hunter2}",
            "secret-arn admin.api_key: this is neither `generate` nor the ARN of a secret",
        ),
        (
            "admin: {api_key: arn:aws:secretsmanager:us-east-1:123456789012:secret:kong/admin-AbCdEf}",
            "secret-region admin.api_key: this secret is in us-east-1, the stack in eu-west-1",
        ),
        (
            "admin: {path: kong-admin}",
            "admin-path admin.path: `kong-admin` does not begin with a slash",
        ),
        (
            "admin: {path: /}",
            "admin-path admin.path: `/` is the whole gateway",
        ),
        (
            "admin: {path: /a/}",
            "admin-path admin.path: `/a/` has a slash at its end",
        ),
        (
            "admin: {path: '/a*'}",
            "admin-path admin.path: `/a*` has characters other than letters, digits and `/ - _ .`",
        ),
        (
            "admin: {path: /a/../b}",
            "admin-path admin.path: `/a/../b` has an empty, `.` or `..` part, which clients and proxies rewrite",
        ),
        (
            "admin: {path: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
            "admin-path admin.path: `/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is longer than 126 characters",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }

    #[test]
    fn blocks_must_fit_in_the_rules_of_a_load_balancer() {
        let allow = |count: usize| {
            let blocks: Vec<_> = (0..count)
                .map(|number| format!("10.{}.{}.0/24", number / 256, number % 256))
                .collect();
            format!("admin: {{allow: [{}]}}", blocks.join(", "))
        };
        let both = "ingress: {certificate: arn:aws:acm:eu-west-1:123456789012:certificate/a, http: forward}\n";
        accept(&[&allow(297), &format!("{both}{}", allow(147))]);
        refuse(&[
            (
                &allow(298),
                "admin-allow-count admin.allow: 298 blocks are too many",
            ),
            (
                &format!("{both}{}", allow(148)),
                "admin-allow-count admin.allow: 148 blocks are too many",
            ),
        ]);
    }
}
