"""Everything that stands in an account, read through AWS's own calls, in a form that can be compared.

What stands in Kong's databases is part of it, though no call of AWS shows that.

Two accounts in which the same was done give the same text; ``normal`` says what may differ. What a
service has that a stack can make is read here, or the comparison is blind to it: ``services`` lists
them, so that a test can hold it against the calls a stack makes.
"""

import difflib
import json
import sys
from typing import Any, Dict, Iterator, List
from urllib.parse import unquote

from . import normal, state_loop
from .asking import Asking
from .gateway import summary

Tree = Dict[str, Any]


def text(account: str, region: str) -> str:
    """The state of an account as JSON, one line a value."""
    names = normal.Names(account)
    asking = Asking(account, region)
    tree = {name: read(asking, names) for name, read in _READERS.items()}
    tree["kong"] = summary.entities(account, region)
    return json.dumps(normal.form(tree, names), indent=1, sort_keys=True)


def difference(expected: str, found: str) -> str:
    """A unified diff; empty when they are equal."""
    lines = difflib.unified_diff(
        expected.splitlines(), found.splitlines(), "undisturbed", "found", lineterm="", n=12
    )
    return "\n".join(lines)


def services() -> List[str]:
    """The services that are read, as IAM spells them."""
    return sorted(_READERS)


def _ec2(ask: Asking, names: normal.Names) -> Tree:
    def listed(operation: str, key: str, *ids: str) -> Any:
        return [names.tagged(one, one.get("Tags"), *ids) for one in ask.all("ec2", operation, key)]

    vpcs = listed("DescribeVpcs", "Vpcs", "VpcId")
    for vpc in vpcs:
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            vpc.update(ask.one("ec2", "DescribeVpcAttribute", VpcId=vpc["VpcId"], Attribute=name))
    gateways = listed("DescribeNatGateways", "NatGateways", "NatGatewayId")
    return {
        "vpcs": vpcs,
        "subnets": listed("DescribeSubnets", "Subnets", "SubnetId"),
        "route tables": listed("DescribeRouteTables", "RouteTables", "RouteTableId"),
        "internet gateways": listed("DescribeInternetGateways", "InternetGateways", "InternetGatewayId"),
        # AWS shows a deleted one for about an hour.
        "NAT gateways": [one for one in gateways if one["State"] != "deleted"],
        "addresses": listed("DescribeAddresses", "Addresses", "AllocationId", "PublicIp"),
        "endpoints": listed("DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId"),
        "flow logs": listed("DescribeFlowLogs", "FlowLogs", "FlowLogId"),
        "groups": listed("DescribeSecurityGroups", "SecurityGroups", "GroupId"),
        "rules": listed("DescribeSecurityGroupRules", "SecurityGroupRules", "SecurityGroupRuleId"),
        "interfaces": [
            _placed(one) for one in listed("DescribeNetworkInterfaces", "NetworkInterfaces", "NetworkInterfaceId")
        ],
    }


def _placed(interface: Dict[str, Any]) -> Dict[str, Any]:
    # In which of its service's zones a task runs is for ECS to say, and depends on the tasks before it.
    if str(interface.get("Description")).startswith("arn:aws:ecs:"):
        return {key: value for key, value in interface.items() if key not in ("AvailabilityZone", "SubnetId")}
    return interface


