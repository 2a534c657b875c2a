"""The stand-in's own HTTP interface, under ``/_standin/``: for tests, not for AWS clients.

Every route is about one account, ``?account=NUMBER``; bodies and answers are JSON, what is wrong with
an order comes back as ``{"error": ...}`` with status 400. An order may be a list of orders.

======================= ==================================================================
``GET health``          process, speed, simulated time, accounts
``POST config``         ``speed``, ``latency_ms``, ``skip_seconds``; ``limits``: see ``limits``;
                        ``page``: the most items a list answers; ``tasks``: see ``task_behaviour``;
                        ``client_ip``: the public address that clients come from
``GET|DELETE calls``    the call log (``?since=N``)
``GET|POST|DELETE faults`` the next calls of an operation fail: ``kind``, ``service``, ``operation``,
                        ``times``, ``skip``; with ``each`` the first of each that is the same
``GET faults/kinds``    each kind with the operations that can fail so; ``*`` for every one
``POST|DELETE states``  a resource gets into a state: see ``states``; ``GET states/kinds`` lists them
``GET|POST|DELETE stale`` reads that do not see what is new: see ``stale``
``GET|POST|DELETE peers`` somebody else's call before or after one of the client's: see ``peers``
``config {"fork": ..}`` branch at each mutating call: ``before``, ``after``, ``first`` of each operation only
``GET forks``           the branches made so far, and where each listens
``POST fork``           a branch now; ``POST exit`` ends a branch that is asked so
``GET|POST state``      all that stands in the account, to be compared; the difference from the body
``GET services``        the services whose state that is
``GET|POST crowd``      all there is; ``strangers`` and ``stacks`` of others in a ``region``: see ``crowd``
``POST reset``          the account is empty again
``GET durations``       how long what takes
``GET machines``        executions of state machines written for JSONata, state by state
``GET tasks``           what simulated tasks ran
``GET told``            what services said and why tasks stopped, in a ``region``: text, oldest first
``GET resolve``         ``?name=``: ``addresses`` of a public name; none, and there is no such name
``GET connect``         ``?address=&port=``: where ``to`` reach it on this machine, or ``why`` not: ``timeout``,
                        ``refused``
``GET authority``       the PEM of the authority that public certificates chain to
======================= ==================================================================
"""

import ipaddress
import json
import os
import sys
from typing import Any, Callable, Dict, Tuple
from urllib.parse import parse_qs, urlsplit

from . import (
    DEFAULT_ACCOUNT,
    VERSION,
    calllog,
    crowd,
    crowd_list,
    durations,
    faults,
    fork,
    limits,
    local_calls,
    peers,
    stale,
    state,
    states,
    world,
)

Query = Dict[str, str]


def answer(method: str, target: str, body: bytes) -> Tuple[int, bytes]:
    """Answer one control request; called under the lock."""
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    handler = _ROUTES.get((method, parts.path[len("/_standin/") :]))
    if handler is None:
        return 404, _encode({"error": f"no such control: {method} {parts.path}"})
    try:
        given = json.loads(body) if body.strip() else {}
        found = handler(query.get("account", DEFAULT_ACCOUNT), query, given)
        return 200, found.encode("utf-8") if isinstance(found, str) else _encode(found)
    except KeyError as missing:
        return 400, _encode({"error": f"missing: {missing}"})
    except (ValueError, TypeError, AttributeError) as wrong:
        return 400, _encode({"error": str(wrong)})


