"""Listeners and their rules: certificates, ports, conditions, actions, and tags of all kinds."""

import ipaddress
from typing import Any, Dict, List, Optional

from moto.elbv2.exceptions import (
    DuplicateListenerError,
    ELBClientError,
    LoadBalancerNotFoundError,
    TooManyTagsError,
    ValidationError,
)
from moto.elbv2.models import ELBv2Backend, FakeAction, FakeListener
from moto.elbv2.responses import ELBV2Response
from moto.elbv2.ssl_policies import SSL_POLICIES

from .wrapping import around

_MOST_TAGS = 50
_MOST_DESCRIBED = 20
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
    """Change moto's listeners, rules and tags."""
    _patch_actions()
    _patch_listeners()
    _patch_rules()
    _patch_tags()


def _patch_actions() -> None:
    initialise = FakeAction.__init__

    def normalised(self: FakeAction, data: Dict[str, Any]) -> None:
        # AWS shows a forward action in both of its forms, and a redirect in full.
        data = dict(data)
        if data.get("Type") == "forward":
            if "ForwardConfig" not in data and "TargetGroupArn" in data:
                data["ForwardConfig"] = {"TargetGroups": [{"TargetGroupArn": data["TargetGroupArn"]}]}
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
                "InvalidLoadBalancerAction", "The redirect configuration is not valid because it creates a loop."
            )
    if data["Type"] == "fixed-response":
        body = data.get("FixedResponseConfig", {}).get("MessageBody") or ""
        if len(body.encode("utf-8")) > 1024:
            raise ValidationError("The fixed-response message body cannot be longer than '1024' characters")
        if "StatusCode" not in data.get("FixedResponseConfig", {}):
            raise ValidationError("A fixed-response action must have a status code")


def _patch_listeners() -> None:
    @around(ELBv2Backend, "create_listener")
    def _create(original: Any, self: ELBv2Backend, load_balancer_arn: str, protocol: str, port: Any,
                ssl_policy: Optional[str], certificate: Optional[str], actions: Any, **kwargs: Any) -> Any:
        balancer = self.load_balancers.get(load_balancer_arn)
        if balancer is None:
            raise LoadBalancerNotFoundError()
        asked = (protocol, port, ssl_policy, certificate, actions, _tag_pairs(kwargs.get("tags")))
        asked_text = repr(asked)
        for other in balancer.listeners.values():
            if other.port == port:
                # The same request twice is one listener on AWS; moto makes two on one port.
                if other.__dict__.get("standin_asked") == asked_text:
                    return other
                raise DuplicateListenerError("A listener already exists on this port for this load balancer")
        if port is not None and not 1 <= int(port) <= 65535:
            raise ValidationError(f"Listener port '{port}' must be between '1-65535' inclusive")
        if protocol == "HTTPS":
            _check_tls(self, ssl_policy, certificate)
        elif certificate:
            raise ValidationError("A certificate cannot be specified for HTTP listeners")
        listener = original(self, load_balancer_arn, protocol, port, ssl_policy if protocol == "HTTPS" else None,
                            certificate, actions, **kwargs)
        listener.standin_asked = asked_text
        return listener

    @around(ELBv2Backend, "modify_listener")
    def _modify(original: Any, self: ELBv2Backend, arn: str, port: Any = None, protocol: Any = None,
                ssl_policy: Any = None, certificates: Any = None, actions: Any = None) -> Any:
        listener = self.describe_listeners(None, [arn])[0]
        balancer = self.load_balancers[listener.load_balancer_arn]
        if port is not None and any(o.port == port and o.arn != arn for o in balancer.listeners.values()):
            raise DuplicateListenerError("A listener already exists on this port for this load balancer")
        if actions:
            self._validate_actions([FakeAction(action) for action in actions])
        becomes = protocol or listener.protocol
        if becomes == "HTTPS":
            given = certificates[0]["CertificateArn"] if certificates else listener.certificate
            _check_tls(self, ssl_policy or listener.ssl_policy or "ELBSecurityPolicy-2016-08", given)
        before = listener.certificate
        changed = original(self, arn, port, protocol, ssl_policy, certificates or [], actions or [])
        if becomes == "HTTPS":
            changed.ssl_policy = changed.ssl_policy or "ELBSecurityPolicy-2016-08"
            _use_certificate(self, changed.certificate, arn)
        else:
            changed.ssl_policy, changed.certificate, changed.certificates = None, None, []
        if before and before != changed.certificate:
            _release_certificate(self, before, arn)
        return changed

    @around(ELBv2Backend, "delete_listener")
    def _delete(original: Any, self: ELBv2Backend, listener_arn: str) -> Any:
        listener = original(self, listener_arn)
        for certificate in listener.certificates:
            _release_certificate(self, certificate, listener_arn)
        for arn in [listener_arn, *[rule.arn for rule in listener.rules.values()]]:
            self.tagging_service.delete_all_tags_for_resource(arn)
        return listener

    initialise = FakeListener.__init__

    def with_attributes(self: Any, *args: Any, **kwargs: Any) -> None:
        initialise(self, *args, **kwargs)
        if self.protocol in ("HTTP", "HTTPS"):
            # moto's is an attribute of network load balancers.
            self.attributes = {"routing.http.response.server.enabled": "true"}

    FakeListener.__init__ = with_attributes


def _tag_pairs(tags: Any) -> List[Any]:
    return sorted((tag["Key"], tag.get("Value")) for tag in tags or [])


