"""RDS's groups: subnet groups that must span zones, parameter groups that know their parameters.

moto takes any subnets, deletes what is in use, loses a subnet group that is modified, and knows
only the parameters somebody has set.
"""

import re
from typing import Any, Dict, List, Optional

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.exceptions import (
    DBSubnetGroupNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidSubnet,
    RDSClientError,
)
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from . import rds_versions
from .rds_pages import paged
from .wrapping import around

# Parameters of a cluster group that a stack may touch: default, type, and whether it applies
# at once. What is not here is taken as given.
_PARAMETERS: Dict[str, Any] = {
    "idle_in_transaction_session_timeout": ("86400000", "integer", "dynamic"),
    "log_connections": (None, "boolean", "dynamic"),
    "log_disconnections": (None, "boolean", "dynamic"),
    "log_min_duration_statement": (None, "integer", "dynamic"),
    "log_statement": (None, "string", "dynamic"),
    "rds.force_ssl": ("0", "boolean", "dynamic"),
    "rds.logical_replication": ("0", "boolean", "static"),
    "shared_preload_libraries": ("pg_stat_statements", "list", "static"),
    "ssl_min_protocol_version": ("TLSv1.2", "string", "dynamic"),
    "statement_timeout": (None, "integer", "dynamic"),
    "timezone": ("UTC", "string", "dynamic"),
}


def install() -> None:
    """Change moto's subnet and parameter groups."""
    _patch_subnet_groups()
    _patch_parameter_groups()
    RDSResponse.describe_db_subnet_groups = _describe_subnet_groups
    RDSResponse.describe_db_cluster_parameters = _describe_parameters
    RDSResponse.describe_db_cluster_parameter_groups = _describe_parameter_groups
    RDSResponse.reset_db_cluster_parameter_group = _reset_parameters
    RDSResponse.create_db_subnet_group = _create_subnet_group
    RDSResponse.modify_db_subnet_group = _modify_subnet_group


def _subnets(response: Any) -> List[Any]:
    known = {
        subnet_id: subnet
        for zone in ec2_backends[response.current_account][response.region].subnets.values()
        for subnet_id, subnet in zone.items()
    }
    wanted = response.params.get("SubnetIds") or []
    missing = [subnet_id for subnet_id in wanted if subnet_id not in known]
    if missing:
        raise InvalidSubnet(missing[0])
    found = [known[subnet_id] for subnet_id in wanted]
    if len({subnet.vpc_id for subnet in found}) > 1:
        raise RDSClientError("InvalidSubnet", "The requested subnets are not all in the same VPC.")
    zones = sorted({subnet.availability_zone for subnet in found})
    if len(zones) < 2:
        raise RDSClientError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(zones)}. Add subnets to cover at least 2 AZs.",
        )
    return found


def _create_subnet_group(self: Any) -> ActionResult:
    name = str(self.params.get("DBSubnetGroupName") or "").lower()
    if name == "default" or not re.match(r"^[a-z0-9 ._-]{1,255}$", name):
        raise InvalidParameterValue(f"The parameter DBSubnetGroupName is not valid: {name}")
    if name in self.backend.subnet_groups:
        raise RDSClientError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    group = self.backend.create_subnet_group(
        name, self.params.get("DBSubnetGroupDescription"), _subnets(self), self.params.get("Tags", [])
    )
    return ActionResult({"DBSubnetGroup": group})


def _modify_subnet_group(self: Any) -> ActionResult:
    group = _subnet_group(self.backend, self.params.get("DBSubnetGroupName"))
    subnets = _subnets(self)
    if subnets[0].vpc_id != group.vpc_id:
        raise RDSClientError("InvalidSubnet", "The new subnets are not in the same VPC as the existing subnet group.")
    kept = {subnet.id for subnet in subnets}
    for database in self.backend.databases.values():
        place = getattr(database, "standin_subnet", None)
        if _group_of(database) == group.name and place is not None and place not in kept:
            raise RDSClientError(
                "SubnetAlreadyInUse", f"Subnet {place} is in use by {database.db_instance_identifier}."
            )
    group._subnets = subnets
    if self.params.get("DBSubnetGroupDescription") is not None:
        group.description = self.params.get("DBSubnetGroupDescription")
    return ActionResult({"DBSubnetGroup": group})


