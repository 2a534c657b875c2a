"""A simulated ECS service: its deployments, and the tasks its scheduler starts and stops.

Rolling deployments as ECS does them: new tasks up to the maximum, old ones gone once new ones are
healthy, steady when nothing is left to do, back to the last good definition when the circuit
breaker trips. What the API calls look like is ``ecs_services``'.
"""

import math
import random
import uuid
from functools import partial
from typing import Any, Dict, List, Optional, Set

from . import fargate_capacity, task_health, task_network, task_start
from .durations_tasks import duration
from .tasks import Task, timestamp
from .world import world

_FAILURES = ("TaskFailedToStart", "EssentialContainerExited")
_EVENTS_KEPT = 100


class Deployment:
    """One attempt to run one definition; ``PRIMARY`` is the one the service is after."""

    def __init__(self, service: "Service", definition: Any, reason: Optional[str] = None) -> None:
        self.id = f"ecs-svc/{random.randint(10**18, 10**19 - 1)}"
        self.key = uuid.uuid4().hex[:20]
        self.status = "PRIMARY"
        self.definition = definition
        self.rollout = "IN_PROGRESS"
        self.reason = reason or f"ECS deployment {self.id} in progress."
        # Only a circuit breaker gives a reason.
        self.rollback = reason is not None
        self.failed = 0
        self.created = self.updated = timestamp()
        self.finished: Any = None
        self.network = service.network
        self.strategy = list(service.strategy)
        self.tasks: List[Task] = []

    def live(self) -> List[Task]:
        """Tasks that run or will."""
        return [task for task in self.tasks if task.live]

    def gone(self) -> bool:
        """Whether the last task has stopped."""
        return all(task.last_status == "STOPPED" for task in self.tasks)

    def turn(self, rollout: str, reason: str) -> None:
        """Change the rollout's state."""
        self.rollout, self.reason, self.updated = rollout, reason, timestamp()
        if rollout != "IN_PROGRESS":
            self.finished = self.updated


