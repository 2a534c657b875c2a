"""What can be put into which state, where it is found, and what else that changes."""

import sys
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

from . import fargate_capacity
from .durations_tasks import duration
from .gateway import clustering
from .world import world

Order = Dict[str, Any]


class Found(NamedTuple):
    """A resource: moto's backend and object, and every name it answers to, its id first."""

    backend: Any
    thing: Any
    names: Tuple[str, ...]


class Kind(NamedTuple):
    """A kind of resource: its states, how to find all of an account, how to put one into a state."""

    states: Tuple[str, ...]
    find: Callable[[str], Iterator[Found]]
    put: Callable[[Found, Order], None]


def _regions(backends: Any, account: str) -> List[Any]:
    # An account that has never been asked for has nothing.
    return list(backends[account].values()) if account in backends.keys() else []


def _nat_gateways(account: str) -> Iterator[Found]:
    from moto.ec2.models import ec2_backends

    for backend in _regions(ec2_backends, account):
        for nat in list(backend.nat_gateways.values()):
            yield Found(backend, nat, (nat.id,))


def _put_nat_gateway(one: Found, order: Order) -> None:
    from .patches.ec2_nat import fail

    if one.thing.state != "pending":
        raise ValueError(f"{one.thing.id} is {one.thing.state}: only a pending NAT gateway fails")
    message = order.get("message") or "The NAT gateway could not be created due to an internal error"
    fail(one.backend, one.thing, str(order.get("code") or "InternalError"), str(message))


def _endpoints(account: str) -> Iterator[Found]:
    from moto.ec2.models import ec2_backends

    for backend in _regions(ec2_backends, account):
        for endpoint in list(backend.vpc_end_points.values()):
            yield Found(backend, endpoint, (endpoint.id, endpoint.service_name))


def _put_endpoint(one: Found, order: Order) -> None:
    one.thing.state = order["state"]
    message = str(order.get("message") or "The endpoint could not be created.")
    one.thing.last_error = {"Code": str(order.get("code") or "InternalError"), "Message": message}


def _flow_logs(account: str) -> Iterator[Found]:
    from moto.ec2.models import ec2_backends

    for backend in _regions(ec2_backends, account):
        for log in list(backend.flow_logs.values()):
            yield Found(backend, log, (log.id,))


def _put_flow_log(one: Found, order: Order) -> None:
    failed = order["state"] == "FAILED"
    one.thing.deliver_logs_status = order["state"]
    one.thing.deliver_logs_error_message = str(order.get("message") or "Access error") if failed else None


def _balancers(account: str) -> Iterator[Found]:
    from moto.elbv2.models import elbv2_backends

    for backend in _regions(elbv2_backends, account):
        for balancer in list(backend.load_balancers.values()):
            yield Found(backend, balancer, (balancer.arn, balancer.name))


def _put_balancer(one: Found, order: Order) -> None:
    words = {
        "failed": "The load balancer could not be set up",
        "active_impaired": "The load balancer does not have the resources it needs to scale",
    }
    one.thing.state = order["state"]
    one.thing.standin_reason = order.get("message") or words.get(order["state"])


def _clusters(account: str) -> Iterator[Found]:
    from moto.rds.models import rds_backends

    for backend in _regions(rds_backends, account):
        for cluster in list(backend.clusters.values()):
            yield Found(backend, cluster, (cluster.db_cluster_arn, cluster.db_cluster_identifier))


def _instances(account: str) -> Iterator[Found]:
    from moto.rds.models import rds_backends

    for backend in _regions(rds_backends, account):
        for database in list(backend.databases.values()):
            yield Found(backend, database, (database.arn, database.db_instance_identifier))


def _put_status(one: Found, order: Order) -> None:
    one.thing.status = order["state"]


def _operations(account: str) -> Iterator[Found]:
    from moto.servicediscovery.models import servicediscovery_backends

    for backend in _regions(servicediscovery_backends, account):
        for operation in list(backend.operations.values()):
            yield Found(backend, operation, (operation.id, *operation.targets.values()))


def _put_operation(one: Found, order: Order) -> None:
    from .patches import servicediscovery

    if order["state"] == "PENDING":
        servicediscovery.hold_operation(one.thing)
        return
    message = order.get("message") or "The operation failed because of an internal error."
    servicediscovery.fail_operation(one.backend, one.thing, str(order.get("code") or "INTERNAL_FAILURE"), str(message))


def _services(account: str) -> Iterator[Found]:
    from moto.ecs.models import ecs_backends

    from .services import services

    for backend in _regions(ecs_backends, account):
        for service in list(services(account, backend.region_name).values()):
            yield Found(backend, service, (service.arn, service.name))


def _put_deployment(one: Found, order: Order) -> None:
    # As after a change by somebody else that was over between two looks.
    if one.thing.status != "ACTIVE" or one.thing.primary.rollout != "IN_PROGRESS":
        raise ValueError(f"{one.thing.name} has no deployment in progress")
    one.thing.lose_deployment()


def _roles(account: str) -> Iterator[Found]:
    from moto.iam.models import iam_backends

    for backend in _regions(iam_backends, account):
        for role in list(backend.roles.values()):
            yield Found(backend, role, (role.arn, role.name))


def _put_role(one: Found, order: Order) -> None:
    # As if it had been made so late that it is known everywhere only then.
    known_in = float(order.get("for") or 60)
    one.thing.standin_created = world(one.backend.account_id).now() + known_in - duration("role_propagation")


