"""The command line of the stand-in: starts the server and sees to it that it ends."""

import argparse
import json
import os
import signal
import sys
import threading
import time
from typing import Optional


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="standin", description="A stand-in for AWS.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--speed", type=float, default=20.0, help="simulated seconds in a second")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added to each call")
    parser.add_argument("--ready-file", help="written, as JSON, when the server listens")
    parser.add_argument("--exit-with", type=int, help="end when this process is gone")
    return parser.parse_args()


def _environment() -> None:
    # Before moto is imported: it reads these once. Machine images would be loaded for every
    # account and region, and no stack of ours starts an instance.
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    # boto3 inside moto must neither read the user's configuration nor reach the network.
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ACCESS_KEY_ID="standin",
        AWS_SECRET_ACCESS_KEY="standin",
        AWS_DEFAULT_REGION="us-east-1",
    )


def _write_ready(path: str, port: int) -> None:
    # Renamed into place, so that who waits for the file never reads half of it.
    partial = f"{path}.{os.getpid()}"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump({"port": port, "pid": os.getpid()}, file)
    os.replace(partial, path)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # A killed parent that nobody has waited for yet still has a process id.
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (OSError, IndexError):
        return True


def _end_with(pid: int) -> None:
    while _alive(pid):
        time.sleep(0.5)
    os._exit(0)


def main() -> int:
    """Run until a signal, or until the process of ``--exit-with`` is gone."""
    arguments = _arguments()
    if arguments.speed <= 0 or arguments.latency_ms < 0:
        print("--speed must be above 0 and --latency-ms not below it", file=sys.stderr)
        return 2
    if arguments.exit_with is not None:
        threading.Thread(target=_end_with, args=(arguments.exit_with,), daemon=True).start()
    _environment()
    from . import fork, world

    fork.exit_with = _end_with
    # Branches that end must leave no zombies behind; nothing here waits for a child.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    world.DEFAULTS.update(speed=arguments.speed, latency_ms=arguments.latency_ms)
    from .server import Server

    server = Server(arguments.port)

    def stop(_signal: int, _frame: Optional[object]) -> None:
        # The state lives in memory only, so there is nothing to save and nobody to wait for.
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if arguments.ready_file:
        _write_ready(arguments.ready_file, server.port)
    server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
