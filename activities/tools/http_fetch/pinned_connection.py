"""Connects to the address that was checked.

A name that is checked and then resolved a second time can answer differently each time (DNS rebinding). So a request is
sent to one of the addresses that were checked, while the Host header, and the name that TLS asks for and verifies, stay
those of the URL. That happens in a transport, and so for every hop of a redirect.
"""

import ssl
from functools import lru_cache
from typing import Self

import httpx

from wand_orchestrator.activities.tools.http_fetch.addresses import AllowList, IPAddress, reachable

ADDRESSES_TRIED = 4
"""Of a name that has more of them."""

_PORTS = {"http": 80, "https": 443}


class CheckedTransport(httpx.AsyncBaseTransport):
    """Raises AgentError for an address that may not be reached, httpx's errors for what fails on the way."""

    def __init__(self, allow: AllowList, network: httpx.AsyncBaseTransport) -> None:
        self._allow = allow
        self._network = network

    @classmethod
    def over_network(cls, allow: AllowList) -> Self:
        """Straight to the network: proxies of the environment would connect to what they resolve themselves."""
        return cls(allow, httpx.AsyncHTTPTransport(verify=_tls_context(), trust_env=False))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or _PORTS[request.url.scheme]
        addresses = await reachable(host, port, self._allow)
        *fallbacks, last = addresses[:ADDRESSES_TRIED]
        for address in fallbacks:
            try:
                return await self._network.handle_async_request(_to(address, request, host))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._network.handle_async_request(_to(last, request, host))

    async def aclose(self) -> None:
        await self._network.aclose()


def _to(address: IPAddress, request: httpx.Request, host: str) -> httpx.Request:
    """The same request, sent to this address."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """Reading the certificate authorities takes tens of milliseconds, so they are read once."""
    return httpx.create_ssl_context()
