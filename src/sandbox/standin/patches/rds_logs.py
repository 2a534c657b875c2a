"""The log groups that databases write to.

moto's databases write nothing. On AWS an instance that runs exports its log to a group named after
its cluster, and RDS makes that group, without tags and without an end, where there is none.
"""

from typing import Any

from moto.logs.models import logs_backends


def begin(backend: Any, cluster: Any, database: Any) -> None:
    """An instance begins to write its log."""
    logs = logs_backends[backend.account_id][backend.region_name]
    for kind in cluster.enabled_cloudwatch_logs_exports or []:
        name = f"/aws/rds/cluster/{cluster.db_cluster_identifier}/{kind}"
        if name not in logs.groups:
            logs.create_log_group(name, {})
        stream = f"{database.db_instance_identifier}.0"
        if stream not in logs.groups[name].streams:
            logs.create_log_stream(name, stream)
