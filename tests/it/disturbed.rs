//! A sample of the matrices: every kind killed in the making, every way to fail once. The whole is `--test matrix`.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::matrix::{Calls, Fault, Scenario, Tally, for_good, kill, once, scenarios, throughout};
use crate::support::standin::Fork;

/// Where the kinds are registered, to see that none is left out here.
const REGISTRY: &str = include_str!("../../src/kinds/mod.rs");

/// Each kind, and the call after which it is killed in the making.
const MADE_BY: [(&str, &str); 50] = [
    (
        "ScalableTarget",
        "application-autoscaling:RegisterScalableTarget",
    ),
    ("ScalingPolicy", "application-autoscaling:PutScalingPolicy"),
    ("Alarm", "monitoring:PutMetricAlarm"),
    ("Dashboard", "monitoring:PutDashboard"),
    ("ElasticIp", "ec2:AllocateAddress"),
    ("FlowLog", "ec2:CreateFlowLogs"),
    ("InternetGateway", "ec2:CreateInternetGateway"),
    ("NatGateway", "ec2:CreateNatGateway"),
    ("Route", "ec2:CreateRoute"),
    ("RouteTable", "ec2:CreateRouteTable"),
    ("SecurityGroup", "ec2:CreateSecurityGroup"),
    ("SecurityGroupRule", "ec2:AuthorizeSecurityGroupIngress"),
    ("Subnet", "ec2:CreateSubnet"),
    ("RouteTableAssociation", "ec2:AssociateRouteTable"),
    ("Vpc", "ec2:CreateVpc"),
    ("VpcEndpoint", "ec2:CreateVpcEndpoint"),
    ("EcsCluster", "ecs:CreateCluster"),
    ("EcsService", "ecs:CreateService"),
    ("TaskDefinition", "ecs:RegisterTaskDefinition"),
    ("Listener", "elasticloadbalancing:CreateListener"),
    ("ListenerRule", "elasticloadbalancing:CreateRule"),
    ("LoadBalancer", "elasticloadbalancing:CreateLoadBalancer"),
    ("TargetGroup", "elasticloadbalancing:CreateTargetGroup"),
    ("Rule", "events:PutRule"),
    ("Role", "iam:CreateRole"),
    ("RolePolicy", "iam:PutRolePolicy"),
    ("Key", "kms:CreateKey"),
    ("LogGroup", "logs:CreateLogGroup"),
    ("DbCluster", "rds:CreateDBCluster"),
    (
        "DbClusterParameterGroup",
        "rds:CreateDBClusterParameterGroup",
    ),
    ("DbInstance", "rds:CreateDBInstance"),
    ("DbSubnetGroup", "rds:CreateDBSubnetGroup"),
    ("Alias", "route53:ChangeResourceRecordSets"),
    ("Validation", "route53:ChangeResourceRecordSets"),
    ("Bucket", "s3:CreateBucket"),
    ("Certificate", "acm:RequestCertificate"),
    ("ScheduleGroup", "scheduler:CreateScheduleGroup"),
    ("Secret", "secretsmanager:CreateSecret"),
    ("Subscription", "sns:Subscribe"),
    ("Topic", "sns:CreateTopic"),
    ("Namespace", "servicediscovery:CreatePrivateDnsNamespace"),
    ("DiscoveryService", "servicediscovery:CreateService"),
    ("StateMachine", "states:CreateStateMachine"),
    ("IpSet", "wafv2:CreateIPSet"),
    ("LoggingConfiguration", "wafv2:PutLoggingConfiguration"),
    ("WebAcl", "wafv2:CreateWebACL"),
    ("WebAclAssociation", "wafv2:AssociateWebACL"),
    ("Schema", "ecs:RunTask"),
    // Imported by the same task; its mark comes with the schema's.
    ("AdminRoute", "ecs:RunTask"),
    ("SchemaFinish", "rds:AddTagsToResource"),
];

fn scenario(name: &str) -> Scenario {
    let mut all = scenarios().into_iter();
    all.find(|one| one.name == name).expect("a scenario")
}

