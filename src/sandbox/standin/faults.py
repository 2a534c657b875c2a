"""Faults on demand: the next calls of an operation fail in a chosen way."""

import threading
from typing import Any, Dict, List, Optional

KINDS = (
    "throttle",
    "error500",
    "error503",
    "hang",
    "cut-before",
    "cut-after",
    "access-denied",
    "expired-token",
)

_lock = threading.Lock()
_faults: Dict[str, List[Dict[str, Any]]] = {}


def add(account: str, order: Dict[str, Any]) -> None:
    """Order a fault; ValueError says what is wrong with the order."""
    kind = order.get("kind")
    if kind not in KINDS:
        raise ValueError("kind must be one of " + ", ".join(KINDS))
    fault = {
        "service": str(order.get("service", "*")),
        "operation": str(order.get("operation", "*")),
        "kind": kind,
        "times": int(order.get("times", 1)),
        "skip": int(order.get("skip", 0)),
    }
    with _lock:
        _faults.setdefault(account, []).append(fault)


def take(account: str, service: str, operation: str) -> Optional[str]:
    """The kind of fault this call must suffer, if any; counts the call."""
    if account not in _faults:
        return None
    with _lock:
        for fault in _faults.get(account, ()):
            if fault["service"] not in ("*", service) or fault["operation"] not in ("*", operation):
                continue
            if fault["skip"] > 0:
                fault["skip"] -= 1
            elif fault["times"] > 0:
                fault["times"] -= 1
                return str(fault["kind"])
    return None


def pending(account: str) -> List[Dict[str, Any]]:
    """Faults that have calls left to hit."""
    with _lock:
        return [dict(fault) for fault in _faults.get(account, ()) if fault["times"] > 0]


def clear(account: str) -> None:
    """Withdraw an account's faults."""
    with _lock:
        _faults.pop(account, None)
