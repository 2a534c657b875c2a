"""EventBridge: rules that start state machines, by events or by the clock, and rules in the tagging API.

moto knows when a rule matches, and hands events to few targets; a state machine is not among them.
It keeps schedules of rules and never fires them. Of AWS's own events there are those of tasks. What
moto tells the tagging API are event buses only.
"""

import json
from datetime import datetime, timezone
from typing import Any, Dict, Iterator

from moto.core.resource_tagging import TaggedResource
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule, events_backends

from .. import task_identity
from ..durations_tasks import duration
from ..patches.wrapping import around
from ..world import world
from . import expressions

_PRINCIPAL = "events.amazonaws.com"


def install() -> None:
    """Change what moto's rules do."""

    @around(Rule, "send_to_targets")
    def _send(original: Any, self: Any, original_event: Any, *args: Any, **kwargs: Any) -> Any:
        if not self.event_pattern.get_pattern():
            # One that fires by the clock alone, which moto takes for one that matches everything.
            return
        machines = [target for target in self.targets if ":stateMachine:" in target["Arn"]]
        if self.state == "ENABLED" and machines and self.event_pattern.matches_event(original_event):
            for target in machines:
                _deliver(self, target, original_event)
        if len(machines) < len(self.targets):
            original(self, original_event, *args, **kwargs)

    @around(EventsBackend, "put_rule")
    def _put(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        expression, now = kwargs.get("scheduled_expression"), _moment(self.account_id)
        if expression:
            try:
                expressions.following(expression, now, timezone.utc)
            except (ValueError, KeyError) as wrong:
                raise ValidationException("Parameter ScheduleExpression is not valid.") from wrong
        rule = original(self, *args, **kwargs)
        if expression:
            _plan(self, rule, now, now)
        return rule


def _moment(account: str) -> datetime:
    return datetime.fromtimestamp(world(account).now(), timezone.utc)


def _plan(backend: Any, rule: Any, first: datetime, since: datetime) -> None:
    due = expressions.following(rule.scheduled_expression, since, timezone.utc, first)
    if due is not None:
        wait = due.timestamp() - world(rule.account_id).now()
        world(rule.account_id).after(wait, lambda: _fire(backend, rule, first, due))


def _fire(backend: Any, rule: Any, first: datetime, due: datetime) -> None:
    # A change of the rule has made another of it.
    if backend.event_buses["default"].rules.get(rule.name) is not rule:
        return
    event = _event(rule.account_id, rule.region_name, "aws.events", "Scheduled Event", {}, [rule.arn])
    event["time"] = due.strftime("%Y-%m-%dT%H:%M:%SZ")
    for target in rule.targets if rule.state == "ENABLED" else []:
        if ":stateMachine:" in target["Arn"]:
            _deliver(rule, target, event)
    _plan(backend, rule, first, due)


def _deliver(rule: Any, target: Dict[str, Any], event: Any) -> None:
    account, region = rule.account_id, rule.region_name
    given = target.get("Input") or json.dumps(event, default=str)

    def start() -> None:
        from . import stepfunctions

        role, machine = str(target.get("RoleArn")), str(target["Arn"])
        known = task_identity.assumable(account, role, _PRINCIPAL)
        # On AWS the failure counts as one of the rule's, and is tried again for a day.
        if known and task_identity.permits(account, role, "states:StartExecution", machine):
            stepfunctions.start(account, region, machine, given)
        else:
            from . import cloudwatch_alarms

            cloudwatch_alarms.counted(account, region, "FailedInvocations", "RuleName", rule.name)

    world(account).after(duration("event_delivery"), start)


def of_task(task: Any) -> None:
    """Send what ECS sends when a task has changed its state."""
    detail = {
        "clusterArn": task.cluster_arn,
        "taskArn": task.arn,
        "taskDefinitionArn": task.definition.arn,
        "group": task.group,
        "startedBy": task.started_by,
        "lastStatus": task.last_status,
        "desiredStatus": task.desired_status,
        "launchType": task.launch_type,
    }
    send(task.account, task.region, "aws.ecs", "ECS Task State Change", detail, [task.arn])


def send(account: str, region: str, source: str, kind: str, detail: Any, resources: Any) -> None:
    """Put an event of AWS's own on the account's default bus."""
    if account not in events_backends.keys():
        return
    event = _event(account, region, source, kind, detail, resources)
    for rule in list(events_backends[account][region].event_buses["default"].rules.values()):
        rule.send_to_targets(event)


def _event(account: str, region: str, source: str, kind: str, detail: Any, resources: Any) -> Dict[str, Any]:
    return {
        "version": "0",
        "account": account,
        "region": region,
        "source": source,
        "detail-type": kind,
        "time": _moment(account).isoformat(),
        "resources": resources,
        "detail": detail,
    }


def tagged(account: str, region: str) -> Iterator[TaggedResource]:
    """What the tagging API lists of rules."""
    if account not in events_backends.keys():
        return
    backend = events_backends[account][region]
    for bus in list(backend.event_buses.values()):
        for rule in list(bus.rules.values()):
            yield TaggedResource(rule.arn, backend.tagger.get_tag_dict_for_resource(rule.arn), "events:rule")