def _check_tls(backend: ELBv2Backend, policy: Optional[str], certificate: Optional[str]) -> None:
    if not certificate:
        raise ValidationError("A certificate must be specified for HTTPS listeners")
    if policy not in SSL_POLICIES:
        raise ELBClientError("SSLPolicyNotFound", f"SSL policy '{policy}' not found")
    if not backend._certificate_exists(certificate_arn=certificate):
        raise ELBClientError("CertificateNotFound", f"Certificate '{certificate}' not found")
    found = _acm_certificate(backend, certificate)
    if found is not None and getattr(found, "status", "ISSUED") != "ISSUED":
        raise ELBClientError(
            "UnsupportedCertificate",
            f"The certificate '{certificate}' must have a fully-qualified domain name, a supported signature, and a supported key size.",
        )


def _acm_certificate(backend: ELBv2Backend, arn: str) -> Any:
    from moto.acm.models import acm_backends

    if ":acm:" not in arn:
        return None
    return acm_backends[backend.account_id][backend.region_name]._certificates.get(arn)


def _use_certificate(backend: ELBv2Backend, arn: Optional[str], listener_arn: str) -> None:
    found = _acm_certificate(backend, arn) if arn else None
    if found is not None and listener_arn not in found.in_use_by:
        found.in_use_by.append(listener_arn)


def _release_certificate(backend: ELBv2Backend, arn: str, listener_arn: str) -> None:
    # moto has a certificate in use for ever.
    found = _acm_certificate(backend, arn)
    if found is not None and listener_arn in found.in_use_by:
        found.in_use_by.remove(listener_arn)


def _conditions(given: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    # AWS shows path and host conditions in both of their forms.
    shown = []
    for condition in given:
        condition = dict(condition)
        config = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}.get(condition.get("Field", ""))
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
        raise ELBClientError("ValidationError", f"A rule can only have '{_MOST_VALUES}' condition values")


def _check_cidr(cidr: str) -> None:
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        raise ValidationError(f"The value '{cidr}' is not a valid CIDR block") from None
    if "/" not in cidr:
        raise ValidationError(f"The value '{cidr}' is not a valid CIDR block")


def _patch_rules() -> None:
    @around(ELBv2Backend, "create_rule")
    def _create(original: Any, self: ELBv2Backend, listener_arn: str, conditions: Any, priority: Any, actions: Any, tags: Any = None) -> Any:
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
        rule = original(self, listener_arn, conditions, priority, actions, tags)
        rule.conditions = _conditions(conditions)
        return rule

    @around(ELBv2Backend, "modify_rule")
    def _modify(original: Any, self: ELBv2Backend, rule_arn: str, conditions: Any, actions: Any) -> Any:
        _check_conditions(conditions)
        rule = self.describe_rules(listener_arn=None, rule_arns=[rule_arn])[0]
        # Without new actions the old ones stay, and need no look.
        kept = actions or [action.data for action in rule.actions]
        changed = original(self, rule_arn, conditions, kept)
        if conditions:
            changed.conditions = _conditions(conditions)
        return changed

    @around(ELBv2Backend, "describe_rules")
    def _describe(original: Any, self: ELBv2Backend, listener_arn: Any, rule_arns: Any) -> Any:
        # moto lists rules as they were made; AWS in the order they apply.
        found = original(self, listener_arn, rule_arns or None)
        return sorted(found, key=lambda rule: (rule.is_default, int(rule.priority) if not rule.is_default else 0))

    @around(ELBv2Backend, "delete_rule")
    def _delete(original: Any, self: ELBv2Backend, arn: str) -> Any:
        rule = self.describe_rules(listener_arn=None, rule_arns=[arn])[0]
        if rule.is_default:
            # moto fails with an internal error.
            raise ELBClientError("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")
        answer = original(self, arn)
        self.tagging_service.delete_all_tags_for_resource(arn)
        return answer


def _patch_tags() -> None:
    @around(ELBv2Backend, "_get_resource_by_arn")
    def _resource(original: Any, self: ELBv2Backend, arn: str) -> Any:
        # moto does not find default rules.
        if ":listener-rule" in arn:
            return self.describe_rules(listener_arn=None, rule_arns=[arn])[0]
        return original(self, arn)

    def add(self: ELBv2Backend, resource_arns: List[str], tags: List[Dict[str, str]]) -> None:
        # moto stops at 10 tags; AWS at 50.
        fresh = {tag["Key"] for tag in tags}
        for arn in resource_arns:
            self._get_resource_by_arn(arn)
            if len(fresh | set(self.tagging_service.get_tag_dict_for_resource(arn))) > _MOST_TAGS:
                raise TooManyTagsError()
        for arn in resource_arns:
            self.tagging_service.tag_resource(arn, tags)

    ELBv2Backend.add_tags = add

    @around(ELBv2Backend, "describe_tags")
    def _describe(original: Any, self: ELBv2Backend, resource_arns: List[str]) -> Any:
        # moto describes the tags of what does not exist, and of any number.
        if len(resource_arns) > _MOST_DESCRIBED:
            raise ValidationError(f"Cannot have more than {_MOST_DESCRIBED} resources described")
        for arn in resource_arns:
            self._get_resource_by_arn(arn)
        return original(self, resource_arns)

    @around(ELBV2Response, "describe_listeners")
    def _listeners(original: Any, self: Any) -> Any:
        # moto leaves out the listeners it does not find, if it finds one.
        wanted = self._get_param("ListenerArns", [])
        known = [a for b in self.elbv2_backend.load_balancers.values() for a in b.listeners]
        for arn in wanted:
            if arn not in known:
                raise ELBClientError("ListenerNotFound", f"Listener '{arn}' not found")
        return original(self)
