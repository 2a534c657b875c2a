"""Load balancers: how long they take, what holds them, what AWS refuses of them."""

import re
from typing import Any, Dict, Iterable, List, Optional

from moto.ec2.models import ec2_backends
from moto.elbv2.exceptions import (
    DuplicateLoadBalancerName,
    ELBClientError,
    InvalidConfigurationRequest,
    LoadBalancerNotFoundError,
    ValidationError,
)
from moto.elbv2.models import AvailabilityZone, ELBv2Backend, FakeLoadBalancer

from ..durations import duration
from ..world import world
from .ec2_interfaces import attach_eni, release_eni
from .elb_logs import try_bucket
from .wrapping import around

_FREE_ADDRESSES_NEEDED = 8
_SMALLEST_SUBNET = 27

# What AWS reports of an application load balancer nobody has configured.
ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "health_check_logs.s3.enabled": "false",
    "health_check_logs.s3.bucket": "",
    "health_check_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}

_NUMBERS = {"idle_timeout.timeout_seconds": (1, 4000), "client_keep_alive.seconds": (60, 604800)}
_CHOICES = {
    "routing.http.desync_mitigation_mode": ("monitor", "defensive", "strictest"),
    "routing.http.xff_header_processing.mode": ("append", "preserve", "remove"),
}


def _check_name(name: str) -> None:
    told = f"The load balancer name '{name}'"
    if len(name) > 32:
        raise ValidationError(f"{told} cannot be longer than '32' characters")
    if not re.match(r"^[A-Za-z0-9-]+$", name):
        raise ValidationError(
            f"{told} can only contain characters that are alphanumeric characters and hyphens(-)"
        )
    if name.startswith("-") or name.endswith("-"):
        raise ValidationError(f"{told} cannot begin or end with a hyphen(-)")
    if name.startswith("internal-"):
        raise ValidationError(f"{told} cannot begin with 'internal-'")


def _check_subnets(backend: Any, subnet_ids: Iterable[str]) -> List[Any]:
    # moto takes one subnet, two in one zone, and gives EC2's error for an unknown one.
    found: Dict[str, Any] = {}
    for subnet_id in subnet_ids:
        known = [s for zone in backend.subnets.values() for s in zone.values() if s.id == subnet_id]
        if not known:
            raise ELBClientError("SubnetNotFound", f"The subnet ID '{subnet_id}' does not exist")
        subnet = known[0]
        if subnet.availability_zone in found:
            raise InvalidConfigurationRequest(
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
            )
        found[subnet.availability_zone] = subnet
    if len(found) < 2:
        raise ValidationError(
            "At least two subnets in two different Availability Zones must be specified"
        )
    if len({subnet.vpc_id for subnet in found.values()}) > 1:
        raise InvalidConfigurationRequest("All subnets must belong to the same VPC")
    return list(found.values())


def _check_space(backend: Any, subnets: Iterable[Any]) -> None:
    for subnet in subnets:
        free = subnet.available_ip_address_count
        if subnet.cidr.prefixlen > _SMALLEST_SUBNET or free < _FREE_ADDRESSES_NEEDED:
            raise ELBClientError(
                "InvalidSubnet",
                f"Not enough IP space available in {subnet.id}. ELB requires at least "
                f"{_FREE_ADDRESSES_NEEDED} free IP addresses in each subnet.",
            )


def _check_groups(backend: Any, group_ids: Iterable[str], vpc_id: str) -> None:
    for group_id in group_ids:
        group = backend.get_security_group_from_id(group_id)
        if group is None:
            raise ELBClientError(
                "InvalidSecurityGroup", f"The security group '{group_id}' does not exist"
            )
        if group.vpc_id != vpc_id:
            raise ELBClientError(
                "InvalidConfigurationRequest",
                f"One or more security groups are invalid: '{group_id}' is not in {vpc_id}",
            )


def _check_reachable(backend: Any, vpc_id: str, scheme: str) -> None:
    attached = any(
        g.vpc is not None and g.vpc.id == vpc_id for g in backend.internet_gateways.values()
    )
    if scheme == "internet-facing" and not attached:
        raise ELBClientError("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")


