"""Faults on demand: the next calls of an operation fail in a chosen way.

With ``each``, the first call of each thing asked for fails, and the same asked again does not:
what counts as the same is ``sameness``.
"""

import threading
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from . import refusals, sameness

if TYPE_CHECKING:
    from .dispatch import Call
    from .request import Request

# What any call can suffer.
_EVERY_CALL = (
    "throttle",
    "error500",
    "error503",
    "hang",
    "cut-before",
    "cut-after",
    "access-denied",
    "expired-token",
)
KINDS = (*_EVERY_CALL, *refusals.KINDS)

_lock = threading.Lock()
_faults: Dict[str, List[Dict[str, Any]]] = {}


def add(account: str, order: Dict[str, Any]) -> None:
    """Order a fault; ValueError says what is wrong with the order."""
    kind = order.get("kind")
    if kind not in KINDS:
        raise ValueError("kind must be one of " + ", ".join(KINDS))
    service, operation = str(order.get("service", "*")), str(order.get("operation", "*"))
    if "*" not in (service, operation) and not _possible(kind, service, operation):
        raise ValueError(f"{service}:{operation} never fails by {kind}; see GET faults/kinds")
    fault = {
        "service": service,
        "operation": operation,
        "kind": kind,
        "times": int(order.get("times", 1)),
        "skip": int(order.get("skip", 0)),
    }
    if order.get("each"):
        fault["asked"] = set()
    with _lock:
        _faults.setdefault(account, []).append(fault)


def _possible(kind: str, service: str, operation: str) -> bool:
    return kind in _EVERY_CALL or refusals.find(kind, service, operation) is not None


def kinds() -> Dict[str, List[str]]:
    """The kinds, each with the operations that can suffer it; ``*`` stands for every one."""
    return {kind: ["*"] if kind in _EVERY_CALL else refusals.operations(kind) for kind in KINDS}


def take(call: "Call", request: "Request") -> Optional[str]:
    """The kind of fault this call must suffer, if any; counts the call."""
    if call.account not in _faults:
        return None
    with _lock:
        for fault in _faults.get(call.account, ()):
            if fault["service"] not in ("*", call.service) or fault["operation"] not in ("*", call.operation):
                continue
            if not _possible(fault["kind"], call.service, call.operation):
                continue
            if "asked" in fault and _again(fault, call, request):
                continue
            if fault["skip"] > 0:
                fault["skip"] -= 1
            elif fault["times"] > 0:
                fault["times"] -= 1
                return str(fault["kind"])
    return None


def take_of_machine(account: str, service: str, operation: str) -> bool:
    """Whether this call of a state machine must be throttled: faults of a service called ``machine:ecs``.

    Those of the client's own calls are not a machine's, or nobody could say which call they hit.
    """
    with _lock:
        for fault in _faults.get(account, ()):
            if (fault["service"], fault["operation"]) != (f"machine:{service}", operation):
                continue
            if fault["skip"] > 0:
                fault["skip"] -= 1
            elif fault["times"] > 0:
                fault["times"] -= 1
                return True
    return False


def _again(fault: Dict[str, Any], call: "Call", request: "Request") -> bool:
    asked = sameness.of(call, request)
    if asked in fault["asked"]:
        return True
    fault["asked"].add(asked)
    return False


def pending(account: str) -> List[Dict[str, Any]]:
    """Faults that have calls left to hit."""
    with _lock:
        return [
            {name: value for name, value in fault.items() if name != "asked"}
            for fault in _faults.get(account, ())
            if fault["times"] > 0
        ]


def clear(account: str) -> None:
    """Withdraw an account's faults."""
    with _lock:
        _faults.pop(account, None)
