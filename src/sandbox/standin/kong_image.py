"""What the Kong image does when a simulated task runs it: log lines, exit codes and seconds.

Kong's own words and exit codes, from its source. Where a task runs, its network and its secrets
are ``tasks``' to know; the way to the database, ``kong_database``'s.
"""

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

from .durations_tasks import duration
from .gateway import declarative
from .gateway.errors import Refused
from .kong_database import KongDatabase, Unreachable, Version, connect
from .kong_shell import Ran, ShellError, run_script

if TYPE_CHECKING:
    from .tasks import Task

_NEEDS_BOOTSTRAP = (
    "Database needs bootstrapping or is older than Kong 1.0.\n\n"
    "To start a new installation from scratch, run 'kong migrations bootstrap'."
)
_NEW = "New migrations available; run 'kong migrations up' to proceed"
_PENDING = "Database has pending migrations; run 'kong migrations finish'"
_RUN_WITH_V = "\n  Run with --v (verbose) or --vv (debug) for more details"

# The last migrations of Kong's core, by the version that brought them; enough to show.
_MIGRATIONS: List[Tuple[Version, str]] = [
    ((1, 0), "000_base"),
    ((1, 1), "003_100_to_110"),
    ((2, 8), "014_270_to_280"),
    ((3, 0), "016_280_to_300"),
    ((3, 1), "017_300_to_310"),
    ((3, 2), "018_310_to_320"),
    ((3, 3), "019_320_to_330"),
    ((3, 4), "020_330_to_340"),
    ((3, 5), "021_340_to_350"),
    ((3, 6), "022_350_to_360"),
    ((3, 7), "023_360_to_370"),
    ((3, 8), "024_370_to_380"),
    ((3, 9), "025_380_to_390"),
]
_PLUGIN_MIGRATIONS = (
    "acl",
    "acme",
    "basic-auth",
    "hmac-auth",
    "ip-restriction",
    "jwt",
    "key-auth",
    "oauth2",
    "rate-limiting",
    "session",
)


class Outcome(NamedTuple):
    """What a container did; no exit code means that it goes on running."""

    exit_code: Optional[int]
    lines: List[str]
    seconds: float
    commands: List[str]


def version(image: str) -> Tuple[int, int, int]:
    """The Kong version an image holds; an image without a telling tag holds 3.9.3."""
    found = re.search(r":v?(\d+)\.(\d+)(?:\.(\d+))?", image)
    if found is None:
        return (3, 9, 3)
    return (int(found.group(1)), int(found.group(2)), int(found.group(3) or 0))


def run(task: "Task", image: str, command: List[str], env: Dict[str, str]) -> Outcome:
    """Run a container's command to its end, or to where it serves."""
    return _Process(task, version(image), env).start(command or ["kong", "docker-start"])


