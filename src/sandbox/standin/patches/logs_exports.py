"""CloudWatch Logs' export tasks: one at a time in an account and region, that take time and may fail.

moto exports within the call, any number at once, into any bucket of the account, and puts the file that
it tries the bucket with where AWS does not. Nothing of AWS's rules about the range is known to it.
"""

import gzip
import json
import uuid
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import Any, Dict, List, Optional

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse

from ..durations_tasks import duration
from ..world import world
from .elb_logs import listed
from .paging import page_size

_ACTIVE = ("PENDING", "RUNNING", "PENDING_CANCEL")
_TRIED_WITH = "aws-logs-write-test"

Task = Dict[str, Any]


def install() -> None:
    """Change moto's export tasks."""
    LogsResponse.create_export_task = _create
    LogsResponse.describe_export_tasks = _describe
    LogsResponse.cancel_export_task = _cancel


def _tasks(backend: LogsBackend) -> Dict[str, Task]:
    found: Dict[str, Task] = backend.__dict__.setdefault("standin_exports", {})
    return found


def _create(self: Any) -> str:
    backend, given = self.logs_backend, json.loads(self.body)
    _check(backend, given)
    name, prefix = str(given["destination"]), str(given.get("destinationPrefix") or "exportedlogs")
    bucket = _bucket(backend, name)
    if bucket is None:
        raise _invalid("The given bucket does not exist. Please make sure the bucket is valid.")
    group = str(given["logGroupName"])
    if not _allowed(backend, group, bucket, "s3:GetBucketAcl", bucket.arn):
        raise _invalid(
            "GetBucketAcl call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to"
            " perform this operation."
        )
    if not _put(backend, group, name, f"{prefix}/{_TRIED_WITH}", b"Permission Check Successful"):
        raise _invalid(
            "PutObject call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to"
            " perform this operation."
        )
    now = int(world(backend.account_id).now() * 1000)
    task: Task = {
        "taskId": str(uuid.uuid4()),
        **{key: given[key] for key in ("taskName", "logGroupName", "from", "to", "destination") if key in given},
        "destinationPrefix": prefix,
        "status": {"code": "PENDING"},
        "executionInfo": {"creationTime": now},
    }
    _tasks(backend)[task["taskId"]] = task
    here = world(backend.account_id)
    here.after(duration("export_pending"), lambda: _goes_on(task))
    here.after(duration("export_pending") + duration("export_task"), lambda: _write(backend, task))
    return json.dumps({"taskId": task["taskId"]})


def _check(backend: LogsBackend, given: Dict[str, Any]) -> None:
    group = backend.groups.get(str(given["logGroupName"]))
    if group is None:
        raise JsonRESTError("ResourceNotFoundException", "The specified log group does not exist.")
    if int(given["from"]) >= int(given["to"]):
        raise _invalid("'from' time must be less than 'to' time.")
    if int(given["to"]) < group.standin_created:
        raise _invalid("The specified time range is before the log group was created.")
    if any(task["status"]["code"] in _ACTIVE for task in _tasks(backend).values()):
        raise JsonRESTError("LimitExceededException", "Resource limit exceeded.")


def _invalid(why: str) -> JsonRESTError:
    return JsonRESTError("InvalidParameterException", why)


def _goes_on(task: Task) -> None:
    if task["status"]["code"] == "PENDING":
        task["status"] = {"code": "RUNNING"}


def _write(backend: LogsBackend, task: Task) -> None:
    if task["status"]["code"] not in ("PENDING", "RUNNING"):
        return
    group = backend.groups.get(task["logGroupName"])
    for name, stream in list(group.streams.items()) if group is not None else []:
        lines = [one for one in stream.events if task["from"] <= one.timestamp <= task["to"]]
        text = "".join(f"{_stamp(one.timestamp)} {one.message}\n" for one in lines)
        key = f"{task['destinationPrefix']}/{task['taskId']}/{name.replace('/', '-')}/000000.gz"
        content = gzip.compress(text.encode("utf-8"))
        if text and not _put(backend, task["logGroupName"], task["destination"], key, content):
            _end(backend, task, "FAILED", "Failed to write to the destination bucket")
            return
    _end(backend, task, "COMPLETED", "Completed successfully")


