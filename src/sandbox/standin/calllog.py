"""What was asked, of whom, when and with what outcome: the log that tests assert on."""

import threading
from typing import Any, Dict, List, Optional

_READ_PREFIXES = (
    "Describe",
    "List",
    "Get",
    "Discover",
    "Head",
    "BatchGet",
    "Filter",
    "Query",
    "Scan",
    "Test",
)

_lock = threading.Lock()
_logs: Dict[str, List[Dict[str, Any]]] = {}
_counters: Dict[str, int] = {}


def is_mutating(operation: str) -> bool:
    """Whether an operation changes anything, told by its name."""
    return not operation.startswith(_READ_PREFIXES)


def begin(
    account: str, service: str, operation: str, start: float, sim_start: float
) -> Dict[str, Any]:
    """Log a call as it arrives; the entry is completed by ``finish``."""
    with _lock:
        _counters[account] = _counters.get(account, 0) + 1
        entry: Dict[str, Any] = {
            "n": _counters[account],
            "service": service,
            "operation": operation,
            "mutating": is_mutating(operation),
            "start": start,
            "end": None,
            "sim_start": sim_start,
            "status": None,
            "error": None,
            "resource": None,
        }
        _logs.setdefault(account, []).append(entry)
    return entry


def finish(entry: Dict[str, Any], end: float, status: Optional[int], error: Optional[str]) -> None:
    """Complete an entry; ``status`` is None when no answer was sent."""
    entry["status"], entry["error"], entry["end"] = status, error, end


def calls(account: str, since: int = 0) -> List[Dict[str, Any]]:
    """Entries of an account with a number above ``since``, oldest first."""
    with _lock:
        return [dict(entry) for entry in _logs.get(account, ()) if entry["n"] > since]


def clear(account: str) -> None:
    """Forget an account's calls; numbers go on where they were."""
    with _lock:
        _logs.pop(account, None)
