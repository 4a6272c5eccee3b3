"""The page of learning: live curves beside their baselines, and verbs to start and stop as command lines."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from understudy.contract.errors import FlagError
from understudy.studio.command_forms import command_line
from understudy.studio.curves import CurveTail
from understudy.studio.jobs import Job, JobRunner
from understudy.studio.pages import Posted, page, post, text, whole, word
from understudy.studio.running import Run, find_runs
from understudy.studio.settings import StudioSettings

VERBS = ("train", "finetune", "practise")
MAX_RUNS = 200
LOOK_S = 0.5
"""Interval between two looks at the files of an open page; nothing is looked at while no page is open."""


def routes(settings: StudioSettings, jobs: JobRunner) -> list[Route]:
    """Returns the routes of the page of learning."""

    def show(request: Request) -> Response:
        runs = find_runs(settings.logs)[:MAX_RUNS]
        return page(
            "learning.html",
            active="learning",
            runs=[(key_of(run), run) for run in runs],
            forms=[settings.forms[verb] for verb in VERBS if verb in settings.forms],
            logs=settings.logs,
        )

    async def stream(request: Request) -> Response:
        path = None
        if asked := request.query_params.get("run"):
            runs = await run_in_threadpool(find_runs, settings.logs)
            found = [run for run in runs if key_of(run) == asked]
            if not found:
                raise FlagError("This run has gone: load the page again.")
            path = found[0].path
        tail = None if path is None else CurveTail(path)
        return StreamingResponse(_events(request, tail, jobs), media_type="text/event-stream")

    def preview(posted: Posted) -> dict[str, Any]:
        return {"line": command_line(_arguments(settings, posted))}

    def start(posted: Posted) -> dict[str, Any]:
        return {"said": f"Started: {jobs.start(_arguments(settings, posted)).command}"}

    def stop(posted: Posted) -> dict[str, Any]:
        job = jobs.stop(whole(posted, "number"))
        what = "It saves its state and stops." if job.num_stops == 1 else "It is ended now."
        return {"said": f"{job.command}: {what}"}

    return [
        Route("/learning", show),
        Route("/learning/stream", stream),
        Route("/learning/preview", post(preview), methods=["POST"]),
        Route("/learning/start", post(start), methods=["POST"]),
        Route("/learning/stop", post(stop), methods=["POST"]),
    ]


def key_of(run: Run) -> str:
    """Returns the key by which a page names a run."""
    return hashlib.sha256(str(run.path.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _arguments(settings: StudioSettings, posted: Posted) -> list[str]:
    values = posted.get("values")
    if not isinstance(values, dict):
        raise FlagError("values has to be a table of flags.")
    return settings.forms[word(posted, "verb", choices=tuple(set(VERBS) & set(settings.forms)))].arguments(values)


async def _events(request: Request, tail: CurveTail | None, jobs: JobRunner) -> AsyncIterator[str]:
    """Yields Server-Sent Events: `rows` of the curves, and `jobs` whenever they change."""
    shown: list[dict[str, Any]] | None = None
    yield "retry: 2000\n\n"
    while not await request.is_disconnected():
        rows = [] if tail is None else await run_in_threadpool(tail.more)
        if rows:
            yield f"event: rows\ndata: {json.dumps(rows)}\n\n"
        now = await run_in_threadpool(lambda: [plain_job(job) for job in jobs.jobs()])
        if now != shown:
            shown = now
            yield f"event: jobs\ndata: {json.dumps(now)}\n\n"
        await asyncio.sleep(LOOK_S)


def plain_job(job: Job) -> dict[str, Any]:
    """Returns what a page shows of a command that was started here."""
    lines = [text(line) for line in job.tail().splitlines()]
    return {
        "number": job.number,
        "command": job.command,
        "state": job.state,
        "is_running": job.is_running,
        "output": "\n".join(lines[-30:]),
    }
