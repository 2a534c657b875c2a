"""ECS: task definitions as AWS normalises them, clusters that hold on to their services.

Services and tasks lie in ``services`` and ``tasks``, their calls in ``ecs_services`` and
``ecs_tasks``; here is what stays with moto, and the wiring.
"""

import copy
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.ecs.exceptions import EcsClientException, ECSException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.ecs.responses import EC2ContainerServiceResponse

from .. import ecs_definitions, ecs_services, ecs_tasks
from ..ecs_services import page
from ..services import services
from ..tasks import cluster_tasks, fleet
from .wrapping import around


def install() -> None:
    """Change moto's ECS."""
    response = EC2ContainerServiceResponse
    for module in (ecs_services, ecs_tasks):
        for name in ("create_service", "describe_services", "list_services", "update_service", "delete_service",
                     "run_task", "describe_tasks", "list_tasks", "stop_task", "execute_command",
                     "list_service_deployments", "describe_service_deployments"):  # fmt: skip
            if hasattr(module, name):
                setattr(response, name, getattr(module, name))
    response.register_task_definition = _register
    response.describe_task_definition = _describe
    response.list_task_definitions = _list
    response.deregister_task_definition = _deregister
    response.create_cluster = _create_cluster
    response.describe_clusters = _describe_clusters
    response.list_clusters = _list_clusters
    response.delete_cluster = _delete_cluster
    response.put_cluster_capacity_providers = _put_providers
    _patch_backend()


def _patch_backend() -> None:
    backend = EC2ContainerServiceBackend

    @around(backend, "_get_resource")
    def _get_resource(original: Any, self: Any, arn: str, parsed: Dict[str, str]) -> Any:
        if parsed["service"] == "service":
            found = services(self.account_id, self.region_name).get(arn)
            if found is None or found.status == "INACTIVE":
                raise InvalidParameterException("The specified service could not be found.")
            return found
        if parsed["service"] == "task":
            task = fleet(self.account_id, self.region_name).tasks.get(arn)
            if task is None:
                raise InvalidParameterException("The specified task is not found.")
            return task
        if parsed["service"] == "cluster" and self._get_cluster(parsed["id"]).status != "ACTIVE":
            raise InvalidParameterException(
                "The specified cluster is inactive. Specify an active cluster and try again."
            )
        if parsed["service"] == "task-definition":
            definition = ecs_services.find_definition(self, parsed["id"])
            if definition is None:
                raise InvalidParameterException("The specified task definition does not exist.")
            return definition
        return original(self, arn, parsed)

    @around(backend, "list_tags_for_resource")
    def _list_tags(original: Any, self: Any, arn: str) -> Any:
        # moto answers null for a resource that never had a tag.
        return original(self, arn) or []

    @around(backend, "describe_services")
    def _describe_services(original: Any, self: Any, cluster_str: str, service_names_or_arns: List[str]) -> Any:
        # Application Auto Scaling asks moto's backend whether a service is there.
        cluster = self.clusters.get(cluster_str.rsplit("/", 1)[-1])
        names = [name.rsplit("/", 1)[-1] for name in service_names_or_arns]
        table = services(self.account_id, self.region_name).values()
        found = [s for s in table if s.name in names and cluster is not None and s.cluster.arn == cluster.arn]
        return [s for s in found if s.status == "ACTIVE"], []

    backend.iter_tagged_resources = _tagged  # type: ignore[method-assign]


def _tagged(self: EC2ContainerServiceBackend) -> Iterator[TaggedResource]:
    # What is gone for its owner (an inactive cluster or service, a stopped task) is not listed;
    # an inactive task definition is, until it is deleted.
    def tags(resource: Any) -> Dict[str, str]:
        return {tag["key"]: tag["value"] for tag in resource.tags or []}

    for cluster in self.clusters.values():
        if cluster.status == "ACTIVE":
            yield TaggedResource(cluster.arn, tags(cluster), "ecs:cluster")
    for service in services(self.account_id, self.region_name).values():
        if service.status != "INACTIVE":
            yield TaggedResource(service.arn, tags(service), "ecs:service")
    for task in fleet(self.account_id, self.region_name).live():
        yield TaggedResource(task.arn, tags(task), "ecs:task")
    for revisions in self.task_definitions.values():
        for definition in revisions.values():
            yield TaggedResource(definition.arn, tags(definition), "ecs:task-definition")


