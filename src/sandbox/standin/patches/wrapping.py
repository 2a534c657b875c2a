"""How a patch gets hold of the method it changes. No knowledge of any service."""

import functools
from typing import Any, Callable


def around(owner: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace ``owner.name`` by a function that gets the original as its first argument.

    ::

        @around(SubnetBackend, "delete_subnet")
        def _delete_subnet(original, self, subnet_id): ...
    """

    def decorate(replacement: Callable[..., Any]) -> Callable[..., Any]:
        original = getattr(owner, name)

        @functools.wraps(original)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return replacement(original, *args, **kwargs)

        setattr(owner, name, wrapper)
        return replacement

    return decorate
