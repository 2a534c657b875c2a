"""The entities in Kong's database: kept by id, with what is unique, what refers to what, and a count of changes.

An entity never changes in place, so whoever has read one has it as it was.
"""

import base64
import hashlib
import json
import time
import uuid
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .errors import not_found, pretty, refused
from .schema import SCHEMAS, Entity, complete, is_uuid

# Of the hash of a configuration without entities.
NO_HASH = "0" * 32
_NAMESPACE = uuid.UUID("fd02801f-0957-4a15-a55a-c8d9606f30b5")
# What makes a plugin another one than the next of its name.
_SCOPE = ("route", "service", "consumer")

Tables = Dict[str, Dict[str, Entity]]


class Store:
    """The tables of one database."""

    def __init__(self) -> None:
        self.tables: Tables = {kind: {} for kind in SCHEMAS}
        self.revision = 0

    @property
    def empty(self) -> bool:
        """Whether there is not one entity."""
        return not any(self.tables.values())

    def find(self, kind: str, key: str) -> Optional[Entity]:
        """The entity with that id, or with that name."""
        if is_uuid(key):
            return self.tables[kind].get(key.lower())
        field = SCHEMAS[kind].endpoint_key
        return next((one for one in self.tables[kind].values() if field and one[field] == key), None)

    def of(self, kind: str, field: str, identity: str) -> List[Entity]:
        """The entities that refer to one."""
        return [one for one in self.tables[kind].values() if (one[field] or {}).get("id") == identity]

    def insert(self, kind: str, given: Entity) -> Entity:
        """Add an entity."""
        identity = given.get("id") or str(uuid.uuid4())
        made = self._completed(kind, {**given, "id": identity}, None)
        if made["id"] in self.tables[kind]:
            key = {"id": made["id"]}
            raise refused("primary key violation", f"primary key violation on key '{pretty(key)}'", key)
        return self._put(kind, made)

    def upsert(self, kind: str, key: str, given: Entity) -> Entity:
        """Put an entity in the place of the one with that id or name, or where there is none."""
        before = self.find(kind, key)
        named = {} if is_uuid(key) else {SCHEMAS[kind].endpoint_key: key}
        identity = before["id"] if before else key.lower() if is_uuid(key) else given.get("id") or str(uuid.uuid4())
        return self._put(kind, self._completed(kind, {**given, **named, "id": identity}, before))

    def update(self, kind: str, key: str, given: Entity) -> Entity:
        """Change what is given of an entity; the fields of a plugin's configuration one by one."""
        before = self.find(kind, key)
        if before is None:
            raise not_found()
        merged = {**before, **given, "id": before["id"]}
        if isinstance(given.get("config"), dict):
            merged["config"] = {**before["config"], **given["config"]}
        if "url" in given:
            merged = {name: value for name, value in merged.items() if name not in _OF_URL}
        return self._put(kind, self._completed(kind, merged, before))

    def delete(self, kind: str, key: str) -> None:
        """Remove an entity and what cannot be without it; an absent one is fine."""
        found = self.find(kind, key)
        if found is None:
            return
        dependents = list(self._dependents(kind, found["id"]))
        for other, field, one in dependents:
            if not SCHEMAS[other].fields[field].cascade:
                raise refused(
                    "foreign key violation",
                    f"an existing '{other}' entity references this '{kind}' entity",
                    {"@referenced_by": other},
                )
        for other, _, one in dependents:
            self.delete(other, one["id"])
        del self.tables[kind][found["id"]]
        self.revision += 1

    def page(
        self, kind: str, chosen: List[Entity], size: Optional[str], offset: Optional[str]
    ) -> Tuple[List[Entity], Optional[str]]:
        """A page of entities in the order of their ids, and where the next one begins."""
        if size is not None and not size.isdigit():
            raise refused("invalid size", "size must be a number")
        most = int(size) if size is not None else 100
        if not 1 <= most <= 1000:
            raise refused("invalid size", "size must be an integer between 1 and 1000")
        after = _decoded(offset) if offset else ""
        left = sorted((one for one in chosen if one["id"] >= after), key=lambda one: str(one["id"]))
        return left[:most], (_encoded(left[most]["id"]) if len(left) > most else None)

    def configuration(self) -> Tuple[str, Tables]:
        """All of it with its hash, as a control plane exports it."""
        tables = {kind: dict(rows) for kind, rows in self.tables.items()}
        if self.empty:
            return NO_HASH, tables
        text = json.dumps(tables, sort_keys=True).encode("utf-8")
        return hashlib.md5(text, usedforsecurity=False).hexdigest(), tables

    def _completed(self, kind: str, given: Entity, before: Optional[Entity]) -> Entity:
        schema, now = SCHEMAS[kind], int(time.time())
        times = {"created_at": before["created_at"] if before else given.get("created_at") or now}
        if "updated_at" in schema.fields:
            times["updated_at"] = now
        if kind == "keyauth_credentials" and not given.get("key"):
            given = {**given, "key": uuid.uuid4().hex}
        made = complete(kind, {**given, **times})
        made["id"] = made["id"].lower()
        self._check_references(kind, made)
        self._check_unique(kind, made)
        return made

    def _check_references(self, kind: str, made: Entity) -> None:
        for name, field in SCHEMAS[kind].fields.items():
            if field.kind != "foreign" or made[name] is None:
                continue
            key = made[name]
            found = None
            if field.reference in self.tables:
                known = [key[part] for part in ("id", "name", "username") if key.get(part)]
                found = self.find(field.reference, str(known[0])) if known else None
            if found is None:
                raise refused(
                    "foreign key violation",
                    f"the foreign key '{pretty(key)}' does not reference an existing '{field.reference}' entity.",
                    {name: key},
                )
            made[name] = {"id": found["id"]}

    def _check_unique(self, kind: str, made: Entity) -> None:
        others = [one for one in self.tables[kind].values() if one["id"] != made["id"]]
        for field in SCHEMAS[kind].unique:
            if made[field] is not None and any(one[field] == made[field] for one in others):
                raise _taken({field: made[field]})
        if kind == "plugins":
            scope = {name: made[name] for name in ("name", *_SCOPE)}
            if any(all(one[name] == value for name, value in scope.items()) for one in others):
                raise _taken(scope)
        if kind == "acls":
            scope = {name: made[name] for name in ("consumer", "group")}
            if any(all(one[name] == value for name, value in scope.items()) for one in others):
                raise _taken(scope)

    def _put(self, kind: str, made: Entity) -> Entity:
        self.tables[kind] = {**self.tables[kind], made["id"]: made}
        self.revision += 1
        return made

    def _dependents(self, kind: str, identity: str) -> Iterator[Tuple[str, str, Entity]]:
        for other, schema in SCHEMAS.items():
            for name, field in schema.fields.items():
                if field.reference == kind:
                    yield from ((other, name, one) for one in self.of(other, name, identity))


_OF_URL = {"protocol", "host", "port", "path"}


def derived_id(kind: str, *names: str) -> str:
    """The id that an entity without one gets from its names, always the same."""
    return str(uuid.uuid5(_NAMESPACE, ":".join((kind, *names))))


def _taken(fields: Dict[str, Any]) -> Exception:
    return refused("unique constraint violation", f"UNIQUE violation detected on '{pretty(fields)}'", fields)


def _encoded(identity: str) -> str:
    return base64.b64encode(json.dumps([identity]).encode()).decode()


def _decoded(offset: str) -> str:
    try:
        return str(json.loads(base64.b64decode(offset, validate=True))[0])
    except (ValueError, LookupError, TypeError):
        raise refused("invalid offset", f"'{offset}' is not a valid offset: bad base64 encoding") from None
