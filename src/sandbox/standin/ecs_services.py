"""ECS's calls about services: what they refuse, and what they show.

moto keeps a service as a record with a fixed number of running tasks; these calls work on
``services`` instead, where tasks really start and stop.
"""

import copy
from typing import Any, Dict, List, Optional, Tuple

from moto.core.responses import ActionResult
from moto.ecs.exceptions import EcsClientException, ECSException, InvalidParameterException, ServiceNotFoundException

from . import task_health
from .patches.paging import page_size
from .services import Deployment, Service, services

_PLATFORM = "1.4.0"
# What an update may change without a new deployment, and what always brings one.
_PLAIN = (
    "deploymentConfiguration", "availabilityZoneRebalancing", "placementConstraints", "placementStrategy",
    "healthCheckGracePeriodSeconds", "enableExecuteCommand", "enableECSManagedTags", "propagateTags",
)  # fmt: skip
_DEPLOYED = (
    "loadBalancers",
    "serviceRegistries",
    "networkConfiguration",
    "capacityProviderStrategy",
    "platformVersion",
)


def page(items: List[Any], response: Any, default: int) -> Tuple[List[Any], Optional[str]]:
    """One page of a list, by the request's maxResults and nextToken."""
    start = int(response._get_param("nextToken") or 0)
    size = page_size(response.current_account, response._get_param("maxResults"), default)
    token = str(start + size) if start + size < len(items) else None
    return items[start : start + size], token


def active_cluster(response: Any, name: Optional[str]) -> Any:
    """The cluster a call means, which must be there and active."""
    cluster = response.ecs_backend._get_cluster(name or "default")
    if cluster.status != "ACTIVE":
        raise ECSException("ClusterNotFoundException", "The referenced cluster was inactive.")
    return cluster


def active_definition(response: Any, reference: str) -> Any:
    """The task definition a service or task may be made of."""
    definition = find_definition(response.ecs_backend, reference)
    if definition is None:
        raise EcsClientException("TaskDefinition not found.")
    if definition.status != "ACTIVE":
        raise EcsClientException("TaskDefinition is inactive")
    return definition


def find_definition(backend: Any, reference: str) -> Optional[Any]:
    """A definition by ARN, by family and revision, or the latest active one of a family."""
    family, _, revision = reference.rsplit("/", 1)[-1].partition(":")
    revisions = backend.task_definitions.get(family, {})
    if revision:
        return revisions.get(int(revision)) if revision.isdigit() else None
    active = [d for d in revisions.values() if d.status == "ACTIVE"]
    return active[-1] if active else None


def _find(response: Any, cluster_arn: str, name: str) -> Optional[Service]:
    table = services(response.current_account, response.region)
    short = name.rsplit("/", 1)[-1]
    return next((s for s in table.values() if s.name == short and s.cluster.arn == cluster_arn), None)


def create_service(self: Any) -> ActionResult:
    given = {key: copy.deepcopy(value) for key, value in self.params.items() if value is not None}
    cluster = active_cluster(self, given.get("cluster"))
    definition = active_definition(self, given["taskDefinition"])
    before = _find(self, cluster.arn, given["serviceName"])
    if before is not None and before.status == "DRAINING":
        raise InvalidParameterException("Unable to Start a service that is still Draining.")
    if before is not None and before.status == "ACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    _check(self, cluster, definition, given)
    service = Service(self.current_account, self.region, cluster, given["serviceName"], given)
    services(self.current_account, self.region)[service.arn] = service
    service.deploy(definition)
    return ActionResult({"service": describe(service)})


def _check(response: Any, cluster: Any, definition: Any, given: Dict[str, Any]) -> None:
    if given.get("launchType") and given.get("capacityProviderStrategy"):
        raise InvalidParameterException("Specify either Launch Type or Capacity Provider Strategy, but not both.")
    if given.get("launchType", "FARGATE") != "FARGATE":
        raise InvalidParameterException("No Container Instances were found in your cluster.")
    strategy = given.get("capacityProviderStrategy")
    if not strategy and not given.get("launchType"):
        strategy = given["capacityProviderStrategy"] = copy.deepcopy(cluster.default_capacity_provider_strategy or [])
        if not strategy:
            # Without either it would be EC2, for which this cluster has no instances.
            raise InvalidParameterException("No Container Instances were found in your cluster.")
    check_strategy(cluster, strategy)
    check_network(response, given.get("networkConfiguration"), definition)
    _check_load_balancers(response, definition, given)
    for registry in given.get("serviceRegistries") or []:
        _check_registry(response, registry)
    _check_counts(given)
    check_command_access(given, definition)


