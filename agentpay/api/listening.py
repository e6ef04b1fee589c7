"""Taking the port: before anything slow, and without loading the app."""

from __future__ import annotations

import errno
import socket

from agentpay.errors import StartupError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything is started. Raises StartupError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it: without it the second small write of an answer waits 40 ms for the client's ACK
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise StartupError(
                f"Port {port} on {host} is taken: choose another with --port or AGENTPAY_PORT."
            ) from error
        raise StartupError(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from error
    return listening