def answer_unlocked(method: str, target: str, body: bytes) -> Tuple[int, bytes]:
    """Answer a request about a crowd, which takes the lock itself, call by call: it takes long."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    account = query.get("account", DEFAULT_ACCOUNT)
    if method == "GET":
        return 200, _encode(list(crowd_list.everything(account, query["region"])))
    given = json.loads(body)
    crowd.fill(account, given["region"], int(given["strangers"]), list(given["stacks"]))
    return 200, _encode({})


def _encode(value: Any) -> bytes:
    return json.dumps(value, default=str).encode("utf-8")


def _health(account: str, query: Query, given: Any) -> Any:
    here = world.world(account)
    return {
        "pid": os.getpid(),
        "accounts": world.accounts(),
        "speed": here.speed,
        "latency_ms": here.latency_ms,
        "sim_now": here.now(),
        "version": VERSION,
    }


def _calls(account: str, query: Query, given: Any) -> Any:
    return calllog.calls(account, int(query.get("since", "0")))


def _clear_calls(account: str, query: Query, given: Any) -> Any:
    calllog.clear(account)
    return {}


def _config(account: str, query: Query, given: Any) -> Any:
    here = world.world(account)
    unknown = set(given) - {"speed", "latency_ms", "limits", "page", "tasks", "skip_seconds", "fork", "client_ip"}
    if unknown:
        raise ValueError("unknown setting: " + ", ".join(sorted(unknown)))
    if "speed" in given:
        here.set_speed(float(given["speed"]))
    if "latency_ms" in given:
        here.latency_ms = max(0.0, float(given["latency_ms"]))
    if "page" in given:
        here.page = None if given["page"] is None else max(1, int(given["page"]))
    if "tasks" in given:
        here.task_behaviour = dict(given["tasks"])
    if "client_ip" in given:
        here.data["edge-client-ip"] = str(ipaddress.IPv4Address(given["client_ip"]))
    if "limits" in given:
        limits.put(account, dict(given["limits"]))
    if "fork" in given:
        fork.configure(account, dict(given["fork"]))
    if "skip_seconds" in given:
        here.skip(float(given["skip_seconds"]))
    here.touch()
    return _health(account, query, given)


def _order_fault(account: str, query: Query, given: Any) -> Any:
    for order in given if isinstance(given, list) else [given]:
        faults.add(account, order)
    return faults.pending(account)


def _clear_faults(account: str, query: Query, given: Any) -> Any:
    faults.clear(account)
    return []


def _order_states(account: str, query: Query, given: Any) -> Any:
    return [states.order(account, order) for order in (given if isinstance(given, list) else [given])]


def _clear_states(account: str, query: Query, given: Any) -> Any:
    states.clear(account)
    return []


def _order_stale(account: str, query: Query, given: Any) -> Any:
    return [stale.order(account, order) for order in (given if isinstance(given, list) else [given])][-1]


def _clear_stale(account: str, query: Query, given: Any) -> Any:
    stale.clear(account)
    return []


def _order_peers(account: str, query: Query, given: Any) -> Any:
    return [peers.order(account, order) for order in (given if isinstance(given, list) else [given])]


def _clear_peers(account: str, query: Query, given: Any) -> Any:
    peers.clear(account)
    return []


def forget(account: str) -> None:
    """Drop everything of an account; called under the lock."""
    from moto.core.base_backend import BackendDict

    for services in list(BackendDict._instances):
        if account in services.keys():
            services.pop(account)
    ports = sys.modules.get(f"{__package__}.edge.ports")
    if ports is not None:
        ports.forget(account)
    world.drop(account)
    local_calls.forget(account)
    faults.clear(account)
    limits.clear(account)
    fork.forget(account)
    calllog.clear(account)


def _reset(account: str, query: Query, given: Any) -> Any:
    forget(account)
    return {}


def _machines(account: str, query: Query, given: Any) -> Any:
    return world.world(account).data.get("machine-executions", [])


def _tasks(account: str, query: Query, given: Any) -> Any:
    here = world.world(account)
    here.advance()
    return here.task_log


def _told(account: str, query: Query, given: Any) -> Any:
    from . import telling

    world.world(account).advance()
    return telling.told(account, query["region"])


def state_of(target: str, body: bytes, lock: Any) -> Tuple[int, bytes]:
    """The account's state in a form that can be compared; called outside of the lock, since it makes calls.

    With a text in the body, the difference from it instead.
    """
    query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    account = query.get("account", DEFAULT_ACCOUNT)
    with lock:
        world.world(account).advance()
    found = state.text(account, query["region"])
    if body:
        found = state.difference(body.decode("utf-8"), found)
    return 200, found.encode("utf-8")


def _resolve(account: str, query: Query, given: Any) -> Any:
    from .edge import names

    world.world(account).advance()
    return {"addresses": names.resolve(account, query["name"])}


def _connect(account: str, query: Query, given: Any) -> Any:
    from .edge import place

    return place.connect(place.Place(account, query["address"], int(query["port"])))


def _authority(account: str, query: Query, given: Any) -> Any:
    from .edge import certificates

    return certificates.authority()


def _exit(account: str, query: Query, given: Any) -> Any:
    fork.end()
    return {}


_ROUTES: Dict[Tuple[str, str], Callable[[str, Query, Any], Any]] = {
    ("GET", "health"): _health,
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _clear_calls,
    ("POST", "config"): _config,
    ("GET", "faults"): lambda account, query, given: faults.pending(account),
    ("POST", "faults"): _order_fault,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "faults/kinds"): lambda account, query, given: faults.kinds(),
    ("GET", "states/kinds"): lambda account, query, given: states.kinds(),
    ("POST", "states"): _order_states,
    ("DELETE", "states"): _clear_states,
    ("GET", "stale"): lambda account, query, given: stale.orders(account),
    ("POST", "stale"): _order_stale,
    ("DELETE", "stale"): _clear_stale,
    ("GET", "peers"): lambda account, query, given: peers.orders(account),
    ("POST", "peers"): _order_peers,
    ("DELETE", "peers"): _clear_peers,
    ("POST", "reset"): _reset,
    ("GET", "durations"): lambda account, query, given: durations.table(),
    ("GET", "machines"): _machines,
    ("GET", "tasks"): _tasks,
    ("GET", "told"): _told,
    ("GET", "resolve"): _resolve,
    ("GET", "connect"): _connect,
    ("GET", "authority"): _authority,
    ("GET", "forks"): lambda account, query, given: fork.points(account).made,
    ("POST", "fork"): lambda account, query, given: fork.make(account),
    ("POST", "exit"): _exit,
    ("GET", "services"): lambda account, query, given: state.services(),
}
