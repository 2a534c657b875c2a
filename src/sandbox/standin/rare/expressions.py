"""The times that a schedule's expression means: ``at(...)``, ``rate(...)`` and ``cron(...)``."""

import re
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import List, Optional, Sequence, Set

_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_DAYS = "SUN MON TUE WED THU FRI SAT".split()
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
# A date that never comes is given up for after so many days.
_HORIZON = 366 * 8


def following(
    expression: str, since: datetime, zone: tzinfo, first: Optional[datetime] = None
) -> Optional[datetime]:
    """The first time after ``since``, None if there is none; ValueError if it is no expression.

    ``zone`` is the schedule's, ``first`` what the beats of a rate are counted from.
    """
    found = re.match(r"^(at|rate|cron)\((.*)\)$", expression.strip())
    if found is None:
        raise ValueError(expression)
    kind, inner = found.groups()
    if kind == "at":
        once = datetime.strptime(inner, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).astimezone(timezone.utc)
        return once if once > since else None
    if kind == "rate":
        return _beat(inner, since, first or since)
    return _cron(inner.split(), since, zone)


def _beat(inner: str, since: datetime, first: datetime) -> datetime:
    found = re.match(r"^(\d+) (minute|hour|day)s?$", inner)
    if found is None or int(found.group(1)) < 1:
        raise ValueError(inner)
    step = int(found.group(1)) * _UNITS[found.group(2)]
    beats = int(max(0.0, (since - first).total_seconds()) // step) + 1
    return first + timedelta(seconds=step * beats)


def _cron(fields: List[str], since: datetime, zone: tzinfo) -> Optional[datetime]:
    if len(fields) != 6 or (fields[2] == "?") == (fields[4] == "?"):
        raise ValueError("cron takes six fields, and ? for one of the days")
    minutes, hours = _set(fields[0], 0, 59), _set(fields[1], 0, 23)
    months, years = _set(fields[3], 1, 12, _MONTHS), _set(fields[5], 1970, 2199)
    local = since.astimezone(zone)
    day = local.date()
    for _ in range(_HORIZON):
        if day.month in months and day.year in years and _is_day(day, fields[2], fields[4]):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                    if moment.astimezone(timezone.utc) > since:
                        return moment.astimezone(timezone.utc)
        day += timedelta(days=1)
    return None


def _is_day(day: date, of_month: str, of_week: str) -> bool:
    if of_month != "?":
        if of_month == "L":
            return (day + timedelta(days=1)).month != day.month
        return day.day in _set(of_month, 1, 31)
    weekday = day.isoweekday() % 7 + 1
    nth = re.match(r"^(\w+)#(\d)$", of_week)
    if nth:
        return weekday in _set(nth.group(1), 1, 7, _DAYS) and (day.day - 1) // 7 + 1 == int(nth.group(2))
    return weekday in _set(of_week, 1, 7, _DAYS)


def _set(field: str, low: int, high: int, names: Sequence[str] = ()) -> Set[int]:
    found: Set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        start, _, end = span.partition("-")
        if span == "*":
            begin, until = low, high
        else:
            begin = _number(start, low, names)
            until = _number(end, low, names) if end else (high if step else begin)
        if not low <= begin <= until <= high:
            raise ValueError(field)
        found.update(range(begin, until + 1, int(step or 1)))
    return found


def _number(text: str, low: int, names: Sequence[str]) -> int:
    return names.index(text.upper()) + low if text.upper() in names else int(text)
