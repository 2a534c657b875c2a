"""Certificates of the simulated Internet: one authority, what ACM issues from it, what listeners show.

Loaded with ``rare.acm`` or by the first handshake, because ``cryptography`` takes its time.
"""

import datetime
import os
import ssl
import tempfile
from typing import Any, Iterable, Optional, Tuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.acm.models import AWS_ROOT_CA, acm_backends

# ACM's public certificates are valid for that many seconds: 198 days.
VALIDITY = 198 * 86400.0
_AUTHORITY_DAYS = 3650

# The authority's.
NAME = "kongstack sandbox authority"

_authority: Optional[Tuple[ec.EllipticCurvePrivateKey, x509.Certificate]] = None


def authority() -> str:
    """The PEM of the certificate authority; one for all accounts, made when it is first needed."""
    return _pem(_own()[1]).decode("ascii")


def issue(public_key: Any, names: Iterable[str], seconds: float = VALIDITY) -> bytes:
    """A certificate of the authority as PEM, valid from a moment ago; for less than nothing: expired."""
    key, issuer = _own()
    names, now = list(names), _now()
    begun = now - datetime.timedelta(seconds=3600 if seconds > 0 else VALIDITY)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])]))
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun)
        .not_valid_after(now + datetime.timedelta(seconds=seconds))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pem(made)


def context_of(backend: Any, listener: Any) -> Optional[ssl.SSLContext]:
    """The server's side of TLS with the listener's certificate; None when that is gone."""
    bundle = _bundle(backend, str(listener.certificate or ""))
    if bundle is None:
        raise ValueError("the listener's certificate is gone")
    known = bundle.__dict__.get("standin_tls")
    if known is None or known[0] != bundle.cert:
        known = bundle.__dict__["standin_tls"] = (bundle.cert, _context(bundle))
    context: ssl.SSLContext = known[1]
    return context


def _own() -> Tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    global _authority
    if _authority is None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_now() - datetime.timedelta(days=1))
            .not_valid_after(_now() + datetime.timedelta(days=_AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _authority = (key, made)
    return _authority


def _bundle(backend: Any, arn: str) -> Optional[Any]:
    account = backend.account_id
    if account not in acm_backends.keys():
        return None
    return acm_backends[account][backend.region_name]._certificates.get(arn)


def _context(bundle: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    # moto ends every chain with a root that no server shows.
    chain = bundle.chain.replace(AWS_ROOT_CA, b"").strip()
    shown = bundle.cert.strip() + b"\n" + (chain + b"\n" if chain and not _is_root(chain) else b"")
    # OpenSSL reads files only; it is gone before anybody connects.
    handle, path = tempfile.mkstemp(prefix="standin-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(shown + bundle.key.strip() + b"\n")
        context.load_cert_chain(path)
    finally:
        os.remove(path)
    return context


def _is_root(chain: bytes) -> bool:
    return chain.strip() == _pem(_own()[1]).strip()


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _now() -> datetime.datetime:
    # Clients compare with the real time, which simulated time runs ahead of.
    return datetime.datetime.now(datetime.timezone.utc)
