"""The plugins of a request, in Kong's order: each lets it pass, or answers in its place."""

import ipaddress
import json
from typing import TYPE_CHECKING, Any, Dict, List, Optional
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ..world import world
from .http import Answer, Arrived, error
from .schema import Entity
from .store import Tables

if TYPE_CHECKING:
    from ..tasks import Task

# Seconds; a month and a year as long as they are on average.
_PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "month": 2629746, "year": 31556952}
_SCOPES = ("consumer", "route", "service")


class Passing:
    """A request on its way through the plugins, and what they have found out and added."""

    def __init__(
        self, task: "Task", tables: Tables, route: Entity, service: Entity, arrived: Arrived, client: str
    ) -> None:
        self.task, self.tables, self.arrived, self.client = task, tables, arrived, client
        self.route, self.service = route, service
        self.consumer: Optional[Entity] = None
        self.credential: Optional[Entity] = None
        # For the answer.
        self.headers: Dict[str, str] = {}

    def plugin(self, name: str) -> Optional[Entity]:
        """The plugin of that name that is nearest to the request."""
        here = {"consumer": self.consumer, "route": self.route, "service": self.service}
        found = [
            one
            for one in self.tables["plugins"].values()
            if one["name"] == name
            and one["enabled"]
            and all(one[scope] is None or one[scope]["id"] == (here[scope] or {}).get("id") for scope in _SCOPES)
        ]
        return max(found, key=lambda one: [one[scope] is not None for scope in _SCOPES], default=None)


def run(passing: Passing) -> Optional[Answer]:
    """Let the plugins look at it; the answer of the first that refuses."""
    for name, act in _ORDER:
        plugin = passing.plugin(name)
        refusal = act(passing, plugin) if plugin is not None else None
        if refusal is not None:
            status, headers, body = refusal
            return status, {**headers, **passing.headers}, body
    return None


def _key_auth(passing: Passing, plugin: Entity) -> Optional[Answer]:
    config, arrived = plugin["config"], passing.arrived
    if arrived.method == "OPTIONS" and not config["run_on_preflight"]:
        return None
    key = _key(passing, config)
    found = [one for one in passing.tables["keyauth_credentials"].values() if one["key"] == key]
    if found:
        passing.credential = found[0]
        passing.consumer = passing.tables["consumers"].get(found[0]["consumer"]["id"])
        return None
    if config["anonymous"]:
        everyone = passing.tables["consumers"].values()
        ours = (one for one in everyone if config["anonymous"] in (one["id"], one["username"]))
        passing.consumer = next(ours, None)
        return None
    realm = f'Key realm="{config["realm"]}"' if config["realm"] else "Key"
    why = "Unauthorized" if key else "No API key found in request"
    return error(passing.task, 401, why, {"WWW-Authenticate": realm})


def _key(passing: Passing, config: Entity) -> str:
    arrived = passing.arrived
    parts = urlsplit(arrived.target)
    query = parse_qsl(parts.query, keep_blank_values=True)
    for name in config["key_names"]:
        key = arrived.headers.get(name.lower()) if config["key_in_header"] else None
        if not key and config["key_in_query"]:
            key = next((value for given, value in query if given == name), None)
        if not key and config["key_in_body"]:
            key = _json(arrived.body).get(name)
        if key:
            if config["hide_credentials"]:
                headers = {given: value for given, value in arrived.headers.items() if given != name.lower()}
                kept = urlencode([(given, value) for given, value in query if given != name])
                target = urlunsplit(parts._replace(query=kept))
                passing.arrived = arrived._replace(headers=headers, target=target)
            return str(key)
    return ""


def _json(body: bytes) -> Dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _ip_restriction(passing: Passing, plugin: Entity) -> Optional[Answer]:
    config, client = plugin["config"], ipaddress.ip_address(passing.client)

    def listed(name: str) -> bool:
        return any(client in ipaddress.ip_network(one, strict=False) for one in config[name] or ())

    if listed("deny") or config["allow"] and not listed("allow"):
        told = config["message"] or f"IP address not allowed: {passing.client}"
        return error(passing.task, int(config["status"] or 403), told)
    return None


def _acl(passing: Passing, plugin: Entity) -> Optional[Answer]:
    config = plugin["config"]
    if passing.consumer is None:
        return error(passing.task, 401, "Unauthorized")
    own = passing.consumer["id"]
    groups = {one["group"] for one in passing.tables["acls"].values() if one["consumer"]["id"] == own}
    allowed = bool(groups & set(config["allow"])) if config["allow"] else not groups & set(config["deny"] or ())
    return None if allowed else error(passing.task, 403, "You cannot consume this service")


def _rate_limiting(passing: Passing, plugin: Entity) -> Optional[Answer]:
    config, now = plugin["config"], world(passing.task.account).now()
    counted, whose = passing.task.node.counted, _identifier(passing, config)
    exceeded: Optional[str] = None
    for period, seconds in _PERIODS.items():
        limit = config[period]
        if limit is None:
            continue
        window = (plugin["id"], whose, period, int(now // seconds))
        left, reset = int(limit) - counted.get(window, 0), max(1, int(seconds - now % seconds))
        if left <= 0:
            exceeded = exceeded or str(reset)
        shown = {f"X-RateLimit-Limit-{period.capitalize()}": str(limit)}
        shown[f"X-RateLimit-Remaining-{period.capitalize()}"] = str(max(0, left - 1))
        shown.update({"RateLimit-Limit": str(limit), "RateLimit-Remaining": str(max(0, left - 1))})
        if not config["hide_client_headers"]:
            passing.headers.update({**shown, "RateLimit-Reset": str(reset)})
        counted[window] = counted.get(window, 0) + (1 if left > 0 else 0)
    if exceeded is not None:
        headers = {} if config["hide_client_headers"] else {"Retry-After": exceeded}
        return error(passing.task, int(config["error_code"]), str(config["error_message"]), headers)
    return None


def _identifier(passing: Passing, config: Entity) -> str:
    by = config["limit_by"]
    if by == "header":
        return passing.arrived.headers.get(str(config["header_name"]).lower()) or passing.client
    if by == "service":
        return str(passing.service["id"])
    if by == "ip" or by == "path":
        return passing.client
    known = [passing.credential] if by == "credential" else [passing.consumer, passing.credential]
    return next((str(one["id"]) for one in known if one is not None), passing.client)


# By priority: 1250, 990, 950, 910.
_ORDER: List[Any] = [
    ("key-auth", _key_auth),
    ("ip-restriction", _ip_restriction),
    ("acl", _acl),
    ("rate-limiting", _rate_limiting),
]
