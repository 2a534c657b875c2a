"""A declarative configuration: entities within entities, and ids that follow from names."""

from typing import Any, Dict, Iterator, List, Tuple

from .errors import Refused
from .schema import SCHEMAS, Entity
from .store import Store, derived_id

# What stands within what, and by which field it refers to that.
_WITHIN: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "services": (("routes", "service"), ("plugins", "service")),
    "routes": (("plugins", "route"),),
    "consumers": (("keyauth_credentials", "consumer"), ("acls", "consumer"), ("plugins", "consumer")),
}
_ORDER = ("services", "routes", "consumers", "plugins", "keyauth_credentials", "acls")


class Invalid(Exception):
    """A file that is no declarative configuration; the text is what Kong says of it."""


def read(content: str) -> List[Tuple[str, Entity]]:
    """The entities of a file, those that others refer to first; each has its id."""
    # JSON is a subset of the YAML that moto brings along.
    import yaml

    try:
        table: Any = yaml.safe_load(content)
    except yaml.YAMLError as wrong:
        raise Invalid(f"failed parsing declarative configuration: {wrong}") from wrong
    if not isinstance(table, dict):
        raise Invalid("failed parsing declarative configuration: expected a table")
    if "_format_version" not in table:
        raise Invalid("in '_format_version': required field missing")
    unknown = [str(kind) for kind in table if kind not in SCHEMAS and not str(kind).startswith("_")]
    if unknown:
        raise Invalid(f"in '{unknown[0]}': unknown field")
    flat = [one for kind in SCHEMAS for entity in table.get(kind) or () for one in _flat(kind, entity, ())]
    found = sorted(flat, key=lambda one: _ORDER.index(one[0]))
    _check(found)
    return found


def load(store: Store, entities: List[Tuple[str, Entity]]) -> None:
    """Put the entities into a database; nothing in it is deleted."""
    for kind, entity in entities:
        store.upsert(kind, entity["id"], entity)


def _flat(kind: str, entity: Any, names: Tuple[str, ...]) -> Iterator[Tuple[str, Entity]]:
    if not isinstance(entity, dict):
        raise Invalid(f"in '{kind}': expected a record")
    inner = {child for child, _ in _WITHIN.get(kind, ())}
    own = {key: value for key, value in entity.items() if key not in inner}
    for name, field in SCHEMAS[kind].fields.items():
        if field.kind == "foreign" and isinstance(own.get(name), str):
            own[name] = {"name": own[name]}
    label = own.get(SCHEMAS[kind].endpoint_key or "group") or own.get("name") or own.get("custom_id") or ""
    names = (*names, str(label))
    own.setdefault("id", derived_id(kind, *names))
    yield kind, own
    for child, field_name in _WITHIN.get(kind, ()):
        for one in entity.get(child) or ():
            yield from _flat(child, {**one, field_name: {"id": own["id"]}}, names)


def _check(found: List[Tuple[str, Entity]]) -> None:
    # A trial in an empty database: a file stands by itself.
    try:
        load(Store(), found)
    except Refused as wrong:
        raise Invalid(str(wrong)) from wrong
