"""What fields Kong's entities have, what they hold when nobody says, and what is refused in them."""

import copy
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from .errors import violation

Entity = Dict[str, Any]

_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_NAME = re.compile(r"^[\w.~-]+$")
_TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "set": list}


class Field(NamedTuple):
    """A field: its type, its default, and what it may hold."""

    kind: str = "string"
    default: Any = None
    required: bool = False
    choices: Tuple[Any, ...] = ()
    between: Optional[Tuple[int, int]] = None
    # Of a foreign key: the entities it names, and what becomes of this one when they go.
    reference: str = ""
    cascade: bool = False
    # Of a record.
    fields: Optional[Dict[str, "Field"]] = None


class Schema(NamedTuple):
    """A kind of entities: its fields, the one that names it in URLs, and what may be there once only."""

    fields: Dict[str, Field]
    endpoint_key: Optional[str]
    unique: Tuple[str, ...]


def is_uuid(text: Any) -> bool:
    """Whether a text is an id, and not a name."""
    return isinstance(text, str) and _UUID.match(text.lower()) is not None


def _foreign(reference: str, cascade: bool = False, required: bool = False) -> Field:
    return Field("foreign", reference=reference, cascade=cascade, required=required)


_TIMEOUT = Field("integer", 60000, True, between=(1, 2**31 - 2))
_ON = Field("boolean", True, True)
_OFF = Field("boolean", False, True)
_COMMON = {"id": Field(), "created_at": Field("integer"), "updated_at": Field("integer"), "tags": Field("set")}
_PROTOCOLS = ("grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp")

SCHEMAS: Dict[str, Schema] = {
    "services": Schema(
        {
            **_COMMON,
            "name": Field(),
            "protocol": Field("string", "http", True, ("grpc", "grpcs", "http", "https", "tcp", "tls", "udp")),
            "host": Field(required=True),
            "port": Field("integer", 80, True, between=(0, 65535)),
            "path": Field(),
            "retries": Field("integer", 5, between=(0, 32767)),
            "connect_timeout": _TIMEOUT,
            "write_timeout": _TIMEOUT,
            "read_timeout": _TIMEOUT,
            "client_certificate": Field("foreign", reference="certificates"),
            "tls_verify": Field("boolean"),
            "tls_verify_depth": Field("integer", between=(0, 64)),
            "ca_certificates": Field("array"),
            "enabled": _ON,
        },
        "name",
        ("name",),
    ),
    "routes": Schema(
        {
            **_COMMON,
            "name": Field(),
            "protocols": Field("set", ["http", "https"], True, _PROTOCOLS),
            "methods": Field("set"),
            "hosts": Field("array"),
            "paths": Field("array"),
            "headers": Field("map"),
            "snis": Field("set"),
            "sources": Field("set"),
            "destinations": Field("set"),
            "https_redirect_status_code": Field("integer", 426, True, (426, 301, 302, 307, 308)),
            "regex_priority": Field("integer", 0),
            "strip_path": _ON,
            "path_handling": Field("string", "v0", choices=("v0", "v1")),
            "preserve_host": _OFF,
            "request_buffering": _ON,
            "response_buffering": _ON,
            "service": _foreign("services"),
        },
        "name",
        ("name",),
    ),
    "consumers": Schema({**_COMMON, "username": Field(), "custom_id": Field()}, "username", ("username", "custom_id")),
    "plugins": Schema(
        {
            **_COMMON,
            "name": Field(required=True),
            "instance_name": Field(),
            "service": _foreign("services", cascade=True),
            "route": _foreign("routes", cascade=True),
            "consumer": _foreign("consumers", cascade=True),
            "config": Field("record"),
            "protocols": Field("set", ["grpc", "grpcs", "http", "https"], True, _PROTOCOLS),
            "enabled": _ON,
        },
        "instance_name",
        ("instance_name",),
    ),
    "keyauth_credentials": Schema(
        {
            "id": Field(),
            "created_at": Field("integer"),
            "tags": Field("set"),
            "consumer": _foreign("consumers", cascade=True, required=True),
            "key": Field(),
            "ttl": Field("integer", between=(0, 100_000_000)),
        },
        "key",
        ("key",),
    ),
    "acls": Schema(
        {
            "id": Field(),
            "created_at": Field("integer"),
            "tags": Field("set"),
            "consumer": _foreign("consumers", cascade=True, required=True),
            "group": Field(required=True),
        },
        None,
        (),
    ),
}


