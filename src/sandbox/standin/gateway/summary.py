"""What Kong's databases hold, for comparisons: without the keys, and without what is drawn or counted."""

from typing import Any, Dict, List

from .schema import Entity

_DROPPED = ("key", "created_at", "updated_at")


def entities(account: str, region: str) -> Dict[str, Dict[str, List[Entity]]]:
    """The entities of each database, by its cluster and their kind."""
    from moto.rds.models import rds_backends

    if account not in rds_backends.keys():
        return {}
    found: Dict[str, Dict[str, List[Entity]]] = {}
    for cluster in list(rds_backends[account][region].clusters.values()):
        database: Any = getattr(cluster, "kong", None)
        if database is not None:
            tables = database.store.tables
            found[cluster.db_cluster_identifier] = {
                kind: [_shown(one) for one in rows.values()] for kind, rows in tables.items()
            }
    return found


def _shown(entity: Entity) -> Entity:
    return {field: value for field, value in entity.items() if field not in _DROPPED}
