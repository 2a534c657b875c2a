"""The HTTP server: connections, the lock, latency, faults and the log.

What a request means is ``dispatch``'s to know; what is asked about the stand-in itself,
``control``'s. One thread a connection, kept alive; moto is not thread-safe, so everything that
touches it happens under one lock, and everything that waits happens outside of it.
"""

import select
import socket
import socketserver
import sys
import threading
import time
import traceback
from http import HTTPStatus
from typing import Dict, NamedTuple, Optional

from . import calllog, control, dispatch, faults, fork, limits, protocols, warm
from .request import Request
from .world import world

LOCK = threading.RLock()

_MAX_HEADERS = 200
_REASONS = {int(status): status.phrase for status in HTTPStatus}


class Answer(NamedTuple):
    """One HTTP answer; ``error`` is the AWS code in it, for the log."""

    status: int
    headers: Dict[str, str]
    body: bytes
    error: Optional[str] = None


class Cut(Exception):
    """The connection must be closed without an answer."""


class Connection(socketserver.StreamRequestHandler):
    """One client's connection: requests are read, answered and answered again, until it goes away."""

    disable_nagle_algorithm = True
    rbufsize = 64 * 1024

    def handle(self) -> None:
        try:
            while True:
                request = self._read()
                if request is None:
                    return
                answer = self._answer(request)
                self._write(request, answer)
                if request.headers.get("connection", "").lower() == "close":
                    return
        except (Cut, ConnectionError, TimeoutError):
            return

    def _read(self) -> Optional[Request]:
        line = self.rfile.readline(65537)
        if not line.strip():
            return None
        parts = line.decode("latin-1").split()
        if len(parts) != 3:
            raise Cut
        headers: Dict[str, str] = {}
        for _ in range(_MAX_HEADERS):
            raw = self.rfile.readline(65537)
            if raw in (b"\r\n", b"\n", b""):
                break
            name, _, value = raw.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Request(parts[0], parts[1], headers, self._read_body(headers))

    def _read_body(self, headers: Dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length") or 0))
        pieces = []
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            piece = self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return b"".join(pieces)
            pieces.append(piece)

    def _write(self, request: Request, answer: Answer) -> None:
        lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Status')}"]
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "connection", "status"):
                lines.append(f"{name}: {value}")
        lines.append(f"Content-Length: {len(answer.body)}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.connection.sendall(head if request.method == "HEAD" else head + answer.body)

    def _answer(self, request: Request) -> Answer:
        if request.path == "/_standin/crowd":
            status, body = control.answer_unlocked(request.method, request.target, request.body)
            return Answer(status, {"Content-Type": "application/json"}, body)
        if request.path.startswith("/_standin/"):
            if request.path == "/_standin/state":
                status, body = control.state_of(request.target, request.body, LOCK)
            else:
                with LOCK:
                    status, body = control.answer(request.method, request.target, request.body)
            return Answer(status, {"Content-Type": "application/json"}, body)
        return self._answer_aws(request)

    def _answer_aws(self, request: Request) -> Answer:
        call = dispatch.identify(request)
        here = world(call.account)
        here.go_on()
        entry = calllog.begin(call.account, call.service, call.operation, time.time(), here.now())
        entry["resource"] = call.resource
        status, error = None, None
        try:
            if here.latency_ms > 0:
                time.sleep(here.latency_ms / 1000)
            answer = self._act(request, call)
            status, error = answer.status, answer.error
            return answer
        except Cut:
            error = "(connection cut)"
            raise
        finally:
            calllog.finish(entry, time.time(), status, error)

    def _act(self, request: Request, call: dispatch.Call) -> Answer:
        fault = faults.take(call, request)
        if fault is None and limits.over(call.account, call.service):
            fault = "throttle"
        if fault == "hang":
            self._hang()
        if fault == "cut-before":
            raise Cut
        if fault is not None and fault != "cut-after":
            return Answer(*protocols.fault(fault, call))
        if call.service == "":
            return Answer(*protocols.unsigned(call))
        elsewhere = protocols.elsewhere(call)
        if elsewhere is not None:
            return Answer(*elsewhere)
        with LOCK:
            world(call.account).advance()
            branching = fork.points(call.account).wants(call)
            if branching:
                fork.at(call, "before")
            try:
                answer = Answer(*dispatch.perform(request, call))
            except Exception as broken:  # a gap in moto must not cost the connection
                traceback.print_exc(file=sys.stderr)
                answer = Answer(*protocols.broken(broken, call))
            if calllog.is_mutating(call.operation):
                world(call.account).touch()
            # A refused call leaves what there was before it.
            if branching and answer.status < 400:
                fork.at(call, "after")
        if fault == "cut-after":
            raise Cut
        return answer

    def _hang(self) -> None:
        # Says nothing until the client loses patience.
        while True:
            readable, _, _ = select.select([self.connection], [], [], 60)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise Cut
            if readable:
                time.sleep(0.5)


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def handle_error(self, request: object, client_address: object) -> None:
        traceback.print_exc(file=sys.stderr)


def _new_lock() -> None:
    global LOCK
    LOCK = threading.RLock()


class Server:
    """Listens on the loopback interface, and nowhere else."""

    def __init__(self, port: int) -> None:
        dispatch.prepare()
        warm.warm_up()
        fork.prepare(lambda: _Listener(("127.0.0.1", 0), Connection), _new_lock)
        self._listener = _Listener(("127.0.0.1", port), Connection)
        self.port: int = self._listener.server_address[1]

    def serve(self) -> None:
        """Serve until the process ends."""
        self._listener.serve_forever(poll_interval=3600)
