//! The firewall in front of the load balancer: put back, left alone, tried out, taken away.

use aws_config::SdkConfig;
use aws_sdk_wafv2::types::{AllowAction, DefaultAction, Scope, VisibilityConfig};
use aws_sdk_wafv2::{Client as Waf, primitives::Blob};

use serde_json::json;

use crate::support::{World, left, planned};

const REGION: &str = "eu-west-1";

const SPEC: &str = "\
name: walled
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
ingress: {waf: {managed: [common], rate_limit: 2000}}
admin: {allow: [203.0.113.0/24]}
";

/// The same stack without a firewall.
fn without() -> String {
    SPEC.replace(
        "ingress: {waf: {managed: [common], rate_limit: 2000}}\n",
        "",
    )
}

/// Somebody's web ACL.
async fn foreign(waf: &Waf, name: &str) -> String {
    let seen = VisibilityConfig::builder().metric_name("theirs");
    let seen = seen
        .sampled_requests_enabled(false)
        .cloud_watch_metrics_enabled(false);
    let allow = DefaultAction::builder().allow(AllowAction::builder().build());
    let made = waf.create_web_acl().name(name).scope(Scope::Regional);
    let made = made.default_action(allow.build());
    let made = made
        .visibility_config(seen.build().expect("settings"))
        .send()
        .await;
    let made = made.expect("a web ACL").summary;
    made.and_then(|it| it.arn).expect("its ARN")
}

/// The account's load balancers.
async fn balancers(config: &SdkConfig) -> Vec<String> {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(config);
    let all = elb.describe_load_balancers().send().await;
    let all = all.expect("load balancers").load_balancers;
    let arns = all.unwrap_or_default().into_iter();
    arns.filter_map(|one| one.load_balancer_arn).collect()
}

/// Puts a web ACL in front of a load balancer, by hand.
async fn join(waf: &Waf, acl: &str, balancer: &str) {
    let call = waf.associate_web_acl().web_acl_arn(acl);
    let done = call.resource_arn(balancer).send().await;
    done.expect("associated");
}

/// The web ACL as it is, and the token to change it with.
async fn acl(waf: &Waf) -> (aws_sdk_wafv2::types::WebAcl, String) {
    let all = waf.list_web_acls().scope(Scope::Regional).send().await;
    let all = all.expect("web ACLs").web_acls.unwrap_or_default();
    let one = all.into_iter().find(|it| it.name() == Some("walled"));
    let one = one.expect("the web ACL");
    let whole = waf.get_web_acl().name("walled").scope(Scope::Regional);
    let whole = whole.id(one.id().expect("its id")).send().await;
    let whole = whole.expect("the web ACL");
    (
        whole.web_acl.expect("the web ACL"),
        whole.lock_token.expect("a token"),
    )
}

#[tokio::test]
async fn what_is_changed_by_hand_is_put_back() {
    let world = World::applied(SPEC);
    world.expect_converged(&[]);
    let waf = Waf::new(&world.aws(REGION));
    let (live, token) = acl(&waf).await;
    let mut rules = live.rules().to_vec();
    rules.retain(|rule| rule.name() != "rate");
    let bytes = rules.iter_mut().find(|rule| rule.name() == "admin-path");
    let and = bytes.and_then(|it| it.statement.as_mut()?.and_statement.as_mut());
    let first = and
        .and_then(|it| it.statements.first_mut())
        .expect("a path");
    let path = first.byte_match_statement.as_mut().expect("a path");
    path.search_string = Blob::new("/elsewhere");
    waf.update_web_acl()
        .name("walled")
        .scope(Scope::Regional)
        .id(live.id())
        .lock_token(token)
        .default_action(live.default_action().expect("an action").clone())
        .visibility_config(live.visibility_config().expect("settings").clone())
        .set_rules(Some(rules))
        .send()
        .await
        .expect("changed");
    let plan = world.run(&["plan"]).exits(0).stdout;
    assert_eq!(planned(&plan), ["update ingress/web-acl"]);
    for text in [
        "rules.admin-path",
        "/elsewhere",
        "rules.rate",
        "more than 2000",
    ] {
        assert!(plan.contains(text), "no {text:?} in\n{plan}");
    }
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    world.expect_converged(&[]);
}

#[tokio::test]
async fn it_is_changed_in_place_and_tried_out_first() {
    let world = World::applied(SPEC);
    let change = [
        "--set",
        "ingress.waf.mode=count",
        "--set",
        "ingress.waf.managed=[sql]",
        "--set",
        "admin.allow=[198.51.100.0/24, 203.0.113.0/24]",
    ];
    let plan = world
        .run(&[&["plan"], &change[..]].concat())
        .exits(0)
        .stdout;
    let planned = planned(&plan);
    for expected in ["update ingress/admin-addresses", "update ingress/web-acl"] {
        assert!(planned.contains(&expected.to_owned()), "{planned:?}");
    }
    let _ = world
        .run(&[&["apply", "--auto-approve"], &change[..]].concat())
        .exits(0);
    world.expect_converged(&change);
    let waf = Waf::new(&world.aws(REGION));
    let (live, _) = acl(&waf).await;
    for rule in live.rules() {
        let counts = rule.action().is_some_and(|it| it.count().is_some())
            || rule
                .override_action()
                .is_some_and(|it| it.count().is_some());
        assert!(counts, "{rule:?}");
    }
    // Without it the load balancer stays, and nothing of it is left.
    world.write("kongstack.yaml", &without());
    let leave = ["--allow-data-loss", "logs/waf"];
    let _ = world
        .run(&[&["apply", "--auto-approve"], &leave[..]].concat())
        .exits(0);
    world.expect_converged(&[]);
    let all = waf.list_web_acls().scope(Scope::Regional).send().await;
    assert_eq!(all.expect("web ACLs").web_acls().len(), 0);
    let all = waf.list_ip_sets().scope(Scope::Regional).send().await;
    assert_eq!(all.expect("IP sets").ip_sets().len(), 0);
}

