//! Load balancers, listeners and targets.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, LoadBalancerAttribute, ProtocolEnum, RuleCondition,
    TargetDescription, TargetTypeEnum,
};

use super::stage::{Network, Stage, answers, code};

async fn balancer(stage: &Stage, network: &Network, group: &str) -> String {
    let made = stage
        .elb()
        .create_load_balancer()
        .name("front")
        .security_groups(group);
    let made = made.set_subnets(Some(network.subnets.clone())).send().await;
    let made = made.expect("a load balancer");
    made.load_balancers()[0]
        .load_balancer_arn()
        .expect("its ARN")
        .to_owned()
}

async fn targets(stage: &Stage, vpc: &str) -> String {
    let made = stage
        .elb()
        .create_target_group()
        .name("back")
        .vpc_id(vpc)
        .port(8000);
    let made = made
        .protocol(ProtocolEnum::Http)
        .target_type(TargetTypeEnum::Ip);
    let made = made
        .health_check_interval_seconds(10)
        .healthy_threshold_count(2);
    let made = made.send().await.expect("a target group");
    made.target_groups()[0]
        .target_group_arn()
        .expect("its ARN")
        .to_owned()
}

fn forward(group: &str) -> Action {
    let action = Action::builder().r#type(ActionTypeEnum::Forward);
    action.target_group_arn(group).build()
}

async fn state(stage: &Stage, arn: &str) -> String {
    let seen = stage
        .elb()
        .describe_load_balancers()
        .load_balancer_arns(arn);
    let seen = seen.send().await.expect("a load balancer");
    let state = seen.load_balancers()[0].state().and_then(|it| it.code());
    state.expect("a state").as_str().to_owned()
}

async fn health(stage: &Stage, group: &str) -> Vec<String> {
    let seen = stage.elb().describe_target_health().target_group_arn(group);
    let seen = seen.send().await.expect("targets");
    let states = seen
        .target_health_descriptions()
        .iter()
        .filter_map(|it| it.target_health());
    let states = states.filter_map(|it| it.state());
    states.map(|it| it.as_str().to_owned()).collect()
}

#[tokio::test]
async fn a_load_balancer_takes_minutes_and_its_interfaces_outlive_it() {
    let stage = Stage::new();
    let network = stage.network().await;
    let group = stage.group(&network.vpc, "front").await;
    let arn = balancer(&stage, &network, &group).await;
    stage.skip(140);
    assert_eq!(state(&stage, &arn).await, "provisioning");
    stage.skip(48);
    assert_eq!(state(&stage, &arn).await, "active");
    let remove = || stage.ec2().delete_security_group().group_id(&group).send();
    let subnet = || {
        stage
            .ec2()
            .delete_subnet()
            .subnet_id(&network.subnets[0])
            .send()
    };
    let gone = stage.elb().delete_load_balancer().load_balancer_arn(&arn);
    let seen = stage
        .elb()
        .describe_load_balancers()
        .load_balancer_arns(&arn);
    answers! {
        "group" => code(remove().await), "DependencyViolation";
        "delete" => code(gone.send().await), "accepted";
        "gone at once" => code(seen.send().await), "LoadBalancerNotFound";
        "group" => code(remove().await), "DependencyViolation";
        "subnet" => code(subnet().await), "DependencyViolation";
    }
    stage.skip(300);
    answers! {
        "group" => code(remove().await), "accepted";
        "subnet" => code(subnet().await), "accepted";
    }
}

#[tokio::test]
async fn a_load_balancer_needs_two_zones_and_a_name_of_its_own() {
    let stage = Stage::new();
    let network = stage.network().await;
    balancer(&stage, &network, &network.group).await;
    let twin = stage.subnet(&network.vpc, "a", "10.0.3.0/24").await;
    let make = |name: &str, subnets: &[&str]| {
        let subnets = subnets.iter().map(|it| (*it).to_owned()).collect();
        stage
            .elb()
            .create_load_balancer()
            .name(name)
            .set_subnets(Some(subnets))
            .send()
    };
    let (first, second) = (network.subnets[0].as_str(), network.subnets[1].as_str());
    answers! {
        "one subnet" => code(make("one", &[first]).await), "ValidationError";
        "one zone" => code(make("two", &[first, &twin]).await), "InvalidConfigurationRequest";
        "unknown subnet" => code(make("three", &[first, "subnet-0123456789abcdef0"]).await), "SubnetNotFound";
        "name taken" => code(make("front", &[second, &twin]).await), "DuplicateLoadBalancerName";
        "reserved name" => code(make("internal-x", &[first, second]).await), "ValidationError";
    }
}

