"""The Admin API: a node's own state, and the entities in its database."""

import json
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .. import kong_database
from ..world import world
from . import clustering, plugins
from .errors import Refused, not_found
from .http import Answer, Arrived, answered, server
from .schema import Entity, is_uuid
from .store import Store

if TYPE_CHECKING:
    from ..kong_database import KongDatabase
    from ..tasks import Task

# Path -> kind, at the top and below an entity of another kind, with the field that refers to that.
_TOP = {
    "services": "services",
    "routes": "routes",
    "plugins": "plugins",
    "consumers": "consumers",
    "key-auths": "keyauth_credentials",
    "acls": "acls",
}
_BELOW = {
    ("services", "routes"): ("routes", "service"),
    ("services", "plugins"): ("plugins", "service"),
    ("routes", "plugins"): ("plugins", "route"),
    ("consumers", "plugins"): ("plugins", "consumer"),
    ("consumers", "key-auth"): ("keyauth_credentials", "consumer"),
    ("consumers", "acls"): ("acls", "consumer"),
}
# Entities that another one refers to.
_ABOVE = {("routes", "service"): "services", ("key-auths", "consumer"): "consumers", ("acls", "consumer"): "consumers"}

class _Asked:
    """A request about entities."""

    def __init__(self, store: Store, arrived: Arrived) -> None:
        self.store, self.method = store, "GET" if arrived.method == "HEAD" else arrived.method
        parts = urlsplit(arrived.target)
        self.path = parts.path
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.body = _body(arrived) if self.method in ("POST", "PUT", "PATCH") else {}


def answer(task: "Task", arrived: Arrived) -> Answer:
    """What the Admin API answers; called under the lock."""
    parts = [unquote(part) for part in urlsplit(arrived.target).path.split("/") if part]
    try:
        own = _OWN.get("/".join(parts))
        if own is not None:
            if arrived.method not in ("GET", "HEAD"):
                raise Refused(405, {"message": "Method not allowed"})
            return answered(task, 200, own(task))
        return _entities(task, arrived, parts)
    except Refused as refusal:
        return answered(task, refusal.status, refusal.body)
    except kong_database.Unreachable:
        return answered(task, 500, {"message": "An unexpected error occurred"})


def status(task: "Task") -> Dict[str, Any]:
    """What ``/status`` says of a node, on both of its APIs."""
    shown: Dict[str, Any] = {
        "memory": {"workers_lua_vms": [], "lua_shared_dicts": {}},
        "server": {
            "connections_accepted": 1, "connections_active": 1, "connections_handled": 1, "connections_reading": 0,
            "connections_waiting": 0, "connections_writing": 1, "total_requests": 1,
        },
    }  # fmt: skip
    if task.env.get("KONG_DATABASE", "postgres") != "off":
        shown["database"] = {"reachable": reachable(task)}
    elif task.node.configuration is not None:
        shown["configuration_hash"] = task.node.configuration.hash
    return shown


def reachable(task: "Task") -> bool:
    """Whether the node gets to its database now."""
    try:
        kong_database.connect(task, task.env)
    except kong_database.Unreachable:
        return False
    return True


def _root(task: "Task") -> Dict[str, Any]:
    return {
        "tagline": "Welcome to kong",
        "version": server(task).removeprefix("kong/"),
        "edition": "community",
        "hostname": clustering.host_name(task),
        "node_id": clustering.node_id(task),
        "lua_version": "LuaJIT 2.1.0-20231117",
        "plugins": {"available_on_server": dict.fromkeys([*plugins.CONFIGS, *sorted(plugins.OTHERS)], True)},
        "configuration": {
            "role": task.env.get("KONG_ROLE", "traditional"),
            "database": task.env.get("KONG_DATABASE", "postgres"),
            "cluster_mtls": task.env.get("KONG_CLUSTER_MTLS", "shared"),
        },
    }


def _data_planes(task: "Task") -> Dict[str, Any]:
    _control_plane_only(task)
    clustering.synchronise(task.account, task.region)
    return {"data": clustering.rows(_database(task), world(task.account).now()), "next": None}


def _clustering_status(task: "Task") -> Dict[str, Any]:
    return {row.pop("id"): row for row in _data_planes(task)["data"]}


def _control_plane_only(task: "Task") -> None:
    if not task.is_control_plane:
        told = "this endpoint is only available when Kong is configured to run as Control Plane for the cluster"
        raise Refused(400, {"message": told})


_OWN: Dict[str, Callable[["Task"], Dict[str, Any]]] = {
    "": _root,
    "status": status,
    "clustering/data-planes": _data_planes,
    "clustering/status": _clustering_status,
    "plugins/enabled": lambda task: {"enabled_plugins": sorted([*plugins.CONFIGS, *plugins.OTHERS])},
}


