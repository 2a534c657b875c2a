//! Networks: what takes time, and what holds what.

use aws_sdk_ec2::types::{IpPermission, UserIdGroupPair, VpcEndpointType};

use super::stage::{Stage, answers, code};

async fn nat_state(stage: &Stage, id: &str) -> String {
    let seen = stage.ec2().describe_nat_gateways().nat_gateway_ids(id);
    let seen = seen.send().await.expect("a NAT gateway");
    let state = seen.nat_gateways()[0].state().expect("a state");
    state.as_str().to_owned()
}

#[tokio::test]
async fn a_nat_gateway_takes_minutes_and_holds_its_address_its_subnet_and_the_way_out() {
    let stage = Stage::new();
    let (ec2, network) = (stage.ec2(), stage.network().await);
    let address = ec2.allocate_address().send().await.expect("an address");
    let address = address.allocation_id.expect("its id");
    let made = ec2.create_nat_gateway().subnet_id(&network.subnets[0]);
    let made = made.allocation_id(&address).send().await;
    let nat = made.expect("a NAT gateway").nat_gateway;
    let nat = nat.and_then(|it| it.nat_gateway_id).expect("its id");
    stage.skip(84);
    assert_eq!(nat_state(&stage, &nat).await, "pending");
    stage.skip(42);
    assert_eq!(nat_state(&stage, &nat).await, "available");

    let release = || ec2.release_address().allocation_id(&address).send();
    let detach = || {
        let detach = ec2.detach_internet_gateway().vpc_id(&network.vpc);
        detach.internet_gateway_id(&network.gateway).send()
    };
    let delete = |id: &str| ec2.delete_nat_gateway().nat_gateway_id(id).send();
    let empty = || ec2.delete_subnet().subnet_id(&network.subnets[0]).send();
    answers! {
        "address" => code(release().await), "InvalidIPAddress.InUse";
        "subnet" => code(empty().await), "DependencyViolation";
        "gateway" => code(detach().await), "DependencyViolation";
        "unknown" => code(delete("nat-0123456789abcdef0").await), "NatGatewayNotFound";
        "delete" => code(delete(&nat).await), "accepted";
    }
    stage.skip(41);
    assert_eq!(nat_state(&stage, &nat).await, "deleting");
    answers! {
        "address" => code(release().await), "InvalidIPAddress.InUse";
        "gateway" => code(detach().await), "DependencyViolation";
    }
    stage.skip(21);
    assert_eq!(nat_state(&stage, &nat).await, "deleted");
    answers! {
        "address" => code(release().await), "accepted";
        "gateway" => code(detach().await), "accepted";
        "subnet" => code(empty().await), "accepted";
    }
}

#[tokio::test]
async fn what_something_else_needs_cannot_be_deleted() {
    let stage = Stage::new();
    let (ec2, network) = (stage.ec2(), stage.network().await);
    let target = stage.group(&network.vpc, "target").await;
    let source = stage.group(&network.vpc, "source").await;
    let worn = stage.group(&network.vpc, "worn").await;
    let pair = UserIdGroupPair::builder().group_id(&source).build();
    let rule = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(80)
        .to_port(80);
    let rule = rule.user_id_group_pairs(pair).build();
    let allow = || {
        let allow = ec2.authorize_security_group_ingress().group_id(&target);
        allow.ip_permissions(rule.clone()).send()
    };
    let interface = ec2
        .create_network_interface()
        .subnet_id(&network.subnets[0]);
    let interface = interface.groups(&worn).send().await.expect("an interface");
    let interface = interface
        .network_interface
        .and_then(|it| it.network_interface_id);
    let interface = interface.expect("its id");
    let group = |id: &str| ec2.delete_security_group().group_id(id).send();
    let subnet = || ec2.delete_subnet().subnet_id(&network.subnets[0]).send();
    let vpc = || ec2.delete_vpc().vpc_id(&network.vpc).send();
    let gateway = ec2
        .delete_internet_gateway()
        .internet_gateway_id(&network.gateway);
    answers! {
        "rule" => code(allow().await), "accepted";
        "rule again" => code(allow().await), "InvalidPermission.Duplicate";
        "group in a rule" => code(group(&source).await), "DependencyViolation";
        "group of an interface" => code(group(&worn).await), "DependencyViolation";
        "default group" => code(group(&network.group).await), "CannotDelete";
        "subnet" => code(subnet().await), "DependencyViolation";
        "VPC" => code(vpc().await), "DependencyViolation";
        "attached gateway" => code(gateway.send().await), "DependencyViolation";
    }
    let interface = ec2
        .delete_network_interface()
        .network_interface_id(&interface);
    answers! {
        "interface" => code(interface.send().await), "accepted";
        "subnet" => code(subnet().await), "accepted";
        "group of an interface" => code(group(&worn).await), "accepted";
        "group with the rule" => code(group(&target).await), "accepted";
        "group in a rule" => code(group(&source).await), "accepted";
    }
}

