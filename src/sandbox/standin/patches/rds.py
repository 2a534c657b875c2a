"""Aurora clusters: their states and times, and what AWS refuses of them.

moto's clusters are available at once, take any version and capacity, change at once and are gone
at once. Instances are ``rds_instances``', groups ``rds_groups``', versions ``rds_versions``'.
"""

import json
import re
import secrets
import string
from typing import Any, Callable, Dict, Optional

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.exceptions import (
    DBClusterNotFoundError,
    DBClusterSnapshotAlreadyExistsError,
    InvalidDBClusterStateFault,
    InvalidParameterCombination,
    InvalidParameterValue,
    KMSKeyNotAccessibleFault,
    RDSClientError,
)
from moto.rds.models import DBCluster, DBClusterSnapshot, MasterUserSecret, RDSBackend
from moto.rds.responses import RDSResponse

from .. import kms_keys
from ..durations_tasks import duration
from ..world import world
from . import rds_versions
from .rds_pages import paged
from .wrapping import around

_IDENTIFIER = re.compile(r"^(?!.*--)[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")
# What is changed on the spot; everything else brings the cluster to `modifying` for a while.
_AT_ONCE = {"deletion_protection", "copy_tags_to_snapshot", "apply_immediately", "db_cluster_identifier"}
_DELETABLE = (
    "available", "stopped", "inaccessible-encryption-credentials", "cloning-failed", "migration-failed",
)  # fmt: skip
# Words that PostgreSQL on RDS keeps for itself.
_RESERVED_USERS = {"admin", "rdsadmin", "rdsrepladmin", "user", "public"}


def install() -> None:
    """Change moto's clusters."""
    _patch_attributes()
    RDSResponse.describe_db_clusters = _describe
    RDSResponse.delete_db_cluster = _delete

    @around(RDSBackend, "create_db_cluster")
    def _create(original: Any, self: Any, kwargs: Any) -> Any:
        given = _plain(kwargs)
        if given.get("engine") != rds_versions.ENGINE:
            return original(self, kwargs)
        _check_new(self, given)
        cluster = original(self, given)
        cluster.serverless_v2_scaling_configuration = given.get("serverless_v2_scaling_configuration")
        cluster._status = "creating"
        _later(self, "db_cluster_create", lambda: _become(cluster, "creating", "available"))
        return cluster

    @around(RDSBackend, "modify_db_cluster")
    def _modify(original: Any, self: Any, kwargs: Any) -> Any:
        given = _plain(kwargs)
        cluster = find(self, given["db_cluster_identifier"])
        if cluster.engine != rds_versions.ENGINE:
            return original(self, kwargs)
        if cluster._status != "available":
            raise InvalidDBClusterStateFault(
                f"DB cluster {cluster.db_cluster_identifier} is not in available state; its state is {cluster._status}."
            )
        return _change(original, self, cluster, given)


def find(backend: Any, identifier: str) -> Any:
    """The cluster of that identifier."""
    cluster = backend.clusters.get(str(identifier).lower())
    if cluster is None:
        raise DBClusterNotFoundError(identifier)
    return cluster


def _plain(kwargs: Any) -> Dict[str, Any]:
    # moto's own mapping answers to two spellings of each name; here one is enough.
    return {key: kwargs[key] for key in kwargs.keys()}


def _later(backend: Any, name: str, action: Callable[[], None]) -> None:
    world(backend.account_id).after(duration(name), action)


def _become(cluster: Any, before: str, after: str) -> None:
    if cluster._status == before:
        cluster._status = after