def _database(task: "Task") -> "KongDatabase":
    database, _ = kong_database.connect(task, task.env)
    if not database.bootstrapped:
        raise Refused(500, {"message": "An unexpected error occurred"})
    return database


def _entities(task: "Task", arrived: Arrived, parts: List[str]) -> Answer:
    if not parts or parts[0] not in _TOP or len(parts) > 4:
        raise not_found()
    asked = _Asked(_database(task).store, arrived)
    before = asked.store.revision
    code, body = _act(asked, parts)
    if asked.store.revision != before:
        clustering.changed(task)
    return answered(task, code, body)


def _act(asked: _Asked, parts: List[str]) -> Tuple[int, Any]:
    kind = _TOP[parts[0]]
    if len(parts) == 1:
        return _collection(asked, kind, None, "")
    if len(parts) == 2:
        return _single(asked, kind, parts[1], None)
    above = _ABOVE.get((parts[0], parts[2]))
    owner = asked.store.find(kind, parts[1])
    if owner is None:
        raise not_found()
    if above is not None and len(parts) == 3:
        referred = owner[parts[2]]
        if referred is None:
            raise not_found()
        return _single(asked, above, referred["id"], None)
    below = _BELOW.get((parts[0], parts[2]))
    if below is None:
        raise not_found()
    inner, field = below
    if len(parts) == 3:
        return _collection(asked, inner, {field: {"id": owner["id"]}}, f"/{parts[0]}/{parts[1]}/{parts[2]}")
    return _single(asked, inner, parts[3], {field: {"id": owner["id"]}})


def _collection(asked: _Asked, kind: str, owner: Optional[Entity], path: str) -> Tuple[int, Any]:
    if asked.method == "POST":
        return 201, asked.store.insert(kind, {**asked.body, **(owner or {})})
    if asked.method != "GET":
        raise Refused(405, {"message": "Method not allowed"})
    chosen = [one for one in asked.store.tables[kind].values() if _is_of(one, owner) and _tagged(one, asked.query)]
    data, offset = asked.store.page(kind, chosen, asked.query.get("size"), asked.query.get("offset"))
    shown: Dict[str, Any] = {"data": data, "next": None}
    if offset is not None:
        more = "".join(f"&{key}={quote(asked.query[key])}" for key in ("tags", "size") if key in asked.query)
        shown.update(next=f"{path or asked.path}?offset={quote(offset)}{more}", offset=offset)
    return 200, shown


def _single(asked: _Asked, kind: str, key: str, owner: Optional[Entity]) -> Tuple[int, Any]:
    store, found = asked.store, _found(asked.store, kind, key, owner)
    if found is not None and not _is_of(found, owner):
        if asked.method == "DELETE":
            return 204, None
        if asked.method != "PUT":
            raise not_found()
    if asked.method == "PUT":
        if kind == "acls" and not is_uuid(key):
            # A group has no name of its own: it is one of a consumer's.
            given = {"group": key, **asked.body, **(owner or {})}
            return 200, store.upsert(kind, found["id"], given) if found else store.insert(kind, given)
        return 200, store.upsert(kind, key, {**asked.body, **(owner or {})})
    if asked.method == "DELETE":
        if found is not None:
            store.delete(kind, found["id"])
        return 204, None
    if found is None:
        raise not_found()
    if asked.method == "PATCH":
        return 200, store.update(kind, found["id"], asked.body)
    if asked.method == "GET":
        return 200, found
    raise Refused(405, {"message": "Method not allowed"})


def _found(store: Store, kind: str, key: str, owner: Optional[Entity]) -> Optional[Entity]:
    if kind == "acls" and owner is not None and not is_uuid(key):
        ours = (one for one in store.tables[kind].values() if one["group"] == key and _is_of(one, owner))
        return next(ours, None)
    return store.find(kind, key)


def _is_of(one: Entity, owner: Optional[Entity]) -> bool:
    return all(one[field] == value for field, value in (owner or {}).items())


def _tagged(one: Entity, query: Dict[str, str]) -> bool:
    wanted = query.get("tags")
    if wanted is None:
        return True
    own = set(one.get("tags") or ())
    return bool(own & set(wanted.split("/"))) if "/" in wanted else set(wanted.split(",")) <= own


def _body(arrived: Arrived) -> Entity:
    if not arrived.body.strip():
        return {}
    if "json" not in arrived.headers.get("content-type", ""):
        raise Refused(415, {"message": "Unsupported Media Type"})
    try:
        given = json.loads(arrived.body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Refused(400, {"message": "Cannot parse JSON body"})
    return given
