"""Task definitions: what ECS refuses in one, and what it makes of one that it takes.

moto stores what it gets. ECS checks Fargate's sizes and the roles, adds defaults to each
container and gives environment variables back in an order of its own, which is what makes a
naive comparison see a change where there is none.
"""

import copy
import re
from typing import Any, Dict, List, Optional

from moto.ecs.exceptions import EcsClientException, InvalidParameterException

from . import task_identity

Container = Dict[str, Any]

_GB = 1024
# CPU units -> memory in MiB that Fargate combines with it.
_SIZES: Dict[int, List[int]] = {
    256: [512, 1024, 2048],
    512: [n * _GB for n in range(1, 5)],
    1024: [n * _GB for n in range(2, 9)],
    2048: [n * _GB for n in range(4, 17)],
    4096: [n * _GB for n in range(8, 31)],
    8192: [n * _GB for n in range(16, 61, 4)],
    16384: [n * _GB for n in range(32, 121, 8)],
}
_FAMILY = re.compile(r"^[A-Za-z0-9_-]{1,255}$")


def check(account: str, given: Dict[str, Any]) -> None:
    """Refuse what ECS refuses."""
    if not _FAMILY.match(given.get("family") or ""):
        raise EcsClientException("Family contains invalid characters.")
    containers: List[Container] = given.get("containerDefinitions") or []
    if not containers:
        raise EcsClientException("Container list cannot be empty.")
    for container in containers:
        _check_container(container)
    names = [c["name"] for c in containers]
    if len(set(names)) != len(names):
        raise EcsClientException("Container names must be unique within a task definition.")
    if not any(c.get("essential", True) for c in containers):
        raise EcsClientException("A task definition must have at least one essential container.")
    _check_roles(account, given)
    if "FARGATE" in (given.get("requiresCompatibilities") or []):
        _check_fargate(given, containers)


def _check_roles(account: str, given: Dict[str, Any]) -> None:
    for field in ("executionRoleArn", "taskRoleArn"):
        if given.get(field) and task_identity.find_role(account, given[field]) is None:
            raise EcsClientException("Role is not valid")


def _check_fargate(given: Dict[str, Any], containers: List[Container]) -> None:
    if given.get("networkMode") != "awsvpc":
        raise EcsClientException("Fargate only supports network mode ‘awsvpc’.")
    for field in ("cpu", "memory"):
        if not given.get(field):
            raise EcsClientException(f"Fargate requires that '{field}' be defined at the task level.")
    cpu, memory = units(given["cpu"]), units(given["memory"])
    if memory not in _SIZES.get(cpu, []):
        raise EcsClientException(
            "No Fargate configuration exists for given values: "
            f"{cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
        )
    if sum(int(c.get("cpu") or 0) for c in containers) > cpu:
        raise EcsClientException(
            "Invalid 'cpu' setting for task. The sum of the container 'cpu' values cannot be greater than the"
            " task 'cpu' value."
        )
    for container in containers:
        if int(container.get("memory") or 0) > memory or int(container.get("memoryReservation") or 0) > memory:
            raise EcsClientException(
                f"Invalid setting for container '{container['name']}'. The container 'memory' must not be greater"
                " than the task 'memory'."
            )
        _check_fargate_container(given, container)
    storage = given.get("ephemeralStorage")
    if storage is not None and not 21 <= int(storage.get("sizeInGiB", 0)) <= 200:
        raise EcsClientException("Ephemeral storage size must be between 21 and 200 GiB.")


def _check_fargate_container(given: Dict[str, Any], container: Container) -> None:
    log = container.get("logConfiguration") or {}
    if log.get("logDriver") == "awslogs":
        if not given.get("executionRoleArn"):
            raise EcsClientException(
                "Fargate requires task definition to have execution role ARN to support log driver awslogs."
            )
        if not (log.get("options") or {}).get("awslogs-stream-prefix"):
            raise EcsClientException("Log driver awslogs requires options: awslogs-stream-prefix for Fargate.")
    if container.get("secrets") and not given.get("executionRoleArn"):
        raise EcsClientException(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
        )
    for mapping in container.get("portMappings") or []:
        if mapping.get("hostPort") not in (None, 0, mapping.get("containerPort")):
            raise EcsClientException(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match."
            )


