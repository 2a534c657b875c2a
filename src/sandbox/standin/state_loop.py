"""What a control plane on demand adds to an account's state: a machine, its rules and its timer.

Where nobody has called a service, nothing of it stands, and moto need not load it for the answer.
"""

import json
import sys
from typing import Any, Dict

from . import normal
from .asking import Asking

Tree = Dict[str, Any]


def _loaded(package: str) -> bool:
    return f"{__package__}.rare.{package}" in sys.modules


def machines(ask: Asking, names: normal.Names) -> Tree:
    """State machines."""
    found = []
    for one in ask.all("stepfunctions", "ListStateMachines", "stateMachines") if _loaded("stepfunctions") else []:
        arn = one["stateMachineArn"]
        whole = ask.one("stepfunctions", "DescribeStateMachine", stateMachineArn=arn)
        whole["tags"] = ask.one("stepfunctions", "ListTagsForResource", resourceArn=arn)["tags"]
        whole["definition"] = json.loads(whole["definition"])
        found.append(whole)
    return {"machines": found}


def rules(ask: Asking, names: normal.Names) -> Tree:
    """Rules of the default bus, with their targets."""
    found = ask.all("events", "ListRules", "Rules") if _loaded("events") else []
    for one in found:
        one["Tags"] = ask.one("events", "ListTagsForResource", ResourceARN=one["Arn"])["Tags"]
        one["Targets"] = ask.one("events", "ListTargetsByRule", Rule=one["Name"])["Targets"]
        one["EventPattern"] = json.loads(one.get("EventPattern") or "{}")
    return {"rules": found}


def schedules(ask: Asking, names: normal.Names) -> Tree:
    """Groups of schedules, and what is in them; when a timer is due depends on when it was set."""
    groups = ask.all("scheduler", "ListScheduleGroups", "ScheduleGroups") if _loaded("scheduler") else []
    groups = [one for one in groups if one["Name"] != "default"]
    for one in groups:
        one["Tags"] = ask.one("scheduler", "ListTagsForResource", ResourceArn=one["Arn"])["Tags"]
        listed = ask.all("scheduler", "ListSchedules", "Schedules", GroupName=one["Name"])
        one["Schedules"] = [
            {key: each.get(key) for key in ("Name", "State", "Target")} for each in listed
        ]
    return {"groups": groups}
