"""Sockets on the loopback interface that stand for ports of public addresses.

Each is made when a client first asks for it, and closed when its account is dropped. What is behind
the address is looked up anew for each request, so a socket outlives changes of it. One thread
accepts for all of them; each connection has one of its own, as in ``server``.
"""

import selectors
import socket
import ssl
import threading
import time
from typing import Dict, Optional

from .. import server
from ..gateway.http import Arrived
from ..request import Request
from ..world import world
from . import balancer, certificates, node
from .place import Place, balancer_at, client_ip, refusal, task_at

_HANDSHAKE_SECONDS = 10


class _Sockets:
    def __init__(self) -> None:
        self.open: Dict[Place, socket.socket] = {}
        self.selector = selectors.DefaultSelector()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            ready = self.selector.select()
            for key, _ in ready:
                try:
                    accepted, peer = key.fileobj.accept()  # type: ignore[union-attr]
                except OSError:
                    # Closed between the two calls.
                    continue
                accepted.setblocking(True)
                threading.Thread(target=_serve, args=(accepted, peer, key.data), daemon=True).start()


_sockets: Optional[_Sockets] = None


def listen(place: Place) -> str:
    """The address on this machine that stands for the place; called under the lock."""
    global _sockets
    if _sockets is None:
        _sockets = _Sockets()
    found = _sockets.open.get(place)
    if found is None:
        found = socket.create_server(("127.0.0.1", 0), backlog=128)
        found.setblocking(False)
        _sockets.open[place] = found
        _sockets.selector.register(found, selectors.EVENT_READ, place)
    return "127.0.0.1:%d" % found.getsockname()[1]


def forget(account: str) -> None:
    """Close an account's sockets; called under the lock."""
    for place in [p for p in (_sockets.open if _sockets else ()) if p.account == account]:
        assert _sockets is not None
        closed = _sockets.open.pop(place)
        _sockets.selector.unregister(closed)
        closed.close()


def renew() -> None:
    """Forget every socket: in a copy of the process they and their threads are the other one's."""
    global _sockets
    _sockets = None


def _serve(accepted: socket.socket, peer: object, place: Place) -> None:
    try:
        with server.LOCK:
            context = _context(place)
        if context is not None:
            accepted.settimeout(_HANDSHAKE_SECONDS)
            accepted = context.wrap_socket(accepted, server_side=True)
            accepted.settimeout(None)
        _Connection(accepted, peer, place)  # type: ignore[arg-type]
    except (OSError, ValueError):
        # Clients that go away in the middle are the clients' business.
        pass
    finally:
        accepted.close()


def _context(place: Place) -> Optional[ssl.SSLContext]:
    found = balancer_at(place)
    if found is None or found.listener is None or found.listener.protocol != "HTTPS":
        return None
    return certificates.context_of(found.backend, found.listener)


class _Connection(server.Connection):
    """A connection from the Internet; ``server`` is the place it came to."""

    server: Place  # type: ignore[assignment]

    def _answer(self, request: Request) -> server.Answer:
        place = self.server
        here = world(place.account)
        here.go_on()
        if here.latency_ms > 0:
            time.sleep(here.latency_ms / 1000)
        with server.LOCK:
            if refusal(place) is not None:
                raise server.Cut
            found, task = balancer_at(place), task_at(place)
            if found is not None:
                return server.Answer(*balancer.answer(place, found, request))
            if task is None:
                raise server.Cut
            return server.Answer(*node.answer(task, place.port, Arrived(*request, client_ip(place.account), "http")))
