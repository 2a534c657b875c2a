"""States on demand: a resource is put into a state that AWS brings about and no caller can.

An order names a ``kind``, the ``resource`` (id, name or ARN; ``*`` for each there is; ``next`` for the
next one that is made) and the ``state``. With ``seconds`` it comes about that much later: a NAT
gateway that is pending for ten seconds and fails then. ``code`` and ``message`` are what AWS tells of
it, where it tells anything. A role is ``propagating`` ``for`` so many seconds: nothing can assume it; a web
ACL that is can be joined to nothing. A certificate is ``expiring`` ``for`` as many. A log group is
``undeliverable`` ``for`` as many, or for ever: no service gets leave to write to it. A ``data-plane`` is
named by its task; ``sync-stuck``, it stays connected and takes no configuration until it is ``in-sync``
again. A ``deployment`` is named by its service: the one in progress is gone, and another stands in its place.
"""

from typing import Any, Dict, Iterator, List, Set

from . import state_kinds
from .state_kinds import Found
from .world import World, world

_AWAITED = "states-awaited"


def kinds() -> Dict[str, List[str]]:
    """The kinds of resources, each with its states."""
    return {name: list(kind.states) for name, kind in state_kinds.KINDS.items()}


def order(account: str, given: Dict[str, Any]) -> List[str]:
    """Carry an order out; returns what it has hit so far. ValueError says what is wrong with it."""
    unknown = set(given) - {"kind", "resource", "state", "seconds", "code", "message", "for"}
    if unknown:
        raise ValueError("unknown in an order: " + ", ".join(sorted(unknown)))
    kind = state_kinds.KINDS.get(str(given.get("kind")))
    if kind is None:
        raise ValueError("kind must be one of " + ", ".join(state_kinds.KINDS))
    if given.get("state") not in kind.states:
        raise ValueError(f"a {given['kind']} is put into " + ", ".join(kind.states))
    wanted, here = str(given.get("resource") or ""), world(account)
    here.advance()
    everyone = list(kind.find(account))
    if wanted == "next":
        _await(here, given, {one.names[0] for one in everyone})
        return []
    hit = [one for one in everyone if wanted == "*" or wanted in one.names]
    if not hit:
        raise ValueError(f"there is no {given['kind']} called {wanted!r}")
    for one in hit:
        _later(here, given, one)
    here.touch()
    return [one.names[0] for one in hit]


def clear(account: str) -> None:
    """Withdraw the orders for what has not been made yet."""
    world(account).data.pop(_AWAITED, None)


def _later(here: World, given: Dict[str, Any], one: Found) -> None:
    put, seconds = state_kinds.KINDS[given["kind"]].put, float(given.get("seconds") or 0)
    if seconds > 0:
        here.after(seconds, lambda: put(one, given))
    else:
        put(one, given)


def _await(here: World, given: Dict[str, Any], known: Set[str]) -> None:
    if _AWAITED not in here.data:
        here.data[_AWAITED] = []
    here.data[_AWAITED].append((given, known))


def look(account: str) -> None:
    """See whether something has been made that an order waits for; called after every call."""
    here = world(account)
    if not here.data.get(_AWAITED):
        return
    left = []
    for given, known in here.data[_AWAITED]:
        fresh = next(_fresh(here, given, known), None)
        if fresh is None:
            left.append((given, known))
        else:
            _later(here, given, fresh)
    here.data[_AWAITED] = left


def _fresh(here: World, given: Dict[str, Any], known: Set[str]) -> Iterator[Found]:
    return (one for one in state_kinds.KINDS[given["kind"]].find(here.account_id) if one.names[0] not in known)
