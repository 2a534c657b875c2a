"""Which route a request takes, as Kong's traditional-compatible router decides it."""

import fnmatch
import re
from typing import Any, Iterable, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from .http import Arrived
from .schema import Entity


class Match(NamedTuple):
    """A route, and the part of the path that it matched."""

    route: Entity
    matched: str


def find(routes: Iterable[Entity], arrived: Arrived, host: str) -> Optional[Match]:
    """The route for a request; protocols are looked at afterwards, as Kong does."""
    found = [match for match in (_match(route, arrived, host) for route in routes) if match is not None]
    return max(found, key=_rank, default=None)


def _match(route: Entity, arrived: Arrived, host: str) -> Optional[Match]:
    if route["methods"] and arrived.method not in route["methods"]:
        return None
    if route["hosts"] and not any(fnmatch.fnmatchcase(host, str(one).lower()) for one in route["hosts"]):
        return None
    for name, values in (route["headers"] or {}).items():
        if arrived.headers.get(name.lower()) not in values:
            return None
    if not route["paths"]:
        return Match(route, "")
    path = urlsplit(arrived.target).path
    matched = [one for one in (_prefix(pattern, path) for pattern in route["paths"]) if one is not None]
    return Match(route, max(matched, key=len)) if matched else None


def _prefix(pattern: str, path: str) -> Optional[str]:
    if pattern.startswith("~"):
        found = re.match(pattern[1:], path)
        return found.group() if found else None
    # A prefix, wherever it ends: /admin is one of /administration.
    return pattern if path.startswith(pattern) else None


def _rank(match: Match) -> Tuple[Any, ...]:
    route = match.route
    sorts = sum(1 for field in ("methods", "hosts", "headers", "paths") if route[field])
    regex = any(str(path).startswith("~") for path in route["paths"] or ())
    # Of two alike the older one.
    return sorts, len(route["headers"] or {}), regex, route["regex_priority"], len(match.matched), -route["created_at"]
