"""EventBridge Scheduler: schedules that fire, on the account's simulated clock.

moto keeps schedules and never acts on them. A target is a state machine, or any call of the SDK
(``arn:aws:scheduler:::aws-sdk:ecs:updateService``), made as the schedule's role.
"""

import json
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Dict, Iterator, Optional
from zoneinfo import ZoneInfo

from moto.core.exceptions import JsonRESTError
from moto.core.resource_tagging import TaggedResource
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, ScheduleGroup, scheduler_backends

from .. import local_calls, task_identity
from ..durations_tasks import duration
from ..patches.wrapping import around
from ..world import world
from . import expressions
from .integrations import action_of, sdk_call

_PRINCIPAL = "scheduler.amazonaws.com"
_SDK = "arn:aws:scheduler:::aws-sdk:"


def install() -> None:
    """Change moto's schedules."""

    @around(EventBridgeSchedulerBackend, "create_schedule")
    def _create(original: Any, self: Any, **kwargs: Any) -> Any:
        _check(self, kwargs)
        group = self.schedule_groups.get(kwargs.get("group_name") or "default")
        # moto breaks where the group is not there.
        if group is None or getattr(group, "standin_deleting", False):
            raise ScheduleGroupNotFound(str(kwargs.get("group_name")))
        schedule = original(self, **kwargs)
        _arm(self, schedule)
        return schedule

    @around(EventBridgeSchedulerBackend, "create_schedule_group")
    def _create_group(original: Any, self: Any, name: str, tags: Any) -> Any:
        # moto makes another in its place.
        if name in self.schedule_groups:
            raise JsonRESTError("ConflictException", f"Schedule group {name} already exists.")
        return original(self, name=name, tags=tags or [])

    @around(EventBridgeSchedulerBackend, "delete_schedule_group")
    def _delete_group(original: Any, self: Any, name: Any) -> None:
        group = self.get_schedule_group(name)
        if not getattr(group, "standin_deleting", False):
            group.standin_deleting = True
            world(self.account_id).after(
                duration("schedule_group_delete"), lambda: self.schedule_groups.pop(group.name, None)
            )

    @around(ScheduleGroup, "to_dict")
    def _shown(original: Any, self: Any) -> Any:
        return {**original(self), **({"State": "DELETING"} if getattr(self, "standin_deleting", False) else {})}

    @around(EventBridgeSchedulerBackend, "update_schedule")
    def _update(original: Any, self: Any, **kwargs: Any) -> Any:
        _check(self, kwargs)
        schedule = original(self, **kwargs)
        _arm(self, schedule)
        return schedule


def _check(backend: Any, given: Dict[str, Any]) -> None:
    try:
        expressions.following(given["schedule_expression"], _moment(backend), _zone(given.get("schedule_expression_timezone")))
    except (ValueError, KeyError) as wrong:
        raise ValidationException(f"Invalid Schedule Expression {given['schedule_expression']}.") from wrong
    role = (given.get("target") or {}).get("RoleArn", "")
    if not task_identity.assumable(backend.account_id, role, _PRINCIPAL):
        raise ValidationException(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        )


def _moment(backend: Any) -> datetime:
    return datetime.fromtimestamp(world(backend.account_id).now(), timezone.utc)


def _zone(name: Optional[str]) -> tzinfo:
    # UTC is known even where the machine has no table of zones.
    return timezone.utc if name in (None, "", "UTC") else ZoneInfo(str(name))


def _arm(backend: Any, schedule: Any) -> None:
    # Each change makes what was planned before void.
    schedule.standin_turn = getattr(schedule, "standin_turn", 0) + 1
    _plan(backend, schedule, schedule.standin_turn, _moment(backend))


def _plan(backend: Any, schedule: Any, turn: int, since: datetime) -> None:
    zone = _zone(schedule.schedule_expression_timezone)
    first = getattr(schedule, "standin_first", None) or _date(schedule.start_date) or since
    schedule.standin_first = first
    due = expressions.following(schedule.schedule_expression, max(since, first - timedelta(seconds=1)), zone, first)
    end = _date(schedule.end_date)
    if due is None or end is not None and due > end:
        return
    wait = (due - _moment(backend)).total_seconds()
    world(backend.account_id).after(wait, lambda: _fire(backend, schedule, turn, due))


def _date(value: Any) -> Optional[datetime]:
    return None if value is None else datetime.fromtimestamp(float(value), timezone.utc)


def _fire(backend: Any, schedule: Any, turn: int, due: datetime) -> None:
    group = backend.schedule_groups.get(schedule.group_name)
    if group is None or group.schedules.get(schedule.name) is not schedule or schedule.standin_turn != turn:
        return
    if schedule.state == "ENABLED":
        _invoke(backend, schedule)
    if not schedule.schedule_expression.startswith("at("):
        _plan(backend, schedule, turn, due)
    elif schedule.action_after_completion == "DELETE":
        group.schedules.pop(schedule.name, None)


def _invoke(backend: Any, schedule: Any) -> None:
    target, account, region = schedule.target, backend.account_id, backend.region_name
    arn, role = str(target["Arn"]), str(target.get("RoleArn"))
    given = json.loads(target.get("Input") or "{}")
    if arn.startswith(_SDK):
        service, action = arn[len(_SDK) :].split(":")[:2]
    elif ":states:" in arn and ":stateMachine:" in arn:
        service, action = "sfn", "startExecution"
        given = {"StateMachineArn": arn, "Input": target.get("Input") or "{}"}
    else:
        raise NotImplementedError(f"schedules for {arn} are not simulated")
    call = sdk_call(service, action, given)
    if not task_identity.permits(account, role, *action_of(account, region, call)):
        # On AWS the failure ends in the dead-letter queue, or nowhere.
        return
    local_calls.call(account, region, call.service, call.operation, call.parameters)


def tagged(account: str, region: str) -> Iterator[TaggedResource]:
    """What the tagging API lists of schedules: their groups."""
    if account not in scheduler_backends.keys():
        return
    backend = scheduler_backends[account][region]
    for group in list(backend.schedule_groups.values()):
        tags = {tag["Key"]: tag["Value"] for tag in backend.list_tags_for_resource(group.arn)["Tags"]}
        yield TaggedResource(group.arn, tags, "scheduler:schedule-group")