#[tokio::test]
async fn somebody_elses_is_refused() {
    let world = World::new();
    let waf = Waf::new(&world.aws(REGION));
    foreign(&waf, "walled").await;
    world.write("kongstack.yaml", SPEC);
    world.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let said = world.run(command).exits(1).all();
        assert!(said.contains("the web ACL walled"), "{said}");
    }
    assert_eq!(world.mutating(), Vec::<String>::new());
}

#[tokio::test]
async fn somebody_elses_in_front_of_the_load_balancer_stays() {
    let world = World::applied(&without());
    let config = world.aws(REGION);
    let waf = Waf::new(&config);
    let theirs = foreign(&waf, "theirs").await;
    world.configure(&json!({"skip_seconds": 60}));
    join(&waf, &theirs, &balancers(&config).await[0]).await;
    world.write("kongstack.yaml", SPEC);
    let said = world.run(&["plan"]).exits(1).all();
    assert!(
        said.contains("the web ACL theirs in front of the load balancer"),
        "{said}"
    );
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(left(&config, "walled").await, Vec::<String>::new());
    let all = waf.list_web_acls().scope(Scope::Regional).send().await;
    assert_eq!(all.expect("web ACLs").web_acls().len(), 1);
}

/// A web ACL of the stack's that somebody put in front of another stack's load balancer, too.
#[tokio::test]
async fn in_front_of_another_stack_it_is_not_taken_off() {
    let world = World::applied(SPEC);
    let config = world.aws(REGION);
    let waf = Waf::new(&config);
    let ours = balancers(&config).await;
    let next = without().replace("name: walled", "name: next");
    world.write("next.yaml", &next);
    let _ = world
        .run(&["apply", "--auto-approve", "-f", "next.yaml"])
        .exits(0);
    let mut others = balancers(&config).await;
    others.retain(|one| !ours.contains(one));
    let theirs = foreign(&waf, "theirs").await;
    world.configure(&json!({"skip_seconds": 60}));
    let (live, _) = acl(&waf).await;
    join(&waf, live.arn(), &others[0]).await;
    // As long as it stands in its own place, where else it stands is no difference.
    world.expect_converged(&[]);
    let destroy = ["destroy", "--auto-approve"];
    // Whether it still stands in its own place or not.
    for place in [live.arn(), &theirs] {
        join(&waf, place, &ours[0]).await;
        world.forget_calls();
        let said = world.run(&destroy).exits(1).all();
        assert_eq!(world.mutating(), Vec::<String>::new());
        for text in [
            "the web ACL walled stands in front of the load balancer",
            "aws wafv2 disassociate-web-acl",
        ] {
            assert!(said.contains(text), "no {text:?} in\n{said}");
        }
        // An ARN is longer than a line.
        assert!(said.replace(' ', "").contains(&others[0]), "{said}");
    }
    let off = waf.disassociate_web_acl().resource_arn(&others[0]);
    off.send().await.expect("taken off");
    let _ = world.run(&destroy).exits(0);
    assert_eq!(balancers(&config).await, others);
    world.expect_converged(&["-f", "next.yaml"]);
    let _ = world
        .run(&["destroy", "--auto-approve", "-f", "next.yaml"])
        .exits(0);
    for stack in ["walled", "next"] {
        assert_eq!(left(&config, stack).await, Vec::<String>::new());
    }
}

/// A web ACL that was just made can be joined to nothing yet, which passes.
#[tokio::test]
async fn a_new_web_acl_is_not_joined_at_once() {
    let world = World::applied(&without());
    let order = json!({"kind": "web-acl", "resource": "next", "state": "propagating", "for": 60});
    world.order("states", &order);
    world.write("kongstack.yaml", SPEC);
    world.forget_calls();
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let calls = world.calls();
    for (operation, code) in [
        ("AssociateWebACL", "WAFUnavailableEntityException"),
        ("PutLoggingConfiguration", "WAFNonexistentItemException"),
    ] {
        let mut all = calls.iter().filter(|call| call.operation == operation);
        let refused = all.clone().any(|call| call.error.as_deref() == Some(code));
        assert!(refused, "{operation} was taken at once");
        assert!(
            all.any(|call| call.error.is_none()),
            "{operation} never was"
        );
    }
    world.expect_converged(&[]);
}
