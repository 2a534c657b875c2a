"""ECS's calls about tasks and deployments: what they refuse, and what they show.

moto's tasks run at once and never stop by themselves; these calls work on ``tasks`` instead.
"""

import copy
import secrets
import uuid
from typing import Any, Dict, List, Optional

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ecs.exceptions import EcsClientException, ECSException, InvalidParameterException, ServiceNotFoundException

from . import fargate_capacity, task_start
from .ecs_services import active_cluster, active_definition, check_command_access, check_network, check_strategy, page
from .services import Deployment, Service, services
from .tasks import Task, fleet

_MOST_TASKS = 10
_ROLLOUTS = {"IN_PROGRESS": "IN_PROGRESS", "COMPLETED": "SUCCESSFUL", "FAILED": "STOPPED"}


def run_task(self: Any) -> ActionResult:
    given = {key: copy.deepcopy(value) for key, value in self.params.items() if value is not None}
    cluster = active_cluster(self, given.get("cluster"))
    tokens = fleet(self.current_account, self.region).tokens
    token = f"{cluster.arn} {given['clientToken']}" if given.get("clientToken") else None
    if token in tokens:
        # A repeated request answers with what the first one started.
        return ActionResult({"tasks": [task.describe() for task in tokens[token or ""]], "failures": []})
    definition = active_definition(self, given["taskDefinition"])
    _check(self, cluster, definition, given)
    started = []
    for _ in range(int(given.get("count") or 1)):
        subnets = given["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
        subnet = fargate_capacity.place(self.current_account, self.region, subnets)
        if subnet is None:
            return ActionResult({"tasks": [], "failures": [{"reason": fargate_capacity.REASON}]})
        task = _task(self, cluster, definition, given, subnet)
        try:
            task.start()
        except EC2ClientError as refused:
            return ActionResult({"tasks": [], "failures": [{"reason": "RESOURCE:ENI", "detail": refused.message}]})
        started.append(task)
    if token:
        tokens[token] = started
    return ActionResult({"tasks": [task.describe() for task in started], "failures": []})


def _check(response: Any, cluster: Any, definition: Any, given: Dict[str, Any]) -> None:
    if given.get("launchType") and given.get("capacityProviderStrategy"):
        raise InvalidParameterException("Specify either Launch Type or Capacity Provider Strategy, but not both.")
    if not 1 <= int(given.get("count") or 1) <= _MOST_TASKS:
        raise InvalidParameterException("Count must be between 1 and 10.")
    strategy = given.get("capacityProviderStrategy")
    if not strategy and given.get("launchType") is None:
        strategy = given["capacityProviderStrategy"] = copy.deepcopy(cluster.default_capacity_provider_strategy or [])
    if given.get("launchType", "FARGATE") != "FARGATE" or not (strategy or given.get("launchType")):
        raise InvalidParameterException("No Container Instances were found in your cluster.")
    check_strategy(cluster, strategy)
    check_network(response, given.get("networkConfiguration"), definition)
    check_command_access(given, definition)
    names = [c["name"] for c in definition.container_definitions]
    for override in (given.get("overrides") or {}).get("containerOverrides") or []:
        if override.get("name") not in names:
            raise InvalidParameterException(
                "Override for container named " f"{override.get('name')} is not a container in the TaskDefinition."
            )
    error = task_start.unassumable_role(response.current_account, definition)
    if error is not None:
        raise EcsClientException(error)


def _task(response: Any, cluster: Any, definition: Any, given: Dict[str, Any], subnet: str) -> Task:
    tags = list(given.get("tags") or [])
    if given.get("propagateTags") == "TASK_DEFINITION":
        keys = {tag["key"] for tag in tags}
        tags += [dict(tag) for tag in definition.tags or [] if tag["key"] not in keys]
    strategy = given.get("capacityProviderStrategy") or []
    weighted = [entry for entry in strategy if int(entry.get("weight") or 0) > 0]
    return Task(
        response.current_account, response.region, cluster, definition,
        network=given["networkConfiguration"], subnet=subnet, overrides=given.get("overrides"), group=given.get("group"),
        started_by=given.get("startedBy"), tags=tags, execute=given.get("enableExecuteCommand"),
        capacity_provider=weighted[0]["capacityProvider"] if weighted else None,
    )  # fmt: skip


def _find(response: Any, reference: str) -> Optional[Task]:
    cluster = response.ecs_backend._get_cluster(response._get_param("cluster") or "default")
    wanted = reference.rsplit("/", 1)[-1]
    known = fleet(response.current_account, response.region).of_cluster(cluster.arn)
    return next((task for task in known if task.id == wanted), None)


def describe_tasks(self: Any) -> ActionResult:
    wanted: List[str] = self._get_param("tasks") or []
    if not wanted:
        raise InvalidParameterException("Tasks cannot be empty.")
    if len(wanted) > 100:
        raise InvalidParameterException("Tasks cannot have more than 100 elements.")
    shown, failures = [], []
    for reference in wanted:
        task = _find(self, reference)
        if task is None:
            failures.append({"arn": reference, "reason": "MISSING"})
            continue
        described = task.describe()
        if "TAGS" not in (self._get_param("include") or []):
            described.pop("tags", None)
        shown.append(described)
    return ActionResult({"tasks": shown, "failures": failures})


def list_tasks(self: Any) -> ActionResult:
    cluster = self.ecs_backend._get_cluster(self._get_param("cluster") or "default")
    service, family = self._get_param("serviceName"), self._get_param("family")
    started_by, launch = self._get_param("startedBy"), self._get_param("launchType")
    if service is not None:
        service = service.rsplit("/", 1)[-1]
        table = services(self.current_account, self.region).values()
        if not any(s.name == service and s.cluster.arn == cluster.arn for s in table):
            raise ServiceNotFoundException()
    status = self._get_param("desiredStatus") or "RUNNING"
    arns = [
        task.arn
        for task in fleet(self.current_account, self.region).of_cluster(cluster.arn)
        if task.desired_status == status
        and service in (None, task.service)
        and family in (None, task.definition.family)
        and started_by in (None, task.started_by)
        and launch in (None, task.launch_type)
    ]
    arns, token = page(arns, self, 100)
    return ActionResult({"taskArns": arns, "nextToken": token})


def stop_task(self: Any) -> ActionResult:
    task = _find(self, self._get_param("task"))
    if task is None:
        raise InvalidParameterException("The referenced task was not found.")
    task.stop("UserInitiated", self._get_param("reason") or "Task stopped by user")
    return ActionResult({"task": task.describe()})


def execute_command(self: Any) -> ActionResult:
    """Open a session in a container; nothing answers on its stream."""
    task = _find(self, str(self._get_param("task")))
    if task is None:
        raise InvalidParameterException("The referenced task was not found.")
    names = [container["name"] for container in task.definition.container_definitions]
    name = self._get_param("container") or (names[0] if len(names) == 1 else None)
    if name not in names:
        raise InvalidParameterException("Container not found.")
    if not self._get_param("interactive"):
        raise InvalidParameterException("Interactive is the only mode supported currently.")
    if not task.execute or task.last_status != "RUNNING":
        raise InvalidParameterException(
            "The execute command failed because execute command was not enabled when the task was run or the"
            " execute command agent isn't running. Wait and try again or run a new task with execute command"
            " enabled and try again."
        )
    session = f"ecs-execute-command-{uuid.uuid4().hex[:17]}"
    stream = f"wss://ssmmessages.{self.region}.amazonaws.com/v1/data-channel/{session}?role=publish_subscribe"
    described = next(one for one in task.describe()["containers"] if one["name"] == name)
    return ActionResult({
        "clusterArn": task.cluster_arn, "containerArn": described["containerArn"], "containerName": name,
        "interactive": True, "taskArn": task.arn,
        "session": {"sessionId": session, "streamUrl": stream, "tokenValue": secrets.token_hex(64)},
    })  # fmt: skip


def list_service_deployments(self: Any) -> ActionResult:
    service = _service(self)
    statuses = self._get_param("status") or []
    briefs = [_brief(service, d) for d in service.history if not statuses or _status(service, d) in statuses]
    briefs, token = page(briefs, self, 20)
    return ActionResult({"serviceDeployments": briefs, "nextToken": token})


def describe_service_deployments(self: Any) -> ActionResult:
    shown, failures = [], []
    table = services(self.current_account, self.region).values()
    known = {_arn(service, d): (service, d) for service in table for d in service.history}
    for arn in self._get_param("serviceDeploymentArns") or []:
        if arn not in known:
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        service, deployment = known[arn]
        brief = _brief(service, deployment)
        revision = brief.pop("targetServiceRevisionArn")
        count = {
            "requestedTaskCount": service.desired,
            "runningTaskCount": sum(t.last_status == "RUNNING" for t in deployment.tasks),
            "pendingTaskCount": sum(t.last_status in ("PROVISIONING", "PENDING") for t in deployment.tasks),
        }
        threshold = min(200, max(3, -(-service.desired // 2)))
        tripped = deployment.rollout == "FAILED"
        brief.update(
            updatedAt=deployment.updated,
            targetServiceRevision={"arn": revision, **count},
            deploymentConfiguration=service.given.get("deploymentConfiguration") or {},
            deploymentCircuitBreaker={
                "status": (
                    "TRIGGERED" if tripped else "MONITORING" if deployment.finished is None else "MONITORING_COMPLETE"
                ),
                "failureCount": deployment.failed,
                "threshold": threshold,
            },
        )
        shown.append(brief)
    return ActionResult({"serviceDeployments": shown, "failures": failures})


def _service(response: Any) -> Service:
    cluster = response.ecs_backend._get_cluster(response._get_param("cluster") or "default")
    name = str(response._get_param("service")).rsplit("/", 1)[-1]
    for service in services(response.current_account, response.region).values():
        if service.name == name and service.cluster.arn == cluster.arn:
            return service
    raise ECSException("ServiceNotFoundException", "Service not found.")


def _arn(service: Service, deployment: Deployment) -> str:
    return f"{service.arn.replace(':service/', ':service-deployment/')}/{deployment.key}"


def _status(service: Service, deployment: Deployment) -> str:
    if deployment.rollout == "FAILED" and service.breaker.get("rollback"):
        return "ROLLBACK_SUCCESSFUL" if service.primary.rollout == "COMPLETED" else "ROLLBACK_IN_PROGRESS"
    if deployment.rollout == "IN_PROGRESS" and deployment.finished is not None:
        return "STOPPED"
    return _ROLLOUTS[deployment.rollout]


def _brief(service: Service, deployment: Deployment) -> Dict[str, Any]:
    shown = {
        "serviceDeploymentArn": _arn(service, deployment),
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        "startedAt": deployment.created,
        "createdAt": deployment.created,
        "finishedAt": deployment.finished,
        "targetServiceRevisionArn": f"{service.arn.replace(':service/', ':service-revision/')}/{deployment.key}",
        "status": _status(service, deployment),
        "statusReason": deployment.reason,
    }
    return {key: value for key, value in shown.items() if value is not None}
