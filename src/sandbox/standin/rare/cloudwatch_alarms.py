"""CloudWatch's alarms and dashboards: tags that go with their alarm, states that come with time, pages.

moto evaluates no alarm, and shows each as OK from the start. Here one is without data until CloudWatch
has looked at it for the first time. What most of them watch is not simulated, so they are OK from then
on, unless somebody sets their state. What services count of themselves rings for a while.
"""

import re
from typing import Any, Dict, List

from moto.cloudwatch.exceptions import DashboardInvalidInputError, ResourceNotFound, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from ..durations_tasks import duration
from ..patches.wrapping import around
from ..world import world

_NAME = re.compile(r"^[A-Za-z0-9_-]{1,255}$")
# What DescribeAlarms gives at most, unless asked for fewer.
_PAGE = 50
_DAY = 86400

_installed = False


def install() -> None:
    """Change moto's alarms and dashboards, once."""
    global _installed
    if _installed:
        return
    _installed = True

    @around(CloudWatchBackend, "put_metric_alarm")
    def _put(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        _check(kwargs)
        name, old = kwargs["name"], self.alarms.get(kwargs["name"])
        if old is not None:
            # moto tags an alarm anew; AWS ignores tags of a call that changes one.
            kwargs["tags"] = None
        made = original(self, *args, **kwargs)
        if old is not None:
            made.state_value, made.state_reason = old.state_value, old.state_reason
        else:
            made.state_value = "INSUFFICIENT_DATA"
            world(self.account_id).after(duration("alarm_evaluated"), lambda: _evaluate(self, name, made))
        return made

    @around(CloudWatchBackend, "delete_alarms")
    def _delete(original: Any, self: Any, alarm_names: List[str]) -> None:
        # One name that is unknown, and none is deleted.
        if any(name not in self.alarms for name in alarm_names):
            raise ResourceNotFound
        # moto keeps the tags, and gives them to a later alarm of that name.
        for name in alarm_names:
            self.tagger.delete_all_tags_for_resource(self.alarms[name].alarm_arn)
        original(self, alarm_names)

    @around(CloudWatchBackend, "put_dashboard")
    def _put_dashboard(original: Any, self: Any, name: str, body: str) -> Any:
        if not _NAME.match(name):
            raise DashboardInvalidInputError("The dashboard name has characters that are not allowed.")
        return original(self, name, body)


def _check(given: Dict[str, Any]) -> None:
    # moto takes any period, and looks back as far as it is told to.
    queries = given.get("metric_data_queries") or []
    periods = [q.metric_stat.period for q in queries if q.metric_stat is not None]
    periods += [given["period"]] if given.get("period") else []
    for period in map(int, periods):
        if period not in (10, 20, 30) and (period <= 0 or period % 60):
            raise ValidationError(f"Period must be 10, 20, 30 or a multiple of 60, not {period}")
        most = 7 * _DAY if period >= 3600 else _DAY
        if period * int(given["evaluation_periods"]) > most:
            raise ValidationError("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)")


def _evaluate(backend: Any, name: str, made: Any) -> None:
    alarm = backend.alarms.get(name)
    if alarm is not None and alarm.state_value == "INSUFFICIENT_DATA" and not alarm.history:
        alarm.update_state("Threshold not crossed", "{}", "OK")


def counted(account: str, region: str, metric: str, dimension: str, value: str) -> None:
    """Something happened that a service counts: an alarm that watches the count rings, until it is long past."""
    if account not in cloudwatch_backends.keys():
        return
    backend = cloudwatch_backends[account][region]
    for alarm in list(backend.alarms.values()):
        stats = [query.metric_stat for query in alarm.metric_data_queries or [] if query.metric_stat is not None]
        named = (stat.metric for stat in stats if stat.metric.metric_name == metric)
        if any((one.name, one.value) == (dimension, value) for each in named for one in each.dimensions):
            world(account).after(duration("alarm_rings"), lambda alarm=alarm: alarm.update_state("counted", "{}", "ALARM"))
            quiet = duration("alarm_rings") + duration("alarm_quiet")
            world(account).after(quiet, lambda alarm=alarm: alarm.update_state("Threshold not crossed", "{}", "OK"))


def paged(operation: str, given: Dict[str, Any], shown: Dict[str, Any]) -> Dict[str, Any]:
    """The page of an answer that was asked for; moto gives everything at once, in the order of making."""
    if operation != "DescribeAlarms":
        return shown
    found = sorted(shown.get("MetricAlarms") or [], key=lambda one: str(one["AlarmName"]))
    size, start = int(given.get("MaxRecords") or _PAGE), int(given.get("NextToken") or 0)
    page = {"MetricAlarms": found[start : start + size], "CompositeAlarms": shown.get("CompositeAlarms") or []}
    return {**page, "NextToken": str(start + size)} if start + size < len(found) else page
