"""EventBridge: rules in the tagging API, which moto tells of event buses only."""

from typing import Iterator

from moto.core.resource_tagging import TaggedResource
from moto.events.models import events_backends


def tagged(account: str, region: str) -> Iterator[TaggedResource]:
    """What the tagging API lists of rules."""
    if account not in events_backends.keys():
        return
    backend = events_backends[account][region]
    for bus in list(backend.event_buses.values()):
        for rule in list(bus.rules.values()):
            yield TaggedResource(rule.arn, backend.tagger.get_tag_dict_for_resource(rule.arn), "events:rule")