def _create(original: Any, self: ELBv2Backend, **kwargs: Any) -> FakeLoadBalancer:
    name, scheme = kwargs["name"], kwargs.get("scheme") or "internet-facing"
    _check_name(name)
    asked = _request(kwargs)
    for other in self.load_balancers.values():
        if other.name == name:
            # The same request twice is one load balancer on AWS; moto makes two of one name.
            if other.__dict__.get("standin_asked") == asked:
                return other
            raise DuplicateLoadBalancerName(
                f"A load balancer with the same name '{name}' exists, but with different settings"
            )
    ec2 = self.ec2_backend
    wanted = [*kwargs["subnet_ids"], *[m["SubnetId"] for m in kwargs.get("subnet_mappings") or []]]
    subnets = _check_subnets(ec2, wanted)
    vpc_id = subnets[0].vpc_id
    groups = list(kwargs.get("security_groups") or [ec2.get_default_security_group(vpc_id).id])
    _check_groups(ec2, groups, vpc_id)
    _check_reachable(ec2, vpc_id, scheme)
    _check_space(ec2, subnets)
    balancer = original(self, **dict(kwargs, scheme=scheme, security_groups=groups))
    balancer.standin_asked = asked
    _dress(self, balancer)
    return balancer


def _request(kwargs: Dict[str, Any]) -> Dict[str, Any]:
    asked = {key: value for key, value in kwargs.items() if value}
    for key in ("subnet_ids", "security_groups"):
        asked[key] = sorted(asked.get(key, []))
    asked["tags"] = sorted((t["Key"], t.get("Value")) for t in kwargs.get("tags") or [])
    return asked


def _dress(backend: ELBv2Backend, balancer: FakeLoadBalancer) -> None:
    # moto's name is the same for each load balancer of one name; on AWS a number tells them apart.
    number = int(balancer.arn.rsplit("/", 1)[1], 16) % 10**10
    prefix = "internal-" if balancer.scheme == "internal" else ""
    balancer.dns_name = f"{prefix}{balancer.name}-{number}.{backend.region_name}.elb.amazonaws.com"
    balancer.attrs = dict(ATTRIBUTES)
    balancer.standin_enis = {}
    for subnet in balancer.subnets:
        _add_interface(backend, balancer, subnet.id)

    def active() -> None:
        if balancer.state == "provisioning":
            balancer.state = "active"

    world(backend.account_id).after(duration("load_balancer_create"), active)


def _add_interface(backend: ELBv2Backend, balancer: FakeLoadBalancer, subnet_id: str) -> None:
    eni_id, _ = attach_eni(
        backend.account_id,
        backend.region_name,
        subnet_id,
        balancer.security_groups,
        "ELB " + balancer.arn.split("loadbalancer/", 1)[1],
        owner="amazon-elb",
        public_ip=balancer.scheme == "internet-facing",
    )
    balancer.standin_enis[subnet_id] = eni_id


def _describe(
    self: ELBv2Backend, arns: Optional[List[str]], names: Optional[List[str]]
) -> List[FakeLoadBalancer]:
    # moto activates whatever is looked at, and takes an unknown one for the last known one.
    everyone = list(self.load_balancers.values())
    if not arns and not names:
        return everyone
    for missing in [a for a in arns or [] if a not in self.load_balancers]:
        raise LoadBalancerNotFoundError(f"Load balancer '{missing}' not found")
    known = {balancer.name for balancer in everyone}
    absent = [name for name in names or [] if name not in known]
    if absent:
        raise LoadBalancerNotFoundError(f"Load balancers '[{', '.join(absent)}]' not found")
    return [b for b in everyone if b.arn in (arns or []) or b.name in (names or [])]


