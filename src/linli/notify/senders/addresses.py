"""Which addresses of the web Linli may ask: written plainly, with a usual port, and on the public internet.

A network of one's own is opened by `LINLI_WEBHOOK_NETWORKS`. Forms that hide one address in another are refused even
there, and so is every way of writing a host that two programs could read differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

Address = IPv4Address | IPv6Address

LONGEST = 500
USUAL = {"https": 443, "http": 80}
_PLAIN = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

# Not the public internet, by the registries of special-purpose addresses (RFC 6890 and what followed).
CLOSED_V4 = [
    ip_network(written)
    for written in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
        "192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 "
        "198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    ).split()
]
OPEN_V6 = ip_network("2000::/3")  # all that is given out; the rest is local, multicast, mapped or translated
CLOSED_V6 = [ip_network(written) for written in "2001::/23 2001:db8::/32 2002::/16 3fff::/20".split()]
# Another address within: IPv4-mapped and -compatible, IPv4-translated, NAT64, Teredo, 6to4.
NESTED = [
    ip_network(written)
    for written in "::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 2001::/32 2002::/16".split()
]


class Refused(Exception):
    """An address Linli does not ask. `why` is one word: url, scheme, userinfo, host, port or address."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Target:
    """An address taken apart; `path` is what stands in the request line."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == USUAL[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """The parts of an address. Raises Refused for anything but a plain one."""
    if len(url) > LONGEST or not _PLAIN.fullmatch(url):
        raise Refused("url")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("url") from error
    if parts.scheme not in USUAL or (parts.scheme == "http" and not settings.WEBHOOK_HTTP):
        raise Refused("scheme")
    if "@" in parts.netloc:
        raise Refused("userinfo")
    if "#" in url or parts.netloc.endswith(":"):
        raise Refused("url")
    host = _host(parts.hostname or "", is_bracketed="[" in parts.netloc)
    port = USUAL[parts.scheme] if port is None else port
    if port not in settings.WEBHOOK_PORTS:
        raise Refused("port")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def check(address: str) -> Address:
    """The address, if it may be asked. Raises Refused."""
    try:
        found = ip_address(address)
    except ValueError as error:
        raise Refused("address") from error
    if isinstance(found, IPv6Address) and (found.scope_id or any(found in one for one in NESTED)):
        raise Refused("address")
    if not _is_open(found) and not any(found in ip_network(own) for own in settings.WEBHOOK_NETWORKS):
        raise Refused("address")
    return found


def _is_open(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in closed for closed in CLOSED_V4)
    return address in OPEN_V6 and not any(address in closed for closed in CLOSED_V6)


def _host(host: str, *, is_bracketed: bool) -> str:
    """A name or an address in its one usual spelling. Raises Refused: 127.1, 0x7f000001 and 017700000001 are none."""
    if is_bracketed or _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            found = ip_address(host)
        except ValueError as error:
            raise Refused("host") from error
        if str(found) != host or "%" in host:
            raise Refused("host")
        return host
    if not host or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise Refused("host")
    return host
