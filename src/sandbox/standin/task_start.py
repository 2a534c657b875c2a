"""What must be true before a task's containers start: its roles, secrets, log groups and images.

Each refusal comes with ECS's own words, as they end up in a task's ``stoppedReason``.
"""

import json
import re
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional

from . import kms_keys, kong_image, task_identity, task_network
from .durations_tasks import duration

if TYPE_CHECKING:
    from .tasks import Task

_SECRET_ARN = re.compile(
    r"^(arn:aws[\w-]*:secretsmanager:[^:]+:\d+:secret:[^:]+)(?::([^:]*))?(?::([^:]*))?(?::([^:]*))?$"
)
_ECR = re.compile(r"^\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com/")
_PULL = "ResourceInitializationError: unable to pull secrets or registry auth: "
# Releases of the official image end here.
_LAST_OFFICIAL = (3, 9)


class Refusal(NamedTuple):
    """Why a task does not start, and after how many seconds it says so."""

    reason: str
    seconds: float


def unassumable_role(account: str, definition: Any) -> Optional[str]:
    """ECS's message about a role of the definition that it cannot assume, if there is one."""
    for arn in (getattr(definition, "execution_role_arn", None), getattr(definition, "task_role_arn", None)):
        if arn and not task_identity.assumable(account, arn):
            return (
                f"ECS was unable to assume the role '{arn}' that was provided for this task. Please verify that"
                " the role being passed has the proper trust relationship and permissions and that your IAM user"
                " has permissions to pass this role."
            )
    return None


def refusal(task: "Task") -> Optional[Refusal]:
    """Resolve secrets into the containers' environments; tells why the task cannot start, if so."""
    for check in (_secrets, _images, _logs):
        found = check(task)
        if found is not None:
            return found
    return None


def _execution_role(task: "Task") -> str:
    return str(task.overrides.get("executionRoleArn") or getattr(task.definition, "execution_role_arn", "") or "")


def _reaches(task: "Task", *services: str) -> bool:
    return task_network.reaches_service(
        task.account, task.region, task.subnet, task.groups, task.public, task.ip, services
    )


def _secrets(task: "Task") -> Optional[Refusal]:
    for container in task.definition.container_definitions:
        env = task.environments[container["name"]]
        for wanted in container.get("secrets") or []:
            value = _secret(task, wanted["valueFrom"])
            if isinstance(value, Refusal):
                return value
            env[wanted["name"]] = value
    return None


def _secret(task: "Task", reference: str) -> Any:
    if not _reaches(task, "secretsmanager"):
        return Refusal(
            f"{_PULL}The task cannot pull secrets from AWS Secrets Manager. There is a connection issue between the"
            " task and AWS Secrets Manager. Check your task network configuration. failed to fetch secret"
            f" {reference} from secrets manager: RequestCanceled: request context canceled caused by: context"
            " deadline exceeded",
            duration("task_no_route"),
        )
    lead = (
        f"{_PULL}execution resource retrieval failed: unable to retrieve secret from asm: service call has been"
        f" retried 1 time(s): "
    )
    found = _SECRET_ARN.match(reference)
    if found is None:
        return _soon(f"{lead}invalid secret reference {reference}: not simulated")
    arn, key, stage, version_id = found.groups()
    role = _execution_role(task)
    if not task_identity.permits(task.account, role, "secretsmanager:GetSecretValue", arn):
        name = role.rsplit("/", 1)[-1]
        return _soon(
            f"{lead}failed to fetch secret {arn} from secrets manager: AccessDeniedException: User:"
            f" arn:aws:sts::{task.account}:assumed-role/{name}/{task.id} is not authorized to perform:"
            f" secretsmanager:GetSecretValue on resource: {arn} because no identity-based policy allows the"
            " secretsmanager:GetSecretValue action"
        )
    locked = _locked(task, arn)
    if locked is not None:
        return _soon(f"{lead}failed to fetch secret {arn} from secrets manager: {locked}")
    text = _value(task, arn, stage or None, version_id or None)
    if text is None:
        return _soon(
            f"{lead}failed to fetch secret {arn} from secrets manager: ResourceNotFoundException: Secrets Manager"
            " can't find the specified secret."
        )
    if not key:
        return text
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        return _soon(f"{lead}retrieved secret from Secrets Manager did not contain json key {key}")
    return value if isinstance(value, str) else json.dumps(value)


def _locked(task: "Task", arn: str) -> Optional[str]:
    """Why Secrets Manager cannot decrypt a secret for the task's execution role, if it cannot."""
    from moto.secretsmanager.models import secretsmanager_backends

    backend = secretsmanager_backends[task.account][task.region]
    secret = next((s for s in backend.secrets.values() if s.arn == arn), None)
    reference = getattr(secret, "kms_key_id", None)
    if not reference:
        return None
    key = kms_keys.find(task.account, task.region, reference)
    if key is None or key.key_state != "Enabled":
        return "DecryptionFailure: Secrets Manager can't decrypt the protected secret text using the provided KMS key."
    # Of AWS's own key everybody in the account may make use through Secrets Manager.
    role = _execution_role(task)
    if not kms_keys.is_customers(key) or task_identity.permits(task.account, role, "kms:Decrypt", key.arn):
        return None
    return "AccessDeniedException: Access to KMS is not allowed"


