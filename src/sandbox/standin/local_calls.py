"""AWS calls that the stand-in makes itself: those of peers, schedules and state machines.

They go through the SDK's own serialisation and parsing, and no further than this process. They are
no calls of the client under test, so the call log does not have them.
"""

import functools
from typing import Any, Dict, Tuple
from urllib.parse import urlsplit

from .request import Request
from .world import world

_clients: Dict[Tuple[str, str, str], Any] = {}


def call(account: str, region: str, service: str, operation: str, parameters: Dict[str, Any]) -> Any:
    """Make a call and return what it answers; botocore's errors are raised.

    ``service`` is the SDK's name for it, ``operation`` the API's own (``UpdateService``).
    """
    return client(account, region, service)._make_api_call(operation, parameters)


def knows(account: str, region: str, service: str, operation: str) -> bool:
    """Whether the SDK has that operation."""
    from botocore.exceptions import UnknownServiceError

    try:
        return operation in client(account, region, service).meta.service_model.operation_names
    except UnknownServiceError:
        return False


def client(account: str, region: str, service: str) -> Any:
    """A client of the SDK that talks to this process, as an account."""
    key = (account, region, service)
    if key not in _clients:
        _clients[key] = _make(account, region, service)
    return _clients[key]


def forget(account: str) -> None:
    """Drop an account's clients."""
    for key in [key for key in _clients if key[0] == account]:
        del _clients[key]


def _make(account: str, region: str, service: str) -> Any:
    from botocore.config import Config

    made = _session().create_client(
        service,
        region_name=region,
        endpoint_url="http://standin.invalid",
        aws_access_key_id=f"SANDBOX{account}",
        aws_secret_access_key="none",
        config=Config(
            retries={"total_max_attempts": 1},
            inject_host_prefix=False,
            parameter_validation=True,
            # No bucket is part of a host's name here.
            s3={"addressing_style": "path"},
        ),
    )
    made.meta.events.register("before-send.*", _answer)
    return made


@functools.lru_cache(maxsize=None)
def _session() -> Any:
    # Of all accounts: it reads the model of a service once.
    import botocore.session

    return botocore.session.Session()


def _answer(request: Any, **_: Any) -> Any:
    from botocore.awsrequest import AWSResponse

    from . import dispatch, server

    body = request.body or b""
    parts = urlsplit(request.url)
    plain = Request(
        request.method,
        parts.path + (f"?{parts.query}" if parts.query else ""),
        {name.lower(): _text(value) for name, value in request.headers.items()},
        body.encode("utf-8") if isinstance(body, str) else bytes(body),
    )
    # Held already where a request or an action of the world brought us here; not in a thread of
    # a state machine.
    with server.LOCK:
        asked = dispatch.identify(plain)  # type: ignore[arg-type]
        status, headers, content, _ = dispatch.perform(plain, asked)  # type: ignore[arg-type]
        world(asked.account).touch()
    return AWSResponse(request.url, status, headers, _Raw(content))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class _Raw:
    """What botocore reads an answer's body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Any:
        content, self._content = self._content, b""
        yield content
