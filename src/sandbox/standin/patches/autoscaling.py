"""Application Auto Scaling: targets that move their service, policies that need their target.

moto's targets change nothing, have no tags and leave their policies behind.
"""

import json
import re
from typing import Any, Dict, List, Optional

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeApplicationAutoscalingPolicy
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse, _build_policy, _build_target
from moto.core.exceptions import JsonRESTError
from moto.elbv2.models import elbv2_backends

from ..services import Service, services
from .paging import page_size
from .wrapping import around

_LABEL = re.compile(r"^app/([^/]+)/([^/]+)/targetgroup/([^/]+)/([^/]+)$")
_PAGE = 50
_LINKED_ROLE = (
    "aws-service-role/ecs.application-autoscaling.amazonaws.com/" "AWSServiceRoleForApplicationAutoScaling_ECSService"
)
_SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


class _Alarm:
    """One of the two alarms that belong to a target tracking policy."""

    def __init__(self, policy: Any, side: str) -> None:
        self.name = f"TargetTracking-{policy.resource_id}-{side}-{policy._guid}"
        self.alarm_arn = f"arn:aws:cloudwatch:{policy.region_name}:{policy.account_id}:alarm:{self.name}"


def install() -> None:
    """Change moto's targets and policies."""
    response = ApplicationAutoScalingResponse
    response.register_scalable_target = _register
    response.describe_scalable_targets = _describe_targets
    response.describe_scaling_policies = _describe_policies
    response.list_tags_for_resource = _list_tags
    response.tag_resource = _tag
    response.untag_resource = _untag
    # The alarms of a policy are AWS's own; CloudWatch's simulation is not started for them.
    FakeApplicationAutoscalingPolicy.create_alarms = lambda self: self.alarms.extend(
        [_Alarm(self, "AlarmHigh"), _Alarm(self, "AlarmLow")]
    )
    FakeApplicationAutoscalingPolicy.delete_alarms = lambda self, *args: None
    _patch_backend()


def _missing(what: str, namespace: str, resource: str, dimension: str) -> JsonRESTError:
    return JsonRESTError(
        "ObjectNotFoundException",
        f"No {what} found for service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}",
    )


def _patch_backend() -> None:
    @around(ApplicationAutoscalingBackend, "deregister_scalable_target")
    def _deregister(original: Any, self: Any, namespace: str, r_id: str, dimension: str) -> None:
        if not self._scalable_target_exists(r_id, dimension):
            raise _missing("scalable target", namespace, r_id, dimension)
        original(self, namespace, r_id, dimension)
        # Its policies go with it.
        for key, policy in list(self.policies.items()):
            if policy.resource_id == r_id and policy.scalable_dimension == dimension:
                del self.policies[key]

    @around(ApplicationAutoscalingBackend, "put_scaling_policy")
    def _put(original: Any, self: Any, **given: Any) -> Any:
        resource, dimension = given["resource_id"], given["scalable_dimension"]
        if not self._scalable_target_exists(resource, dimension):
            raise _missing("scalable target", given["service_namespace"], resource, dimension)
        if given.get("policy_type") == "TargetTrackingScaling":
            _check_tracking(self, given.get("policy_body") or {}, resource)
        return original(self, **given)

    @around(ApplicationAutoscalingBackend, "delete_scaling_policy")
    def _delete(
        original: Any, self: Any, policy_name: str, service_namespace: str, resource_id: str, scalable_dimension: str
    ) -> None:
        key = FakeApplicationAutoscalingPolicy.formulate_key(
            service_namespace, resource_id, scalable_dimension, policy_name
        )
        if key not in self.policies:
            raise _missing("scaling policy", service_namespace, resource_id, scalable_dimension)
        original(self, policy_name, service_namespace, resource_id, scalable_dimension)


def _check_tracking(backend: Any, body: Dict[str, Any], resource: str) -> None:
    metric = body.get("PredefinedMetricSpecification") or {}
    kind, label = metric.get("PredefinedMetricType"), metric.get("ResourceLabel")
    if body.get("TargetValue") is None:
        raise AWSValidationException("TargetValue must be specified.")
    if kind != "ALBRequestCountPerTarget":
        if label is not None:
            raise AWSValidationException("ResourceLabel can be specified for ALBRequestCountPerTarget only.")
        return
    found = _LABEL.match(label or "")
    if found is None:
        raise AWSValidationException(
            f"Invalid resource label {label}: it must be app/<name>/<id>/targetgroup/<name>/<id>."
        )
    elb = elbv2_backends[backend.account_id][backend.region_name]
    app = label.split("/targetgroup/")[0]  # type: ignore[union-attr]
    group = "targetgroup/" + label.split("/targetgroup/")[1]  # type: ignore[union-attr]
    balancers = [b for b in elb.load_balancers.values() if b.arn.endswith("loadbalancer/" + app)]
    groups = [g for g in elb.target_groups.values() if g.arn.endswith(":" + group)]
    if not balancers or not groups:
        raise AWSValidationException(f"The load balancer or target group of the resource label {label} does not exist.")
    attached = any(
        groups[0].arn in str(a.data)
        for listener in balancers[0].listeners.values()
        for rule in listener.rules.values()
        for a in rule.actions
    )
    if not attached:
        raise AWSValidationException(
            f"The target group of the resource label {label} is not attached to the load balancer."
        )


