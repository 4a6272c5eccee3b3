"""The page on which corrections are judged: the picture, what the bot did, what the critic says, one key each."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from understudy.contract.intent import Mode
from understudy.studio.correction_queue import CorrectionQueue, QueuedCorrection
from understudy.studio.pages import Posted, page, post, text, word
from understudy.studio.settings import StudioSettings
from understudy.viewer.correction_picture import correction_picture

MAX_LISTED = 2000
"""Corrections that the page holds at once."""
MAX_OBJECTS = 8
"""Objects listed with one correction, the nearest."""
MAX_PROBLEMS = 5


def routes(settings: StudioSettings, queue: CorrectionQueue) -> list[Route]:
    """Returns the routes of the corrections' page."""

    def show(request: Request) -> Response:
        entries, problems = queue.all()
        return page(
            "corrections.html",
            active="corrections",
            folder=settings.corrections,
            num_entries=len(entries),
            problems=problems[:MAX_PROBLEMS],
            modes=[mode.name for mode in Mode],
        )

    def listed(request: Request) -> Response:
        entries, _ = queue.all()
        return JSONResponse([_plain(one) for one in entries[:MAX_LISTED]])

    def picture(request: Request) -> Response:
        content = correction_picture(queue.one(request.query_params.get("key", "")).entry)
        return Response(status_code=204) if content is None else Response(content, media_type="image/jpeg")

    def judge(posted: Posted) -> dict[str, Any]:
        key, verdict = word(posted, "key"), word(posted, "verdict", choices=("accept", "change", "reject"))
        if verdict == "reject":
            queue.reject(key)
        elif verdict == "accept":
            queue.accept(key)
        else:
            queue.change(key, Mode[word(posted, "mode", choices=tuple(mode.name for mode in Mode))])
        return {"one": None if verdict == "reject" else _plain(queue.one(key))}

    def take_back(posted: Posted) -> dict[str, Any]:
        return {"one": _plain(queue.take_back())}

    return [
        Route("/corrections", show),
        Route("/corrections/list", listed),
        Route("/corrections/picture", picture),
        Route("/corrections/judge", post(judge), methods=["POST"]),
        Route("/corrections/undo", post(take_back), methods=["POST"]),
    ]


def _plain(one: QueuedCorrection) -> dict[str, Any]:
    """Returns what the page shows of one correction."""
    correction = one.correction
    objects = sorted(correction.state.objects, key=lambda seen: seen.distance)[:MAX_OBJECTS]
    named = {seen.id: f"{seen.kind} {seen.id}" for seen in correction.state.objects}

    def target(number: int | None) -> str:
        return "not given" if number is None else named.get(number, str(number)) if number else "none"

    return {
        "key": one.key,
        "bot": correction.bot_action.name,
        "right": correction.vlm_correction.name,
        "confidence": correction.confidence,
        "reason": text(correction.reason),
        "words": text(correction.state.words),
        "source": correction.source,
        "by": text(correction.model or correction.source),
        "when": text(correction.when[:19].replace("T", " ")),
        "bot_target": target(correction.bot_target),
        "target": target(correction.target),
        "where": f"{one.path.name}, line {one.line}",
        "objects": [
            [text(seen.kind), seen.id, round(seen.distance, 2), seen.attacking, seen.selected] for seen in objects
        ],
    }
