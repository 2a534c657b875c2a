"""What a simulated task can reach: security groups, routes, gateways and endpoints, as moto has them.

Pure questions about state; nothing is changed here, and nothing is known of tasks or of Kong.
"""

import ipaddress
from typing import Any, Iterable, List, Optional, Sequence

Groups = Sequence[str]


def allows(
    account: str,
    region: str,
    from_groups: Groups,
    from_ip: Optional[str],
    to_groups: Groups,
    to_ip: Optional[str],
    port: int,
) -> bool:
    """Whether TCP to that port passes the groups at both ends."""
    backend = _ec2(account, region)
    out = _passes(backend, from_groups, "egress_rules", to_groups, to_ip, port)
    return out and _passes(backend, to_groups, "ingress_rules", from_groups, from_ip, port)


def admits(account: str, region: str, to_groups: Groups, from_ip: str, port: int) -> bool:
    """Whether the groups let TCP to that port in from an address outside."""
    return _passes(_ec2(account, region), to_groups, "ingress_rules", (), from_ip, port)


def faces_internet(account: str, region: str, subnet_id: str) -> bool:
    """Whether what is in the subnet can answer a client on the Internet."""
    for route in _routes(_ec2(account, region), subnet_id):
        gateway = route.gateway
        if route.destination_cidr_block == "0.0.0.0/0" and gateway is not None:
            return str(getattr(gateway, "id", gateway)).startswith("igw-") and gateway_attached(gateway)
    return False


def reaches_internet(account: str, region: str, subnet_id: str, groups: Groups, public_ip: bool) -> bool:
    """Whether HTTPS gets out of a subnet, by a NAT gateway or with a public address."""
    if not _out_to(account, region, groups, "0.0.0.0/0"):
        return False
    for route in _routes(_ec2(account, region), subnet_id):
        if route.destination_cidr_block != "0.0.0.0/0":
            continue
        if route.nat_gateway is not None:
            return _leads_out(account, region, route.nat_gateway)
        gateway = route.gateway
        if gateway is not None and str(getattr(gateway, "id", gateway)).startswith("igw-"):
            return public_ip and gateway_attached(gateway)
    return False


def gateway_attached(gateway: Any) -> bool:
    """Whether an internet gateway is attached to a VPC."""
    return getattr(gateway, "vpc", True) is not None


def reaches_service(
    account: str, region: str, subnet_id: str, groups: Groups, public_ip: bool, ip: str, services: Iterable[str]
) -> bool:
    """Whether every one of these AWS services can be reached, over the internet or an endpoint."""
    if reaches_internet(account, region, subnet_id, groups, public_ip):
        return True
    return all(_endpoint(account, region, subnet_id, groups, ip, service) for service in services)


def zone_of(account: str, region: str, subnet_id: str) -> str:
    """The availability zone of a subnet."""
    return str(_ec2(account, region).get_subnet(subnet_id).availability_zone)


def vpc_of(account: str, region: str, subnet_id: str) -> str:
    """The network of a subnet."""
    return str(_ec2(account, region).get_subnet(subnet_id).vpc_id)


def _ec2(account: str, region: str) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[account][region]


def _passes(
    backend: Any, own: Groups, direction: str, other_groups: Groups, other_ip: Optional[str], port: int
) -> bool:
    for group_id in own:
        group = backend.get_security_group_from_id(group_id)
        for rule in getattr(group, direction, []) if group else []:
            if _covers_port(rule, port) and _covers_peer(rule, other_groups, other_ip):
                return True
    return False


def _covers_port(rule: Any, port: int) -> bool:
    if str(rule.ip_protocol) == "-1":
        return True
    if str(rule.ip_protocol) != "tcp" or rule.from_port is None:
        return False
    return int(rule.from_port) <= port <= int(rule.to_port)


def _covers_peer(rule: Any, groups: Groups, ip: Optional[str]) -> bool:
    if rule.source_group and rule.source_group.get("GroupId") in groups:
        return True
    cidr = rule.ip_range.get("CidrIp") if rule.ip_range else None
    if cidr is None:
        return False
    network = ipaddress.ip_network(cidr, strict=False)
    return network.prefixlen == 0 or (ip is not None and ipaddress.ip_address(ip) in network)


def _out_to(account: str, region: str, groups: Groups, cidr: str) -> bool:
    # HTTPS to everywhere: a narrower rule cannot be told to reach a registry.
    backend = _ec2(account, region)
    for group_id in groups:
        group = backend.get_security_group_from_id(group_id)
        for rule in group.egress_rules if group else []:
            if _covers_port(rule, 443) and rule.ip_range and rule.ip_range.get("CidrIp") == cidr:
                return True
    return False


def _leads_out(account: str, region: str, nat: Any) -> bool:
    if nat.state != "available":
        return False
    for route in _routes(_ec2(account, region), nat.subnet_id):
        if route.destination_cidr_block == "0.0.0.0/0" and route.gateway is not None:
            return gateway_attached(route.gateway)
    return False


def _routes(backend: Any, subnet_id: str) -> List[Any]:
    subnet = backend.get_subnet(subnet_id)
    main = None
    for table in backend.route_tables.values():
        if subnet_id in table._associations.values():
            return list(table.routes)
        if table.vpc_id == subnet.vpc_id and table.main_association_id is not None:
            main = table
    return list(main.routes) if main else []


def _table_ids(backend: Any, subnet_id: str) -> List[str]:
    own = [t.id for t in backend.route_tables.values() if subnet_id in t._associations.values()]
    vpc = backend.get_subnet(subnet_id).vpc_id
    return own or [t.id for t in backend.route_tables.values() if t.vpc_id == vpc and t.main_association_id is not None]


def _endpoint(account: str, region: str, subnet_id: str, groups: Groups, ip: str, service: str) -> bool:
    backend = _ec2(account, region)
    vpc = backend.get_subnet(subnet_id).vpc_id
    name = f"com.amazonaws.{region}.{service}"
    for endpoint in backend.vpc_end_points.values():
        if endpoint.vpc_id != vpc or endpoint.service_name != name or endpoint.state != "available":
            continue
        if str(endpoint.vpc_endpoint_type).lower() == "gateway":
            tables = set(endpoint.route_table_ids or [])
            if tables & set(_table_ids(backend, subnet_id)) and _out_to_list(backend, groups, endpoint):
                return True
        elif endpoint.private_dns_enabled and allows(
            account, region, groups, ip, endpoint.security_group_ids, None, 443
        ):
            return True
    return False


def _out_to_list(backend: Any, groups: Groups, endpoint: Any) -> bool:
    for group_id in groups:
        group = backend.get_security_group_from_id(group_id)
        for rule in group.egress_rules if group else []:
            everywhere = rule.ip_range and rule.ip_range.get("CidrIp") == "0.0.0.0/0"
            listed = rule.prefix_list_id and rule.prefix_list_id == endpoint.destination_prefix_list_id
            if _covers_port(rule, 443) and (everywhere or listed):
                return True
    return False


def groups_of(account: str, region: str, eni_id: str) -> List[str]:
    """The security groups of a network interface."""
    return [group.id for group in _ec2(account, region).enis[eni_id].group_set]


def subnet_exists(account: str, region: str, subnet_id: str) -> bool:
    """Whether a subnet is there."""
    return any(subnet_id in zone for zone in _ec2(account, region).subnets.values())
