"""VPCs, subnets, gateways and route tables: what AWS refuses to make, join or delete."""

import ipaddress
from typing import Any, List, Optional

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError, InvalidVPCIdError
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.route_tables import RouteBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend

from .ec2_interfaces import interfaces_of
from .wrapping import around

_LARGEST, _SMALLEST = 16, 28


def _held(kind: str, resource_id: str) -> DependencyViolationError:
    return DependencyViolationError(
        f"The {kind} '{resource_id}' has dependencies and cannot be deleted."
    )


def install() -> None:
    """Change moto's VPCs and what lies in them."""
    _patch_zones()
    _patch_subnets()
    _patch_gateways()
    _patch_route_tables()
    _patch_vpcs()


def _patch_subnets() -> None:
    @around(SubnetBackend, "create_subnet")
    def _create(
        original: Any, self: Any, vpc_id: str, cidr_block: str, *args: Any, **kwargs: Any
    ) -> Any:
        zone = args[1] if len(args) > 1 else kwargs.get("availability_zone")
        self.get_vpc(vpc_id)
        _check_range(cidr_block)
        _check_zone(self, zone)
        subnet = original(self, vpc_id, cidr_block, *args, **kwargs)
        if not self.get_vpc(vpc_id).is_default:
            # moto takes the first subnet of a zone for a default one, whatever its VPC.
            subnet.default_for_az = subnet.map_public_ip_on_launch = False
        return subnet

    @around(SubnetBackend, "delete_subnet")
    def _delete(original: Any, self: Any, subnet_id: str) -> Any:
        # moto deletes a subnet from under its interfaces.
        self.get_subnet(subnet_id)
        if interfaces_of(self, subnet_id=subnet_id):
            raise _held("subnet", subnet_id)
        for table in self.route_tables.values():
            # The association goes with the subnet; moto keeps it.
            for association in [
                a for a, target in table._associations.items() if target == subnet_id
            ]:
                del table._associations[association]
        return original(self, subnet_id)


def _check_range(cidr_block: Optional[str]) -> None:
    if not cidr_block:
        return
    try:
        network = ipaddress.IPv4Network(cidr_block, strict=False)
    except ValueError:
        return  # moto refuses this itself
    if not _LARGEST <= network.prefixlen <= _SMALLEST:
        raise EC2ClientError("InvalidSubnet.Range", f"The CIDR '{cidr_block}' is invalid.")


def _patch_zones() -> None:
    @around(RegionsAndZonesBackend, "describe_availability_zones")
    def _describe(
        original: Any, self: Any, filters: Any = None, zone_names: Any = None, zone_ids: Any = None
    ) -> Any:
        # moto leaves out the zones it does not know.
        found = original(self, filters, zone_names, zone_ids)
        if zone_names and not filters:
            unknown = set(zone_names) - {zone.name for zone in found}
            if unknown:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"Invalid availability zone: [{', '.join(sorted(unknown))}]",
                )
        return found


def _check_zone(backend: Any, zone: Optional[str]) -> None:
    # moto takes a zone of any region.
    known = [z.name for z in backend.describe_availability_zones()]
    if zone and zone not in known:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only "
            f"be created in the following availability zones: {', '.join(known)}.",
        )


def _patch_gateways() -> None:
    @around(InternetGatewayBackend, "attach_internet_gateway")
    def _attach(original: Any, self: Any, internet_gateway_id: str, vpc_id: str) -> Any:
        # moto attaches as many gateways to a VPC as it is given.
        self.get_internet_gateway(internet_gateway_id)
        self.get_vpc(vpc_id)
        if any(
            igw.vpc is not None and igw.vpc.id == vpc_id and igw.id != internet_gateway_id
            for igw in self.internet_gateways.values()
        ):
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Network {vpc_id} already has an internet gateway attached",
            )
        return original(self, internet_gateway_id, vpc_id)

    @around(InternetGatewayBackend, "detach_internet_gateway")
    def _detach(original: Any, self: Any, internet_gateway_id: str, vpc_id: str) -> Any:
        # moto detaches while addresses still need the gateway.
        if any(eni.public_ip and eni.vpc_id == vpc_id for eni in self.enis.values()):
            raise DependencyViolationError(
                f"Network {vpc_id} has some mapped public address(es). Please unmap those public "
                "address(es) before detaching the gateway."
            )
        return original(self, internet_gateway_id, vpc_id)

    @around(InternetGatewayBackend, "delete_internet_gateway")
    def _delete(original: Any, self: Any, internet_gateway_id: str) -> Any:
        if self.get_internet_gateway(internet_gateway_id).vpc:
            raise _held("internetGateway", internet_gateway_id)
        return original(self, internet_gateway_id)


