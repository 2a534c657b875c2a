"""When two calls ask for the same: the same operation with the same parameters.

Parameters that a client makes up anew for each run are left out, or a call that is refused in one
run would be another call in the next: tokens, secrets, whose lease it is and until when.
"""

import json
import re
from typing import TYPE_CHECKING, Any, Dict
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from .dispatch import Call
    from .request import Request

_MADE_UP = re.compile(
    r"(token|secretstring|secretbinary|callerreference|creatorrequestid|startedby)$", re.IGNORECASE
)
# So long that nothing else is called the same by chance.
_LONG = 16
_IN_XML = re.compile(r"<CallerReference>[^<]*</CallerReference>")
_IN_QUERY = re.compile(r"(?<=[?&])clientToken=[^&]*")
# Of what DynamoDB is asked, only which item it is about stays the same.
_OF_ITEMS = ("TableName", "Key")


def of(call: "Call", request: "Request") -> str:
    """A text that is the same for calls that ask for the same."""
    asked = request.body.decode("utf-8", "replace")
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(asked, keep_blank_values=True)
        asked = str(sorted(pair for pair in pairs if not _MADE_UP.search(pair[0])))
    elif request.headers.get("x-amz-target") or request.headers.get("content-type") == "application/json":
        asked = _lasting(json.loads(asked or "{}"), call.service)
    else:
        asked = _IN_XML.sub("", asked)
    target = _IN_QUERY.sub("", request.target)
    return " ".join((call.region, call.service, call.operation, target, asked))


def _lasting(given: Dict[str, Any], service: str) -> str:
    # What lies deeper is left as it is: there, names are data. But what was made up may be told there again.
    kept = {name: value for name, value in given.items() if not _MADE_UP.search(name)}
    if service == "dynamodb":
        kept = {name: value for name, value in kept.items() if name in _OF_ITEMS}
    text = json.dumps(kept, sort_keys=True)
    for name in given.keys() - kept.keys():
        if isinstance(given[name], str) and len(given[name]) >= _LONG:
            text = text.replace(given[name], "")
    return text