fn called(fork: &Fork) -> String {
    format!("{}:{}", fork.service, fork.operation)
}

/// Insists that nothing diverged, and that there was something to try.
#[track_caller]
fn passes(tally: &Tally) {
    let shown = tally
        .diverged
        .iter()
        .map(|one| format!("{}: {}", one.point, one.why));
    let shown: Vec<_> = shown.collect();
    assert!(
        shown.is_empty(),
        "{} diverged after {:?}\n{}",
        tally.name,
        tally.took,
        shown.join("\n")
    );
    assert!(tally.tried > 0, "{} tried nothing", tally.name);
}

/// Kills a scenario after the first of each call that makes a kind, and returns those calls.
fn killed_in_the_making(name: &str) -> BTreeSet<String> {
    let seen = Mutex::new(BTreeSet::new());
    let is_wanted = |fork: &Fork| {
        let call = called(fork);
        let makes = MADE_BY.iter().any(|(_, makes)| *makes == call);
        makes && seen.lock().expect("a set").insert(call)
    };
    passes(&kill(scenario(name), Calls::First, &is_wanted));
    seen.into_inner().expect("a set")
}

#[test]
fn every_kind_is_made_whole_after_a_kill() {
    let registered: BTreeSet<&str> = REGISTRY
        .lines()
        .filter_map(|line| line.trim().strip_prefix("kind::<")?.strip_suffix(">(),"))
        .filter_map(|path| path.split("::").last())
        .collect();
    let known: BTreeSet<&str> = MADE_BY.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        registered, known,
        "a kind without a call to be killed after"
    );
    let mut tried = killed_in_the_making("create");
    tried.extend(killed_in_the_making("network"));
    tried.extend(killed_in_the_making("upgrade"));
    let wanted: BTreeSet<String> = MADE_BY.iter().map(|(_, call)| (*call).to_owned()).collect();
    assert_eq!(tried, wanted, "no scenario makes it");
}

#[test]
fn a_replacement_and_a_destruction_are_finished_after_a_kill() {
    for name in ["replace", "destroy"] {
        passes(&kill(scenario(name), Calls::Every, &|fork| {
            fork.n % 24 == 5
        }));
    }
}

#[test]
fn a_rotation_is_finished_after_a_kill_wherever_it_was() {
    passes(&kill(scenario("rotate"), Calls::Every, &|_| true));
}

#[test]
fn every_way_to_fail_is_survived_once() {
    let faults = Fault::all();
    let seen = Mutex::new(BTreeSet::new());
    // The first operation that can fail so, of those that AWS takes longest for, and the next way at the next of them.
    let is_wanted = |fork: &Fork, fault: &Fault| {
        let slow = fork.operation.starts_with("Create");
        slow && seen.lock().expect("a set").insert(fault.kind.clone())
    };
    passes(&once(scenario("create"), &faults, &is_wanted));
    let missing = faults
        .iter()
        .filter(|fault| !seen.lock().expect("a set").contains(&fault.kind));
    let missing: Vec<_> = missing.map(|fault| &fault.kind).collect();
    assert!(missing.is_empty(), "not tried: {missing:?}");
}

#[test]
fn a_run_of_lost_answers_comes_to_its_end() {
    let mut faults = Fault::all();
    faults.retain(|fault| fault.kind == "cut-after");
    passes(&throughout(&scenario("create"), &faults));
}

#[test]
fn what_is_refused_for_good_ends_the_run_in_part_and_a_later_one_finishes() {
    let faults = Fault::all();
    let is_wanted = |fork: &Fork, _: &Fault| fork.n % 32 == 3;
    passes(&for_good(scenario("create"), &faults, &is_wanted));
}

/// With alarms that cannot be moved, the old load balancer stays, and the old web ACL is taken off it all the same.
#[test]
fn a_replacement_that_is_refused_a_step_waits_for_nothing_it_could_do() {
    let faults = Fault::all();
    let is_wanted = |fork: &Fork, fault: &Fault| {
        fork.operation == "PutMetricAlarm" && fault.kind == "access-denied"
    };
    passes(&for_good(scenario("replace"), &faults, &is_wanted));
}
