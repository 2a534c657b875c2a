"""What the tagging API knew a while ago: it learns late of new resources, new tags and deletions."""

from typing import Any, Dict, List, Optional, Tuple

from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type

from .world import world

# When it was so, and what was there then; None once it was gone.
History = List[Tuple[float, Optional[TaggedResource]]]


def _histories(account: str, region: str) -> Dict[str, History]:
    found: Dict[str, History] = world(account).data.setdefault(f"tagging-history:{region}", {})
    return found


def note(account: str, at: float) -> None:
    """Note what there is, in every region where there is anything."""
    from moto.core.base_backend import BackendDict
    from moto.resourcegroupstaggingapi.models import resourcegroupstaggingapi_backends as backends

    known = [services[account] for services in list(BackendDict._instances) if account in services.keys()]
    regions = {region for services in known for region in services.keys()}
    for region in regions & set(backends[account].regions):
        _note_region(backends[account][region], at)


def _note_region(backend: Any, at: float) -> None:
    histories = _histories(backend.account_id, backend.region_name)
    present = {r.arn: r for r in backend._get_resources_generator()}
    for arn in set(histories) | set(present):
        history, now = histories.setdefault(arn, []), present.get(arn)
        last = history[-1][1] if history else None
        if not history or (last.tags if last else None) != (now.tags if now else None):
            history.append((at, now))


def as_it_was(
    backend: Any, tag_filters: Any, resource_type_filters: Any, arns: Optional[List[str]]
) -> Optional[List[TaggedResource]]:
    """What matches of what was known so long ago as the account's orders say; None without one."""
    here = world(backend.account_id)
    held = [order for order in here.data.get("stale-orders", ()) if order["service"] == "tagging"]
    if not held:
        return None
    _note_region(backend, here.now())
    moment, matches = here.now() - held[-1]["seconds"], make_tag_matcher(tag_filters)
    known = []
    for history in _histories(backend.account_id, backend.region_name).values():
        then = [resource for at, resource in history if at <= moment]
        resource = then[-1] if then else None
        if resource is None or not matches(resource.tags) or arns and resource.arn not in arns:
            continue
        if match_resource_type(resource.resource_type, resource_type_filters):
            known.append(resource)
    return known
