"""Cloud Map: namespaces that take their time, names that are taken, things still in use.

moto's operations are done at once, its lists know no filters and no pages, and it deletes a
namespace under its services. A namespace can be seen once its operation has succeeded.
"""

import json
from typing import Any, Callable, Dict, List, Optional

from moto.core.exceptions import JsonRESTError
from moto.ec2.models import ec2_backends
from moto.route53.models import route53_backends
from moto.servicediscovery.exceptions import InvalidInput, NamespaceNotFound, ServiceNotFound
from moto.servicediscovery.models import Namespace, Operation, Service, ServiceDiscoveryBackend
from moto.servicediscovery.responses import ServiceDiscoveryResponse

from ..durations_tasks import duration
from ..world import world
from .paging import page_size
from .wrapping import around

_PENDING_AFTER = 2
_PAGE = 100


class _Refused(JsonRESTError):
    """An error with members of its own besides the message."""

    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(code, message)
        self.description = json.dumps({"__type": code, "Message": message, **members})


def install() -> None:
    """Change moto's Cloud Map."""
    backend, response = ServiceDiscoveryBackend, ServiceDiscoveryResponse
    backend.create_private_dns_namespace = _create_namespace  # type: ignore[method-assign]
    backend.delete_namespace = _delete_namespace  # type: ignore[method-assign]
    backend.create_service = _create_service  # type: ignore[method-assign]
    backend.delete_service = _delete_service  # type: ignore[method-assign]
    backend.update_service = _update_service  # type: ignore[method-assign]
    backend.list_operations = lambda self: list(self.operations.values())  # type: ignore[method-assign]
    response.list_namespaces = _list_namespaces
    response.list_services = _list_services
    response.list_operations = _list_operations
    Service.to_json = _service_json  # type: ignore[method-assign]
    for name in ("register_instance", "deregister_instance", "update_private_dns_namespace"):
        _take_time(name)
    for name in ("list_tags_for_resource", "tag_resource", "untag_resource"):
        _check_arn(name)
    _patch_operations()


def _run(backend: Any, kind: str, targets: Dict[str, str], seconds: float, done: Callable[[], None]) -> str:
    operation = Operation(operation_type=kind, targets=targets)
    operation.status = "SUBMITTED"
    backend.operations[operation.id] = operation
    here = world(backend.account_id)

    def succeed() -> None:
        if _running(operation):
            done()
            operation.status = "SUCCESS"

    here.after(min(_PENDING_AFTER, seconds / 2), lambda: _pend(operation))
    here.after(seconds, succeed)
    return str(operation.id)


def _running(operation: Any) -> bool:
    # One that was made to fail, or to stay pending, does not get any further.
    return operation.status in ("SUBMITTED", "PENDING") and not getattr(operation, "standin_held", False)


def _pend(operation: Any) -> None:
    if _running(operation):
        operation.status = "PENDING"


def fail_operation(backend: Any, operation: Any, code: str, message: str) -> None:
    """End an operation with FAIL; what it was to make is not made."""
    operation.status, operation.standin_error = "FAIL", (code, message)
    _coming(backend).pop(operation.targets.get("NAMESPACE"), None)


def hold_operation(operation: Any) -> None:
    """Let an operation stay pending."""
    operation.status, operation.standin_held = "PENDING", True


def _patch_operations() -> None:
    @around(Operation, "to_json")
    def _shown(original: Any, self: Any, short: bool = False) -> Dict[str, Any]:
        shown: Dict[str, Any] = original(self, short)
        error = getattr(self, "standin_error", None)
        if error and not short:
            shown["ErrorCode"], shown["ErrorMessage"] = error
        return shown


def _take_time(name: str) -> None:
    @around(ServiceDiscoveryBackend, name)
    def _timed(original: Any, self: Any, *args: Any, **kwargs: Any) -> str:
        operation = self.operations[original(self, *args, **kwargs)]
        operation.status = "SUBMITTED"
        here = world(self.account_id)
        here.after(_PENDING_AFTER, lambda: _pend(operation))
        here.after(duration("service_registry_operation"), lambda: _end(operation))
        return str(operation.id)


def _end(operation: Any) -> None:
    if _running(operation):
        operation.status = "SUCCESS"


def _coming(backend: Any) -> Dict[str, Any]:
    # Namespaces that are being made, with their operations.
    found: Dict[str, Any] = backend.__dict__.setdefault("standin_coming", {})
    return found