def _check_container(container: Container) -> None:
    for field in ("name", "image"):
        if not container.get(field):
            raise EcsClientException(f"Container.{field} should not be null or empty.")
    if not _FAMILY.match(container["name"]):
        raise EcsClientException("Container.name contains invalid characters.")
    _range(container, "stopTimeout", container.get("stopTimeout"), 2, 120)
    check = container.get("healthCheck")
    if check:
        if not check.get("command") or check["command"][0] not in ("CMD", "CMD-SHELL", "NONE"):
            raise EcsClientException("Health check command must start with CMD or CMD-SHELL.")
        for field, low, high in (("interval", 5, 300), ("timeout", 2, 60), ("retries", 1, 10), ("startPeriod", 0, 300)):
            _range(container, f"healthCheck.{field}", check.get(field), low, high)
    log = container.get("logConfiguration") or {}
    if log.get("logDriver") == "awslogs":
        for option in ("awslogs-group", "awslogs-region"):
            if not (log.get("options") or {}).get(option):
                raise EcsClientException(f"Log driver awslogs requires options: {option}.")
    names = [pair.get("name") for key in ("environment", "secrets") for pair in container.get(key) or []]
    for name in {n for n in names if names.count(n) > 1}:
        raise EcsClientException(
            "The secret name must be unique and not shared with any new or existing environment variables set"
            f" on the container, such as '{name}'."
        )


def _range(container: Container, field: str, value: Optional[int], low: int, high: int) -> None:
    if value is not None and not low <= int(value) <= high:
        raise EcsClientException(
            f"Invalid setting for container '{container['name']}'. {field} must be between {low} and {high}."
        )


def units(text: Any) -> int:
    """CPU units or MiB of a size, which may also be written as vCPU or GB."""
    found = re.match(r"^\s*([\d.]+)\s*(vcpu|gb)?\s*$", str(text), re.IGNORECASE)
    if found is None:
        raise InvalidParameterException(f"Invalid size: {text}")
    return int(float(found.group(1)) * (_GB if found.group(2) else 1))


def normalise(container: Container) -> Container:
    """A container definition as DescribeTaskDefinition shows it."""
    shown = {key: copy.deepcopy(value) for key, value in container.items() if value is not None}
    shown.setdefault("cpu", 0)
    shown.setdefault("essential", True)
    for key in ("environment", "mountPoints", "portMappings", "systemControls", "volumesFrom"):
        shown.setdefault(key, [])
    for mapping in shown["portMappings"]:
        mapping["hostPort"] = mapping.get("containerPort")
        mapping.setdefault("protocol", "tcp")
    for key in ("environment", "secrets"):
        # The order is ECS's own; it is not the one of the request.
        if key in shown:
            shown[key] = sorted(shown[key], key=lambda pair: str(pair.get("name"))[::-1])
    for key in ("secrets", "command", "entryPoint", "dependsOn", "links", "dnsServers"):
        if shown.get(key) == []:
            del shown[key]
    if "healthCheck" in shown:
        for field, default in (("interval", 30), ("timeout", 5), ("retries", 3)):
            shown["healthCheck"].setdefault(field, default)
    if "logConfiguration" in shown:
        shown["logConfiguration"].setdefault("options", {})
        shown["logConfiguration"].setdefault("secretOptions", [])
    return shown


def attributes(given: Dict[str, Any], containers: List[Container]) -> List[Dict[str, str]]:
    """The capabilities a definition asks of where it runs."""
    names = {"com.amazonaws.ecs.capability.docker-remote-api.1.18"}
    for container in containers:
        log = container.get("logConfiguration") or {}
        if log.get("logDriver"):
            names.add(f"com.amazonaws.ecs.capability.logging-driver.{log['logDriver']}")
            names.add("ecs.capability.execution-role-awslogs")
        if container.get("secrets"):
            names.add("ecs.capability.secrets.asm.environment-variables")
        if container.get("healthCheck"):
            names.add("ecs.capability.container-health-check")
    if given.get("taskRoleArn"):
        names.add("com.amazonaws.ecs.capability.task-iam-role")
    names.add("ecs.capability.task-eni")
    return [{"name": name} for name in sorted(names)]