def _register(self: Any) -> ActionResult:
    given = {key: copy.deepcopy(value) for key, value in self.params.items() if value is not None}
    ecs_definitions.check(self.current_account, given)
    containers = [ecs_definitions.normalise(c) for c in given["containerDefinitions"]]
    sizes = {key: str(ecs_definitions.units(given[key])) for key in ("cpu", "memory") if given.get(key)}
    backend = self.ecs_backend
    definition = TaskDefinition(
        given["family"], _next_revision(backend, given["family"]), [], self.current_account, self.region,
        network_mode=given.get("networkMode"), volumes=given.get("volumes"), tags=given.get("tags") or [],
        placement_constraints=given.get("placementConstraints"),
        requires_compatibilities=given.get("requiresCompatibilities"),
        cpu=sizes.get("cpu"), memory=sizes.get("memory"),
        task_role_arn=given.get("taskRoleArn"), execution_role_arn=given.get("executionRoleArn"),
        proxy_configuration=given.get("proxyConfiguration"), runtime_platform=given.get("runtimePlatform"),
        ipc_mode=given.get("ipcMode"), pid_mode=given.get("pidMode"), ephemeral_storage=given.get("ephemeralStorage"),
    )  # fmt: skip
    definition.container_definitions = containers
    definition.requires_attributes = ecs_definitions.attributes(given, containers)
    definition.registered_at = datetime.now(timezone.utc)
    definition.registered_by = f"arn:aws:iam::{self.current_account}:root"
    backend.task_definitions.setdefault(given["family"], {})[definition.revision] = definition
    return ActionResult({"taskDefinition": definition, "tags": definition.tags})


def _next_revision(backend: Any, family: str) -> int:
    # A number is never given twice, not even after the revision was deleted.
    counters = backend.__dict__.setdefault("standin_revisions", {})
    counters[family] = counters.get(family, 0) + 1
    return int(counters[family])


def _describe(self: Any) -> ActionResult:
    definition = ecs_services.find_definition(self.ecs_backend, self._get_param("taskDefinition"))
    if definition is None:
        raise EcsClientException("Unable to describe task definition.")
    shown: Dict[str, Any] = {"taskDefinition": definition}
    if "TAGS" in (self._get_param("include") or []):
        shown["tags"] = definition.tags or []
    return ActionResult(shown)


def _list(self: Any) -> ActionResult:
    family, status = self._get_param("familyPrefix"), self._get_param("status") or "ACTIVE"
    arns = [
        definition.arn
        for name, revisions in sorted(self.ecs_backend.task_definitions.items())
        for _, definition in sorted(revisions.items())
        if family in (None, name) and definition.status == status
    ]
    if self._get_param("sort") == "DESC":
        arns.reverse()
    arns, token = page(arns, self, 100)
    return ActionResult({"taskDefinitionArns": arns, "nextToken": token})


def _deregister(self: Any) -> ActionResult:
    definition = self.ecs_backend.deregister_task_definition(self._get_param("taskDefinition"))
    definition.deregistered_at = datetime.now(timezone.utc)
    return ActionResult({"taskDefinition": definition})


def _create_cluster(self: Any) -> ActionResult:
    backend, name = self.ecs_backend, self._get_param("clusterName") or "default"
    given = {
        "cluster_settings": self._get_param("settings"),
        "configuration": self._get_param("configuration"),
        "capacity_providers": self._get_param("capacityProviders"),
        "default_capacity_provider_strategy": self._get_param("defaultCapacityProviderStrategy"),
        "service_connect_defaults": self._get_param("serviceConnectDefaults"),
        "tags": self._get_param("tags") or [],
    }
    before = backend.clusters.get(name)
    if before is not None and before.status == "ACTIVE":
        # moto puts a new cluster in the old one's place; AWS gives back what is there.
        if before.standin_given != given:
            raise InvalidParameterException(
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
            )
        return ActionResult({"cluster": _cluster(self, before, ["SETTINGS", "TAGS"])})
    _check_providers(given["capacity_providers"], given["default_capacity_provider_strategy"])
    cluster = backend.create_cluster(name, **copy.deepcopy(given))
    cluster.standin_given = given
    return ActionResult({"cluster": _cluster(self, cluster, ["SETTINGS", "TAGS"])})