def _check_new(backend: Any, given: Dict[str, Any]) -> None:
    identifier = given["db_cluster_identifier"] = str(given["db_cluster_identifier"]).lower()
    if not _IDENTIFIER.match(identifier):
        raise InvalidParameterValue(
            "The parameter DBClusterIdentifier is not a valid identifier. Identifiers must begin with a letter; must"
            " contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two"
            " consecutive hyphens."
        )
    if identifier in backend.clusters:
        # moto goes on until a snapshot of that name gets in its way.
        raise RDSClientError("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    if given.get("engine_mode") not in (None, "provisioned"):
        raise InvalidParameterValue(f"The engine mode {given['engine_mode']} you requested is currently unavailable.")
    given["engine_version"] = rds_versions.resolve(given.get("engine_version"))
    _check_credentials(given)
    subnets = _check_subnet_group(backend, given)
    _check_groups(backend, given, subnets)
    _check_parameter_group(backend, given)
    _check_plain_values(given)
    _check_keys(backend, given)
    scaling = given.get("serverless_v2_scaling_configuration")
    if scaling:
        given["serverless_v2_scaling_configuration"] = _scaling({}, scaling, given["engine_version"])


def _check_keys(backend: Any, given: Dict[str, Any]) -> None:
    # moto has no key for what is encrypted with AWS's own.
    account, region = backend.account_id, backend.region_name
    for name in ("kms_key_id", "master_user_secret_kms_key_id"):
        if given.get(name) is None:
            continue
        key = kms_keys.usable(account, region, given[name])
        if key is None:
            raise KMSKeyNotAccessibleFault(given[name])
        given[name] = key.arn
    if given.get("storage_encrypted") and given.get("kms_key_id") is None:
        given["kms_key_id"] = kms_keys.aws_managed(account, region, "rds").arn


def _check_credentials(given: Dict[str, Any]) -> None:
    managed, password = given.get("manage_master_user_password"), given.get("master_user_password")
    user = str(given.get("master_username") or "")
    if managed and password is not None:
        raise InvalidParameterCombination(
            "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled."
        )
    if not managed and password is None:
        raise InvalidParameterCombination("You must specify either MasterUserPassword or ManageMasterUserPassword.")
    if password is not None and (not 8 <= len(password) <= 41 or re.search(r"[/@\" ]", password)):
        raise InvalidParameterValue(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/',"
            " '@', '\"', ' ' may be used."
        )
    if user.lower() in _RESERVED_USERS:
        raise InvalidParameterValue(f"MasterUsername {user} cannot be used as it is a reserved word used by the engine")
    if user and not re.match(r"^[A-Za-z][A-Za-z0-9_]{0,15}$", user):
        raise InvalidParameterValue("The parameter MasterUsername is not a valid identifier.")


def _check_subnet_group(backend: Any, given: Dict[str, Any]) -> Any:
    name = str(given.get("db_subnet_group_name") or "default").lower()
    group = backend.subnet_groups.get(name)
    if group is None:
        raise RDSClientError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
    given["db_subnet_group_name"] = name
    return group


def _check_groups(backend: Any, given: Dict[str, Any], subnets: Any) -> None:
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    for group_id in given.get("vpc_security_group_ids") or []:
        group = ec2.get_security_group_from_id(group_id)
        if group is None:
            raise InvalidParameterValue(f"Invalid security group , groupId= {group_id}, groupName=.")
        if group.vpc_id != subnets.vpc_id:
            raise InvalidParameterCombination(
                "The DB instance and EC2 security group are in different VPCs. The DB instance is in"
                f" {subnets.vpc_id} and the EC2 security group is in {group.vpc_id}"
            )
    if not given.get("vpc_security_group_ids"):
        default = ec2.get_default_security_group(subnets.vpc_id)
        given["vpc_security_group_ids"] = [default.id] if default else []


def _check_parameter_group(backend: Any, given: Dict[str, Any], version: Optional[str] = None) -> None:
    family = rds_versions.family(version or given["engine_version"])
    name = given.get("db_cluster_parameter_group_name")
    if name is None or name == f"default.{family}":
        given["db_cluster_parameter_group_name"] = f"default.{family}"
        return
    group = backend.db_cluster_parameter_groups.get(name)
    if group is None:
        raise RDSClientError("DBClusterParameterGroupNotFound", f"DBClusterParameterGroup not found: {name}")
    if group.db_parameter_group_family != family:
        raise InvalidParameterCombination(
            f"The Parameter Group {name} with DBParameterGroupFamily {group.db_parameter_group_family} can't be used"
            f" for this instance. Please use a Parameter Group with DBParameterGroupFamily {family}."
        )


def _check_plain_values(given: Dict[str, Any]) -> None:
    retention = given.get("backup_retention_period")
    if retention is not None and not 1 <= int(retention) <= 35:
        raise InvalidParameterValue(f"Invalid backup retention period: {retention}. Must be between 1 and 35.")
    name = given.get("database_name")
    if name is not None and not re.match(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$", name):
        raise InvalidParameterValue("DatabaseName must begin with a letter and contain only alphanumeric characters.")
    exports = given.get("enable_cloudwatch_logs_exports")
    for kind in exports if isinstance(exports, list) else []:
        if kind not in ("postgresql", "instance"):
            raise InvalidParameterCombination(
                f"You cannot use the log types '{kind}' with engine version {rds_versions.ENGINE}."
            )


def _scaling(before: Dict[str, Any], wanted: Any, version: str) -> Dict[str, Any]:
    given = {key: wanted[key] for key in wanted.keys()}
    least = float(given.get("min_capacity", before.get("MinCapacity", 0.5)))
    most = float(given.get("max_capacity", before.get("MaxCapacity", 0)))
    pause = given.get("seconds_until_auto_pause", before.get("SecondsUntilAutoPause") if least == 0 else None)
    low, high = rds_versions.capacity(version)
    for value in (least, most):
        if (value * 2) % 1:
            raise InvalidParameterValue(f"Serverless v2 capacity {value} isn't valid. Specify a multiple of 0.5.")
    if least < low:
        raise InvalidParameterCombination(
            f"Serverless v2 minimum capacity {least} isn't supported by {rds_versions.ENGINE} {version}. The minimum"
            f" is {low}."
        )
    if most < 1 or most > high:
        raise InvalidParameterValue(
            f"Serverless v2 maximum capacity {most} isn't valid. Specify a value between 1 and {high}."
        )
    if least > most:
        raise InvalidParameterValue(
            f"Serverless v2 maximum capacity {most} isn't valid. The maximum capacity must be equal to or greater than"
            f" the minimum capacity {least}."
        )
    if pause is not None and least > 0:
        raise InvalidParameterCombination("SecondsUntilAutoPause can only be set when the minimum capacity is 0.")
    if pause is not None and not 300 <= int(pause) <= 86400:
        raise InvalidParameterValue(
            f"SecondsUntilAutoPause {pause} isn't valid. Specify a value between 300 and 86400."
        )
    scaling: Dict[str, Any] = {"MinCapacity": least, "MaxCapacity": most}
    if least == 0:
        scaling["SecondsUntilAutoPause"] = int(pause or 300)
    return scaling


def _change(original: Any, backend: Any, cluster: Any, given: Dict[str, Any]) -> Any:
    if given.get("engine_version"):
        given["engine_version"] = rds_versions.resolve(given["engine_version"])
        rds_versions.check_upgrade(
            cluster.engine_version, given["engine_version"], bool(given.get("allow_major_version_upgrade"))
        )
    version = given.get("engine_version") or cluster.engine_version
    if given.get("db_cluster_parameter_group_name"):
        _check_parameter_group(backend, given, version)
    if given.get("vpc_security_group_ids"):
        _check_groups(backend, given, backend.subnet_groups[cluster.db_subnet_group_name])
    _check_plain_values(given)
    if given.get("serverless_v2_scaling_configuration"):
        before = cluster.serverless_v2_scaling_configuration or {}
        given["serverless_v2_scaling_configuration"] = _scaling(
            before, given["serverless_v2_scaling_configuration"], version
        )
    if not given.get("apply_immediately") and given.get("engine_version") not in (None, cluster.engine_version):
        # Waits for the maintenance window, which the simulation does not reach.
        given.pop("engine_version")
    exports = given.pop("cloudwatch_logs_export_configuration", None)
    at_once = {key: value for key, value in given.items() if key in _AT_ONCE}
    original(backend, dict(at_once))
    if set(given) <= _AT_ONCE and exports is None:
        return cluster

    def apply() -> None:
        if cluster._status == "modifying":
            original(backend, {**given, "db_cluster_identifier": cluster.db_cluster_identifier})
            _set_exports(cluster, exports)
            _regroup(backend, cluster)

    cluster._status = "modifying"
    _later(backend, "db_cluster_modify", apply)
    return cluster


def _set_exports(cluster: Any, exports: Any) -> None:
    # moto looks for the change under another name than the one it is sent under.
    if exports is None:
        return
    off = list(exports.get("disable_log_types") or [])
    kept = [kind for kind in cluster.enabled_cloudwatch_logs_exports if kind not in off]
    cluster.enabled_cloudwatch_logs_exports = kept + [
        kind for kind in exports.get("enable_log_types") or [] if kind not in kept
    ]


def _regroup(backend: Any, cluster: Any) -> None:
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    for member in cluster._members:
        eni = ec2.enis.get(getattr(member, "standin_eni", ""))
        if eni is not None:
            eni._group_set = [ec2.get_security_group_from_id(g) for g in cluster.vpc_security_group_ids]


def _describe(self: Any) -> ActionResult:
    filters = {f["Name"]: f["Values"] for f in self.params.get("Filters", [])}
    identifier = self.params.get("DBClusterIdentifier")
    return paged(self, "DBClusters", self.backend.describe_db_clusters(identifier, filters))


def _delete(self: Any) -> ActionResult:
    backend, get = self.backend, self.params.get
    cluster, snapshot, skip = (
        find(backend, get("DBClusterIdentifier")),
        get("FinalDBSnapshotIdentifier"),
        get("SkipFinalSnapshot"),
    )
    if cluster.deletion_protection:
        raise InvalidParameterCombination(
            "Cannot delete protected Cluster, please disable deletion protection and try again."
        )
    if not skip and not snapshot:
        raise InvalidParameterCombination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )
    if skip and snapshot:
        raise InvalidParameterCombination(
            "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true."
        )
    if cluster._status not in _DELETABLE:
        raise InvalidDBClusterStateFault(
            f"Cluster {cluster.db_cluster_identifier} is not in a valid state to be deleted: {cluster._status}."
        )
    if any(member.status != "deleting" for member in cluster._members):
        raise InvalidDBClusterStateFault(
            "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
        )
    if snapshot:
        _take_final_snapshot(backend, cluster, str(snapshot))
    cluster._status = "deleting"
    world(backend.account_id).after(duration("db_cluster_delete"), lambda: _vanish(backend, cluster))
    return ActionResult({"DBCluster": cluster})


def _take_final_snapshot(backend: Any, cluster: Any, name: str) -> None:
    if name in backend.cluster_snapshots:
        raise DBClusterSnapshotAlreadyExistsError(name)
    taken: DBClusterSnapshot = backend.create_db_cluster_snapshot(cluster.db_cluster_identifier, name)
    taken.status, taken.percent_progress = "creating", 0

    def done() -> None:
        taken.status, taken.percent_progress = "available", 100

    world(backend.account_id).after(duration("db_cluster_delete") / 2, done)


def _vanish(backend: Any, cluster: Any) -> None:
    if cluster._members:
        # A cluster goes after its last instance.
        world(backend.account_id).after(5, lambda: _vanish(backend, cluster))
        return
    if cluster.manage_master_user_password:
        cluster.master_user_secret.delete_secret()
    backend.clusters.pop(cluster.db_cluster_identifier, None)
    gone = [s for s in backend.cluster_snapshots.values() if s.snapshot_type == "automated"]
    for snapshot in gone:
        if snapshot.db_cluster_identifier == cluster.db_cluster_identifier:
            backend.cluster_snapshots.pop(snapshot.db_cluster_snapshot_identifier, None)


def _patch_attributes() -> None:
    # moto's state turns to available by being looked at.
    DBCluster.status = property(lambda self: self._status, lambda self, value: setattr(self, "_status", value))
    # moto allows the Data API for the first generation of Serverless only.
    DBCluster.enable_http_endpoint = property(
        lambda self: self._enable_http_endpoint,
        lambda self, value: setattr(self, "_enable_http_endpoint", bool(value)),
    )

    def secret_string(self: Any) -> str:
        # moto gives every database the same password, and the user "admin".
        alphabet = string.ascii_letters + string.digits + "!#$%&()*+-_"
        password = "".join(secrets.choice(alphabet) for _ in range(28))
        return json.dumps({"username": self.resource.master_username, "password": password})

    MasterUserSecret._generate_secret_string = secret_string

    @around(RDSBackend, "_get_resource_for_tagging")
    def _resource(original: Any, self: Any, arn: str) -> Any:
        # moto answers with no tags for what is not there.
        found = original(self, arn)
        if found is None:
            kind, name = arn.split(":")[5], arn.rsplit(":", 1)[-1]
            codes = {
                "cluster": "DBClusterNotFoundFault",
                "db": "DBInstanceNotFound",
                "subgrp": "DBSubnetGroupNotFoundFault",
            }
            raise RDSClientError(codes.get(kind, "DBParameterGroupNotFound"), f"{name} not found.")
        return found
