"""Security groups and their rules: identity, references, refusals."""

import copy
import ipaddress
import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    DependencyViolationError,
    EC2ClientError,
    InvalidPermissionDuplicateError,
    InvalidSecurityGroupNotFoundError,
)
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupBackend, SecurityGroupRule
from moto.ec2.responses.security_groups import SecurityGroups

from .ec2_interfaces import interfaces_of
from .wrapping import around

_DESCRIPTION = re.compile(r"^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}$")
_ALLOWED = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"


def _identity(rule: SecurityGroupRule) -> Tuple[Any, ...]:
    # What makes a rule itself on AWS. A description is no part of it.
    ports = (None, None) if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
    return (
        rule.ip_protocol,
        *ports,
        rule.ip_range.get("CidrIp"),
        rule.ip_range.get("CidrIpv6"),
        rule.source_group.get("GroupId"),
        rule.prefix_list_id,
    )


def install() -> None:
    """Change moto's security groups."""
    _patch_rules()
    _patch_responses()
    _patch_groups()
    _patch_revocation()


def _patch_rules() -> None:
    initialise = SecurityGroupRule.__init__

    def with_parts(self: Any, *args: Any, **kwargs: Any) -> None:
        initialise(self, *args, **kwargs)
        self.ip_range = _canonical(self.ip_range)
        given = args[7] if len(args) > 7 else kwargs.get("prefix_list_id")
        self.standin_described = (
            self.ip_range.get("Description")
            or self.source_group.get("Description")
            or (given or {}).get("Description")
        )

    SecurityGroupRule.__init__ = with_parts
    # moto compares descriptions and owners too, so that a rule between groups, asked for in other
    # words, is neither a duplicate nor found again to be revoked.
    SecurityGroupRule.__eq__ = lambda self, other: _identity(self) == _identity(other)
    SecurityGroupRule.__hash__ = lambda self: hash(self.id)
    # moto shows the description of address ranges only.
    SecurityGroupRule.description = property(
        lambda self: self.ip_range.get("Description")
        or self.source_group.get("Description")
        or self.standin_described
    )
    SecurityGroupRule.security_group_rule_arn = property(
        lambda self: f"arn:aws:ec2:{self.ec2_backend.region_name}:{self.ec2_backend.account_id}"
        f":security-group-rule/{self.id}"
    )
    SecurityGroupRule.group_owner_id = property(lambda self: self.ec2_backend.account_id)

    def matches(self: Any, key: str, values: Any) -> bool:
        from moto.ec2.utils import is_tag_filter, tag_filter_matches

        if is_tag_filter(key):
            return bool(tag_filter_matches(self, key, values))
        if key not in self.filters:
            # moto fails with an internal error.
            raise EC2ClientError("InvalidParameterValue", f"The filter '{key}' is invalid")
        return bool(self.filters[key](values))

    SecurityGroupRule.matches_filter = matches


def _canonical(ip_range: Dict[str, str]) -> Dict[str, str]:
    # 100.68.0.18/18 becomes 100.68.0.0/18, as on AWS.
    cleaned = dict(ip_range)
    for key in ("CidrIp", "CidrIpv6"):
        if cleaned.get(key):
            try:
                cleaned[key] = str(ipaddress.ip_network(cleaned[key], strict=False))
            except ValueError:
                continue
    return cleaned


def _check_permission(kwargs: Dict[str, Any]) -> None:
    protocol = str(kwargs.get("ip_protocol") or "").lower()
    sources = [*kwargs["ip_ranges"], *kwargs["source_groups"], *kwargs["prefix_list_ids"]]
    if not protocol:
        raise EC2ClientError(
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        )
    if not sources:
        raise EC2ClientError(
            "MissingParameter", "The request must contain a source or destination in ipPermissions"
        )
    for source in sources:
        if not _DESCRIPTION.match(source.get("Description") or ""):
            raise EC2ClientError(
                "InvalidParameterValue",
                "Invalid rule description. Valid descriptions are strings less than 256 characters "
                f"from the following set:  {_ALLOWED}",
            )
    if protocol in ("tcp", "udp", "6", "17"):
        _check_ports(kwargs.get("from_port"), kwargs.get("to_port"))


