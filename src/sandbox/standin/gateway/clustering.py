"""Hybrid mode: data planes connect to a control plane, and get the configuration it has exported.

A control plane exports when the first data plane connects and at each write over its Admin API or
another's of the same database; not at an import, which tells nobody. A data plane keeps what it got.
"""

import base64
import functools
import time
import uuid
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Tuple

from .. import kong_database, kong_image, task_network
from ..durations_tasks import duration
from .store import NO_HASH, Tables

if TYPE_CHECKING:
    from ..kong_database import KongDatabase
    from ..tasks import Task

# Seconds between two pings of a data plane, and for which its row is kept after the last.
_PING = 30
_KEPT = 14 * 24 * 3600


class Configuration(NamedTuple):
    """What a control plane has exported."""

    hash: str
    tables: Tables


class Node:
    """A task's part in the cluster."""

    def __init__(self) -> None:
        # Of a data plane: what it serves, whom it is connected to, and since when.
        self.configuration: Optional[Configuration] = None
        self.control: Optional["Task"] = None
        self.connected_at = 0.0
        # It stays connected, and takes nothing it is sent.
        self.stuck = False
        # Of a control plane: what it sends to whoever connects.
        self.exported: Optional[Configuration] = None
        # Requests counted by the rate-limiting plugin's local policy.
        self.counted: Dict[Tuple[Any, ...], int] = {}


def is_data_plane(task: "Task") -> bool:
    """Whether the task is a data plane that runs."""
    return task.kong_running and task.env.get("KONG_ROLE") == "data_plane"


def ready(task: "Task") -> bool:
    """Whether a data plane has a configuration, and one that is not empty."""
    configuration = task.node.configuration
    return configuration is not None and configuration.hash != NO_HASH


def synchronise(account: str, region: str) -> None:
    """Connect every data plane without a control plane to one that it reaches."""
    from .. import tasks

    live = tasks.fleet(account, region).live()
    controls = [task for task in live if task.is_control_plane and task.kong_running]
    for data in live:
        if is_data_plane(data) and data.node.control is None:
            for control in controls:
                if _met(control, data) and _reaches(data, control) and _connect(data, control, live):
                    break


def changed(control: "Task") -> None:
    """The database has been written to: all its control planes send what there is now, a moment later."""
    control.after(duration("kong_push"), lambda: _push(control))


def hold(data: "Task", stuck: bool) -> None:
    """Let a data plane take no more of what it is sent, or all of it again."""
    data.node.stuck = stuck
    if data.node.control is not None:
        _take(data, data.node.control)


def left(task: "Task") -> None:
    """The task's process has ended; whoever was connected to it looks for another control plane."""
    from .. import tasks

    if task.node.control is not None:
        _lose(task)
    lost = [t for t in tasks.fleet(task.account, task.region).live() if t.node.control is task]
    for data in lost:
        _lose(data)
    if lost:
        task.after(duration("kong_reconnect"), lambda: synchronise(task.account, task.region))


def rows(database: "KongDatabase", now: float) -> List[Dict[str, Any]]:
    """The data planes as the Admin API lists them: those seen within the last fortnight."""
    return [_row(seen, now) for seen in database.data_planes.values() if now - _last_ping(seen, now) <= _KEPT]


