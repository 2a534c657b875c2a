"""How a running task looks from outside: to its target group and to Cloud Map.

States of targets are ``patches.elb``'s to keep; this module answers their probes. When a data plane
is ready, ``gateway.clustering`` knows.
"""

import re
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from . import kong_database, task_network
from .gateway import clustering
from .world import world

if TYPE_CHECKING:
    from .tasks import Task

_DEFAULT_DRAIN = 300.0
# What a node listens on unless it is told.
_LISTEN = (
    ("proxy", "0.0.0.0:8000, 0.0.0.0:8443 ssl"),
    ("admin", "127.0.0.1:8001, 127.0.0.1:8444 ssl"),
    ("status", "127.0.0.1:8007"),
    ("cluster", "0.0.0.0:8005"),
)


def register(task: "Task") -> None:
    """Make the task a target and a Cloud Map instance, where its service says so."""
    from .patches import elb

    for target in task.targets:
        elb.register_target(
            world(task.account), task.account, task.region, target["targetGroupArn"],
            task.ip, int(target["containerPort"]), task.zone, probe=_probe_of(task, int(target["containerPort"])),
        )  # fmt: skip
    for registry in task.registries:
        _join(task, registry["registryArn"])


def deregister(task: "Task") -> float:
    """Take the task out again; gives the seconds its targets take to drain."""
    from .patches import elb

    longest = 0.0
    if task.serving_since is None:
        return longest
    for registry in task.registries:
        _leave(task, registry["registryArn"])
    for target in task.targets:
        arn, port = target["targetGroupArn"], int(target["containerPort"])
        group = _target_group(task, arn)
        elb.deregister_target(world(task.account), task.account, task.region, arn, task.ip, port)
        if group is not None:
            delay = group.attributes.get("deregistration_delay.timeout_seconds", _DEFAULT_DRAIN)
            longest = max(longest, float(delay))
    return longest


def healthy(task: "Task") -> bool:
    """Whether a service may count on the task: it serves, and every check of it passes."""
    from .patches.elb_targets import target_state

    if not task.live or not task.kong_running or not settled(task):
        return False
    return all(
        target_state(task.account, task.region, t["targetGroupArn"], task.ip, int(t["containerPort"])) == "healthy"
        for t in task.targets
    )


def failed_targets(task: "Task") -> Optional[str]:
    """The target group whose checks of this task have failed, if there is one."""
    from .patches.elb_targets import target_state

    for target in task.targets:
        arn = target["targetGroupArn"]
        if target_state(task.account, task.region, arn, task.ip, int(target["containerPort"])) == "unhealthy":
            return str(arn)
    return None


def container_health(task: "Task") -> str:
    """The health of the task's container by its own health check, UNKNOWN without one."""
    check = task.main.get("healthCheck")
    if not check or not task.kong_running or task.serving_since is None:
        return "UNKNOWN"
    # The first check comes after one interval; several have to fail before it is unhealthy.
    waited, interval = world(task.account).now() - task.serving_since, float(check.get("interval", 30))
    if task.behaviour.get("unhealthy"):
        lost = float(check.get("startPeriod") or 0) + interval * int(check.get("retries", 3))
        return "UNHEALTHY" if waited >= lost - 1e-3 else "UNKNOWN"
    return "HEALTHY" if waited >= interval - 1e-3 else "UNKNOWN"


def settled(task: "Task") -> bool:
    """Whether a container health check, where there is one, has passed."""
    return not task.main.get("healthCheck") or container_health(task) == "HEALTHY"


def _probe_of(task: "Task", port: int) -> Any:
    def probe(group: Any) -> Optional[int]:
        configured = str(group.health_check_port or "traffic-port")
        checked = port if configured == "traffic-port" else int(configured)
        return _answer(task, group, checked, str(group.health_check_path or "/"))

    return probe


def _answer(task: "Task", group: Any, port: int, path: str) -> Optional[int]:
    if not task.kong_running or not _balancer_reaches(task, group, port):
        return None
    if task.behaviour.get("unhealthy"):
        return 503
    path = path.split("?", 1)[0].rstrip("/")
    served = served_ports(task).get(port)
    if served == "status":
        if path == "/status/ready":
            return 200 if _ready(task) else 503
        return 200 if path == "/status" else 404
    if served == "proxy":
        # No route is matched by a health check: Kong answers 404 on the proxy port.
        return 404
    if served == "admin":
        return 200 if path in ("", "/status") else 404
    return None


