"""Kong's refusals, with the codes, names and bodies of its Admin API."""

from typing import Any, Dict, Optional

_CODES = {
    "schema violation": (2, 400),
    "primary key violation": (3, 400),
    "foreign key violation": (4, 400),
    "unique constraint violation": (5, 409),
    "invalid offset": (7, 400),
    "invalid size": (9, 400),
    "invalid unique": (10, 400),
}


class Refused(Exception):
    """A refusal: the HTTP status, and what the body says."""

    def __init__(self, status: int, body: Dict[str, Any]) -> None:
        super().__init__(str(body.get("message")))
        self.status, self.body = status, body


def refused(name: str, message: str, fields: Optional[Dict[str, Any]] = None) -> Refused:
    """A refusal of the database's layer."""
    code, status = _CODES[name]
    body: Dict[str, Any] = {"code": code, "name": name, "message": message}
    if fields is not None:
        body["fields"] = fields
    return Refused(status, body)


def violation(problems: Dict[str, Any]) -> Refused:
    """Fields that are not as their schema has them; ``@entity`` is what is wrong with all together."""
    told = list(problems.get("@entity", ()))
    for field in sorted(name for name in problems if name != "@entity"):
        inner = problems[field]
        if isinstance(inner, dict):
            told += [f"{field}.{name}: {inner[name]}" for name in sorted(inner)]
        else:
            told.append(f"{field}: {inner}")
    many = "schema violation" if len(told) == 1 else f"{len(told)} schema violations"
    return refused("schema violation", f"{many} ({'; '.join(told)})", problems)


def not_found() -> Refused:
    """What is not there."""
    return Refused(404, {"message": "Not found"})


def pretty(value: Any) -> str:
    """A value as Lua prints it in messages."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}={pretty(value[key])}" for key in sorted(value)) + "}"
    return "null" if value is None else f'"{value}"' if isinstance(value, str) else str(value)