def check_command_access(given: Dict[str, Any], definition: Any) -> None:
    """Refuse commands in containers whose task has no role of its own."""
    if given.get("enableExecuteCommand") and not getattr(definition, "task_role_arn", None):
        raise InvalidParameterException(
            "The service couldn't be created because a valid taskRoleArn is not being used. Specify a valid task role"
            " in your task definition and try again."
        )


def _check_counts(given: Dict[str, Any]) -> None:
    if given.get("desiredCount") is not None and int(given["desiredCount"]) < 0:
        raise InvalidParameterException("desiredCount must be at least 0.")
    configuration = given.get("deploymentConfiguration") or {}
    most, least = configuration.get("maximumPercent", 200), configuration.get("minimumHealthyPercent", 100)
    if most < least or most == least == 100 or most < 100:
        raise InvalidParameterException("maximumPercent must be greater than minimumHealthyPercent.")


def check_strategy(cluster: Any, strategy: Optional[List[Dict[str, Any]]]) -> None:
    """Refuse providers that the cluster does not have, and a strategy that places nothing."""
    for entry in strategy or []:
        if entry["capacityProvider"] not in (cluster.capacity_providers or []):
            raise InvalidParameterException(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated"
                " with the cluster. Associate the capacity provider with the cluster and try again."
            )
    if strategy and not any(int(e.get("weight") or 0) > 0 for e in strategy):
        raise InvalidParameterException(
            "At least one of the capacity providers in the strategy must have a weight greater than zero."
        )
    if len([e for e in strategy or [] if int(e.get("base") or 0) > 0]) > 1:
        raise InvalidParameterException(
            "Only one capacity provider in a capacity provider strategy can have a base defined."
        )


def check_network(response: Any, network: Optional[Dict[str, Any]], definition: Any) -> None:
    """Refuse a network configuration that is missing or names what is not there."""
    from moto.ec2.models import ec2_backends

    given = (network or {}).get("awsvpcConfiguration")
    if not given or not given.get("subnets"):
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    if len(given["subnets"]) > 16 or len(given.get("securityGroups") or []) > 5:
        raise InvalidParameterException("awsvpc allows at most 16 subnets and 5 security groups.")
    given.setdefault("assignPublicIp", "DISABLED")
    given.setdefault("securityGroups", [])
    backend = ec2_backends[response.current_account][response.region]
    known = {subnet_id: subnet for zone in backend.subnets.values() for subnet_id, subnet in zone.items()}
    for subnet_id in given["subnets"]:
        if subnet_id not in known:
            raise InvalidParameterException(
                f"Error retrieving subnet information for [{subnet_id}]: The subnet ID '{subnet_id}' does not"
                " exist (ErrorCode: InvalidSubnetID.NotFound)"
            )
    vpcs = {known[s].vpc_id for s in given["subnets"]}
    for group_id in given["securityGroups"]:
        group = backend.get_security_group_from_id(group_id)
        if group is None:
            raise InvalidParameterException(
                f"Error retrieving security group information for [{group_id}]: The security group '{group_id}'"
                " does not exist (ErrorCode: InvalidGroup.NotFound)"
            )
        vpcs.add(group.vpc_id)
    if len(vpcs) > 1:
        raise InvalidParameterException("Security groups and subnets must be in the same VPC.")


