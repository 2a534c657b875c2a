"""A simulated ECS task, from PROVISIONING to STOPPED, and the fleet of an account and region.

What its process does is ``kong_image``'s to know, what keeps it from starting ``task_start``'s,
how healthy it looks ``task_health``'s, and which tasks there should be ``services``'.
"""

import sys
import time
import uuid
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional

from . import kong_image, task_behaviour, task_health, task_network, task_start
from .durations_tasks import duration
from .gateway import clustering
from .world import world

ORDER = ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED")
_FARGATE_VERSION = "1.4.0"


def timestamp() -> datetime:
    """Now, on the clock that clients compare with: simulated time runs ahead of it."""
    return datetime.now(timezone.utc)


class Fleet:
    """The tasks of one account and region, oldest first."""

    def __init__(self) -> None:
        self.tasks: Dict[str, "Task"] = {}
        # Tasks by RunTask's client token, so that a repeated request starts nothing.
        self.tokens: Dict[str, List["Task"]] = {}

    def live(self) -> List["Task"]:
        """Tasks that have not stopped."""
        return [task for task in self.tasks.values() if task.last_status != "STOPPED"]

    def of_cluster(self, cluster_arn: str) -> List["Task"]:
        """Every task of a cluster that can still be described."""
        return [task for task in self.tasks.values() if task.cluster_arn == cluster_arn]


def fleet(account: str, region: str) -> Fleet:
    """The fleet of an account and region, made on first use."""
    found: Fleet = world(account).data.setdefault(f"ecs-fleet:{region}", Fleet())
    return found


def cluster_tasks(account: str, region: str, cluster_arn: str) -> "List[Task]":
    """Tasks of a cluster that have not stopped."""
    return [t for t in fleet(account, region).of_cluster(cluster_arn) if t.last_status != "STOPPED"]


