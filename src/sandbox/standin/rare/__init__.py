"""Services that few stacks use: moto's packages and what mends them, loaded by their first call.

A module is named after moto's package and has ``install()``, like those of ``patches``. One whose
service moto does not have (``pricing``) has ``url_paths`` of its own.
"""

import importlib
import importlib.util
import sys
from typing import Any, Dict, Iterator

# Scope of the signature -> package, where moto's index does not know it.
PACKAGES = {"pricing": "pricing"}

_paths: Dict[str, Any] = {}


def url_paths(package: str) -> Any:
    """The paths and handlers of a service, mended before anybody gets them."""
    if package not in _paths:
        own = importlib.util.find_spec(f"{__name__}.{package}")
        mended = importlib.import_module(f"{__name__}.{package}") if own else None
        if hasattr(mended, "install"):
            mended.install()
        source = mended if hasattr(mended, "url_paths") else importlib.import_module(f"moto.{package}.urls")
        _paths[package] = source.url_paths
    return _paths[package]


def tagged(account: str, region: str) -> Iterator[Any]:
    """What the tagging API lists of services that have been called and that moto does not ask."""
    for module in [m for m in (sys.modules.get(f"{__name__}.{name}") for name in ("events", "scheduler", "wafv2")) if m is not None]:
        yield from module.tagged(account, region)
