"""KMS keys as other services find them: whether there is one, and whether it lets itself be used.

moto's services take any text for a key, or look only whether there is one.
"""

import json
import re
from typing import Any, Dict, Iterator, List, Optional

_ARN = re.compile(r"^arn:aws[\w-]*:kms:([\w-]+):(\d{12}):(key|alias)/(.+)$")
# What CloudWatch Logs does with a key.
_OF_LOGS = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:GenerateDataKey", "kms:DescribeKey")
_GROUP = "kms:EncryptionContext:aws:logs:arn"


def find(account: str, region: str, reference: Optional[str]) -> Optional[Any]:
    """moto's key of an ARN, an id or an alias; None where there is none."""
    from moto.kms.models import kms_backends

    name = str(reference or "")
    found = _ARN.match(name)
    if found is not None:
        where, owner, kind, rest = found.groups()
        if where != region or owner != account and owner not in kms_backends.keys():
            return None
        account, name = owner, rest if kind == "key" else f"alias/{rest}"
    backend = kms_backends[account][region]
    if name.startswith("alias/"):
        name = str(backend.get_key_id_from_alias(name) or "")
    return backend.keys.get(name)


def usable(account: str, region: str, reference: Optional[str]) -> Optional[Any]:
    """The same, if something can be encrypted with it now."""
    key = find(account, region, reference)
    if key is None or key.key_state != "Enabled":
        return None
    return key if (key.key_usage or "ENCRYPT_DECRYPT") == "ENCRYPT_DECRYPT" and key.key_spec == "SYMMETRIC_DEFAULT" else None


def aws_managed(account: str, region: str, service: str) -> Any:
    """The key that AWS keeps for a service, made on first use."""
    from moto.kms.models import kms_backends

    backend = kms_backends[account][region]
    key = backend.keys[str(backend.get_key_id_from_alias(f"alias/aws/{service}"))]
    key.key_manager = "AWS"
    return key


def is_customers(key: Any) -> bool:
    """Whether a key is somebody's own, and not AWS's for a service."""
    return not any(name.startswith("alias/aws/") for name in key.aliases)


def admits_logs(key: Any, region: str, group: str) -> bool:
    """Whether the policy of a key lets CloudWatch Logs use it for the log group of that ARN."""
    service = f"logs.{region}.amazonaws.com"
    ours = [one for one in statements(key.policy) if _is_about(one, service) and _holds(one, group)]
    return all(any(_allows(one, action) for one in ours) for action in _OF_LOGS)


def statements(policy: str) -> List[Dict[str, Any]]:
    """The statements of a policy."""
    found = json.loads(policy).get("Statement", [])
    return found if isinstance(found, list) else [found]


def principals(statement: Dict[str, Any], sort: str) -> List[str]:
    """Whom of a sort (``AWS``, ``Service``) a statement is about; everybody is ``*``."""
    given = statement.get("Principal", {})
    return list(_listed(given if isinstance(given, str) else given.get(sort)))


def matches(pattern: str, text: str) -> bool:
    """Whether a text is of a pattern with ``*`` and ``?``."""
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, text) is not None


def allows(statement: Dict[str, Any], action: str) -> bool:
    """Whether a statement allows an action, to whomever."""
    return _allows(statement, action)


def _is_about(statement: Dict[str, Any], service: str) -> bool:
    return service in principals(statement, "Service") or "*" in principals(statement, "AWS")


def _allows(statement: Dict[str, Any], action: str) -> bool:
    actions = _listed(statement.get("Action"))
    return statement.get("Effect") == "Allow" and any(matches(one.lower(), action.lower()) for one in actions)


def _holds(statement: Dict[str, Any], group: str) -> bool:
    for operator, tests in (statement.get("Condition") or {}).items():
        like = operator in ("ArnLike", "ArnEquals", "StringLike")
        if not like and operator != "StringEquals":
            return False
        for name, values in tests.items():
            # Nothing else is in the context of such a call that a policy here would look at.
            if name != _GROUP:
                return False
            if not any(matches(one, group) if like else one == group for one in _listed(values)):
                return False
    return True


def _listed(value: Any) -> Iterator[str]:
    if value is None:
        return iter(())
    return iter([str(one) for one in value] if isinstance(value, list) else [str(value)])
