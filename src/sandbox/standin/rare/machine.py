"""Executions of machines written for JSONata: one state after the other, on the simulated clock.

An execution is an entry on the account's agenda and nothing else: no thread waits. So executions
take turns state by state, a copy of the world has them as they stand, and what they do happens at
the simulated moment at which it was due.
"""

import copy
import json
import uuid
from datetime import datetime, timezone
from typing import Any, Dict, List, Optional

from .. import local_calls, task_identity
from ..durations_tasks import duration
from ..world import world
from . import machine_language as language
from .integrations import action_of, plain, sdk_call, spelled_exactly

# What an execution may at most take, in seconds: five minutes, or a year.
_LIMITS = {"EXPRESS": 300.0, "STANDARD": 365 * 86400.0}
# How the language names a service in an error; else the service's own name, capitalised.
_NAMES = {"elbv2": "ElasticLoadBalancingV2", "logs": "CloudWatchLogs"}


class Failure(Exception):
    """An error as the language names it."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(cause)
        self.error, self.cause = error, cause


def executions(account: str) -> List[Dict[str, Any]]:
    """What has been carried out and is, oldest first: the control path shows it."""
    found: List[Dict[str, Any]] = world(account).data.setdefault("machine-executions", [])
    return found


class Execution:
    """One run of a machine."""

    def __init__(self, account: str, region: str, made: Any, machine: Dict[str, Any], given: str, called: str) -> None:
        """One of moto's machine ``made``, whose definition has been read as ``machine``."""
        self.account, self.region, self.role = account, region, str(made.roleArn)
        arn, self.made, self.sort = str(made.arn), made, str(made.type)
        name, self.name = arn.rsplit(":", 1)[-1], called
        lead = f"arn:aws:states:{region}:{account}"
        express = f"{lead}:express:{name}:{uuid.uuid4()}:{uuid.uuid4()}"
        self.arn = express if self.sort == "EXPRESS" else f"{lead}:execution:{name}:{called}"
        # A machine that is changed meanwhile goes on as it was.
        self.machine = copy.deepcopy(machine)
        self.input: Any = json.loads(given or "{}")
        self.context = {"StateMachine": {"Id": arn, "Name": name}, "Execution": {"Id": self.arn, "Input": self.input}}
        self.variables: Dict[str, Any] = {}
        self.tries: Dict[int, int] = {}
        self.begun = world(account).now()
        self.record: Dict[str, Any] = {
            "machine": name, "input": self.input, "started": self.begun, "ended": None, "status": "RUNNING",
            "output": None, "error": None, "cause": None, "trail": [],
        }  # fmt: skip
        executions(account).append(self.record)
        self._go(str(machine["StartAt"]), self.input)

    def _now(self) -> float:
        return world(self.account).now()

    def _go(self, state: str, given: Any, wait: Optional[float] = None) -> None:
        self.tries = {}
        seconds = duration("machine_state") if wait is None else wait
        world(self.account).after(seconds, lambda: self._enter(state, given))

    def _value(self, value: Any, states: Dict[str, Any]) -> Any:
        return language.evaluate(value, self.variables, {"context": self.context, **states}, self._now)

    def _enter(self, name: str, given: Any) -> None:
        if self.record["ended"] is not None:
            return
        if self.sort == "STANDARD" and getattr(self.made, "standin_deleting", False):
            # Of a machine that is deleted an execution ends with its next step.
            self._end("ABORTED")
            return
        limit = _LIMITS[self.sort]
        limit = min(limit, float(self.machine.get("TimeoutSeconds") or limit))
        if self._now() - self.begun > limit:
            self._end("TIMED_OUT", error="States.Timeout")
            return
        state = self.machine["States"][name]
        trail: Dict[str, Any] = {"state": name, "at": self._now()}
        self.record["trail"].append(trail)
        try:
            getattr(self, "_" + state["Type"].lower())(name, state, given, trail)
        except language.QueryError as wrong:
            self._failed(name, state, given, Failure("States.QueryEvaluationError", str(wrong)), trail)
        except Failure as failure:
            self._failed(name, state, given, failure, trail)

    def _leave(self, state: Dict[str, Any], rule: Dict[str, Any], states: Dict[str, Any], wait: float = 0.0) -> None:
        # Everything is evaluated with the variables as they were when the state was entered.
        output = self._value(rule["Output"], states) if "Output" in rule else states.get("result", states["input"])
        assigned = self._value(rule.get("Assign") or {}, states)
        self.variables.update(assigned)
        if rule.get("End"):
            self._end("SUCCEEDED", output=output)
        else:
            self._go(rule["Next"], output, wait or None)

    def _pass(self, name: str, state: Dict[str, Any], given: Any, trail: Dict[str, Any]) -> None:
        self._leave(state, state, {"input": given})

    def _wait(self, name: str, state: Dict[str, Any], given: Any, trail: Dict[str, Any]) -> None:
        self._leave(state, state, {"input": given}, float(self._value(state["Seconds"], {"input": given})))

    def _succeed(self, name: str, state: Dict[str, Any], given: Any, trail: Dict[str, Any]) -> None:
        self._end("SUCCEEDED", output=self._value(state.get("Output", given), {"input": given}))

    def _fail(self, name: str, state: Dict[str, Any], given: Any, trail: Dict[str, Any]) -> None:
        told = self._value({"error": state.get("Error", ""), "cause": state.get("Cause", "")}, {"input": given})
        self._end("FAILED", **told)

    def _choice(self, name: str, state: Dict[str, Any], given: Any, trail: Dict[str, Any]) -> None:
        for rule in state["Choices"]:
            met = self._value(rule["Condition"], {"input": given})
            if not isinstance(met, bool):
                raise language.QueryError(f"The Condition {rule['Condition']} is not a boolean but {met!r}")
            if met:
                self._leave(state, rule, {"input": given})
                return
        if "Default" not in state:
            raise Failure("States.NoChoiceMatched", f"No choice matched in {name}")
        self._go(state["Default"], given)

    def _task(self, name: str, state: Dict[str, Any], given: Any, trail: Dict[str, Any]) -> None:
        arguments = self._value(state.get("Arguments") or {}, {"input": given})
        service, action = state["Resource"][len(language.SDK) :].split(":")
        trail["call"], trail["arguments"] = f"{service}:{action}", arguments
        result = self._call(service, action, arguments)
        # The answer comes a moment after what it says was true.
        world(self.account).after(
            duration("machine_call"), lambda: self._answered(name, state, given, result, trail)
        )

    def _answered(self, name: str, state: Dict[str, Any], given: Any, result: Any, trail: Dict[str, Any]) -> None:
        try:
            self._leave(state, state, {"input": given, "result": result})
        except language.QueryError as wrong:
            self._failed(name, state, given, Failure("States.QueryEvaluationError", str(wrong)), trail)

    def _call(self, service: str, action: str, arguments: Dict[str, Any]) -> Any:
        from botocore.exceptions import ClientError, ParamValidationError

        from .. import faults

        try:
            spelled_exactly(service, action, arguments)
        except ValueError as wrong:
            raise Failure("States.Runtime", str(wrong)) from wrong
        call = sdk_call(service, action, arguments)
        lead = _NAMES.get(call.service, call.service.capitalize())
        needed = [action_of(self.account, self.region, call)]
        passed = (arguments.get("Target") or {}).get("RoleArn")
        needed += [("iam:PassRole", passed)] if passed else []
        if call.operation == "CreateExportTask":
            # "requires callers to have s3:PutObject access to the destination bucket", its guide says.
            folder = f"{call.parameters.get('destination')}/{call.parameters.get('destinationPrefix', 'exportedlogs')}"
            needed.append(("s3:PutObject", f"arn:aws:s3:::{folder}/aws-logs-write-test"))
        for wanted, resource in needed:
            if not task_identity.permits(self.account, self.role, wanted, resource):
                raise Failure(
                    f"{lead}.AccessDeniedException",
                    f"User: {self.role} is not authorized to perform: {wanted} on resource: {resource}",
                )
        if faults.take_of_machine(self.account, call.service, call.operation):
            raise Failure(f"{lead}.ThrottlingException", "Rate exceeded")
        try:
            return plain(local_calls.call(self.account, self.region, call.service, call.operation, call.parameters))
        except ClientError as refused:
            told = refused.response["Error"]
            code = str(told.get("Code"))
            code = code if code.endswith("Exception") else code + "Exception"
            raise Failure(f"{lead}.{code}", str(told.get("Message"))) from refused
        except ParamValidationError as wrong:
            raise Failure("States.Runtime", str(wrong)) from wrong

    def _failed(self, name: str, state: Dict[str, Any], given: Any, failure: Failure, trail: Dict[str, Any]) -> None:
        trail["error"], trail["cause"] = failure.error, failure.cause
        retrier = self._first(state.get("Retry") or [], failure.error)
        if retrier is not None:
            index, rule = retrier
            tried = self.tries.get(index, 0)
            if tried < int(rule.get("MaxAttempts", 3)):
                self.tries[index] = tried + 1
                pause = float(rule.get("IntervalSeconds", 1)) * float(rule.get("BackoffRate", 2)) ** tried
                pause = min(pause, float(rule.get("MaxDelaySeconds", pause)))
                world(self.account).after(pause, lambda: self._enter(name, given))
                return
        catcher = self._first(state.get("Catch") or [], failure.error)
        if catcher is None:
            self._end("FAILED", error=failure.error, cause=failure.cause)
            return
        told = {"Error": failure.error, "Cause": failure.cause}
        try:
            self._leave(state, catcher[1], {"input": given, "result": told, "errorOutput": told})
        except language.QueryError as wrong:
            self._end("FAILED", error="States.QueryEvaluationError", cause=str(wrong))

    @staticmethod
    def _first(rules: List[Dict[str, Any]], error: str) -> Any:
        for index, rule in enumerate(rules):
            # No rule catches a machine that is wrong in itself.
            if error in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"] and error != "States.Runtime":
                return index, rule
        return None

    def _end(self, status: str, output: Any = None, error: Any = None, cause: Any = None) -> None:
        self.record.update(status=status, ended=self._now(), output=output, error=error, cause=cause)
        metric = {"FAILED": "ExecutionsFailed", "TIMED_OUT": "ExecutionsTimedOut"}.get(status)
        if metric is not None:
            from . import cloudwatch_alarms

            cloudwatch_alarms.counted(self.account, self.region, metric, "StateMachineArn", self.made.arn)

    # What moto reads of an execution that it lists or describes.

    execution_arn = property(lambda self: self.arn)
    state_machine_arn = property(lambda self: self.made.arn)
    execution_input = property(lambda self: json.dumps(self.input))
    status = property(lambda self: self.record["status"])
    error = property(lambda self: self.record["error"])
    cause = property(lambda self: self.record["cause"])
    output = property(lambda self: None if self.record["output"] is None else json.dumps(self.record["output"]))
    output_details = {"included": True}
    start_date = property(lambda self: _date(self.begun))
    stop_date = property(lambda self: _date(self.record["ended"] or self._now()))

    def stop(self, stop_date: Any, error: str, cause: str) -> None:
        """End it where it is, as somebody asks."""
        if self.record["ended"] is None:
            self._end("ABORTED", error=error or None, cause=cause or None)


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
