"""Route 53: changes that are checked as a whole, take their time, and compare what they delete.

moto takes a second CREATE of one record, judges a DELETE by what was once asked instead of what
is there, calls every change done at once and knows nothing of caller references.
"""

import copy
import re
import secrets
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional, Tuple

from moto.core.responses import ActionResult
from moto.route53.exceptions import InvalidInput, NoSuchHostedZone, Route53ClientError
from moto.route53.models import RecordSet, Route53Backend
from moto.route53.responses import Route53

from ..durations_tasks import duration
from ..world import world
from .paging import page_size
from .wrapping import around

Key = Tuple[str, str, Optional[str]]


def install() -> None:
    """Change moto's hosted zones and records."""
    Route53Backend.change_resource_record_sets = _change  # type: ignore[method-assign]
    Route53.get_change = _get_change
    Route53.list_hosted_zones_by_name = _by_name
    Route53.list_hosted_zones_by_vpc = _by_vpc
    Route53.list_resource_record_sets = _records
    for name in ("create_hosted_zone", "delete_hosted_zone", "change_resource_record_sets"):
        _take_time(name)

    @around(Route53Backend, "create_hosted_zone")
    def _create(original: Any, self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        reference = kwargs.get("caller_reference")
        if reference and any(zone.caller_reference == reference for zone in self.zones.values()):
            raise Route53ClientError(
                "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference."
            )
        return original(self, name.lower(), *args, **kwargs)

    @around(Route53Backend, "delete_hosted_zone")
    def _delete(original: Any, self: Any, id_: str) -> Any:
        zone = self.get_hosted_zone(id_)
        if getattr(zone, "standin_owner", None):
            raise Route53ClientError(
                "AccessDenied", f"The resource {zone.id} can only be managed through {zone.standin_owner}"
            )
        self.resource_tags.pop(zone.resource_id, None)
        return original(self, id_)


def _take_time(name: str) -> None:
    @around(Route53, name)
    def _timed(original: Any, self: Any) -> ActionResult:
        result: ActionResult = original(self)
        result.result["ChangeInfo"] = dict(_submit(self.current_account))  # type: ignore[index]
        return result


def _submit(account: str) -> Dict[str, Any]:
    change = {
        "Id": "/change/C" + secrets.token_hex(10).upper(),
        "Status": "PENDING",
        "SubmittedAt": datetime.now(timezone.utc),
    }
    here = world(account)
    here.data.setdefault("route53-changes", {})[change["Id"]] = change
    here.after(duration("route53_change"), lambda: change.update(Status="INSYNC"))
    return change


def _get_change(self: Any) -> ActionResult:
    identity = "/change/" + str(self._get_param("Id")).rsplit("/", 1)[-1]
    change = world(self.current_account).data.get("route53-changes", {}).get(identity)
    if change is None:
        raise Route53ClientError("NoSuchChange", f"A change with id: {identity} does not exist.")
    return ActionResult({"ChangeInfo": dict(change)})


def _reversed(name: str) -> str:
    return ".".join(reversed(name.rstrip(".").split("."))) + "."


def _by_name(self: Any) -> ActionResult:
    # The name says where the list begins; moto takes it for a filter.
    start, identity = self._get_param("DNSName"), self._get_param("HostedZoneId")
    zones = sorted(self.backend.zones.values(), key=lambda z: (_reversed(z.name), z.resource_id))
    if start:
        begin = _reversed(start.lower())
        zones = [
            z
            for z in zones
            if _reversed(z.name) > begin or _reversed(z.name) == begin and (not identity or z.resource_id >= identity)
        ]
    most = page_size(self.current_account, self._get_param("MaxItems"), 100)
    shown: Dict[str, Any] = {"HostedZones": zones[:most], "IsTruncated": len(zones) > most, "MaxItems": str(most)}
    if start:
        shown["DNSName"] = start
    if len(zones) > most:
        shown.update(NextDNSName=zones[most].name, NextHostedZoneId=zones[most].resource_id)
    return ActionResult(shown)


def _by_vpc(self: Any) -> ActionResult:
    # moto has no pages here.
    zones = self.backend.list_hosted_zones_by_vpc(self._get_param("VPCId"))
    start = int(self._get_param("NextToken") or 0)
    end = start + page_size(self.current_account, self._get_param("MaxItems"), 100)
    shown: Dict[str, Any] = {"HostedZoneSummaries": zones[start:end], "MaxItems": str(end - start)}
    if end < len(zones):
        shown["NextToken"] = str(end)
    return ActionResult(shown)


def _place(record: Any) -> Tuple[str, str, str]:
    return _reversed(record.name), str(record.type), str(record.set_identifier or "")


def _records(self: Any) -> ActionResult:
    # moto knows no identifier to begin with, so that its pages of a name with many sets never end.
    name, kind = self._get_param("StartRecordName"), self._get_param("StartRecordType")
    if kind and not name:
        raise InvalidInput("The input is not valid")
    zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
    found = sorted(zone.rrsets, key=_place)
    if name:
        name = re.sub(r"^\*", r"\\052", name.lower())
        begin = (_reversed(name), kind or "", self._get_param("StartRecordIdentifier") or "")
        found = [record for record in found if _place(record) >= begin]
    most = page_size(self.current_account, self._get_param("MaxItems"), 300)
    more = found[most] if len(found) > most else None
    shown: Dict[str, Any] = {
        "ResourceRecordSets": found[:most],
        "IsTruncated": more is not None,
        "MaxItems": str(most),
    }
    if more is not None:
        shown.update(NextRecordName=more.name, NextRecordType=more.type, NextRecordIdentifier=more.set_identifier)
    return ActionResult(shown)


def _change(self: Route53Backend, zoneid: str, change_list: List[Dict[str, Any]]) -> None:
    zone = self.get_hosted_zone(zoneid)
    if zone is None:
        raise NoSuchHostedZone(zoneid)
    if getattr(zone, "standin_owner", None):
        raise Route53ClientError(
            "AccessDenied", f"The resource {zone.id} can only be managed through {zone.standin_owner}"
        )
    records = {_key(r.name, r.type, r.set_identifier): r for r in zone.rrsets}
    problems: List[str] = []
    for change in change_list:
        wanted = _record(self, copy.deepcopy(change["ResourceRecordSet"]))
        problem = _apply(zone, records, change["Action"], wanted)
        if problem:
            problems.append(problem)
    if problems:
        # All or nothing.
        raise Route53ClientError("InvalidChangeBatch", "[" + ", ".join(problems) + "]")
    zone.rrsets = list(records.values())


def _apply(zone: Any, records: Dict[Key, Any], action: str, wanted: Any) -> Optional[str]:
    key = _key(wanted.name, wanted.type, wanted.set_identifier)
    shown = f"[name='{key[0]}', type='{key[1]}'" + (f", set-identifier='{key[2]}'" if key[2] else "") + "]"
    suffix = zone.name.rstrip(".") + "."
    if key[0] != suffix and not key[0].endswith("." + suffix):
        return f"RRSet with DNS name {key[0]} is not permitted in zone {suffix}"
    before = records.get(key)
    if action == "DELETE":
        if before is None:
            return f"Tried to delete resource record set {shown} but it was not found"
        if not _same(before, wanted):
            return (
                f"Tried to delete resource record set {shown} but the values provided do not match the current values"
            )
        del records[key]
        return None
    if action not in ("CREATE", "UPSERT"):
        raise InvalidInput(f"Invalid action: {action}")
    if action == "CREATE" and before is not None:
        return f"Tried to create resource record set {shown} but it already exists"
    others = [other for other in records if other[0] == key[0] and other != key]
    if others and (key[1] == "CNAME" or any(other[1] == "CNAME" for other in others)):
        return (
            f"RRSet of type {key[1]} with DNS name {key[0]} is not permitted as a conflicting RRSet exists with the same"
            f" DNS name in zone {suffix}"
        )
    records[key] = wanted
    return None


def _key(name: str, kind: Any, identifier: Optional[str]) -> Key:
    return name.lower().rstrip(".") + ".", str(kind), identifier


def _same(before: Any, wanted: Any) -> bool:
    if before.alias_target or wanted.alias_target:
        return bool(before.alias_target) and bool(wanted.alias_target) and _alias(before) == _alias(wanted)
    return int(before.ttl or 0) == int(wanted.ttl or 0) and sorted(map(str, before.records or [])) == sorted(
        map(str, wanted.records or [])
    )


def _alias(record: Any) -> Tuple[str, str, bool]:
    target = record.alias_target
    name = str(target.get("DNSName", "")).lower().rstrip(".") + "."
    return name, str(target.get("HostedZoneId")), str(target.get("EvaluateTargetHealth")).lower() == "true"


def _record(backend: Route53Backend, given: Dict[str, Any]) -> RecordSet:
    # Route 53 keeps names in lower case, with the trailing dot, and writes * as \052.
    given["Name"] = re.sub(r"^\*", r"\\052", given["Name"].lower().rstrip(".") + ".")
    target = given.get("AliasTarget")
    if target:
        if given.get("TTL") is not None or given.get("ResourceRecords"):
            raise InvalidInput(
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or"
                f" TrafficPolicyInstanceId], but found more than one in Change with [Name={given['Name']},"
                f" Type={given['Type']}]"
            )
        target["DNSName"] = target["DNSName"].lower().rstrip(".") + "."
        _check_alias(backend, given, target)
    elif given.get("TTL") is None or not given.get("ResourceRecords"):
        raise InvalidInput(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or"
            f" TrafficPolicyInstanceId], but found none in Change with [Name={given['Name']},"
            f" Type={given['Type']}]"
        )
    else:
        given["ResourceRecords"] = [r["Value"] for r in given["ResourceRecords"]]
    return RecordSet(given)


def _check_alias(backend: Route53Backend, given: Dict[str, Any], target: Dict[str, Any]) -> None:
    from moto.elbv2.models import elbv2_backends

    name = re.sub(r"^dualstack\.", "", target["DNSName"]).rstrip(".")
    for region in elbv2_backends[backend.account_id].values():
        for balancer in region.load_balancers.values():
            if balancer.dns_name.lower() == name and balancer.canonical_hosted_zone_id != target["HostedZoneId"]:
                raise Route53ClientError(
                    "InvalidChangeBatch",
                    f"[Tried to create an alias that targets {target['DNSName']}, type {given['Type']} in zone"
                    f" {target['HostedZoneId']}, but the alias target name does not lie within the target zone]",
                )
