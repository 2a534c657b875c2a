"""How long ECS, tasks and Kong's commands take, in seconds: the tasks' own part of the table.

What follows from it: a service without a target group is steady after task_schedule + task_start +
kong_start + service_settle; with one, the group's checks come before service_settle. A one-off task
takes task_start, its commands and task_deprovision.
"""

from typing import Dict

from . import durations

DURATIONS: Dict[str, float] = {
    # ECS: a service's scheduler looks at its service this often
    "task_schedule": 5,
    # a task's first state, while its network interface is attached; part of task_start
    "task_provision": 12,
    # a task that may not or cannot get its image or its secrets gives up after
    "task_refusal": 35,
    "task_no_route": 160,
    # the process has ended, the task is being taken apart
    "task_deprovision": 10,
    # a service whose tasks are healthy calls itself steady after
    "service_settle": 35,
    # pause before a service replaces a task that failed
    "task_retry": 10,
    # tasks that stopped can still be described for an hour
    "stopped_task_kept": 3600,
    # Kong's commands in a task (with start and end of the task, migrations take 90 in all)
    "kong_bootstrap": 10,
    "kong_up": 3,
    "kong_finish": 3,
    "kong_list": 2,
    "kong_import": 4,
    "kong_start": 4,
    "kong_stop": 5,
    # a data plane gets its first configuration after meeting its control plane
    "kong_sync": 6,
    # a data plane whose control plane is gone tries the next one, every 5 to 10
    "kong_reconnect": 8,
    # what is written over the Admin API reaches the data planes
    "kong_push": 1,
    # EventBridge: from what happened to the rule's target
    "event_delivery": 0.5,
    # Step Functions: from one state to the next, and a call that a state makes
    "machine_state": 0.02,
    "machine_call": 0.1,
    # a machine that is deleted is seen until its last execution is over
    "state_machine_delete": 5,
    # EventBridge Scheduler: a group goes with its schedules
    "schedule_group_delete": 5,
    # Aurora resumes from 0 ACU
    "aurora_resume": 15,
}


def duration(name: str) -> float:
    """The real duration called ``name``, from either table."""
    found = DURATIONS.get(name)
    return durations.duration(name) if found is None else found