#[tokio::test]
async fn listeners_rules_and_groups_are_refused_as_on_aws() {
    let stage = Stage::new();
    let (elb, network) = (stage.elb(), stage.network().await);
    let arn = balancer(&stage, &network, &network.group).await;
    let group = targets(&stage, &network.vpc).await;
    let listen = |port: i32, protocol: ProtocolEnum, certificate: Option<&str>| {
        let made = elb
            .create_listener()
            .load_balancer_arn(&arn)
            .port(port)
            .protocol(protocol);
        let list = certificate.map(|arn| vec![Certificate::builder().certificate_arn(arn).build()]);
        made.set_certificates(list)
            .default_actions(forward(&group))
            .send()
    };
    let unknown = format!(
        "arn:aws:acm:eu-west-1:{}:certificate/0-0-0",
        stage.account()
    );
    let listener = listen(80, ProtocolEnum::Http, None)
        .await
        .expect("a listener");
    let listener = listener.listeners()[0]
        .listener_arn()
        .expect("its ARN")
        .to_owned();
    let path = RuleCondition::builder()
        .field("path-pattern")
        .values("/admin")
        .build();
    let rule = || {
        let rule = elb.create_rule().listener_arn(&listener).priority(1);
        rule.conditions(path.clone())
            .actions(forward(&group))
            .send()
    };
    let other = elb
        .create_target_group()
        .name("back")
        .vpc_id(&network.vpc)
        .port(9000);
    let other = other
        .protocol(ProtocolEnum::Http)
        .target_type(TargetTypeEnum::Ip)
        .send();
    answers! {
        "no certificate" => code(listen(443, ProtocolEnum::Https, None).await), "ValidationError";
        "unknown certificate" => code(listen(443, ProtocolEnum::Https, Some(&unknown)).await), "CertificateNotFound";
        "port taken" => code(listen(80, ProtocolEnum::Https, Some(&unknown)).await), "DuplicateListener";
        "group name taken" => code(other.await), "DuplicateTargetGroupName";
        "group in use" => code(elb.delete_target_group().target_group_arn(&group).send().await), "ResourceInUse";
        "rule" => code(rule().await), "accepted";
        "priority taken" => code(rule().await), "PriorityInUse";
    }
}

#[tokio::test]
async fn a_protected_load_balancer_stays() {
    let stage = Stage::new();
    let (elb, network) = (stage.elb(), stage.network().await);
    let arn = balancer(&stage, &network, &network.group).await;
    let remove = || elb.delete_load_balancer().load_balancer_arn(&arn).send();
    let protect = |value: &str| {
        let wanted = LoadBalancerAttribute::builder()
            .key("deletion_protection.enabled")
            .value(value);
        let change = elb
            .modify_load_balancer_attributes()
            .load_balancer_arn(&arn);
        change.attributes(wanted.build()).send()
    };
    answers! {
        "protect" => code(protect("true").await), "accepted";
        "protected" => code(remove().await), "OperationNotPermitted";
        "unprotect" => code(protect("false").await), "accepted";
        "unprotected" => code(remove().await), "accepted";
    }
}

#[tokio::test]
async fn a_target_is_checked_before_it_is_healthy_and_drains_before_it_goes() {
    let stage = Stage::new();
    let (elb, network) = (stage.elb(), stage.network().await);
    let arn = balancer(&stage, &network, &network.group).await;
    stage.skip(190);
    let group = targets(&stage, &network.vpc).await;
    let target = TargetDescription::builder()
        .id("10.0.1.50")
        .port(8000)
        .build();
    let register = elb
        .register_targets()
        .target_group_arn(&group)
        .targets(target.clone());
    let _ = register.send().await.expect("registered");
    assert_eq!(health(&stage, &group).await, ["unused"]);
    let made = elb
        .create_listener()
        .load_balancer_arn(&arn)
        .port(80)
        .protocol(ProtocolEnum::Http);
    let _ = made
        .default_actions(forward(&group))
        .send()
        .await
        .expect("a listener");
    assert_eq!(health(&stage, &group).await, ["initial"]);
    stage.skip(15);
    assert_eq!(health(&stage, &group).await, ["initial"]);
    stage.skip(15);
    assert_eq!(health(&stage, &group).await, ["healthy"]);
    let leave = elb
        .deregister_targets()
        .target_group_arn(&group)
        .targets(target);
    let _ = leave.send().await.expect("deregistered");
    stage.skip(295);
    assert_eq!(health(&stage, &group).await, ["draining"]);
    stage.skip(10);
    assert!(health(&stage, &group).await.is_empty());
}
