"""CloudWatch Logs: retention only of the lengths there are, tags that go with their group, protected groups, and keys.

When a group was made is told in simulated time.
"""

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from .. import kms_keys
from ..world import world
from .paging import page_size
from .wrapping import around

_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def install() -> None:
    """Change moto's log groups."""

    @around(LogsBackend, "put_retention_policy")
    def _put_retention(original: Any, self: Any, log_group_name: str, retention_in_days: Any) -> None:
        # moto keeps any number of days.
        if int(retention_in_days) not in _RETENTIONS:
            raise InvalidParameterException(
                constraint=f"Member must satisfy enum value set: [{', '.join(map(str, _RETENTIONS))}]",
                parameter="retentionInDays",
                value=retention_in_days,
            )
        original(self, log_group_name, int(retention_in_days))

    @around(LogsBackend, "delete_log_group")
    def _delete(original: Any, self: Any, log_group_name: str) -> None:
        # moto keeps the tags, and gives them to a later group of that name.
        group = self.groups.get(log_group_name)
        if getattr(group, "standin_protected", False):
            raise JsonRESTError("ValidationException", "The log group is protected against deletion.")
        original(self, log_group_name)
        if group is not None:
            self.tagger.delete_all_tags_for_resource(group.arn)

    @around(LogGroup, "__init__")
    def _init(original: Any, self: Any, account_id: str, *args: Any, **kwargs: Any) -> None:
        original(self, account_id, *args, **kwargs)
        self.standin_created = int(world(account_id).now() * 1000)

    _protect()
    _encrypt()
    for name in ("list_tags_for_resource", "tag_resource", "untag_resource"):
        _check_arn(name)

    @around(LogsBackend, "filter_log_events")
    def _filter(
        original: Any, self: Any, group: str, streams: Any, start: Any, end: Any, limit: Any, token: Any,
        pattern: Any, interleaved: Any,
    ) -> Any:  # fmt: skip
        # moto goes through one stream after another; AWS orders the events of all streams by time.
        limit = page_size(self.account_id, limit, 10000)
        return original(self, group, streams, start, end, limit, token, pattern, True)

    @around(LogsBackend, "describe_log_groups")
    def _list(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["limit"] = page_size(self.account_id, kwargs.get("limit"), 50)
        return original(self, *args, **kwargs)


def _protect() -> None:
    # moto knows no protection of log groups.
    def put(self: Any) -> str:
        named = str(self._get_param("logGroupIdentifier"))
        groups = self.logs_backend.groups
        group = groups.get(named) or next((one for one in groups.values() if one.arn == named), None)
        if group is None:
            raise ResourceNotFoundException("The specified log group does not exist.")
        group.standin_protected = bool(self._get_param("deletionProtectionEnabled"))
        return ""

    LogsResponse.put_log_group_deletion_protection = put

    @around(LogsResponse, "create_log_group")
    def _create(original: Any, self: Any) -> str:
        answer: str = original(self)
        group = self.logs_backend.groups[self._get_param("logGroupName")]
        group.standin_protected = bool(self._get_param("deletionProtectionEnabled"))
        return answer

    @around(LogGroup, "to_describe_dict")
    def _describe(original: Any, self: Any) -> Any:
        shown = {**original(self), "creationTime": self.standin_created}
        return {**shown, "deletionProtectionEnabled": getattr(self, "standin_protected", False)}


def _encrypt() -> None:
    # moto takes any text for a key, and only when a group is made.
    @around(LogsBackend, "create_log_group")
    def _create(original: Any, self: Any, log_group_name: str, tags: Any, **kwargs: Any) -> Any:
        if kwargs.get("kmsKeyId"):
            kwargs["kmsKeyId"] = _checked_key(self, log_group_name, kwargs["kmsKeyId"])
        return original(self, log_group_name, tags, **kwargs)

    def associate(self: Any) -> str:
        name = str(self._get_param("logGroupName"))
        group = _group(self, name)
        group.kms_key_id = _checked_key(self.logs_backend, name, self._get_param("kmsKeyId"))
        return ""

    def disassociate(self: Any) -> str:
        _group(self, str(self._get_param("logGroupName"))).kms_key_id = None
        return ""

    LogsResponse.associate_kms_key = associate
    LogsResponse.disassociate_kms_key = disassociate


def _group(response: Any, name: str) -> Any:
    group = response.logs_backend.groups.get(name)
    if group is None:
        raise ResourceNotFoundException("The specified log group does not exist.")
    return group


def _checked_key(backend: Any, name: str, reference: Any) -> str:
    region, account = backend.region_name, backend.account_id
    group = f"arn:aws:logs:{region}:{account}:log-group:{name}"
    words = f"The specified KMS key does not exist or is not allowed to be used with Arn '{group}'"
    key = kms_keys.usable(account, region, reference) if str(reference).startswith("arn:") else None
    if key is None:
        # So the API reference of AssociateKmsKey; a policy that lacks Logs is another code in the field.
        raise JsonRESTError("InvalidParameterException", words)
    if not kms_keys.admits_logs(key, region, group):
        raise JsonRESTError("AccessDeniedException", words)
    return str(key.arn)


def _check_arn(name: str) -> None:
    # moto takes any ARN, also one with the ":*" that belongs into policies only.
    @around(LogsBackend, name)
    def _of_a_group(original: Any, self: Any, arn: str, *args: Any) -> Any:
        known = {group.arn for group in self.groups.values()}
        if ":log-group:" in arn and arn not in known:
            raise ResourceNotFoundException("The specified resource does not exist.")
        return original(self, arn, *args)
