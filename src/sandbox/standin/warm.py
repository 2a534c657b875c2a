"""One call of each service before the first client comes, so that nobody waits for what moto loads.

A service's first call reads its model and builds its routes, which takes up to a quarter of a
second. It is made in an account that no client has, and nothing of it stays.
"""

import gc
from typing import Dict

from . import control, dispatch
from .request import Request

_ACCOUNT = "000000000000"
_REGION = "us-east-1"

# Service, version of its API, an operation that reads.
_FORMS = (
    ("sts", "2011-06-15", "GetCallerIdentity"),
    ("ec2", "2016-11-15", "DescribeVpcs"),
    ("elasticloadbalancing", "2015-12-01", "DescribeLoadBalancers"),
    ("iam", "2010-05-08", "ListRoles"),
    ("rds", "2014-10-31", "DescribeDBClusters"),
    ("rds", "2014-10-31", "DescribeDBSubnetGroups"),
)
# Service, operation as the protocol names it, body.
_DOCUMENTS = (
    ("dynamodb", "DynamoDB_20120810.ListTables", b"{}"),
    ("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", b"{}"),
    ("logs", "Logs_20140328.DescribeLogGroups", b"{}"),
    ("secretsmanager", "secretsmanager.ListSecrets", b"{}"),
    ("servicediscovery", "Route53AutoNaming_v20170314.ListNamespaces", b"{}"),
    ("application-autoscaling", "AnyScaleFrontendService.DescribeScalableTargets", b'{"ServiceNamespace":"ecs"}'),
    ("tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", b"{}"),
)


def warm_up() -> None:
    """Make the calls; the server does not listen yet, so no lock is needed."""
    for service, version, operation in _FORMS:
        kind = "application/x-www-form-urlencoded"
        _call(service, "POST", "/", {"content-type": kind}, f"Action={operation}&Version={version}".encode())
    for service, target, body in _DOCUMENTS:
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        _call(service, "POST", "/", headers, body)
    _call("route53", "GET", "/2013-04-01/hostedzone", {}, b"")
    control.forget(_ACCOUNT)
    # What has been loaded stays: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _call(service: str, method: str, path: str, headers: Dict[str, str], body: bytes) -> None:
    scope = f"SANDBOX{_ACCOUNT}/20260101/{_REGION}/{service}/aws4_request"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    request = Request(method, path, headers, body)
    dispatch.perform(request, dispatch.identify(request))  # type: ignore[arg-type]
