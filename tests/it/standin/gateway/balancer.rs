//! Names, ports and what the load balancer itself does.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, FixedResponseActionConfig, PathPatternConditionConfig,
    ProtocolEnum, RedirectActionConfig, RedirectActionStatusCodeEnum, RuleCondition,
    SourceIpConditionConfig,
};
use serde_json::json;

use super::stack::{REGION, Stack};
use crate::standin::stage::answers;
use crate::support::account;

fn elb(stack: &Stack) -> aws_sdk_elasticloadbalancingv2::Client {
    aws_sdk_elasticloadbalancingv2::Client::new(&stack.world.aws(REGION))
}

/// The load balancer's ARN, and its first listener's.
async fn balancer(stack: &Stack) -> (String, String) {
    let found = elb(stack).describe_load_balancers().send().await;
    let found = found.expect("load balancers");
    let arn = found.load_balancers()[0].load_balancer_arn();
    let arn = arn.expect("an ARN").to_owned();
    let listeners = elb(stack).describe_listeners().load_balancer_arn(&arn);
    let listeners = listeners.send().await.expect("listeners");
    let listener = listeners.listeners()[0].listener_arn();
    (arn, listener.expect("an ARN").to_owned())
}

/// Opens a port of every group of the load balancer to everybody.
async fn open(stack: &Stack, port: i32) {
    let found = elb(stack).describe_load_balancers().send().await;
    let found = found.expect("load balancers");
    let ec2 = aws_sdk_ec2::Client::new(&stack.world.aws(REGION));
    for group in found.load_balancers()[0].security_groups() {
        let rule = ec2.authorize_security_group_ingress().group_id(group);
        let rule = rule.ip_protocol("tcp").from_port(port).to_port(port);
        let _ = rule.cidr_ip("0.0.0.0/0").send().await.expect("a rule");
    }
}

fn fixed(text: &str) -> Action {
    let config = FixedResponseActionConfig::builder().status_code("200");
    let config = config.message_body(text).content_type("text/plain");
    let action = Action::builder().r#type(ActionTypeEnum::FixedResponse);
    action.fixed_response_config(config.build()).build()
}

#[tokio::test]
async fn names_lead_to_the_load_balancer() {
    let stack = Stack::quickstart();
    let edge = stack.edge();
    let own = edge.resolve(stack.host());
    assert_eq!(own.len(), 2, "one address a zone: {own:?}");
    assert_eq!(
        edge.resolve(&format!("{}.", stack.host().to_uppercase())),
        own
    );
    assert_eq!(edge.resolve("nobody.example.com"), Vec::<String>::new());

    let config = stack.world.aws(REGION);
    let zone = account::hosted_zone(&config, "example.com").await;
    account::record(&config, &zone, "api.example.com", stack.host()).await;
    account::record(&config, &zone, "*.more.example.com", "api.example.com").await;
    assert_eq!(edge.resolve("API.example.com."), own);
    assert_eq!(edge.resolve("any.more.example.com"), own);
    assert_eq!(edge.resolve("example.com"), Vec::<String>::new());
}

#[tokio::test]
async fn a_port_answers_whom_the_group_admits() {
    let stack = Stack::quickstart();
    let edge = stack.edge();
    let address = edge.resolve(stack.host()).remove(0);
    let timeout = Err("timeout".to_owned());
    assert!(edge.connect(&address, 80).is_ok());
    assert_eq!(edge.connect(&address, 81), timeout, "no listener");
    assert_eq!(edge.connect("192.0.2.1", 80), timeout, "nobody's address");
    let unmatched = stack.get("/", &[]);
    assert_eq!(
        unmatched.told(),
        (404, "no Route matched with those values".to_owned())
    );

    let config = stack.world.aws(REGION);
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let found = elb(&stack).describe_load_balancers().send().await;
    let found = found.expect("load balancers");
    let group = found.load_balancers()[0].security_groups()[0].clone();
    let revoke = ec2.revoke_security_group_ingress().group_id(&group);
    let revoke = revoke.ip_protocol("tcp").from_port(80).to_port(80);
    let _ = revoke.cidr_ip("0.0.0.0/0").send().await.expect("revoked");
    let allow = ec2.authorize_security_group_ingress().group_id(&group);
    let allow = allow.ip_protocol("tcp").from_port(80).to_port(80);
    let _ = allow.cidr_ip("192.0.2.0/24").send().await.expect("allowed");
    assert_eq!(edge.connect(&address, 80), timeout);
    stack.world.configure(&json!({"client_ip": "192.0.2.7"}));
    assert!(edge.connect(&address, 80).is_ok());

    let (arn, _) = balancer(&stack).await;
    let order = json!({"kind": "load-balancer", "resource": arn, "state": "failed"});
    let _ = stack.world.order("states", &order);
    assert_eq!(edge.connect(&address, 80), timeout);
}

