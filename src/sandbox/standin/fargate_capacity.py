"""Zones in which Fargate has no room for another task, as ordered by ``POST states``.

Tasks that run go on running. Repeated attempts go to the other zones in turn, as Fargate's do.
"""

from typing import List, Optional, Set

from . import task_network
from .world import world

# AWS's words, in a service's events and among RunTask's failures.
REASON = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


def _zones(account: str) -> Set[str]:
    found: Set[str] = world(account).data.setdefault("zones-without-capacity", set())
    return found


def take_away(account: str, zone: str) -> None:
    """From now on no task is placed in the zone."""
    _zones(account).add(zone)


def give_back(account: str, zone: str) -> None:
    """The zone has room again."""
    _zones(account).discard(zone)


def missing(account: str, region: str, subnet: str) -> bool:
    """Whether the subnet's zone has no room for a task."""
    zones = _zones(account)
    if not zones or not task_network.subnet_exists(account, region, subnet):
        return False
    return task_network.zone_of(account, region, subnet) in zones


def place(account: str, region: str, subnets: List[str]) -> Optional[str]:
    """The subnet that a single task gets; None when its zone has no room."""
    here = world(account).data
    turn = int(here.get("fargate-turn", 0))
    chosen = subnets[turn % len(subnets)]
    if not missing(account, region, chosen):
        return chosen
    here["fargate-turn"] = turn + 1
    return None
