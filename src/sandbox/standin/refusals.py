"""What AWS refuses for want of quota or capacity: code, status and words, operation by operation.

Codes and statuses are those of the service models; where a model names none, the words of the
service's own documentation. An operation without a line here is never refused that way.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import fargate_capacity


class Want(NamedTuple):
    """One refusal: the HTTP status, the code, and the message; or an answer that says no in itself."""

    status: int
    code: str
    message: str
    answer: Optional[Dict[str, Any]] = None


def _ec2(code: str, what: str) -> Want:
    return Want(400, code, f"The maximum number of {what} has been reached.")


def _elb(what: str, words: str) -> Want:
    return Want(400, f"TooMany{what}", f"The maximum number of {words} has been reached")


def _rds(code: str, words: str, status: int = 400) -> Want:
    return Want(status, code, f"Cannot create more than {words}")


def _document(code: str, message: str, status: int = 400) -> Want:
    return Want(status, code, message)


def _placed_nothing(reason: str) -> Want:
    # RunTask answers, and says among its failures why no task was placed.
    return Want(200, "", reason, {"tasks": [], "failures": [{"reason": reason}]})


_RULES = _ec2("RulesPerSecurityGroupLimitExceeded", "rules per security group")
_LOGS = _document("LimitExceededException", "Resource limit exceeded.")
_SCALING = _document("LimitExceededException", "You have exceeded your account limit.")
# ECS's model has no code of its own for a quota of services or clusters.
_SERVICES = _document("InvalidParameterException", "The maximum number of services per cluster has been reached.")

# Service (as IAM spells it) -> operation -> what it answers when its quota is used up.
_QUOTAS: Dict[str, Dict[str, Want]] = {
    "ec2": {
        "CreateVpc": _ec2("VpcLimitExceeded", "VPCs"),
        "CreateSubnet": _ec2("SubnetLimitExceeded", "subnets"),
        "CreateInternetGateway": _ec2("InternetGatewayLimitExceeded", "internet gateways"),
        "CreateRouteTable": _ec2("RouteTableLimitExceeded", "route tables"),
        "CreateRoute": _ec2("RouteLimitExceeded", "routes"),
        "AllocateAddress": _ec2("AddressLimitExceeded", "addresses"),
        "CreateNatGateway": Want(
            400, "NatGatewayLimitExceeded", "Performing this operation would exceed the limit of 5 NAT gateways"
        ),
        "CreateVpcEndpoint": _ec2("VpcEndpointLimitExceeded", "VPC endpoints"),
        "CreateSecurityGroup": _ec2("SecurityGroupLimitExceeded", "security groups for this VPC"),
        "AuthorizeSecurityGroupIngress": _RULES,
        "AuthorizeSecurityGroupEgress": _RULES,
        "CreateNetworkInterface": _ec2("NetworkInterfaceLimitExceeded", "network interfaces"),
    },
    "elasticloadbalancing": {
        "CreateLoadBalancer": _elb("LoadBalancers", "load balancers"),
        "CreateTargetGroup": _elb("TargetGroups", "target groups"),
        "CreateListener": _elb("Listeners", "listeners for this load balancer"),
        "CreateRule": _elb("Rules", "rules for this load balancer"),
        "RegisterTargets": _elb("Targets", "targets for this load balancer"),
        "AddListenerCertificates": _elb("Certificates", "certificates for this load balancer"),
    },
    "rds": {
        "CreateDBCluster": _rds("DBClusterQuotaExceededFault", "40 DB clusters", 403),
        "CreateDBInstance": _rds("InstanceQuotaExceeded", "40 DB instances"),
        "CreateDBSubnetGroup": _rds("DBSubnetGroupQuotaExceeded", "50 DB subnet groups"),
        "CreateDBClusterParameterGroup": _rds("DBParameterGroupQuotaExceeded", "50 DB parameter groups"),
        "CreateDBParameterGroup": _rds("DBParameterGroupQuotaExceeded", "50 DB parameter groups"),
        "DeleteDBCluster": _rds("SnapshotQuotaExceeded", "100 manual snapshots"),
    },
    "iam": {
        "CreateRole": Want(409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"),
        "PutRolePolicy": Want(409, "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role"),
        "AttachRolePolicy": Want(409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10"),
    },
    "ecs": {
        "CreateCluster": _document("ClientException", "The maximum number of clusters has been reached."),
        "CreateService": _SERVICES,
        "RunTask": _placed_nothing("You've reached the limit on the number of vCPUs you can run concurrently"),
        "RegisterTaskDefinition": _document("LimitExceededException", "The limit for the resource was exceeded."),
    },
    "logs": {"CreateLogGroup": _LOGS, "PutMetricFilter": _LOGS},
    "servicediscovery": {
        "CreatePrivateDnsNamespace": _document(
            "ResourceLimitExceeded", "You've reached the quota for the number of namespaces in this account."
        ),
        "CreateService": _document(
            "ResourceLimitExceeded", "You've reached the quota for the number of services in this namespace."
        ),
        "RegisterInstance": _document(
            "ResourceLimitExceeded", "You've reached the quota for the number of instances in this namespace."
        ),
    },
    "secretsmanager": {
        "CreateSecret": _document("LimitExceededException", "You've exceeded the quota of secrets in this Region."),
    },
    "kms": {
        "CreateKey": _document("LimitExceededException", "You have reached the quota for KMS keys in this Region."),
    },
    "s3": {
        "CreateBucket": Want(400, "TooManyBuckets", "You have attempted to create more buckets than allowed"),
    },
    "route53": {
        "CreateHostedZone": Want(
            400,
            "TooManyHostedZones",
            "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.",
        ),
    },
    "application-autoscaling": {"RegisterScalableTarget": _SCALING, "PutScalingPolicy": _SCALING},
    "dynamodb": {
        "CreateTable": _document(
            "LimitExceededException",
            "Subscriber limit exceeded: There is a limit of 2500 tables per subscriber",
        ),
    },
    "monitoring": {"PutMetricAlarm": Want(400, "LimitExceeded", "The maximum limit of 5000 alarms has been reached.")},
    "sns": {"CreateTopic": Want(403, "TopicLimitExceeded", "Topic limit exceeded")},
    "wafv2": {
        "CreateWebACL": _document("WAFLimitsExceededException", "You exceeded the resource limit for web ACLs."),
    },
    "acm": {
        "RequestCertificate": _document(
            "LimitExceededException", "Error: you have reached your limit of 2500 certificates in the last year."
        ),
    },
    "events": {"PutRule": _document("LimitExceededException", "The requested resource exceeds the maximum number.")},
    "scheduler": {
        "CreateSchedule": _document("ServiceQuotaExceededException", "Quota for schedules exceeded.", 402),
    },
    "states": {
        "CreateStateMachine": _document("StateMachineLimitExceeded", "State machine limit exceeded."),
    },
}

_NO_INSTANCE = Want(
    400,
    "InsufficientDBInstanceCapacity",
    "Insufficient db instance capacity: db.serverless is not available in the zone now. Try again later.",
)

# The same for what is used up on AWS's side. Zones without room for tasks are `states`' to keep.
_CAPACITIES: Dict[str, Dict[str, Want]] = {
    "rds": {
        "CreateDBCluster": Want(
            400,
            "InsufficientStorageClusterCapacity",
            "Insufficient storage is available for the current action. Use a subnet group with other zones.",
        ),
        "CreateDBInstance": _NO_INSTANCE,
        "ModifyDBInstance": _NO_INSTANCE,
    },
    "ec2": {
        "AllocateAddress": Want(400, "InsufficientAddressCapacity", "Not enough addresses available."),
    },
    "ecs": {"RunTask": _placed_nothing(fargate_capacity.REASON)},
}

_TABLES = {"quota": _QUOTAS, "capacity": _CAPACITIES}

KINDS: Tuple[str, ...] = tuple(_TABLES)


def find(kind: str, service: str, operation: str) -> Optional[Want]:
    """What an operation answers to that want; None where AWS never answers so."""
    return _TABLES[kind].get(service, {}).get(operation)


def operations(kind: str) -> List[str]:
    """The operations that answer to that want, as ``service:Operation``."""
    return [f"{service}:{name}" for service, table in _TABLES[kind].items() for name in table]
