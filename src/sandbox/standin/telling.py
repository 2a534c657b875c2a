"""What ECS's services and tasks told while they ran: why one state differs from another."""

from .services import services
from .tasks import fleet


def told(account: str, region: str) -> str:
    """Every service's events and why every task stopped, oldest first, a line each."""
    lines = [
        (event["createdAt"], event["message"])
        for service in services(account, region).values()
        for event in service.events
    ]
    lines += [
        (
            task.times["stoppingAt"],
            f"(task {task.id}) {task.stop_code}: {task.stopped_reason}, exit code {task.record['exit_code']}",
        )
        for task in fleet(account, region).tasks.values()
        if "stoppingAt" in task.times
    ]
    return "".join(f"{when:%H:%M:%S} {what}\n" for when, what in sorted(lines))
