"""The proxy of a data plane: client, route, plugins, and the service behind."""

import ipaddress
from typing import TYPE_CHECKING, List, Optional
from urllib.parse import urlsplit

from .. import task_network
from . import clustering, phases, router
from .http import Answer, Arrived, error, server, upstream_error
from .schema import Entity
from .store import Tables

if TYPE_CHECKING:
    from ..tasks import Task

_UPGRADE = {"Connection": "Upgrade", "Upgrade": "TLS/1.2, HTTP/1.1"}


def answer(task: "Task", arrived: Arrived) -> Answer:
    """What the proxy answers; called under the lock."""
    clustering.synchronise(task.account, task.region)
    configuration = task.node.configuration
    tables: Tables = configuration.tables if configuration is not None else {}
    trusted = _trusts(task, arrived.peer)
    host = _host(arrived, trusted)
    match = router.find(tables.get("routes", {}).values(), arrived, host)
    if match is None:
        return error(task, 404, "no Route matched with those values")
    scheme = arrived.headers.get("x-forwarded-proto", arrived.scheme) if trusted else arrived.scheme
    if scheme == "http" and "http" not in match.route["protocols"]:
        return _to_https(task, match.route, arrived, host)
    service = tables["services"].get((match.route["service"] or {}).get("id", ""))
    if service is None:
        return error(task, 503, "no Service found with those values")
    passing = phases.Passing(task, tables, match.route, service, arrived, _client(task, arrived, trusted))
    refusal = phases.run(passing)
    if refusal is not None:
        return refusal
    status, headers, body = _upstream(task, service, _outgoing(match, service, passing.arrived))
    return status, {**headers, **passing.headers}, body


def _trusts(task: "Task", peer: str) -> bool:
    listed = [one.strip() for one in task.env.get("KONG_TRUSTED_IPS", "").split(",") if one.strip()]
    return any(ipaddress.ip_address(peer) in ipaddress.ip_network(one, strict=False) for one in listed)


def _client(task: "Task", arrived: Arrived, trusted: bool) -> str:
    header = task.env.get("KONG_REAL_IP_HEADER", "X-Real-IP").lower()
    given = [one.strip() for one in arrived.headers.get(header, "").split(",") if one.strip()]
    if not trusted or not given:
        return arrived.peer
    if task.env.get("KONG_REAL_IP_RECURSIVE", "off") == "on":
        given = [one for one in given if not _trusts(task, one)] or given[:1]
    return given[-1]


def _host(arrived: Arrived, trusted: bool) -> str:
    given = arrived.headers.get("host", "")
    if trusted:
        given = arrived.headers.get("x-forwarded-host", given)
    return given.rsplit(":", 1)[0].lower() if ":" in given else given.lower()


def _to_https(task: "Task", route: Entity, arrived: Arrived, host: str) -> Answer:
    status = int(route["https_redirect_status_code"])
    if status == 426:
        return error(task, status, "Please use HTTPS protocol", _UPGRADE)
    return error(task, status, "Moved", {"Location": f"https://{host}{arrived.target}"})


def _outgoing(match: router.Match, service: Entity, arrived: Arrived) -> Arrived:
    parts, path = urlsplit(arrived.target), urlsplit(arrived.target).path
    if match.route["strip_path"]:
        path = path[len(match.matched) :]
    base = str(service["path"] or "/")
    joined = base.rstrip("/") + "/" + path.lstrip("/") if path else base
    target = joined + (f"?{parts.query}" if parts.query else "")
    return arrived._replace(target=target, headers={**arrived.headers, "host": f"{service['host']}:{service['port']}"})


def _upstream(task: "Task", service: Entity, arrived: Arrived) -> Answer:
    from ..edge import node

    addresses = _addresses(task, str(service["host"]))
    if not addresses:
        return error(task, 503, "name resolution failed")
    blocked = False
    for address in addresses:
        other = _task_at(task, address)
        passes = other is not None and task_network.allows(
            task.account, task.region, task.groups, task.ip, other.groups, other.ip, int(service["port"])
        )
        if other is None or not passes:
            blocked = True
        elif node.listens(other, int(service["port"])):
            status, headers, body = node.answer(other, int(service["port"]), arrived._replace(peer=task.ip))
            own = {"Via": f"1.1 {server(task)}", "X-Kong-Upstream-Latency": "1", "X-Kong-Proxy-Latency": "0"}
            return status, {**headers, **own}, body
    if blocked:
        return upstream_error(task, arrived, 504, "The upstream server is timing out")
    return upstream_error(task, arrived, 502, "An invalid response was received from the upstream server")


def _addresses(task: "Task", host: str) -> List[str]:
    from ..task_health import resolve

    try:
        return [str(ipaddress.IPv4Address(host))]
    except ValueError:
        return list(resolve(task, host))


def _task_at(task: "Task", address: str) -> Optional["Task"]:
    from .. import tasks

    live = tasks.fleet(task.account, task.region).live()
    network = task_network.vpc_of(task.account, task.region, task.subnet)
    same = (one for one in live if one.ip == address)
    return next((o for o in same if task_network.vpc_of(o.account, o.region, o.subnet) == network), None)