def _elb(ask: Asking, names: normal.Names) -> Tree:
    def tagged(operation: str, key: str, arn: str, *ids: str, **given: Any) -> Any:
        found = ask.all("elbv2", operation, key, **given)
        for one in found:
            described = ask.one("elbv2", "DescribeTags", ResourceArns=[one[arn]])
            one["Tags"] = described["TagDescriptions"][0]["Tags"]
            names.tagged(one, one["Tags"], arn, *ids)
        return found

    balancers = tagged("DescribeLoadBalancers", "LoadBalancers", "LoadBalancerArn", "DNSName")
    listeners, rules = [], []
    for one in balancers:
        arn = one["LoadBalancerArn"]
        one["Attributes"] = ask.one("elbv2", "DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
        listeners += tagged("DescribeListeners", "Listeners", "ListenerArn", LoadBalancerArn=arn)
    for one in listeners:
        rules += tagged("DescribeRules", "Rules", "RuleArn", ListenerArn=one["ListenerArn"])
    groups = tagged("DescribeTargetGroups", "TargetGroups", "TargetGroupArn")
    for one in groups:
        arn = one["TargetGroupArn"]
        one["Attributes"] = ask.one("elbv2", "DescribeTargetGroupAttributes", TargetGroupArn=arn)
        one["Health"] = ask.one("elbv2", "DescribeTargetHealth", TargetGroupArn=arn)
    return {"balancers": balancers, "listeners": listeners, "rules": rules, "target groups": groups}


def _rds(ask: Asking, names: normal.Names) -> Tree:
    def with_tags(operation: str, key: str, arn: str, name: str) -> Any:
        found = ask.all("rds", operation, key)
        for one in found:
            one["TagList"] = ask.one("rds", "ListTagsForResource", ResourceName=one[arn])["TagList"]
            names.tagged(one, one["TagList"], name)
        return found

    clusters = ask.all("rds", "DescribeDBClusters", "DBClusters")
    for one in clusters:
        names.tagged(one, one.get("TagList"), "DbClusterResourceId")
    instances = ask.all("rds", "DescribeDBInstances", "DBInstances")
    for one in instances:
        names.tagged(one, one.get("TagList"), "DbiResourceId")
    families = with_tags(
        "DescribeDBClusterParameterGroups", "DBClusterParameterGroups",
        "DBClusterParameterGroupArn", "DBClusterParameterGroupName",
    )  # fmt: skip
    for one in families:
        group = one["DBClusterParameterGroupName"]
        one["Set"] = ask.all("rds", "DescribeDBClusterParameters", "Parameters",
                             DBClusterParameterGroupName=group, Source="user")  # fmt: skip
    return {
        "clusters": clusters,
        "instances": instances,
        "subnet groups": with_tags(
            "DescribeDBSubnetGroups", "DBSubnetGroups", "DBSubnetGroupArn", "DBSubnetGroupName"
        ),
        "parameter groups": families,
        "cluster snapshots": [
            one
            for one in ask.all("rds", "DescribeDBClusterSnapshots", "DBClusterSnapshots")
            if one.get("SnapshotType") != "automated"
        ],
    }


def _ecs(ask: Asking, names: normal.Names) -> Tree:
    clusters: List[Tree] = []
    for arn in ask.all("ecs", "ListClusters", "clusterArns"):
        about = ask.one("ecs", "DescribeClusters", clusters=[arn], include=["TAGS", "SETTINGS", "CONFIGURATIONS"])
        # A deleted one is seen as INACTIVE for a while.
        clusters += [one for one in about["clusters"] if one["status"] != "INACTIVE"]
    definitions = []
    listed = [ask.all("ecs", "ListTaskDefinitions", "taskDefinitionArns", status=one) for one in ("ACTIVE", "INACTIVE")]
    for arn in sum(listed, []):
        about = ask.one("ecs", "DescribeTaskDefinition", taskDefinition=arn, include=["TAGS"])
        one = {**about["taskDefinition"], "tags": about.get("tags")}
        definitions.append(names.tagged(one, one["tags"], "taskDefinitionArn"))
    services = [one for cluster in clusters for one in _services(ask, cluster["clusterArn"])]
    tasks = [one for cluster in clusters for one in _tasks(ask, cluster["clusterArn"])]
    return {"clusters": clusters, "definitions": definitions, "services": services, "tasks": tasks}


def _services(ask: Asking, cluster: str) -> Iterator[Tree]:
    for arn in ask.all("ecs", "ListServices", "serviceArns", cluster=cluster):
        about = ask.one("ecs", "DescribeServices", cluster=cluster, services=[arn], include=["TAGS"])
        yield from (one for one in about["services"] if one["status"] != "INACTIVE")


def _tasks(ask: Asking, cluster: str) -> Iterator[Tree]:
    for arn in ask.all("ecs", "ListTasks", "taskArns", cluster=cluster):
        about = ask.one("ecs", "DescribeTasks", cluster=cluster, tasks=[arn])
        for one in about["tasks"]:
            shown = ("lastStatus", "desiredStatus", "group", "taskDefinitionArn", "healthStatus", "launchType")
            yield {key: one.get(key) for key in shown}


def _iam(ask: Asking, names: normal.Names) -> Tree:
    roles = ask.all("iam", "ListRoles", "Roles", PathPrefix="/kongstack/")
    for role in roles:
        named = {"RoleName": role["RoleName"]}
        role["Tags"] = ask.all("iam", "ListRoleTags", "Tags", **named)
        role["Attached"] = ask.all("iam", "ListAttachedRolePolicies", "AttachedPolicies", **named)
        role["Trust"] = _document(role.pop("AssumeRolePolicyDocument"))
        role["Inline"] = {}
        for name in ask.all("iam", "ListRolePolicies", "PolicyNames", **named):
            policy = ask.one("iam", "GetRolePolicy", **named, PolicyName=name)
            role["Inline"][name] = _document(policy["PolicyDocument"])
    return {"roles": roles}


def _document(given: Any) -> Any:
    return json.loads(unquote(given)) if isinstance(given, str) else given


def _kms(ask: Asking, names: normal.Names) -> Tree:
    keys: List[Tree] = []
    if "moto.kms.responses" not in sys.modules:
        return {"keys": keys}
    for one in ask.all("kms", "ListKeys", "Keys"):
        about = {"KeyId": one["KeyId"]}
        key = ask.one("kms", "DescribeKey", **about)["KeyMetadata"]
        listed = ask.all("kms", "ListResourceTags", "Tags", **about)
        key["Tags"] = [{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in listed]
        key["Aliases"] = [alias["AliasName"] for alias in ask.all("kms", "ListAliases", "Aliases", **about)]
        if any(name.startswith("alias/aws/") for name in key["Aliases"]):
            # AWS's own, made when a service first needs it.
            continue
        key["Policy"] = json.loads(ask.one("kms", "GetKeyPolicy", PolicyName="default", **about)["Policy"])
        key["Rotates"] = ask.one("kms", "GetKeyRotationStatus", **about)["KeyRotationEnabled"]
        keys.append(names.tagged(key, key["Tags"], "KeyId"))
    return {"keys": keys}


def _logs(ask: Asking, names: normal.Names) -> Tree:
    groups = ask.all("logs", "DescribeLogGroups", "logGroups")
    for one in groups:
        arn = one["arn"].removesuffix(":*")
        one["tags"] = ask.one("logs", "ListTagsForResource", resourceArn=arn)["tags"]
    return {"groups": groups}


def _secrets(ask: Asking, names: normal.Names) -> Tree:
    secrets = ask.all("secretsmanager", "ListSecrets", "SecretList", IncludePlannedDeletion=True)
    for one in secrets:
        names.tagged(one, one.get("Tags"), "ARN")
        if "DeletedDate" in one:
            one["Value"] = "being deleted"
            continue
        value = ask.one("secretsmanager", "GetSecretValue", SecretId=one["ARN"])
        # Made at random: that there is one, and of what form, is all that can be compared.
        given = value.get("SecretString", "")
        one["Value"] = sorted(json.loads(given)) if given.startswith("{") else bool(given)
    return {"secrets": secrets}


def _discovery(ask: Asking, names: normal.Names) -> Tree:
    def tagged(one: Tree, more: Tree) -> Tree:
        tags = ask.one("servicediscovery", "ListTagsForResource", ResourceARN=one["Arn"])["Tags"]
        return names.tagged({**one, **more, "Tags": tags}, tags, "Id")

    namespaces = [
        tagged(one, ask.one("servicediscovery", "GetNamespace", Id=one["Id"])["Namespace"])
        for one in ask.all("servicediscovery", "ListNamespaces", "Namespaces")
    ]
    services = [
        tagged(one, ask.one("servicediscovery", "GetService", Id=one["Id"])["Service"])
        for one in ask.all("servicediscovery", "ListServices", "Services")
    ]
    for one in services:
        instances = ask.all("servicediscovery", "ListInstances", "Instances", ServiceId=one["Id"])
        one["Instances"] = instances
    return {"namespaces": namespaces, "services": services}


def _route53(ask: Asking, names: normal.Names) -> Tree:
    zones = ask.all("route53", "ListHostedZones", "HostedZones")
    for zone in zones:
        short = zone["Id"].removeprefix("/hostedzone/")
        zone["Records"] = ask.all("route53", "ListResourceRecordSets", "ResourceRecordSets", HostedZoneId=short)
    return {"zones": zones}


def _acm(ask: Asking, names: normal.Names) -> Tree:
    listed = ask.all("acm", "ListCertificates", "CertificateSummaryList")
    certificates = []
    for arn in [one["CertificateArn"] for one in listed]:
        one = ask.one("acm", "DescribeCertificate", CertificateArn=arn)["Certificate"]
        one["Tags"] = ask.one("acm", "ListTagsForCertificate", CertificateArn=arn)["Tags"]
        certificates.append(names.tagged(one, one["Tags"], "CertificateArn"))
    return {"certificates": certificates}


def _scaling(ask: Asking, names: normal.Names) -> Tree:
    service, given = "application-autoscaling", {"ServiceNamespace": "ecs"}
    targets = ask.all(service, "DescribeScalableTargets", "ScalableTargets", **given)
    for one in targets:
        one["Tags"] = ask.one(service, "ListTagsForResource", ResourceARN=one["ScalableTargetARN"])["Tags"]
        tags = [{"Key": key, "Value": value} for key, value in one["Tags"].items()]
        names.tagged(one, tags, "ScalableTargetARN")
    policies = ask.all(service, "DescribeScalingPolicies", "ScalingPolicies", **given)
    return {"targets": targets, "policies": policies}


def _cloudwatch(ask: Asking, names: normal.Names) -> Tree:
    # Whom nobody has asked has nothing, and need not be loaded for that.
    if "moto.cloudwatch.models" not in sys.modules:
        return {"alarms": [], "dashboards": {}}
    alarms = ask.all("cloudwatch", "DescribeAlarms", "MetricAlarms")
    for one in alarms:
        one["Tags"] = ask.one("cloudwatch", "ListTagsForResource", ResourceARN=one["AlarmArn"])["Tags"]
        names.tagged(one, one["Tags"], "AlarmArn")
    shown = ask.all("cloudwatch", "ListDashboards", "DashboardEntries")
    dashboards = {
        one["DashboardName"]: json.loads(
            ask.one("cloudwatch", "GetDashboard", DashboardName=one["DashboardName"])["DashboardBody"]
        )
        for one in shown
    }
    return {"alarms": alarms, "dashboards": dashboards}


def _sns(ask: Asking, names: normal.Names) -> Tree:
    topics: List[Tree] = []
    if "moto.sns.models" not in sys.modules:
        return {"topics": topics}
    for arn in [one["TopicArn"] for one in ask.all("sns", "ListTopics", "Topics")]:
        attributes = ask.one("sns", "GetTopicAttributes", TopicArn=arn)["Attributes"]
        shown = {key: _document(attributes[key]) for key in ("Policy", "KmsMasterKeyId") if key in attributes}
        shown["Arn"], shown["Tags"] = arn, ask.one("sns", "ListTagsForResource", ResourceArn=arn)["Tags"]
        shown["Subscriptions"] = ask.all("sns", "ListSubscriptionsByTopic", "Subscriptions", TopicArn=arn)
        topics.append(names.tagged(shown, shown["Tags"], "Arn"))
    return {"topics": topics}


def _s3(ask: Asking, names: normal.Names) -> Tree:
    buckets = ask.all("s3", "ListBuckets", "Buckets")
    for one in buckets:
        name = {"Bucket": one["Name"]}
        one["Tags"] = _setting(ask, "GetBucketTagging", **name).get("TagSet")
        for operation in _SETTINGS_OF_BUCKETS:
            one[operation] = _setting(ask, operation, **name)
        policy = one["GetBucketPolicy"].get("Policy")
        one["GetBucketPolicy"] = json.loads(policy) if policy else None
        objects = ask.all("s3", "ListObjectVersions", "Versions", **name)
        # How many afternoons a run saw, and so what is archived, depends on how long it took.
        one["Objects"] = [thing["Key"] for thing in objects if not thing["Key"].startswith("archive/")]
    return {"buckets": buckets}


_SETTINGS_OF_BUCKETS = (
    "GetPublicAccessBlock", "GetBucketOwnershipControls", "GetBucketEncryption", "GetBucketVersioning",
    "GetBucketLifecycleConfiguration", "GetBucketPolicy",
)  # fmt: skip


def _setting(ask: Asking, operation: str, **name: str) -> Tree:
    from botocore.exceptions import ClientError

    try:
        return ask.one("s3", operation, **name)
    except ClientError as absent:
        return {"absent": absent.response["Error"]["Code"]}


def _waf(ask: Asking, names: normal.Names) -> Tree:
    if "moto.wafv2.models" not in sys.modules:
        return {"ACLs": [], "IP sets": [], "logging": []}
    regional = {"Scope": "REGIONAL"}

    def whole(kind: str, one: Tree) -> Tree:
        given = {"Name": one["Name"], "Id": one["Id"], **regional}
        whole: Tree = ask.one("wafv2", f"Get{kind}", **given)[kind]
        tags = ask.one("wafv2", "ListTagsForResource", ResourceARN=one["ARN"])["TagInfoForResource"]["TagList"]
        return names.tagged({**whole, "Tags": tags}, tags, "ARN", "Id")

    sets = [whole("IPSet", one) for one in ask.one("wafv2", "ListIPSets", **regional)["IPSets"]]
    acls = [whole("WebACL", one) for one in ask.one("wafv2", "ListWebACLs", **regional)["WebACLs"]]
    for one in acls:
        one["Resources"] = ask.one("wafv2", "ListResourcesForWebACL", WebACLArn=one["ARN"])["ResourceArns"]
    logging = ask.one("wafv2", "ListLoggingConfigurations", **regional)["LoggingConfigurations"]
    return {"ACLs": acls, "IP sets": sets, "logging": logging}


_READERS = {
    "acm": _acm,
    "application-autoscaling": _scaling,
    "ec2": _ec2,
    "ecs": _ecs,
    "elasticloadbalancing": _elb,
    "events": state_loop.rules,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "monitoring": _cloudwatch,
    "rds": _rds,
    "route53": _route53,
    "s3": _s3,
    "scheduler": state_loop.schedules,
    "secretsmanager": _secrets,
    "servicediscovery": _discovery,
    "sns": _sns,
    "states": state_loop.machines,
    "wafv2": _waf,
}