class Service:
    """One service; ``deployments`` has the primary one first."""

    def __init__(self, account: str, region: str, cluster: Any, name: str, given: Dict[str, Any]) -> None:
        self.account, self.region, self.cluster, self.name = account, region, cluster, name
        self.arn = f"arn:aws:ecs:{region}:{account}:service/{cluster.name}/{name}"
        self.status = "ACTIVE"
        self.given = given
        self.tags: List[Dict[str, str]] = list(given.get("tags") or [])
        self.desired: int = int(given.get("desiredCount") or 0)
        self.network: Dict[str, Any] = given.get("networkConfiguration") or {}
        self.strategy: List[Dict[str, Any]] = given.get("capacityProviderStrategy") or []
        self.created = timestamp()
        self.events: List[Dict[str, Any]] = []
        self.deployments: List[Deployment] = []
        # Every deployment there ever was, newest first, for ListServiceDeployments.
        self.history: List[Deployment] = []
        self.completed: Optional[Any] = None
        self._steady_since: Optional[float] = None
        self._announced, self._retry_at = False, 0.0
        self._woken: Set[float] = set()
        # The subnet where the last attempt found no capacity.
        self._avoided: Optional[str] = None
        self._signature: Any = []

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def breaker(self) -> Dict[str, Any]:
        return dict((self.given.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {})

    def tasks(self) -> List[Task]:
        """Tasks of every deployment that have not stopped."""
        return [t for d in self.deployments for t in d.tasks if t.last_status != "STOPPED"]

    def say(self, message: str) -> None:
        """Add an event, newest first."""
        event = {"id": str(uuid.uuid4()), "createdAt": timestamp(), "message": f"(service {self.name}) {message}"}
        self.events.insert(0, event)
        del self.events[_EVENTS_KEPT:]

    def deploy(self, definition: Any, reason: Optional[str] = None) -> Deployment:
        """Begin a deployment of a definition; the primary one before it becomes ACTIVE."""
        for old in self.deployments:
            old.status = "ACTIVE"
            if old.rollout == "IN_PROGRESS":
                old.finished = timestamp()
        fresh = Deployment(self, definition, reason)
        self.deployments.insert(0, fresh)
        self.history.insert(0, fresh)
        self.unsettle()
        self.wake()
        return fresh

    def lose_deployment(self) -> None:
        """Put another deployment of what ran before in the place of the primary one, without a trace."""
        gone = self.deployments.pop(0)
        for task in gone.live():
            task.stop("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {gone.id})")
        self.history.remove(gone)
        self.deploy(self.completed or gone.definition)

    def unsettle(self) -> None:
        """Something has changed: the service has to become steady anew."""
        self._steady_since, self._announced = None, False

    def scale(self, desired: int) -> None:
        """Change the number of tasks, without a new deployment."""
        if desired != self.desired:
            self.desired = desired
            self.unsettle()
            self.wake()

    def drain(self) -> None:
        """Stop everything for good."""
        self.status, self.desired = "DRAINING", 0
        self.wake(0)

    def wake(self, seconds: Optional[float] = None) -> None:
        """Let the scheduler look at the service, soon."""
        here, wait = world(self.account), duration("task_schedule") if seconds is None else seconds
        due = round(here.now() + wait, 3)
        # Twice at one moment is once: or a service that cannot start its tasks is looked at more and more often.
        if due in self._woken:
            return
        self._woken.add(due)

        def look() -> None:
            self._woken.discard(due)
            self.reconcile()

        here.after(wait, look)

    def tick(self) -> None:
        """Called after every event of the world: health may have changed without anybody saying so."""
        signature = [(t.id, t.last_status, task_health.healthy(t), task_health.failed_targets(t)) for t in self.tasks()]
        if signature != self._signature:
            self._signature = signature
            self.reconcile()

    def reconcile(self) -> None:
        """Start and stop what has to be, and notice what has come true."""
        if self.status == "INACTIVE":
            return
        if self.status == "DRAINING":
            self._drain()
            return
        self._stop_unhealthy()
        if not self._tripped():
            self._start_missing()
        self._stop_surplus()
        self._forget_finished()
        self._notice_steadiness()

    def _drain(self) -> None:
        for task in self.tasks():
            task.stop("ServiceSchedulerInitiated", "Scaling activity initiated by service deletion")
        if not self.tasks():
            self.status = "INACTIVE"
            self.deployments = []

    def _stop_unhealthy(self) -> None:
        grace = float(self.given.get("healthCheckGracePeriodSeconds") or 0)
        for task in self.tasks():
            if not task.live or task.serving_since is None:
                continue
            if task_health.container_health(task) == "UNHEALTHY":
                self.say(f"(task {task.id}) failed container health checks.")
                task.stop("ServiceSchedulerInitiated", "Task failed container health checks")
                self._failed(task)
                continue
            arn = task_health.failed_targets(task)
            left = grace - (task.now() - task.serving_since)
            if arn is None:
                continue
            if left > 0:
                self.wake(left)
                continue
            group = arn.rsplit(":", 1)[-1]
            self.say(
                f"(task {task.id}) (port {task.targets[0]['containerPort']}) is unhealthy in (target-group"
                f" {arn}) due to (reason Health checks failed)."
            )
            task.stop("ServiceSchedulerInitiated", f"Task failed ELB health checks in ({group})")
            self._failed(task)

    def _failed(self, task: Task) -> None:
        deployment = next((d for d in self.deployments if task in d.tasks), None)
        if deployment is None:
            return
        deployment.failed += 1
        self._retry_at = task.now() + duration("task_retry")
        if deployment.failed % 3 == 0:
            self.say(
                "is unable to consistently start tasks successfully. For more information, see the"
                " Troubleshooting section of the Amazon ECS Developer Guide."
            )

    def on_task(self, task: Task) -> None:
        """A task of ours has changed its state."""
        if task.last_status == "RUNNING" and task.serving_since is not None and not task.announced:
            task.announced = True
            for target in task.targets:
                self.say(f"registered 1 targets in (target-group {target['targetGroupArn']})")
        if task.stop_code in _FAILURES and not task.counted:
            task.counted = True
            self._failed(task)
        self.wake(0)

    def _tripped(self) -> bool:
        primary = self.primary
        threshold = min(200, max(3, math.ceil(0.5 * self.desired)))
        if primary.rollout == "FAILED":
            return True
        if not self.breaker.get("enable") or primary.rollout != "IN_PROGRESS" or primary.failed < threshold:
            return False
        primary.turn("FAILED", "ECS deployment circuit breaker: tasks failed to start.")
        self.say(f"(deployment {primary.id}) deployment failed: tasks failed to start.")
        if not self.breaker.get("rollback") or self.completed is None:
            return True
        back = next((d for d in self.history if d.definition is self.completed and d is not primary), primary)
        for task in primary.live():
            task.stop("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {primary.id})")
        fresh = self.deploy(self.completed, f"ECS deployment circuit breaker: rolling back to deploymentId {back.id}.")
        self.say(f"rolling back to deployment {fresh.id}.")
        return False

    def _start_missing(self) -> None:
        primary = self.primary
        configuration = self.given.get("deploymentConfiguration") or {}
        most = math.floor(self.desired * int(configuration.get("maximumPercent", 200)) / 100)
        alive = sum(len(d.live()) for d in self.deployments)
        missing = min(self.desired - len(primary.live()), most - alive)
        if missing <= 0:
            return
        left = self._retry_at - world(self.account).now()
        if left > 1e-3:
            self.wake(left)
            return
        started = [task for task in (self._start_one(primary) for _ in range(missing)) if task]
        if started:
            self.unsettle()
            names = " ".join(f"(task {task.id})" for task in started)
            self.say(f"has started {len(started)} tasks: {names}.")

    def _start_one(self, deployment: Deployment) -> Optional[Task]:
        subnet = self._subnet(deployment)
        if fargate_capacity.missing(self.account, self.region, subnet):
            # The next attempt is made elsewhere, if there is an elsewhere.
            self._avoided = subnet
            return self._could_not_start(deployment, fargate_capacity.REASON, "was unable to place a task. Reason: {}.")
        error = task_start.unassumable_role(self.account, deployment.definition)
        if error is not None:
            # A role made a moment ago: ECS tries again, and counts the attempt.
            return self._could_not_start(deployment, error)
        task = Task(
            self.account, self.region, self.cluster, deployment.definition,
            network=deployment.network, subnet=subnet, group=f"service:{self.name}",
            started_by=deployment.id, service=self.name, on_change=self.on_task, tags=self._task_tags(deployment),
            capacity_provider=self._provider(deployment), execute=bool(self.given.get("enableExecuteCommand")),
            targets=[t for t in self.given.get("loadBalancers") or [] if t.get("targetGroupArn")],
            registries=self.given.get("serviceRegistries") or [], rollback=deployment.rollback,
        )  # fmt: skip
        try:
            task.start()
        except Exception as refused:  # a subnet or group that is gone, or full
            return self._could_not_start(deployment, str(getattr(refused, "message", refused)))
        deployment.tasks.append(task)
        return task

    def _could_not_start(
        self, deployment: Deployment, error: str, words: str = "failed to launch a task with (error {})."
    ) -> None:
        self.say(words.format(error))
        deployment.failed += 1
        self._retry_at = world(self.account).now() + duration("task_retry")
        self.wake(duration("task_retry"))

    def _subnet(self, deployment: Deployment) -> str:
        # Spread over the zones, as Fargate does.
        used = [task.subnet for task in self.tasks()]
        subnets: List[str] = deployment.network["awsvpcConfiguration"]["subnets"]
        known = [s for s in subnets if task_network.subnet_exists(self.account, self.region, s)] or subnets
        avoided, self._avoided = self._avoided, None
        return min([s for s in known if s != avoided] or known, key=used.count)

    def _provider(self, deployment: Deployment) -> Optional[str]:
        used = [task.capacity_provider for task in deployment.live()]
        for entry in deployment.strategy:
            if used.count(entry["capacityProvider"]) < int(entry.get("base") or 0):
                return str(entry["capacityProvider"])
        weighted = [e for e in deployment.strategy if int(e.get("weight") or 0) > 0]
        if not weighted:
            return None
        pick = min(
            weighted,
            key=lambda e: max(0, used.count(e["capacityProvider"]) - int(e.get("base") or 0)) / int(e["weight"]),
        )
        return str(pick["capacityProvider"])

    def _task_tags(self, deployment: Deployment) -> List[Dict[str, str]]:
        source = self.given.get("propagateTags")
        if source == "SERVICE":
            return [dict(tag) for tag in self.tags]
        if source == "TASK_DEFINITION":
            return [dict(tag) for tag in deployment.definition.tags or []]
        return []

    def _stop_surplus(self) -> None:
        primary, stopped = self.primary, []
        surplus = len(primary.live()) - self.desired
        for task in sorted(primary.live(), key=task_health.healthy)[: max(0, surplus)]:
            task.stop("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {primary.id})")
            stopped.append(task)
        configuration = self.given.get("deploymentConfiguration") or {}
        least = math.ceil(self.desired * int(configuration.get("minimumHealthyPercent", 100)) / 100)
        spare = sum(task_health.healthy(t) for t in self.tasks()) - least
        for old in self.deployments[1:]:
            for task in sorted(old.live(), key=task_health.healthy):
                # A failed deployment keeps no task; the last good ones go only as new ones come.
                good = task_health.healthy(task)
                if good and spare <= 0 and self.desired > 0:
                    continue
                spare -= 1 if good else 0
                task.stop("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {old.id})")
                stopped.append(task)
        if stopped:
            self.unsettle()
            self._say_stopped(stopped)

    def _say_stopped(self, stopped: List[Task]) -> None:
        names = " ".join(f"(task {task.id})" for task in stopped)
        for task in stopped:
            for target in task.targets:
                self.say(f"deregistered 1 targets in (target-group {target['targetGroupArn']})")
        if any(task.targets for task in stopped):
            self.say(f"has begun draining connections on {len(stopped)} tasks.")
        self.say(f"has stopped {len(stopped)} running tasks: {names}.")

    def _forget_finished(self) -> None:
        self.deployments[1:] = [d for d in self.deployments[1:] if not d.gone()]

    def _notice_steadiness(self) -> None:
        primary = self.primary
        steady = (
            primary.rollout != "FAILED"
            and len(self.deployments) == 1
            and len(self.tasks()) == self.desired
            and all(task_health.healthy(task) for task in primary.live())
        )
        if not steady:
            self._steady_since = None
            return
        now, wait = world(self.account).now(), duration("service_settle")
        if self._steady_since is None:
            self._steady_since = now
            self.wake(wait)
        elif now - self._steady_since >= wait - 1e-3 and not self._announced:
            self._announced = True
            if primary.rollout == "IN_PROGRESS":
                primary.turn("COMPLETED", f"ECS deployment {primary.id} completed.")
                self.completed = primary.definition
                self.say(f"(deployment {primary.id}) deployment completed.")
            self.say("has reached a steady state.")


def services(account: str, region: str) -> Dict[str, Service]:
    """The services of an account and region, by ARN; watched from the first one on."""
    here = world(account)
    found: Optional[Dict[str, Service]] = here.data.get(f"ecs-services:{region}")
    if found is None:
        found = here.data[f"ecs-services:{region}"] = {}
        here.watch(partial(_tick, found))
    return found


def _tick(table: Dict[str, Service]) -> None:
    for service in [one for one in table.values() if one.status != "INACTIVE"]:
        service.tick()