def _register(self: Any) -> str:
    self._validate_params()
    backend, get = self.applicationautoscaling_backend, self._get_param
    least, most = self._get_int_param("MinCapacity"), self._get_int_param("MaxCapacity")
    resource, dimension = get("ResourceId"), get("ScalableDimension")
    before = backend.targets.get(dimension, {}).get(resource)
    if before is None and (least is None or most is None):
        raise AWSValidationException("MinCapacity and MaxCapacity are required for a new scalable target.")
    least = before.min_capacity if least is None else least
    most = before.max_capacity if most is None else most
    if least > most or least < 0:
        raise AWSValidationException("Maximum capacity cannot be less than minimum capacity")
    target = backend.register_scalable_target(
        get("ServiceNamespace"), resource, dimension, min_capacity=least, max_capacity=most,
        role_arn=get("RoleARN") or f"arn:aws:iam::{self.current_account}:role/{_LINKED_ROLE}",
        suspended_state=get("SuspendedState") or dict.fromkeys(_SUSPENSIONS, False),
    )  # fmt: skip
    tags = target.__dict__.setdefault("standin_tags", {})
    if get("Tags") and before is not None:
        raise AWSValidationException(
            "Tags can be specified when a scalable target is registered for the first time only."
        )
    tags.update(get("Tags") or {})
    _move(self, resource, least, most)
    return json.dumps({"ScalableTargetARN": target.arn})


def _move(response: Any, resource: str, least: int, most: int) -> None:
    # A service outside of its bounds is brought inside.
    service = _service(response, resource)
    if service is not None and not least <= service.desired <= most:
        service.scale(min(max(service.desired, least), most))


def _service(response: Any, resource: str) -> Optional[Service]:
    parts = resource.split("/")
    for service in services(response.current_account, response.region).values():
        if (
            parts[:1] == ["service"]
            and [service.cluster.name, service.name] == parts[1:]
            and service.status == "ACTIVE"
        ):
            return service
    return None


def _page(name: str, items: List[Any], response: Any) -> str:
    start = int(response._get_param("NextToken") or 0)
    size = page_size(response.current_account, response._get_param("MaxResults"), _PAGE)
    shown: Dict[str, Any] = {name: items[start : start + size]}
    if start + size < len(items):
        shown["NextToken"] = str(start + size)
    return json.dumps(shown)


def _describe_targets(self: Any) -> str:
    self._validate_params()
    found = self.applicationautoscaling_backend.describe_scalable_targets(
        self._get_param("ServiceNamespace"), self._get_param("ResourceIds"), self._get_param("ScalableDimension")
    )
    return _page("ScalableTargets", [_build_target(target) for target in found], self)


def _describe_policies(self: Any) -> str:
    # moto compares by containment, so that one service's name can be a part of another's.
    get = self._get_param
    names, resource, dimension = get("PolicyNames"), get("ResourceId"), get("ScalableDimension")
    found = [
        policy
        for policy in self.applicationautoscaling_backend.policies.values()
        if policy.service_namespace == get("ServiceNamespace")
        and resource in (None, policy.resource_id)
        and dimension in (None, policy.scalable_dimension)
        and (not names or policy.policy_name in names)
    ]
    return _page("ScalingPolicies", [_build_policy(policy) for policy in found], self)


def _tags(response: Any) -> Dict[str, str]:
    arn = response._get_param("ResourceARN")
    for targets in response.applicationautoscaling_backend.targets.values():
        for target in targets.values():
            if target.arn == arn:
                found: Dict[str, str] = target.__dict__.setdefault("standin_tags", {})
                return found
    raise JsonRESTError("ResourceNotFoundException", f"No scalable target was found for the ARN {arn}.")


def _list_tags(self: Any) -> str:
    return json.dumps({"Tags": _tags(self)})


def _tag(self: Any) -> str:
    _tags(self).update(self._get_param("Tags") or {})
    return "{}"


def _untag(self: Any) -> str:
    tags = _tags(self)
    for key in self._get_param("TagKeys") or []:
        tags.pop(key, None)
    return "{}"
