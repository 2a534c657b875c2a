"""A request that no connection brought: what the stand-in asks of itself."""

from typing import Dict, NamedTuple
from urllib.parse import unquote, urlsplit


class PlainRequest(NamedTuple):
    """One request with the members that ``dispatch`` looks at; header names are in lower case."""

    method: str
    target: str
    headers: Dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> str:
        return urlsplit(self.target).query
