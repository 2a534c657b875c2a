"""Pages of list answers, for services of which moto always answers in one piece."""

import base64
import binascii
from typing import Any, Callable, Dict, Optional, Tuple

from moto.core.exceptions import ServiceException
from moto.core.utils import get_pagination_model, get_service_model


def _model(service: str, operation: str) -> Optional[Tuple[str, str, str, str]]:
    """Names of: token in, token out, limit, list of results."""
    page = get_pagination_model(service).get(operation)
    if not page or not isinstance(page.get("result_key"), str) or "limit_key" not in page:
        return None
    if not isinstance(page["input_token"], str):
        return None
    return page["input_token"], page["output_token"], page["limit_key"], page["result_key"]


def paginate(
    service: str,
    operation: str,
    parameters: Dict[str, Any],
    result: Any,
    bad: Callable[[str, str], ServiceException],
) -> Any:
    """Cut a result to the page that was asked for.

    ``bad(code, message)`` makes the service's own exception. What moto paginated itself, and
    what has no pages, comes back as it was.
    """
    model = _model(service, operation)
    if model is None or not isinstance(result, dict) or result.get(model[1]):
        return result
    token_in, token_out, limit_name, key = model
    items = result.get(key)
    limit, token = parameters.get(limit_name), parameters.get(token_in)
    if items is None or (limit is None and token is None):
        return result
    _check_limit(service, operation, limit_name, limit, bad)
    items = list(items)
    start = _decode(token, operation, bad)
    if start == 0 and limit is None:
        return result
    end = start + int(limit) if limit is not None else len(items)
    page = dict(result)
    page[key] = items[start:end]
    if end < len(items):
        page[token_out] = _encode(operation, end)
    return page


def _check_limit(
    service: str, operation: str, name: str, limit: Any, bad: Callable[[str, str], ServiceException]
) -> None:
    if limit is None:
        return
    shape = get_service_model(service).operation_model(operation).input_shape.members[name]
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    parameter = name[0].lower() + name[1:]
    if (low is not None and int(limit) < low) or int(limit) < 1:
        told = f"Value ( {limit} ) for parameter {parameter} is invalid. Expecting a value greater than {low or 1}."
        raise bad("InvalidParameterValue" if service == "ec2" else "ValidationError", told)
    if high is not None and int(limit) > high:
        told = f"Value ( {limit} ) for parameter {parameter} is invalid. Expecting a value smaller than {high}."
        raise bad("InvalidParameterValue" if service == "ec2" else "ValidationError", told)


def _encode(operation: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"standin:{operation}:{start}".encode()).decode()


def _decode(
    token: Optional[str], operation: str, bad: Callable[[str, str], ServiceException]
) -> int:
    if not token:
        return 0
    try:
        mark, of, start = base64.urlsafe_b64decode(token.encode()).decode().split(":")
        if mark == "standin" and of == operation:
            return int(start)
    except (ValueError, binascii.Error):
        pass
    raise bad("InvalidNextToken", "The specified pagination token is not valid.")
