"""Secrets Manager: names that stay taken while a deletion waits, secrets that belong to a service, keys to be had."""

import json
import time
import uuid
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.exceptions import InvalidRequestException, SecretNotFoundException
from moto.secretsmanager.models import SecretsManagerBackend
from moto.secretsmanager.responses import SecretsManagerResponse

from .. import kms_keys
from .wrapping import around

_ENCRYPT = "Secrets Manager can't encrypt the protected secret text using the provided KMS key."
_DECRYPT = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
_MARKED = "You can't perform this operation on the secret because it was marked for deletion."


def install() -> None:
    """Change moto's secrets."""

    @around(SecretsManagerBackend, "create_secret")
    def _create(original: Any, self: Any, name: str, *args: Any, **kwargs: Any) -> str:
        # moto says that the secret exists, which sends a caller to adopt it.
        if name in self.secrets and self.secrets[name].is_deleted():
            raise InvalidRequestException(
                "You can't create this secret because a secret with this name is already scheduled for deletion."
            )
        _check_key(self, kwargs)
        return str(original(self, name, *args, **kwargs))

    @around(SecretsManagerBackend, "update_secret")
    def _update(original: Any, self: Any, secret_id: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("kms_key_id") is not None and secret_id in self.secrets:
            # What has a stage is encrypted anew, which takes both keys.
            _decrypts(self, self.secrets[secret_id])
            _check_key(self, kwargs)
        return original(self, secret_id, *args, **kwargs)

    @around(SecretsManagerBackend, "get_secret_value")
    def _get(original: Any, self: Any, secret_id: str, *args: Any, **kwargs: Any) -> Any:
        if secret_id in self.secrets and not self.secrets[secret_id].is_deleted():
            _decrypts(self, self.secrets[secret_id])
        return original(self, secret_id, *args, **kwargs)

    for name in ("update_secret", "put_secret_value", "tag_resource", "untag_resource", "get_secret_value"):
        _refuse_when_marked(name)
    for name in ("delete_secret", "put_secret_value", "update_secret"):
        _refuse_when_managed(name)

    @around(SecretsManagerBackend, "rotate_secret")
    def _rotate(original: Any, self: Any, secret_id: str, *args: Any, **kwargs: Any) -> Any:
        answer = original(self, secret_id, *args, **kwargs)
        secret = self.secrets[secret_id]
        # To the second in moto, which a task that was made before in the same second has no part of.
        secret.last_rotation_date = time.time()
        # What RDS made it rotates itself, at once; moto leaves the new version without a value.
        if secret.name.startswith("rds!"):
            fresh = secret.versions[secret.default_version_id]
            before = next(v for v in secret.versions.values() if "secret_string" in v)
            pair = {**json.loads(before["secret_string"]), "password": uuid.uuid4().hex}
            fresh["secret_string"] = json.dumps(pair)
        return answer

    @around(SecretsManagerBackend, "update_secret_version_stage")
    def _move(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = original(self, *args, **kwargs)
        # moto moves the stage, and goes on giving out the value of the version that had it.
        secret = self.secrets[kwargs.get("secret_id") or args[0]]
        current = (v for v, version in secret.versions.items() if "AWSCURRENT" in version["version_stages"])
        secret.set_default_version_id(next(current, None))
        return answer

    @around(SecretsManagerBackend, "iter_tagged_resources")
    def _tagged(original: Any, self: Any) -> Any:
        # A secret that waits for its deletion is no longer listed.
        marked = {secret.arn for secret in self.secrets.values() if secret.is_deleted()}
        return (resource for resource in original(self) if resource.arn not in marked)


def _check_key(backend: Any, given: Any) -> None:
    # moto takes any text for a key.
    if given.get("kms_key_id") == "":
        given["kms_key_id"] = backend.DEFAULT_KMS_KEY_ALIAS
    reference = given.get("kms_key_id")
    if reference and kms_keys.usable(backend.account_id, backend.region_name, reference) is None:
        raise JsonRESTError("EncryptionFailure", _ENCRYPT)


def _decrypts(backend: Any, secret: Any) -> None:
    reference = secret.kms_key_id
    if reference and kms_keys.usable(backend.account_id, backend.region_name, reference) is None:
        raise JsonRESTError("DecryptionFailure", _DECRYPT)


def _refuse_when_marked(name: str) -> None:
    @around(SecretsManagerBackend, name)
    def _checked(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        secret_id = kwargs.get("secret_id") or kwargs.get("arn") or (args[0] if args else None)
        if secret_id not in self.secrets:
            raise SecretNotFoundException()
        if self.secrets[secret_id].is_deleted():
            raise InvalidRequestException(_MARKED)
        return original(self, *args, **kwargs)


def _refuse_when_managed(name: str) -> None:
    # What RDS made for a database only RDS changes; moto lets everybody.
    @around(SecretsManagerResponse, name)
    def _checked(original: Any, self: Any) -> Any:
        secret_id = str(self._get_param("SecretId"))
        if secret_id.startswith("rds!") or ":secret:rds!" in secret_id:
            raise InvalidRequestException("You can't perform this operation on a secret that is managed by rds.")
        return original(self)
