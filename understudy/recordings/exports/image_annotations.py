"""What a tick's observation shows in the picture, as the Protobuf message foxglove.ImageAnnotations.

A box for each object in the colour of its role, beside it its kind and identity, thicker where it is selected; a
circle at the cursor. Positions are pixels of the recorded picture.

Schema: https://docs.foxglove.dev/docs/visualization/message-schemas/image-annotations (the fields that are used).
"""

from typing import Any

import numpy as np

from understudy.contract.observation import Role
from understudy.contract.profile import Profile
from understudy.recordings.video.protobuf import (
    TIMESTAMP,
    Field,
    double,
    enum_descriptor,
    file_descriptor_set,
    integer,
    length_delimited,
    message_descriptor,
    timestamp,
)

SCHEMA_NAME, TOPIC = "foxglove.ImageAnnotations", "/boxes"
_LINE_LOOP = 2
_LINE_PX, _SELECTED_PX, _TEXT_PX, _CURSOR_PX = 2.0, 4.0, 14.0, 12.0
_COLOURS = {Role.ENEMY: (1.0, 0.25, 0.2), Role.LOOT: (1.0, 0.8, 0.1), Role.PLAYER: (0.3, 0.7, 1.0)}
_OTHER, _CURSOR = (0.7, 0.7, 0.7), (1.0, 1.0, 1.0)


def message_bytes(observation: Any, profile: Profile, width: int, height: int) -> bytes:
    """Serialises the annotations of one record of dtype OBSERVATION on a picture of `width` x `height` pixels."""
    time = timestamp(max(0, round(float(observation["time_s"]) * 1e9)))
    parts = [length_delimited(5, time)]
    size = (width, height)
    cursor = _pixels(observation, "cursor_x", "cursor_y", size)
    if np.isfinite(cursor).all():
        circle = length_delimited(1, time) + length_delimited(2, _point(*cursor)) + double(3, _CURSOR_PX)
        parts.append(length_delimited(1, circle + double(4, _LINE_PX) + length_delimited(6, _colour(_CURSOR))))
    for track in observation["tracks"][observation["tracks"]["id"] > 0]:
        centre, half = _pixels(track, "x", "y", size), _pixels(track, "width", "height", size) / 2
        if not np.isfinite([centre, half]).all():
            continue
        colour = _colour(_COLOURS.get(int(track["role"]), _OTHER))  # type: ignore[call-overload]
        corners = [centre + half * sign for sign in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        box = [length_delimited(1, time), integer(2, _LINE_LOOP)]
        box += [length_delimited(3, _point(*corner)) for corner in corners]
        box += [length_delimited(4, colour), double(7, _SELECTED_PX if track["selected"] else _LINE_PX)]
        parts.append(length_delimited(2, b"".join(box)))
        label = f"{_kind_name(profile, int(track['kind']))} {track['id']}".encode()
        text = [length_delimited(1, time), length_delimited(2, _point(*corners[0])), length_delimited(3, label)]
        parts.append(length_delimited(3, b"".join([*text, double(4, _TEXT_PX), length_delimited(5, colour)])))
    return b"".join(parts)


def _pixels(record: Any, x: str, y: str, size: tuple[int, int]) -> np.ndarray:
    """Returns two fields of a record, window fractions, in pixels; they may be of a damaged file, thus anything."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.array([record[x], record[y]], np.float64) * size


def _kind_name(profile: Profile, kind: int) -> str:
    return profile.kinds[kind].name if 0 <= kind < len(profile.kinds) else "unknown"


def _point(x: float, y: float) -> bytes:
    return double(1, float(x)) + double(2, float(y))


def _colour(rgb: tuple[float, float, float]) -> bytes:
    return b"".join(double(number, value) for number, value in enumerate((*rgb, 1.0), 1))


def schema_bytes() -> bytes:
    """Returns the message's schema, a google.protobuf.FileDescriptorSet."""
    point, colour = ".foxglove.Point2", ".foxglove.Color"
    time = Field(1, "message", TIMESTAMP)
    kinds = enum_descriptor("Type", {"UNKNOWN": 0, "POINTS": 1, "LINE_LOOP": 2, "LINE_STRIP": 3, "LINE_LIST": 4})
    doubles = {name: Field(number, "double") for number, name in enumerate("rgba", 1)}
    messages = [
        message_descriptor("Color", doubles),
        message_descriptor("Point2", {"x": Field(1, "double"), "y": Field(2, "double")}),
        message_descriptor(
            "CircleAnnotation",
            {
                "timestamp": time,
                "position": Field(2, "message", point),
                "diameter": Field(3, "double"),
                "thickness": Field(4, "double"),
                "fill_color": Field(5, "message", colour),
                "outline_color": Field(6, "message", colour),
            },
        ),
        message_descriptor(
            "PointsAnnotation",
            {
                "timestamp": time,
                "type": Field(2, "enum", ".foxglove.PointsAnnotation.Type"),
                "points": Field(3, "message", point, is_repeated=True),
                "outline_color": Field(4, "message", colour),
                "outline_colors": Field(5, "message", colour, is_repeated=True),
                "fill_color": Field(6, "message", colour),
                "thickness": Field(7, "double"),
            },
            [kinds],
        ),
        message_descriptor(
            "TextAnnotation",
            {
                "timestamp": time,
                "position": Field(2, "message", point),
                "text": Field(3, "string"),
                "font_size": Field(4, "double"),
                "text_color": Field(5, "message", colour),
                "background_color": Field(6, "message", colour),
            },
        ),
        message_descriptor(
            "ImageAnnotations",
            {
                "circles": Field(1, "message", ".foxglove.CircleAnnotation", is_repeated=True),
                "points": Field(2, "message", ".foxglove.PointsAnnotation", is_repeated=True),
                "texts": Field(3, "message", ".foxglove.TextAnnotation", is_repeated=True),
                "timestamp": Field(5, "message", TIMESTAMP),
            },
        ),
    ]
    return file_descriptor_set("foxglove/ImageAnnotations.proto", messages)