def node_id(task: "Task") -> str:
    """The id that a node draws when it starts."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, task.arn))


def host_name(task: "Task") -> str:
    """The host name that a task has on Fargate."""
    return f"ip-{task.ip.replace('.', '-')}.{task.region}.compute.internal"


def _met(control: "Task", data: "Task") -> bool:
    # Both try again every few seconds, so a plane that has come up meets the other one shortly after.
    since = max(control.serving_since or 0, data.serving_since or 0)
    return control.now() - since >= duration("kong_sync") - 1e-3


def _reaches(data: "Task", control: "Task") -> bool:
    from ..task_health import open_ports, resolve

    if data.env.get("KONG_CLUSTER_CERT") != control.env.get("KONG_CLUSTER_CERT"):
        return False
    host, _, port = data.env.get("KONG_CLUSTER_CONTROL_PLANE", "127.0.0.1:8005").rpartition(":")
    if int(port) not in open_ports(control.env.get("KONG_CLUSTER_LISTEN", "0.0.0.0:8005")):
        return False
    if host != control.ip and control.ip not in resolve(data, host):
        return False
    return task_network.allows(
        data.account, data.region, data.groups, data.ip, control.groups, control.ip, int(port)
    )


def _connect(data: "Task", control: "Task", live: List["Task"]) -> bool:
    database = kong_database.peek(control, control.env)
    if database is None:
        return False
    theirs, ours = _version(control), _version(data)
    if theirs[0] != ours[0] or theirs[1] < ours[1]:
        # Told so and turned away; it tries again for ever.
        _note(database, data, "kong_version_incompatible", None)
        return False
    # Whoever connects makes it try again while there is nothing to send.
    if control.node.exported is None or not any(other.node.control is control for other in live):
        _export(control, database)
    data.node.control, data.node.connected_at = control, control.now()
    _note(database, data, "normal", control.now())
    _take(data, control)
    return True


def _push(control: "Task") -> None:
    from .. import tasks

    database = kong_database.peek(control, control.env)
    if database is None:
        return
    live = tasks.fleet(control.account, control.region).live()
    for one in live:
        if one.is_control_plane and one.kong_running and kong_database.peek(one, one.env) is database:
            _export(one, database)
    for data in live:
        if is_data_plane(data) and data.node.control is not None:
            _take(data, data.node.control)


def _export(control: "Task", database: "KongDatabase") -> None:
    # With migrations pending the control plane may export nothing at all.
    if database.pending is None and database.bootstrapped:
        control.node.exported = Configuration(*database.store.configuration())


def _take(data: "Task", control: "Task") -> None:
    database = kong_database.peek(control, control.env)
    if control.node.exported is not None and not data.node.stuck:
        data.node.configuration = control.node.exported
    if database is not None:
        served = data.node.configuration
        database.data_planes[node_id(data)]["config_hash"] = served.hash if served else NO_HASH


def _lose(data: "Task") -> None:
    control, data.node.control = data.node.control, None
    database = kong_database.peek(control, control.env) if control is not None else None
    seen = database.data_planes.get(node_id(data)) if database is not None else None
    if seen is not None:
        seen.update(last_ping=_last_ping(seen, data.now()), connected_at=None)


def _note(database: "KongDatabase", data: "Task", status: str, connected_at: Optional[float]) -> None:
    known = database.data_planes.get(node_id(data), {})
    database.data_planes[node_id(data)] = {
        "id": node_id(data),
        "ip": data.ip,
        "hostname": host_name(data),
        "version": ".".join(str(part) for part in kong_image.version(str(data.main["image"]))),
        "sync_status": status,
        "config_hash": known.get("config_hash", NO_HASH),
        "certificate": data.env.get("KONG_CLUSTER_CERT", ""),
        "connected_at": connected_at,
        "last_ping": data.now(),
    }


def _last_ping(seen: Dict[str, Any], now: float) -> float:
    if seen["connected_at"] is None:
        return float(seen["last_ping"])
    return float(now - (now - seen["connected_at"]) % _PING)


def _row(seen: Dict[str, Any], now: float) -> Dict[str, Any]:
    # Clients compare with the real clock, which simulated time runs ahead of.
    age = now - _last_ping(seen, now)
    shown = ("id", "ip", "hostname", "version", "sync_status", "config_hash")
    return {
        **{field: seen[field] for field in shown},
        "last_seen": int(time.time() - age),
        "ttl": int(_KEPT - age),
        "labels": None,
        "cert_details": _details(seen["certificate"]),
    }


@functools.lru_cache(maxsize=256)
def _details(certificate: str) -> Dict[str, int]:
    from cryptography import x509

    text = certificate.encode("utf-8")
    try:
        pem = text if text.lstrip().startswith(b"-----") else base64.b64decode(text, validate=True)
        return {"expiry_timestamp": int(x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp())}
    except ValueError:
        return {}


def _version(task: "Task") -> Tuple[int, int]:
    return kong_image.version(str(task.main["image"]))[:2]
