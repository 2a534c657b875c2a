"""Refusals that moto does not make, in the form each protocol of AWS gives them."""

import json
import uuid
from typing import TYPE_CHECKING, Dict, Optional, Tuple
from xml.sax.saxutils import escape

from . import refusals

if TYPE_CHECKING:
    from .dispatch import Call

Refusal = Tuple[int, Dict[str, str], bytes, Optional[str]]

_QUERY = {
    "autoscaling",
    "cloudformation",
    "elasticloadbalancing",
    "iam",
    "rds",
    "sns",
    "sts",
}
_REST_XML = {"cloudfront", "route53", "s3"}

# What moto raises on an operation it has never heard of.
_UNKNOWN = ("OperationNotFoundError",)

# Fault -> protocol family -> (status, code); what has no line of its own takes "other".
_FAULTS: Dict[str, Dict[str, Tuple[int, str]]] = {
    "throttle": {
        "ec2": (503, "RequestLimitExceeded"),
        "query": (400, "Throttling"),
        "xml": (400, "Throttling"),
        "other": (400, "ThrottlingException"),
    },
    "error500": {"ec2": (500, "InternalError"), "other": (500, "InternalFailure")},
    "error503": {"ec2": (503, "Unavailable"), "other": (503, "ServiceUnavailable")},
    "access-denied": {
        "ec2": (403, "UnauthorizedOperation"),
        "query": (403, "AccessDenied"),
        "xml": (403, "AccessDenied"),
        "other": (400, "AccessDeniedException"),
    },
    "expired-token": {
        "ec2": (400, "RequestExpired"),
        "query": (403, "ExpiredToken"),
        "xml": (403, "ExpiredToken"),
        "other": (400, "ExpiredTokenException"),
    },
}

# Services whose throttling has a code or a status of its own.
_THROTTLES = {
    "s3": (503, "SlowDown"),
    "scheduler": (429, "ThrottlingException"),
    "servicequotas": (400, "TooManyRequestsException"),
    "tagging": (400, "ThrottledException"),
}


def _family(service: str) -> str:
    if service == "ec2":
        return "ec2"
    if service in _QUERY:
        return "query"
    if service == "monitoring":
        return "cbor"
    return "xml" if service in _REST_XML else "other"


def fault(kind: str, call: "Call") -> Refusal:
    """The answer of an ordered fault."""
    if kind in refusals.KINDS:
        want = refusals.find(kind, call.service, call.operation)
        assert want is not None, "faults are only taken by calls that can suffer them"
        if want.answer is not None:
            headers = {"Content-Type": "application/x-amz-json-1.1"}
            return want.status, headers, json.dumps(want.answer).encode("utf-8"), None
        return refuse(call.service, want.status, want.code, want.message)
    lines = _FAULTS[kind]
    status, code = lines.get(_family(call.service)) or lines["other"]
    if kind == "throttle":
        status, code = _THROTTLES.get(call.service, (status, code))
    return refuse(call.service, status, code, _message(kind, call))


def _message(kind: str, call: "Call") -> str:
    action = f"{'tag' if call.service == 'tagging' else call.service}:{call.operation}"
    user = f"arn:aws:iam::{call.account}:user/sandbox"
    if kind == "access-denied":
        denied = (
            f"User: {user} is not authorized to perform: {action} because no identity-based "
            f"policy allows the {action} action"
        )
        if call.service == "ec2":
            return f"You are not authorized to perform this operation. {denied}"
        return denied
    return {
        "throttle": "Request limit exceeded." if call.service == "ec2" else "Rate exceeded",
        "error500": "An internal error has occurred",
        "error503": "The service is temporarily unavailable",
        "expired-token": "The security token included in the request is expired",
    }[kind]


def unsigned(call: "Call") -> Refusal:
    """A request without a signature; AWS's own answer to it."""
    return refuse(
        "iam", 403, "MissingAuthenticationToken", "Request is missing Authentication Token"
    )


def elsewhere(call: "Call") -> Optional[Refusal]:
    """The answer to a request for a region that does not exist; a real one's name has no address."""
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

    if any(region.name == call.region for region in RegionsAndZonesBackend.regions):
        return None
    code = "InvalidSignatureException" if _family(call.service) == "other" else "SignatureDoesNotMatch"
    message = f"Credential should be scoped to a valid region, not '{call.region}'."
    return refuse(call.service, 403, code, message)


def broken(error: Exception, call: "Call") -> Refusal:
    """moto failed: told as what it is, so that nobody takes it for AWS's opinion."""
    text = f"the stand-in cannot answer {call.service}:{call.operation}: {type(error).__name__}: {error}"
    # 501 is not worth a retry; a failure inside moto may be.
    unknown = isinstance(error, NotImplementedError) or type(error).__name__ in _UNKNOWN
    return refuse(call.service, 501 if unknown else 500, "StandInGap", text)


def refuse(service: str, status: int, code: str, message: str) -> Refusal:
    """An error answer in the service's protocol."""
    request_id = str(uuid.uuid4())
    family = _family(service)
    if family == "other":
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "x-amzn-RequestId": request_id,
            "x-amzn-ErrorType": code,
        }
        body = json.dumps({"__type": code, "message": message})
        return status, headers, body.encode("utf-8"), code
    if family == "cbor":
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor", "x-amzn-RequestId": request_id}
        return status, headers, b"\xa2" + b"".join(map(_cbor, ("__type", code, "message", message))), code
    core = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if family == "ec2":
        text = (
            f"<Response><Errors><Error>{core}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif service == "s3":
        text = f"<Error>{core}<RequestId>{request_id}</RequestId></Error>"
    else:
        side = "Sender" if status < 500 else "Receiver"
        text = (
            f"<ErrorResponse><Error><Type>{side}</Type>{core}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    headers = {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}
    return status, headers, ('<?xml version="1.0"?>\n' + text).encode("utf-8"), code


def _cbor(text: str) -> bytes:
    # A text string with its length in two bytes, which is long enough.
    encoded = text.encode("utf-8")[:0xFFFF]
    return b"\x79" + len(encoded).to_bytes(2, "big") + encoded
