"""The tagging API: what moto's services do not tell it of, and pages that keep their order.

IAM roles are not listed here, and on AWS they are not either.
"""

import uuid
from typing import Any, Dict, Iterator, List, Optional, Tuple

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type
from moto.ec2.models import EC2Backend
from moto.elbv2.models import ELBv2Backend
from moto.rds.models import RDSBackend
from moto.resourcegroupstaggingapi.exceptions import ResourceGroupsTaggingAPIError
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend
from moto.servicediscovery.models import servicediscovery_backends

from .. import kms_keys, rare, tagging_history
from ..world import world
from .paging import page_size
from .wrapping import around

_GONE = ("deleted", "deleting")


def install() -> None:
    """Complete what moto lists, and its pages."""
    ResourceGroupsTaggingAPIBackend.get_resources = _get_resources  # type: ignore[method-assign]

    @around(ResourceGroupsTaggingAPIBackend, "_get_resources_generator")
    def _generator(original: Any, self: Any, *args: Any, **kwargs: Any) -> Iterator[TaggedResource]:
        # moto lists load balancers that have no tag; AWS lists what has or had one. And it lists a bucket in every
        # region; AWS does so in its own only.
        for resource in original(self, *args, **kwargs):
            if resource.tags and not _is_elsewhere(self, resource.arn) and not _is_given_up(self, resource.arn):
                yield resource
        yield from _untold(self, *args, **kwargs)

    for name in ("tag_resources", "untag_resources"):
        _reach_cloud_map(name)

    @around(EC2Backend, "iter_tagged_resources")
    def _ec2(original: Any, self: Any) -> Iterator[TaggedResource]:
        nats = {n.id for n in self.nat_gateways.values() if n.state == "deleted"}
        for resource in original(self):
            if resource.arn.rsplit("/", 1)[-1] not in nats:
                yield resource
        yield from _more_of_ec2(self)

    @around(RDSBackend, "iter_tagged_resources")
    def _rds(original: Any, self: Any) -> Iterator[TaggedResource]:
        yield from original(self)
        groups = (
            ("rds:subgrp", self.subnet_groups),
            ("rds:cluster-pg", self.db_cluster_parameter_groups),
            ("rds:pg", self.db_parameter_groups),
        )
        for kind, table in groups:
            for group in table.values():
                yield TaggedResource(group.arn, {t["Key"]: t["Value"] for t in group.get_tags()}, kind)

    @around(ELBv2Backend, "iter_tagged_resources")
    def _elb(original: Any, self: Any) -> Iterator[TaggedResource]:
        yield from original(self)
        for balancer in self.load_balancers.values():
            for listener in balancer.listeners.values():
                yield _of_elb(self, listener.arn, "elasticloadbalancing:listener")
                for rule in listener.rules.values():
                    yield _of_elb(self, rule.arn, "elasticloadbalancing:listener-rule")


def _is_elsewhere(backend: Any, arn: str) -> bool:
    _, partition, service, *_, name = arn.split(":", 5)
    if service != "s3":
        return False
    from moto.s3.models import s3_backends

    bucket = s3_backends[backend.account_id][partition].buckets.get(name)
    return bucket is not None and bucket.region_name != backend.region_name


def _is_given_up(backend: Any, arn: str) -> bool:
    # Whether AWS lists a key that waits for its deletion is written nowhere: nobody may count on it.
    if ":kms:" not in arn:
        return False
    key = kms_keys.find(backend.account_id, backend.region_name, arn)
    return key is not None and key.key_state == "PendingDeletion"


def _untold(
    backend: Any,
    tag_filters: Optional[List[Dict[str, Any]]] = None,
    resource_type_filters: Optional[List[str]] = None,
    resource_arn_list: Optional[List[str]] = None,
) -> Iterator[TaggedResource]:
    """What lies in services that moto's tagging API does not ask at all."""
    matches = make_tag_matcher(tag_filters)
    found = [
        *_cloud_map(backend.account_id, backend.region_name),
        *_scaling(backend.account_id, backend.region_name),
        *rare.tagged(backend.account_id, backend.region_name),
    ]
    for resource in found:
        if (
            resource.tags
            and match_resource_type(resource.resource_type, resource_type_filters)
            and matches(resource.tags)
            and (not resource_arn_list or resource.arn in resource_arn_list)
        ):
            yield resource


