"""DynamoDB: tables that take their time to come and to go.

moto's tables are active at once and gone at once. On AWS the items of a table that is not active
cannot be reached, and its name is taken until it is gone.
"""

from typing import Any

from moto.dynamodb.exceptions import ResourceInUseException, ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from ..durations import duration
from ..world import world
from .wrapping import around

_ITEMS = ("put_item", "get_item", "update_item", "delete_item", "query", "scan")


def install() -> None:
    """Change moto's tables."""

    @around(DynamoDBBackend, "create_table")
    def _create(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        table = original(self, *args, **kwargs)
        table.standin_status = "CREATING"
        world(self.account_id).after(
            duration("dynamodb_table_create"), lambda: setattr(table, "standin_status", "ACTIVE")
        )
        return table

    @around(DynamoDBBackend, "delete_table")
    def _delete(original: Any, self: Any, name: str) -> Any:
        table = self.get_table(name)
        status = _status(table)
        if status != "ACTIVE":
            doing = "created" if status == "CREATING" else "deleted"
            raise ResourceInUseException(f"Attempt to change a resource which is still in use: Table is being {doing}: {name}")
        gone = original(self, name)
        gone.standin_status = "DELETING"
        self.tables[gone.name] = gone
        world(self.account_id).after(
            duration("dynamodb_table_delete"), lambda: self.tables.pop(gone.name, None)
        )
        return gone

    @around(Table, "describe")
    def _describe(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        shown = original(self, *args, **kwargs)
        for description in shown.values():
            description["TableStatus"] = _status(self)
        return shown

    for name in _ITEMS:
        _only_when_active(name)


def _status(table: Any) -> str:
    return str(getattr(table, "standin_status", "ACTIVE"))


def _only_when_active(name: str) -> None:
    @around(DynamoHandler, name)
    def _checked(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        table = self.dynamodb_backend.tables.get(str(self.body.get("TableName")))
        if table is not None and _status(table) != "ACTIVE":
            raise ResourceNotFoundException()
        return original(self, *args, **kwargs)
