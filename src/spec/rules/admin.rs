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
    let both =
        matches!(ingress.certificate, Certificate::Arn(_)) && ingress.http() == HttpMode::Forward;
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
