"""Everything in an account that a stack could make or touch, as AWS's calls show it, one text each."""

import json
from typing import Any, Iterator

from .asking import Asking

# Service, call, and the list in its answer.
_LISTS = (
    ("ec2", "DescribeVpcs", "Vpcs"),
    ("ec2", "DescribeSubnets", "Subnets"),
    ("ec2", "DescribeRouteTables", "RouteTables"),
    ("ec2", "DescribeInternetGateways", "InternetGateways"),
    ("ec2", "DescribeNatGateways", "NatGateways"),
    ("ec2", "DescribeAddresses", "Addresses"),
    ("ec2", "DescribeVpcEndpoints", "VpcEndpoints"),
    ("ec2", "DescribeSecurityGroups", "SecurityGroups"),
    ("ec2", "DescribeSecurityGroupRules", "SecurityGroupRules"),
    ("elbv2", "DescribeLoadBalancers", "LoadBalancers"),
    ("elbv2", "DescribeTargetGroups", "TargetGroups"),
    ("rds", "DescribeDBClusters", "DBClusters"),
    ("rds", "DescribeDBInstances", "DBInstances"),
    ("rds", "DescribeDBSubnetGroups", "DBSubnetGroups"),
    ("rds", "DescribeDBClusterParameterGroups", "DBClusterParameterGroups"),
    ("iam", "GetAccountAuthorizationDetails", "RoleDetailList"),
    ("logs", "DescribeLogGroups", "logGroups"),
    ("secretsmanager", "ListSecrets", "SecretList"),
    ("servicediscovery", "ListNamespaces", "Namespaces"),
    ("servicediscovery", "ListServices", "Services"),
    ("ecs", "ListTaskDefinitions", "taskDefinitionArns"),
    ("ecs", "ListClusters", "clusterArns"),
    # The tags of all of these but roles, which show theirs themselves.
    ("resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList"),
)
# A database says to when it can be restored, which moves on by itself.
_MOVING = ("EarliestRestorableTime", "LatestRestorableTime")


def everything(account: str, region: str) -> Iterator[str]:
    """All of it."""

    ask = Asking(account, region)

    def shown(kind: str, one: Any) -> str:
        if isinstance(one, dict):
            one = {name: value for name, value in one.items() if name not in _MOVING}
        return f"{kind} {json.dumps(one, sort_keys=True, default=str)}"

    for service, operation, key in _LISTS:
        for one in ask.all(service, operation, key):
            yield shown(key, one)
    for cluster in ask.all("ecs", "ListClusters", "clusterArns"):
        for service in ask.all("ecs", "ListServices", "serviceArns", cluster=cluster):
            about = ask.one("ecs", "DescribeServices", cluster=cluster, services=[service])
            # What a service tells of itself goes on by itself.
            yield shown("service", {**about["services"][0], "events": []})
    for zone in ask.all("route53", "ListHostedZones", "HostedZones"):
        yield shown("zone", {**zone, "ResourceRecordSetCount": None})
        for one in ask.all("route53", "ListResourceRecordSets", "ResourceRecordSets", HostedZoneId=zone["Id"]):
            yield shown(f"record of {zone['Id']}", one)
    for one in ask.all("application-autoscaling", "DescribeScalableTargets", "ScalableTargets", ServiceNamespace="ecs"):
        yield shown("ScalableTargets", one)
    for one in ask.all("elbv2", "DescribeLoadBalancers", "LoadBalancers"):
        arn = one["LoadBalancerArn"]
        for listener in ask.all("elbv2", "DescribeListeners", "Listeners", LoadBalancerArn=arn):
            yield shown("listener", listener)
            for rule in ask.all("elbv2", "DescribeRules", "Rules", ListenerArn=listener["ListenerArn"]):
                yield shown("rule", rule)
