"""How the switches want a simulated task to behave: what it is told, and when that is used up.

``POST config {"tasks": {...}}`` sets them, all at once::

    {"services": {"NAME": {"fail": REASON, "times": N}},     tasks of the service do not start
     "services": {"NAME": {"exit": CODE, "log": [LINES], "after": SECONDS, "times": N}},
                                                             they start, log, and end with the code
     "services": {"NAME": {"unhealthy": true, "times": N}},  they run, and fail every check
     "migrations": {"command": "up", "exit": CODE, "times": N},
     "migrations": {"command": "up", "exit": CODE, "half": true},
                                                             it breaks with some of its work done
     "migrations": {"command": "up", "lost": true}}          another holds the lock: nothing is done

A service's name stands for those of all clusters; ``times`` is 1 unless told, and counts tasks.
The tasks of a circuit breaker's rollback are spared unless ``"rollback": true`` is in the order.
"""

from typing import TYPE_CHECKING, Any, Dict, List, Optional

from .world import world

if TYPE_CHECKING:
    from .tasks import Task

_PULL = "CannotPullContainerError: inspect image has been retried 5 time(s)"


def take(task: "Task") -> Dict[str, Any]:
    """The order that a new task of a service is under, counted; empty when there is none."""
    order = (world(task.account).task_behaviour.get("services") or {}).get(task.service or "")
    if not order or (task.rollback and not order.get("rollback")) or not _count(order):
        return {}
    return dict(order)


def refusal(order: Dict[str, Any]) -> Optional[str]:
    """Why a task under the order does not start, if it does not."""
    if "exit" in order or order.get("unhealthy"):
        return None
    return str(order.get("fail") or _PULL) if order else None


def of_command(task: "Task", words: List[str]) -> Dict[str, Any]:
    """The order that this command of Kong is under, used up by asking; empty when there is none."""
    order = world(task.account).task_behaviour.get("migrations")
    if not order or words[:1] != ["migrations"] or order.get("command") not in (None, "*", *words[1:2]):
        return {}
    return dict(order) if _count(order) else {}


def _count(order: Dict[str, Any]) -> bool:
    left = int(order.get("times", 1))
    order["times"] = left - 1
    return left > 0
