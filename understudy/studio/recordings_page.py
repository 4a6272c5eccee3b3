"""The list of recordings and one session as a timeline; cut, tag, and the bin."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from understudy.contract.errors import FlagError
from understudy.studio import recording_edits
from understudy.studio.pages import Posted, asked_number, page, post, render, text, whole, word
from understudy.studio.recording_index import MAX_TAG, MAX_TAGS, RecordingIndex, RecordingRow, write_tags
from understudy.studio.session_store import SessionStore
from understudy.studio.session_view import MAX_BINS, layout, names_of


def routes(index: RecordingIndex, sessions: SessionStore) -> list[Route]:
    """Returns the routes of the recordings' pages."""
    pages = RecordingsPages(index, sessions)
    return [
        Route("/recordings", pages.show_list),
        Route("/recordings/summary", pages.summary),
        Route("/recordings/session", pages.session),
        Route("/recordings/lanes", pages.lanes),
        Route("/recordings/ticks", pages.ticks),
        Route("/recordings/picture", pages.picture),
        Route("/recordings/thinking", pages.thinking),
        Route("/recordings/think", post(pages.think), methods=["POST"]),
        Route("/recordings/tags", post(pages.tag), methods=["POST"]),
        Route("/recordings/cut", post(pages.cut), methods=["POST"]),
        Route("/recordings/delete", post(pages.delete), methods=["POST"]),
        Route("/recordings/restore", post(pages.restore), methods=["POST"]),
    ]


class RecordingsPages:
    """Answers of the recordings' pages. May be used by several threads."""

    def __init__(self, index: RecordingIndex, sessions: SessionStore) -> None:
        self._index, self._sessions = index, sessions

    def show_list(self, request: Request) -> Response:
        """The list; recordings that were not read yet are filled in by the page, one after the other."""
        rows = self._index.rows()
        known = {row.key: self._index.known_summary(row) for row in rows}
        return page(
            "recordings.html",
            active="recordings",
            rows=rows,
            known=known,
            folders=self._index.folders,
            num_bytes=sum(row.size_bytes for row in rows),
            binned=recording_edits.bin_content(self._index.folders),
        )

    def summary(self, request: Request) -> Response:
        """The cells of one row."""
        row = self._row(request)
        found = self._index.summary(row)
        seconds = 0.0 if found.stats is None else found.stats.duration_s
        return JSONResponse({"cells": render("recording_cells.html", summary=found, row=row), "seconds": seconds})

    def session(self, request: Request) -> Response:
        """One session; what the timeline draws is fetched by the page."""
        row = self._row(request)
        view = self._sessions.view(row)
        info = view.episode.info
        settings = {
            "key": row.key,
            "num_ticks": len(view),
            "seconds": float(view.seconds[-1]),
            "rate_hz": info.tick_rate_hz,
            "aspect": info.window_width / info.window_height,
            "has_video": row.has_video,
            "has_intents": view.intents is not None,
            "layout": layout(),
            "names": names_of(info.profile),
            "events": [[event.tick, event.kind, event.label] for event in view.events()],
        }
        return page(
            "session.html",
            active="recordings",
            row=row,
            info=info,
            seconds=float(view.seconds[-1]),
            settings=settings,
            summary=self._index.known_summary(row),
            num_disagreements=len(view.disagreements),
            num_clicks=view.clicks_on_objects,
            has_intents=view.intents is not None,
            max_tags=MAX_TAGS,
        )

    def lanes(self, request: Request) -> Response:
        """The lanes of a part in bins."""
        view = self._sessions.view(self._row(request))
        first, last = asked_number(request, "first", 0), asked_number(request, "last", len(view))
        return JSONResponse(view.lanes(first, last, asked_number(request, "bins", MAX_BINS)))

    def ticks(self, request: Request) -> Response:
        """A block of ticks, or the first tick of each bin of the lanes, as bytes."""
        view = self._sessions.view(self._row(request))
        if "bins" in request.query_params:
            first, last = asked_number(request, "first", 0), asked_number(request, "last", len(view))
            content = view.ticks_of_bins(first, last, asked_number(request, "bins", MAX_BINS))
            return Response(content, media_type="application/octet-stream")
        content = view.ticks(asked_number(request, "first", 0), asked_number(request, "count", 1))
        return Response(content, media_type="application/octet-stream")

    def picture(self, request: Request) -> Response:
        """The recorded picture of a tick; 204 where there is none."""
        exact = request.query_params.get("exact", "1") == "1"
        found = self._sessions.picture(self._row(request), asked_number(request, "tick", 0), exact=exact)
        if found is None:
            return Response(status_code=204)
        return Response(found[0], media_type="image/jpeg", headers={"x-tick": str(found[1])})

    def thinking(self, request: Request) -> Response:
        """Progress of the policies over one session."""
        progress = self._sessions.thinking(request.query_params.get("key", ""))
        if progress is None:
            return JSONResponse({"done": 0, "total": 0, "problem": ""})
        return JSONResponse({"done": progress.done, "total": progress.total, "problem": text(progress.problem)})

    def think(self, posted: Posted) -> dict[str, Any]:
        """Begins to compute the policies' intents of a session."""
        self._sessions.think(self._posted_row(posted))
        return {}

    def tag(self, posted: Posted) -> dict[str, Any]:
        """Replaces the tags of a recording."""
        row = self._posted_row(posted)
        given = [part.strip() for part in word(posted, "tags", max_length=MAX_TAGS * (MAX_TAG + 1)).split(",")]
        tags = tuple(dict.fromkeys(tag for tag in given if tag))
        if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG or not tag.isprintable() for tag in tags):
            raise FlagError(
                f"A recording has at most {MAX_TAGS} tags of at most {MAX_TAG} characters, with commas between."
            )
        write_tags(row.path, tags)
        return {"tags": list(tags)}

    def cut(self, posted: Posted) -> dict[str, Any]:
        """Keeps a part of a recording, or takes it out."""
        row = self._posted_row(posted)
        what = word(posted, "what", choices=("keep", "remove"))
        first, last = whole(posted, "first"), whole(posted, "last")
        kept = recording_edits.cut(row, self._index.episode(row), first, last, keep=what == "keep")
        self._sessions.forget(row.key)
        return {"said": f"Cut. The recording as it was is kept as {text(kept.name)}."}

    def delete(self, posted: Posted) -> dict[str, Any]:
        """Moves a recording to the bin."""
        row = self._posted_row(posted)
        self._sessions.forget(row.key)
        recording_edits.move_to_bin(row)
        return {"said": f"{text(row.name)} lies in the bin."}

    def restore(self, posted: Posted) -> dict[str, Any]:
        """Moves a recording back from the bin."""
        path = recording_edits.restore(self._index.folders, whole(posted, "number"), word(posted, "name"))
        return {"said": f"{text(path.name)} is back."}

    def _row(self, request: Request) -> RecordingRow:
        return self._index.row(request.query_params.get("key", ""))

    def _posted_row(self, posted: Posted) -> RecordingRow:
        return self._index.row(word(posted, "key"))
