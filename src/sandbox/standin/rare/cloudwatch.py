"""CloudWatch: how much capacity an Aurora cluster has, as its own metric tells it.

The SDKs speak CBOR to CloudWatch, which moto does not; of everything else CloudWatch does nothing is
simulated. A metric nobody writes has no values, as on AWS.
"""

from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional, Tuple

from .. import kong_database

_HEADERS = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
# The newest minute that CloudWatch can tell of.
_LAG = timedelta(minutes=1)


def _answer(request: Any, full_url: str, headers: Any) -> Tuple[int, Dict[str, str], bytes]:
    import botocore.session

    operation = full_url.split("?", 1)[0].rpartition("/")[2]
    if operation != "GetMetricData":
        raise NotImplementedError(f"the simulated CloudWatch does not know {operation}")
    model = botocore.session.get_session().get_service_model("cloudwatch").operation_model(operation)
    region = full_url.split("://", 1)[1].split(".")[1]
    shown = _metric_data(str(headers.get("x-moto-account-id")), region, _read(request.get_data()))
    return 200, dict(_HEADERS), _write(shown, model.output_shape)


def _read(body: bytes) -> Dict[str, Any]:
    from botocore.parsers import RpcV2CBORParser

    parser = RpcV2CBORParser()
    found: Dict[str, Any] = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    return found


def _write(value: Dict[str, Any], shape: Any) -> bytes:
    from botocore.serialize import RpcV2CBORSerializer

    written = bytearray()
    RpcV2CBORSerializer()._serialize_data_item(written, value, shape)
    return bytes(written)


def _metric_data(account: str, region: str, given: Dict[str, Any]) -> Dict[str, Any]:
    # The simulation's clock is ahead of the caller's: what is true now is told as of the end asked for.
    newest = given["EndTime"].astimezone(timezone.utc).replace(second=0, microsecond=0) - _LAG
    results: List[Dict[str, Any]] = []
    for query in given["MetricDataQueries"]:
        metric = query["MetricStat"]["Metric"]
        value = _value(account, region, metric)
        known = value is not None and newest >= given["StartTime"]
        results.append({
            "Id": query["Id"], "Label": metric["MetricName"], "StatusCode": "Complete",
            "Timestamps": [newest] if known else [], "Values": [value] if known else [],
        })  # fmt: skip
    return {"MetricDataResults": results, "Messages": []}


def _value(account: str, region: str, metric: Dict[str, Any]) -> Optional[float]:
    if (metric["Namespace"], metric["MetricName"]) != ("AWS/RDS", "ServerlessDatabaseCapacity"):
        return None
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions") or []}
    return kong_database.capacity(account, region, str(dimensions.get("DBClusterIdentifier")))


url_paths = {"{0}/service/GraniteServiceVersion20100801/operation/[A-Za-z]+$": _answer}