def _create_namespace(
    self: Any, name: str, creator_request_id: str, description: str, vpc: str, tags: Any, properties: Any
) -> str:
    if vpc not in ec2_backends[self.account_id][self.region_name].vpcs:
        raise InvalidInput(f"The VPC {vpc} does not exist.")
    for other in self.namespaces.values():
        if other.vpc == vpc and other.name == name:
            raise _Refused(
                "NamespaceAlreadyExists", f"The namespace {name} already exists.",
                NamespaceId=other.id, CreatorRequestId=other.creator_request_id or "",
            )  # fmt: skip
    for other, operation_id in _coming(self).values():
        if other.vpc == vpc and other.name == name:
            raise _Refused(
                "DuplicateRequest", "The operation is already in progress.", DuplicateOperationId=operation_id
            )
    soa = ((properties or {}).get("DnsProperties") or {}).get("SOA") or {"TTL": 15}
    namespace = Namespace(
        account_id=self.account_id, region=self.region_name, name=name, ns_type="DNS_PRIVATE",
        creator_request_id=creator_request_id, description=description,
        dns_properties={"SOA": soa}, http_properties={"HttpName": name}, vpc=vpc,
    )  # fmt: skip

    def done() -> None:
        zone = route53_backends[self.account_id]["aws"].create_hosted_zone(
            name + ".",
            private_zone=True,
            vpcid=vpc,
            vpcregion=self.region_name,
            comment=f"Created by Cloud Map for {namespace.id}",
        )
        zone.standin_owner = "AWS Cloud Map"
        namespace.dns_properties["HostedZoneId"] = zone.resource_id
        _coming(self).pop(namespace.id, None)
        self.namespaces[namespace.id] = namespace
        if tags:
            self.tagger.tag_resource(namespace.arn, tags)

    operation_id = _run(self, "CREATE_NAMESPACE", {"NAMESPACE": namespace.id}, duration("namespace_create"), done)
    _coming(self)[namespace.id] = (namespace, operation_id)
    return operation_id


def _delete_namespace(self: Any, namespace_id: str) -> str:
    namespace = self.namespaces.get(namespace_id)
    if namespace is None:
        raise NamespaceNotFound(namespace_id)
    if any(service.namespace_id == namespace_id for service in self.services.values()):
        raise _Refused(
            "ResourceInUse", "Namespace has associated services; delete the services before deleting the namespace"
        )
    running = getattr(namespace, "standin_deletion", None)
    if running is not None and self.operations[running].status in ("SUBMITTED", "PENDING"):
        raise _Refused("DuplicateRequest", "The operation is already in progress.", DuplicateOperationId=running)

    def done() -> None:
        self.namespaces.pop(namespace_id, None)
        self.tagger.delete_all_tags_for_resource(namespace.arn)
        zones = route53_backends[self.account_id]["aws"]
        zones.zones.pop(namespace.dns_properties.get("HostedZoneId"), None)

    namespace.standin_deletion = _run(
        self, "DELETE_NAMESPACE", {"NAMESPACE": namespace_id}, duration("namespace_delete"), done
    )
    return str(namespace.standin_deletion)


def _create_service(
    self: Any, name: str, namespace_id: str, creator_request_id: str, description: str, dns_config: Any,
    health_check_config: Any, health_check_custom_config: Any, tags: Any, service_type: Any,
) -> Service:  # fmt: skip
    namespace_id = namespace_id or (dns_config or {}).get("NamespaceId")
    namespace = self.namespaces.get(namespace_id)
    if namespace is None:
        raise NamespaceNotFound(str(namespace_id))
    if any(s.namespace_id == namespace_id and s.name.lower() == name.lower() for s in self.services.values()):
        found = next(
            s for s in self.services.values() if s.namespace_id == namespace_id and s.name.lower() == name.lower()
        )
        raise _Refused(
            "ServiceAlreadyExists", f"The service {name} already exists in namespace {namespace_id}.",
            ServiceId=found.id, ServiceArn=found.arn, CreatorRequestId=found.creator_request_id or "",
        )  # fmt: skip
    if health_check_config and health_check_custom_config:
        raise InvalidInput("Specify either HealthCheckConfig or HealthCheckCustomConfig, but not both.")
    if len(name) > 127 or any(len(label) > 63 for label in name.split(".")):
        raise InvalidInput("The service name is too long.")
    if dns_config is not None:
        _check_ttls(dns_config)
        dns_config = {"NamespaceId": namespace_id, "RoutingPolicy": "MULTIVALUE", **dns_config}
    if health_check_custom_config is not None:
        # Whatever is asked for, it is one.
        health_check_custom_config = {"FailureThreshold": 1}
    service = Service(
        account_id=self.account_id, region=self.region_name, name=name, namespace_id=namespace_id,
        description=description, creator_request_id=creator_request_id, dns_config=dns_config,
        health_check_config=health_check_config, health_check_custom_config=health_check_custom_config,
        service_type=service_type or ("DNS_HTTP" if dns_config else "HTTP"),
    )  # fmt: skip
    self.services[service.id] = service
    if tags:
        self.tagger.tag_resource(service.arn, tags)
    return service


def _check_ttls(dns_config: Dict[str, Any]) -> None:
    for record in dns_config.get("DnsRecords") or []:
        if not 0 <= int(record.get("TTL", -1)) <= 2147483647:
            raise InvalidInput(f"Invalid TTL: {record.get('TTL')}")


def _delete_service(self: Any, service_id: str) -> None:
    service = self.services.get(service_id)
    if service is None:
        raise ServiceNotFound(service_id)
    if service.instances:
        raise _Refused(
            "ResourceInUse", "Service contains registered instances; delete the instances before deleting the service"
        )
    del self.services[service_id]
    self.tagger.delete_all_tags_for_resource(service.arn)


