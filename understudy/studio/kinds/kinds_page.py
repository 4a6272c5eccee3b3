"""The page on which the kinds of a discovery get names and roles, are merged or thrown away; bars get their gauge."""

from collections.abc import Callable
from typing import Any

import cv2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from understudy.contract.errors import FlagError
from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import Role
from understudy.contract.ranges import MAX_NAME
from understudy.perception.discovery.discovered import NO_GAUGE, USUAL_ROLES, Discovery, FoundBar, FoundKind
from understudy.perception.discovery.edits import merge_kinds, name_bar, name_kind, throw_away
from understudy.perception.discovery.suggestions import ROLES, facts_of, role_for, value_for
from understudy.studio.kinds.discovery_store import DiscoveryStore, ShownDiscovery
from understudy.studio.pages import Posted, asked_number, page, post, text, whole, word

GAUGES = (*USUAL_ROLES, NO_GAUGE)
"""Names that are suggested for a bar."""
GAUGE_ROLES = tuple(role.name for role in GaugeRole)


def routes(store: DiscoveryStore) -> list[Route]:
    """Returns the routes of the kinds' page."""

    def show(request: Request) -> Response:
        rows = store.rows()
        key = request.query_params.get("key", rows[0].key if rows else "")
        shown = store.read(key) if rows else None
        return page(
            "kinds.html", active="kinds", rows=rows, shown=shown, roles=ROLES, gauges=GAUGES, gauge_roles=GAUGE_ROLES
        )

    def listed(request: Request) -> Response:
        return JSONResponse(_plain(store.read(request.query_params.get("key", ""))))

    def tile(request: Request) -> Response:
        pixels = store.tile(request.query_params.get("key", ""), asked_number(request, "id", -1))
        _, content = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        return Response(content.tobytes(), media_type="image/png")

    def changing(edit: Callable[[Discovery, Posted], Discovery]) -> Callable[[Posted], dict[str, Any]]:
        return lambda posted: _plain(
            store.change(word(posted, "key"), word(posted, "version"), lambda discovery: edit(discovery, posted))
        )

    def take_back(posted: Posted) -> dict[str, Any]:
        return _plain(store.take_back(word(posted, "key"), word(posted, "version")))

    edits = {"name": _named, "throw": _thrown_away, "merge": _merged, "bar": _bar_named}
    return [
        Route("/kinds", show),
        Route("/kinds/list", listed),
        Route("/kinds/tile", tile),
        *(Route(f"/kinds/{name}", post(changing(edit)), methods=["POST"]) for name, edit in edits.items()),
        Route("/kinds/undo", post(take_back), methods=["POST"]),
    ]


def _named(discovery: Discovery, posted: Posted) -> Discovery:
    """Gives a kind its name, role and points; an empty name takes the name back."""
    value = posted.get("value")
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise FlagError("The points of a kind have to be a number.")
    name = word(posted, "name", max_length=MAX_NAME).strip()
    role = Role[word(posted, "role", choices=ROLES)]
    return name_kind(discovery, whole(posted, "id"), name or None, role, float(value))


def _thrown_away(discovery: Discovery, posted: Posted) -> Discovery:
    thrown = posted.get("thrown_away")
    if not isinstance(thrown, bool):
        raise FlagError("thrown_away has to be true or false.")
    return throw_away(discovery, whole(posted, "id"), thrown)


def _merged(discovery: Discovery, posted: Posted) -> Discovery:
    into = None if posted.get("into") is None else whole(posted, "into")
    return merge_kinds(discovery, whole(posted, "id"), into)


def _bar_named(discovery: Discovery, posted: Posted) -> Discovery:
    """Gives a bar its name, and the role of that name if none is given; an empty name takes the name away."""
    gauge = word(posted, "gauge", max_length=MAX_NAME).strip() or NO_GAUGE
    role = None if posted.get("role") is None else GaugeRole[word(posted, "role", choices=GAUGE_ROLES)]
    return name_bar(discovery, whole(posted, "number"), gauge, role)


def _plain(shown: ShownDiscovery) -> dict[str, Any]:
    """Returns what the page shows of a discovery."""
    discovery = shown.discovery
    own = sorted((kind for kind in discovery.kinds if kind.merged_into is None), key=lambda each: each.id)
    return {
        "version": shown.version,
        "can_take_back": shown.can_take_back,
        "kinds": [_plain_kind(kind, discovery) for kind in own],
        "bars": [_plain_bar(number, bar, discovery) for number, bar in enumerate(discovery.bars)],
    }


def _plain_kind(kind: FoundKind, discovery: Discovery) -> dict[str, Any]:
    parts = [other for other in discovery.kinds if other.id != kind.id and discovery.root_of(other.id).id == kind.id]
    return {
        "id": kind.id,
        "name": text(kind.name or ""),
        "shown_name": text(kind.shown_name),
        "role": role_for(kind).name,
        "value": value_for(kind),
        "count": kind.num_sightings + sum(part.num_sightings for part in parts),
        "facts": facts_of(kind, discovery),
        "thrown_away": kind.thrown_away,
        "parts": [{"id": part.id, "facts": facts_of(part, discovery)} for part in parts],
    }


def _plain_bar(number: int, bar: FoundBar, discovery: Discovery) -> dict[str, Any]:
    width, height = discovery.frame_width, discovery.frame_height
    place = f"{bar.area.width * width:.0f} x {bar.area.height * height:.0f} pixels at "
    place += f"{bar.area.left * width:.0f}, {bar.area.top * height:.0f}"
    return {
        "number": number,
        "words": f"{place}, fills {bar.fills}",
        "colour": list(bar.full[0]) if bar.full else [128, 128, 128],
        "gauge": bar.chosen_gauge or NO_GAUGE,
        "role": bar.chosen_role.name,
    }
