"""KMS: keys that are disabled or wait for their deletion, and policies that somebody can still change.

moto takes every call in every state, keeps a key for ever, and takes any text for a policy.
"""

import datetime
import json
from typing import Any, Dict, Optional

from moto.core.exceptions import JsonRESTError
from moto.kms import responses
from moto.kms.exceptions import ValidationException
from moto.kms.models import KmsBackend
from moto.kms.responses import KmsResponse

from .. import kms_keys
from ..patches.wrapping import around
from ..world import world

# "Key states of AWS KMS keys": what is refused of a key that waits for its deletion, and of a disabled one.
_NOT_WHILE_PENDING = (
    "create_alias", "update_alias", "disable_key", "disable_key_rotation", "enable_key", "enable_key_rotation",
    "encrypt", "generate_data_key", "schedule_key_deletion", "tag_resource", "untag_resource", "update_key_description",
)  # fmt: skip
_NOT_WHILE_DISABLED = ("disable_key_rotation", "enable_key_rotation", "encrypt", "generate_data_key")
_DAY = 86400.0


def install() -> None:
    """Change moto's keys."""
    for name in sorted({*_NOT_WHILE_PENDING, *_NOT_WHILE_DISABLED, "cancel_key_deletion"}):
        _check_state(name)
    for name in ("enable_key", "disable_key", "cancel_key_deletion", "schedule_key_deletion"):
        _by_id(name)
    _delete()

    @around(responses, "_assert_default_policy")
    def _named(original: Any, name: Optional[str]) -> None:
        # Since 2024 it need not be named: there is no other.
        original(name or "default")

    @around(KmsResponse, "create_key")
    def _create(original: Any, self: Any) -> Any:
        if self._get_param("Policy") is not None:
            _check_policy(self._get_param("Policy"), self.current_account)
        return original(self)

    @around(KmsResponse, "put_key_policy")
    def _put_policy(original: Any, self: Any) -> Any:
        _check_policy(self._get_param("Policy"), self.current_account)
        return original(self)

    @around(KmsResponse, "get_key_rotation_status")
    def _rotation(original: Any, self: Any) -> str:
        answer, key = json.loads(original(self)), _key(self)
        answer["KeyId"] = key.arn
        if key.key_state == "PendingDeletion":
            # It turns again when the deletion is cancelled.
            answer["KeyRotationEnabled"] = False
        if answer["KeyRotationEnabled"]:
            answer["RotationPeriodInDays"] = 365
        return json.dumps(answer)


def _key(response: Any) -> Any:
    reference = response._get_param("KeyId") or response._get_param("TargetKeyId")
    return kms_keys.find(response.current_account, response.region, reference)


def _invalid(key: Any, what: str) -> JsonRESTError:
    return JsonRESTError("KMSInvalidStateException", f"{key.arn} is {what}.")


def _check_state(name: str) -> None:
    @around(KmsResponse, name)
    def _checked(original: Any, self: Any) -> Any:
        key = _key(self)
        pending = key is not None and key.key_state == "PendingDeletion"
        if pending and name in _NOT_WHILE_PENDING:
            raise _invalid(key, "pending deletion")
        if key is not None and not pending and name == "cancel_key_deletion":
            raise _invalid(key, "not pending deletion")
        if key is not None and key.key_state == "Disabled" and name in _NOT_WHILE_DISABLED:
            raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
        answer = original(self)
        # moto gives back what it was given; KMS gives the ARN.
        return json.dumps({"KeyId": key.arn}) if name == "cancel_key_deletion" else answer


def _by_id(name: str) -> None:
    # moto looks for an ARN among its ids.
    @around(KmsBackend, name)
    def _called(original: Any, self: Any, key_id: str, *args: Any) -> Any:
        return original(self, self.get_key_id(key_id), *args)


def _delete() -> None:
    @around(KmsResponse, "schedule_key_deletion")
    def _schedule(original: Any, self: Any) -> str:
        given = self._get_param("PendingWindowInDays")
        days = 30 if given is None else int(given)
        if not 7 <= days <= 30:
            raise ValidationException(
                f"1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint:"
                " Member must have value between 7 and 30"
            )
        original(self)
        key, backend = _key(self), self.kms_backend
        here = world(self.current_account)
        due = here.now() + days * _DAY
        key.deletion_date = datetime.datetime.fromtimestamp(due, datetime.timezone.utc).replace(tzinfo=None)
        date = key.deletion_date
        here.after(days * _DAY, lambda: _vanish(backend, key, date))
        return json.dumps({
            "KeyId": key.arn, "DeletionDate": due, "KeyState": "PendingDeletion", "PendingWindowInDays": days,
        })  # fmt: skip


def _vanish(backend: Any, key: Any, date: Any) -> None:
    # Unless it was cancelled, or cancelled and scheduled anew.
    if key.key_state == "PendingDeletion" and key.deletion_date == date:
        backend.delete_key(key.id)


def _check_policy(policy: Optional[str], account: str) -> None:
    try:
        found = kms_keys.statements(str(policy))
    except (ValueError, AttributeError):
        raise _malformed("The new key policy is not valid JSON.") from None
    if not all("Principal" in one for one in found):
        raise _malformed("Policy contains a statement without a principal.")
    if not any(_is_openhanded(one, account) for one in found):
        raise _malformed("The new key policy will not allow you to update the key policy in the future.")


def _is_openhanded(statement: Dict[str, Any], account: str) -> bool:
    whom = [one for one in kms_keys.principals(statement, "AWS") if one == "*" or account in one]
    return bool(whom) and kms_keys.allows(statement, "kms:PutKeyPolicy")


def _malformed(message: str) -> JsonRESTError:
    return JsonRESTError("MalformedPolicyDocumentException", message)
