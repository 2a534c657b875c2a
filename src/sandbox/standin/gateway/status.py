"""The status API of a node: whether it runs, and whether it is ready."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from . import admin, clustering
from .http import Answer, Arrived, answered

if TYPE_CHECKING:
    from ..tasks import Task


def answer(task: "Task", arrived: Arrived) -> Answer:
    """What the status API answers; called under the lock."""
    path = urlsplit(arrived.target).path.rstrip("/")
    if arrived.method not in ("GET", "HEAD"):
        return answered(task, 405, {"message": "Method not allowed"})
    if path == "/status":
        return answered(task, 200, admin.status(task))
    if path != "/status/ready":
        return answered(task, 404, {"message": "Not found"})
    if clustering.is_data_plane(task):
        clustering.synchronise(task.account, task.region)
        if not clustering.ready(task):
            return answered(task, 503, {"message": "no configuration available (empty configuration present)"})
    elif not admin.reachable(task):
        return answered(task, 503, {"message": "failed to connect to database"})
    return answered(task, 200, {"message": "ready"})
