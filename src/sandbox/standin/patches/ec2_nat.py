"""NAT gateways and elastic addresses: they take their time, and hold on to each other."""

import fnmatch
from typing import Any, Dict, List, Optional

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.ec2.models.route_tables import Route, RouteBackend
from moto.ec2.utils import random_public_ip

from ..durations import duration
from ..world import world
from .ec2_interfaces import adopt_eni, free_address
from .wrapping import around

# AWS shows a deleted or failed gateway for about an hour.
_SHOWN_AFTERWARDS = 3600

_FILTERS = {
    "nat-gateway-id": "id",
    "vpc-id": "vpc_id",
    "subnet-id": "subnet_id",
    "state": "state",
}


def _not_found(nat_id: str) -> EC2ClientError:
    return EC2ClientError("NatGatewayNotFound", f"NAT gateway {nat_id} was not found")


def _create(
    original: Any,
    self: Any,
    subnet_id: str,
    allocation_id: Any,
    tags: Any = None,
    connectivity_type: Any = None,
) -> Any:
    kind = connectivity_type or "public"
    if kind == "public" and not allocation_id:
        raise EC2ClientError(
            "MissingParameter", "The request must include the AllocationId parameter."
        )
    place = self.get_subnet(subnet_id)
    failure = _failure(self, place, allocation_id) if kind == "public" else None
    # An address that is taken must not be taken over.
    nat = original(self, subnet_id, None if failure else allocation_id, tags, kind)
    _settle_interface(self, nat, place)
    # moto's gateway is available at once.
    nat.state = "pending"
    here = world(self.account_id)
    if failure:
        here.after(10, lambda: fail(self, nat, *failure))
    else:
        here.after(duration("nat_gateway_create"), lambda: _become_available(nat))
    return nat


def _failure(backend: Any, place: Any, allocation_id: str) -> Optional[Any]:
    address = backend.address_by_allocation([allocation_id])[0]
    if address.association_id:
        return "Resource.AlreadyAssociated", (
            f"Elastic IP address [{allocation_id}] is already associated"
        )
    if not any(
        igw.vpc is not None and igw.vpc.id == place.vpc_id
        for igw in backend.internet_gateways.values()
    ):
        return "Gateway.NotAttached", f"Network {place.vpc_id} has no Internet gateway attached"
    return None


def _settle_interface(backend: Any, nat: NatGateway, place: Any) -> None:
    # moto gives the interface a random address outside the subnet, and the default group.
    eni = nat._eni
    eni.private_ip_addresses = []
    address = free_address(backend, place)
    eni.private_ip_address, eni._group_set = address, []
    eni.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    eni.description = f"Interface for NAT Gateway {nat.id}"
    adopt_eni(eni, "nat_gateway", backend.account_id)
    nat.private_ip = address
    for shown in nat.address_set:
        shown["privateIp"] = address


def _become_available(nat: NatGateway) -> None:
    if nat.state == "pending":
        nat.state = "available"


def fail(backend: Any, nat: NatGateway, code: str, message: str) -> None:
    """Let a gateway fail if it is still being made."""
    if nat.state == "pending":
        nat.state, nat.failure_code, nat.failure_message = "failed", code, message
        _let_go(backend, nat)


def _delete(self: Any, nat_gateway_id: str) -> Any:
    # moto fails with an internal error on an unknown gateway, and deletes at once.
    nat = self.nat_gateways.get(nat_gateway_id)
    if nat is None or nat.state == "deleted":
        raise _not_found(nat_gateway_id)
    if nat.state != "deleting":
        nat.state = "deleting"
        world(self.account_id).after(duration("nat_gateway_delete"), lambda: _gone(self, nat))
    return nat


def _gone(backend: Any, nat: NatGateway) -> None:
    nat.state = "deleted"
    _let_go(backend, nat)


def _let_go(backend: Any, nat: NatGateway) -> None:
    for address in backend.addresses:
        if address.eni is not None and address.eni.id == nat._eni.id:
            address.eni, address.association_id = None, None
    backend.enis.pop(nat._eni.id, None)

    def forget() -> None:
        backend.nat_gateways.pop(nat.id, None)
        backend.tags.pop(nat.id, None)

    world(backend.account_id).after(_SHOWN_AFTERWARDS, forget)