def _delete(self: ELBv2Backend, arn: str) -> None:
    balancer = self.load_balancers.get(arn)
    if balancer is None:
        return
    # moto deletes a protected load balancer, and leaves nothing behind; on AWS its interfaces
    # stay for minutes, and hold subnets and groups.
    if balancer.attrs.get("deletion_protection.enabled") == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    for listener in list(balancer.listeners.values()):
        self.delete_listener(listener.arn)
    self.load_balancers.pop(arn)
    self.tagging_service.delete_all_tags_for_resource(arn)
    for eni_id in balancer.standin_enis.values():
        release_eni(self.account_id, self.region_name, eni_id, duration("load_balancer_eni_linger"))


def _set_subnets(
    self: ELBv2Backend, arn: str, subnets: List[str], subnet_mappings: List[Dict[str, Any]]
) -> Any:
    balancer = self.load_balancers.get(arn)
    if balancer is None:
        raise LoadBalancerNotFoundError()
    fresh = _check_subnets(self.ec2_backend, [*subnets, *[m["SubnetId"] for m in subnet_mappings]])
    if fresh[0].vpc_id != balancer.vpc_id:
        raise InvalidConfigurationRequest("All subnets must belong to the same VPC")
    wanted = {subnet.id for subnet in fresh}
    _check_space(self.ec2_backend, [s for s in fresh if s.id not in balancer.standin_enis])
    for subnet_id in [s for s in balancer.standin_enis if s not in wanted]:
        eni_id = balancer.standin_enis.pop(subnet_id)
        release_eni(self.account_id, self.region_name, eni_id, duration("load_balancer_eni_linger"))
    balancer.subnets = fresh
    for subnet_id in [s.id for s in fresh if s.id not in balancer.standin_enis]:
        _add_interface(self, balancer, subnet_id)
    return [AvailabilityZone(subnet) for subnet in fresh]


def _set_security_groups(
    original: Any, self: ELBv2Backend, arn: str, sec_groups: List[str]
) -> None:
    balancer = self.load_balancers.get(arn)
    if balancer is not None:
        _check_groups(self.ec2_backend, sec_groups, balancer.vpc_id)
    original(self, arn, sec_groups)
    ec2 = ec2_backends[self.account_id][self.region_name]
    groups = [ec2.get_security_group_from_id(group_id) for group_id in sec_groups]
    for eni_id in self.load_balancers[arn].standin_enis.values():
        ec2.enis[eni_id]._group_set = list(groups)


def _modify_attributes(original: Any, self: ELBv2Backend, arn: str, attrs: Dict[str, Any]) -> Any:
    for key, value in attrs.items():
        text = str(value)
        if key in _NUMBERS:
            low, high = _NUMBERS[key]
            if not text.isdigit() or not low <= int(text) <= high:
                raise ValidationError(
                    f"'{key}' value '{text}' must be between '{low}-{high}' inclusive"
                )
        elif key in _CHOICES and text not in _CHOICES[key]:
            raise ValidationError(f"'{key}' must be one of [{', '.join(_CHOICES[key])}]")
        elif ATTRIBUTES.get(key) in ("true", "false") and text not in ("true", "false"):
            raise ValidationError(f"'{key}' must be one of [true, false]")
    balancer = self.load_balancers.get(arn)
    if balancer is not None and any(key.startswith("access_logs.") for key in attrs):
        try_bucket(self.account_id, self.region_name, {**balancer.attrs, **attrs})
    return original(self, arn, attrs)


def _state(self: Any) -> Dict[str, str]:
    reason = getattr(self, "standin_reason", None)
    return {"Code": self.state, **({"Reason": reason} if reason else {})}


def install() -> None:
    """Change moto's load balancers."""
    around(ELBv2Backend, "create_load_balancer")(_create)
    around(ELBv2Backend, "set_security_groups")(_set_security_groups)
    around(ELBv2Backend, "modify_load_balancer_attributes")(_modify_attributes)
    ELBv2Backend.describe_load_balancers = _describe
    ELBv2Backend.delete_load_balancer = _delete
    ELBv2Backend.set_subnets = _set_subnets
    FakeLoadBalancer.activate = lambda self: None
    FakeLoadBalancer.load_balancer_state = property(_state)  # type: ignore[assignment]
