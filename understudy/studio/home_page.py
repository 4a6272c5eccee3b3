"""The first page: who plays, how well, what was decided, what runs, and how much disk is used."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from understudy.evaluation.comparison.comparison_result import EntryResult
from understudy.studio.active_weights import Measured, WeightsReader
from understudy.studio.jobs import JobRunner
from understudy.studio.pages import page, render
from understudy.studio.recording_index import RecordingIndex
from understudy.studio.running import activities, disk_use
from understudy.studio.settings import StudioSettings

NUM_DECISIONS = 6


def routes(settings: StudioSettings, index: RecordingIndex, weights: WeightsReader, jobs: JobRunner) -> list[Route]:
    """Returns the routes of the first page."""

    def home(request: Request) -> Response:
        measured = weights.measured()
        return page(
            "home.html",
            active="home",
            states=weights.states(),
            measured=measured,
            rows=[] if measured is None else score_rows(measured),
            decisions=weights.decisions(NUM_DECISIONS),
            models=settings.models,
        )

    def now(request: Request) -> Response:
        found = activities(settings.models, settings.logs, index, jobs)
        return HTMLResponse(render("home_now.html", activities=found))

    def disk(request: Request) -> Response:
        folders = {"models": settings.models, "logs": settings.logs}
        folders |= {f"recordings {number}": path for number, path in enumerate(settings.recording_folders, 1)}
        return HTMLResponse(render("home_disk.html", uses=disk_use(folders)))

    return [Route("/", home), Route("/home/now", now), Route("/home/disk", disk)]


def score_rows(measured: Measured) -> list[dict[str, object]]:
    """Returns the rows of the score plot: place of value and interval on one axis, in percent of its width."""
    entries = [("the understudy", measured.policy), (measured.person.name, measured.person)]
    entries += [(one.name.replace("_", " "), one) for one in measured.baselines]
    lowest = min(0.0, *(one.score.low for _, one in entries))
    highest = max(1e-9, *(one.score.high for _, one in entries))

    def place(value: float) -> float:
        return round(100 * (value - lowest) / (highest - lowest), 2)

    def row(name: str, one: EntryResult) -> dict[str, object]:
        low, value, high = place(one.score.low), place(one.score.value), place(one.score.high)
        return {
            "name": name,
            "kind": one.kind,
            "entry": one,
            "low": low,
            "value": value,
            "high": high,
            "zero": place(0),
        }

    return [row(name, one) for name, one in entries]
