"""Connects to the address that was checked, and to no other.

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
    """A transport that checks addresses. Raises AgentError for a refused address, and httpx's errors for failures on
    the way.
    """

    def __init__(self, allow: AllowList, network: httpx.AsyncBaseTransport) -> None:
        self._allow = allow
        self._network = network

    @classmethod
    def over_network(cls, allow: AllowList) -> Self:
        """Return a transport without the environment's proxies, which would connect to addresses that they resolve
        themselves.
        """
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
    """Return the same request, sent to this address."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """Return the TLS context. It is made once, as reading the certificate authorities takes tens of milliseconds."""
    return httpx.create_ssl_context()
