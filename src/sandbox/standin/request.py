"""One HTTP request, whether a connection brought it or the stand-in asks it of itself."""

from typing import Dict, NamedTuple
from urllib.parse import unquote, urlsplit


class Request(NamedTuple):
    """One HTTP request, read in full; header names are in lower case."""

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
