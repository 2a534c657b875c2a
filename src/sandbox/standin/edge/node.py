"""A Kong node as the network meets it: what it listens on, and what answers there."""

from typing import TYPE_CHECKING, Any

from .. import task_health, task_network
from ..gateway import admin, proxy, status
from ..gateway.http import Answer, Arrived

if TYPE_CHECKING:
    from ..tasks import Task

_SERVED = {"admin": admin.answer, "proxy": proxy.answer, "status": status.answer}


def listens(task: "Task", port: int) -> bool:
    """Whether something answers on that port beyond the container itself."""
    return task.kong_running and port in task_health.served_ports(task)


def reached_by_balancer(task: "Task", balancer: Any, port: int) -> bool:
    """Whether the groups at both ends let the load balancer through."""
    address = task_health.address_of(balancer)
    return task_network.allows(
        task.account, task.region, balancer.security_groups, address, task.groups, task.ip, port
    )


def answer(task: "Task", port: int, arrived: Arrived) -> Answer:
    """What the node answers on a port it listens on."""
    served = _SERVED.get(task_health.served_ports(task)[port])
    if served is None:
        # The clusters' port wants a certificate before it says anything.
        return 400, {"Content-Type": "text/html"}, b"400 No required SSL certificate was sent"
    return served(task, arrived)
