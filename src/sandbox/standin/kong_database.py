"""Kong's database as a simulated task meets it: the way to it, and what its schema holds.

The state lies on moto's Aurora cluster, so it goes away with the cluster. Whether the writer is
there, the groups let the task in, the password is right and TLS is on are all looked at, because
each of them is a mistake a stack can make.
"""

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from . import task_network
from .durations_tasks import duration
from .gateway.store import Store
from .world import world

if TYPE_CHECKING:
    from .tasks import Task

Version = Tuple[int, int]

_CONNECT = "[PostgreSQL error] failed to retrieve PostgreSQL server_version_num: "


class KongDatabase:
    """The schema and the entities in one database."""

    def __init__(self) -> None:
        self.last_used: Optional[float] = None
        self.reset()

    def reset(self) -> None:
        """Drop everything, as `kong migrations bootstrap -f` does."""
        self.bootstrapped = False
        # Version whose migrations were all executed; None while there are none.
        self.executed: Optional[Version] = None
        # Version whose migrations wait for `finish`.
        self.pending: Optional[Version] = None
        # Whether the `up` that left them was cut off before its last migration.
        self.left = False
        self.store = Store()
        # The data planes that control planes have seen, by node id.
        self.data_planes: Dict[str, Dict[str, Any]] = {}

    def state(self, version: Version) -> str:
        """What `kong migrations list` of that version finds: bootstrap, pending, new or clean."""
        if not self.bootstrapped:
            return "bootstrap"
        if self.pending is not None:
            return "pending"
        if self.executed is None or self.executed < version:
            return "new"
        return "clean"

    @property
    def configured(self) -> bool:
        """Whether there is anything to give to data planes: without, their hash stays zero."""
        return not self.store.empty


