"""The studio as an ASGI application: its pages over one set of folders, behind the guard of access."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from understudy.contract.errors import FlagError, UnderstudyError
from understudy.studio import corrections_page, gate_page, home_page, learning_page, recordings_page
from understudy.studio.access import AccessGuard
from understudy.studio.active_weights import WeightsReader
from understudy.studio.correction_queue import CorrectionQueue
from understudy.studio.jobs import JobRunner
from understudy.studio.kinds import kinds_page
from understudy.studio.kinds.discovery_store import DiscoveryStore
from understudy.studio.pages import STATIC, say_mistake
from understudy.studio.recording_index import RecordingIndex
from understudy.studio.session_store import SessionStore
from understudy.studio.settings import StudioSettings

OUTPUT_FOLDER = "studio"
"""Below the folder of logs: the output of commands that the page started."""
TYPES = {".js": "text/javascript", ".css": "text/css", ".txt": "text/plain", ".svg": "image/svg+xml"}


def make_app(settings: StudioSettings, token: str, port: int) -> ASGIApp:
    """Returns the guarded application.

    Args:
        settings: folders and verbs.
        token: that the first address has to carry.
        port: on which it will listen, for the checks of Host and Origin.
    """
    index = RecordingIndex(settings.recording_folders)
    sessions = SessionStore(index, settings.models)
    weights = WeightsReader(settings.models, settings.evaluation)
    jobs = JobRunner(settings.logs / OUTPUT_FOLDER)

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        yield
        jobs.close()
        sessions.close()

    routes = [
        *home_page.routes(settings, index, weights, jobs),
        *recordings_page.routes(index, sessions),
        *corrections_page.routes(settings, CorrectionQueue(settings.corrections)),
        *learning_page.routes(settings, jobs),
        *gate_page.routes(settings, weights, jobs),
        *kinds_page.routes(DiscoveryStore(lambda: settings.discovery_folders)),
        Route("/static/{name}", static_file),
    ]
    app = Starlette(routes=routes, lifespan=life, exception_handlers={UnderstudyError: say_mistake})
    return AccessGuard(app, token, port)


FILES = {path.name: path for folder in (STATIC, STATIC / "vendor") for path in folder.iterdir() if path.suffix in TYPES}
"""The files that the pages load, by their names; no other file is ever served."""


def static_file(request: Request) -> Response:
    """Answers with one of FILES.

    Raises:
        FlagError: if there is none of that name.
    """
    path = FILES.get(request.path_params["name"])
    if path is None:
        raise FlagError("The studio has no such file.")
    return FileResponse(path, media_type=TYPES[path.suffix], headers={"cache-control": "no-cache"})