def _check_load_balancers(response: Any, definition: Any, given: Dict[str, Any]) -> None:
    from moto.elbv2.models import elbv2_backends

    if given.get("healthCheckGracePeriodSeconds") is not None and not given.get("loadBalancers"):
        raise InvalidParameterException(
            "Health check grace period is only valid for services configured to use load balancers"
        )
    backend = elbv2_backends[response.current_account][response.region]
    for target in given.get("loadBalancers") or []:
        arn = target.get("targetGroupArn")
        group = backend.target_groups.get(arn)
        if group is None:
            raise InvalidParameterException(f"The target group with targetGroupArn {arn} does not exist.")
        if not task_health.balancers_of(response.current_account, response.region, arn):
            raise InvalidParameterException(
                f"The target group with targetGroupArn {arn} does not have an associated load balancer."
            )
        if group.target_type != "ip":
            raise InvalidParameterException(
                f"The provided target group {arn} has target type {group.target_type}, which is incompatible"
                " with the awsvpc network mode specified in the task definition."
            )
        container = next(
            (c for c in definition.container_definitions if c["name"] == target.get("containerName")), None
        )
        if container is None:
            raise InvalidParameterException(
                f"The container {target.get('containerName')} does not exist in the task definition."
            )
        if target.get("containerPort") not in [m.get("containerPort") for m in container.get("portMappings") or []]:
            raise InvalidParameterException(
                f"The container {container['name']} did not have a container port {target.get('containerPort')}"
                " defined."
            )


def _check_registry(response: Any, registry: Dict[str, Any]) -> None:
    from moto.servicediscovery.models import servicediscovery_backends

    backend = servicediscovery_backends[response.current_account][response.region]
    found = next((s for s in backend.services.values() if s.arn == registry.get("registryArn")), None)
    if found is None:
        raise InvalidParameterException(f"Service registries are invalid: {registry.get('registryArn')} does not exist")
    kinds = [record["Type"] for record in (found.dns_config or {}).get("DnsRecords", [])]
    if "SRV" not in kinds and any(registry.get(key) is not None for key in ("containerName", "containerPort", "port")):
        raise InvalidParameterException(
            "When using an A record service registry, 'port', 'containerName' and 'containerPort' must not be"
            " specified."
        )


def describe_services(self: Any) -> ActionResult:
    cluster = self.ecs_backend._get_cluster(self._get_param("cluster") or "default")
    wanted = self._get_param("services") or []
    if not wanted:
        raise InvalidParameterException("Services cannot be empty.")
    if len(wanted) > 10:
        raise InvalidParameterException("Services cannot have more than 10 elements.")
    shown, failures = [], []
    for name in wanted:
        service = _find(self, cluster.arn, name)
        if service is None:
            arn = f"arn:aws:ecs:{self.region}:{self.current_account}:service/{cluster.name}/{name.rsplit('/', 1)[-1]}"
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        described = describe(service)
        if "TAGS" not in (self._get_param("include") or []):
            described.pop("tags")
        shown.append(described)
    return ActionResult({"services": shown, "failures": failures})


def list_services(self: Any) -> ActionResult:
    cluster = self.ecs_backend._get_cluster(self._get_param("cluster") or "default")
    launch = self._get_param("launchType")
    arns = [
        s.arn
        for s in services(self.current_account, self.region).values()
        if s.cluster.arn == cluster.arn and s.status != "INACTIVE" and launch in (None, s.given.get("launchType"))
    ]
    # A page holds ten unless asked for more.
    arns, token = page(arns, self, 10)
    return ActionResult({"serviceArns": arns, "nextToken": token})


def _known(response: Any) -> Service:
    cluster = active_cluster(response, response._get_param("cluster"))
    service = _find(response, cluster.arn, response._get_param("service"))
    if service is None:
        raise ServiceNotFoundException()
    return service


def update_service(self: Any) -> ActionResult:
    service = _known(self)
    if service.status != "ACTIVE":
        raise ECSException("ServiceNotActiveException", "Service was not ACTIVE.")
    given = {key: copy.deepcopy(value) for key, value in self.params.items() if value is not None}
    given.pop("cluster", None)
    given.pop("service", None)
    definition = (
        active_definition(self, given["taskDefinition"]) if "taskDefinition" in given else service.primary.definition
    )
    cluster = service.cluster
    check_strategy(cluster, given.get("capacityProviderStrategy"))
    if "networkConfiguration" in given:
        check_network(self, given["networkConfiguration"], definition)
    merged = {**service.given, **given}
    _check_load_balancers(self, definition, merged)
    for registry in given.get("serviceRegistries") or []:
        _check_registry(self, registry)
    _check_counts(given)
    check_command_access(merged, definition)
    anew = bool(given.get("forceNewDeployment")) or definition is not service.primary.definition
    anew = anew or any(key in given and given[key] != service.given.get(key) for key in _DEPLOYED)
    for key in (*_PLAIN, *_DEPLOYED):
        if key in given:
            service.given[key] = given[key]
    if given.get("capacityProviderStrategy"):
        service.given.pop("launchType", None)
    service.network = service.given.get("networkConfiguration") or {}
    service.strategy = service.given.get("capacityProviderStrategy") or []
    if "desiredCount" in given:
        service.scale(int(given["desiredCount"]))
    if anew:
        service.deploy(definition)
    return ActionResult({"service": describe(service)})


