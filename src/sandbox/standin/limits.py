"""Request limits as AWS keeps them: a bucket of calls for each service, refilled by the second."""

import threading
import time
from typing import Any, Dict, List, Tuple

_lock = threading.Lock()
# Account and service -> burst, refill per second, what is in the bucket, when that was so.
_buckets: Dict[Tuple[str, str], List[float]] = {}


def put(account: str, limits: Dict[str, Any]) -> None:
    """Limit services to [burst, calls per second]; ValueError says what is wrong with it."""
    for service, limit in limits.items():
        burst, refill = (float(part) for part in limit)
        if burst < 1 or refill <= 0:
            raise ValueError("a limit is [burst, calls per second], the first at least 1, the other above 0")
        with _lock:
            _buckets[account, service] = [burst, refill, burst, time.monotonic()]


def over(account: str, service: str) -> bool:
    """Whether this call is one too many; counts it if it is not."""
    if (account, service) not in _buckets:
        return False
    with _lock:
        bucket = _buckets[account, service]
        burst, refill, held, then = bucket
        now = time.monotonic()
        held = min(burst, held + (now - then) * refill)
        bucket[2:] = [held if held < 1 else held - 1, now]
        return held < 1


def clear(account: str) -> None:
    """Let an account call as often as it likes again."""
    with _lock:
        for key in [key for key in _buckets if key[0] == account]:
            del _buckets[key]
