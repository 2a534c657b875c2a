"""What a public resolver answers: the load balancers' names, and records of public zones."""

import ipaddress
from typing import Any, Iterator, List, Tuple

# A chain of names longer than this is a mistake.
_MOST_STEPS = 8


def resolve(account: str, name: str, steps: int = 0) -> List[str]:
    """The IPv4 addresses of a name; none means that there is no such name."""
    name = _plain(name)
    try:
        return [str(ipaddress.IPv4Address(name))]
    except ValueError:
        pass
    for backend, balancer in balancers(account):
        if _plain(balancer.dns_name) == name:
            return addresses(backend, balancer)
    found: List[str] = []
    for kind, values in _records(account, name) if steps < _MOST_STEPS else ():
        for value in values:
            found += [value] if kind == "A" else resolve(account, value, steps + 1)
    return list(dict.fromkeys(found))


def balancers(account: str) -> Iterator[Tuple[Any, Any]]:
    """Every load balancer of the account, with moto's backend."""
    from moto.elbv2.models import elbv2_backends

    if account in elbv2_backends.keys():
        for backend in list(elbv2_backends[account].values()):
            for balancer in list(backend.load_balancers.values()):
                yield backend, balancer


def addresses(backend: Any, balancer: Any) -> List[str]:
    """One address for each of its zones: public, or of its subnets where it is internal."""
    enis = backend.ec2_backend.enis
    own = [enis[eni_id] for eni_id in balancer.standin_enis.values() if eni_id in enis]
    internal = balancer.scheme == "internal"
    return [str(eni.private_ip_address if internal else eni.public_ip) for eni in own]


def _plain(name: str) -> str:
    name = str(name).lower().rstrip(".")
    # What the console and the SDK put before a load balancer's name.
    return name[len("dualstack.") :] if name.startswith("dualstack.") else name


def _records(account: str, name: str) -> Iterator[Tuple[str, List[str]]]:
    labels = name.split(".")
    wanted = [name] + [".".join(["\\052", *labels[cut:]]) for cut in range(1, len(labels))]
    zones = _zones_around(account, name)
    for one in wanted:
        found = [r for zone in zones for r in zone.rrsets if _plain(r.name) == one]
        for record in found:
            if record.alias_target:
                if str(record.type) == "A":
                    yield "alias", [str(record.alias_target["DNSName"])]
            elif str(record.type) in ("A", "CNAME"):
                yield str(record.type), [str(value) for value in record.records or []]
        if found:
            # A wildcard stands for names without records only.
            return


def _zones_around(account: str, name: str) -> List[Any]:
    from moto.route53.models import route53_backends

    if account not in route53_backends.keys():
        return []
    public = [z for z in route53_backends[account]["aws"].zones.values() if not z.private_zone]
    around = [z for z in public if name == _plain(z.name) or name.endswith("." + _plain(z.name))]
    # The nearest zone answers; two of one name are told apart by a delegation that nobody simulates.
    nearest = max((len(_plain(zone.name)) for zone in around), default=0)
    return [zone for zone in around if len(_plain(zone.name)) == nearest]
