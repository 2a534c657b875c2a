"""Where moto keeps what reads show, service by service, and how to hide an entry for a moment."""

from collections import OrderedDict
from typing import Any, Callable, Dict, Iterator, List, Tuple, Union

Table = Union[Dict[Any, Any], List[Any]]
Undo = Callable[[], None]

# Service, as IAM spells it -> moto's package, and the attributes of its backend that hold
# dictionaries, dictionaries of dictionaries, or lists.
_FLAT: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    "ec2": ("ec2", ("vpcs", "internet_gateways", "route_tables", "nat_gateways", "vpc_end_points", "enis", "addresses", "flow_logs")),
    "elasticloadbalancing": ("elbv2", ("load_balancers", "target_groups")),
    "rds": ("rds", ("clusters", "databases", "subnet_groups", "db_cluster_parameter_groups")),
    "iam": ("iam", ("roles",)),
    "ecs": ("ecs", ("clusters",)),
    "kms": ("kms", ("keys",)),
    "logs": ("logs", ("groups",)),
    "secretsmanager": ("secretsmanager", ("secrets",)),
    "route53": ("route53", ("zones",)),
    "servicediscovery": ("servicediscovery", ("namespaces", "services")),
    "application-autoscaling": ("applicationautoscaling", ("policies",)),
    "dynamodb": ("dynamodb", ("tables",)),
}
_NESTED: Dict[str, Tuple[str, ...]] = {
    "ec2": ("subnets", "groups"),
    "ecs": ("task_definitions",),
    "application-autoscaling": ("targets",),
}

SERVICES: Tuple[str, ...] = tuple(_FLAT)


def tables(account: str, service: str) -> Iterator[Tuple[str, Any, Table]]:
    """Every table of an account's service: a label, the backend it is of, and the table."""
    for backend in _backends(account, _FLAT[service][0] if service in _FLAT else ""):
        where = f"{backend.region_name}:"
        for name in _FLAT[service][1]:
            yield where + name, backend, getattr(backend, name)
        for name in _NESTED.get(service, ()):
            for key, table in list(getattr(backend, name).items()):
                yield f"{where}{name}:{key}", backend, table
        if service == "ecs":
            yield from _simulated(account, backend)
        if service == "elasticloadbalancing":
            for balancer in list(backend.load_balancers.values()):
                yield where + balancer.arn, backend, balancer.listeners
                for listener in list(balancer.listeners.values()):
                    yield where + listener.arn, backend, listener.rules


def _backends(account: str, package: str) -> List[Any]:
    import sys

    models = sys.modules.get(f"moto.{package}.models")
    everyone = getattr(models, f"{package}_backends", None) if models else None
    return list(everyone[account].values()) if everyone is not None and account in everyone.keys() else []


def _simulated(account: str, backend: Any) -> Iterator[Tuple[str, Any, Table]]:
    from .services import services
    from .tasks import fleet

    region = backend.region_name
    yield f"{region}:services", backend, services(account, region)
    yield f"{region}:tasks", backend, fleet(account, region).tasks


def hide_entry(backend: Any, table: Any, key: Any) -> Undo:
    """Take an entry out; what is returned puts it back where it was."""
    if isinstance(table, list):
        whole = list(table)
        table[:] = [thing for thing in table if id(thing) != key]
        return lambda: _refill_list(table, whole)
    before = dict(dict.items(table))
    _plain(table).pop(table, key)
    left = set(dict.keys(table))
    return lambda: _refill(table, before, left)


def _refill(table: Any, before: Dict[Any, Any], left: Any) -> None:
    # What the call itself has added or removed meanwhile stays so.
    now = dict(dict.items(table))
    plain = _plain(table)
    plain.clear(table)
    for key, thing in before.items():
        if key in now or key not in left:
            plain.__setitem__(table, key, now.get(key, thing))
    for key, thing in now.items():
        plain.__setitem__(table, key, thing)


def _plain(table: Any) -> Any:
    # A dictionary of moto's own may take any of several names for a key, but an ordered one has to
    # know of each change.
    return OrderedDict if isinstance(table, OrderedDict) else dict


def _refill_list(table: List[Any], whole: List[Any]) -> None:
    fresh = [thing for thing in table if all(thing is not old for old in whole)]
    table[:] = whole + fresh


def hide_tags(backend: Any, table: Any, key: Any) -> Undo:
    """Take an entry's tags away; what is returned gives them back."""
    thing = next(t for t in table if id(t) == key) if isinstance(table, list) else dict.__getitem__(table, key)
    taken: List[Tuple[Any, Any, Any]] = []
    names = [getattr(thing, name, None) for name in ("arn", "id", "allocation_id", "resource_id")]
    for store in _stores(backend):
        for name in [n for n in names if isinstance(n, str) and n in store]:
            taken.append((store, name, store.pop(name)))
    own = thing.__dict__.get("tags") if hasattr(thing, "__dict__") else None
    if own:
        taken.append((thing.__dict__, "tags", own))
        thing.__dict__["tags"] = type(own)()

    def give_back() -> None:
        for store, name, tags in taken:
            store[name] = tags

    return give_back


def _stores(backend: Any) -> List[Dict[Any, Any]]:
    # Tags lie with the thing, with the backend by id, or with a tagger by ARN.
    found = [getattr(backend, name, None) for name in ("tags", "resource_tags")]
    found += [getattr(getattr(backend, name, None), "tags", None) for name in ("tagger", "tagging_service")]
    return [store for store in found if isinstance(store, dict)]
