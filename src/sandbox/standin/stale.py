"""Eventual consistency on demand: reads that do not yet know what has just been made, or its tags.

An order (``POST stale``) names a ``service``, as IAM spells it, an ``operation`` (``*``: every read)
and ``seconds``; ``hide`` is ``resources`` or ``tags``. Until the orders are withdrawn, what is younger
than that is absent from lists, not found by its name, or without tags. moto itself answers: what is
hidden is taken out of its tables for as long as one call lasts.

The tagging API (service ``tagging``) answers from what it knew so many seconds ago: it also goes on
listing what is gone, and shows tags as they were.
"""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple

from . import calllog, stale_tables
from .world import world

if TYPE_CHECKING:
    from .dispatch import Call

# Table, key and identity of an entry: a name that is used again is another entry.
Mark = Tuple[str, Any, int]

_FIELDS = {"service", "operation", "seconds", "hide"}


def order(account: str, given: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Take an order; returns all that hold. ValueError says what is wrong with it."""
    unknown = set(given) - _FIELDS
    if unknown:
        raise ValueError("unknown in an order: " + ", ".join(sorted(unknown)))
    service, hide = str(given.get("service")), str(given.get("hide", "resources"))
    if service not in (*stale_tables.SERVICES, "tagging"):
        raise ValueError("service must be one of " + ", ".join((*stale_tables.SERVICES, "tagging")))
    if hide not in ("resources", "tags"):
        raise ValueError("hide must be resources or tags")
    seconds = float(given["seconds"])
    held = _orders(account)
    held.append(
        {"service": service, "operation": str(given.get("operation", "*")), "seconds": seconds, "hide": hide}
    )
    # What is there already is old.
    _note(account, service, float("-inf"))
    return held


def orders(account: str) -> List[Dict[str, Any]]:
    """The orders that hold."""
    return list(_orders(account))


def clear(account: str) -> None:
    """Everything is seen again."""
    data = world(account).data
    for key in [k for k in data if k in ("stale-orders", "stale-births") or k.startswith("tagging-history:")]:
        del data[key]


def _orders(account: str) -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = world(account).data.setdefault("stale-orders", [])
    return found


def look(account: str) -> None:
    """Note what is new since the last call; to be called around every one."""
    for service in {held["service"] for held in world(account).data.get("stale-orders", ())}:
        _note(account, service, world(account).now())


def _note(account: str, service: str, at: float) -> None:
    if service == "tagging":
        from . import tagging_history

        tagging_history.note(account, at)
        return
    births: Dict[str, Dict[Mark, float]] = world(account).data.setdefault("stale-births", {})
    known = births.get(service, {})
    births[service] = {mark: known.get(mark, at) for _, table, key, mark in _entries(account, service)}


def _entries(account: str, service: str) -> Iterator[Tuple[Any, Any, Any, Mark]]:
    for label, backend, table in stale_tables.tables(account, service):
        pairs = list(dict.items(table)) if isinstance(table, dict) else [(id(thing), thing) for thing in table]
        for key, thing in pairs:
            yield backend, table, key, (label, key, id(thing))


def delay(call: "Call") -> Optional[Dict[str, Any]]:
    """The order that a call is under, if any."""
    for held in world(call.account).data.get("stale-orders", ()):
        named = held["operation"] == call.operation
        general = held["operation"] == "*" and not calllog.is_mutating(call.operation)
        if held["service"] == call.service and (named or general):
            return dict(held)
    return None


@contextmanager
def hidden(call: "Call") -> Iterator[None]:
    """For as long as it lasts, moto does not know what the call is not to see."""
    held = delay(call)
    if held is None or call.service == "tagging":
        yield
        return
    here = world(call.account)
    births = here.data["stale-births"].get(call.service, {})
    young = [
        (backend, table, key)
        for backend, table, key, mark in _entries(call.account, call.service)
        if births.get(mark, here.now()) > here.now() - held["seconds"]
    ]
    hide = stale_tables.hide_tags if held["hide"] == "tags" else stale_tables.hide_entry
    restore = [hide(backend, table, key) for backend, table, key in young]
    try:
        yield
    finally:
        for put_back in reversed(restore):
            put_back()