def delete_service(self: Any) -> ActionResult:
    service = _known(self)
    if service.status == "INACTIVE":
        raise ServiceNotFoundException()
    if service.status == "ACTIVE" and service.desired > 0 and not self._get_param("force"):
        raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
    service.drain()
    return ActionResult({"service": describe(service)})


def describe(service: Service) -> Dict[str, Any]:
    """A service as DescribeServices shows it, tags included."""
    given, live = service.given, service.tasks()
    configuration = given.get("deploymentConfiguration") or {}
    shown = {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster.arn,
        "loadBalancers": given.get("loadBalancers") or [],
        "serviceRegistries": given.get("serviceRegistries") or [],
        "status": service.status,
        "desiredCount": service.desired,
        "runningCount": sum(t.last_status == "RUNNING" for t in live),
        "pendingCount": sum(t.last_status in ("PROVISIONING", "PENDING") for t in live),
        "platformVersion": given.get("platformVersion", "LATEST"),
        "platformFamily": "Linux",
        "taskDefinition": service.history[0].definition.arn,
        "deploymentConfiguration": {
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
            **configuration,
            "deploymentCircuitBreaker": {"enable": False, "rollback": False, **service.breaker},
        },
        "deployments": [_deployment(service, d) for d in service.deployments],
        "roleArn": f"arn:aws:iam::{service.account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "events": service.events,
        "createdAt": service.created,
        "createdBy": f"arn:aws:iam::{service.account}:root",
        "placementConstraints": given.get("placementConstraints") or [],
        "placementStrategy": given.get("placementStrategy") or [],
        "networkConfiguration": service.network,
        "schedulingStrategy": given.get("schedulingStrategy", "REPLICA"),
        "deploymentController": given.get("deploymentController") or {"type": "ECS"},
        "enableECSManagedTags": bool(given.get("enableECSManagedTags")),
        "propagateTags": given.get("propagateTags", "NONE"),
        "enableExecuteCommand": bool(given.get("enableExecuteCommand")),
        "availabilityZoneRebalancing": given.get("availabilityZoneRebalancing", "ENABLED"),
        "tags": service.tags,
    }
    shown.update(_launch(service.strategy))
    if given.get("loadBalancers"):
        shown["healthCheckGracePeriodSeconds"] = given.get("healthCheckGracePeriodSeconds", 0)
    return shown


def _launch(strategy: List[Dict[str, Any]]) -> Dict[str, Any]:
    if not strategy:
        return {"launchType": "FARGATE"}
    return {"capacityProviderStrategy": [{"weight": 0, "base": 0, **entry} for entry in strategy]}


def _deployment(service: Service, deployment: Deployment) -> Dict[str, Any]:
    tasks = [task for task in deployment.tasks if task.last_status != "STOPPED"]
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.definition.arn,
        "desiredCount": service.desired if deployment.status == "PRIMARY" else 0,
        "pendingCount": sum(t.last_status in ("PROVISIONING", "PENDING") for t in tasks),
        "runningCount": sum(t.last_status == "RUNNING" for t in tasks),
        "failedTasks": deployment.failed,
        "createdAt": deployment.created,
        "updatedAt": deployment.updated,
        "platformVersion": _PLATFORM,
        "platformFamily": "Linux",
        "networkConfiguration": deployment.network,
        "rolloutState": deployment.rollout,
        "rolloutStateReason": deployment.reason,
        **_launch(deployment.strategy),
    }