def _describe(self: Any, filters: Any, nat_gateway_ids: Optional[List[str]]) -> List[NatGateway]:
    # moto knows neither filters by tag nor unknown ids.
    for nat_id in nat_gateway_ids or []:
        if nat_id not in self.nat_gateways:
            raise _not_found(nat_id)
    chosen = [
        n for n in self.nat_gateways.values() if not nat_gateway_ids or n.id in nat_gateway_ids
    ]
    return [n for n in chosen if all(_matches(n, *item) for item in (filters or {}).items())]


def _matches(nat: NatGateway, name: str, wanted: List[str]) -> bool:
    if name in _FILTERS:
        values = [getattr(nat, _FILTERS[name])]
    else:
        tags: Dict[str, str] = nat.ec2_backend.tags.get(nat.id, {})
        if name == "tag-key":
            values = list(tags)
        elif name.startswith("tag:"):
            values = [tags[name[4:]]] if name[4:] in tags else []
        else:
            raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid.")
    return any(fnmatch.fnmatchcase(value, pattern) for value in values for pattern in wanted)


def install() -> None:
    """Change moto's NAT gateways, elastic addresses and the routes to them."""
    around(NatGatewayBackend, "create_nat_gateway")(_create)
    NatGatewayBackend.delete_nat_gateway = _delete
    NatGatewayBackend.describe_nat_gateways = _describe
    _patch_addresses()
    _patch_routes()


def _patch_addresses() -> None:
    @around(ElasticAddressBackend, "allocate_address")
    def _allocate(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        # moto's addresses are of the loopback network.
        fresh = original(self, *args, **kwargs)
        if fresh.public_ip.startswith("127."):
            fresh.public_ip = random_public_ip()
        return fresh

    @around(ElasticAddressBackend, "release_address")
    def _release(original: Any, self: Any, address: Any = None, allocation_id: Any = None) -> Any:
        # moto takes the address from under a NAT gateway.
        found = (
            self.address_by_ip([address])
            if address
            else self.address_by_allocation([allocation_id])
        )
        if found[0].association_id:
            raise EC2ClientError(
                "InvalidIPAddress.InUse", f"Address {found[0].public_ip} is in use."
            )
        return original(self, address=address, allocation_id=allocation_id)

    @around(ElasticAddressBackend, "disassociate_address")
    def _disassociate(
        original: Any, self: Any, address: Any = None, association_id: Any = None
    ) -> Any:
        # The association of a NAT gateway is the gateway's, not the account's.
        found = (
            self.address_by_ip([address])
            if address
            else self.address_by_association([association_id])
        )
        if found[0].eni is not None and found[0].eni.requester_managed:
            raise EC2ClientError(
                "AuthFailure", "You do not have permission to access the specified resource."
            )
        return original(self, address=address, association_id=association_id)


def _patch_routes() -> None:
    # A route to a gateway that is gone stays, and leads nowhere; moto's stays active.
    Route.state = property(
        lambda self: (
            "blackhole"
            if self.nat_gateway is not None and self.nat_gateway.state in ("deleted", "failed")
            else "active"
        )
    )

    def check(backend: Any, nat_gateway_id: Optional[str]) -> None:
        if nat_gateway_id is None:
            return
        nat = backend.nat_gateways.get(nat_gateway_id)
        if nat is None or nat.state != "available":
            raise EC2ClientError(
                "InvalidNatGatewayID.NotFound",
                f"The natGateway ID '{nat_gateway_id}' does not exist",
            )

    @around(RouteBackend, "create_route")
    def _create_route(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        # moto makes a route to nowhere of an unknown gateway.
        check(self, kwargs.get("nat_gateway_id"))
        return original(self, *args, **kwargs)

    @around(RouteBackend, "replace_route")
    def _replace_route(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        check(self, kwargs.get("nat_gateway_id"))
        return original(self, *args, **kwargs)
