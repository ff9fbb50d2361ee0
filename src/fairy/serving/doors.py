"""Who may ask a server: its own page, opened under a name of its own. Pages of others may not, wherever they lead.

A page of a foreign name can be made to lead to 127.0.0.1 (DNS rebinding), and any page can send requests to any server.
The first is seen by Host, the second by Origin and Sec-Fetch-Site, which no page can choose.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
OWN = ("same-origin", "none")
"""Of Sec-Fetch-Site: the own page, or a person who typed an address."""


@dataclass(frozen=True)
class Doors:
    """The names under which a server may be asked."""

    names: frozenset[str]
    public: frozenset[str]
    """Those of a proxy in front, which may ask under another name than the one that the browser shows."""
    any_address: bool
    """Whether a plain address is as good as a name, because the server listens on all of its machine's."""

    @classmethod
    def of(cls, host: str, public_names: Iterable[str] = ()) -> Doors:
        """Of a server that listens on `host`."""
        public = frozenset(name.lower().strip("[]") for name in public_names)
        return cls(frozenset((*THIS_MACHINE, host.lower())) | public, public, host in ("0.0.0.0", "::"))

    def refusal(self, method: str, headers: Mapping[str, str]) -> str:
        """Why a request is refused, in a line; empty where it is not. `headers` have small letters."""
        host = headers.get("host", "")
        if not self._is_own(hostname(host)):
            return f"This server is not called {host or 'nothing'!r}. Start it with --public-name to give it that name."
        if not self._is_own_page(method, host, headers):
            return "This server answers to its own page only, and not to those of others."
        return ""

    def _is_own(self, name: str) -> bool:
        return name in self.names or (self.any_address and is_address(name))

    def _is_own_page(self, method: str, host: str, headers: Mapping[str, str]) -> bool:
        site = headers.get("sec-fetch-site", "none")
        if method == "GET" and headers.get("sec-fetch-mode") == "navigate":  # a link to the page may lie anywhere
            return True
        origin = headers.get("origin")
        if origin is None:
            return site in OWN
        own = urlsplit(origin).netloc.lower() == host.lower() or hostname(urlsplit(origin).netloc) in self.public
        return own and site in OWN


def hostname(netloc: str) -> str:
    """The name of NAME:PORT, in small letters; empty where it is none."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").lower()
    except ValueError:
        return ""


def is_address(name: str) -> bool:
    """Whether a name is a plain address, which nobody can make lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def headers_of(scope: Mapping[str, object]) -> dict[str, str]:
    """The headers of an ASGI request, by their names in small letters."""
    given: Iterable[tuple[bytes, bytes]] = scope["headers"]  # type: ignore[assignment]
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in given}