#[tokio::test]
async fn members_of_a_default_group_reach_one_another() {
    let stage = Stage::new();
    let network = stage.network().await;
    let seen = stage
        .ec2()
        .describe_security_groups()
        .group_ids(&network.group);
    let seen = seen.send().await.expect("the group");
    let rules = seen.security_groups()[0].ip_permissions();
    let peers = rules[0].user_id_group_pairs();
    assert_eq!((rules.len(), rules[0].ip_protocol()), (1, Some("-1")));
    assert_eq!(peers[0].group_id(), Some(network.group.as_str()));
}

#[tokio::test]
async fn an_endpoint_has_interfaces_that_outlive_it() {
    let stage = Stage::new();
    let (ec2, network) = (stage.ec2(), stage.network().await);
    let group = stage.group(&network.vpc, "endpoint").await;
    let made = ec2.create_vpc_endpoint().vpc_id(&network.vpc);
    let made = made
        .vpc_endpoint_type(VpcEndpointType::Interface)
        .private_dns_enabled(false);
    let made = made
        .service_name("com.amazonaws.eu-west-1.logs")
        .security_group_ids(&group);
    let made = made.subnet_ids(&network.subnets[0]).send().await;
    let endpoint = made
        .expect("an endpoint")
        .vpc_endpoint
        .expect("an endpoint");
    assert_eq!(endpoint.state().map(|it| it.as_str()), Some("pending"));
    stage.skip(180);
    let id = endpoint.vpc_endpoint_id().expect("its id");
    let seen = ec2
        .describe_vpc_endpoints()
        .vpc_endpoint_ids(id)
        .send()
        .await;
    let seen = seen.expect("the endpoint");
    let state = seen.vpc_endpoints()[0].state().map(|it| it.as_str());
    assert_eq!(state, Some("available"));
    let delete = ec2.delete_vpc_endpoints().vpc_endpoint_ids(id).send().await;
    let subnet = || ec2.delete_subnet().subnet_id(&network.subnets[0]).send();
    answers! {
        "delete" => code(delete), "accepted";
        "subnet" => code(subnet().await), "DependencyViolation";
    }
    stage.skip(180);
    answers! {
        "subnet" => code(subnet().await), "accepted";
    }
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let stage = Stage::new();
    let dry = stage
        .ec2()
        .create_vpc()
        .cidr_block("10.0.0.0/16")
        .dry_run(true);
    assert_eq!(code(dry.send().await), "DryRunOperation");
    let cidr = aws_sdk_ec2::types::Filter::builder()
        .name("cidr")
        .values("10.0.0.0/16");
    let seen = stage
        .ec2()
        .describe_vpcs()
        .filters(cidr.build())
        .send()
        .await;
    assert!(seen.expect("VPCs").vpcs().is_empty());
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let stage = Stage::new();
    let network = stage.network().await;
    for name in ["a", "b", "c", "d", "e", "f"] {
        stage.group(&network.vpc, name).await;
    }
    let list = |token: Option<String>| {
        let list = stage.ec2().describe_security_groups().max_results(5);
        list.set_next_token(token).send()
    };
    let first = list(None).await.expect("groups");
    let second = list(first.next_token.clone()).await.expect("groups");
    assert_eq!(first.security_groups().len(), 5);
    assert!(!second.security_groups().is_empty() && second.next_token().is_none());
    let (mut names, total) = (
        Vec::new(),
        first.security_groups().len() + second.security_groups().len(),
    );
    for page in [&first, &second] {
        names.extend(page.security_groups().iter().filter_map(|it| it.group_id()));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), total, "each group once");
    answers! {
        "too small" => code(stage.ec2().describe_security_groups().max_results(4).send().await), "InvalidParameterValue";
        "no token" => code(list(Some("x".to_owned())).await), "InvalidNextToken";
    }
}

#[tokio::test]
async fn a_rule_that_names_a_group_is_revoked_by_its_words_and_by_its_id() {
    let stage = Stage::new();
    let (ec2, network) = (stage.ec2(), stage.network().await);
    let target = stage.group(&network.vpc, "target").await;
    let source = stage.group(&network.vpc, "source").await;
    let rule = |port| {
        let pair = UserIdGroupPair::builder().group_id(&source).build();
        let rule = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(port)
            .to_port(port);
        rule.user_id_group_pairs(pair).build()
    };
    let allow = ec2.authorize_security_group_ingress().group_id(&target);
    let made = allow
        .ip_permissions(rule(80))
        .ip_permissions(rule(81))
        .send()
        .await
        .expect("rules");
    let by_id = made.security_group_rules()[1]
        .security_group_rule_id()
        .expect("its id");
    let words = ec2
        .revoke_security_group_ingress()
        .group_id(&target)
        .ip_permissions(rule(80));
    let id = || {
        ec2.revoke_security_group_ingress()
            .group_id(&target)
            .security_group_rule_ids(by_id)
            .send()
    };
    answers! {
        "by its words" => code(words.send().await), "accepted";
        "by its id" => code(id().await), "accepted";
        "again" => code(id().await), "InvalidSecurityGroupRuleId.NotFound";
        "source" => code(ec2.delete_security_group().group_id(&source).send().await), "accepted";
    }
}
