"""EventBridge: rules that start state machines, the events that ECS sends, and rules in the tagging API.

moto knows when a rule matches, and hands events to few targets; a state machine is not among them.
Of AWS's own events there are those of tasks. What moto tells the tagging API are event buses only.
"""

import json
from datetime import datetime, timezone
from typing import Any, Dict, Iterator

from moto.core.resource_tagging import TaggedResource
from moto.events.models import Rule, events_backends

from .. import task_identity
from ..durations_tasks import duration
from ..patches.wrapping import around
from ..world import world

_PRINCIPAL = "events.amazonaws.com"


def install() -> None:
    """Change what moto's rules do."""

    @around(Rule, "send_to_targets")
    def _send(original: Any, self: Any, original_event: Any, *args: Any, **kwargs: Any) -> Any:
        machines = [target for target in self.targets if ":stateMachine:" in target["Arn"]]
        if self.state == "ENABLED" and machines and self.event_pattern.matches_event(original_event):
            for target in machines:
                _deliver(self, target, original_event)
        if len(machines) < len(self.targets):
            original(self, original_event, *args, **kwargs)


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
    event = {
        "version": "0",
        "account": account,
        "region": region,
        "source": source,
        "detail-type": kind,
        "time": datetime.fromtimestamp(world(account).now(), timezone.utc).isoformat(),
        "resources": resources,
        "detail": detail,
    }
    for rule in list(events_backends[account][region].event_buses["default"].rules.values()):
        rule.send_to_targets(event)


def tagged(account: str, region: str) -> Iterator[TaggedResource]:
    """What the tagging API lists of rules."""
    if account not in events_backends.keys():
        return
    backend = events_backends[account][region]
    for bus in list(backend.event_buses.values()):
        for rule in list(bus.rules.values()):
            yield TaggedResource(rule.arn, backend.tagger.get_tag_dict_for_resource(rule.arn), "events:rule")