class _Failed(Exception):
    """A command that ends with a message and an exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class _Process:
    def __init__(self, task: "Task", kong: Tuple[int, int, int], env: Dict[str, str]) -> None:
        self.task = task
        self.kong = kong
        self.schema: Version = kong[:2]
        self.env = env
        self.files: Dict[str, str] = {}
        self.lines: List[str] = []
        self.commands: List[str] = []
        self.seconds = 0.0
        self.serving = False

    def start(self, command: List[str]) -> Outcome:
        words = command[1:] if command[0].endswith("docker-entrypoint.sh") else command
        if words and words[0].rsplit("/", 1)[-1] in ("sh", "bash", "ash", "dash"):
            code = self._script(words[1:])
        else:
            code = self._alone(words)
        return Outcome(None if self.serving else code, self.lines, self.seconds, self.commands)

    def _script(self, words: List[str]) -> int:
        flags = [w for w in words if w.startswith("-")]
        if not any("c" in f for f in flags):
            self.say(f"sh: 0: cannot open {words[0] if words else ''}: not simulated")
            return 127
        script = next((w for w in words if not w.startswith("-")), "")
        try:
            return run_script(script, self.env, self._command, self.say, any("e" in f for f in flags))
        except ShellError as wrong:
            self.say(f"sh: 1: {wrong}")
            return 2

    def say(self, text: str) -> None:
        if text:
            self.lines.extend((text[:-1] if text.endswith("\n") else text).split("\n"))

    def _alone(self, words: List[str]) -> int:
        ran = self._command(words, self.env, {}) or Ran(127, err=f"exec: {words[0]}: not found\n")
        self.say(ran.out + ran.err)
        return ran.code

    def _command(self, words: List[str], env: Dict[str, str], files: Dict[str, str]) -> Optional[Ran]:
        if self.serving:
            # `kong docker-start` never returns.
            return Ran(0)
        if words[0].rsplit("/", 1)[-1] != "kong":
            return None
        self.commands.append(" ".join(words[1:]))
        self.files, self.env = files, env
        order = self.task.disturbance(words[1:])
        # What it prints may go into a pipe instead of the log.
        log, self.lines = self.lines, []
        code, wrong = 0, ""
        try:
            if order.get("lost"):
                # Kong's own words and its exit code 0, though it has done nothing.
                self.say("aborted: another node is performing database changes")
            elif order:
                self._fail_halfway(words[1:], bool(order.get("half")))
                raise _Failed("failed to run migration: timeout", int(order.get("exit", 1)))
            else:
                code = self._kong(words[1:])
        except _Failed as failed:
            code, wrong = failed.code, f"Error: {failed.message}\n{_RUN_WITH_V}\n"
        finally:
            printed, self.lines = self.lines, log
        return Ran(code, "".join(line + "\n" for line in printed), wrong)

    def _kong(self, words: List[str]) -> int:
        plain = [w for w in words if not w.startswith("-")]
        name = plain[0] if plain else ""
        if name == "migrations":
            return self._migrations(plain[1] if len(plain) > 1 else "", words)
        if name == "config":
            return self._config(plain[1:])
        if name in ("docker-start", "start"):
            return self._serve()
        if name == "health":
            self.say("nginx.......running\n\nKong is healthy at /usr/local/kong")
        elif name == "version":
            self.say(".".join(str(part) for part in self.kong))
        else:
            raise _Failed(f"No such command: {' '.join(words)}")
        return 0

    def _connect(self, timeout_ms: Optional[float] = None) -> KongDatabase:
        try:
            database, seconds = connect(self.task, self.env, timeout_ms)
        except Unreachable as wrong:
            self.seconds += wrong.seconds
            raise _Failed(wrong.message) from wrong
        self.seconds += seconds
        return database

    def _migrations(self, action: str, words: List[str]) -> int:
        # Migrations take their own timeout, 60 s unless told, not pg_timeout.
        timeout = next((words[i + 1] for i, w in enumerate(words[:-1]) if w == "--db-timeout"), "60")
        act = {
            "bootstrap": self._bootstrap,
            "up": self._up,
            "finish": self._finish,
            "list": self._list,
            "reset": self._reset,
        }.get(action)
        if act is None:
            raise _Failed(f"No such command for migrations: {action}")
        database = self._connect(float(timeout) * 1000)
        force = "-f" in words or "--force" in words
        return act(database, force)

    def _bootstrap(self, database: KongDatabase, force: bool) -> int:
        if database.bootstrapped and not force:
            # Also after a bootstrap that broke half-way: the schema is there, so this succeeds.
            self.say("Database already bootstrapped")
            return 0
        if force and database.bootstrapped:
            self.say("Resetting database...\nDatabase successfully reset")
            database.reset()
        self.say("Bootstrapping database...")
        database.bootstrapped = True
        self._migrate(None)
        database.executed, database.pending = self.schema, None
        self.say("Database is up-to-date")
        self.seconds += duration("kong_bootstrap")
        return 0

    def _migrate(self, since: Optional[Version], executed: bool = True) -> None:
        names = [n for v, n in _MIGRATIONS if (since is None or v > since) and v <= self.schema]
        state = "executed" if executed else "pending"
        name = self.env.get("KONG_PG_DATABASE", "kong")
        self.say(f"migrating core on database '{name}'...")
        for migration in names:
            self.say(f"core migrated up to: {migration} ({state})")
        count = len(names)
        if since is None:
            for plugin in _PLUGIN_MIGRATIONS:
                self.say(
                    f"migrating {plugin} on database '{name}'...\n{plugin} migrated up to:"
                    f" 000_base_{plugin.replace('-', '_')} (executed)"
                )
            count += len(_PLUGIN_MIGRATIONS)
        self.say(f"{count} migrations processed\n{count} {state}")

    def _up(self, database: KongDatabase, force: bool) -> int:
        state = database.state(self.schema)
        if state == "bootstrap":
            raise _Failed("Cannot run migrations: " + _NEEDS_BOOTSTRAP)
        if state == "pending" and not force:
            raise _Failed(_PENDING)
        if state != "new":
            self.say("Database is already up-to-date")
        else:
            fresh = database.executed is None
            self._migrate(database.executed, executed=fresh)
            if fresh:
                database.executed = self.schema
            else:
                database.pending = self.schema
                self.say("\nDatabase has pending migrations; run 'kong migrations finish' when ready")
            self.seconds += duration("kong_bootstrap")
        self.seconds += duration("kong_up")
        return 0

    def _finish(self, database: KongDatabase, force: bool) -> int:
        state = database.state(self.schema)
        if state == "bootstrap":
            raise _Failed("Cannot run migrations: " + _NEEDS_BOOTSTRAP)
        self.seconds += duration("kong_finish")
        if database.left:
            # What was begun is finished; what was not begun is as new as before.
            self.say("1 migration processed\n1 executed")
            database.pending, database.left = None, False
        elif database.pending is not None:
            self._migrate(database.executed)
            database.executed, database.pending = database.pending, None
        elif state != "new":
            self.say("No pending migrations to finish")
        if database.state(self.schema) == "new":
            self.say("\nNew migrations available; run 'kong migrations up' to proceed")
        return 0

    def _list(self, database: KongDatabase, force: bool) -> int:
        self.seconds += duration("kong_list")
        if not database.bootstrapped:
            self.say(_NEEDS_BOOTSTRAP)
            return 3
        executed = database.executed or (0, 0)
        self.say("Executed migrations:\ncore: " + ", ".join(n for v, n in _MIGRATIONS if v <= executed))
        if database.left and database.pending is not None:
            self.say("\nPending migrations:\ncore: the first of them")
            self._say_migrations("New migrations available", executed, database.pending)
            self.say(
                "\nDatabase has pending migrations from a previous upgrade, and new migrations from this upgrade"
                f" (version {'.'.join(str(part) for part in self.kong)})\n\nRun 'kong migrations finish' when ready to"
                " complete pending migrations (postgres database will be incompatible with the previous Kong version)"
            )
            return 4
        if database.pending is not None:
            self._say_migrations("Pending migrations", executed, database.pending)
            self.say("\nRun 'kong migrations finish' when ready")
            return 4
        if executed < self.schema:
            self._say_migrations("New migrations available", executed, self.schema)
            self.say("\nRun 'kong migrations up' to proceed")
            return 5
        return 0

    def _say_migrations(self, title: str, since: Version, until: Version) -> None:
        names = ", ".join(n for v, n in _MIGRATIONS if since < v <= until)
        self.say(f"\n{title}:\ncore: {names}")

    def _reset(self, database: KongDatabase, force: bool) -> int:
        raise _Failed("not a tty: invoke 'reset' non-interactively with the --yes flag")

    def _fail_halfway(self, words: List[str], half: bool) -> None:
        # A migration that breaks leaves what it did: a bootstrap leaves the tables and no
        # record of what was executed, an `up` pending migrations beside new ones.
        if words[:2] == ["migrations", "bootstrap"]:
            database = self._connect(60_000)
            if not database.bootstrapped:
                self.say("Bootstrapping database...")
                database.bootstrapped = True
        elif half and words[:2] == ["migrations", "up"]:
            database = self._connect(60_000)
            if database.state(self.schema) == "new":
                database.pending, database.left = self.schema, True
        self.seconds += duration("kong_up")

    def _config(self, words: List[str]) -> int:
        action, path = (words + ["", ""])[:2]
        if action not in ("db_import", "db-import", "parse"):
            raise _Failed(f"unknown command '{action}'")
        if self.env.get("KONG_DATABASE", "postgres") == "off" and action != "parse":
            raise _Failed(
                "'kong config db_import' only works with a database.\nWhen using database=off, reload your"
                " declarative configuration\nusing the /config endpoint."
            )
        if not path:
            raise _Failed("expected a declarative configuration file; see `kong config --help`")
        content = self.files.get(path)
        if content is None:
            raise _Failed(f"Failed parsing:\n{path}: No such file or directory")
        try:
            entities = declarative.read(content)
        except declarative.Invalid as wrong:
            raise _Failed(f"Failed parsing:\n{wrong}") from wrong
        # Even `parse` connects, unless the database is off.
        database = self._connect() if self.env.get("KONG_DATABASE", "postgres") != "off" else None
        self.seconds += duration("kong_import")
        if action == "parse" or database is None:
            self.say("parse successful")
            return 0
        self.say("parse successful, beginning import")
        if not database.bootstrapped:
            raise _Failed('Failed importing:\n[postgres] ERROR: relation "workspaces" does not exist (8)')
        try:
            declarative.load(database.store, entities)
        except Refused as wrong:
            raise _Failed(f"Failed importing:\n{wrong}") from wrong
        self.say("import successful")
        return 0

    def _serve(self) -> int:
        self.seconds += duration("kong_start")
        role = self.env.get("KONG_ROLE", "traditional")
        if role != "data_plane" and self.env.get("KONG_DATABASE", "postgres") != "off":
            self._check_schema()
        if role == "data_plane" and self.env.get("KONG_DATABASE") != "off":
            raise _Failed('in-memory storage must be used when role = "data_plane"')
        if role in ("data_plane", "control_plane"):
            for name in ("KONG_CLUSTER_CERT", "KONG_CLUSTER_CERT_KEY"):
                if not self.env.get(name):
                    raise _Failed("cluster certificate and key must be provided to use Hybrid mode")
        self.say(
            '[notice] 1#0: using the "epoll" event method\n[notice] 1#0: openresty/1.25.3.2\n[notice] 1#0:'
            " start worker processes"
        )
        self.serving = True
        return 0

    def _check_schema(self) -> None:
        # nginx's init fails, in words of its own around Kong's.
        database, lead = (
            self._connect(),
            "nginx: [error] init_by_lua error: /usr/local/share/lua/5.1/kong/cmd/utils/migrations.lua:16: ",
        )
        state = database.state(self.schema)
        if state == "bootstrap":
            raise _Failed(lead + _NEEDS_BOOTSTRAP)
        if state == "new" or (database.left and database.pending == self.schema):
            raise _Failed(lead + _NEW)
        if state == "pending":
            self.say("[warn] database has pending migrations")