class Unreachable(Exception):
    """A connection that fails, with Kong's own message and the seconds it takes to fail."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.message = message
        self.seconds = seconds


def connect(task: "Task", env: Dict[str, str], timeout_ms: Optional[float] = None) -> Tuple[KongDatabase, float]:
    """Connect as Kong does; gives the database and the seconds that took."""
    host = env.get("KONG_PG_HOST", "127.0.0.1")
    timeout = (timeout_ms if timeout_ms is not None else float(env.get("KONG_PG_TIMEOUT") or 5000)) / 1000
    cluster = _cluster(task, host)
    if cluster is None:
        raise Unreachable(
            f"{_CONNECT}[cosocket] DNS resolution failed: dns server error: 3 name error."
            f' Tried: ["(short){host}:(na) - cache-miss","{host}:1 - cache-miss/dns server error: 3 name error"]',
            2,
        )
    _check_way(task, cluster, int(env.get("KONG_PG_PORT") or 5432), timeout)
    _check_login(task, cluster, env)
    return _opened(task, cluster, timeout)


def peek(task: "Task", env: Dict[str, str]) -> Optional[KongDatabase]:
    """The database a control plane uses, without connecting to it."""
    cluster = _cluster(task, env.get("KONG_PG_HOST", ""))
    return None if cluster is None else _of(cluster)


def _of(cluster: Any) -> KongDatabase:
    found = getattr(cluster, "kong", None)
    if found is None:
        found = cluster.kong = KongDatabase()
    return found


def _cluster(task: "Task", host: str) -> Optional[Any]:
    from moto.rds.models import rds_backends

    for cluster in rds_backends[task.account][task.region].clusters.values():
        if host.rstrip(".") in (cluster.endpoint, cluster.reader_endpoint):
            return cluster
    return None


def _writer(cluster: Any) -> Optional[Any]:
    available = [m for m in cluster.members if m.status in ("available", "modifying", "backing-up")]
    return next((m for m in available if m.is_cluster_writer), None)


def _check_way(task: "Task", cluster: Any, port: int, timeout: float) -> None:
    if _writer(cluster) is None:
        raise Unreachable(f"{_CONNECT}timeout", timeout)
    if port != int(cluster.port):
        raise Unreachable(f"{_CONNECT}connection refused", 1)
    groups: List[str] = list(cluster.vpc_security_group_ids)
    if not task_network.allows(task.account, task.region, task.groups, task.ip, groups, None, port):
        raise Unreachable(f"{_CONNECT}timeout", timeout)


def _check_login(task: "Task", cluster: Any, env: Dict[str, str]) -> None:
    user, name = env.get("KONG_PG_USER", "kong"), env.get("KONG_PG_DATABASE", "kong")
    encrypted = env.get("KONG_PG_SSL", "off").lower() in ("on", "true", "1")
    if not encrypted and _forces_tls(task, cluster):
        raise Unreachable(
            f'{_CONNECT}FATAL: no pg_hba.conf entry for host "{task.ip}", user "{user}",'
            f' database "{name}", no encryption (28000)',
            1,
        )
    if user != cluster.master_username or env.get("KONG_PG_PASSWORD", "") != _password(cluster):
        raise Unreachable(f'{_CONNECT}FATAL: password authentication failed for user "{user}" (28P01)', 1)
    if name not in (cluster.database_name, "postgres"):
        raise Unreachable(f'{_CONNECT}FATAL: database "{name}" does not exist (3D000)', 1)


def _password(cluster: Any) -> Optional[str]:
    import json

    secret = getattr(cluster, "master_user_secret", None)
    if not cluster.manage_master_user_password or secret is None:
        return getattr(cluster, "_master_user_password", None)
    versions = secret.secret.versions
    return json.loads(versions[secret.secret.default_version_id]["secret_string"])["password"]


def _forces_tls(task: "Task", cluster: Any) -> bool:
    from moto.rds.models import rds_backends

    groups = rds_backends[task.account][task.region].db_cluster_parameter_groups
    group = groups.get(cluster.parameter_group)
    given = group.parameters.get("rds.force_ssl", {}).get("ParameterValue") if group else None
    # Aurora PostgreSQL 17 forces TLS unless told not to; earlier versions do not.
    default = "1" if int(str(cluster.engine_version).split(".")[0]) >= 17 else "0"
    return (given or default) == "1"


def capacity(account: str, region: str, identifier: str) -> Optional[float]:
    """How many ACUs a cluster has now: none while it is paused; nothing is known of one that does not run."""
    from moto.rds.models import rds_backends

    cluster = rds_backends[account][region].clusters.get(identifier)
    if cluster is None or _writer(cluster) is None:
        return None
    return 0.0 if _asleep(account, region, cluster) else max(0.5, float(_scaling(cluster, "MinCapacity") or 0))


def _scaling(cluster: Any, name: str) -> Optional[float]:
    scaling = cluster.serverless_v2_scaling_configuration or {}
    snake = {"MinCapacity": "min_capacity", "SecondsUntilAutoPause": "seconds_until_auto_pause"}[name]
    found = scaling.get(name, scaling.get(snake))
    return None if found is None else float(found)


def _asleep(account: str, region: str, cluster: Any) -> bool:
    database, now = _of(cluster), world(account).now()
    return (
        _scaling(cluster, "MinCapacity") == 0
        and database.last_used is not None
        and now - database.last_used > (_scaling(cluster, "SecondsUntilAutoPause") or 300)
        and not _in_use(account, region, cluster)
    )


def _opened(task: "Task", cluster: Any, timeout: float) -> Tuple[KongDatabase, float]:
    database, now = _of(cluster), world(task.account).now()
    resume = duration("aurora_resume") if _asleep(task.account, task.region, cluster) else 0.0
    if resume > timeout:
        # The connection attempt wakes the database all the same: the next one finds it up.
        database.last_used = now
        raise Unreachable(f"{_CONNECT}timeout", timeout)
    database.last_used = now + resume
    return database, resume


def _in_use(account: str, region: str, cluster: Any) -> bool:
    from . import tasks

    return any(
        other.is_control_plane and other.kong_running and _cluster(other, other.env.get("KONG_PG_HOST", "")) is cluster
        for other in tasks.fleet(account, region).live()
    )
