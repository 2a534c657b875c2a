"""Makes moto start and answer sooner: what it loads in vain, and what it loads again and again.

Nothing here changes an answer that a stack of ours can ask for.
"""

import functools
import json
from typing import Any, Dict, List

# moto's list of every instance type and where it is offered; tasks run on Fargate.
_UNUSED = "ec2/resources/instance_type"

# Of some thousand policies of AWS's own, those that tasks' roles are given.
MANAGED_POLICIES = (
    "AmazonECSTaskExecutionRolePolicy",
    "AmazonECSInfrastructureRolePolicyForVolumes",
    "AmazonSSMManagedInstanceCore",
    "AmazonSSMReadOnlyAccess",
    "CloudWatchAgentServerPolicy",
    "CloudWatchLogsFullAccess",
    "ReadOnlyAccess",
    "SecretsManagerReadWrite",
)


def before_import() -> None:
    """Call before the first import of a moto service."""
    _cache_endpoints()
    _skip_instance_types()


def after_import() -> None:
    """Call when moto's services are imported, before the first account is used."""
    _share_managed_policies()
    _share_regions()
    _remember_operations()
    _remember_keys()


def _cache_endpoints() -> None:
    # Each boto3 session reads the table of all endpoints anew; moto makes many.
    from botocore.loaders import JSONFileLoader

    original = JSONFileLoader.load_file
    seen: Dict[str, Any] = {}

    def load_file(self: Any, file_path: str) -> Any:
        if not file_path.endswith(("endpoints", "partitions")):
            return original(self, file_path)
        if file_path not in seen:
            seen[file_path] = original(self, file_path)
        return seen[file_path]

    JSONFileLoader.load_file = load_file


def _skip_instance_types() -> None:
    import moto.utilities.utils as utils

    original = utils.load_resource

    def load_resource(resource: str) -> Any:
        if resource.startswith(_UNUSED):
            return {} if resource.endswith("instance_types.json") else []
        return original(resource)

    utils.load_resource = load_resource


def _share_managed_policies() -> None:
    # moto parses a megabyte of policies for every account.
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy, IAMBackend

    parsed: Dict[str, Any] = {}

    def policies(self: Any) -> List[Any]:
        if not parsed:
            everything = json.loads(aws_managed_policies_data)
            parsed.update({n: everything[n] for n in MANAGED_POLICIES if n in everything})
        return [
            AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data)
            for name, data in parsed.items()
        ]

    IAMBackend._init_aws_policies = policies


def _share_regions() -> None:
    # moto works out every service's regions for each account.
    from moto.core.base_backend import AccountSpecificBackend

    original = AccountSpecificBackend._generate_regions
    seen: Dict[str, List[str]] = {}

    def regions(self: Any, service_name: str) -> List[str]:
        if service_name not in seen:
            seen[service_name] = original(self, service_name)
        return list(seen[service_name])

    AccountSpecificBackend._generate_regions = regions


def _remember_operations() -> None:
    # moto lists every method of a service for each request of it.
    import moto.core.responses as responses

    responses.method_names_from_class = functools.lru_cache(maxsize=None)(
        responses.method_names_from_class
    )


def _remember_keys() -> None:
    # moto works out anew, for each value of each answer, under which names an object may have it,
    # and xmltodict for each element whether its name is one.
    from moto.core import serialize

    def remembered(original: Any) -> Any:
        def possible_keys(self: Any, context: Any) -> Any:
            shape = context.shape
            if shape is None:
                return original(self, context)
            seen = shape.__dict__.setdefault("standin_keys", {})
            kind = (type(self), tuple(self.alias_providers), type(context.obj), context.key)
            found = seen.get(kind)
            if found is None:
                found = seen[kind] = tuple(dict.fromkeys(original(self, context)))
            return found

        return possible_keys

    for picker in (serialize.AttributePicker, serialize.XFormedAttributePicker):
        picker.get_possible_keys = remembered(picker.get_possible_keys)
    validate = getattr(serialize.xmltodict, "_validate_name", None)
    if validate is not None:
        serialize.xmltodict._validate_name = functools.lru_cache(maxsize=4096)(validate)