def _patch_route_tables() -> None:
    @around(RouteBackend, "create_route")
    def _create_route(
        original: Any, self: Any, route_table_id: str, *args: Any, **kwargs: Any
    ) -> Any:
        # moto routes to a gateway of another network, or of none.
        gateway_id = kwargs.get("gateway_id")
        if gateway_id and gateway_id.startswith("igw-"):
            table, gateway = self.get_route_table(route_table_id), self.get_internet_gateway(
                gateway_id
            )
            if gateway.vpc is None or gateway.vpc.id != table.vpc_id:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"route table {route_table_id} and network gateway {gateway_id} belong to different networks",
                )
        return original(self, route_table_id, *args, **kwargs)

    @around(RouteBackend, "associate_route_table")
    def _associate(
        original: Any, self: Any, route_table_id: str, gateway_id: Any = None, subnet_id: Any = None
    ) -> Any:
        table = self.get_route_table(route_table_id)
        if subnet_id:
            if self.get_subnet(subnet_id).vpc_id != table.vpc_id:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"route table {route_table_id} and subnet {subnet_id} belong to different networks",
                )
            # moto answers with the association to whichever table the subnet has already.
            for other in self.route_tables.values():
                if other.id != route_table_id and subnet_id in other._associations.values():
                    raise EC2ClientError(
                        "Resource.AlreadyAssociated",
                        f"the specified association for route table {route_table_id} conflicts with an existing association",
                    )
        return original(self, route_table_id, gateway_id, subnet_id)

    @around(RouteBackend, "disassociate_route_table")
    def _disassociate(original: Any, self: Any, association_id: str) -> Any:
        if any(table.main_association_id == association_id for table in self.route_tables.values()):
            raise EC2ClientError(
                "InvalidParameterValue",
                f"cannot disassociate the main route table association {association_id}",
            )
        return original(self, association_id)

    @around(RouteBackend, "delete_route_table")
    def _delete(original: Any, self: Any, route_table_id: str) -> Any:
        # moto deletes a VPC's main table on demand; only the VPC's own end may do that.
        table = self.get_route_table(route_table_id)
        if table.main_association_id is not None and table.vpc_id not in _ending(self):
            raise _held("routeTable", route_table_id)
        return original(self, route_table_id)


def _ending(backend: Any) -> List[str]:
    ending: List[str] = backend.__dict__.setdefault("standin_ending_vpcs", [])
    return ending


def _patch_vpcs() -> None:
    @around(VPCBackend, "delete_vpc")
    def _delete(original: Any, self: Any, vpc_id: str) -> Any:
        # moto looks at subnets, VPN gateways and route tables only.
        if vpc_id not in self.vpcs:
            raise InvalidVPCIdError(vpc_id)
        if _contents(self, vpc_id):
            raise _held("vpc", vpc_id)
        groups = [group.id for group in self.groups.get(vpc_id, {}).values()]
        tables = [t.id for t in self.route_tables.values() if t.vpc_id == vpc_id]
        _ending(self).append(vpc_id)
        try:
            deleted = original(self, vpc_id)
        finally:
            _ending(self).remove(vpc_id)
        for gone in groups + tables:
            self.tags.pop(gone, None)
        return deleted


def _contents(backend: Any, vpc_id: str) -> bool:
    groups = [group for group in backend.groups.get(vpc_id, {}).values() if not group.is_default]
    subnets = [s for zone in backend.subnets.values() for s in zone.values() if s.vpc_id == vpc_id]
    tables = [
        t
        for t in backend.route_tables.values()
        if t.vpc_id == vpc_id and t.main_association_id is None
    ]
    gateways = [
        g for g in backend.internet_gateways.values() if g.vpc is not None and g.vpc.id == vpc_id
    ]
    endpoints = [
        e for e in backend.vpc_end_points.values() if e.vpc_id == vpc_id and e.state != "deleted"
    ]
    nats = [
        n
        for n in backend.nat_gateways.values()
        if n.vpc_id == vpc_id and n.state not in ("deleted", "failed")
    ]
    return bool(groups or subnets or tables or gateways or endpoints or nats)
