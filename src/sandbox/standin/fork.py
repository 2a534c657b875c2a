"""Branches of the world: the stand-in makes a copy of its own process.

A branch is exactly what a run leaves that is killed at that moment, since no further call of it
will arrive. It listens on a port of its own, holds the account's time still until the first AWS
request reaches it (waiting its turn costs it nothing), and ends with the process it was made by.
The calls at which branches are made are an account's to choose; DynamoDB is left out, since a
lease is a run's and not the stack's.
"""

import gc
import os
import socketserver
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NoReturn, Optional, Set

from . import calllog, faults, limits, world

if TYPE_CHECKING:
    from .dispatch import Call

MOMENTS = ("before", "after")

Note = Dict[str, Any]


class Points:
    """Where an account's world branches, and the branches so far."""

    def __init__(self, given: Dict[str, Any]) -> None:
        unknown = set(given) - {*MOMENTS, "first"}
        if unknown:
            raise ValueError("unknown in fork: " + ", ".join(sorted(unknown)))
        self.moments = {moment for moment in MOMENTS if given.get(moment)}
        # Only at the first call of each operation.
        self._first = bool(given.get("first"))
        self._seen: Set[str] = set()
        self.made: List[Note] = []
        self.calls = 0

    def wants(self, call: "Call") -> bool:
        """Whether to branch at this call; counts it."""
        if not self.moments or call.service == "dynamodb" or not calllog.is_mutating(call.operation):
            return False
        self.calls += 1
        name = f"{call.service}:{call.operation}"
        again = name in self._seen
        self._seen.add(name)
        return not (self._first and again)


_points: Dict[str, Points] = {}
_listen: Optional[Callable[[], socketserver.TCPServer]] = None
_unlock: Optional[Callable[[], None]] = None
_branch = False
# Set by __main__: the children end with it too.
exit_with: Optional[Callable[[int], None]] = None


def prepare(listen: Callable[[], socketserver.TCPServer], unlock: Callable[[], None]) -> None:
    """Take what the server lends: a new listener, and a fresh lock for a copy."""
    global _listen, _unlock
    _listen, _unlock = listen, unlock


def configure(account: str, given: Dict[str, Any]) -> None:
    """Choose where the account's world branches from now on; what there was is forgotten."""
    _points[account] = Points(given)


def points(account: str) -> Points:
    """The account's choice; by default it never branches."""
    return _points.get(account) or _points.setdefault(account, Points({}))


def forget(account: str) -> None:
    """Drop the account's choice; its branches live on until they are told to end."""
    _points.pop(account, None)


def at(call: "Call", moment: str) -> None:
    """Branch at a call, if its moment is wanted; called under the lock, outside of moto."""
    here = points(call.account)
    if moment in here.moments:
        note = {"service": call.service, "operation": call.operation, "resource": call.resource}
        here.made.append({"n": here.calls, **note, "when": moment, **make(call.account)})


def make(account: str) -> Note:
    """Make a branch now; called under the lock. The copy never returns from here."""
    assert _listen is not None
    # Bound here, so that the port is known at once and connections queue until the copy listens.
    listener = _listen()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(account, listener)
    port = listener.server_address[1]
    listener.socket.close()
    # Copying the process must cost no simulated time.
    world.stand_still(time.monotonic() - started)
    return {"endpoint": f"http://127.0.0.1:{port}", "pid": pid}


def _become(account: str, listener: socketserver.TCPServer) -> NoReturn:
    global _branch
    try:
        # The copy's collector must not touch, and so copy, what both have.
        gc.freeze()
        _branch = True
        _let_go(listener.fileno())
        assert _unlock is not None
        _unlock()
        # Whoever held one of these is a thread of the other process.
        for module in (calllog, faults, limits):
            module._lock = threading.Lock()
        ports = sys.modules.get(f"{__package__}.edge.ports")
        if ports is not None:
            ports.renew()
        _points.clear()
        calllog.clear(account)
        for one in world.accounts():
            faults.clear(one)
        world.world(account).hold()
        if exit_with is not None:
            threading.Thread(target=exit_with, args=(os.getppid(),), daemon=True).start()
        listener.serve_forever(poll_interval=3600)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _let_go(keep: int) -> None:
    # Python still has an object for each of these: the number must not become another's, which
    # that object would close one day. So each becomes a file nobody reads.
    nothing = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        try:
            is_socket = os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except OSError:
            continue
        if is_socket and number != keep:
            os.dup2(nothing, number)


def end() -> None:
    """End this process, which must be a branch; a moment later, so that the answer gets out."""
    if not _branch:
        raise ValueError("only a branch ends this way")
    threading.Timer(0.05, os._exit, args=(0,)).start()
