"""Somebody else at work in the same account: their call, right before or after one of the client's.

An order (``POST peers``) is ``{"on": {"service", "operation"}, "when": "after", "skip": 0, "seconds": 0,
"call": {"service", "operation", "region", "parameters"}}``. ``on`` spells the service as IAM does, as
the call log; ``call`` as the SDK does (``elbv2``). After a call means after one that succeeded, and
before its answer is sent; with ``seconds``, that much simulated time later. ``GET peers`` tells what
became of each order.
"""

from typing import TYPE_CHECKING, Any, Dict, List

from . import local_calls
from .world import world

if TYPE_CHECKING:
    from .dispatch import Call

_FIELDS = {"on", "when", "skip", "seconds", "call"}


def order(account: str, given: Dict[str, Any]) -> Dict[str, Any]:
    """Take an order; ValueError says what is wrong with it."""
    unknown = set(given) - _FIELDS
    if unknown:
        raise ValueError("unknown in an order: " + ", ".join(sorted(unknown)))
    on, call = given.get("on") or {}, given.get("call") or {}
    for table, name in ((on, "operation"), (on, "service"), (call, "operation"), (call, "service")):
        if not table.get(name):
            raise ValueError(f"an order needs on.service, on.operation, call.service and call.operation: no {name}")
    when = str(given.get("when", "after"))
    if when not in ("before", "after"):
        raise ValueError("when must be before or after")
    kept = {
        "on": dict(on), "when": when, "skip": int(given.get("skip", 0)), "seconds": float(given.get("seconds", 0)),
        "call": {"region": "us-east-1", "parameters": {}, **call}, "done": False, "error": None,
    }  # fmt: skip
    if not local_calls.knows(account, kept["call"]["region"], call["service"], call["operation"]):
        raise ValueError(f"there is no {call['service']}:{call['operation']}")
    world(account).data.setdefault("peers", []).append(kept)
    return kept


def orders(account: str) -> List[Dict[str, Any]]:
    """Every order so far, with what became of it."""
    return list(world(account).data.get("peers", ()))


def clear(account: str) -> None:
    """Send them away."""
    world(account).data.pop("peers", None)


def act(call: "Call", when: str) -> None:
    """Let peers act on a call of the client's."""
    here = world(call.account)
    for held in here.data.get("peers", ()):
        if held["done"] or held["when"] != when or held["on"] != {"service": call.service, "operation": call.operation}:
            continue
        if held["skip"] > 0:
            held["skip"] -= 1
            continue
        # Before anything else: their call must not set them off again.
        held["done"] = True
        if held["seconds"] > 0:
            here.after(held["seconds"], lambda held=held: _make(call.account, held))
        else:
            _make(call.account, held)


def _make(account: str, held: Dict[str, Any]) -> None:
    wanted = held["call"]
    try:
        local_calls.call(account, wanted["region"], wanted["service"], wanted["operation"], wanted["parameters"])
    except Exception as refused:  # told by GET peers; it is no business of the client's
        held["error"] = f"{type(refused).__name__}: {refused}"
