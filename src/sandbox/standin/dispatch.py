"""From an HTTP request to moto: which account, region, service and operation, and the call.

moto's own server finds these through Flask applications; here the service's response class is
called directly, which saves most of the time a call takes.
"""

import importlib
import json
import re
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import parse_qs

from . import DEFAULT_ACCOUNT, lean, patches, peers, rare, stale, states

if TYPE_CHECKING:
    from .request import Request

# Scope of the signature -> moto's package. What is not listed is found by moto's own index.
_PACKAGES = {
    "application-autoscaling": "applicationautoscaling",
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "ecs": "ecs",
    "elasticloadbalancing": "elbv2",
    "iam": "iam",
    "logs": "logs",
    "rds": "rds",
    "route53": "route53",
    "secretsmanager": "secretsmanager",
    "servicediscovery": "servicediscovery",
    "sts": "sts",
    "tagging": "resourcegroupstaggingapi",
}

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_SANDBOX_KEY = re.compile(r"SANDBOX(\d{12})$")
_XML_CODE = re.compile(r"<Code>([^<]+)</Code>")

Handler = Callable[..., Any]


class Call(NamedTuple):
    """What a request asks for; an empty ``service`` means it carries no signature."""

    account: str
    region: str
    service: str
    operation: str
    resource: Optional[str]


def prepare() -> None:
    """Import what every stack needs and install the patches, before the first request."""
    lean.before_import()
    for package in _PACKAGES.values():
        importlib.import_module(f"moto.{package}.responses")
    lean.after_import()
    patches.install_all()


def identify(request: "Request") -> Call:
    """Tell account, region, service and operation from a request."""
    signature = _CREDENTIAL.search(request.headers.get("authorization", ""))
    form = _form(request)
    if signature is None:
        # The one call of ours that is never signed; anything else unsigned is refused.
        federated = form.get("Action", "") == "AssumeRoleWithWebIdentity"
        return Call(
            DEFAULT_ACCOUNT, "us-east-1", "sts" if federated else "", form.get("Action", ""), None
        )
    key, _, region, service = signature.groups()
    sandbox = _SANDBOX_KEY.match(key)
    account = sandbox.group(1) if sandbox else DEFAULT_ACCOUNT
    operation = form.get("Action") or _operation(request, service)
    return Call(account, region, service, operation, _resource(request, form))


def _form(request: "Request") -> Dict[str, str]:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("application/x-www-form-urlencoded"):
        return {}
    parsed = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in parsed.items()}


def _operation(request: "Request", service: str) -> str:
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    if request.headers.get("smithy-protocol"):
        return request.path.rpartition("/")[2]
    return _rest_operation(request, service)


def _rest_operation(request: "Request", service: str) -> str:
    from moto.core.routing import get_service_router

    try:
        matched, _ = get_service_router(service).match(
            _moto_request(request, service, "us-east-1", "")
        )
    except Exception:  # an unknown path or service: the log says so, the answer will follow
        return "Unknown"
    return str(matched.name)


# How parameters that identify something end.
_NAMED = ("Identifier", "Name", "name", "Id", "Arn")


def _resource(request: "Request", form: Dict[str, str]) -> Optional[str]:
    # Only what costs nothing: an identifier in the parameters, the first in this order.
    given: Dict[str, Any] = form
    if not form and request.headers.get("x-amz-target"):
        try:
            given = json.loads(request.body or b"{}")
        except ValueError:
            return None
    if not isinstance(given, dict):
        return None
    for ending in (*_NAMED, "service", "family", "cluster", "taskDefinition", "Prefix"):
        for name, value in given.items():
            if "." not in name and name.endswith(ending) and isinstance(value, str) and value:
                return value
    return request.path if not form and request.path not in ("", "/") else None


def _moto_request(request: "Request", service: str, region: str, account: str) -> Any:
    from io import BytesIO

    from moto.core.request import Request as MotoRequest

    environ: Dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode("utf-8").decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": request.target,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(request.body),
        "CONTENT_LENGTH": str(len(request.body)),
        "CONTENT_TYPE": request.headers.get("content-type", ""),
    }
    for name, value in request.headers.items():
        if name not in ("content-length", "content-type", "transfer-encoding"):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    # moto tells the region from the host, and the account from this header first of all.
    environ["HTTP_HOST"] = f"{service}.{region}.amazonaws.com"
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    return MotoRequest(environ)


def perform(request: "Request", call: Call) -> Tuple[int, Dict[str, str], bytes, Optional[str]]:
    """Let moto act, and peers; returns status, headers, body and the AWS error code, if any."""
    peers.act(call, "before")
    stale.look(call.account)
    with stale.hidden(call):
        answered = _perform(request, call)
    stale.look(call.account)
    states.look(call.account)
    if answered[0] < 400:
        peers.act(call, "after")
    return answered


def _perform(request: "Request", call: Call) -> Tuple[int, Dict[str, str], bytes, Optional[str]]:
    from werkzeug.exceptions import HTTPException

    wrapped = _moto_request(request, call.service, call.region, call.account)
    handler = _handler(call.service, call.region, request.path)
    if handler is None:
        raise NotImplementedError(f"no service answers to {call.service} {request.path}")
    try:
        result = handler(wrapped, wrapped.raw_url, wrapped.headers)
    except HTTPException as refused:
        result = (refused.code or 400, dict(refused.get_headers()), refused.get_body())
    status, headers, body = result if len(result) == 3 else (200, {}, result)
    content = body.encode("utf-8") if isinstance(body, str) else bytes(body or b"")
    plain = {str(name): str(value) for name, value in dict(headers).items()}
    return int(status), plain, content, _error_code(int(status), plain, content)


def _error_code(status: int, headers: Dict[str, str], body: bytes) -> Optional[str]:
    if status < 400:
        return None
    text = body.decode("utf-8", "replace")
    found = _XML_CODE.search(text)
    if found:
        return found.group(1)
    try:
        code = json.loads(text).get("__type", "")
    except (ValueError, AttributeError):
        code = ""
    code = code or next((v for k, v in headers.items() if k.lower() == "x-amzn-errortype"), "")
    return code.rpartition("#")[2].partition(":")[0] or str(status)


_handlers: Dict[str, List[Tuple["re.Pattern[str]", Handler]]] = {}


def _handler(service: str, region: str, path: str) -> Optional[Handler]:
    paths = _handlers.get(service)
    if paths is None:
        paths = _handlers[service] = _load(service, region)
    return next((handler for pattern, handler in paths if pattern.match(path)), None)


def _load(service: str, region: str) -> List[Tuple["re.Pattern[str]", Handler]]:
    package = _PACKAGES.get(service) or rare.PACKAGES.get(service)
    if package is None:
        from moto.backend_index import backend_url_patterns

        host = f"https://{service}.{region}.amazonaws.com"
        package = next(
            (name for name, pattern in backend_url_patterns if pattern.match(host)), None
        )
    if package is None:
        return []
    paths = rare.url_paths(package)
    return [(re.compile(path.format("")), handler) for path, handler in paths.items()]
