"""Decides to which addresses `http.fetch` and webhooks may connect.

Whoever writes a graph chooses URLs, and the worker stands inside of somebody's network: without a check, a graph could
read cloud metadata services, databases and routers. So only globally reachable unicast addresses are open (IANA
special-purpose registries: https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-), and what lies in
between needs a word from the operator, `WAND_FETCH_ALLOW`.

The lists stand here in full because `is_global` of the standard library changed its mind between patch releases.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from wand_orchestrator.activities.tools.http_fetch.resolver import lookup
from wand_orchestrator.errors import AgentError

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")

_REFUSED: dict[IPNetwork, str] = {
    ip_network(network): kind
    for network, kind in {
        "0.0.0.0/8": "an unspecified address",
        "10.0.0.0/8": "a private address",
        "100.64.0.0/10": "a carrier-grade NAT address",
        "127.0.0.0/8": "a loopback address",
        "168.63.129.16/32": "an address of a cloud platform",
        "169.254.0.0/16": "a link-local address",
        "172.16.0.0/12": "a private address",
        "192.0.0.0/24": "a reserved address",
        "192.0.2.0/24": "a documentation address",
        "192.88.99.0/24": "a 6to4 relay address",
        "192.168.0.0/16": "a private address",
        "198.18.0.0/15": "a benchmarking address",
        "198.51.100.0/24": "a documentation address",
        "203.0.113.0/24": "a documentation address",
        "224.0.0.0/4": "a multicast address",
        "240.0.0.0/4": "a reserved address",
        "::/128": "an unspecified address",
        "::1/128": "a loopback address",
        "::ffff:0:0/96": "an IPv4-mapped address",
        "::/96": "an IPv4-compatible address",
        "64:ff9b::/96": "a NAT64 address",
        "64:ff9b:1::/48": "a NAT64 address",
        "2001::/32": "a Teredo address",
        "2001::/23": "a reserved address",
        "2001:db8::/32": "a documentation address",
        "2002::/16": "a 6to4 address",
        "3fff::/20": "a documentation address",
        "fc00::/7": "a private address",
        "fe80::/10": "a link-local address",
        "fec0::/10": "a site-local address",
        "ff00::/8": "a multicast address",
    }.items()
}


def refusal(address: IPAddress) -> str | None:
    """Return the kind of an address that is refused by default; None for a public one."""
    for network, kind in _REFUSED.items():
        if address.version == network.version and address in network:
            return kind
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST_V6:
        return "a reserved address"
    return None


@dataclass(frozen=True)
class AllowList:
    """Hosts and networks that are allowed although their addresses are refused by default."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPNetwork, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Parse entries: host names, addresses, or networks such as `10.1.0.0/16`."""
        hosts, networks = set(), []
        for entry in entries:
            try:
                networks.append(ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                hosts.add(_normal(entry))
        return cls(frozenset(hosts), tuple(networks))

    def admits(self, host: str, address: IPAddress) -> bool:
        if _normal(host) in self.hosts:
            return True
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any(
            candidate.version == network.version and candidate in network
            for candidate in (address, mapped)
            if candidate is not None
            for network in self.networks
        )


async def reachable(host: str, port: int, allow: AllowList) -> tuple[IPAddress, ...]:
    """Return the allowed addresses of `host`, the preferred one first.

    Raises AgentError `address_refused` if there are only others, `name_not_resolved` (retryable) if there are none.
    """
    found = await resolve(host, port)
    opened = tuple(address for address in found if refusal(address) is None or allow.admits(host, address))
    if not opened:
        raise AgentError(
            f"{host} is {refusal(found[0])}, which is refused: the operator can allow it in WAND_FETCH_ALLOW",
            code="address_refused",
            retryable=False,
        )
    return opened


async def resolve(host: str, port: int) -> tuple[IPAddress, ...]:
    """Return all addresses of a name, or of an address in any notation, in the system's order of preference."""
    try:
        answers = await lookup(host, port)
    except (OSError, ValueError) as error:
        raise AgentError(f"the name {host} does not resolve", code="name_not_resolved") from error
    found = (ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers)
    return tuple(dict.fromkeys(found))


def _normal(host: str) -> str:
    return host.rstrip(".").lower()
