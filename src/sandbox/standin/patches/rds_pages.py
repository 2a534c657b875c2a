"""Pages of RDS's describes: 20 to 100 records each, told apart by a marker."""

from typing import Any, List

from moto.core.responses import ActionResult
from moto.rds.exceptions import InvalidParameterValue

from .paging import page_size

_MOST = 100


def paged(response: Any, key: str, items: List[Any]) -> ActionResult:
    """The page of ``items`` that the request asks for, under ``key``."""
    size, marker = response.params.get("MaxRecords"), response.params.get("Marker")
    if size is not None and not 20 <= int(size) <= _MOST:
        raise InvalidParameterValue(f"Invalid value {size} for MaxRecords. Must be between 20 and {_MOST}")
    if marker is not None and not str(marker).isdigit():
        raise InvalidParameterValue("Invalid marker.")
    start, size = int(marker or 0), page_size(response.current_account, size, _MOST)
    shown = {key: items[start : start + size]}
    if start + size < len(items):
        shown["Marker"] = str(start + size)  # type: ignore[assignment]
    return ActionResult(shown)
