"""Serves the studio on 127.0.0.1 until Ctrl-C."""

import socket
from collections.abc import Callable

import uvicorn

from understudy.contract.errors import FlagError
from understudy.studio.access import ADDRESS, new_token
from understudy.studio.app import make_app
from understudy.studio.settings import StudioSettings

PATIENCE_S = 1
"""Time that open connections get when the studio ends, whole seconds."""
BACKLOG = 64


def serve(
    settings: StudioSettings,
    port: int,
    on_ready: Callable[[str], None],
    on_server: Callable[[uvicorn.Server], None] = lambda server: None,
) -> None:
    """Serves until Ctrl-C.

    Args:
        settings: folders and verbs.
        port: to listen on; 0 takes a free one.
        on_ready: called with the address, token included, once it is listened on.
        on_server: called with the server before it runs, for a caller on another thread that wants to end it.

    Raises:
        FlagError: if the port is taken.
    """
    # the protocol by name: only then does asyncio send small answers at once (TCP_NODELAY), not after 40 ms
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        try:
            listener.bind((ADDRESS, port))
        except OSError as problem:
            raise FlagError(
                f"--port {port} cannot be listened on ({problem.strerror or problem}): another studio may run there; "
                "give another one, or 0 for any that is free."
            ) from problem
        listener.listen(BACKLOG)
        port = listener.getsockname()[1]
        token = new_token()
        config = uvicorn.Config(
            make_app(settings, token, port),
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            ws="none",
            http="h11",
            loop="asyncio",
            lifespan="on",
            timeout_graceful_shutdown=PATIENCE_S,
        )
        on_ready(f"http://{ADDRESS}:{port}/?token={token}")
        server = uvicorn.Server(config)
        on_server(server)
        server.run(sockets=[listener])
