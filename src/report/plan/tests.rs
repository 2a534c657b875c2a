//! Golden plans.

use super::*;
use crate::plan::Refusal;
use crate::report::sample::{
    CLUSTER, LISTENER, POLICY, SUBNET, TASK, VPC, ailing, at, differing, entry, plan_of, retired,
};
use crate::resource::{Blocker, Warning};

const MISSING: &str = "it is in the spec and not in AWS";

fn shown(plan: &Plan) -> String {
    let text = super::plan(plan, "kongstack.yaml", 80);
    let text = anstream::adapter::strip_str(&text).to_string();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "too long: {line}");
    }
    text
}

fn created(address: &str) -> Entry {
    entry(address, &SUBNET, Action::Create, MISSING)
}

/// A policy too long for a line.
const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"arn:aws:logs:eu-west-1:123456789012:log-group:kong"}]}"#;

fn every_action() -> Vec<Entry> {
    vec![
        entry("network/vpc", &VPC, Action::NoOp, ""),
        created("network/public-subnet/1"),
        created("network/private-subnet/1"),
        differing(
            entry(
                "identity/execution-policy",
                &POLICY,
                Action::Update,
                "AWS differs from the spec",
            ),
            Effect::InPlace,
            &[
                (
                    "policy",
                    Some("{\"Version\":\"2012-10-17\"}"),
                    Some(DOCUMENT),
                ),
                ("tags.owner", None, Some("platform")),
                ("tags.cost", Some("1"), None),
                ("description", Some(""), Some("hers\u{1b}[2J")),
            ],
        ),
        differing(
            entry(
                "database/cluster",
                &CLUSTER,
                Action::Update,
                "it was begun and is not finished",
            ),
            Effect::Wait,
            &[("status", Some("creating"), Some("available"))],
        ),
        differing(
            entry(
                "data-plane/task-definition",
                &TASK,
                Action::Replace(ReplaceOrder::CreateFirst),
                "a task definition is immutable: a new revision is registered",
            ),
            Effect::Replace("a task definition is immutable: a new revision is registered"),
            &[("image", Some("kong:3.9.1"), Some("kong:3.9.3"))],
        ),
        differing(
            entry(
                "ingress/listener/http",
                &LISTENER,
                Action::Replace(ReplaceOrder::DeleteFirst),
                "a port has one listener",
            ),
            Effect::Replace("a port has one listener"),
            &[("load_balancer", Some("lb-1"), Some("(known after apply)"))],
        ),
        entry(
            "network/nat-gateway/2",
            &VPC,
            Action::Delete,
            "it is no longer in the spec",
        ),
    ]
}