def open_ports(listen: str) -> Dict[int, bool]:
    """The ports of a listen setting that can be reached from beyond the container's own loopback."""
    found = re.findall(r"(\[?[\w.:]+\]?):(\d+)", listen)
    return {int(port): True for host, port in found if not host.startswith("127.") and host != "localhost"}


def served_ports(task: "Task") -> Dict[int, str]:
    """What the node listens on beyond the container itself: ``proxy``, ``admin``, ``status`` or ``cluster``."""
    served: Dict[int, str] = {}
    control = task.is_control_plane
    for name, default in _LISTEN:
        if name == "cluster" and not control:
            continue
        served.update(dict.fromkeys(open_ports(task.env.get(f"KONG_{name.upper()}_LISTEN", default)), name))
    return served


def _ready(task: "Task") -> bool:
    if task.env.get("KONG_ROLE") == "data_plane":
        if not clustering.ready(task):
            clustering.synchronise(task.account, task.region)
        return clustering.ready(task)
    database = kong_database.peek(task, task.env)
    return database is not None and database.bootstrapped


def balancers_of(account: str, region: str, group_arn: str) -> List[Any]:
    """The load balancers with a rule that sends traffic to a target group."""
    from moto.elbv2.models import elbv2_backends

    found = []
    for balancer in elbv2_backends[account][region].load_balancers.values():
        rules = [rule for listener in balancer.listeners.values() for rule in listener.rules.values()]
        if any(group_arn in str(action.data) for rule in rules for action in rule.actions):
            found.append(balancer)
    return found


def _balancer_reaches(task: "Task", group: Any, port: int) -> bool:
    return any(
        task_network.allows(task.account, task.region, b.security_groups, address_of(b), task.groups, task.ip, port)
        for b in balancers_of(task.account, task.region, group.arn)
    )


def address_of(balancer: Any) -> Optional[str]:
    """An address of the load balancer's network, for rules that name one."""
    subnets = getattr(balancer, "subnets", None) or []
    return str(subnets[0].cidr_block).split("/", 1)[0] if subnets and hasattr(subnets[0], "cidr_block") else None


def resolve(task: "Task", host: str) -> Dict[str, bool]:
    """The addresses behind a name of Cloud Map, as a task's own network resolves it."""
    from moto.servicediscovery.models import servicediscovery_backends

    backend = servicediscovery_backends[task.account][task.region]
    network = task_network.vpc_of(task.account, task.region, task.subnet)
    for service in backend.services.values():
        namespace = backend.namespaces.get(service.namespace_id)
        if namespace is None or namespace.vpc not in (None, network):
            continue
        if f"{service.name}.{namespace.name}" == host.lower().rstrip("."):
            return {
                i.attributes.get("AWS_INSTANCE_IPV4", ""): True
                for i in service.instances
                if i.health_status == "HEALTHY"
            }
    return {}


def _target_group(task: "Task", arn: str) -> Optional[Any]:
    from moto.elbv2.models import elbv2_backends

    return elbv2_backends[task.account][task.region].target_groups.get(arn)


def _registry(task: "Task", arn: str) -> Optional[Any]:
    from moto.servicediscovery.models import servicediscovery_backends

    backend = servicediscovery_backends[task.account][task.region]
    return next((s for s in backend.services.values() if s.arn == arn), None)


def _join(task: "Task", arn: str) -> None:
    from moto.servicediscovery.models import ServiceInstance

    service = _registry(task, arn)
    if service is None:
        return
    attributes = {
        "AVAILABILITY_ZONE": task.zone,
        "AWS_INIT_HEALTH_STATUS": "HEALTHY",
        "AWS_INSTANCE_IPV4": task.ip,
        "ECS_CLUSTER_NAME": task.cluster_arn.rsplit("/", 1)[-1],
        "ECS_SERVICE_NAME": task.service or "",
        "ECS_TASK_DEFINITION_FAMILY": task.definition.family,
        "REGION": task.region,
    }
    service.instances.append(ServiceInstance(service.id, task.id, None, attributes))
    service.instances_revision[task.id] = 1


def _leave(task: "Task", arn: str) -> None:
    service = _registry(task, arn)
    if service is not None:
        service.instances[:] = [i for i in service.instances if i.instance_id != task.id]
