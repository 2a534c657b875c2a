"""WAF: web ACLs that are held by what they protect, and protect only what there is.

moto deletes an ACL under its load balancer, takes any ARN for a resource and lets one resource have
many ACLs. It makes two IP sets of one name, takes blocks of all addresses, and deletes a set that a
rule names. It logs for any ACL to anything, and goes on logging for one that is gone.
"""

import json
from typing import Any, Dict, Iterator, List

from moto.core.exceptions import JsonRESTError
from moto.core.resource_tagging import TaggedResource
from moto.elbv2.models import ELBv2Backend, elbv2_backends
from moto.logs.models import logs_backends
from moto.wafv2.exceptions import WAFNonexistentItemException
from moto.wafv2.models import WAFV2Backend, wafv2_backends
from moto.wafv2.responses import WAFV2Response

from ..durations_tasks import duration
from ..patches.wrapping import around
from ..world import world


def install() -> None:
    """Change moto's web ACLs."""

    @around(WAFV2Backend, "create_web_acl")
    def _create(original: Any, self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        if any(acl.name == name for acl in self.wacls.values()):
            # moto's code is one that WAF does not have.
            raise JsonRESTError(
                "WAFDuplicateItemException",
                "AWS WAF couldn't perform the operation because some resource in your request is a duplicate of an"
                " existing one.",
            )
        made = original(self, name, *args, **kwargs)
        made.standin_created = world(self.account_id).now()
        return made

    @around(WAFV2Backend, "associate_web_acl")
    def _associate(original: Any, self: Any, web_acl_arn: str, resource_arn: str) -> None:
        if web_acl_arn not in self.wacls or not _exists(self, resource_arn):
            raise WAFNonexistentItemException()
        born = getattr(self.wacls[web_acl_arn], "standin_created", 0.0)
        if world(self.account_id).now() - born < duration("waf_propagation"):
            raise JsonRESTError(
                "WAFUnavailableEntityException",
                "AWS WAF couldn't retrieve the resource that you requested. Retry your request.",
            )
        # A resource has one ACL: the new one takes the old one's place.
        self.disassociate_web_acl(resource_arn)
        original(self, web_acl_arn, resource_arn)

    @around(WAFV2Backend, "delete_web_acl")
    def _delete(original: Any, self: Any, name: str, scope: str, _id: str, lock_token: str) -> None:
        acl = next((a for a in self.wacls.values() if a.id == _id and a.name == name), None)
        if acl is not None and acl.lock_token == lock_token and acl.associated_resources:
            raise JsonRESTError(
                "WAFAssociatedItemException",
                "AWS WAF couldn't perform the operation because your resource is being used by another resource or"
                " it's associated with another resource.",
            )
        original(self, name, scope, _id, lock_token)
        if acl is not None:
            self.tagging_service.delete_all_tags_for_resource(acl.arn)
            self.logging_configurations.pop(acl.arn, None)

    @around(ELBv2Backend, "delete_load_balancer")
    def _balancer_gone(original: Any, self: Any, arn: str) -> None:
        original(self, arn)
        if arn not in self.load_balancers:
            wafv2_backends[self.account_id][self.region_name].disassociate_web_acl(arn)

    _patch_sets()
    _patch_logging()
    WAFV2Response.list_resources_for_web_acl = _resources  # type: ignore[attr-defined]


def _patch_sets() -> None:
    @around(WAFV2Backend, "create_ip_set")
    def _create(original: Any, self: Any, name: str, scope: str, description: str, version: str,
                addresses: List[str], tags: Any) -> Any:  # fmt: skip
        if any(one.name == name for one in self.ip_sets.values()):
            raise JsonRESTError("WAFDuplicateItemException", "AWS WAF couldn't perform the operation because some"
                                " resource in your request is a duplicate of an existing one.")  # fmt: skip
        _check(addresses)
        return original(self, name, scope, description, version, addresses, tags)

    @around(WAFV2Backend, "update_ip_set")
    def _update(original: Any, self: Any, name: str, scope: str, _id: str, description: Any,
                addresses: List[str], lock_token: str) -> Any:  # fmt: skip
        _check(addresses)
        return original(self, name, scope, _id, description, addresses, lock_token)

    @around(WAFV2Backend, "delete_ip_set")
    def _delete(original: Any, self: Any, name: str, scope: str, _id: str, lock_token: str) -> None:
        found = next((one for one in self.ip_sets.values() if one.ip_set_id == _id), None)
        rules = json.dumps([rule.to_dict() for acl in self.wacls.values() for rule in acl.rules])
        if found is not None and found.lock_token == lock_token and found.arn in rules:
            raise JsonRESTError("WAFAssociatedItemException", "AWS WAF couldn't perform the operation because your"
                                " resource is being used by another resource or it's associated with another resource.")  # fmt: skip
        original(self, name, scope, _id, lock_token)
        if found is not None:
            self.tagging_service.delete_all_tags_for_resource(found.arn)


def _patch_logging() -> None:
    @around(WAFV2Backend, "put_logging_configuration")
    def _put(original: Any, self: Any, arn: str, destinations: List[str], redacted: Any, *args: Any) -> Any:
        here = world(self.account_id)
        acl = self.wacls.get(arn)
        # What is new is not there yet, as WAF says of it.
        if acl is None or here.now() - getattr(acl, "standin_created", 0.0) < duration("waf_propagation"):
            raise WAFNonexistentItemException()
        if len(destinations) != 1:
            raise JsonRESTError("WAFLimitsExceededException", "AWS WAF couldn't perform the operation because you"
                                " exceeded your resource limit")  # fmt: skip
        _check_destination(self, destinations[0], here.now())
        for field in redacted or ():
            if len(field) != 1 or not set(field) <= _REDACTABLE:
                raise _invalid("The field to match isn't valid for a redacted field.", "FIELD_TO_MATCH")
            if "SingleHeader" in field:
                # WAF knows headers in lower case.
                field["SingleHeader"]["Name"] = field["SingleHeader"]["Name"].lower()
        return original(self, arn, destinations, redacted, *args)


# What can be kept out of a log.
_REDACTABLE = {"SingleHeader", "UriPath", "QueryString", "Method"}


def _check_destination(backend: Any, destination: str, now: float) -> None:
    lead, _, name = destination.removesuffix(":*").partition(":log-group:")
    home = f":logs:{backend.region_name}:{backend.account_id}"
    if not lead.endswith(home) or not name.startswith("aws-waf-logs-"):
        raise _invalid("The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by"
                       " colons or slashes.", "LOG_DESTINATION", destination)  # fmt: skip
    group = logs_backends[backend.account_id][backend.region_name].groups.get(name)
    if group is None or now < getattr(group, "standin_shut_until", 0.0):
        raise JsonRESTError(
            "WAFLogDestinationPermissionIssueException",
            "Unable to deliver logs to the configured destination. You might need to grant log delivery permissions for"
            " the destination. If you're using S3 as your log destination, you might have exceeded your bucket limit.",
        )


def _invalid(reason: str, field: str, parameter: str = "") -> JsonRESTError:
    words = f"Error reason: {reason}, field: {field}, parameter: {parameter}"
    return JsonRESTError("WAFInvalidParameterException", words)


def _check(addresses: List[str]) -> None:
    if any(address.endswith("/0") for address in addresses):
        raise JsonRESTError("WAFInvalidParameterException", "Error reason: The parameter contains formatting that is"
                            " not valid., field: IP_ADDRESS")  # fmt: skip


def _resources(self: Any) -> str:
    # moto does not have the call.
    given: Dict[str, Any] = json.loads(self.body)
    acl = self.wafv2_backend.wacls.get(given["WebACLArn"])
    if acl is None:
        raise WAFNonexistentItemException()
    return json.dumps({"ResourceArns": list(acl.associated_resources)})


def _exists(backend: Any, arn: str) -> bool:
    if ":loadbalancer/app/" not in arn:
        # Other kinds of resources are not simulated here.
        return ":elasticloadbalancing:" not in arn
    return arn in elbv2_backends[backend.account_id][backend.region_name].load_balancers


def tagged(account: str, region: str) -> Iterator[TaggedResource]:
    """What the tagging API lists of WAF."""
    if account not in wafv2_backends.keys():
        return
    backend = wafv2_backends[account][region]
    for acl in list(backend.wacls.values()):
        yield TaggedResource(acl.arn, backend.tagging_service.get_tag_dict_for_resource(acl.arn), "wafv2:webacl")
    for one in list(backend.ip_sets.values()):
        yield TaggedResource(one.arn, backend.tagging_service.get_tag_dict_for_resource(one.arn), "wafv2:ipset")
