"""Aurora clusters that are stopped and started: minutes each way, and their instances go along.

moto stops a cluster at once, and leaves its instances running.
"""

import copy
from typing import Any, Tuple

from moto.rds.exceptions import InvalidDBClusterStateFault
from moto.rds.models import RDSBackend

from ..durations_tasks import duration
from ..world import world
from . import rds
from .wrapping import around

_STOPPABLE = ("available",)
_STARTABLE = ("stopped", "inaccessible-encryption-credentials-recoverable")


def install() -> None:
    """Change how moto stops and starts clusters."""

    @around(RDSBackend, "stop_db_cluster")
    def _stop(original: Any, self: Any, cluster_identifier: str) -> Any:
        return _turn(self, cluster_identifier, _STOPPABLE, "stopping", "stopped")

    @around(RDSBackend, "start_db_cluster")
    def _start(original: Any, self: Any, cluster_identifier: str) -> Any:
        return _turn(self, cluster_identifier, _STARTABLE, "starting", "available")


def _turn(backend: Any, identifier: str, allowed: Tuple[str, ...], meanwhile: str, then: str) -> Any:
    cluster = rds.find(backend, identifier)
    states = [cluster.status, *(member.status for member in cluster._members)]
    wrong = next((state for state in states if state not in allowed), None)
    if wrong is not None:
        raise InvalidDBClusterStateFault(
            f"DbCluster {identifier} is in {wrong} state but expected it to be one of {','.join(allowed)}."
        )
    shown = copy.copy(cluster)
    everything = [cluster, *cluster._members]
    for thing in everything:
        thing.status = meanwhile

    def done() -> None:
        for thing in everything:
            if thing.status == meanwhile:
                thing.status = then

    world(backend.account_id).after(duration(f"db_cluster_{meanwhile}"), done)
    shown._status = meanwhile
    return shown
