"""IAM: roles that nobody can assume for a while after they were made, and documents that are read.

moto's roles work at once, and it takes any text for a trust policy.
"""

import json
import re
from typing import Any, List

from moto.core.exceptions import ServiceException
from moto.iam.exceptions import EntityAlreadyExists, MalformedPolicyDocument
from moto.iam.models import IAMBackend
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from ..world import world
from .wrapping import around

_NAME = re.compile(r"^[\w+=,.@-]{1,64}$")
_SERVICE = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$")


def install() -> None:
    """Change moto's roles."""

    @around(IAMBackend, "create_role")
    def _create(
        original: Any, self: Any, role_name: str, assume_role_policy_document: str, *args: Any, **kwargs: Any
    ) -> Any:
        if not _NAME.match(role_name):
            raise ServiceException(
                "ValidationError",
                f"1 validation error detected: Value at 'roleName' failed to satisfy constraint: {role_name}",
            )
        _check_trust(assume_role_policy_document)
        # Names are unique without regard to case; moto regards it.
        if any(role.name.lower() == role_name.lower() for role in self.get_roles()):
            raise EntityAlreadyExists(f"Role with name {role_name} already exists.")
        role = original(self, role_name, assume_role_policy_document, *args, **kwargs)
        role.standin_created = world(self.account_id).now()
        return role

    @around(IAMBackend, "update_assume_role_policy")
    def _update_trust(original: Any, self: Any, role_name: str, policy_document: str) -> None:
        _check_trust(policy_document)
        original(self, role_name, policy_document)


def _check_trust(document: str) -> None:
    try:
        statements = json.loads(document).get("Statement")
    except (ValueError, AttributeError) as wrong:
        raise MalformedPolicyDocument("This policy contains invalid Json") from wrong
    IAMTrustPolicyDocumentValidator(document).validate()
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        if principal is None and "NotPrincipal" not in statement:
            raise MalformedPolicyDocument("Missing required field Principal")
        for service in _services(principal):
            if not _SERVICE.match(service):
                raise MalformedPolicyDocument(f'Invalid principal in policy: "SERVICE":"{service}"')


def _services(principal: Any) -> List[str]:
    found = principal.get("Service", []) if isinstance(principal, dict) else []
    return [found] if isinstance(found, str) else list(found)
