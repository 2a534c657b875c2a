"""Network interfaces that AWS makes for load balancers, endpoints, tasks and databases.

They hold addresses, subnets and security groups for as long as they exist, which is why
deletions are refused, and some outlive what they were made for.
"""

import ipaddress
import itertools
from typing import Any, List, Optional, Sequence, Tuple

from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.moto_api._internal import mock_random

from ..world import world
from .wrapping import around

# The first four addresses and the last of a subnet are AWS's own.
_RESERVED_AT_START = 4

# Set aside for tests of networks, so that nobody's real host is ever meant.
_PUBLIC = ipaddress.ip_network("198.18.0.0/15")
_drawn = itertools.count()


class ManagedAttachment:
    """The attachment of an interface that a service made; there is no instance to attach to."""

    def __init__(self, owner: str, attached: Any) -> None:
        self.attach_time = attached
        self.attachment_id = "ela-attach-" + mock_random.get_random_hex(17)
        self.delete_on_termination = False
        self.device_index = 1
        self.network_card_index = 0
        self.instance_id = None
        self.instance_owner_id = owner
        self.status = "attached"


def attach_eni(
    account: str,
    region: str,
    subnet_id: str,
    sg_ids: Optional[Sequence[str]],
    description: str,
    *,
    interface_type: str = "interface",
    owner: str = "amazon-aws",
    public_ip: bool = False,
    default_group: bool = True,
    tags: Optional[dict] = None,
) -> Tuple[str, str]:
    """Make an interface for a service; returns its id and private address.

    ``owner`` is the service's name as AWS shows it (``amazon-elb``, ``amazon-rds``). Without
    groups the VPC's default group holds it, unless ``default_group`` is off (NAT gateways have
    none). Raises EC2's own errors for an unknown subnet or group, or a full subnet.
    """
    backend = ec2_backends[account][region]
    subnet = backend.get_subnet(subnet_id)
    for group_id in sg_ids or ():
        if backend.get_security_group_from_id(group_id) is None:
            raise InvalidSecurityGroupNotFoundError(group_id)
    eni = backend.create_network_interface(
        subnet,
        free_address(backend, subnet),
        group_ids=list(sg_ids or ()),
        description=description,
        tags=tags,
    )
    if not sg_ids and not default_group:
        eni._group_set = []
    adopt_eni(eni, interface_type, owner)
    if public_ip:
        eni.public_ip = _public_address()
        eni.standin_public_owner = owner
    return str(eni.id), str(eni.private_ip_address)


def _public_address() -> str:
    """An address no other interface has, of any account: of a range that leads nowhere."""
    return str(_PUBLIC[1 + next(_drawn) % (_PUBLIC.num_addresses - 2)])


def adopt_eni(eni: NetworkInterface, interface_type: str, owner: str) -> None:
    """Make an interface look as those that a service manages."""
    from moto.core.utils import utcnow

    eni.interface_type = interface_type
    eni.requester_managed = True
    eni.requester_id = owner
    eni.status = "in-use"
    eni.standin_attachment = ManagedAttachment(owner, utcnow())


def release_eni(account: str, region: str, eni_id: str, after_seconds: float = 0) -> None:
    """Remove a service's interface, now or after so many simulated seconds; absent is fine."""

    def remove() -> None:
        backend = ec2_backends[account][region]
        backend.enis.pop(eni_id, None)
        backend.tags.pop(eni_id, None)

    if after_seconds > 0:
        world(account).after(after_seconds, remove)
    else:
        remove()


def free_address(backend: Any, subnet: Any) -> str:
    """An unused private address of a subnet; a released one is the last to come again."""
    taken = {
        address.get("PrivateIpAddress")
        for eni in backend.enis.values()
        if eni.subnet.id == subnet.id
        for address in eni.private_ip_addresses
    }
    network = ipaddress.ip_network(subnet.cidr_block, strict=False)
    usable = network.num_addresses - _RESERVED_AT_START - 1
    start = getattr(subnet, "standin_next_address", 0)
    for step in range(usable):
        offset = (start + step) % usable
        address = str(network[_RESERVED_AT_START + offset])
        if address not in taken:
            subnet.standin_next_address = offset + 1
            return address
    raise EC2ClientError(
        "InsufficientFreeAddressesInSubnet",
        f"The specified subnet does not have enough free addresses to satisfy the request. ({subnet.id})",
    )


def interfaces_of(
    backend: Any, *, subnet_id: Optional[str] = None, group_id: Optional[str] = None
) -> List[Any]:
    """Interfaces that lie in a subnet or hold a group."""
    return [
        eni
        for eni in backend.enis.values()
        if (subnet_id is None or eni.subnet.id == subnet_id)
        and (group_id is None or any(group.id == group_id for group in eni._group_set))
    ]


def install() -> None:
    """Change moto's network interfaces."""
    _patch_attributes()

    @around(NetworkInterfaceBackend, "create_network_interface")
    def _create(
        original: Any, self: Any, subnet: Any, private_ip_address: Any, *args: Any, **kwargs: Any
    ) -> Any:
        # moto picks a random address, with luck inside the subnet and with luck unused.
        wanted = (
            private_ip_address[0]
            if isinstance(private_ip_address, list) and private_ip_address
            else private_ip_address
        )
        place = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
        inside = wanted and ipaddress.ip_address(wanted) in ipaddress.ip_network(
            place.cidr_block, strict=False
        )
        if not inside and not (args and args[0]) and not kwargs.get("private_ip_addresses"):
            private_ip_address = free_address(self, place)
        return original(self, place, private_ip_address, *args, **kwargs)

    @around(NetworkInterfaceBackend, "delete_network_interface")
    def _delete(original: Any, self: Any, eni_id: str) -> Any:
        # moto deletes whatever it is asked to; AWS keeps what is in use.
        eni = self.enis.get(eni_id)
        if eni is not None and (eni.attachment is not None or eni.status == "in-use"):
            raise EC2ClientError(
                "InvalidParameterValue", f"Network interface '{eni_id}' is currently in use."
            )
        return original(self, eni_id)

    @around(NetworkInterfaceBackend, "detach_network_interface")
    def _detach(original: Any, self: Any, attachment_id: str) -> Any:
        # What a service attached only that service detaches.
        if attachment_id.startswith("ela-attach"):
            raise EC2ClientError(
                "OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments."
            )
        return original(self, attachment_id)


def _patch_attributes() -> None:
    attachment = NetworkInterface.attachment.fget
    association = NetworkInterface.association.fget

    # moto knows attachments to instances only.
    NetworkInterface.attachment = property(
        lambda self: self.__dict__.get("standin_attachment") or attachment(self)
    )

    def with_owner(self: Any) -> Any:
        shown = association(self)
        owner = self.__dict__.get("standin_public_owner")
        if owner and shown:
            shown["ipOwnerId"] = owner if owner != "amazon-aws" else "amazon"
        return shown

    NetworkInterface.association = property(with_owner)

    @around(NetworkInterface, "get_filter_value")
    def _filter(original: Any, self: Any, name: str, method: Optional[str] = None) -> Any:
        held = self.attachment
        if name == "attachment.status":
            return held.status if held else None
        if name == "attachment.instance-owner-id":
            return held.instance_owner_id if held else None
        if name == "association.public-ip":
            return self.public_ip
        if name == "requester-managed":
            return "true" if self.requester_managed else "false"
        return original(self, name, method)
