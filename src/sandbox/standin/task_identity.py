"""Whether a task's roles let it do what it must: trust, age, and the policies moto's IAM holds.

Only what ECS itself asks for a task is evaluated (assume the role, read a secret, write a log),
on identity policies without conditions.
"""

import json
import re
from typing import Any, Dict, Iterable, List, Optional
from urllib.parse import unquote

from .durations_tasks import duration
from .world import world


def find_role(account: str, arn_or_name: str) -> Optional[Any]:
    """moto's role of that ARN or name."""
    from moto.iam.models import iam_backends

    for role in iam_backends[account]["aws"].roles.values():
        if arn_or_name in (role.arn, role.name):
            return role
    return None


def assumable(account: str, arn: str, service: str = "ecs-tasks.amazonaws.com") -> bool:
    """Whether a service can assume the role now: it exists, trusts it, and is not too new."""
    role = find_role(account, arn)
    if role is None or not _trusts(role, service):
        return False
    created = getattr(role, "standin_created", None)
    return created is None or world(account).now() - created >= duration("role_propagation")


def permits(account: str, arn: str, action: str, resource: str) -> bool:
    """Whether the role's policies allow an action on a resource."""
    role = find_role(account, arn)
    if role is None:
        return False
    allowed = False
    for statement in _statements(role):
        if not _matches_action(statement, action) or not _matches_resource(statement, resource):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = allowed or statement.get("Effect") == "Allow"
    return allowed


def _trusts(role: Any, service: str) -> bool:
    for statement in _decoded(role.assume_role_policy_document):
        principal = statement.get("Principal", {})
        services = _listed(principal.get("Service") if isinstance(principal, dict) else principal)
        actions = [a.lower() for a in _listed(statement.get("Action"))]
        if statement.get("Effect") == "Allow" and service in services and "sts:assumerole" in actions:
            return True
    return False


def _statements(role: Any) -> Iterable[Dict[str, Any]]:
    for document in role.policies.values():
        yield from _decoded(document)
    for policy in role.managed_policies.values():
        yield from _decoded(policy.document)


def _decoded(document: Any) -> List[Dict[str, Any]]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            document = json.loads(unquote(document))
    statements = document.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _listed(value: Any) -> List[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _matches_action(statement: Dict[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_wild(p.lower(), action.lower()) for p in _listed(statement["NotAction"]))
    return any(_wild(p.lower(), action.lower()) for p in _listed(statement.get("Action")))


def _matches_resource(statement: Dict[str, Any], resource: str) -> bool:
    if "NotResource" in statement:
        return not any(_wild(p, resource) for p in _listed(statement["NotResource"]))
    return any(_wild(p, resource) for p in _listed(statement.get("Resource")))


def _wild(pattern: str, text: str) -> bool:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None
