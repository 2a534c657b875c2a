//! Golden endings.

use super::*;
use crate::apply::{Done, Skip, Unfinished};
use crate::aws::AwsError;
use crate::lease::Loss;
use crate::report::sample::{at, plan_of};
use crate::resource::{Arn, Error, Output, Ref, Text};

fn done(address: &str, verb: Verb) -> Done {
    Done {
        address: at(address),
        verb,
        id: None,
    }
}

fn shown(purpose: Purpose, report: &Report) -> String {
    let plan = plan_of(purpose, Vec::new(), Vec::new());
    let around = Surroundings {
        region: "eu-west-1".to_owned(),
        ..Surroundings::default()
    };
    let text = outcome(&plan, report, Duration::from_secs(42), &around, 80);
    anstream::adapter::strip_str(&text).to_string()
}

fn all_done() -> Report {
    Report {
        done: vec![
            done("network/vpc", Verb::Create),
            done("logs/data-plane", Verb::Update),
            done("data-plane/task-definition", Verb::Replace),
            done("data-plane/task-definition", Verb::Delete),
            done("network/nat-gateway/2", Verb::Delete),
        ],
        ..Report::default()
    }
}

#[test]
fn a_replacement_is_not_a_deletion_too() {
    let report = all_done();
    assert_eq!(Ended::of(&report), Ended::Well);
    insta::assert_snapshot!(shown(Purpose::Apply, &report), @r"Apply complete: 1 created, 1 updated, 1 replaced, 1 deleted in 42s.");
}

