"""Targets of a target group: registration, health checks, draining.

moto calls every registered target healthy at once and forgets a deregistered one. Here a target
is ``initial`` until its checks have passed often enough, follows what its probe says, and drains
for the group's delay. A group that no listener uses checks nothing.
"""

import inspect
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

from moto.elbv2.exceptions import InvalidTargetError, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup, elbv2_backends

from ..durations import duration
from ..world import World
from ..world import world as world_of

# What a probe says: an HTTP status, None for no answer at all, or just yes and no.
Verdict = Union[int, bool, None]
Probe = Callable[..., Verdict]

_PROGRESS = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
_CHECKING = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
_NOT_IN_USE = (
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
_DRAINING = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
_NOT_REGISTERED = (
    "unused",
    "Target.NotRegistered",
    "Target is not registered to the target group",
)
_HEALTHY = ("healthy", None, None)

Shown = Tuple[str, Optional[str], Optional[str]]


class Target:
    """One address and port in a target group."""

    def __init__(
        self, target_id: str, port: int, az: Optional[str], probe: Optional[Probe]
    ) -> None:
        self.id, self.port, self.az, self.probe = target_id, port, az, probe
        self.shown: Shown = _NOT_IN_USE
        self.draining = False
        # What the checks say, since when (simulated), and how it would be shown.
        self.verdict: Optional[bool] = None
        self.verdict_since = 0.0
        self.failure: Shown = _HEALTHY


def register_target(
    world: World,
    account: str,
    region: str,
    tg_arn: str,
    ip: str,
    port: int,
    az: Optional[str] = None,
    probe: Optional[Probe] = None,
) -> None:
    """Register a target, as ECS does for a task.

    ``probe`` stands for the target's side of a health check: it is called with moto's target
    group (``health_check_path``, ``health_check_port``, ``matcher``), or without an argument if
    it takes none, and returns the HTTP status it answers with, None if it does not answer, or
    simply whether it is healthy. Without one the target passes. Raises TargetGroupNotFound.
    """
    group = elbv2_backends[account][region].target_groups.get(tg_arn)
    if group is None:
        raise TargetGroupNotFoundError()
    _watch(world, account)
    _targets(group)[(ip, int(port))] = Target(ip, int(port), az, probe)
    _group_tick(world, elbv2_backends[account][region], group)


def deregister_target(
    world: World, account: str, region: str, tg_arn: str, ip: str, port: int
) -> None:
    """Let a target drain and then go; an unknown target or group is fine."""
    group = elbv2_backends[account][region].target_groups.get(tg_arn)
    target = _targets(group).get((ip, int(port))) if group is not None else None
    if group is None or target is None or target.draining:
        return
    target.draining, target.shown = True, _DRAINING

    def gone() -> None:
        # The same address may have been registered anew meanwhile.
        if _targets(group).get((ip, int(port))) is target:
            del _targets(group)[(ip, int(port))]

    world.after(float(group.attributes.get("deregistration_delay.timeout_seconds", 300)), gone)


def target_state(account: str, region: str, tg_arn: str, ip: str, port: int) -> str:
    """The health of one target, by AWS's word for it; ``unused`` when it is not registered."""
    group = elbv2_backends[account][region].target_groups.get(tg_arn)
    target = _targets(group).get((ip, int(port))) if group is not None else None
    return target.shown[0] if target is not None else "unused"


def _targets(group: FakeTargetGroup) -> Dict[Tuple[str, int], Target]:
    found: Dict[Tuple[str, int], Target] = group.__dict__.setdefault("standin_targets", {})
    return found


def _watch(world: World, account: str) -> None:
    # Health follows from what others do, so it is looked at after every event of the world.
    if world.data.setdefault("elb.watched", False):
        return
    world.data["elb.watched"] = True

    def tick() -> None:
        for backend in list(elbv2_backends[account].values()):
            for group in list(backend.target_groups.values()):
                if group.__dict__.get("standin_targets"):
                    _group_tick(world, backend, group)

    world.watch(tick)


def _group_tick(world: World, backend: ELBv2Backend, group: FakeTargetGroup) -> None:
    balancers = list(balancers_using(backend, group.arn))
    active = any(balancer.state == "active" for balancer in balancers)
    for target in list(_targets(group).values()):
        if target.draining:
            continue
        if not balancers:
            target.shown, target.verdict = _NOT_IN_USE, None
        elif not active:
            target.shown, target.verdict = _PROGRESS, None
        else:
            _check(world, backend, group, target)


def balancers_using(backend: ELBv2Backend, tg_arn: str) -> Iterator[Any]:
    """Load balancers with a listener or rule that forwards to a target group."""
    for balancer in backend.load_balancers.values():
        rules = (
            rule for listener in balancer.listeners.values() for rule in listener.rules.values()
        )
        if any(
            tg_arn in backend._get_target_group_arns_from(a.data) for r in rules for a in r.actions
        ):
            yield balancer


def _check(world: World, backend: ELBv2Backend, group: FakeTargetGroup, target: Target) -> None:
    passing, failure = _ask(group, target)
    needed = float(group.health_check_interval_seconds) * int(
        group.healthy_threshold_count if passing else group.unhealthy_threshold_count
    )
    if target.verdict is None:
        target.shown = _CHECKING
        needed += duration("target_registration")
    if passing != target.verdict:
        target.verdict, target.verdict_since = passing, world.now()
        # The tick after this does the rest; the action itself has nothing to do.
        world.after(needed, lambda: None)
        target.__dict__["needed"] = needed
    target.failure = failure
    # A hair less than asked for, so that the wake-up itself is late enough.
    if world.now() - target.verdict_since >= target.__dict__["needed"] - 1e-3:
        target.shown = _HEALTHY if passing else failure


def _ask(group: FakeTargetGroup, target: Target) -> Tuple[bool, Shown]:
    if target.probe is None:
        return True, _HEALTHY
    verdict = target.probe(group) if inspect.signature(target.probe).parameters else target.probe()
    if verdict is None:
        return False, ("unhealthy", "Target.Timeout", "Request timed out")
    if isinstance(verdict, bool):
        return verdict, ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
    if matches(str(group.matcher.get("HttpCode", "200")), verdict):
        return True, _HEALTHY
    told = f"Health checks failed with these codes: [{verdict}]"
    return False, ("unhealthy", "Target.ResponseCodeMismatch", told)


def matches(matcher: str, code: int) -> bool:
    """Whether an HTTP status satisfies a matcher such as ``200,202`` or ``200-299``."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= code <= int(high or low):
            return True
    return False


def _described(
    group: FakeTargetGroup, target_id: str, port: int, shown: Shown, az: Optional[str]
) -> Any:
    status = FakeHealthStatus(target_id, str(port), _check_port(group, port), *shown)
    status.__dict__["standin_az"] = az
    return status


def _check_port(group: FakeTargetGroup, port: int) -> str:
    configured = str(group.health_check_port or "traffic-port")
    return str(port) if configured == "traffic-port" else configured


def install() -> None:
    """Put these targets in the place of moto's."""

    def register(self: FakeTargetGroup, targets: List[Dict[str, Any]]) -> None:
        here = world_of(self.account_id)
        for given in targets:
            port = int(given.get("Port") or self.port)
            az = given.get("AvailabilityZone")
            register_target(
                here, self.account_id, self.region_name, self.arn, given["Id"], port, az
            )

    def deregister(self: FakeTargetGroup, targets: List[Dict[str, Any]]) -> None:
        here = world_of(self.account_id)
        for given in targets:
            port = given.get("Port")
            keys = [k for k in _targets(self) if k[0] == given["Id"] and port in (None, k[1])]
            if not keys:
                raise InvalidTargetError()
            for ip, number in keys:
                deregister_target(here, self.account_id, self.region_name, self.arn, ip, number)

    def describe(self: ELBv2Backend, tg_arn: str, targets: List[Dict[str, Any]]) -> List[Any]:
        group = self.target_groups.get(tg_arn)
        if group is None:
            raise TargetGroupNotFoundError()
        world_of(self.account_id).advance()
        known = _targets(group)
        if not targets:
            return [_described(group, t.id, t.port, t.shown, t.az) for t in known.values()]
        answers = []
        for given in targets:
            port = int(given.get("Port") or group.port)
            target = known.get((given["Id"], port))
            shown = target.shown if target else _NOT_REGISTERED
            answers.append(
                _described(group, given["Id"], port, shown, target.az if target else None)
            )
        return answers

    FakeTargetGroup.register = register
    FakeTargetGroup.deregister = deregister
    ELBv2Backend.describe_target_health = describe
    FakeHealthStatus.target = property(_target_dict)


def _target_dict(self: FakeHealthStatus) -> Dict[str, Any]:
    shown: Dict[str, Any] = {"Id": self.instance_id, "Port": int(self.port)}
    if self.__dict__.get("standin_az"):
        shown["AvailabilityZone"] = self.__dict__["standin_az"]
    return shown
