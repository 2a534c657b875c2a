"""Listeners: ports, protocols, certificates; and the tags of everything that has an ARN."""

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

from ..durations import duration
from ..world import world
from .elb_rules import check_groups
from .wrapping import around

_MOST_TAGS = 50
_MOST_DESCRIBED = 20


def install() -> None:
    """Change moto's listeners and tags."""
    _patch_creation()
    _patch_changes()
    _patch_deletion()
    _patch_tags()


def _patch_creation() -> None:
    @around(ELBv2Backend, "create_listener")
    def _create(
        original: Any,
        self: ELBv2Backend,
        load_balancer_arn: str,
        protocol: str,
        port: Any,
        ssl_policy: Optional[str],
        certificate: Optional[str],
        actions: Any,
        **kwargs: Any,
    ) -> Any:
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
                raise DuplicateListenerError(
                    "A listener already exists on this port for this load balancer"
                )
        _check_new(self, port, protocol, ssl_policy, certificate)
        check_groups(self, balancer, actions)
        listener = original(
            self,
            load_balancer_arn,
            protocol,
            port,
            ssl_policy if protocol == "HTTPS" else None,
            certificate,
            actions,
            **kwargs,
        )
        listener.standin_asked = asked_text
        return listener

    initialise = FakeListener.__init__

    def with_attributes(self: Any, *args: Any, **kwargs: Any) -> None:
        initialise(self, *args, **kwargs)
        if self.protocol in ("HTTP", "HTTPS"):
            # moto's is an attribute of network load balancers.
            self.attributes = {"routing.http.response.server.enabled": "true"}

    FakeListener.__init__ = with_attributes


def _patch_changes() -> None:
    @around(ELBv2Backend, "modify_listener")
    def _modify(
        original: Any,
        self: ELBv2Backend,
        arn: str,
        port: Any = None,
        protocol: Any = None,
        ssl_policy: Any = None,
        certificates: Any = None,
        actions: Any = None,
    ) -> Any:
        listener = self.describe_listeners(None, [arn])[0]
        balancer = self.load_balancers[listener.load_balancer_arn]
        if port is not None and any(
            o.port == port and o.arn != arn for o in balancer.listeners.values()
        ):
            raise DuplicateListenerError(
                "A listener already exists on this port for this load balancer"
            )
        if actions:
            self._validate_actions([FakeAction(action) for action in actions])
            check_groups(self, balancer, actions)
        becomes = protocol or listener.protocol
        if becomes == "HTTPS":
            given = certificates[0]["CertificateArn"] if certificates else listener.certificate
            _check_tls(
                self, ssl_policy or listener.ssl_policy or "ELBSecurityPolicy-2016-08", given
            )
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


def _patch_deletion() -> None:
    @around(ELBv2Backend, "delete_listener")
    def _delete(original: Any, self: ELBv2Backend, listener_arn: str) -> Any:
        listener = original(self, listener_arn)
        for certificate in listener.certificates:
            _release_certificate(self, certificate, listener_arn)
        for arn in [listener_arn, *[rule.arn for rule in listener.rules.values()]]:
            self.tagging_service.delete_all_tags_for_resource(arn)
        return listener


def _check_new(
    backend: ELBv2Backend, port: Any, protocol: str, policy: Optional[str], certificate: Optional[str]
) -> None:
    if port is not None and not 1 <= int(port) <= 65535:
        raise ValidationError(f"Listener port '{port}' must be between '1-65535' inclusive")
    if protocol == "HTTPS":
        _check_tls(backend, policy, certificate)
    elif certificate:
        raise ValidationError("A certificate cannot be specified for HTTP listeners")


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
    # moto has a certificate in use for ever; ACM hears of it late.
    found = _acm_certificate(backend, arn)

    def let_go() -> None:
        listeners = [one for b in backend.load_balancers.values() for one in b.listeners.values()]
        taken_back = any(one.arn == listener_arn and one.certificate == arn for one in listeners)
        if found is not None and listener_arn in found.in_use_by and not taken_back:
            found.in_use_by.remove(listener_arn)

    if found is not None:
        world(backend.account_id).after(duration("acm_let_go"), let_go)


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