def complete(kind: str, given: Entity) -> Entity:
    """An entity with every field it has, defaults where nothing is given; a refusal tells what is wrong."""
    problems: Dict[str, Any] = {}
    made = _record(SCHEMAS[kind].fields, _without_sugar(kind, given), problems)
    if kind == "plugins" and isinstance(given.get("name"), str):
        from . import plugins

        plugins.complete(made, given.get("config"), problems, "protocols" in given)
    for problem in _whole(kind, made) if not problems else ():
        problems.setdefault("@entity", []).append(problem)
    if problems:
        raise violation(problems)
    return made


def _without_sugar(kind: str, given: Entity) -> Entity:
    if kind != "services" or not isinstance(given.get("url"), str):
        return given
    rest, url = {key: value for key, value in given.items() if key != "url"}, urlsplit(given["url"])
    protocol = url.scheme or "http"
    port = url.port or (443 if protocol == "https" else 80)
    return {**rest, "protocol": protocol, "host": url.hostname, "port": port, "path": url.path or None}


def _record(fields: Dict[str, Field], given: Entity, problems: Dict[str, Any]) -> Entity:
    for name in given:
        if name not in fields:
            problems[name] = "unknown field"
    made = {}
    for name, field in fields.items():
        value = given.get(name)
        if value is None:
            # A null is the same as nothing said.
            value = copy.deepcopy(field.default)
        problem = _problem(name, field, value)
        if problem is not None:
            problems[name] = problem
        made[name] = sorted(value) if field.kind == "set" and problem is None and value else value
    return made


def record(fields: Dict[str, Field], given: Any, problems: Dict[str, Any]) -> Entity:
    """A record within an entity, completed; what is wrong goes into ``problems``."""
    if not isinstance(given, dict):
        problems["@"] = "expected a record"
        return {}
    made = _record(fields, given, problems)
    for name, field in fields.items():
        if field.fields is not None:
            inner: Dict[str, Any] = {}
            made[name] = record(field.fields, given.get(name) or {}, inner)
            if inner:
                problems[name] = inner
    return made


def _problem(name: str, field: Field, value: Any) -> Any:
    if value is None:
        return "required field missing" if field.required else None
    expected = _TYPES.get(field.kind)
    wrong = expected is not None and not isinstance(value, expected)  # type: ignore[arg-type]
    if wrong or field.kind in ("integer", "number") and isinstance(value, bool):
        return f"expected {'an' if field.kind[0] in 'ai' else 'a'} {field.kind}"
    if field.kind == "foreign":
        return None if isinstance(value, dict) else "value must be a table"
    for one in value if isinstance(value, list) else [value]:
        if field.choices and one not in field.choices:
            return "expected one of: " + ", ".join(str(choice) for choice in field.choices)
    if field.between is not None and not field.between[0] <= value <= field.between[1]:
        return f"value should be between {field.between[0]} and {field.between[1]}"
    if name in ("name", "instance_name") and not _NAME.match(value):
        return f"invalid value '{value}': it should only contain alphanumeric and '., -, _, ~' characters"
    if name == "id" and not is_uuid(value):
        return "expected a valid UUID"
    return None


def _whole(kind: str, made: Entity) -> List[str]:
    if kind == "consumers" and not made["username"] and not made["custom_id"]:
        return ["at least one of these fields must be non-empty: 'custom_id', 'username'"]
    if kind == "routes":
        secure = "https" in made["protocols"]
        may = ["methods", "hosts", "headers", "paths"] + (["snis"] if secure else [])
        if not any(made[field] for field in may):
            listed = ", ".join(f"'{field}'" for field in may)
            return [f"must set one of {listed} when 'protocols' is '{'https' if secure else 'http'}'"]
    return []
