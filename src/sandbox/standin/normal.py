"""What may differ between two accounts in which the same was done, taken out.

Ids become the ``kongstack:address`` of what they name; ids of what has no address, and what AWS
draws at random or counts, become a mark of their sort.
"""

import datetime
import functools
import json
import re
from typing import Any, Dict, List, Tuple

_ADDRESS = "kongstack:address"


class Names:
    """Ids and the addresses they stand for."""

    def __init__(self, account: str) -> None:
        self.known: Dict[str, str] = {account: "<account>"}

    def tagged(self, one: Dict[str, Any], tags: Any, *ids: str) -> Dict[str, Any]:
        """Learn what the values of ``ids`` stand for, if the tags say; returns ``one``."""
        for tag in tags or ():
            if tag.get("Key", tag.get("key")) == _ADDRESS:
                address = tag.get("Value", tag.get("value"))
                for index, field in enumerate(ids):
                    if isinstance(one.get(field), str):
                        self.known[one[field]] = f"<{address}>" if index == 0 else f"<{address} {field}>"
        return one


# Fields that say when, how often, or which of many equal ones.
_DROPPED = {
    "AVAILABILITY_ZONE", "AttachmentId", "AssociationId", "AvailableIpAddressCount", "CallerReference", "CreatorRequestId", "EarliestRestorableTime",
    "LatestRestorableTime", "PrimaryNetworkInterfaceId", "RequesterId", "RoleId", "VersionId",
    "VersionIdsToStages", "SecretVersionsToStages", "creationTime", "createdAt", "updatedAt",
    "events", "registeredAt", "revision", "storedBytes", "registeredBy", "OwningService",
    "MacAddress", "Serial", "SourceSecurityGroup", "LastRotatedDate", "statistics", "LockToken",
}  # fmt: skip

# Fields with an address of a network interface: drawn from the subnet.
_ADDRESSES = {
    "AWS_INSTANCE_IPV4", "PrivateIpAddress", "PrivateIp", "PrivateDnsName", "PublicIp", "PublicDnsName",
}  # fmt: skip

# Fields with the id of a hosted zone, drawn from capitals and digits.
_ZONES = {"HostedZoneId"}

# Lists whose order means something.
_ORDERED = {"command", "entryPoint"}

_FORMS: Tuple[Tuple["re.Pattern[str]", str], ...] = tuple(
    (re.compile(pattern), mark)
    for pattern, mark in (
        # A bare address is an interface's, drawn from its subnet; ranges have a mask.
        (r"^\d+\.\d+\.\d+\.\d+$", "<ip>"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "*"),
        (r"\b((?:[a-z]+-)*[a-z]+)-[0-9a-f]{17}\b", r"\1-*"),
        (r"\b((?:[a-z]+-)*[a-z]+)-[0-9a-f]{8}\b", r"\1-*"),
        # The records that ACM asks for.
        (r"(?<![A-Za-z0-9])_[0-9a-f]{32}\b", "_*"),
        # What follows an endpoint's id in its name.
        (r"(?<=>)-[0-9a-f]{8}(?=\.)", "-*"),
        (r"\b[0-9a-f]{32}\b", "*"),
        (r"(?<=/)[0-9a-f]{16}\b", "*"),
        (r"\b(ecs-svc)/\d+", r"\1/*"),
        (r"\b(ns|srv)-[a-z0-9]{16,17}\b", r"\1-*"),
        (r"\b(cluster|db)-[A-Z0-9]{20,}\b", r"\1-*"),
        (r"\.(cluster-|cluster-ro-)?[a-z0-9]{12}(\.[a-z0-9-]+\.rds\.)", r".\1*\2"),
        # Hosted zones, and what else has an id of capitals and digits.
        (r"(/hostedzone/)[A-Z0-9]+\b", r"\1Z*"),
        (r"\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{12,32}\b", "Z*"),
        (r"(listener-rule/.+/)\d+\b", r"\1*"),
        (r"(:secret:[^:]+)-[A-Za-z0-9]{6}\b", r"\1-*"),
        (r"-\d{5,}(\.[a-z0-9-]+\.elb\.)", r"-*\1"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"\b\d{4}-\d\d-\d\d\b", "<day>"),
        # Which revision is the stack's, its address says; the number counts attempts.
        (r"(task-definition/[\w-]+):\d+", r"\1:*"),
    )
)


def form(tree: Any, names: Names) -> Any:
    """The tree with ids, times and order taken out."""
    longest = sorted(names.known, key=len, reverse=True)
    ids = re.compile("|".join(map(re.escape, longest)) if longest else r"(?!)")
    # The same fields and tags come again and again.
    return _form(tree, functools.lru_cache(maxsize=None)(lambda text: _text(text, ids, names.known)))


def _text(text: str, ids: "re.Pattern[str]", known: Dict[str, str]) -> str:
    text = ids.sub(lambda found: known[found.group()], text)
    for pattern, mark in _FORMS:
        text = pattern.sub(mark, text)
    return text


def _drawn(key: str, value: Any) -> Any:
    """The mark of a value that AWS draws, told by its field; None for any other."""
    if not isinstance(value, str) or not value:
        return None
    return "<ip>" if key in _ADDRESSES else "Z*" if key in _ZONES else None


def _form(value: Any, text: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        kept = ((k, v) for k, v in value.items() if k not in _DROPPED)
        kept = ((k, v) for k, v in kept if not isinstance(v, datetime.datetime))
        return {text(k): _drawn(k, v) or _form(v, text, k) for k, v in kept}
    if isinstance(value, (list, tuple)):
        formed: List[Any] = [_form(one, text, key) for one in value]
        return formed if key in _ORDERED else sorted(formed, key=lambda one: json.dumps(one, sort_keys=True))
    if isinstance(value, bytes):
        return text(value.decode("utf-8", "replace"))
    return text(value) if isinstance(value, str) else value