def _check_providers(providers: Any, strategy: Any) -> None:
    for name in providers or []:
        if name not in ("FARGATE", "FARGATE_SPOT"):
            raise InvalidParameterException(
                f"The specified capacity provider '{name}' was not found. Specify a valid name or ARN and try again."
            )
    for entry in strategy or []:
        if entry["capacityProvider"] not in (providers or []):
            raise InvalidParameterException(
                "When specifying a default capacity provider strategy, its providers must be associated with"
                " the cluster."
            )


def _put_providers(self: Any) -> ActionResult:
    cluster = ecs_services.active_cluster(self, self._get_param("cluster"))
    providers, strategy = (
        self._get_param("capacityProviders") or [],
        self._get_param("defaultCapacityProviderStrategy") or [],
    )
    _check_providers(providers, strategy)
    used = {
        entry["capacityProvider"]
        for s in services(self.current_account, self.region).values()
        if s.cluster.arn == cluster.arn and s.status != "INACTIVE"
        for entry in s.strategy
    }
    if used - set(providers):
        raise ECSException("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
    cluster.capacity_providers, cluster.default_capacity_provider_strategy = providers, strategy
    return ActionResult({"cluster": _cluster(self, cluster, ["SETTINGS"])})


def _describe_clusters(self: Any) -> ActionResult:
    shown, failures = [], []
    for reference in self._get_param("clusters") or ["default"]:
        name = reference.rsplit("/", 1)[-1]
        cluster = self.ecs_backend.clusters.get(name)
        if cluster is None:
            arn = f"arn:aws:ecs:{self.region}:{self.current_account}:cluster/{name}"
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            shown.append(_cluster(self, cluster, self._get_param("include") or []))
    return ActionResult({"clusters": shown, "failures": failures})


def _cluster(response: Any, cluster: Any, include: List[str]) -> Dict[str, Any]:
    tasks = cluster_tasks(response.current_account, response.region, cluster.arn)
    own = [s for s in services(response.current_account, response.region).values() if s.cluster.arn == cluster.arn]
    shown = {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": sum(t.last_status == "RUNNING" for t in tasks),
        "pendingTasksCount": sum(t.last_status in ("PROVISIONING", "PENDING") for t in tasks),
        "activeServicesCount": sum(s.status == "ACTIVE" for s in own),
        "statistics": [],
        # Without asking for them neither tags nor settings are shown.
        "tags": (cluster.tags or []) if "TAGS" in include else [],
        "settings": cluster.settings if "SETTINGS" in include else [],
        "capacityProviders": cluster.capacity_providers or [],
        "defaultCapacityProviderStrategy": [
            {"weight": 0, "base": 0, **entry} for entry in cluster.default_capacity_provider_strategy or []
        ],
    }
    if cluster.configuration and "CONFIGURATIONS" in include:
        shown["configuration"] = cluster.configuration
    if cluster.service_connect_defaults:
        shown["serviceConnectDefaults"] = cluster.service_connect_defaults
    return shown


def _list_clusters(self: Any) -> ActionResult:
    arns = [c.arn for c in self.ecs_backend.clusters.values() if c.status == "ACTIVE"]
    arns, token = page(arns, self, 100)
    return ActionResult({"clusterArns": arns, "nextToken": token})


def _delete_cluster(self: Any) -> ActionResult:
    cluster = self.ecs_backend._get_cluster(self._get_param("cluster"))
    table = services(self.current_account, self.region).values()
    if any(s.cluster.arn == cluster.arn and s.status != "INACTIVE" for s in table):
        raise ECSException(
            "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
        )
    if cluster_tasks(self.current_account, self.region, cluster.arn):
        raise ECSException("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    if self.ecs_backend.container_instances.get(cluster.name):
        # moto deletes the cluster from under its machines.
        raise ECSException(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    cluster.status = "INACTIVE"
    return ActionResult({"cluster": _cluster(self, cluster, ["SETTINGS", "TAGS"])})
