"""Access logs of load balancers: a bucket is tried before it is taken for one.

moto takes any text for a bucket's name. Elastic Load Balancing writes a file into the bucket, and
refuses it if it may not, if it is in another region, or if it encrypts with a key of KMS.
"""

import json
from fnmatch import fnmatchcase
from typing import Any, Dict, List

from moto.elbv2.exceptions import InvalidConfigurationRequest

_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"
_KEY = "access_logs.s3."


def try_bucket(account: str, region: str, attributes: Dict[str, Any]) -> None:
    """Write the test file where the attributes say, if they say so."""
    if str(attributes.get(f"{_KEY}enabled")) != "true":
        return
    from .. import rare

    rare.url_paths("s3")
    from moto.s3.models import s3_backends
    from moto.utilities.utils import get_partition

    name, prefix = (str(attributes.get(f"{_KEY}{part}") or "") for part in ("bucket", "prefix"))
    backend = s3_backends[account][get_partition(region)]
    bucket = backend.buckets.get(name)
    if bucket is None or bucket.region_name != region:
        raise InvalidConfigurationRequest(
            f"The bucket '{name}' does not exist in the region of the load balancer, or you may not use it"
        )
    key = "/".join([*([prefix] if prefix else []), "AWSLogs", account, "ELBAccessLogTestFile"])
    if not _may_write(bucket, f"{bucket.arn}/{key}"):
        raise InvalidConfigurationRequest(f"Access Denied for bucket: {name}. Please check S3bucket permission")
    backend.put_object(name, key, b"Enable AccessLog for ELB")


def _may_write(bucket: Any, arn: str) -> bool:
    default = (bucket.encryption or {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
    if default.get("SSEAlgorithm", "AES256") != "AES256" or not bucket.policy:
        return False
    return any(_allows(one, arn) for one in json.loads(bucket.policy)["Statement"])


def _allows(statement: Dict[str, Any], arn: str) -> bool:
    principal = statement.get("Principal")
    services = listed(principal.get("Service", [])) if isinstance(principal, dict) else []
    return (
        statement.get("Effect") == "Allow"
        and _DELIVERY in services
        and any(action in ("s3:PutObject", "s3:*") for action in listed(statement.get("Action", [])))
        and any(fnmatchcase(arn, resource) for resource in listed(statement.get("Resource", [])))
    )


def listed(one: Any) -> List[str]:
    """A value of a policy, which stands alone or in a list."""
    return [one] if isinstance(one, str) else list(one)
