"""Step Functions: state machines that are carried out.

Those written with JSONPath are, by moto's own reading of their language. Its tasks look for a server
that is not there, spell their parameters as no SDK does, and its waits take real time. Here a task's
calls stay in this process, made as the machine's role, and waits last as long as the account's
simulated clock says. Those written with JSONata moto does not know: ``machine`` carries them out.
"""

import json
import time
import uuid
from typing import Any, Callable, Dict

from moto.core.config import default_user_config
from moto.core.exceptions import JsonRESTError

from .. import local_calls, task_identity
from ..durations_tasks import duration
from ..patches.wrapping import around
from ..world import world
from . import machine, machine_language
from .integrations import SdkCall, action_of, plain, sdk_call

_PRINCIPAL = "states.amazonaws.com"
# How often a waiting execution looks at the clock, in real seconds.
_GLANCE = 0.02


def install() -> None:
    """Change moto's state machines."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    from moto.stepfunctions.parser.api import InvalidDefinition
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
        StateTaskServiceAwsSdk,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs import (
        StateTaskServiceEcs,
    )
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend
    from moto.stepfunctions.responses import StepFunctionResponse

    StateTaskServiceAwsSdk._eval_service_task = _task
    StateTaskServiceEcs._eval_service_task = _task
    StateTaskServiceEcs._build_sync_resolver = _ends
    state_task_service_callback._DELAY_SECONDS_SYNC_CONDITION_CHECK = _GLANCE
    WaitFunction._wait_interval = _wait

    StepFunctionsParserBackend._validate_definition = staticmethod(_checked(StepFunctionsParserBackend))

    @around(StepFunctionsParserBackend, "create_state_machine")
    def _create(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        _check_role(self, str(kwargs.get("roleArn")))
        _check_log(self, str(kwargs.get("roleArn")), kwargs.get("loggingConfiguration"))
        _check_same(self, kwargs)
        try:
            return original(self, *args, **kwargs)
        except InvalidDefinition as wrong:
            # moto's has no code on the wire.
            raise JsonRESTError("InvalidDefinition", f"Invalid State Machine Definition: {wrong}") from wrong

    @around(StepFunctionsParserBackend, "update_state_machine")
    def _update(original: Any, self: Any, arn: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("role_arn"):
            _check_role(self, str(kwargs["role_arn"]))
        try:
            return original(self, arn, *args, **kwargs)
        except InvalidDefinition as wrong:
            raise JsonRESTError("InvalidDefinition", f"Invalid State Machine Definition: {wrong}") from wrong

    @around(StepFunctionsParserBackend, "start_execution")
    def _start(original: Any, self: Any, state_machine_arn: str, *args: Any, **kwargs: Any) -> Any:
        made = self.describe_state_machine(state_machine_arn)
        loaded = machine_language.load(made.definition)
        if loaded is None:
            return original(self, state_machine_arn, *args, **kwargs)
        if getattr(made, "standin_deleting", False):
            raise JsonRESTError("StateMachineDeleting", f"State Machine is being deleted: {state_machine_arn}")
        given = args[1] if len(args) > 1 else kwargs.get("execution_input")
        called = (args[0] if args else kwargs.get("name")) or str(uuid.uuid4())
        again = next((one for one in made.executions if one.name == called), None)
        if again is not None:
            if again.status == "RUNNING" and again.input == json.loads(given or "{}"):
                return again
            raise JsonRESTError("ExecutionAlreadyExists", f"Execution Already Exists: '{again.execution_arn}'")
        started = machine.Execution(self.account_id, self.region_name, made, loaded, given or "{}", str(called))
        if started.sort == "STANDARD":
            # Of Express ones Step Functions keeps nothing.
            made.executions.append(started)
        return started

    @around(StepFunctionsParserBackend, "delete_state_machine")
    def _delete(original: Any, self: Any, arn: str) -> None:
        # AWS shows one that is being deleted until its last execution is over.
        gone = next((one for one in self.state_machines if one.arn == arn), None)
        if gone is not None and not getattr(gone, "standin_deleting", False):
            gone.standin_deleting = True
            world(self.account_id).after(duration("state_machine_delete"), lambda: _forget(self, gone))

    @around(StepFunctionResponse, "_describe_state_machine")
    def _describe(original: Any, self: Any, arn: str) -> Any:
        shown = original(self, arn)
        if getattr(self.stepfunction_backend.describe_state_machine(arn), "standin_deleting", False):
            shown._result["status"] = "DELETING"
        return shown


def _forget(backend: Any, gone: Any) -> None:
    if any(one.status == "RUNNING" for one in gone.executions):
        world(backend.account_id).after(duration("state_machine_delete"), lambda: _forget(backend, gone))
        return
    backend.state_machines[:] = [one for one in backend.state_machines if one is not gone]
    backend.tagger.delete_all_tags_for_resource(gone.arn)


def _checked(backend: Any) -> Callable[[str], None]:
    original = backend._validate_definition

    def validate(definition: str) -> None:
        try:
            ours = machine_language.load(definition)
        except machine_language.Wrong as wrong:
            raise JsonRESTError("InvalidDefinition", f"Invalid State Machine Definition: '{wrong}'") from wrong
        if ours is None:
            original(definition=definition)

    return validate


def _check_role(backend: Any, role: str) -> None:
    if not task_identity.assumable(backend.account_id, role, _PRINCIPAL):
        raise JsonRESTError(
            "AccessDeniedException",
            f"Neither the global service principal {_PRINCIPAL}, nor the regional one is authorized to assume the"
            " provided role.",
        )


def _check_log(backend: Any, role: str, logging: Any) -> None:
    # The machine itself has its log delivered; moto does not ask.
    wanted = (logging or {}).get("level", "OFF") != "OFF"
    if wanted and not task_identity.permits(backend.account_id, role, "logs:CreateLogDelivery", "*"):
        raise JsonRESTError(
            "AccessDeniedException", "The state machine IAM Role is not authorized to access the Log Destination"
        )


def _check_same(backend: Any, given: Dict[str, Any]) -> None:
    # moto answers any second creation with the first; AWS only the very same one.
    there = next((one for one in backend.state_machines if one.name == given.get("name")), None)
    if there is None:
        return
    if getattr(there, "standin_deleting", False):
        raise JsonRESTError("StateMachineDeleting", f"State Machine is being deleted: {there.arn}")
    same = there.definition == given.get("definition") and there.type == (given.get("sm_type") or "STANDARD")
    if not same or there.loggingConfiguration != (given.get("loggingConfiguration") or {"level": "OFF"}):
        raise JsonRESTError("StateMachineAlreadyExists", f"State Machine Already Exists: '{there.arn}'")


def start(account: str, region: str, arn: str, given: str) -> None:
    """Start a machine for a rule or a schedule; one that is gone is not started."""
    parameters = {"stateMachineArn": arn, "input": given}
    local_calls.call(account, region, "stepfunctions", "StartExecution", parameters)


def _task(self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any) -> None:
    details = env.aws_execution_details
    call = sdk_call(self.resource.api_name, self.resource.api_action, normalised_parameters)
    _permit(details.account, details.region, details.role_arn, call)
    answer = local_calls.call(details.account, details.region, call.service, call.operation, call.parameters)
    shown = plain(answer)
    if call.operation == "RunTask" and shown.get("Failures"):
        raise _refused(call, "AmazonECSException", json.dumps(shown["Failures"]))
    env.stack.append(shown)


def _permit(account: str, region: str, role: str, call: SdkCall) -> None:
    action, resource = action_of(account, region, call)
    if not task_identity.permits(account, role, action, resource):
        raise _refused(
            call,
            "AccessDeniedException",
            f"User: {role} is not authorized to perform: {action} on resource: {resource} because no identity-based"
            f" policy allows the {action} action",
        )


def _refused(call: SdkCall, code: str, message: str) -> Exception:
    from botocore.exceptions import ClientError

    told: Dict[str, Any] = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "standin"},
    }
    # The language names an error after its class.
    return type(code, (ClientError,), {})(told, call.operation)


def _ends(
    self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
) -> Callable[[], Any]:
    """For ``runTask.sync``: what the task looks like once it has stopped, a failure if it failed."""
    started, details = env.stack.pop()["Tasks"][0], env.aws_execution_details
    asked = {"cluster": started["ClusterArn"], "tasks": [started["TaskArn"]]}

    def look() -> Any:
        seen = plain(local_calls.call(details.account, details.region, "ecs", "DescribeTasks", asked))
        task = seen["Tasks"][0]
        if task["LastStatus"] != "STOPPED":
            return None
        if any(container.get("ExitCode") != 0 for container in task["Containers"]):
            raise _failed(self, env, json.dumps(task))
        return task

    return look


def _failed(state: Any, env: Any, cause: str) -> Exception:
    from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
    from moto.stepfunctions.parser.asl.component.common.error_name import failure_event
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    kind = StatesErrorNameType.StatesTaskFailed
    told = TaskFailedEventDetails(
        resource=state._get_sfn_resource(),
        resourceType=state._get_sfn_resource_type(),
        error=kind.to_name(),
        cause=cause,
    )
    event = failure_event.FailureEvent(
        env=env,
        error_name=StatesErrorName(typ=kind),
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(taskFailedEventDetails=told),
    )
    return failure_event.FailureEventException(failure_event=event)


def _wait(self: Any, env: Any, wait_seconds: float) -> None:
    here = world(env.aws_execution_details.account)
    until = here.now() + wait_seconds
    while env.is_running() and here.now() < until:
        time.sleep(_GLANCE)
