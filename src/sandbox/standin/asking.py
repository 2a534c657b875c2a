"""What an account has, asked through AWS's own calls: single answers, and all pages of a list."""

from typing import Any, Dict

from . import local_calls


class Asking:
    """Reads one account and region; each call by itself takes the server's lock."""

    def __init__(self, account: str, region: str) -> None:
        self._account, self._region = account, region

    def one(self, service: str, operation: str, **given: Any) -> Dict[str, Any]:
        """The answer of one call."""
        answer: Dict[str, Any] = local_calls.call(self._account, self._region, service, operation, given)
        answer.pop("ResponseMetadata", None)
        return answer

    def all(self, service: str, operation: str, key: str, **given: Any) -> Any:
        """Everything that a paged call lists under ``key``."""
        from botocore import xform_name

        client = local_calls.client(self._account, self._region, service)
        method = xform_name(operation)
        if not client.can_paginate(method):
            return self.one(service, operation, **given).get(key, [])
        pages = client.get_paginator(method).paginate(**given)
        return [one for page in pages for one in page.get(key, [])]