def _subnet_group(backend: Any, name: Optional[str]) -> Any:
    group = backend.subnet_groups.get(str(name).lower())
    if group is None:
        raise RDSClientError("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
    return group


def _describe_subnet_groups(self: Any) -> ActionResult:
    name = self.params.get("DBSubnetGroupName")
    groups = [_subnet_group(self.backend, name)] if name else list(self.backend.subnet_groups.values())
    return paged(self, "DBSubnetGroups", groups)


def _group_of(database: Any) -> Optional[str]:
    cluster = database.__dict__.get("cluster")
    if cluster is not None:
        return str(cluster.db_subnet_group_name)
    group = getattr(database, "db_subnet_group", None)
    return None if group is None else str(group.name)


def _patch_subnet_groups() -> None:
    @around(RDSBackend, "delete_subnet_group")
    def _delete(original: Any, self: Any, subnet_name: str) -> Any:
        name = subnet_name.lower()
        if name not in self.subnet_groups:
            raise DBSubnetGroupNotFoundError(subnet_name)
        users = [d.db_instance_identifier for d in self.databases.values() if _group_of(d) == name]
        users += [c.db_cluster_identifier for c in self.clusters.values() if c.db_subnet_group_name == name]
        if users:
            raise RDSClientError(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{name}' because at least one database instance: {users[0]} "
                "is still using it.",
            )
        return original(self, name)


def _patch_parameter_groups() -> None:
    @around(RDSBackend, "create_db_cluster_parameter_group")
    def _create(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        group_family = kwargs.get("db_parameter_group_family") or (args[1] if len(args) > 1 else None)
        if (
            group_family
            and group_family.startswith(rds_versions.ENGINE)
            and group_family not in rds_versions.families()
        ):
            raise InvalidParameterValue(f"ParameterGroupFamily {group_family} is not a valid parameter group family")
        return original(self, *args, **kwargs)

    @around(RDSBackend, "delete_db_cluster_parameter_group")
    def _delete(original: Any, self: Any, db_cluster_parameter_group_name: str) -> Any:
        name = db_cluster_parameter_group_name
        for cluster in self.clusters.values():
            if cluster.parameter_group == name:
                raise RDSClientError(
                    "InvalidDBParameterGroupState",
                    f"One or more database clusters are still members of this parameter group {name}, "
                    "so the group cannot be deleted",
                )
        return original(self, name)

    @around(RDSBackend, "modify_db_cluster_parameter_group")
    def _modify(original: Any, self: Any, name: str, parameters: Any) -> Any:
        parameters = [dict(p) for p in parameters]
        if not 1 <= len(parameters) <= 20:
            raise InvalidParameterValue("A maximum of 20 parameters can be modified in a single request.")
        for parameter in parameters:
            known = _PARAMETERS.get(parameter["ParameterName"])
            if known and known[2] == "static" and parameter.get("ApplyMethod") == "immediate":
                raise InvalidParameterCombination("cannot use immediate apply method for static parameter")
            if known and known[1] == "boolean" and parameter.get("ParameterValue") not in ("0", "1"):
                raise InvalidParameterValue(
                    f"Invalid parameter value: {parameter.get('ParameterValue')} for: {parameter['ParameterName']} "
                    "allowed values are: 0,1"
                )
        return original(self, name, parameters)


def _describe_parameter_groups(self: Any) -> ActionResult:
    groups = self.backend.describe_db_cluster_parameter_groups(self.params.get("DBClusterParameterGroupName"))
    return paged(self, "DBClusterParameterGroups", groups)


def _parameters(group: Any) -> List[Dict[str, Any]]:
    shown = []
    for name in sorted({*_PARAMETERS, *group.parameters}):
        default, kind, apply_type = _PARAMETERS.get(name, (None, "string", "dynamic"))
        if name == "rds.force_ssl" and group.db_parameter_group_family.endswith("17"):
            default = "1"
        own = group.parameters.get(name)
        parameter = {
            "ParameterName": name,
            "ParameterValue": own.get("ParameterValue") if own else default,
            "Source": "user" if own else "engine-default",
            "ApplyType": apply_type,
            "DataType": kind,
            "IsModifiable": True,
            "ApplyMethod": own.get("ApplyMethod", "pending-reboot") if own else "pending-reboot",
            "SupportedEngineModes": ["provisioned"],
        }
        shown.append({key: value for key, value in parameter.items() if value is not None})
    return shown


def _describe_parameters(self: Any) -> ActionResult:
    name, source = self.params.get("DBClusterParameterGroupName"), self.params.get("Source")
    group = self.backend.describe_db_cluster_parameter_groups(name)[0]
    shown = [p for p in _parameters(group) if source in (None, p["Source"])]
    return paged(self, "Parameters", shown)


def _reset_parameters(self: Any) -> ActionResult:
    group = self.backend.describe_db_cluster_parameter_groups(self.params.get("DBClusterParameterGroupName"))[0]
    if self.params.get("ResetAllParameters"):
        group.parameters.clear()
    for parameter in self.params.get("Parameters") or []:
        group.parameters.pop(parameter["ParameterName"], None)
    return ActionResult({"DBClusterParameterGroupName": group.name})