def _update_service(self: Any, service_id: str, details: Dict[str, Any]) -> str:
    service = self.get_service(service_id)
    if "DnsConfig" in details:
        _check_ttls(details["DnsConfig"])
        before = sorted(r["Type"] for r in (service.dns_config or {}).get("DnsRecords", []))
        if sorted(r["Type"] for r in details["DnsConfig"]["DnsRecords"]) != before:
            raise InvalidInput("The type of a DNS record cannot be changed.")

    def done() -> None:
        kept = dict(service.dns_config or {})
        service.update(details)
        if "DnsConfig" in details:
            # moto forgets the namespace and the routing policy.
            service.dns_config = {**kept, "DnsRecords": details["DnsConfig"]["DnsRecords"]}

    return _run(self, "UPDATE_SERVICE", {"SERVICE": service.id}, duration("service_registry_operation"), done)


def _service_json(self: Any) -> Dict[str, Any]:
    shown = {
        "Arn": self.arn,
        "Id": self.id,
        "Name": self.name,
        "NamespaceId": self.namespace_id,
        "CreateDate": self.created,
        "Description": self.description,
        "CreatorRequestId": self.creator_request_id,
        "DnsConfig": self.dns_config,
        "HealthCheckConfig": self.health_check_config,
        "HealthCheckCustomConfig": self.health_check_custom_config,
        "Type": self.service_type,
        "InstanceCount": len(self.instances),
    }
    return {key: value for key, value in shown.items() if value is not None}


def _matches(condition: str, values: List[str], value: Optional[str]) -> bool:
    if condition == "BEGINS_WITH":
        return any((value or "").startswith(v) for v in values)
    if condition == "BETWEEN":
        return len(values) == 2 and values[0] <= (value or "") <= values[1]
    return value in values


def _filtered(items: List[Any], filters: Any, fields: Dict[str, Callable[[Any], Optional[str]]]) -> List[Any]:
    # All filters have to match, any value of one does.
    for wanted in filters or []:
        field = fields.get(wanted.get("Name", ""))
        if field is None:
            raise InvalidInput(f"Filter name {wanted.get('Name')} is not supported.")
        condition, values = wanted.get("Condition", "EQ"), wanted.get("Values") or []
        if condition == "EQ" and len(values) > 1:
            raise InvalidInput("The EQ condition takes exactly one value.")
        items = [item for item in items if _matches(condition, values, field(item))]
    return items


def _paged(response: Any, name: str, items: List[Any], params: Dict[str, Any]) -> str:
    start = int(params.get("NextToken") or 0)
    size = page_size(response.current_account, params.get("MaxResults"), _PAGE)
    shown: Dict[str, Any] = {name: items[start : start + size]}
    if start + size < len(items):
        shown["NextToken"] = str(start + size)
    return json.dumps(shown)


def _params(response: Any) -> Dict[str, Any]:
    params: Dict[str, Any] = json.loads(response.body or "{}")
    return params


def _list_namespaces(self: Any) -> str:
    backend, params = self.servicediscovery_backend, _params(self)
    fields = {
        "TYPE": lambda n: n.type,
        "NAME": lambda n: n.name,
        "HTTP_NAME": lambda n: (n.http_properties or {}).get("HttpName"),
        "RESOURCE_OWNER": lambda n: "SELF",
    }
    found = _filtered(list(backend.namespaces.values()), params.get("Filters"), fields)
    services = list(backend.services.values())
    shown = [{**n.to_json(), "ServiceCount": sum(s.namespace_id == n.id for s in services)} for n in found]
    return _paged(self, "Namespaces", shown, params)


def _list_services(self: Any) -> str:
    params = _params(self)
    fields = {"NAMESPACE_ID": lambda s: s.namespace_id, "RESOURCE_OWNER": lambda s: "SELF"}
    found = _filtered(list(self.servicediscovery_backend.services.values()), params.get("Filters"), fields)
    return _paged(self, "Services", [s.to_json() for s in found], params)


def _list_operations(self: Any) -> str:
    params = _params(self)
    fields = {
        "NAMESPACE_ID": lambda o: o.targets.get("NAMESPACE"),
        "SERVICE_ID": lambda o: o.targets.get("SERVICE"),
        "STATUS": lambda o: o.status,
        "TYPE": lambda o: o.operation_type,
    }
    found = _filtered(list(self.servicediscovery_backend.list_operations()), params.get("Filters"), fields)
    return _paged(self, "Operations", [o.to_json(short=True) for o in found], params)


def _check_arn(name: str) -> None:
    @around(ServiceDiscoveryBackend, name)
    def _known(original: Any, self: Any, resource_arn: str, *args: Any, **kwargs: Any) -> Any:
        # moto takes any ARN.
        things = list(self.namespaces.values()) + list(self.services.values())
        if all(thing.arn != resource_arn for thing in things):
            raise _Refused(
                "ResourceNotFoundException", f"The resource {resource_arn} was not found.", ResourceName=resource_arn
            )
        return original(self, resource_arn, *args, **kwargs)