#[test]
fn every_action_shows() {
    let plan = plan_of(Purpose::Apply, every_action(), Vec::new());
    insta::assert_snapshot!(shown(&plan), @r#"
    The stack `kong-gw` in eu-west-1 would change:

    network
        + create  network/public-subnet/1   subnet
        + create  network/private-subnet/1  subnet
        - delete  network/nat-gateway/2     VPC
          because it is no longer in the spec

    identity
        ~ update  identity/execution-policy  IAM policy
          policy:
            - {"Version":"2012-10-17"}
            + {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:
              PutLogEvents","Resource":"arn:aws:logs:eu-west-1:123456789012:log-grou
              p:kong"}]}
          tags.owner: (absent) → platform
          tags.cost: 1 → (removed)
          description: (empty) → hers

    database
        ~ update  database/cluster  Aurora cluster
          status: creating → available (waited for)
          because it was begun and is not finished

    ingress
      -/+ replace ingress/listener/http  listener
          load_balancer: lb-1 → (known after apply) (replaces)
          because a port has one listener; the old one goes before the new one is
                  made

    data-plane
      +/- replace data-plane/task-definition  task definition
          image: kong:3.9.1 → kong:3.9.3 (replaces)
          because a task definition is immutable: a new revision is registered; the
                  new one is made before the old one goes

    Plan: 2 to create, 2 to update, 2 to replace, 1 to delete, 1 unchanged.
    "#);
}

#[test]
fn refusals_come_before_the_summary() {
    let refusals = vec![
        Refusal::Foreign {
            address: at("network/vpc"),
            name: "the VPC vpc-0a1b2c3d".to_owned(),
        },
        Refusal::DataLoss {
            address: at("database/cluster"),
            why:
                "the Aurora cluster would be replaced, and its data lost (its engine cannot change)"
                    .to_owned(),
            remedy: None,
        },
        Refusal::Blocked {
            address: at("security/data-plane"),
            blocker: Blocker {
                reason: "the network interface eni-1 of somebody else uses it".to_owned(),
                fix: "detach eni-1".to_owned(),
            },
        },
    ];
    let entries = vec![entry("network/vpc", &VPC, Action::Create, MISSING)];
    let plan = plan_of(Purpose::Apply, entries, refusals);
    insta::assert_snapshot!(shown(&plan), @r"
    The stack `kong-gw` in eu-west-1 would change:

    network
        + create  network/vpc  VPC

    refused
      ! network/vpc
          the VPC vpc-0a1b2c3d is in its place and does not belong to this stack; it
          is left untouched
          fix: give the stack another name, choose another name for network/vpc
               under `names`, or remove that resource yourself
      ! database/cluster
          the Aurora cluster would be replaced, and its data lost (its engine cannot
          change)
          fix: undo the change in the spec, or accept the loss with
               --allow-data-loss database/cluster
      ! security/data-plane
          the network interface eni-1 of somebody else uses it
          fix: detach eni-1

    Plan: 1 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged.
    ");
}

#[test]
fn warnings_come_last_and_change_nothing_else() {
    let same = vec![entry("network/vpc", &VPC, Action::NoOp, "")];
    let mut plan = plan_of(Purpose::Apply, same, Vec::new());
    plan.warnings = vec![
        Warning::new(
            "writes through the Admin API should wait while the schema is half-way between two versions",
            "hold them back until this plan has been applied, however long that may take",
        )
        .about(&at("database/schema-finish")),
        Warning::new("hers\u{1b}[2J", "none"),
    ];
    insta::assert_snapshot!(shown(&plan), @r"
    No changes. AWS matches kongstack.yaml.

    Warning: database/schema-finish: writes through the Admin API should wait while
             the schema is half-way between two versions
             fix: hold them back until this plan has been applied, however long that
                  may take

    Warning: hers
             fix: none
    ");
}

#[test]
fn nothing_to_do_is_one_line() {
    let same = || vec![entry("network/vpc", &VPC, Action::NoOp, "")];
    let plan = plan_of(Purpose::Apply, same(), Vec::new());
    insta::assert_snapshot!(shown(&plan), @r"No changes. AWS matches kongstack.yaml.");
    let plan = plan_of(Purpose::Destroy, Vec::new(), Vec::new());
    insta::assert_snapshot!(shown(&plan), @r"Nothing to destroy: nothing in eu-west-1 belongs to the stack `kong-gw`.");
    let left = vec![entry(
        "network/vpc",
        &VPC,
        Action::NoOp,
        "it is not selected",
    )];
    let plan = plan_of(Purpose::Apply, left, Vec::new());
    insta::assert_snapshot!(shown(&plan), @r"
    Left alone because not selected: 1.
    No changes. AWS matches kongstack.yaml.
    ");
}

#[test]
fn what_no_call_mends_is_told_even_where_nothing_changes() {
    let same = entry("ingress/load-balancer", &LISTENER, Action::NoOp, "");
    let replaced = entry(
        "database/writer",
        &CLUSTER,
        Action::Replace(ReplaceOrder::DeleteFirst),
        "it failed",
    );
    let restored = entry(
        "secrets/admin-key",
        &POLICY,
        Action::Create,
        "it is scheduled for deletion and is restored with the value it has",
    );
    let entries = vec![ailing(same), ailing(replaced), restored];
    let plan = plan_of(Purpose::Apply, entries, Vec::new());
    insta::assert_snapshot!(shown(&plan), @r"
    The stack `kong-gw` in eu-west-1 would change:

    secrets
        + create  secrets/admin-key  IAM policy
          because it is scheduled for deletion and is restored with the value it has

    database
      -/+ replace database/writer  Aurora cluster
          because it failed; the old one goes before the new one is made

    needs attention
      ! ingress/load-balancer
          it is active_impaired: it serves requests, and has not the addresses to
          grow
          by hand: free addresses in its subnets, of which each needs eight or more
                   for it to grow into

    Plan: 1 to create, 0 to update, 1 to replace, 0 to delete, 1 unchanged.
    ");
}

#[test]
fn the_way_down_says_why_once() {
    let gone = "the stack is destroyed";
    let entries = vec![
        entry("network/vpc", &VPC, Action::Delete, gone),
        entry("database/cluster", &CLUSTER, Action::Delete, gone),
        retired(entry(
            "data-plane/service",
            &TASK,
            Action::Delete,
            "it has been replaced",
        )),
    ];
    let plan = plan_of(Purpose::Destroy, entries, Vec::new());
    insta::assert_snapshot!(shown(&plan), @r"
    This goes because the stack `kong-gw` in eu-west-1 is to be destroyed:

    network
        - delete  network/vpc  VPC

    database
        - delete  database/cluster  Aurora cluster

    data-plane
        - delete  data-plane/service  task definition
          because it has been replaced

    Plan: 0 to create, 0 to update, 0 to replace, 3 to delete, 0 unchanged.
    ");
}

#[test]
fn a_long_address_is_never_cut() {
    let address = "security/rule/data-plane-to-control-plane-with-a-very-long-name-for-a-rule";
    let plan = plan_of(
        Purpose::Apply,
        vec![
            entry(address, &SUBNET, Action::Create, MISSING),
            entry("security/alb", &SUBNET, Action::Create, MISSING),
        ],
        Vec::new(),
    );
    let text = super::plan(&plan, "kongstack.yaml", 80);
    assert!(text.contains(address), "{text}");
    insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
    The stack `kong-gw` in eu-west-1 would change:

    security
        + create  security/rule/data-plane-to-control-plane-with-a-very-long-name-for-a-rule
                  subnet
        + create  security/alb  subnet

    Plan: 2 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged.
    ");
}
