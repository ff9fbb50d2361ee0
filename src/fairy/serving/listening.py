"""A port to listen on."""

from __future__ import annotations

import os
import socket

from fairy.errors import OutputError, UsageError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any free one. UsageError or OutputError where it cannot be had."""
    if not 0 <= port <= 65_535:
        raise UsageError(f"--port {port}: must lie in 0..65535")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family)
    except socket.gaierror as error:
        raise UsageError(f"--host {host}: is no address of this machine ({error.strerror})") from error
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # its own text repeats the address
        raise OutputError(f"{host}:{port} cannot be listened on ({reason}). Choose another --port.") from error


def address_of(host: str, listening: socket.socket) -> str:
    """What a person types into a browser of this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{listening.getsockname()[1]}/"
