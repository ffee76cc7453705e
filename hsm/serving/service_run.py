"""The service on a socket, until a signal ends it."""

from __future__ import annotations

import gc
import logging
import socket
from dataclasses import dataclass

import uvicorn

from hsm.serving.service import make_app
from hsm.serving.service_access import checked_access
from hsm.serving.service_connection import timed_protocol
from hsm.serving.service_engine import Served
from hsm.serving.service_limits import Limits

# After its images are embedded a request has this long to be written and answered.
_LAST_SECONDS = 10
_BACKLOG = 1024


@dataclass(frozen=True)
class Place:
    """Where the service listens.

    Attributes:
        host: an address of this machine; one that others reach needs a token.
        port: 0 takes one that is free.
        token: what requests must bear, or None.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    token: str | None = None


def run_service(served: Served, place: Place, limits: Limits) -> None:
    """Serve until SIGINT or SIGTERM, which take their usual course after the last answer.

    From the signal on no connection is accepted; requests that came before are answered.

    Raises:
        ValueError: if others reach the place and there is no token.
        OSError: if the place cannot be had.
    """
    access = checked_access(place.host, place.token)
    listening = _listen(place)
    port = listening.getsockname()[1]
    shown = f"[{place.host}]" if ":" in place.host else place.host

    def begin() -> None:
        _keep_what_is_loaded()
        print(f"Serving {served.name} at http://{shown}:{port}/ (Ctrl-C ends it)", flush=True)

    config = uvicorn.Config(
        make_app(served, access=access, limits=limits, on_start=begin),
        http=timed_protocol(limits.timeout),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(limits.timeout) + _LAST_SECONDS,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    uvicorn.Server(config).run(sockets=[listening])


def _keep_what_is_loaded() -> None:
    """Leave what TensorFlow and the model made out of Python's search for garbage.

    To look through it holds up all requests for the better part of a second.
    """
    gc.collect()
    gc.freeze()


def _listen(place: Place) -> socket.socket:
    try:
        addresses = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        family, _, _, _, address = addresses[0]
        listening = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
        # An answer is written in two parts, and the second one would wait 40 ms for the client to
        # confirm the first. asyncio does not see that this is TCP; what is accepted inherits it.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise type(error)(
            f"cannot listen at {place.host}, port {place.port}: {error.strerror or error}. Name "
            "another `port`, or as `host` an address of this machine"
        ) from error