def _check_ports(low: Any, high: Any) -> None:
    # moto fails with an internal error without ports.
    if low is None or high is None:
        raise EC2ClientError(
            "InvalidParameterValue",
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
        )
    if not 0 <= int(low) <= int(high) <= 65535:
        raise EC2ClientError(
            "InvalidParameterValue", f"Invalid value '{low}-{high}' for portRange."
        )


def _authorize(self: Any, egress: bool) -> ActionResult:
    # Several permissions are one request: all or none, and all are answered. moto stops midway,
    # and answers with the rules of the last.
    self.error_on_dryrun()
    direction = "egress" if egress else "ingress"
    orders = list(self._process_rules_from_querystring())
    fresh: List[SecurityGroupRule] = []
    for order in orders:
        _check_permission(order)
        group = _group(self.ec2_backend, order["group_name_or_id"])
        existing = group.egress_rules if egress else group.ingress_rules
        for rule in _rules_of(self.ec2_backend, group, order, egress):
            if rule in existing or rule in fresh:
                raise InvalidPermissionDuplicateError()
            fresh.append(rule)
    act = getattr(self.ec2_backend, f"authorize_security_group_{direction}")
    made = [rule for order in orders for rule in act(**order)[0]]
    return ActionResult({"Return": True, "SecurityGroupRules": [_shown(rule) for rule in made]})


def _shown(rule: SecurityGroupRule) -> Any:
    # Ports of a rule for every protocol are -1 in this answer.
    shown = copy.copy(rule)
    shown.from_port = -1 if rule.from_port is None else rule.from_port
    shown.to_port = -1 if rule.to_port is None else rule.to_port
    return shown


def _group(backend: Any, name_or_id: Optional[str]) -> SecurityGroup:
    found = backend.get_security_group_by_name_or_id(name_or_id) if name_or_id else None
    if found is None:
        raise InvalidSecurityGroupNotFoundError(name_or_id)
    return found


def _rules_of(
    backend: Any, group: SecurityGroup, order: Dict[str, Any], egress: bool
) -> Iterator[SecurityGroupRule]:
    sources = backend._add_source_group([dict(s) for s in order["source_groups"]], None)
    rules: Iterator[SecurityGroupRule] = backend._iterate_security_rules(
        order["ip_protocol"],
        group.group_id,
        order["from_port"],
        order["to_port"],
        order["ip_ranges"],
        sources,
        order["prefix_list_ids"],
        is_egress=egress,
    )
    return rules


def _patch_responses() -> None:
    SecurityGroups.authorize_security_group_ingress = lambda self: _authorize(self, egress=False)
    SecurityGroups.authorize_security_group_egress = lambda self: _authorize(self, egress=True)

    for direction in ("ingress", "egress"):

        @around(SecurityGroups, f"update_security_group_rule_descriptions_{direction}")
        def _describe(original: Any, self: Any) -> Any:
            # moto ignores descriptions that are given by rule id.
            given = self._get_param("SecurityGroupRuleDescriptions", [])
            if not given:
                return original(self)
            group = _group(self.ec2_backend, self._get_param("GroupId"))
            known = {rule.id: rule for rule in [*group.ingress_rules, *group.egress_rules]}
            for order in given:
                rule_id = order.get("SecurityGroupRuleId")
                if rule_id not in known:
                    raise _no_rule(rule_id)
            for order in given:
                _describe_rule(known[order["SecurityGroupRuleId"]], order.get("Description"))
            return ActionResult({"Return": True})


def _no_rule(rule_id: Any) -> EC2ClientError:
    return EC2ClientError(
        "InvalidSecurityGroupRuleId.NotFound",
        f"The security group rule ID '{rule_id}' does not exist",
    )


