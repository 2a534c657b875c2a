"""Instances of Aurora clusters: states, times, network interfaces and refusals.

moto's instances are available at once and gone at once, and nothing of them lies in a subnet.
"""

import secrets
from typing import Any, Dict, Tuple

from moto.core.responses import ActionResult
from moto.rds.exceptions import (
    DBClusterNotFoundError,
    DBInstanceAlreadyExists,
    DBInstanceNotFoundError,
    InvalidDBClusterStateFault,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBInstance, DBInstanceClustered, RDSBackend
from moto.rds.responses import RDSResponse

from .. import task_identity
from ..durations_tasks import duration
from ..world import world
from . import ec2, rds_logs, rds_versions
from .rds_pages import paged
from .wrapping import around

# Set for the cluster, not for its instances.
_OF_THE_CLUSTER = {
    "backup_retention_period": "backup retention period",
    "master_username": "master user name",
    "master_user_password": "master user password",
    "storage_encrypted": "storage encryption",
    "vpc_security_group_ids": "vpc security groups",
    "deletion_protection": "deletion protection",
}
# moto takes no notice of these: the name in a request, and the one in an answer.
_KEPT = {
    "enable_performance_insights": "performance_insights_enabled",
    "performance_insights_retention_period": "performance_insights_retention_period",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "database_insights_mode": "database_insights_mode",
}

# States in which RDS takes a change, and a deletion: what has failed can only be deleted.
_CHANGEABLE = ("available", "storage-full")
_DELETABLE = (
    *_CHANGEABLE, "stopped", "failed", "incompatible-parameters", "incompatible-network", "incompatible-restore",
    "inaccessible-encryption-credentials",
)  # fmt: skip


def install() -> None:
    """Change moto's instances."""
    _patch_endpoint()
    # Aurora's backups are the cluster's; moto takes one of each instance, and keeps it.
    DBInstanceClustered.save_automated_backup = lambda self: None
    _patch_changes()
    RDSResponse.describe_db_instances = _describe

    @around(RDSBackend, "create_db_instance")
    def _create(original: Any, self: Any, db_kwargs: Any) -> Any:
        given: Dict[str, Any] = {key: db_kwargs[key] for key in db_kwargs.keys()}
        if not given.get("db_cluster_identifier"):
            return original(self, db_kwargs)
        cluster = _check(self, given)
        database = original(self, given)
        database.db_subnet_group_name = cluster.db_subnet_group_name
        database.dbi_resource_id = "db-" + secrets.token_hex(13).upper()
        _keep(database, given)
        try:
            _place(self, cluster, database, given)
        except Exception:
            # Refused is not made.
            self.databases.pop(database.db_instance_identifier, None)
            raise
        database.status = "creating"
        first = database.is_cluster_writer
        wait = duration("db_instance_create" if first else "db_reader_create")
        world(self.account_id).after(wait, lambda: _begin(self, cluster, database))
        return database


def _patch_changes() -> None:
    @around(RDSBackend, "modify_db_instance")
    def _modify(original: Any, self: Any, db_instance_identifier: str, db_kwargs: Any) -> Any:
        database = find(self, db_instance_identifier)
        if not isinstance(database, DBInstanceClustered):
            return original(self, db_instance_identifier, db_kwargs)
        _in_state(database, _CHANGEABLE)
        given = {key: db_kwargs[key] for key in db_kwargs.keys()}

        def apply() -> None:
            if database.status == "modifying":
                original(self, database.db_instance_identifier, given)
                _keep(database, given)
                database.status = "available"

        database.status = "modifying"
        world(self.account_id).after(duration("db_instance_modify"), apply)
        return database

    @around(RDSBackend, "delete_db_instance")
    def _delete(original: Any, self: Any, db_instance_identifier: str, *args: Any, **kwargs: Any) -> Any:
        database = find(self, db_instance_identifier)
        if not isinstance(database, DBInstanceClustered):
            return original(self, db_instance_identifier, *args, **kwargs)
        if kwargs.get("final_db_snapshot_identifier"):
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance"
            )
        if database.status == "deleting":
            raise RDSClientError(
                "InvalidDBInstanceState", f"Instance {db_instance_identifier} is already being deleted."
            )
        _in_state(database, _DELETABLE)
        database.status = "deleting"
        here = world(self.account_id)
        here.after(duration("db_failover"), lambda: _hand_over(database))
        here.after(duration("db_instance_delete"), lambda: _vanish(self, database))
        return database


def _describe(self: Any) -> ActionResult:
    # moto's own pages break at the second one.
    filters = {f["Name"]: f["Values"] for f in self.params.get("Filters", [])}
    identifier = self.params.get("DBInstanceIdentifier")
    return paged(self, "DBInstances", list(self.backend.describe_db_instances(identifier, filters=filters)))