#[tokio::test]
async fn rules_apply_in_their_order() {
    let stack = Stack::quickstart();
    let (_, listener) = balancer(&stack).await;
    let path = PathPatternConditionConfig::builder().values("/fixed/*");
    let path = RuleCondition::builder()
        .field("path-pattern")
        .path_pattern_config(path.build())
        .build();
    let from = |cidr: &str| {
        let config = SourceIpConditionConfig::builder().values(cidr).build();
        let condition = RuleCondition::builder().field("source-ip");
        condition.source_ip_config(config).build()
    };
    for (priority, conditions, said) in [
        (11, vec![path.clone(), from("192.0.2.0/24")], "not for us"),
        (13, vec![path.clone()], "too late"),
        (12, vec![path.clone(), from("203.0.113.0/24")], "for us"),
    ] {
        let rule = elb(&stack).create_rule().listener_arn(&listener);
        let rule = rule.priority(priority).actions(fixed(said));
        let rule = rule.set_conditions(Some(conditions));
        let _ = rule.send().await.expect("a rule");
    }
    let seen = stack.get("/fixed/one", &[]);
    assert_eq!((seen.status, seen.body.as_str()), (200, "for us"));
    assert_eq!(seen.header("server"), Some("awselb/2.0"));
    assert_eq!(stack.get("/other", &[]).status, 404);
}

#[tokio::test]
async fn plain_http_is_sent_to_tls_with_the_listeners_certificate() {
    let stack = Stack::quickstart();
    let (arn, listener) = balancer(&stack).await;
    let config = stack.world.aws(REGION);
    let zone = account::hosted_zone(&config, "example.com").await;
    account::record(&config, &zone, "api.example.com", stack.host()).await;
    let certificate = account::issued(&config, &zone, "api.example.com").await;
    let made = elb(&stack).create_listener().load_balancer_arn(&arn);
    let made = made.protocol(ProtocolEnum::Https).port(443);
    let shown = Certificate::builder().certificate_arn(&certificate).build();
    let made = made.certificates(shown).default_actions(fixed("over TLS"));
    let _ = made.send().await.expect("a listener");
    open(&stack, 443).await;
    let redirect = RedirectActionConfig::builder()
        .protocol("HTTPS")
        .port("443");
    let redirect = redirect.status_code(RedirectActionStatusCodeEnum::Http301);
    let action = Action::builder().r#type(ActionTypeEnum::Redirect);
    let action = action.redirect_config(redirect.build()).build();
    let modify = elb(&stack).modify_listener().listener_arn(&listener);
    let _ = modify
        .default_actions(action)
        .send()
        .await
        .expect("changed");

    let edge = stack.edge();
    let sent = edge
        .get("http://api.example.com/a?b=c", &[])
        .expect("an answer");
    assert_eq!(sent.status, 301);
    let to = sent.header("location").expect("where to");
    assert_eq!(to, "https://api.example.com:443/a?b=c");
    let seen = edge.get(to, &[]).expect("an answer over TLS");
    assert_eq!((seen.status, seen.body.as_str()), (200, "over TLS"));
    let other = edge.get(&format!("https://{}/", stack.host()), &[]);
    answers! {
        "a name that is not the certificate's" => other.err().unwrap_or_default().contains("not valid for name").to_string(), "true";
    }
}
