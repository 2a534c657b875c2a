"""An application load balancer's listener: the rule that applies, and what its action answers.

Answers of its own are AWS's, in form and header; what a target answers is passed on. A group whose
targets are all unhealthy gets the requests all the same, as on AWS.
"""

import fnmatch
import ipaddress
import re
import secrets
import time
from typing import Any, Dict, List, Optional
from urllib.parse import parse_qsl, urlsplit

from ..gateway.http import Answer, Arrived
from ..request import Request
from ..tasks import Task, fleet
from . import node
from .place import Balanced, Place, client_ip

_PHRASES = {
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}


def answer(place: Place, found: Balanced, request: Request) -> Answer:
    """What the listener answers; called under the lock."""
    if "host" not in request.headers:
        return _own(400)
    client = client_ip(place.account)
    for rule in _rules(found.listener):
        if all(_holds(condition, request, client) for condition in rule.conditions):
            return _act(place, found, rule.actions[-1].data, request)
    return _own(503)


def _own(status: int, headers: Optional[Dict[str, str]] = None) -> Answer:
    said = f"{status} {_PHRASES[status]}"
    page = (
        f"<html>\r\n<head><title>{said}</title></head>\r\n<body>\r\n<center><h1>{said}</h1></center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return status, {"Server": "awselb/2.0", "Content-Type": "text/html", **(headers or {})}, page.encode()


def _rules(listener: Any) -> List[Any]:
    rules = list(listener.rules.values())
    return sorted(rules, key=lambda rule: (rule.is_default, 0 if rule.is_default else int(rule.priority)))


def _holds(condition: Dict[str, Any], request: Request, client: str) -> bool:
    field, parts = condition.get("Field"), urlsplit(request.target)
    if field == "path-pattern":
        return any(_like(parts.path, one) for one in condition["PathPatternConfig"]["Values"])
    if field == "host-header":
        host = _host(request).lower()
        return any(_like(host, one.lower()) for one in condition["HostHeaderConfig"]["Values"])
    if field == "http-header":
        config = condition["HttpHeaderConfig"]
        value = request.headers.get(config["HttpHeaderName"].lower())
        return value is not None and any(_like(value.lower(), one.lower()) for one in config["Values"])
    if field == "http-request-method":
        return request.method in condition["HttpRequestMethodConfig"]["Values"]
    if field == "source-ip":
        peer = ipaddress.ip_address(client)
        return any(peer in ipaddress.ip_network(one, False) for one in condition["SourceIpConfig"]["Values"])
    if field == "query-string":
        given = parse_qsl(parts.query, keep_blank_values=True)
        wanted = condition["QueryStringConfig"]["Values"]
        return any(_like(v, one["Value"]) and _like(k, one.get("Key", "*")) for one in wanted for k, v in given)
    return False


def _like(text: str, pattern: str) -> bool:
    # * and ? are all there is; brackets mean themselves.
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _host(request: Request) -> str:
    return re.sub(r":\d+$", "", request.headers["host"])


def _act(place: Place, found: Balanced, action: Dict[str, Any], request: Request) -> Answer:
    if action["Type"] == "fixed-response":
        config = action["FixedResponseConfig"]
        headers = {"Server": "awselb/2.0", "Content-Type": config.get("ContentType") or "text/plain"}
        return int(config["StatusCode"]), headers, (config.get("MessageBody") or "").encode()
    if action["Type"] == "redirect":
        return _redirect(place, found.listener, action["RedirectConfig"], request)
    return _forward(place, found, action, request)


def _redirect(place: Place, listener: Any, config: Dict[str, Any], request: Request) -> Answer:
    parts = urlsplit(request.target)
    known = {
        "protocol": listener.protocol.lower(),
        "host": _host(request),
        "port": str(place.port),
        "path": parts.path.lstrip("/"),
        "query": parts.query,
    }

    def filled(name: str) -> str:
        return re.sub(r"#\{(\w+)\}", lambda one: known.get(one.group(1), ""), str(config[name]))

    query = filled("Query")
    target = f"{filled('Protocol').lower()}://{filled('Host')}:{filled('Port')}{filled('Path')}"
    headers = {"Location": target + (f"?{query}" if query else "")}
    return _own(int(config["StatusCode"].removeprefix("HTTP_")), headers)


def _forward(place: Place, found: Balanced, action: Dict[str, Any], request: Request) -> Answer:
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    # By weight the first; one stack has one group, so nothing is drawn here.
    chosen = max(groups, key=lambda one: int(one.get("Weight", 1)))
    group = found.backend.target_groups.get(chosen["TargetGroupArn"])
    target = _target(found.balancer, group) if group is not None else None
    if target is None:
        return _own(503)
    task = _task(place.account, found.backend.region_name, target.id)
    if task is None or not node.reached_by_balancer(task, found.balancer, target.port):
        return _own(504)
    if not node.listens(task, target.port):
        return _own(502)
    return node.answer(task, target.port, _passed_on(place, found, request))


def _target(balancer: Any, group: Any) -> Optional[Any]:
    targets = list(group.__dict__.get("standin_targets", {}).values())
    healthy = [one for one in targets if one.shown[0] == "healthy"]
    usable = healthy or [one for one in targets if one.shown[0] == "unhealthy"]
    if not usable:
        return None
    turn = balancer.__dict__["standin_turn"] = balancer.__dict__.get("standin_turn", -1) + 1
    return usable[turn % len(usable)]


def _task(account: str, region: str, address: str) -> Optional[Task]:
    return next((task for task in fleet(account, region).live() if task.ip == address), None)


def _passed_on(place: Place, found: Balanced, request: Request) -> Arrived:
    client, headers = client_ip(place.account), dict(request.headers)
    mode = found.balancer.attrs.get("routing.http.xff_header_processing.mode", "append")
    if mode == "append":
        before = headers.get("x-forwarded-for")
        headers["x-forwarded-for"] = f"{before}, {client}" if before else client
    elif mode == "remove":
        headers.pop("x-forwarded-for", None)
    headers["x-forwarded-proto"] = found.listener.protocol.lower()
    headers["x-forwarded-port"] = str(place.port)
    headers["x-amzn-trace-id"] = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    eni = found.backend.ec2_backend.enis.get(found.balancer.standin_enis[found.subnet])
    inner = str(eni.private_ip_address) if eni is not None else "0.0.0.0"
    return Arrived(request.method, request.target, headers, request.body, inner, "http")