def _log_groups(account: str) -> Iterator[Found]:
    from moto.logs.models import logs_backends

    for backend in _regions(logs_backends, account):
        for group in list(backend.groups.values()):
            yield Found(backend, group, (group.name, group.arn))


def _put_log_group(one: Found, order: Order) -> None:
    seconds = float(order.get("for") or 0)
    now = world(one.backend.account_id).now()
    one.thing.standin_shut_until = now + seconds if seconds > 0 else float("inf")


def _web_acls(account: str) -> Iterator[Found]:
    if "moto.wafv2.models" not in sys.modules:
        return
    from moto.wafv2.models import wafv2_backends

    for backend in _regions(wafv2_backends, account):
        for acl in list(backend.wacls.values()):
            yield Found(backend, acl, (acl.arn, acl.name))


def _put_web_acl(one: Found, order: Order) -> None:
    known_in = float(order.get("for") or 60)
    one.thing.standin_created = world(one.backend.account_id).now() + known_in - duration("waf_propagation")


def _zones(account: str) -> Iterator[Found]:
    from moto.ec2.models import ec2_backends

    for backend in _regions(ec2_backends, account):
        for zone in backend.describe_availability_zones():
            yield Found(backend, zone, (zone.name,))


def _put_zone(one: Found, order: Order) -> None:
    change = fargate_capacity.give_back if order["state"] == "available" else fargate_capacity.take_away
    change(one.backend.account_id, one.names[0])


def _nodes(account: str) -> Iterator[Found]:
    from moto.ecs.models import ecs_backends

    from .tasks import fleet

    for backend in _regions(ecs_backends, account):
        for task in fleet(account, backend.region_name).live():
            if clustering.is_data_plane(task):
                yield Found(backend, task, (task.arn, task.id))


def _put_node(one: Found, order: Order) -> None:
    clustering.hold(one.thing, order["state"] == "sync-stuck")


def _certificates(account: str) -> Iterator[Found]:
    # Where nobody has asked for a certificate there is none, and nothing to be loaded for it.
    if "moto.acm.models" not in sys.modules:
        return
    from moto.acm.models import acm_backends

    for backend in _regions(acm_backends, account):
        for bundle in list(backend._certificates.values()):
            yield Found(backend, bundle, (bundle.arn, str(bundle.common_name)))


def _put_certificate(one: Found, order: Order) -> None:
    from .rare import acm

    if one.thing.type != "AMAZON_ISSUED" or one.thing.status not in ("ISSUED", "EXPIRED"):
        raise ValueError(f"{one.names[0]} has not been issued by ACM")
    seconds = float(order.get("for") or 7 * 86400)
    acm.sign(one.thing, -1.0 if order["state"] == "expired" else seconds)
    one.thing.status = "EXPIRED" if order["state"] == "expired" else "ISSUED"


def _subscriptions(account: str) -> Iterator[Found]:
    if "moto.sns.models" not in sys.modules:
        return
    from moto.sns.models import sns_backends

    for backend in _regions(sns_backends, account):
        for subscription in list(backend.subscriptions.values()):
            yield Found(backend, subscription, (subscription.endpoint,))


def _put_subscription(one: Found, order: Order) -> None:
    from .rare import sns

    sns.confirm(one.thing)


def _alarms(account: str) -> Iterator[Found]:
    if "moto.cloudwatch.models" not in sys.modules:
        return
    from moto.cloudwatch.models import cloudwatch_backends

    for backend in _regions(cloudwatch_backends, account):
        for alarm in list(backend.alarms.values()):
            yield Found(backend, alarm, (alarm.name, alarm.alarm_arn))


def _put_alarm(one: Found, order: Order) -> None:
    one.thing.update_state(str(order.get("message") or "Threshold Crossed"), "{}", order["state"])


KINDS: Dict[str, Kind] = {
    "alarm": Kind(("ALARM", "OK", "INSUFFICIENT_DATA"), _alarms, _put_alarm),
    "nat-gateway": Kind(("failed",), _nat_gateways, _put_nat_gateway),
    "vpc-endpoint": Kind(("failed", "rejected", "expired"), _endpoints, _put_endpoint),
    "flow-log": Kind(("FAILED", "SUCCESS"), _flow_logs, _put_flow_log),
    "load-balancer": Kind(("failed", "active_impaired", "active"), _balancers, _put_balancer),
    "db-cluster": Kind(
        (
            "available", "stopped", "stopping", "starting", "maintenance", "upgrading", "failing-over",
            "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable",
            "cloning-failed", "migration-failed",
        ),
        _clusters, _put_status,
    ),
    "db-instance": Kind(
        (
            "available", "stopped", "stopping", "starting", "rebooting", "maintenance", "upgrading", "backing-up",
            "storage-full", "failed", "incompatible-parameters", "incompatible-network", "incompatible-restore",
            "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable",
        ),
        _instances, _put_status,
    ),
    "cloud-map-operation": Kind(("FAIL", "PENDING"), _operations, _put_operation),
    "deployment": Kind(("vanished",), _services, _put_deployment),
    "role": Kind(("propagating",), _roles, _put_role),
    "web-acl": Kind(("propagating",), _web_acls, _put_web_acl),
    "log-group": Kind(("undeliverable",), _log_groups, _put_log_group),
    "data-plane": Kind(("sync-stuck", "in-sync"), _nodes, _put_node),
    "certificate": Kind(("expiring", "expired"), _certificates, _put_certificate),
    "subscription": Kind(("confirmed",), _subscriptions, _put_subscription),
    "zone": Kind(("no-fargate-capacity", "available"), _zones, _put_zone),
}  # fmt: skip
