"""The plugins that are simulated: their configuration, as Kong completes and refuses it."""

from typing import Any, Dict, List, Tuple

from .schema import Entity, Field, record

_HTTP = ["grpc", "grpcs", "http", "https"]
_ALL = ["grpc", "grpcs", "http", "https", "tcp", "tls"]
_PERIODS = ("second", "minute", "hour", "day", "month", "year")

_REDIS = {
    "host": Field(),
    "port": Field("integer", 6379, between=(0, 65535)),
    "timeout": Field("integer", 2000, between=(0, 2**31 - 2)),
    "username": Field(),
    "password": Field(),
    "database": Field("integer", 0),
    "ssl": Field("boolean", False),
    "ssl_verify": Field("boolean", False),
    "server_name": Field(),
}

CONFIGS: Dict[str, Dict[str, Field]] = {
    "key-auth": {
        "key_names": Field("array", ["apikey"], True),
        "key_in_header": Field("boolean", True, True),
        "key_in_query": Field("boolean", True, True),
        "key_in_body": Field("boolean", False, True),
        "hide_credentials": Field("boolean", False, True),
        "run_on_preflight": Field("boolean", True, True),
        "anonymous": Field(),
        "realm": Field(),
    },
    "ip-restriction": {
        "allow": Field("array"),
        "deny": Field("array"),
        "status": Field("integer"),
        "message": Field(),
    },
    "acl": {
        "allow": Field("array"),
        "deny": Field("array"),
        "hide_groups_header": Field("boolean", False, True),
        "always_use_authenticated_groups": Field("boolean", False, True),
    },
    "rate-limiting": {
        **{period: Field("number") for period in _PERIODS},
        "limit_by": Field("string", "consumer", choices=("consumer", "credential", "ip", "service", "header", "path")),
        "header_name": Field(),
        "path": Field(),
        "policy": Field("string", "local", choices=("local", "cluster", "redis")),
        "fault_tolerant": Field("boolean", True, True),
        "hide_client_headers": Field("boolean", False, True),
        "error_code": Field("number", 429),
        "error_message": Field("string", "API rate limit exceeded"),
        "sync_rate": Field("number", -1, True),
        "redis": Field("record", {}, True, fields=_REDIS),
    },
}

# Nobody's configuration is known of these; they are kept as given, and do nothing.
OTHERS = {
    "acme", "aws-lambda", "azure-functions", "basic-auth", "bot-detection", "correlation-id", "cors", "datadog",
    "file-log", "grpc-gateway", "grpc-web", "hmac-auth", "http-log", "jwt", "ldap-auth", "loggly", "oauth2",
    "opentelemetry", "post-function", "pre-function", "prometheus", "proxy-cache", "redirect",
    "request-size-limiting", "request-termination", "request-transformer", "response-ratelimiting",
    "response-transformer", "session", "standard-webhooks", "statsd", "syslog", "tcp-log", "udp-log", "zipkin",
}  # fmt: skip


def complete(made: Entity, config: Any, problems: Dict[str, Any], has_protocols: bool) -> None:
    """Complete a plugin's configuration in place; what is wrong goes into ``problems``."""
    name = made["name"]
    if name not in CONFIGS:
        if name not in OTHERS:
            problems["name"] = f"plugin '{name}' not enabled; add it to the 'plugins' configuration property"
        made["config"] = dict(config or {})
        return
    if not has_protocols:
        made["protocols"] = list(_ALL if name == "ip-restriction" else _HTTP)
    wrong: Dict[str, Any] = {}
    made["config"] = record(CONFIGS[name], {} if config is None else config, wrong)
    if "@" in wrong:
        problems["config"] = wrong["@"]
        return
    for field, told in _whole(name, made["config"]) if not wrong else ():
        if field == "@entity":
            problems.setdefault("@entity", []).append(told)
        else:
            wrong[field] = told
    if wrong:
        problems["config"] = wrong


def _whole(name: str, config: Entity) -> List[Tuple[str, str]]:
    if name in ("acl", "ip-restriction"):
        both = "'config.allow', 'config.deny'"
        given = [field for field in ("allow", "deny") if config[field]]
        if not given:
            return [("@entity", f"at least one of these fields must be non-empty: {both}")]
        if len(given) == 2 and name == "acl":
            return [("@entity", f"exactly one of these fields must be non-empty: {both}")]
    if name == "rate-limiting":
        limits = [(period, config[period]) for period in _PERIODS if config[period] is not None]
        if not limits:
            listed = ", ".join(f"'config.{period}'" for period in _PERIODS)
            return [("@entity", f"at least one of these fields must be non-empty: {listed}")]
        for period, limit in limits:
            if limit <= 0:
                return [(period, "value must be greater than 0")]
        for (short, low), (long, high) in zip(limits, limits[1:]):
            if low > high:
                told = f"The limit for {long}({high}.0) cannot be lower than the limit for {short}({low}.0)"
                return [("@entity", told)]
    return []