def find(backend: Any, identifier: str) -> Any:
    """The instance of that identifier."""
    database = backend.databases.get(str(identifier).lower())
    if database is None:
        raise DBInstanceNotFoundError(identifier)
    return database


def _keep(database: Any, given: Dict[str, Any]) -> None:
    for asked, shown in _KEPT.items():
        if asked in given:
            setattr(database, shown, given[asked])


def _in_state(database: Any, states: Tuple[str, ...]) -> None:
    if database.status not in states:
        raise RDSClientError(
            "InvalidDBInstanceState",
            f"Instance {database.db_instance_identifier} is not currently available; its state is {database.status}.",
        )


def _begin(backend: Any, cluster: Any, database: Any) -> None:
    if database.status == "creating":
        database.status = "available"
        rds_logs.begin(backend, cluster, database)


def _check(backend: Any, given: Dict[str, Any]) -> Any:
    identifier = given["db_instance_identifier"] = str(given["db_instance_identifier"]).lower()
    if identifier in backend.databases:
        raise DBInstanceAlreadyExists()
    name = given["db_cluster_identifier"] = str(given["db_cluster_identifier"]).lower()
    cluster = backend.clusters.get(name)
    if cluster is None:
        raise DBClusterNotFoundError(name)
    if cluster.status != "available":
        raise InvalidDBClusterStateFault(f"DB cluster {name} is not in available state; its state is {cluster.status}.")
    for key, words in _OF_THE_CLUSTER.items():
        if given.get(key) is not None:
            raise InvalidParameterCombination(
                f"The requested DB Instance will be a member of a DB Cluster. Set {words} for the DB Cluster."
            )
    if given.get("db_instance_class") == "db.serverless" and not cluster.serverless_v2_scaling_configuration:
        raise InvalidParameterCombination(
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB"
            " instance."
        )
    role = given.get("monitoring_role_arn")
    if role is not None and not task_identity.assumable(backend.account_id, role, "monitoring.rds.amazonaws.com"):
        raise InvalidParameterValue(
            "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING"
        )
    group = given.get("db_subnet_group_name")
    if group is not None and group.lower() != cluster.db_subnet_group_name:
        raise InvalidParameterCombination("The DB subnet group of the DB instance must be that of its DB cluster.")
    version = given.pop("engine_version", None)
    if version is not None and rds_versions.resolve(version) != cluster.engine_version:
        raise InvalidParameterCombination(
            f"The engine version that you requested for your DB instance ({version}) does not match the engine version"
            f" of your DB cluster ({cluster.engine_version})."
        )
    return cluster


def _place(backend: Any, cluster: Any, database: Any, given: Dict[str, Any]) -> None:
    subnets = backend.subnet_groups[cluster.db_subnet_group_name]._subnets
    zone = given.get("availability_zone")
    used = [getattr(m, "standin_subnet", None) for m in cluster._members if m is not database]
    choice = [s for s in subnets if zone in (None, s.availability_zone)]
    if not choice:
        raise RDSClientError("InvalidVPCNetworkStateFault", f"No subnet of the DB subnet group lies in {zone}.")
    subnet = min(choice, key=lambda s: used.count(s.id))
    database.availability_zone, database.standin_subnet = subnet.availability_zone, subnet.id
    database.standin_eni, database.standin_ip = ec2.attach_eni(
        backend.account_id, backend.region_name, subnet.id, cluster.vpc_security_group_ids, "RDSNetworkInterface",
        owner="amazon-rds",
    )  # fmt: skip


def _vanish(backend: Any, database: Any) -> None:
    ec2.release_eni(backend.account_id, backend.region_name, database.standin_eni)
    backend.databases.pop(database.db_instance_identifier, None)
    cluster = database.cluster
    if database.is_cluster_writer:
        # Another instance takes over, as after a failover.
        database.is_cluster_writer = False
        cluster.designate_writer()


def _hand_over(database: Any) -> None:
    # Aurora promotes a reader as soon as the deletion of the writer begins.
    ready = [m for m in database.cluster.members if m is not database and m.status == "available"]
    if database.is_cluster_writer and ready:
        database.is_cluster_writer = False
        min(ready, key=lambda one: one.promotion_tier).is_cluster_writer = True


def _patch_endpoint() -> None:
    endpoint = DBInstance.endpoint.fget
    address = DBInstance.address.fget

    def own_address(self: Any) -> str:
        # All instances of a cluster share its suffix.
        cluster = self.__dict__.get("cluster")
        if cluster is None:
            return str(address(self))
        return f"{self.db_instance_identifier}.{cluster.url_identifier}.{self.region}.rds.amazonaws.com"

    def when_there(self: Any) -> Any:
        # There is no endpoint before the instance has been made.
        return None if self.status == "creating" else endpoint(self)

    DBInstance.address = property(own_address)
    DBInstance.endpoint = property(when_there)
