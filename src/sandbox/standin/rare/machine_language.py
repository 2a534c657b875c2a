"""Amazon States Language with JSONata, as far as it is carried out here; anything else is refused.

Step Functions looks at a definition when a machine is made, and refuses one that it could not carry
out. So does this: states, fields and transitions are checked, and every expression is parsed.
"""

import json
from typing import Any, Callable, Dict, List, Optional, Set

# Fields by type of state, beside those that every state may have.
_FIELDS: Dict[str, Set[str]] = {
    "Choice": {"Choices", "Default"},
    "Fail": {"Error", "Cause"},
    "Pass": {"Next", "End"},
    "Succeed": set(),
    "Task": {"Resource", "Arguments", "Retry", "Catch", "TimeoutSeconds", "Next", "End"},
    "Wait": {"Seconds", "Next", "End"},
}
_EVERY = {"Type", "Comment"}
# Neither is a failure's: it ends the execution with its error.
_WITH_RESULT = {"Assign", "Output"}
_RETRY = {"ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxAttempts", "MaxDelaySeconds", "JitterStrategy"}
_CATCH = {"ErrorEquals", "Next", "Assign", "Output"}
_CHOICE = {"Condition", "Next", "Assign", "Output"}
_TOP = {"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"}
SDK = "arn:aws:states:::aws-sdk:"

_parsed: Dict[str, Any] = {}


class Wrong(Exception):
    """Why a definition is none."""


class QueryError(Exception):
    """An expression that could not be evaluated, or has no value."""


def load(definition: str) -> Optional[Dict[str, Any]]:
    """The machine, if it is written for JSONata, checked; None where the other reader has to do it."""
    try:
        machine = json.loads(definition)
    except ValueError as wrong:
        raise Wrong(f"INVALID_JSON_DESCRIPTION: {wrong}") from wrong
    if not isinstance(machine, dict) or machine.get("QueryLanguage") != "JSONata":
        return None
    _only(machine, _TOP, "the machine")
    states = machine.get("States")
    if not isinstance(states, dict) or machine.get("StartAt") not in states:
        raise Wrong("SCHEMA_VALIDATION_FAILED: StartAt names no state")
    for name, state in states.items():
        _check_state(name, state, states)
    return machine


def _check_state(name: str, state: Any, states: Dict[str, Any]) -> None:
    kind = state.get("Type")
    if kind not in _FIELDS:
        raise Wrong(f"SCHEMA_VALIDATION_FAILED: states of type {kind} are not carried out here, at {name}")
    _only(state, _EVERY | _FIELDS[kind] | (set() if kind == "Fail" else _WITH_RESULT), name)
    rules: List[Any] = state.get("Choices") or []
    targets = [state[key] for key in ("Next", "Default") if key in state] + [rule.get("Next") for rule in rules]
    targets += [one.get("Next") for one in state.get("Catch") or []]
    for target in targets:
        if target not in states:
            raise Wrong(f"SCHEMA_VALIDATION_FAILED: MISSING_TRANSITION_TARGET: {target}, at {name}")
    if kind in ("Pass", "Task", "Wait") and ("Next" in state) == bool(state.get("End")):
        raise Wrong(f"SCHEMA_VALIDATION_FAILED: {name} has to have either Next or End")
    if kind == "Choice" and not rules:
        raise Wrong(f"SCHEMA_VALIDATION_FAILED: {name} has no choices")
    for rule in rules:
        _only(rule, _CHOICE, name)
    for one in state.get("Retry") or []:
        _only(one, _RETRY, name)
        _check_errors(one, name)
    for one in state.get("Catch") or []:
        _only(one, _CATCH, name)
        _check_errors(one, name)
    if kind == "Task" and not str(state.get("Resource")).startswith(SDK):
        raise Wrong(f"SCHEMA_VALIDATION_FAILED: {state.get('Resource')} is not carried out here, at {name}")
    _check_expressions({key: value for key, value in state.items() if key != "Comment"}, name)


def _check_errors(one: Dict[str, Any], name: str) -> None:
    errors = one.get("ErrorEquals")
    if not errors or "States.ALL" in errors and len(errors) > 1:
        raise Wrong(f"SCHEMA_VALIDATION_FAILED: States.ALL stands alone, at {name}")


def _only(given: Any, known: Set[str], place: str) -> None:
    unknown = set(given) - known if isinstance(given, dict) else {str(given)}
    if unknown:
        raise Wrong(f"SCHEMA_VALIDATION_FAILED: Field is not supported: {', '.join(sorted(unknown))}, at {place}")


def _check_expressions(value: Any, place: str) -> None:
    if isinstance(value, dict):
        for one in value.values():
            _check_expressions(one, place)
    elif isinstance(value, list):
        for one in value:
            _check_expressions(one, place)
    elif is_expression(value):
        try:
            _parse(value)
        except Exception as wrong:
            raise Wrong(f"SCHEMA_VALIDATION_FAILED: {value} is no JSONata ({wrong}), at {place}") from wrong


def is_expression(value: Any) -> bool:
    """Whether a text is an expression and not just itself."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def _parse(text: str) -> Any:
    import jsonata

    found = _parsed.get(text)
    if found is None:
        found = _parsed[text] = jsonata.Jsonata(text[2:-2].strip())
    return found


def evaluate(value: Any, variables: Dict[str, Any], states: Dict[str, Any], now: Callable[[], float]) -> Any:
    """A value with every expression in it replaced by what it gives.

    ``now`` is the account's clock: what an expression says of the time, it says of simulated time.
    """
    if isinstance(value, dict):
        return {key: evaluate(one, variables, states, now) for key, one in value.items()}
    if isinstance(value, list):
        return [evaluate(one, variables, states, now) for one in value]
    if not is_expression(value):
        return value
    parsed = _parse(value)
    parsed.register_lambda("millis", lambda: int(now() * 1000))
    try:
        given = parsed.evaluate(None, {**variables, "states": states})
    except Exception as wrong:
        raise QueryError(f"The JSONata expression '{value}' failed: {wrong}") from wrong
    if given is None:
        raise QueryError(f"The JSONata expression '{value}' returned nothing (undefined).")
    # What the library hands out are its own lists.
    return json.loads(json.dumps(given))