def _value(task: "Task", arn: str, stage: Optional[str], version_id: Optional[str]) -> Optional[str]:
    from moto.secretsmanager.models import secretsmanager_backends

    backend = secretsmanager_backends[task.account][task.region]
    secret = next((s for s in backend.secrets.values() if s.arn == arn), None)
    if secret is None or secret.is_deleted():
        return None
    for identity, version in secret.versions.items():
        if version_id is not None and identity != version_id:
            continue
        if (stage or "AWSCURRENT") in version["version_stages"] or version_id is not None:
            text = version.get("secret_string")
            return None if text is None else str(text)
    return None


def _images(task: "Task") -> Optional[Refusal]:
    for container in task.definition.container_definitions:
        image = str(container["image"])
        own = _ECR.match(image) is not None
        if own and not _reaches(task, "ecr.api", "ecr.dkr", "s3"):
            return _no_route(image, image.split("/", 1)[0])
        if own and not task_identity.permits(task.account, _execution_role(task), "ecr:GetAuthorizationToken", "*"):
            return _soon(
                f"{_PULL}execution resource retrieval failed: unable to retrieve ecr registry auth: service call has"
                " been retried 1 time(s): AccessDeniedException: not authorized to perform: ecr:GetAuthorizationToken"
                " on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action"
            )
        if not own and not task_network.reaches_internet(
            task.account, task.region, task.subnet, task.groups, task.public
        ):
            return _no_route(image, "registry-1.docker.io")
        if not own and _no_such_release(image):
            return _soon(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref"
                f" docker.io/library/{image}: docker.io/library/{image}: not found"
            )
    return None


def _no_such_release(image: str) -> bool:
    return re.match(r"^(docker\.io/)?(library/)?kong:\d", image) is not None and (
        kong_image.version(image)[:2] > _LAST_OFFICIAL
    )


def _no_route(image: str, registry: str) -> Refusal:
    return Refusal(
        f"CannotPullContainerError: The task cannot pull {image} from the registry {registry}. There is a connection"
        " issue between the task and the registry. Check your task network configuration. : failed to copy:"
        f' httpReadSeeker: failed open: failed to do request: Get "https://{registry}/v2/": dial tcp: i/o timeout',
        duration("task_no_route"),
    )


def _logs(task: "Task") -> Optional[Refusal]:
    lead = (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed"
        " to create Cloudwatch log stream: "
    )
    for container in task.definition.container_definitions:
        options = _awslogs(container)
        if options is None:
            continue
        group = options["awslogs-group"]
        if not _reaches(task, "logs"):
            return Refusal(
                f'{lead}RequestError: send request failed caused by: Post "https://logs.{task.region}.amazonaws.com/":'
                " dial tcp: i/o timeout : exit status 1",
                duration("task_no_route"),
            )
        arn = f"arn:aws:logs:{task.region}:{task.account}:log-group:{group}"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            if not _may_log(task, action, arn):
                return _soon(
                    f"{lead}AccessDeniedException: User: arn:aws:sts::{task.account}:assumed-role/"
                    f"{_execution_role(task).rsplit('/', 1)[-1]}/{task.id} is not authorized to perform: {action} on"
                    f" resource: {arn}:log-stream: because no identity-based policy allows the {action} action :"
                    " exit status 1"
                )
        if not _group_exists(task, group, options):
            return _soon(f"{lead}ResourceNotFoundException: The specified log group does not exist. : exit status 1")
    return None


def _may_log(task: "Task", action: str, arn: str) -> bool:
    # A stream's ARN hangs below its group's.
    return task_identity.permits(task.account, _execution_role(task), action, f"{arn}:log-stream:{task.id}")


def _group_exists(task: "Task", group: str, options: Dict[str, str]) -> bool:
    from moto.logs.models import logs_backends

    backend = logs_backends[task.account][options.get("awslogs-region", task.region)]
    if group in backend.groups:
        return True
    if options.get("awslogs-create-group") != "true":
        return False
    backend.create_log_group(group, {})
    return True


def _awslogs(container: Dict[str, Any]) -> Optional[Dict[str, str]]:
    configuration = container.get("logConfiguration") or {}
    return configuration.get("options") if configuration.get("logDriver") == "awslogs" else None


def write_log(task: "Task", container: Dict[str, Any], lines: List[str], at: float) -> None:
    """Write lines to the container's stream, as the awslogs driver names it."""
    from moto.logs.models import logs_backends

    options = _awslogs(container)
    if options is None or not lines:
        return
    backend = logs_backends[task.account][options.get("awslogs-region", task.region)]
    group = options["awslogs-group"]
    if group not in backend.groups:
        # The group went away under a running task: the driver does not make it again.
        return
    stream = f"{options.get('awslogs-stream-prefix', '')}/{container['name']}/{task.id}"
    backend.ensure_log_stream(group, stream)
    # A line never comes before one that was written earlier.
    first = max(int(at * 1000), task.logged_until + 1)
    task.logged_until = first + len(lines) - 1
    events = [{"timestamp": first + number, "message": line} for number, line in enumerate(lines)]
    backend.put_log_events(group, stream, events)


def _soon(reason: str) -> Refusal:
    return Refusal(reason, duration("task_refusal"))
