"""Binds ports early, so that a port in use is reported before anything else has started."""

import errno
import socket

from wand_orchestrator.errors import ConfigurationError

LOOPBACK = "127.0.0.1"
BACKLOG = 2048


class PortTaken(ConfigurationError):
    code = "port_taken"


def free_port() -> int:
    """Return a port that nobody listens on, reserved for the caller."""
    return choose_port(0, what="", flag="")


def listen(host: str, port: int, *, what: str, flag: str) -> socket.socket:
    """Return a listening socket. Raises PortTaken, whose message names what needs the port and the flag that changes
    it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return _named_tcp(socket.create_server((host, port), family=family, backlog=BACKLOG))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"port {port} on {host}, which {what} wants, is taken: stop what listens there, or give another "
                f"with {flag} (0: any free one)"
            ) from error
        raise ConfigurationError(
            f"{what} cannot listen on {host} port {port}: {error.strerror or error} (see {flag})"
        ) from error


def _named_tcp(listener: socket.socket) -> socket.socket:
    """Return the socket with its protocol set. asyncio disables Nagle's algorithm only for sockets marked as TCP;
    otherwise an answer in two parts waits 40 ms for the client's acknowledgement of the first.
    """
    return socket.socket(listener.family, listener.type, socket.IPPROTO_TCP, fileno=listener.detach())


def choose_port(port: int, *, what: str, flag: str) -> int:
    """Return `port`, or a free one for 0, for another process to listen on within a minute. Raises PortTaken."""
    with listen(LOOPBACK, port, what=what, flag=flag) as listener:
        _reserve(listener)
        return port_of(listener)


def _reserve(listener: socket.socket) -> None:
    """Keep the system from assigning the socket's port to others once it is closed.

    A connection that the listener's side has ended first holds the port for a minute (TIME_WAIT). Who names the port
    may listen on it all the same, with SO_REUSEADDR, which all servers set.
    """
    with socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        accepted.close()


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port
