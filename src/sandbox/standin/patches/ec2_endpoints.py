"""VPC endpoints: their states, their interfaces and routes, and what AWS refuses of them."""

from typing import Any, Dict, Iterable, List, Optional

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError
from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES, VPCBackend, VPCEndPoint
from moto.ec2.responses.vpcs import VPCs

from ..durations import duration
from ..world import world
from .ec2_interfaces import attach_eni, release_eni
from .wrapping import around

_GATEWAY_SERVICES = ("s3", "dynamodb")


def _is_interface(endpoint: VPCEndPoint) -> bool:
    return str(endpoint.vpc_endpoint_type).lower() == "interface"


def _create(original: Any, self: Any, **kwargs: Any) -> Any:
    kind = kwargs.get("endpoint_type") or "Gateway"
    vpc = self.get_vpc(kwargs["vpc_id"])
    _check_service(self, kwargs["service_name"], kind)
    subnets = list(kwargs.get("subnet_ids") or [])
    if kind == "Interface":
        _check_interface(self, vpc, subnets, kwargs)
    else:
        _check_gateway(self, kwargs)
    # moto's interfaces have random addresses and the default group: made below instead.
    kwargs.update(endpoint_type=kind, subnet_ids=[])
    endpoint = original(self, **kwargs)
    if kind == "Interface":
        if not endpoint.security_group_ids:
            endpoint.security_group_ids = [self.get_default_security_group(vpc.id).id]
        _add_subnets(self, endpoint, subnets)
    else:
        endpoint.private_dns_enabled = False
    # moto's endpoint is available at once.
    endpoint.state = "pending"

    def available() -> None:
        if endpoint.state == "pending":
            endpoint.state = "available"

    world(self.account_id).after(duration(f"vpc_endpoint_{kind.lower()}_create"), available)
    return endpoint


def _check_service(backend: Any, name: str, kind: str) -> None:
    # moto makes an endpoint of any name.
    prefix = f"com.amazonaws.{backend.region_name}."
    short = name[len(prefix) :] if name.startswith(prefix) else ""
    known = short in (_GATEWAY_SERVICES if kind == "Gateway" else AWS_ENDPOINT_SERVICES)
    if not known and not any(c.service_name == name for c in backend.configurations.values()):
        raise EC2ClientError(
            "InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist"
        )


def _check_interface(backend: Any, vpc: Any, subnets: List[str], kwargs: Dict[str, Any]) -> None:
    _check_zones(backend, vpc.id, subnets)
    for group_id in kwargs.get("security_group_ids") or []:
        if backend.get_security_group_from_id(group_id) is None:
            raise InvalidSecurityGroupNotFoundError(group_id)
    if not kwargs.get("private_dns_enabled"):
        return
    if not (_on(vpc.enable_dns_support) and _on(vpc.enable_dns_hostnames)):
        raise EC2ClientError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC "
            f"attributes set to true for {vpc.id}",
        )
    for other in backend.vpc_end_points.values():
        if (
            other.vpc_id == vpc.id
            and other.service_name == kwargs["service_name"]
            and other.private_dns_enabled
            and other.state != "deleted"
        ):
            raise EC2ClientError(
                "InvalidParameter",
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain "
                f"for {kwargs['service_name']} in the VPC {vpc.id}",
            )


def _on(value: Any) -> bool:
    return str(value).lower() == "true"


def _check_zones(backend: Any, vpc_id: str, subnets: Iterable[str]) -> None:
    seen: Dict[str, str] = {}
    for subnet_id in subnets:
        subnet = backend.get_subnet(subnet_id)
        if subnet.vpc_id != vpc_id:
            raise EC2ClientError(
                "InvalidParameter", f"The subnet {subnet_id} does not belong to {vpc_id}"
            )
        if subnet.availability_zone in seen:
            raise EC2ClientError(
                "DuplicateSubnetsInSameZone",
                "Found another VPC endpoint subnet in the availability zone of "
                f"{subnet_id}. VPC endpoint subnets should be in different availability zones "
                "supported by the VPC endpoint service.",
            )
        seen[subnet.availability_zone] = subnet_id


def _check_gateway(backend: Any, kwargs: Dict[str, Any]) -> None:
    for table_id in kwargs.get("route_table_ids") or []:
        backend.get_route_table(table_id)
        for other in backend.vpc_end_points.values():
            if (
                other.service_name == kwargs["service_name"]
                and table_id in other.route_table_ids
                and other.state != "deleted"
            ):
                raise EC2ClientError(
                    "RouteAlreadyExists",
                    f"route table {table_id} already has a route with destination-prefix-list-id "
                    f"{other.destination_prefix_list_id}",
                )


