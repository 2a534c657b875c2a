"""CloudWatch: how much capacity an Aurora cluster has, as its own metric tells it; alarms and dashboards.

The SDKs speak CBOR to CloudWatch, which moto does not: what moto knows is asked of it in JSON. A metric
nobody writes has no values, as on AWS.
"""

import json
from datetime import timedelta, timezone
from io import BytesIO
from typing import Any, Dict, List, Optional, Tuple

from .. import kong_database, protocols

_HEADERS = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
_TARGET = "GraniteServiceVersion20100801"
# The newest minute that CloudWatch can tell of.
_LAG = timedelta(minutes=1)


def _answer(request: Any, full_url: str, headers: Any) -> Tuple[int, Dict[str, str], bytes]:
    from moto.core.utils import get_service_model

    operation = full_url.split("?", 1)[0].rpartition("/")[2]
    model = get_service_model("cloudwatch").operation_model(operation)
    account, region = str(headers.get("x-moto-account-id")), full_url.split("://", 1)[1].split(".")[1]
    given = _read(request.get_data())
    if operation == "GetMetricData":
        shown = _metric_data(account, region, given)
    else:
        status, shown = _of_moto(request, full_url, operation, given, model)
        if status >= 400:
            code = str(shown.get("__type") or shown.get("code") or status).rpartition("#")[2]
            message = str(shown.get("message") or shown.get("Message") or "")
            return protocols.refuse("monitoring", status, code, message)[:3]
    return 200, dict(_HEADERS), _write(shown, model.output_shape) if model.output_shape else b"\xa0"


def _of_moto(request: Any, full_url: str, operation: str, given: Dict[str, Any], model: Any) -> Tuple[int, Dict[str, Any]]:
    from botocore.parsers import JSONParser
    from moto.cloudwatch.responses import CloudWatchResponse

    from . import cloudwatch_alarms

    cloudwatch_alarms.install()
    body = json.dumps(given).encode("utf-8")
    environ = {
        **request.environ,
        "PATH_INFO": "/", "RAW_URI": "/", "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/x-amz-json-1.0", "HTTP_X_AMZ_TARGET": f"{_TARGET}.{operation}",
    }  # fmt: skip
    plain = type(request)(environ)
    host = full_url.split("/service/", 1)[0]
    status, _, text = CloudWatchResponse.dispatch(plain, f"{host}/", plain.headers)
    raw = text.encode("utf-8") if isinstance(text, str) else bytes(text or b"")
    if int(status) >= 400:
        return int(status), dict(json.loads(raw or b"{}"))
    answer = {"status_code": 200, "headers": {}, "body": raw or b"{}"}
    shown: Dict[str, Any] = JSONParser().parse(answer, model.output_shape) if model.output_shape else {}
    shown.pop("ResponseMetadata", None)
    return 200, cloudwatch_alarms.paged(operation, given, shown)


def _read(body: bytes) -> Dict[str, Any]:
    from botocore.parsers import RpcV2CBORParser

    if not body:
        return {}
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


def _in_json(request: Any, full_url: str, headers: Any) -> Any:
    # As the simulation itself asks.
    from moto.cloudwatch.responses import CloudWatchResponse

    from . import cloudwatch_alarms

    cloudwatch_alarms.install()
    return CloudWatchResponse.dispatch(request, full_url, headers)


url_paths = {
    "{0}/service/GraniteServiceVersion20100801/operation/[A-Za-z]+$": _answer,
    "{0}/$": _in_json,
}
