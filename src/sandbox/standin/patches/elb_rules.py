"""Rules of listeners: their order, conditions and actions, and whom they may forward to."""

import ipaddress
from typing import Any, Dict, List

from moto.elbv2.exceptions import ELBClientError, InvalidConfigurationRequest, ValidationError
from moto.elbv2.models import ELBv2Backend, FakeAction

from .elb_targets import balancers_using
from .wrapping import around

_MOST_VALUES = 5
_PRIORITIES = (1, 50000)

# A redirect says all of it, in AWS's answers.
_REDIRECT = {
    "Protocol": "#{protocol}",
    "Port": "#{port}",
    "Host": "#{host}",
    "Path": "/#{path}",
    "Query": "#{query}",
}


def install() -> None:
    """Change moto's rules and actions."""
    _patch_actions()
    _patch_rules()
    _patch_listing_and_deletion()


def _patch_actions() -> None:
    initialise = FakeAction.__init__

    def normalised(self: FakeAction, data: Dict[str, Any]) -> None:
        # AWS shows a forward action in both of its forms, and a redirect in full.
        data = dict(data)
        if data.get("Type") == "forward":
            if "ForwardConfig" not in data and "TargetGroupArn" in data:
                data["ForwardConfig"] = {
                    "TargetGroups": [{"TargetGroupArn": data["TargetGroupArn"]}]
                }
            groups = data.get("ForwardConfig", {}).get("TargetGroups", [])
            if len(groups) == 1:
                data.setdefault("TargetGroupArn", groups[0]["TargetGroupArn"])
        elif data.get("Type") == "redirect":
            data["RedirectConfig"] = {**_REDIRECT, **data.get("RedirectConfig", {})}
        initialise(self, data)

    FakeAction.__init__ = normalised

    @around(ELBv2Backend, "_validate_actions")
    def _validate(original: Any, self: ELBv2Backend, actions: List[FakeAction]) -> None:
        if not actions:
            raise ValidationError("A listener or rule must have at least one action")
        final = [a for a in actions if a.type in ("forward", "redirect", "fixed-response")]
        if len(final) != 1 or actions[-1] is not final[0]:
            raise ELBClientError(
                "InvalidLoadBalancerAction",
                "The action list must contain exactly one of 'forward', 'redirect' and 'fixed-response', and it must be the last",
            )
        _check_action(final[0].data)
        original(self, actions)


def _check_action(data: Dict[str, Any]) -> None:
    if data["Type"] == "forward" and "TargetGroupArn" not in data and not data.get("ForwardConfig"):
        raise ValidationError("A target group ARN must be specified")
    if data["Type"] == "redirect":
        redirect = data["RedirectConfig"]
        if redirect.get("StatusCode") not in ("HTTP_301", "HTTP_302"):
            raise ValidationError("A redirect must have a status code of HTTP_301 or HTTP_302")
        if all(redirect.get(part) == default for part, default in _REDIRECT.items()):
            raise ELBClientError(
                "InvalidLoadBalancerAction",
                "The redirect configuration is not valid because it creates a loop.",
            )
    if data["Type"] == "fixed-response":
        body = data.get("FixedResponseConfig", {}).get("MessageBody") or ""
        if len(body.encode("utf-8")) > 1024:
            raise ValidationError(
                "The fixed-response message body cannot be longer than '1024' characters"
            )
        if "StatusCode" not in data.get("FixedResponseConfig", {}):
            raise ValidationError("A fixed-response action must have a status code")


def check_groups(backend: ELBv2Backend, balancer: Any, actions: List[Dict[str, Any]]) -> None:
    """Refuse to forward to a group of another network, or of another load balancer."""
    # moto lets a target group serve any number of load balancers, of any network.
    for action in actions:
        for arn in backend._get_target_group_arns_from(action_data=action):
            group = backend.target_groups.get(arn)
            if group is None:
                continue  # moto refuses this itself
            if group.vpc_id != balancer.vpc_id:
                raise InvalidConfigurationRequest(
                    f"The target group '{arn}' is not in the load balancer's VPC {balancer.vpc_id}"
                )
            if any(other.arn != balancer.arn for other in balancers_using(backend, arn)):
                raise ELBClientError(
                    "TargetGroupAssociationLimit",
                    "The following target groups cannot be associated with more than one load "
                    f"balancer: {arn}",
                )


