"""ACM: a certificate is issued once its DNS records stand in a public zone, and some time after.

moto issues after a fixed wait, whoever owns the domain, has one validation record for all, and
deletes a certificate that is in use.
"""

import hashlib
from typing import Any, Dict, List

from moto.acm.models import AWSCertificateManagerBackend, CertBundle, acm_backends
from moto.core.exceptions import AWSError
from moto.route53.models import route53_backends

from ..durations_tasks import duration
from ..edge import certificates
from ..patches.wrapping import around
from ..world import World, world

_PENDING = "PENDING_VALIDATION"
# ACM gives up after three days.
_PATIENCE = 72 * 3600
# Shown of a certificate only when there is one.
_ONCE_ISSUED = ("IssuedAt", "NotBefore", "NotAfter", "Serial")


def install() -> None:
    """Change moto's certificates."""
    CertBundle.check = lambda self: None  # type: ignore[method-assign]
    _patch_deletion()

    @around(AWSCertificateManagerBackend, "request_certificate")
    def _request(original: Any, self: Any, *args: Any, **kwargs: Any) -> str:
        token = kwargs.get("idempotency_token") or (args[1] if len(args) > 1 else None)
        known = self._get_arn_from_idempotency_token(token) if token else None
        if known and known not in self._certificates:
            # Within its hour a token leads to what it made, which may have been deleted.
            return str(known)
        arn = str(original(self, *args, **kwargs))
        bundle, here = self._certificates[arn], world(self.account_id)
        if bundle.type == "AMAZON_ISSUED" and not hasattr(bundle, "standin_requested"):
            bundle.standin_account, bundle.standin_requested = self.account_id, here.now()
            here.after(_PATIENCE, lambda: _give_up(bundle))
            _watch(here)
        return arn

    @around(CertBundle, "describe")
    def _describe(original: Any, self: Any) -> Dict[str, Any]:
        shown: Dict[str, Any] = original(self)
        account = getattr(self, "standin_account", None)
        if account is None:
            return shown
        certificate = shown["Certificate"]
        if self.status not in ("ISSUED", "EXPIRED"):
            for key in _ONCE_ISSUED:
                certificate.pop(key, None)
        # The records are made a moment after the request.
        ready = world(account).now() - self.standin_requested >= duration("acm_records")
        for option in certificate["DomainValidationOptions"]:
            option.pop("ResourceRecord", None)
            if ready:
                option["ResourceRecord"] = _record(account, option["DomainName"])
        return shown


def _patch_deletion() -> None:
    @around(AWSCertificateManagerBackend, "delete_certificate")
    def _delete(original: Any, self: Any, arn: str) -> None:
        bundle = self._certificates.get(arn)
        if bundle is not None and bundle.in_use_by:
            raise ResourceInUse(f"Certificate {arn} in account {self.account_id} is in use.")
        original(self, arn)


class ResourceInUse(AWSError):
    """A listener has it."""

    TYPE = "ResourceInUseException"


def _record(account: str, domain: str) -> Dict[str, str]:
    # The same domain has the same record in each certificate of an account.
    bare = domain[2:] if domain.startswith("*.") else domain
    mark = hashlib.sha256(f"{account} {bare}".encode()).hexdigest()
    return {
        "Name": f"_{mark[:32]}.{bare}.",
        "Type": "CNAME",
        "Value": f"_{mark[32:]}.acm-validations.aws.",
    }


def _watch(here: World) -> None:
    if not here.data.get("acm-watched"):
        here.data["acm-watched"] = True
        here.watch(lambda: _look(here))


def _look(here: World) -> None:
    if here.account_id not in acm_backends.keys():
        return
    for backend in list(acm_backends[here.account_id].values()):
        for bundle in list(backend._certificates.values()):
            waits = bundle.status == _PENDING and hasattr(bundle, "standin_requested")
            if waits and not hasattr(bundle, "standin_found") and _validated(here.account_id, bundle):
                bundle.standin_found = True
                here.after(duration("acm_validation"), lambda bundle=bundle: _issue(bundle))


def _validated(account: str, bundle: Any) -> bool:
    standing = _standing(account)
    records = [_record(account, name) for name in bundle.sans or [bundle.common_name]]
    return all((r["Name"], r["Value"].rstrip(".")) in standing for r in records)


def _standing(account: str) -> List[Any]:
    if account not in route53_backends.keys():
        return []
    zones = route53_backends[account]["aws"].zones.values()
    return [
        (record.name.lower(), str(value).rstrip("."))
        for zone in zones
        if not zone.private_zone
        for record in zone.rrsets
        if str(record.type) == "CNAME"
        for value in record.records or []
    ]


def _issue(bundle: Any) -> None:
    if bundle.status == _PENDING:
        sign(bundle)
        bundle.status = "ISSUED"


def sign(bundle: Any, seconds: float = certificates.VALIDITY) -> None:
    """Give a certificate new dates, and an authority that clients can be told of."""
    from cryptography.x509 import load_pem_x509_certificate

    bundle.cert = certificates.issue(bundle._key.public_key(), bundle.sans or [bundle.common_name], seconds)
    bundle._cert = load_pem_x509_certificate(bundle.cert)
    bundle.chain = certificates.authority().encode("ascii")
    bundle.issuer_common_name = certificates.NAME


def _give_up(bundle: Any) -> None:
    if bundle.status == _PENDING:
        bundle.status = "VALIDATION_TIMED_OUT"
