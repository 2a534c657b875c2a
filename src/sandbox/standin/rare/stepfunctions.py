"""Step Functions: state machines that are carried out, by moto's own reading of their language.

moto runs Amazon States Language when it is told to, but its tasks look for a server that is not there,
spell their parameters as no SDK does, and its waits take real time. Here a task's calls stay in this
process, made as the machine's role, and waits last as long as the account's simulated clock says.
"""

import json
import time
from typing import Any, Callable, Dict

from moto.core.config import default_user_config
from moto.core.exceptions import JsonRESTError

from .. import local_calls, task_identity
from ..patches.wrapping import around
from ..world import world
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

    StateTaskServiceAwsSdk._eval_service_task = _task
    StateTaskServiceEcs._eval_service_task = _task
    StateTaskServiceEcs._build_sync_resolver = _ends
    state_task_service_callback._DELAY_SECONDS_SYNC_CONDITION_CHECK = _GLANCE
    WaitFunction._wait_interval = _wait

    @around(StepFunctionsParserBackend, "create_state_machine")
    def _create(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        role = str(kwargs.get("roleArn"))
        if not task_identity.assumable(self.account_id, role, _PRINCIPAL):
            raise JsonRESTError(
                "AccessDeniedException",
                f"Neither the global service principal {_PRINCIPAL}, nor the regional one is authorized to assume the"
                " provided role.",
            )
        try:
            return original(self, *args, **kwargs)
        except InvalidDefinition as wrong:
            # moto's has no code on the wire.
            raise JsonRESTError("InvalidDefinition", f"Invalid State Machine Definition: {wrong}") from wrong


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
