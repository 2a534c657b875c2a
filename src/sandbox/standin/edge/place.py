"""Who has a public address, and whether a client gets through to a port of it."""

from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional

from .. import task_network
from ..world import world
from . import names

if TYPE_CHECKING:
    from ..tasks import Task

# Somebody's address on the Internet, unless the account is told another.
CLIENT = "203.0.113.10"


class Place(NamedTuple):
    """A port of a public address."""

    account: str
    address: str
    port: int


class Balanced(NamedTuple):
    """A load balancer, with moto's backend and the listener on the port, if there is one."""

    backend: Any
    balancer: Any
    subnet: str
    listener: Optional[Any]


def client_ip(account: str) -> str:
    """The public address that the account's clients come from."""
    return str(world(account).data.get("edge-client-ip", CLIENT))


def connect(place: Place) -> Dict[str, Optional[str]]:
    """Where the port can be reached on this machine, or why it cannot."""
    from . import ports

    why = refusal(place)
    return {"to": None, "why": why} if why else {"to": ports.listen(place)}


def refusal(place: Place) -> Optional[str]:
    """What a client sees that does not get through: ``timeout``, or ``refused`` by the host itself."""
    world(place.account).advance()
    balanced = balancer_at(place)
    if balanced is not None:
        return None if _admitted(place, balanced) else "timeout"
    task = task_at(place)
    if task is None or not _lets_in(place, task.region, task.groups, task.subnet):
        return "timeout"
    from . import node

    return None if node.listens(task, place.port) else "refused"


def balancer_at(place: Place) -> Optional[Balanced]:
    """The load balancer with that address."""
    for backend, balancer in names.balancers(place.account):
        if balancer.scheme == "internal":
            continue
        for subnet, eni_id in balancer.standin_enis.items():
            eni = backend.ec2_backend.enis.get(eni_id)
            if eni is not None and eni.public_ip == place.address:
                ours = (one for one in balancer.listeners.values() if int(one.port) == place.port)
                return Balanced(backend, balancer, subnet, next(ours, None))
    return None


def task_at(place: Place) -> Optional["Task"]:
    """The task with that public address."""
    from moto.ec2.models import ec2_backends

    from ..tasks import fleet

    if place.account not in ec2_backends.keys():
        return None
    for backend in list(ec2_backends[place.account].values()):
        for task in fleet(place.account, backend.region_name).live():
            eni = backend.enis.get(task.eni)
            if eni is not None and eni.public_ip == place.address:
                return task
    return None


def _admitted(place: Place, balanced: Balanced) -> bool:
    balancer, region = balanced.balancer, balanced.backend.region_name
    if balanced.listener is None or balancer.state not in ("active", "active_impaired"):
        return False
    return _lets_in(place, region, balancer.security_groups, balanced.subnet)


def _lets_in(place: Place, region: str, groups: List[str], subnet: str) -> bool:
    account = place.account
    return task_network.faces_internet(account, region, subnet) and task_network.admits(
        account, region, groups, client_ip(account), place.port
    )
