"""Requests and answers between the parts of a gateway, and how Kong words an error."""

import json
import secrets
from typing import TYPE_CHECKING, Any, Dict, NamedTuple, Optional, Tuple

from .. import kong_image

if TYPE_CHECKING:
    from ..tasks import Task

Answer = Tuple[int, Dict[str, str], bytes]

_JSON = "application/json; charset=utf-8"


class Arrived(NamedTuple):
    """A request at a node: ``peer`` is the address it comes from, ``scheme`` how it was carried there."""

    method: str
    target: str
    headers: Dict[str, str]
    body: bytes
    peer: str
    scheme: str


def server(task: "Task") -> str:
    """What a node calls itself."""
    return "kong/" + ".".join(str(part) for part in kong_image.version(str(task.main["image"])))


def answered(task: "Task", status: int, body: Any, headers: Optional[Dict[str, str]] = None) -> Answer:
    """An answer of the Admin and status APIs."""
    said = {"Content-Type": _JSON, "Access-Control-Allow-Origin": "*", "Server": server(task)}
    content = b"" if body is None else json.dumps(body).encode("utf-8")
    return status, {**said, "X-Kong-Admin-Request-ID": secrets.token_hex(16), **(headers or {})}, content


def error(task: "Task", status: int, message: str, headers: Optional[Dict[str, str]] = None) -> Answer:
    """What the proxy says itself."""
    request = secrets.token_hex(16)
    said = {"Content-Type": _JSON, "Server": server(task), "X-Kong-Request-Id": request}
    content = json.dumps({"message": message, "request_id": request}).encode("utf-8")
    return status, {**said, "X-Kong-Response-Latency": "0", **(headers or {})}, content


def upstream_error(task: "Task", arrived: Arrived, status: int, message: str) -> Answer:
    """What nginx says in Kong's words; in plain text to whoever accepts nothing in particular."""
    _, headers, content = error(task, status, message, {"X-Kong-Upstream-Status": str(status)})
    if "accept" not in arrived.headers:
        headers["Content-Type"] = "text/plain; charset=utf-8"
        content = f"{message}\nrequest_id: {headers['X-Kong-Request-Id']}".encode()
    return status, headers, content
