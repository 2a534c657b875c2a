"""Simulated time, one world per account.

A world knows the time, what is due when, and the switches of one account. It does not know
AWS: the patches put actions into it. Nothing runs by itself; the server calls ``advance``
under its lock before each request of the account, so state changes are seen in due order and
tests are repeatable.
"""

import heapq
import sys
import time
import traceback
from typing import Any, Callable, Dict, List, Optional, Tuple

# What a new world starts with; set once from the command line.
DEFAULTS: Dict[str, float] = {"speed": 20.0, "latency_ms": 0.0}

# A run-away chain of actions (each scheduling the next at once) must not hang the server.
MAX_ACTIONS_PER_ADVANCE = 200_000


class World:
    """The clock, the agenda and the switches of one account."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        self.speed: float = DEFAULTS["speed"]
        self.latency_ms: float = DEFAULTS["latency_ms"]
        # The most items of a list in one answer; nothing: as many as AWS gives.
        self.page: Optional[int] = None
        # Behaviour of simulated tasks, as POST config {"tasks": ...} gave it.
        self.task_behaviour: Dict[str, Any] = {}
        # What simulated tasks ran, oldest first; answered by GET tasks.
        self.task_log: List[Dict[str, Any]] = []
        # Private state of the patches, by a key of their own; goes away with a reset.
        self.data: Dict[str, Any] = {}
        self._watchers: List[Callable[[], None]] = []
        # Something may have changed that the watchers have not seen.
        self._touched = True
        # When time last began to run; None while it is held.
        self._wall: Optional[float] = time.monotonic()
        # Simulated seconds since the epoch, so that a patch can make timestamps of it.
        self._base = time.time()
        self._inside: Optional[float] = None
        self._agenda: List[Tuple[float, int, Callable[[], None]]] = []
        self._sequence = 0

    def now(self) -> float:
        """Simulated seconds; inside an action, the moment the action was due."""
        if self._inside is not None:
            return self._inside
        if self._wall is None:
            return self._base
        return self._base + (time.monotonic() - self._wall) * self.speed

    def hold(self) -> None:
        """Hold time still until ``go_on``."""
        self._base, self._wall = self.now(), None

    def go_on(self) -> None:
        """Let held time run again, from where it was."""
        if self._wall is None:
            self._wall = time.monotonic()

    def stand_still(self, seconds: float) -> None:
        """Take out of simulated time what the last ``seconds`` of real time were."""
        if self._wall is not None:
            self._wall += seconds

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run ``action`` once, ``seconds`` of simulated time from now."""
        self._sequence += 1
        heapq.heappush(self._agenda, (self.now() + max(0.0, seconds), self._sequence, action))

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` after every action, and in an advance that follows a change.

        For state that follows from other state (the health of a target, say) and that nobody
        schedules. A watcher must be cheap and must not raise.
        """
        self._watchers.append(watcher)

    def touch(self) -> None:
        """A request has changed something: the next advance lets the watchers look."""
        self._touched = True

    def advance(self) -> None:
        """Run everything that is due, in order of due time."""
        until = self.now()
        for _ in range(MAX_ACTIONS_PER_ADVANCE):
            if not self._agenda or self._agenda[0][0] > until:
                break
            due, _, action = heapq.heappop(self._agenda)
            self._inside = due
            try:
                self._guarded(action)
                self._run_watchers()
            finally:
                self._inside = None
        if self._touched:
            self._touched = False
            self._run_watchers()

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on; time already passed stays as it was."""
        if speed <= 0:
            raise ValueError("speed must be above 0")
        now, running = self.now(), self._wall is not None
        self._wall, self._base = time.monotonic() if running else None, now
        self.speed = speed

    def skip(self, seconds: float) -> None:
        """Move the clock ahead by ``seconds`` of simulated time."""
        self._base += max(0.0, seconds)

    def _run_watchers(self) -> None:
        for watcher in self._watchers:
            self._guarded(watcher)

    @staticmethod
    def _guarded(action: Callable[[], None]) -> None:
        # One broken action must neither stop the clock nor fail somebody else's request.
        try:
            action()
        except Exception:
            traceback.print_exc(file=sys.stderr)


_worlds: Dict[str, World] = {}


def world(account_id: str) -> World:
    """The world of an account, made on first use."""
    found = _worlds.get(account_id)
    if found is None:
        found = _worlds[account_id] = World(account_id)
    return found


def drop(account_id: str) -> None:
    """Forget an account's world, with everything still due in it."""
    _worlds.pop(account_id, None)


def accounts() -> List[str]:
    """Accounts that have a world."""
    return sorted(_worlds)


def stand_still(seconds: float) -> None:
    """Take ``seconds`` of real time out of every world's time."""
    for one in _worlds.values():
        one.stand_still(seconds)
