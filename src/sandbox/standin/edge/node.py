"""A Kong node as the network meets it: what it listens on, and what answers there."""

from typing import TYPE_CHECKING, Any, Dict, NamedTuple, Tuple

from .. import task_health, task_network
from ..request import Request
from . import place as places

if TYPE_CHECKING:
    from ..tasks import Task

Answer = Tuple[int, Dict[str, str], bytes]


class Arrived(NamedTuple):
    """A request at a node: ``peer`` is the address it comes from, ``scheme`` how it was carried there."""

    method: str
    target: str
    headers: Dict[str, str]
    body: bytes
    peer: str
    scheme: str

    @classmethod
    def direct(cls, place: "places.Place", request: Request) -> "Arrived":
        """One that a client sent to the node's own address."""
        return cls(*request, places.client_ip(place.account), "http")


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
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if task_health.served_ports(task)[port] == "proxy":
        return 404, headers, b'{"message":"no Route matched with those values"}'
    return 404, headers, b'{"message":"Not found"}'