def _end(backend: LogsBackend, task: Task, code: str, message: str) -> None:
    task["status"] = {"code": code, "message": message}
    task["executionInfo"]["completionTime"] = int(world(backend.account_id).now() * 1000)


def _stamp(millis: int) -> str:
    at = datetime.fromtimestamp(millis / 1000, timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03d}Z"


def _describe(self: Any) -> str:
    given = json.loads(self.body)
    wanted, code = given.get("taskId"), given.get("statusCode")
    found = [
        task
        for task in _tasks(self.logs_backend).values()
        if wanted in (None, task["taskId"]) and code in (None, task["status"]["code"])
    ]
    first, size = int(given.get("nextToken") or 0), page_size(self.logs_backend.account_id, given.get("limit"), 50)
    answer: Dict[str, Any] = {"exportTasks": found[first : first + size]}
    if first + size < len(found):
        answer["nextToken"] = str(first + size)
    return json.dumps(answer)


def _cancel(self: Any) -> str:
    task = _tasks(self.logs_backend).get(str(json.loads(self.body)["taskId"]))
    if task is None:
        raise JsonRESTError("ResourceNotFoundException", "The specified export task does not exist.")
    if task["status"]["code"] not in _ACTIVE:
        raise JsonRESTError("InvalidOperationException", "The specified export task has already finished")
    _end(self.logs_backend, task, "CANCELLED", "Cancelled by user")
    return ""


def _bucket(backend: LogsBackend, name: str) -> Optional[Any]:
    from .. import rare

    rare.url_paths("s3")
    from moto.s3.models import s3_backends

    bucket = s3_backends[backend.account_id][backend.partition].buckets.get(name)
    return bucket if bucket is not None and bucket.region_name == backend.region_name else None


def _put(backend: LogsBackend, group: str, name: str, key: str, content: bytes) -> bool:
    bucket = _bucket(backend, name)
    if bucket is None or not _allowed(backend, group, bucket, "s3:PutObject", f"{bucket.arn}/{key}"):
        return False
    from moto.s3.models import s3_backends

    s3_backends[backend.account_id][backend.partition].put_object(name, key, content)
    return True


def _allowed(backend: LogsBackend, group: str, bucket: Any, action: str, resource: str) -> bool:
    # Whether a source is named with ":*" behind it or without, the guide does not say: both have to be allowed.
    source = f"arn:aws:logs:{backend.region_name}:{backend.account_id}:log-group:{group}"
    statements = json.loads(bucket.policy)["Statement"] if bucket.policy else []
    return all(
        any(_allows(backend, one, each, action, resource) for one in statements) for each in (source, f"{source}:*")
    )


def _allows(backend: LogsBackend, statement: Dict[str, Any], source: str, action: str, resource: str) -> bool:
    principal = statement.get("Principal")
    services: List[str] = listed(principal.get("Service", [])) if isinstance(principal, dict) else []
    asked = {
        "aws:SourceAccount": backend.account_id,
        "aws:SourceArn": source,
        "s3:x-amz-acl": "bucket-owner-full-control",
    }
    conditions = [
        (asked.get(key), value) for tests in statement.get("Condition", {}).values() for key, value in tests.items()
    ]
    return (
        statement.get("Effect") == "Allow"
        and f"logs.{backend.region_name}.amazonaws.com" in services
        and any(fnmatchcase(action, one) for one in listed(statement.get("Action", [])))
        and any(fnmatchcase(resource, one) for one in listed(statement.get("Resource", [])))
        and all(
            have is not None and any(fnmatchcase(have, one) for one in listed(wanted)) for have, wanted in conditions
        )
    )
