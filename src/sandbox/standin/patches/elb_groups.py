"""Target groups: attributes as AWS reports them, ranges, names, and who uses them."""

import re
from typing import Any, Dict, List

from moto.core.responses import ActionResult
from moto.elbv2.exceptions import (
    DuplicateTargetGroupName,
    TargetGroupNotFoundError,
    ValidationError,
)
from moto.elbv2.models import ELBv2Backend, FakeTargetGroup, elbv2_backends
from moto.elbv2.responses import ELBV2Response

from .elb_targets import balancers_using
from .wrapping import around

# What AWS reports of an HTTP target group of addresses that nobody has configured.
ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}

# Parameter of the request -> (our word for it, lowest, highest).
_RANGES = {
    "HealthCheckIntervalSeconds": ("Health check interval", 5, 300),
    "HealthCheckTimeoutSeconds": ("Health check timeout", 2, 120),
    "HealthyThresholdCount": ("Healthy threshold count", 2, 10),
    "UnhealthyThresholdCount": ("Unhealthy threshold count", 2, 10),
}


def _check_health_check(parameters: Dict[str, Any]) -> None:
    for name, (words, low, high) in _RANGES.items():
        value = parameters.get(name)
        if value is not None and not low <= int(value) <= high:
            raise ValidationError(
                f"{words} must be greater than or equal to '{low}' and less than or equal to '{high}'"
            )
    path = parameters.get("HealthCheckPath")
    if path is not None and (not path.startswith("/") or len(path) > 1024):
        raise ValidationError(
            f"Health check path '{path}' must begin with a '/' character, and can be at most 1024 characters"
        )
    port = parameters.get("HealthCheckPort")
    if (
        port is not None
        and port != "traffic-port"
        and not (str(port).isdigit() and 1 <= int(port) <= 65535)
    ):
        raise ValidationError(
            f"Health check port '{port}' must be 'traffic-port' or between '1' and '65535'"
        )
    codes = (parameters.get("Matcher") or {}).get("HttpCode")
    if codes is not None:
        _check_matcher(codes)


def _check_matcher(codes: str) -> None:
    for part in codes.split(","):
        if not re.match(r"^\d{3}(-\d{3})?$", part):
            raise ValidationError(
                f"Health check matcher HTTP code '{codes}' must be like 200, 200,202 or 200-299"
            )
        if any(not 200 <= int(code) <= 499 for code in part.split("-")):
            raise ValidationError(
                f"Health check matcher HTTP code '{codes}' must be within '200-499' inclusive"
            )


def install() -> None:
    """Change moto's target groups."""
    _patch_creation()
    _patch_modification()

    # moto adds to this list and never takes away: on AWS it says who uses the group now.
    def using(self: FakeTargetGroup) -> List[str]:
        backend = elbv2_backends[self.account_id][self.region_name]
        return [balancer.arn for balancer in balancers_using(backend, self.arn)]

    FakeTargetGroup.load_balancer_arns = property(using, lambda self, value: None)

    @around(ELBv2Backend, "delete_target_group")
    def _delete(original: Any, self: ELBv2Backend, target_group_arn: str) -> Any:
        answer = original(self, target_group_arn)
        self.tagging_service.delete_all_tags_for_resource(target_group_arn)
        return answer


def _patch_creation() -> None:
    @around(ELBV2Response, "create_target_group")
    def _create(original: Any, self: Any) -> Any:
        parameters = self._get_params()
        _check_health_check(parameters)
        backend, name = self.elbv2_backend, parameters.get("Name")
        asked = dict(
            parameters,
            Tags=sorted((t["Key"], t.get("Value")) for t in parameters.get("Tags") or []),
        )
        for group in backend.target_groups.values():
            if group.name == name:
                # The same request twice is one target group on AWS; moto refuses it.
                if group.__dict__.get("standin_asked") == asked:
                    return ActionResult({"TargetGroups": [group]})
                raise DuplicateTargetGroupName(
                    f"A target group with the same name '{name}' exists, but with different settings"
                )
        answer = original(self)
        answer.result["TargetGroups"][0].standin_asked = asked
        return answer

    initialise = FakeTargetGroup.__init__

    def with_attributes(self: Any, *args: Any, **kwargs: Any) -> None:
        initialise(self, *args, **kwargs)
        if self.protocol in ("HTTP", "HTTPS"):
            # moto reports some of these, and one that is a load balancer's.
            self.attributes = dict(ATTRIBUTES)

    FakeTargetGroup.__init__ = with_attributes


def _patch_modification() -> None:
    @around(ELBV2Response, "modify_target_group")
    def _modify(original: Any, self: Any) -> Any:
        parameters = self._get_params()
        _check_health_check(parameters)
        group = self.elbv2_backend.target_groups.get(parameters.get("TargetGroupArn"))
        if group is not None:
            interval = (
                parameters.get("HealthCheckIntervalSeconds") or group.health_check_interval_seconds
            )
            timeout = (
                parameters.get("HealthCheckTimeoutSeconds") or group.health_check_timeout_seconds
            )
            if int(timeout) >= int(interval):
                raise ValidationError(
                    f"Health check timeout '{timeout}' must be smaller than the interval '{interval}'"
                )
        return original(self)

    @around(ELBV2Response, "modify_target_group_attributes")
    def _attributes(original: Any, self: Any) -> Any:
        group = self.elbv2_backend.target_groups.get(self._get_param("TargetGroupArn"))
        if group is None:
            raise TargetGroupNotFoundError()
        asked = {a["Key"]: a.get("Value", "") for a in self._get_param("Attributes", [])}
        for key in asked:
            if group.protocol in ("HTTP", "HTTPS") and key not in ATTRIBUTES:
                raise ValidationError(f"Target group attribute key '{key}' is not recognized")
        _check_delay(asked)
        if asked.get("deregistration_delay.timeout_seconds") == "3600":
            # moto refuses the longest delay that AWS takes.
            group.attributes["deregistration_delay.timeout_seconds"] = "3600"
            del asked["deregistration_delay.timeout_seconds"]
        self.elbv2_backend.modify_target_group_attributes(group.arn, asked)
        # moto answers with what was asked for; AWS with everything.
        return ActionResult({"Attributes": dict(group.attributes)})


def _check_delay(asked: Dict[str, str]) -> None:
    delay = asked.get("deregistration_delay.timeout_seconds")
    if delay is not None and not (delay.isdigit() and int(delay) <= 3600):
        raise ValidationError(
            f"'deregistration_delay.timeout_seconds' value '{delay}' must be between '0-3600' inclusive"
        )
    slow = asked.get("slow_start.duration_seconds")
    if slow is not None and slow != "0" and not (slow.isdigit() and 30 <= int(slow) <= 900):
        raise ValidationError(
            f"'slow_start.duration_seconds' value '{slow}' must be between '30-900' inclusive, or 0"
        )