class Task:
    """One task; ``start`` sets it going, and its state follows simulated time."""

    def __init__(self, account: str, region: str, cluster: Any, definition: Any, **given: Any) -> None:
        self.account, self.region = account, region
        self.id = uuid.uuid4().hex
        self.cluster_arn: str = cluster.arn
        self.arn = f"arn:aws:ecs:{region}:{account}:task/{cluster.name}/{self.id}"
        self.definition = definition
        network = given["network"]["awsvpcConfiguration"]
        self.subnet: str = given.get("subnet") or network["subnets"][0]
        # Known from its start; a stopped task outlives its subnet.
        self.zone = ""
        self.groups: List[str] = list(network.get("securityGroups") or [])
        self.public: bool = network.get("assignPublicIp") == "ENABLED"
        self.overrides: Dict[str, Any] = given.get("overrides") or {}
        self.tags: List[Dict[str, str]] = given.get("tags") or []
        self.group: str = given.get("group") or f"family:{definition.family}"
        self.started_by: Optional[str] = given.get("started_by")
        self.launch_type: str = given.get("launch_type") or "FARGATE"
        self.capacity_provider: Optional[str] = given.get("capacity_provider")
        self.execute: bool = bool(given.get("execute"))
        # The service this task is of, if any, and what it wants to hear of changes.
        self.service: Optional[str] = given.get("service")
        self.on_change: Callable[["Task"], None] = given.get("on_change") or (lambda task: None)
        self.targets: List[Dict[str, Any]] = given.get("targets") or []
        self.registries: List[Dict[str, Any]] = given.get("registries") or []
        # Whether a circuit breaker's rollback started it, and what the switches want of it.
        self.rollback: bool = bool(given.get("rollback"))
        self.behaviour: Dict[str, Any] = {}
        self.last_status, self.desired_status = "PROVISIONING", "RUNNING"
        self.stop_code: Optional[str] = None
        self.stopped_reason: Optional[str] = None
        self.times: Dict[str, datetime] = {"createdAt": timestamp()}
        self.attachment, self.eni, self.ip = str(uuid.uuid4()), "", ""
        self.exit_codes: Dict[str, Optional[int]] = {}
        self.kong_running = False
        self.serving_since: Optional[float] = None
        # What the service's scheduler has taken note of.
        self.announced = self.counted = False
        # When its last log line was written, in milliseconds.
        self.logged_until = 0
        # Its part in Kong's hybrid mode.
        self.node = clustering.Node()
        self.environments: Dict[str, Dict[str, str]] = {
            c["name"]: self._environment(c) for c in definition.container_definitions
        }
        self.record: Dict[str, Any] = {
            "task": self.arn, "family": definition.family, "revision": definition.revision, "group": self.group,
            "service": self.service, "commands": [], "exit_code": None, "reason": None,
            "created": self.now(), "started": None, "stopped": None,
        }  # fmt: skip

    def now(self) -> float:
        return world(self.account).now()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        world(self.account).after(seconds, action)

    @property
    def env(self) -> Dict[str, str]:
        """The environment of the first essential container, which is where Kong runs."""
        return self.environments[self.main["name"]]

    @property
    def main(self) -> Dict[str, Any]:
        containers: List[Dict[str, Any]] = self.definition.container_definitions
        return next((c for c in containers if c.get("essential", True)), containers[0])

    @property
    def is_control_plane(self) -> bool:
        return self.env.get("KONG_ROLE") == "control_plane"

    @property
    def live(self) -> bool:
        """Whether it is meant to run, and does or will."""
        return self.desired_status == "RUNNING"

    def override(self, container: str) -> Dict[str, Any]:
        """What the caller of RunTask put over a container's definition."""
        for given in self.overrides.get("containerOverrides") or []:
            if given.get("name") == container:
                return dict(given)
        return {}

    def _environment(self, container: Dict[str, Any]) -> Dict[str, str]:
        both = (container.get("environment") or []) + (self.override(container["name"]).get("environment") or [])
        return {pair["name"]: pair.get("value", "") for pair in both}

    def disturbance(self, words: List[str]) -> Dict[str, Any]:
        """What the switches want of this command of Kong."""
        return task_behaviour.of_command(self, words)

    def start(self) -> None:
        """Set the task going; raises EC2's own errors when there is no place for it."""
        from .patches import ec2

        description = f"arn:aws:ecs:{self.region}:{self.account}:attachment/{self.attachment}"
        self.eni, self.ip = ec2.attach_eni(
            self.account, self.region, self.subnet, self.groups, description, public_ip=self.public
        )
        self.zone = task_network.zone_of(self.account, self.region, self.subnet)
        if not self.groups:
            self.groups = task_network.groups_of(self.account, self.region, self.eni)
        # Only now: without an interface there is no task.
        fleet(self.account, self.region).tasks[self.arn] = self
        world(self.account).task_log.append(self.record)
        self.after(duration("task_provision"), self._pend)
        self._tell()

    def _pend(self) -> None:
        if not self.live:
            return
        self._become("PENDING", connectivityAt=timestamp(), pullStartedAt=timestamp())
        self.behaviour = task_behaviour.take(self)
        forced = task_behaviour.refusal(self.behaviour)
        found = task_start.Refusal(forced, duration("task_refusal")) if forced else task_start.refusal(self)
        if found is not None:
            self.after(found.seconds, lambda: self.stop("TaskFailedToStart", found.reason))
        else:
            self.after(duration("task_start") - duration("task_provision"), self._run)

    def _run(self) -> None:
        if not self.live:
            return
        self.times["pullStoppedAt"] = timestamp()
        self.record["started"] = self.now()
        self._become("RUNNING", startedAt=timestamp())
        main = self.main
        override = self.override(main["name"])
        command = list(main.get("entryPoint") or []) + list(override.get("command") or main.get("command") or [])
        outcome = kong_image.run(self, str(main["image"]), command, self.env)
        self.record["commands"] = outcome.commands
        task_start.write_log(self, main, outcome.lines, time.time())
        if "exit" in self.behaviour:
            self.after(float(self.behaviour.get("after", 0)), self._break_down)
        elif outcome.exit_code is None:
            self.after(outcome.seconds, self._serve)
        else:
            self.after(outcome.seconds, lambda: self._exited(int(outcome.exit_code or 0)))

    def _break_down(self) -> None:
        task_start.write_log(self, self.main, list(self.behaviour.get("log") or []), time.time())
        self._exited(int(self.behaviour["exit"]))

    def _serve(self) -> None:
        if self.last_status != "RUNNING":
            return
        self.kong_running, self.serving_since = True, self.now()
        task_health.register(self)
        self.on_change(self)
        # A plane that has come up meets the other one shortly after.
        self.after(duration("kong_sync"), lambda: clustering.synchronise(self.account, self.region))
        check = self.main.get("healthCheck")
        if check:
            first = float(check.get("interval", 30))
            lost = float(check.get("startPeriod") or 0) + first * int(check.get("retries", 3))
            for wait in (first, lost):
                self.after(wait, lambda: self.on_change(self))

    def _exited(self, code: int) -> None:
        if self.last_status != "RUNNING":
            return
        self.exit_codes[self.main["name"]] = code
        self.stop("EssentialContainerExited", "Essential container in task exited")

    def stop(self, code: str, reason: str) -> None:
        """Stop the task, for that reason; twice is once."""
        if not self.live:
            return
        self.desired_status, self.stop_code, self.stopped_reason = "STOPPED", code, reason
        self.times["stoppingAt"] = timestamp()
        self.record["reason"] = reason
        if self.last_status in ("PROVISIONING", "PENDING"):
            self._deprovision()
        elif self.main["name"] in self.exit_codes:
            task_health.deregister(self)
            self._deprovision()
        else:
            self._become("DEACTIVATING")
            # The target drains, and only then does the process get its signal.
            self.after(task_health.deregister(self), self._signal)

    def _signal(self) -> None:
        if self.is_control_plane:
            # Whoever was connected to it has its configuration by now.
            clustering.synchronise(self.account, self.region)
        self._become("STOPPING")
        grace = min(duration("kong_stop"), float(self.main.get("stopTimeout") or 30))
        self.after(grace, self._end_process)

    def _end_process(self) -> None:
        self.exit_codes[self.main["name"]] = 0
        task_start.write_log(
            self, self.main, ["[notice] 1#0: gracefully shutting down", "[notice] 1#0: exit"], time.time()
        )
        self._deprovision()

    def _deprovision(self) -> None:
        self.kong_running = False
        clustering.left(self)
        self.times["executionStoppedAt"] = timestamp()
        self._become("DEPROVISIONING")
        self.after(duration("task_deprovision"), self._stopped)

    def _stopped(self) -> None:
        from .patches import ec2

        ec2.release_eni(self.account, self.region, self.eni)
        self.record["stopped"] = self.now()
        self.record["exit_code"] = self.exit_codes.get(self.main["name"])
        self._become("STOPPED", stoppedAt=timestamp())
        kept = fleet(self.account, self.region).tasks
        self.after(duration("stopped_task_kept"), lambda: kept.pop(self.arn, None) and None)

    def _become(self, status: str, **times: datetime) -> None:
        self.last_status = status
        self.times.update(times)
        self._tell()
        self.on_change(self)

    def _tell(self) -> None:
        # Nobody has a rule before that service has been called.
        events = sys.modules.get(f"{__package__}.rare.events")
        if events is not None:
            events.of_task(self)

    def describe(self) -> Dict[str, Any]:
        """The task as DescribeTasks shows it, tags included."""
        shown = {
            "attachments": [self._attachment()],
            "availabilityZone": self.zone,
            "attributes": [{"name": "ecs.cpu-architecture", "value": self._architecture()}],
            "clusterArn": self.cluster_arn,
            "connectivity": "CONNECTED" if "connectivityAt" in self.times else None,
            "containers": [self._container(c) for c in self.definition.container_definitions],
            "cpu": self.overrides.get("cpu") or self.definition.cpu,
            "memory": self.overrides.get("memory") or self.definition.memory,
            "desiredStatus": self.desired_status,
            "enableExecuteCommand": self.execute,
            "ephemeralStorage": self.definition.ephemeral_storage or {"sizeInGiB": 20},
            "group": self.group,
            "healthStatus": task_health.container_health(self),
            "lastStatus": self.last_status,
            "launchType": None if self.capacity_provider == "FARGATE_SPOT" else self.launch_type,
            "capacityProviderName": self.capacity_provider,
            "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": [], **self.overrides},
            "platformFamily": "Linux",
            "platformVersion": _FARGATE_VERSION,
            "startedBy": self.started_by,
            "stopCode": self.stop_code,
            "stoppedReason": self.stopped_reason,
            "tags": self.tags,
            "taskArn": self.arn,
            "taskDefinitionArn": self.definition.arn,
            "version": ORDER.index(self.last_status) + 1,
            **self.times,
        }
        return {key: value for key, value in shown.items() if value is not None}

    def _architecture(self) -> str:
        platform = self.definition.runtime_platform or {}
        return "arm64" if platform.get("cpuArchitecture") == "ARM64" else "x86_64"

    def _attachment(self) -> Dict[str, Any]:
        ended = self.last_status == "STOPPED"
        return {
            "id": self.attachment,
            "type": "ElasticNetworkInterface",
            "status": "DELETED" if ended else "PRECREATED" if self.last_status == "PROVISIONING" else "ATTACHED",
            "details": [
                {"name": "subnetId", "value": self.subnet},
                {"name": "networkInterfaceId", "value": self.eni},
                {"name": "privateIPv4Address", "value": self.ip},
            ],
        }

    def _container(self, container: Dict[str, Any]) -> Dict[str, Any]:
        name = container["name"]
        identity = uuid.uuid5(uuid.NAMESPACE_URL, self.arn + name)
        shown: Dict[str, Any] = {
            "containerArn": f"{self.arn.replace(':task/', ':container/')}/{identity}",
            "taskArn": self.arn,
            "name": name,
            "image": container["image"],
            "lastStatus": self._container_status(),
            "networkInterfaces": [{"attachmentId": self.attachment, "privateIpv4Address": self.ip}],
            "healthStatus": task_health.container_health(self),
            "cpu": str(container.get("cpu", 0)),
        }
        if "startedAt" in self.times:
            shown["runtimeId"] = f"{self.id}-{uuid.uuid5(uuid.NAMESPACE_URL, name).int % 10**10}"
        if self.execute:
            shown["managedAgents"] = [self._agent()]
        if self.last_status == "STOPPED" and self.exit_codes.get(name) is not None:
            shown["exitCode"] = self.exit_codes[name]
        elif self.last_status == "STOPPED" and self.stop_code == "TaskFailedToStart":
            shown["reason"] = (self.stopped_reason or "")[:255]
        return shown

    def _agent(self) -> Dict[str, Any]:
        agent: Dict[str, Any] = {"name": "ExecuteCommandAgent", "lastStatus": self._container_status()}
        if "startedAt" in self.times:
            agent["lastStartedAt"] = self.times["startedAt"]
        return agent

    def _container_status(self) -> str:
        if self.last_status in ("DEPROVISIONING", "STOPPED"):
            return "STOPPED"
        return "RUNNING" if "startedAt" in self.times else "PENDING"
