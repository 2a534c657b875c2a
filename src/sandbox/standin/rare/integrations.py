"""From how schedules and state machines spell a call of the SDK to how the SDK spells it."""

from datetime import datetime, timezone
from typing import Any, Dict, NamedTuple, Tuple

# Where an integration's name of a service is not the SDK's.
_NAMES = {"sfn": "stepfunctions", "elasticloadbalancingv2": "elbv2", "cloudwatchlogs": "logs"}
# And where IAM has another.
_PREFIXES = {"stepfunctions": "states", "elbv2": "elasticloadbalancing"}


class SdkCall(NamedTuple):
    """A call as botocore makes it."""

    service: str
    operation: str
    parameters: Dict[str, Any]


def sdk_call(service: str, action: str, given: Dict[str, Any]) -> SdkCall:
    """The call that ``ecs``, ``updateService`` and parameters in Pascal case mean."""
    name, operation = _names(service, action)
    return SdkCall(name, operation, _spelled(_input(name, operation), given))


def _names(service: str, action: str) -> Tuple[str, str]:
    return _NAMES.get(service.lower(), service.lower()), action[:1].upper() + action[1:]


def _input(service: str, operation: str) -> Any:
    # moto reads a model once, a session of botocore each time.
    from moto.core.utils import get_service_model

    return get_service_model(service).operation_model(operation).input_shape


def _spelled(shape: Any, value: Any) -> Any:
    # The names of members as the model has them, whatever the case they are given in.
    kind = getattr(shape, "type_name", None)
    if kind == "structure" and isinstance(value, dict):
        known = {name.lower(): name for name in shape.members}
        return {
            known.get(key.lower(), key): _spelled(shape.members.get(known.get(key.lower(), key)), item)
            for key, item in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [_spelled(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: _spelled(shape.value, item) for key, item in value.items()}
    return value


def spelled_exactly(service: str, action: str, given: Dict[str, Any]) -> None:
    """Refuse what Step Functions refuses: members that are unknown or not in Pascal case."""
    _exactly(_input(*_names(service, action)), given)


def _exactly(shape: Any, value: Any) -> None:
    kind = getattr(shape, "type_name", None)
    if kind == "structure" and isinstance(value, dict):
        known = {member[:1].upper() + member[1:]: member for member in shape.members}
        for key, item in value.items():
            if key not in known:
                raise ValueError(f"The field {key!r} is not supported by Step Functions")
            _exactly(shape.members[known[key]], item)
    elif kind == "list" and isinstance(value, list):
        for item in value:
            _exactly(shape.member, item)


def action_of(account: str, region: str, call: SdkCall) -> Tuple[str, str]:
    """The action that IAM knows the call by, and the resource it is about."""
    prefix, given = _PREFIXES.get(call.service, call.service), call.parameters
    action, lead = f"{prefix}:{call.operation}", f"arn:aws:{prefix}:{region}:{account}"
    if call.service == "ecs" and given.get("service"):
        cluster = str(given.get("cluster", "default")).rsplit("/", 1)[-1]
        return action, f"{lead}:service/{cluster}/{str(given['service']).rsplit('/', 1)[-1]}"
    if call.service == "ecs" and given.get("services"):
        cluster = str(given.get("cluster", "default")).rsplit("/", 1)[-1]
        # All of them have to be allowed; those asked for together here are always allowed together.
        return action, f"{lead}:service/{cluster}/{str(given['services'][0]).rsplit('/', 1)[-1]}"
    if call.service == "secretsmanager" and given.get("SecretId"):
        return action, str(given["SecretId"])
    if call.service == "scheduler" and given.get("Name"):
        return action, f"{lead}:schedule/{given.get('GroupName') or 'default'}/{given['Name']}"
    if call.service == "rds" and given.get("DBClusterIdentifier"):
        return action, f"{lead}:cluster:{given['DBClusterIdentifier']}"
    if call.service == "stepfunctions" and given.get("stateMachineArn"):
        return action, str(given["stateMachineArn"])
    if call.service == "logs" and call.operation == "DescribeLogGroups":
        return action, f"{lead}:log-group::log-stream:"
    if call.service == "logs" and given.get("logGroupName"):
        return action, f"{lead}:log-group:{given['logGroupName']}:*"
    return action, "*"


def plain(answer: Any) -> Any:
    """An answer of the SDK as a state machine gets it: members in Pascal case, moments as text."""
    if isinstance(answer, dict):
        kept = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        return {key[:1].upper() + key[1:]: plain(value) for key, value in kept.items()}
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    if isinstance(answer, datetime):
        return answer.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return answer