def _conditions(given: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    # AWS shows path and host conditions in both of their forms.
    shown = []
    for condition in given:
        condition = dict(condition)
        config = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}.get(
            condition.get("Field", "")
        )
        if config and config in condition:
            condition["Values"] = list(condition[config].get("Values", []))
        elif config and "Values" in condition:
            condition[config] = {"Values": list(condition["Values"])}
        shown.append(condition)
    return shown


def _check_conditions(conditions: List[Dict[str, Any]]) -> None:
    values = 0
    for condition in conditions:
        config = next((v for k, v in condition.items() if k.endswith("Config")), {})
        values += len(config.get("Values") or condition.get("Values") or [])
        for cidr in condition.get("SourceIpConfig", {}).get("Values", []):
            _check_cidr(cidr)
    if values > _MOST_VALUES:
        # A quota that nobody can raise; moto has none.
        raise ELBClientError(
            "ValidationError", f"A rule can only have '{_MOST_VALUES}' condition values"
        )


def _check_cidr(cidr: str) -> None:
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        raise ValidationError(f"The value '{cidr}' is not a valid CIDR block") from None
    if "/" not in cidr:
        raise ValidationError(f"The value '{cidr}' is not a valid CIDR block")


def _patch_rules() -> None:
    @around(ELBv2Backend, "create_rule")
    def _create(
        original: Any,
        self: ELBv2Backend,
        listener_arn: str,
        conditions: Any,
        priority: Any,
        actions: Any,
        tags: Any = None,
    ) -> Any:
        if not _PRIORITIES[0] <= int(priority) <= _PRIORITIES[1]:
            raise ValidationError(
                f"1 validation error detected: Value '{priority}' at 'priority' failed to satisfy constraint: "
                f"Member must have value between {_PRIORITIES[0]} and {_PRIORITIES[1]}"
            )
        if not conditions:
            raise ValidationError("A condition must be specified")
        _check_conditions(conditions)
        listener = self.describe_listeners(None, [listener_arn])[0]
        if any(str(rule.priority) == str(priority) for rule in listener.rules.values()):
            raise ELBClientError("PriorityInUse", f"Priority '{priority}' is currently in use")
        check_groups(self, self.load_balancers[listener.load_balancer_arn], actions)
        rule = original(self, listener_arn, conditions, priority, actions, tags)
        rule.conditions = _conditions(conditions)
        return rule

    @around(ELBv2Backend, "modify_rule")
    def _modify(
        original: Any, self: ELBv2Backend, rule_arn: str, conditions: Any, actions: Any
    ) -> Any:
        _check_conditions(conditions)
        rule = self.describe_rules(listener_arn=None, rule_arns=[rule_arn])[0]
        # Without new actions the old ones stay, and need no look.
        kept = actions or [action.data for action in rule.actions]
        listener = self.describe_listeners(None, [rule.listener_arn])[0]
        check_groups(self, self.load_balancers[listener.load_balancer_arn], kept)
        changed = original(self, rule_arn, conditions, kept)
        if conditions:
            changed.conditions = _conditions(conditions)
        return changed


def _patch_listing_and_deletion() -> None:
    @around(ELBv2Backend, "describe_rules")
    def _describe(original: Any, self: ELBv2Backend, listener_arn: Any, rule_arns: Any) -> Any:
        # moto lists rules as they were made; AWS in the order they apply.
        found = original(self, listener_arn, rule_arns or None)
        return sorted(
            found,
            key=lambda rule: (rule.is_default, int(rule.priority) if not rule.is_default else 0),
        )

    @around(ELBv2Backend, "delete_rule")
    def _delete(original: Any, self: ELBv2Backend, arn: str) -> Any:
        rule = self.describe_rules(listener_arn=None, rule_arns=[arn])[0]
        if rule.is_default:
            # moto fails with an internal error.
            raise ELBClientError("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")
        answer = original(self, arn)
        self.tagging_service.delete_all_tags_for_resource(arn)
        return answer
