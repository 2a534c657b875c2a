"""Pages of list answers: how long one is, and the pages of what moto answers in one piece.

A page is as long as AWS's, and shorter where the account's setting ``page`` says so: AWS may always
answer with fewer items than it was asked for, and a token.
"""

import base64
import binascii
from typing import Any, Callable, Dict, Optional

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_pagination_model, get_service_model
from moto.ec2.exceptions import EC2ClientError
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.responses import ELBV2Response
from moto.iam.responses import IamResponse

from ..world import world
from .wrapping import around

# The most items that one answer holds when nothing is said, where that is not the service's usual.
_USUAL = {"ec2": 1000, "elbv2": 400, "iam": 100}
_UNUSUAL = {("ec2", "DescribeRouteTables"): 100}
_EVERYTHING = 1_000_000


def _bad_parameter(code: str, message: str) -> ServiceException:
    return ServiceException(code, message)


_REFUSALS: Dict[str, Callable[[str, str], ServiceException]] = {
    "ec2": EC2ClientError,
    "elbv2": ELBClientError,
    "iam": _bad_parameter,
}


def install() -> None:
    """Cut the lists of EC2, Elastic Load Balancing and IAM to pages."""

    @around(BaseResponse, "serialized")
    def _serialized(original: Any, self: Any, result: ActionResult) -> Any:
        bad = _REFUSALS.get(self.boto3_service_name)
        if bad is not None and not isinstance(result.result, Exception):
            try:
                result._result = _paginate(self, result.result, bad)
            except ServiceException as refused:
                result = ActionResult(refused)
        return original(self, result)

    # These page by themselves in moto, in their own way.
    ELBV2Response.describe_load_balancers = _load_balancers  # type: ignore[method-assign]
    ELBV2Response.describe_rules = _rules  # type: ignore[method-assign]
    IamResponse.list_roles = _roles  # type: ignore[method-assign]
    IamResponse.list_attached_role_policies = _attached  # type: ignore[method-assign]


def page_size(account: str, wanted: Optional[Any], usual: int) -> int:
    """How many items an answer holds."""
    here = world(account).page
    size = int(wanted) if wanted is not None else usual
    return min(size, here) if here else size


def _load_balancers(self: Any) -> ActionResult:
    arns, names = self._get_param("LoadBalancerArns", []), self._get_param("Names", [])
    return ActionResult({"LoadBalancers": list(self.elbv2_backend.describe_load_balancers(arns, names))})


def _rules(self: Any) -> ActionResult:
    listener, arns = self._get_param("ListenerArn"), self._get_param("RuleArns")
    return ActionResult({"Rules": list(self.elbv2_backend.describe_rules(listener, arns))})


def _roles(self: Any) -> ActionResult:
    found, _ = self.backend.list_roles(self._get_param("PathPrefix", "/"), None, _EVERYTHING)
    return ActionResult({"Roles": found, "IsTruncated": False})


def _attached(self: Any) -> ActionResult:
    found, _ = self.backend.list_attached_role_policies(
        self._get_param("RoleName"), max_items=_EVERYTHING, path_prefix=self._get_param("PathPrefix", "/")
    )
    shown = [{"PolicyName": policy.name, "PolicyArn": policy.arn} for policy in found]
    return ActionResult({"AttachedPolicies": shown, "IsTruncated": False})


def _paginate(response: Any, result: Any, bad: Callable[[str, str], ServiceException]) -> Any:
    # What has no pages comes back as it was.
    service, operation = response.boto3_service_name, response._get_action()
    page = get_pagination_model(service).get(operation)
    if not page or "limit_key" not in page or not isinstance(page["input_token"], str):
        return result
    key, limit_name = page["result_key"], page["limit_key"]
    if not isinstance(key, str) or not isinstance(result, dict) or result.get(key) is None:
        return result
    limit, token = response._get_param(limit_name), response._get_param(page["input_token"])
    _check_limit(service, operation, limit_name, limit, bad)
    usual = _UNUSUAL.get((service, operation), _USUAL[service])
    items, start = list(result[key]), _decode(token, operation, bad)
    end = start + page_size(response.current_account, limit, usual)
    shown = {**result, key: items[start:end]}
    if end < len(items):
        shown[page["output_token"]] = _encode(operation, end)
        if "more_results" in page:
            shown[page["more_results"]] = True
    return shown


def _check_limit(
    service: str, operation: str, name: str, limit: Any, bad: Callable[[str, str], ServiceException]
) -> None:
    if limit is None:
        return
    shape = get_service_model(service).operation_model(operation).input_shape.members[name]
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    parameter = name[0].lower() + name[1:]
    if (low is not None and int(limit) < low) or int(limit) < 1:
        told = f"Value ( {limit} ) for parameter {parameter} is invalid. Expecting a value greater than {low or 1}."
        raise bad("InvalidParameterValue" if service == "ec2" else "ValidationError", told)
    if high is not None and int(limit) > high:
        told = f"Value ( {limit} ) for parameter {parameter} is invalid. Expecting a value smaller than {high}."
        raise bad("InvalidParameterValue" if service == "ec2" else "ValidationError", told)


def _encode(operation: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"standin:{operation}:{start}".encode()).decode()


def _decode(
    token: Optional[str], operation: str, bad: Callable[[str, str], Exception]
) -> int:
    if not token:
        return 0
    try:
        mark, of, start = base64.urlsafe_b64decode(token.encode()).decode().split(":")
        if mark == "standin" and of == operation:
            return int(start)
    except (ValueError, binascii.Error):
        pass
    raise bad("InvalidNextToken", "The specified pagination token is not valid.")
