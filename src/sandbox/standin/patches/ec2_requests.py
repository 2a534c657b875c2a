"""What holds for every EC2 call: DryRun, client tokens, filters, leftover tags."""

import fnmatch
import json
from datetime import datetime
from typing import Any, Dict, Iterable, List

import moto.ec2.utils as ec2_utils
from moto.core.responses import ActionResult
from moto.ec2.exceptions import DryRunClientError, EC2ClientError
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.responses import EC2Response

from ..world import world
from .wrapping import around

# Operation -> parameter with the id of what is gone afterwards, at once, with its tags. What
# goes slowly (NAT gateways, endpoints) keeps its tags until then.
_GONE = {
    "DeleteInternetGateway": "InternetGatewayId",
    "DeleteNetworkInterface": "NetworkInterfaceId",
    "DeleteRouteTable": "RouteTableId",
    "DeleteSubnet": "SubnetId",
    "DeleteVpc": "VpcId",
    "ReleaseAddress": "AllocationId",
}


def _filter_matches(resource: Any, name: str, wanted: Any) -> bool:
    # moto asks that a resource's values be among the wanted ones, or the other way round; on AWS
    # a filter matches if any value of the resource matches any wanted one.
    if wanted is None:
        return False
    value = resource.get_filter_value(name)
    patterns = wanted if isinstance(wanted, (list, tuple, set)) else [wanted]
    return any(fnmatch.fnmatchcase(v, str(p)) for v in _texts(value) for p in patterns)


def _texts(value: Any) -> List[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, datetime):
        return [ec2_utils.format_timestamp(value)]
    if isinstance(value, (str, int, float)):
        return [str(value)]
    if isinstance(value, Iterable):
        return [text for item in value for text in _texts(item)]
    return [str(value)]


def _get_tags(self: Any) -> List[Dict[str, str]]:
    # moto searches every tag of the account for each resource it describes.
    resource_id = self.id
    if not resource_id:
        return []
    kind = ec2_utils.EC2_PREFIX_TO_RESOURCE.get(ec2_utils.get_prefix(resource_id), "")
    return [
        {"resource_id": resource_id, "key": key, "value": value, "resource_type": kind}
        for key, value in self.ec2_backend.tags.get(resource_id, {}).items()
    ]


def _call_action(original: Any, self: Any) -> Any:
    operation = self._get_action()
    if self._get_param("DryRun", False) in (True, "true"):
        # moto executes many a dry run.
        status, headers, body = self.serialized(ActionResult(DryRunClientError()))
        return 412, headers, body
    token = self._get_param("ClientToken")
    if not token:
        return _act(original, self, operation)
    seen = world(self.current_account).data.setdefault("ec2.tokens", {})
    asked = json.dumps(self.params, sort_keys=True, default=str)
    known = seen.get((self.region, operation, token))
    if known is None:
        answer = _act(original, self, operation)
        if answer[0] < 300:
            seen[(self.region, operation, token)] = (asked, answer)
        return answer
    if known[0] != asked:
        # moto ignores client tokens; AWS acts once for each, and refuses to be told two things.
        mismatch = EC2ClientError(
            "IdempotentParameterMismatch",
            "The request uses the same client token as a previous, but non-identical request.",
        )
        return self.serialized(ActionResult(mismatch))
    return known[1]


def _act(original: Any, self: Any, operation: str) -> Any:
    answer = original(self)
    if answer[0] < 300 and operation in _GONE:
        # moto keeps the tags of what it deletes.
        self.ec2_backend.tags.pop(str(self._get_param(_GONE[operation])), None)
    return answer


def install() -> None:
    """Change how moto's EC2 takes and answers requests."""
    around(EC2Response, "call_action")(_call_action)
    TaggedEC2Resource.get_tags = _get_tags
    ec2_utils.is_filter_matching = _filter_matches