#[test]
fn what_aws_keeps_is_said() {
    let report = Report {
        done: vec![done("database/cluster", Verb::Delete)],
        kept: vec![(
            at("database/cluster"),
            "the final snapshot kong-gw-final, 0.02 USD per GB and month".to_owned(),
        )],
        ..Report::default()
    };
    insta::assert_snapshot!(shown(Purpose::Destroy, &report), @r"
    Destroy complete: 1 deleted in 42s.
    AWS keeps:
      database/cluster: the final snapshot kong-gw-final, 0.02 USD per GB and
        month
    ");
}

#[test]
fn a_failure_says_what_is_left_and_why() {
    let denied = |operation| {
        Error::from(AwsError::in_answer(
            operation,
            "AccessDenied",
            "you may not",
        ))
    };
    let skip = |address| Skip {
        address: at(address),
        verb: Verb::Create,
        because: at("database/cluster"),
    };
    let report = Report {
        failed: vec![
            (
                at("database/cluster"),
                Verb::Create,
                denied("rds:CreateDBCluster"),
            ),
            (
                at("identity/execution-role"),
                Verb::Update,
                denied("iam:UpdateRole"),
            ),
        ],
        skipped: vec![skip("database/writer"), skip("control-plane/service")],
        ..all_done()
    };
    assert_eq!(Ended::of(&report), Ended::InPart);
    insta::assert_snapshot!(shown(Purpose::Apply, &report), @r#"
    skipped because of database/cluster: database/writer, control-plane/service
    Apply incomplete: 1 created, 1 updated, 1 replaced, 1 deleted; 2 failed, 2
      skipped after 42s
    error: database/cluster: cannot create it
      because: rds:CreateDBCluster: AccessDenied: you may not
    error: identity/execution-role: cannot update it
      because: iam:UpdateRole: AccessDenied: you may not
    hint: this statement in the caller's IAM policy allows it:
          {
            "Effect": "Allow",
            "Action": [
              "iam:UpdateRole",
              "rds:CreateDBCluster"
            ],
            "Resource": [
              "*"
            ]
          }
    hint: run the same command again: it finds out what is there, goes on from here
          and makes nothing twice
    "#);
}

#[test]
fn an_interruption_says_what_was_under_way() {
    let unfinished = |address, id: Option<&str>| Unfinished {
        address: at(address),
        verb: Verb::Create,
        id: id.map(str::to_owned),
        waiting: id.map(|_| "it".to_owned()),
    };
    let report = Report {
        halt: Some(Halt::Interrupted),
        unfinished: vec![
            unfinished("database/cluster", Some("kong-gw-database")),
            unfinished("network/nat-gateway/1", None),
        ],
        unseen: vec![at("network/nat-gateway/1")],
        not_started: vec![(at("dns/alias"), Verb::Create)],
        ..all_done()
    };
    assert_eq!(Ended::of(&report), Ended::Interrupted);
    insta::assert_snapshot!(shown(Purpose::Apply, &report), @r"
    under way, and perhaps going on in AWS:
      database/cluster (creating, kong-gw-database): the next run finds it and
        waits for it
      network/nat-gateway/1 (creating, without an id so far): the next run looks
        for it, and makes it if it is not there
    Apply interrupted: 1 created, 1 updated, 1 replaced, 1 deleted; 2 under way, 1
      not begun after 42s
    hint: run the same command again: it finds out what is there, goes on from here
          and makes nothing twice
    hint: the stack's lease is left to run out within a minute, for AWS may show
          only then what a call made that was cut off, and what it does not show is
          made again; `--lock-timeout 2m` waits for that
    ");
}

#[test]
fn a_lost_lease_is_said_with_who_has_it() {
    let report = Report {
        halt: Some(Halt::LeaseLost(Loss::Taken(Box::new(
            crate::lease::tests::sample(),
        )))),
        not_started: vec![(at("dns/alias"), Verb::Create)],
        ..all_done()
    };
    assert_eq!(Ended::of(&report), Ended::InPart);
    insta::assert_snapshot!(shown(Purpose::Apply, &report), @r"
    Apply stopped, because it lost the stack's lease: 1 created, 1 updated, 1
      replaced, 1 deleted; 1 not begun after 42s
    error: the stack's lease was lost
      because: ann on build-7 (process 4711) holds its lease for `apply`, taken at
               2026-05-01T10:00:00Z, valid until 2026-05-01T10:01:30Z unless renewed
    hint: run the same command again: it finds out what is there, goes on from here
          and makes nothing twice
    ");
}

#[test]
fn endings_are_told_apart() {
    let failed = || {
        vec![(
            at("network/vpc"),
            Verb::Create,
            Error::Internal(String::new()),
        )]
    };
    let none_done = Report {
        failed: failed(),
        ..Report::default()
    };
    assert_eq!(Ended::of(&none_done), Ended::Failed);
    let open = || vec![(at("dns/alias"), Verb::Create)];
    for (halt, ended) in [
        (Halt::OutOfTime, Ended::InPart),
        (
            Halt::Pointless(Error::Internal(String::new())),
            Ended::InPart,
        ),
        (Halt::Interrupted, Ended::Interrupted),
    ] {
        let halted = Report {
            halt: Some(halt.clone()),
            not_started: open(),
            ..all_done()
        };
        assert_eq!(Ended::of(&halted), ended);
        // What comes too late to stop anything is no interruption.
        let too_late = Report {
            halt: Some(halt),
            ..all_done()
        };
        assert_eq!(Ended::of(&too_late), Ended::Well);
    }
    let before_anything = Report {
        halt: Some(Halt::OutOfTime),
        not_started: open(),
        ..Report::default()
    };
    assert_eq!(Ended::of(&before_anything), Ended::Failed);
    let stopped = Report {
        halt: Some(Halt::Interrupted),
        failed: failed(),
        ..Report::default()
    };
    assert_eq!(Ended::of(&stopped), Ended::Interrupted);
}

#[test]
fn credentials_that_run_out_are_said_once() {
    let error = AwsError::in_answer("rds:CreateDBCluster", "ExpiredToken", "it is expired");
    let report = Report {
        halt: Some(Halt::Pointless(error.into())),
        unfinished: vec![Unfinished {
            address: at("network/nat-gateway/1"),
            verb: Verb::Create,
            id: Some("nat-1".to_owned()),
            waiting: Some("the NAT gateway".to_owned()),
        }],
        not_started: vec![(at("dns/alias"), Verb::Create)],
        ..all_done()
    };
    insta::assert_snapshot!(shown(Purpose::Apply, &report), @r"
    under way, and perhaps going on in AWS:
      network/nat-gateway/1 (creating, nat-1): the next run finds it and waits for
        it
    Apply stopped: 1 created, 1 updated, 1 replaced, 1 deleted; 1 under way, 1 not
      begun after 42s
    error: AWS takes no calls from here any more
      because: rds:CreateDBCluster: ExpiredToken: it is expired
    hint: the credentials have run out: get new ones (`aws sso login` where they
          come from IAM Identity Center) and run it again
    hint: run the same command again: it finds out what is there, goes on from here
          and makes nothing twice
    ");
}

#[test]
fn after_an_apply_comes_the_endpoint() {
    let mut plan = plan_of(Purpose::Apply, Vec::new(), Vec::new());
    let balancer = at("ingress/load-balancer");
    plan.outputs = BTreeMap::from([
        ("cluster".to_owned(), Text::from("kong-gw")),
        (
            "endpoint".to_owned(),
            Text::from("http://").then_ref(&Ref::<Arn>::Of(balancer.clone())),
        ),
    ]);
    let report = Report {
        outputs: BTreeMap::from([(balancer, Outputs::default().with(Arn::new("lb.example")))]),
        ..all_done()
    };
    let real = Surroundings::default();
    let text = outputs_after(&plan, &report, &real, " -f other.yaml");
    insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"

    endpoint  http://lb.example
    cluster   kong-gw

    next: curl -i http://lb.example (answers 404 until Kong has a route)
          kongstack verify -f other.yaml
          kongstack output -f other.yaml
    ");
    let sandbox = Surroundings {
        sandbox: true,
        ..real
    };
    let text = outputs_after(&plan, &report, &sandbox, " --sandbox");
    insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"

    endpoint  http://lb.example
    cluster   kong-gw

    next: kongstack verify --sandbox
          kongstack output --sandbox
          kongstack destroy --sandbox
    ");
}