def _add_subnets(backend: Any, endpoint: VPCEndPoint, subnets: Iterable[str]) -> None:
    for subnet_id in subnets:
        eni_id, _ = attach_eni(
            backend.account_id,
            backend.region_name,
            subnet_id,
            endpoint.security_group_ids,
            f"VPC Endpoint Interface {endpoint.id}",
            interface_type="vpc_endpoint",
            owner="amazon-aws",
        )
        endpoint.subnet_ids.append(subnet_id)
        endpoint.network_interface_ids.append(eni_id)


def _modify(original: Any, self: Any, **kwargs: Any) -> Any:
    # moto notes the new subnets, groups and tables, and leaves interfaces and routes alone.
    endpoint = self.describe_vpc_endpoints(vpc_end_point_ids=[kwargs["vpc_id"]])[0]
    added = [s for s in kwargs.get("add_subnets") or [] if s not in (endpoint.subnet_ids or [])]
    _check_zones(
        self,
        endpoint.vpc_id,
        [
            *[
                s
                for s in endpoint.subnet_ids or []
                if s not in (kwargs.get("remove_subnets") or [])
            ],
            *added,
        ],
    )
    tables = list(endpoint.route_table_ids)
    answer = original(self, **dict(kwargs, add_subnets=[], remove_subnets=[]))
    if _is_interface(endpoint):
        _remove_subnets(self, endpoint, kwargs.get("remove_subnets") or [])
        _add_subnets(self, endpoint, added)
        groups = [self.get_security_group_from_id(g) for g in endpoint.security_group_ids]
        for eni_id in endpoint.network_interface_ids:
            self.enis[eni_id]._group_set = list(groups)
    else:
        _reroute(self, endpoint, tables)
    return answer


def _remove_subnets(backend: Any, endpoint: VPCEndPoint, subnets: Iterable[str]) -> None:
    for subnet_id in subnets:
        for eni_id in [
            e for e in endpoint.network_interface_ids if backend.enis[e].subnet.id == subnet_id
        ]:
            endpoint.network_interface_ids.remove(eni_id)
            release_eni(backend.account_id, backend.region_name, eni_id)
        if subnet_id in endpoint.subnet_ids:
            endpoint.subnet_ids.remove(subnet_id)


def _reroute(backend: Any, endpoint: VPCEndPoint, before: List[str]) -> None:
    prefix_list = endpoint.destination_prefix_list_id
    if not prefix_list:
        return
    for table_id in set(before) - set(endpoint.route_table_ids):
        backend.delete_route(table_id, prefix_list)
    for table_id in set(endpoint.route_table_ids) - set(before):
        backend.create_route(
            table_id, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list
        )


def _delete(self: Any, vpce_ids: Optional[List[str]] = None) -> None:
    # moto deletes at once, interfaces and all.
    for vpce_id in vpce_ids or []:
        endpoint = self.vpc_end_points.get(vpce_id)
        if endpoint is not None and endpoint.state not in ("deleting", "deleted"):
            _start_deletion(self, endpoint)


def _start_deletion(backend: Any, endpoint: VPCEndPoint) -> None:
    endpoint.state = "deleting"
    if not _is_interface(endpoint):
        tables, endpoint.route_table_ids = endpoint.route_table_ids, []
        _reroute(backend, endpoint, [t for t in tables if t in backend.route_tables])

    def gone() -> None:
        backend.vpc_end_points.pop(endpoint.id, None)
        backend.tags.pop(endpoint.id, None)
        for eni_id in endpoint.network_interface_ids:
            release_eni(
                backend.account_id, backend.region_name, eni_id, duration("endpoint_eni_linger")
            )

    world(backend.account_id).after(duration("vpc_endpoint_delete"), gone)


def _delete_response(self: Any) -> ActionResult:
    # moto says nothing of ids it does not know.
    wanted = self._get_param("VpcEndpointIds", [])
    unknown = [i for i in wanted if i not in self.ec2_backend.vpc_end_points]
    self.ec2_backend.delete_vpc_endpoints(vpce_ids=wanted)
    failures = [
        {
            "ResourceId": endpoint_id,
            "Error": {
                "Code": "InvalidVpcEndpoint.NotFound",
                "Message": f"The Vpc Endpoint Id '{endpoint_id}' does not exist",
            },
        }
        for endpoint_id in unknown
    ]
    return ActionResult({"Unsuccessful": failures})


def install() -> None:
    """Change moto's VPC endpoints."""
    around(VPCBackend, "create_vpc_endpoint")(_create)
    around(VPCBackend, "modify_vpc_endpoint")(_modify)
    VPCBackend.delete_vpc_endpoints = _delete
    VPCs.delete_vpc_endpoints = _delete_response