def _describe_rule(rule: SecurityGroupRule, description: Optional[str]) -> None:
    for part in (rule.ip_range, rule.source_group):
        part.pop("Description", None)
    rule.standin_described = description


def _patch_revocation() -> None:
    for direction in ("ingress", "egress"):

        @around(SecurityGroupBackend, f"revoke_security_group_{direction}")
        def _revoke(
            original: Any, self: Any, group_name_or_id: str, *args: Any, **kwargs: Any
        ) -> Any:
            group = _group(self, group_name_or_id)
            before = {rule.id for rule in [*group.ingress_rules, *group.egress_rules]}
            wanted = kwargs.get("security_rule_ids") or []
            for rule_id in wanted:
                if rule_id not in before:
                    raise _no_rule(rule_id)
            answer = original(self, group_name_or_id, *args, **kwargs)
            for gone in before - {rule.id for rule in [*group.ingress_rules, *group.egress_rules]}:
                # moto keeps the tags of what it revokes.
                self.tags.pop(gone, None)
            return answer


def _patch_groups() -> None:
    @around(SecurityGroupBackend, "create_security_group")
    def _create(
        original: Any, self: Any, name: str, description: str, vpc_id: Any = None, **kwargs: Any
    ) -> Any:
        if not kwargs.get("is_default"):
            _check_new_group(self, name, description, vpc_id)
        group = original(self, name, description, vpc_id=vpc_id, **kwargs)
        if group.is_default:
            # moto leaves out that the members of a default group reach one another.
            own = {"GroupId": group.id, "UserId": self.account_id}
            rule = SecurityGroupRule(self, "-1", group.id, None, None, None, own, is_egress=False)
            group.ingress_rules.append(rule)
        return group

    @around(SecurityGroupBackend, "delete_security_group")
    def _delete(
        original: Any, self: Any, name: Optional[str] = None, group_id: Optional[str] = None
    ) -> Any:
        # moto deletes a group whoever still uses it.
        group = _group(self, group_id or name)
        if group.is_default and group.vpc_id not in self.__dict__.get("standin_ending_vpcs", []):
            raise EC2ClientError(
                "CannotDelete",
                f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user',
            )
        if interfaces_of(self, group_id=group.id) or _referenced(self, group.id):
            raise DependencyViolationError(f"resource {group.id} has a dependent object")
        rules = [rule.id for rule in [*group.ingress_rules, *group.egress_rules]]
        answer = original(self, group_id=group.id)
        for gone in [group.id, *rules]:
            self.tags.pop(gone, None)
        return answer


def _referenced(backend: Any, group_id: str) -> bool:
    return any(
        rule.source_group.get("GroupId") == group_id
        for groups in backend.groups.values()
        for group in groups.values()
        if group.id != group_id
        for rule in [*group.ingress_rules, *group.egress_rules]
    )


def _check_new_group(backend: Any, name: str, description: str, vpc_id: Optional[str]) -> None:
    if vpc_id:
        backend.get_vpc(vpc_id)
    if name.startswith("sg-"):
        raise EC2ClientError("InvalidParameterValue", "Group names may not be in the format sg-*.")
    if name == "default":
        raise EC2ClientError("InvalidGroup.Reserved", "The security group 'default' is reserved")
    for text, what in ((name, "name"), (description or "", "description")):
        if not _DESCRIPTION.match(text):
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({text}) for parameter Group{what.title()} is invalid. Character sets beyond "
                f"ASCII are not supported. Valid are less than 256 of: {_ALLOWED}",
            )
    # AWS compares names without case.
    for group in backend.groups.get(vpc_id, {}).values():
        if group.name.lower() == name.lower():
            raise EC2ClientError(
                "InvalidGroup.Duplicate",
                f"The security group '{name}' already exists for VPC '{vpc_id}'",
            )
