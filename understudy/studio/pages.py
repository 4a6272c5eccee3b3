"""Answers of the studio: templates, JSON, and the sentence of an error. Everything that a template shows is escaped."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from understudy.contract.bounded_parse import parse_json
from understudy.contract.errors import FlagError, UnderstudyError, WireError
from understudy.contract.terminal_text import printable
from understudy.evaluation.report.formatting import figure, percent
from understudy.evaluation.report.templates import environment

TEMPLATES, STATIC = Path(__file__).with_name("templates"), Path(__file__).with_name("static")
MAX_TEXT = 1000
"""Maximum number of characters shown of a text of a file."""
Posted = dict[str, Any]
"""Body of a POST: a JSON object."""


def text(value: object) -> str:
    """Returns a text of a file in one line without control characters, cut at MAX_TEXT."""
    return printable(str(value), MAX_TEXT)


def size_text(num_bytes: int) -> str:
    """Formats a size: `12.3 MB`."""
    for unit, power in (("GB", 9), ("MB", 6)):
        if num_bytes >= 10**power:
            return f"{num_bytes / 10**power:.1f} {unit}"
    return f"{num_bytes / 1000:.0f} kB"


def clock_text(seconds: float | int) -> str:
    """Formats a duration: `1:05:03` or `5:03`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def moment_text(moment: str | float) -> str:
    """Formats a time (ISO 8601, or seconds since 1970) as local date and minute."""
    try:
        when = datetime.fromtimestamp(moment) if isinstance(moment, float) else datetime.fromisoformat(moment)
        return when.astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return text(moment)


FILTERS = {
    "figure": figure,
    "percent": percent,
    "text": text,
    "size": size_text,
    "clock": clock_text,
    "moment": moment_text,
}
"""Formats of values in templates."""


def render(name: str, **values: Any) -> str:
    """Returns a rendered template or fragment."""
    return _templates().get_template(name).render(**values)


@cache
def _templates() -> Environment:
    templates = environment(TEMPLATES)
    templates.filters |= FILTERS
    return templates


def page(name: str, **values: Any) -> HTMLResponse:
    """Returns a page; `values` are what its template shows."""
    return HTMLResponse(render(name, **values))


def post(handle: Callable[[Posted], Any]) -> Callable[[Request], Awaitable[Response]]:
    """Returns the endpoint of a change: `handle` gets the JSON object on a worker thread and returns plain values.

    An UnderstudyError becomes `{"error": sentence}` with status 400.
    """

    async def answer(request: Request) -> Response:
        body = await request.body()
        try:
            posted = parse_json(body.decode("utf-8", "replace"), allow_nan=False)
            if not isinstance(posted, dict):
                raise WireError("a change is a JSON object")
            return JSONResponse(await run_in_threadpool(handle, posted))
        except UnderstudyError as problem:
            return JSONResponse({"error": text(problem)}, status_code=400)
        except OSError as problem:
            return JSONResponse({"error": f"The system refused: {problem.strerror or problem}."}, status_code=400)

    return answer


def word(posted: Posted, name: str, *, choices: tuple[str, ...] = (), max_length: int = 500) -> str:
    """Returns a text of a POST.

    Raises:
        FlagError: if it is missing, too long, or none of `choices`.
    """
    value = posted.get(name)
    if not isinstance(value, str) or len(value) > max_length or (choices and value not in choices):
        expected = f"one of {', '.join(choices)}" if choices else f"a text of at most {max_length} characters"
        raise FlagError(f"{name} has to be {expected}.")
    return value


def whole(posted: Posted, name: str) -> int:
    """Returns a whole number of a POST.

    Raises:
        FlagError: if it is missing or no whole number.
    """
    value = posted.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**53:
        raise FlagError(f"{name} has to be a whole number.")
    return value


def asked_number(request: Request, name: str, default: int) -> int:
    """Returns a whole number of the address.

    Raises:
        FlagError: if it is no whole number.
    """
    value = request.query_params.get(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise FlagError(f"{name} has to be a whole number.")
    return int(value)


async def say_mistake(request: Request, problem: Exception) -> Response:
    """Answers a GET that failed by a user's mistake, such as the key of a recording that has gone."""
    sentence = text(problem)
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(render("mistake.html", active="", sentence=sentence), status_code=404)
    return JSONResponse({"error": sentence}, status_code=404)
