"""Differences between moto and AWS, one module a service.

Each module has ``install()``, which changes moto's classes in process, once. A module never
answers instead of moto what moto answers rightly, and is stricter than AWS rather than looser.
"""

import importlib
import pkgutil


def install_all() -> None:
    """Install every patch found in this package, in order of name."""
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        module = importlib.import_module(f"{__name__}.{found.name}")
        install = getattr(module, "install", None)
        if install is not None:
            install()
