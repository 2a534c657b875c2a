"""Versions of Aurora PostgreSQL: what DescribeDBEngineVersions lists, and what a version can do.

moto does not implement the call. The table is a sample of what a region offers: the majors that
are on offer, for each a few minors on both sides of where scaling to zero begins.
"""

from typing import Any, Dict, List, Optional, Tuple

from moto.core.responses import ActionResult
from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue
from moto.rds.responses import RDSResponse

from .rds_pages import paged

ENGINE = "aurora-postgresql"

_VERSIONS = (
    "13.14", "13.15", "13.18", "13.20",
    "14.11", "14.12", "14.15", "14.17",
    "15.4", "15.6", "15.7", "15.10", "15.12",
    "16.1", "16.2", "16.3", "16.4", "16.6", "16.8",
    "17.4", "17.5",
)  # fmt: skip
_DEFAULT = "16.6"
# Minor from which a major can pause at 0 ACU, and from which it scales to 256 instead of 128.
_PAUSES_FROM = {13: 15, 14: 12, 15: 7, 16: 3, 17: 0}
_WIDE_FROM = {13: 13, 14: 10, 15: 5, 16: 1, 17: 0}


def _parts(version: str) -> Tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


def family(version: str) -> str:
    """The parameter group family of a version."""
    return f"{ENGINE}{_parts(version)[0]}"


def families() -> List[str]:
    """Every family on offer."""
    return sorted({family(v) for v in _VERSIONS})


def capacity(version: str) -> Tuple[float, float]:
    """The least and the most ACU a version scales to."""
    major, minor = _parts(version)
    return (0.0 if minor >= _PAUSES_FROM[major] else 0.5), (256.0 if minor >= _WIDE_FROM[major] else 128.0)


def resolve(version: Optional[str]) -> str:
    """The version that is made of a request's: the default, a major's latest, or exactly that one."""
    if not version:
        return _DEFAULT
    if version in _VERSIONS:
        return version
    minors = [v for v in _VERSIONS if v.split(".")[0] == version]
    if not minors:
        raise InvalidParameterCombination(f"Cannot find version {version} for {ENGINE}")
    return _DEFAULT if _DEFAULT in minors else minors[-1]


def check_upgrade(before: str, after: str, major_allowed: bool) -> None:
    """Refuse a way that AWS does not offer."""
    if _parts(after) < _parts(before):
        raise InvalidParameterCombination(f"Cannot upgrade {ENGINE} from {before} to {after}")
    if _parts(after)[0] != _parts(before)[0] and not major_allowed:
        raise InvalidParameterCombination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        )


def _described(version: str) -> Dict[str, Any]:
    least, most = capacity(version)
    targets = [v for v in _VERSIONS if _parts(v) > _parts(version)]
    return {
        "Engine": ENGINE,
        "EngineVersion": version,
        "MajorEngineVersion": version.split(".")[0],
        "DBParameterGroupFamily": family(version),
        "DBEngineDescription": "Aurora (PostgreSQL)",
        "DBEngineVersionDescription": f"Aurora PostgreSQL (Compatible with PostgreSQL {version})",
        "ValidUpgradeTarget": [
            {
                "Engine": ENGINE,
                "EngineVersion": target,
                "Description": f"Aurora PostgreSQL (Compatible with PostgreSQL {target})",
                "AutoUpgrade": False,
                "IsMajorVersionUpgrade": _parts(target)[0] != _parts(version)[0],
            }
            for target in targets
        ],
        "ExportableLogTypes": ["instance", "postgresql"],
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": False,
        "SupportedEngineModes": ["provisioned"],
        "SupportedFeatureNames": ["Comprehend", "Lambda", "s3Export", "s3Import", "SageMaker"],
        "Status": "available",
        "SupportsParallelQuery": False,
        "SupportsGlobalDatabases": True,
        "SupportsBabelfish": True,
        "SupportsLimitlessDatabase": False,
        "SupportsLocalWriteForwarding": True,
        "SupportsIntegrations": True,
        "ServerlessV2FeaturesSupport": {"MinCapacity": least, "MaxCapacity": most},
    }


def _wanted(version: str, asked: Optional[str]) -> bool:
    # "16" means every 16.x; "16.3" exactly that one.
    return asked is None or version == asked or ("." not in asked and version.split(".")[0] == asked)


def _describe(self: RDSResponse) -> ActionResult:
    get = self.params.get
    if get("Engine") not in (None, ENGINE):
        return paged(self, "DBEngineVersions", [])
    found = [v for v in _VERSIONS if _wanted(v, get("EngineVersion"))]
    if get("DefaultOnly"):
        found = [v for v in found if v == resolve(get("EngineVersion"))]
    if get("DBParameterGroupFamily"):
        found = [v for v in found if family(v) == get("DBParameterGroupFamily")]
    for condition in get("Filters") or []:
        name, values = condition["Name"], list(condition["Values"])
        if name == "engine-version":
            found = [v for v in found if v in values]
        elif name == "db-parameter-group-family":
            found = [v for v in found if family(v) in values]
        elif name == "status":
            found = found if "available" in values else []
        elif name == "engine-mode":
            found = found if "provisioned" in values else []
        else:
            raise InvalidParameterValue(f"Unrecognized filter name: {name}")
    return paged(self, "DBEngineVersions", [_described(v) for v in found])


def install() -> None:
    """Give moto the call."""
    RDSResponse.describe_db_engine_versions = _describe