def _cloud_map(account: str, region: str) -> Iterator[TaggedResource]:
    if account not in servicediscovery_backends.keys():
        return
    backend = servicediscovery_backends[account][region]
    for kind, things in (("namespace", backend.namespaces), ("service", backend.services)):
        for thing in things.values():
            tags = {t["Key"]: t["Value"] for t in backend.tagger.list_tags_for_resource(thing.arn)["Tags"]}
            yield TaggedResource(thing.arn, tags, f"servicediscovery:{kind}")


def _scaling(account: str, region: str) -> Iterator[TaggedResource]:
    if account not in applicationautoscaling_backends.keys():
        return
    for targets in applicationautoscaling_backends[account][region].targets.values():
        for target in targets.values():
            tags = dict(target.__dict__.get("standin_tags", {}))
            yield TaggedResource(target.arn, tags, "application-autoscaling:scalable-target")


def _reach_cloud_map(name: str) -> None:
    # moto reports these as a service that is not supported yet.
    @around(ResourceGroupsTaggingAPIBackend, name)
    def _change(original: Any, self: Any, **given: Any) -> Dict[str, Any]:
        backend = servicediscovery_backends[self.account_id][self.region_name]
        key = "resource_arns" if "resource_arns" in given else "resource_arn_list"
        for arn in (arn for arn in given[key] if ":servicediscovery:" in arn):
            if name == "tag_resources":
                backend.tag_resource(arn, [{"Key": k, "Value": v} for k, v in given["tags"].items()])
            else:
                backend.untag_resource(arn, given["tag_keys"])
        given[key] = [arn for arn in given[key] if ":servicediscovery:" not in arn]
        failed: Dict[str, Any] = original(self, **given)
        return failed


def _of_elb(backend: Any, arn: str, kind: str) -> TaggedResource:
    return TaggedResource(arn, backend.tagging_service.get_tag_dict_for_resource(arn), kind)


def _more_of_ec2(backend: Any) -> Iterator[TaggedResource]:
    lead = f"arn:aws:ec2:{backend.region_name}:{backend.account_id}"
    for address in backend.addresses:
        if address.allocation_id:
            yield _of_ec2(backend, lead, "elastic-ip", address.allocation_id)
    for endpoint in backend.vpc_end_points.values():
        if endpoint.state not in _GONE:
            yield _of_ec2(backend, lead, "vpc-endpoint", endpoint.id)
    for vpc in backend.groups.values():
        for group in vpc.values():
            for rule in group.ingress_rules + group.egress_rules:
                yield _of_ec2(backend, lead, "security-group-rule", rule.id)


def _of_ec2(backend: Any, lead: str, kind: str, identity: str) -> TaggedResource:
    return TaggedResource(f"{lead}:{kind}/{identity}", dict(backend.tags.get(identity, {})), f"ec2:{kind}")


def _get_resources(
    self: Any,
    pagination_token: Optional[str] = None,
    resources_per_page: int = 50,
    tags_per_page: int = 100,
    tag_filters: Optional[List[Dict[str, Any]]] = None,
    resource_type_filters: Optional[List[str]] = None,
    resource_arn_list: Optional[List[str]] = None,
) -> Tuple[Optional[str], List[TaggedResource]]:
    # moto keeps an open generator for the next page, which breaks when something changes
    # meanwhile; here a token stands for what is left of a list.
    pages: Dict[str, List[TaggedResource]] = world(self.account_id).data.setdefault("tagging-pages", {})
    if pagination_token:
        if pagination_token not in pages:
            raise ResourceGroupsTaggingAPIError("PaginationTokenExpiredException", "The pagination token has expired.")
        found = pages[pagination_token]
    else:
        found = list(self._get_resources_generator(tag_filters, resource_type_filters, resource_arn_list))
        late = tagging_history.as_it_was(self, tag_filters, resource_type_filters, resource_arn_list)
        found = found if late is None else late
    size = page_size(self.account_id, resources_per_page, 50)
    shown, left = found[:size], found[size:]
    if not left:
        return None, shown
    token = str(uuid.uuid4())
    pages[token] = left
    return token, shown
