"""Make a game's profile from a screenshot, or check one: what the window shows where."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro
from tyro.conf import Positional

from understudy.cli.flags.output_paths import Output, OutputFile
from understudy.cli.flags.spellings import DetectorWeights
from understudy.cli.results.json_output import JsonFlag

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from understudy.cli.results.diagnostics import ProfileCheck
    from understudy.contract.profile import Profile as GameProfile

Flag = tyro.conf.FlagCreatePairsOff


@dataclass(frozen=True, kw_only=True)
class New(JsonFlag):
    """Make a profile from a screenshot of the game's window; asks for what the flags do not say.

    Places are pixels of the screenshot: left top right bottom. The bars must be about half full in it.
    """

    MOVING: ClassVar[str] = "moving"
    """Answer to --play-area: what moves."""

    screenshot: Path | None = None
    """A .png or .jpg of the whole window and nothing else."""
    live: Flag[bool] = False
    """Take the screenshot from the window that --title names, with the game running in it: what moves is proposed as
    the play area. Kept as NAME.screenshot.png."""
    later: tuple[Path, ...] = ()
    """Further screenshots of the same window, taken moments later: what has moved is proposed as the play area."""
    name: str | None = None
    """What the game is to be called."""
    title: str | None = None
    """The title of its window, or a part of it."""
    keys: str | None = None
    """The keys that the game knows, with blanks between: ctrl space 1 2."""
    maps: str | None = None
    """Names of its maps, with blanks between."""
    kinds: str | None = None
    """What there is in the game: name:ROLE:value, with blanks between; ROLE is ENEMY, LOOT, PLAYER, PORTAL, BASE or
    OTHER."""
    hp: str | None = None
    """The bar of the player's hull: left top right bottom and how full it is, in per cent; then `left`, `up` or `down`
    if it does not fill to the right. `-` for none."""
    shield: str | None = None
    """The bar of the shield, likewise."""
    minimap: str | None = None
    """The map inside the minimap's frame: left top right bottom. `-` for none."""
    ship: str | None = None
    """A pixel of the player's own dot on the minimap: x y."""
    panels: str | None = None
    """Parts of the window that are no open space: left top right bottom, one after the other with ; between."""
    score: str | None = None
    """The digits of the score, with room for more: left top right bottom."""
    score_values: str | None = None
    """What the score shows in the screenshot, and in others of the same window: 1250 later.png=3468 end.png=970.
    Together they should hold all ten digits; a number with a digit that none holds stays unknown."""
    game_over: str | None = None
    """The panel or the words that are there when the game is over: left top right bottom; then x y of the click that
    begins a new game, if understudy is to make it."""
    game_over_shot: Path | None = None
    """A screenshot of the same window when the game is over."""
    play_area: str | None = None
    """The part of the window that is the game: left top right bottom; `-` for all of it. In a browser the page without
    tabs and toolbar. `moving`: what moves in the pictures of --live or --later, without asking."""
    locate: Flag[bool] = False
    """Find the play area by its picture when a session begins, and when an information bar has moved it; the size has
    to stay. Set by itself where it was found by what moves."""
    forbidden: str | None = None
    """Parts of the game that are never to be clicked, such as a shop: as --panels. None by default."""
    model: DetectorWeights = None
    """Weights of a detector for the game; their classes are offered as kinds."""
    window: bool = False
    """Point at places with the mouse in a window, in place of typing pixels."""
    out: Annotated[Path | None, Output(kind="file", default=Path("NAME.toml"))] = None
    """The file to write; by default NAME.toml."""
    replace: bool = False
    """Write over a profile that is there already."""
    picture: OutputFile | None = None
    """The annotated screenshot to write; by default beside the profile, NAME.png."""

    def __post_init__(self) -> None:
        if self.live == (self.screenshot is not None):
            raise ValueError("give the screenshot's file with --screenshot, or --live and the window's --title")
        if self.live and (self.title is None or self.later):
            raise ValueError("--live takes its pictures from the window that --title names; leave --later out")
        if (self.score is None) != (self.score_values is None):
            raise ValueError("--score and --score-values belong together")
        if self.game_over is not None and self.game_over_shot is None:
            raise ValueError("--game-over needs a screenshot of it: --game-over-shot")
        if self.play_area == self.MOVING and not (self.live or self.later):
            raise ValueError("--play-area moving needs to see what moves: add --live, or --later with more screenshots")


@dataclass(frozen=True, kw_only=True)
class Check(JsonFlag):
    """Read a screenshot with a profile, say what is seen, and draw it in."""

    screenshot: Positional[Path]
    """A .png or .jpg of the whole window."""
    profile: str = "darkorbit"
    """Name of the game, or path of its .toml."""
    model: DetectorWeights = None
    """Weights, .onnx or .pt; by default those that come with the game, if any do."""
    picture: OutputFile | None = None
    """The annotated screenshot to write."""


Profile = New | Check


def run(command: Profile) -> int:
    """Does what was asked."""
    match command:
        case New():
            return _new(command)
        case Check():
            from understudy.cli.show.images import read_picture
            from understudy.worlds.catalog import load_profile

            profile, frame = load_profile(command.profile), read_picture(command.screenshot)
            profile = _located(command.profile, profile, frame)
            return _print_json(command, show(profile, frame, command.model, command.picture), None)


def _new(command: New) -> int:
    from understudy.cli.play_area_questions import ask_for_play_area, window_pictures
    from understudy.cli.profile_questions import ask_for_profile
    from understudy.cli.show.output_file import write_output
    from understudy.cli.show.terminal import Console
    from understudy.contract.profile import Profile as GameProfile
    from understudy.contract.serialization import read_toml
    from understudy.contract.toml_writer import to_toml

    pictures = window_pictures(command)
    frame, area = pictures[0], ask_for_play_area(command, pictures)
    made = ask_for_profile(command, frame, area)
    out = command.out or Path(f"{made.name}.toml")
    _keep_pictures(command, made, frame, out)
    write_output(out, to_toml(made).encode("utf-8"))
    Console(soft_wrap=True).print(f"{out} is written; this is what it reads in the screenshot:")
    picture = command.picture or out.with_suffix(".png")
    return _print_json(command, show(read_toml(GameProfile, out), frame, command.model, picture), out)


def _keep_pictures(command: New, made: "GameProfile", frame: "np.ndarray", out: Path) -> None:
    """Writes what --live has taken, and the border by which the game is found, beside the profile."""
    from understudy.cli.play_area_questions import keep_border
    from understudy.cli.show.images import write_picture

    if command.live:
        write_picture(out.with_suffix(".screenshot.png"), frame)
    keep_border(made, frame, out)


def _print_json(command: Profile, found: "ProfileCheck", written: Path | None) -> int:
    """Prints the result if --json asks for it; returns the exit code, 1 where a bar could not be read."""
    from dataclasses import replace

    from understudy.cli.results.json_output import print_result

    if command.json:
        print_result(f"profile {type(command).__name__.lower()}", replace(found, profile=written))
    return 1 if found.unread_bars else 0


def show(profile: "GameProfile", frame: "np.ndarray", model: Path | None, picture: Path | None) -> "ProfileCheck":
    """Prints what an eye with this profile sees in one picture, and draws it in."""
    from rich.table import Table

    from understudy.cli.show.images import write_picture
    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import CheckpointError
    from understudy.perception.detector import Detector, NullDetector
    from understudy.perception.detector_loader import open_detector
    from understudy.perception.pipeline import PerceptionPipeline
    from understudy.perception.screen_regions import BarReader, scale_of

    console = Console(soft_wrap=True)
    try:
        detector: Detector = open_detector(model, profile)
    except CheckpointError:
        if model is not None:
            raise
        detector = NullDetector()
    frame = _play_area_of(profile, frame)
    record = PerceptionPipeline(profile, detector).process(frame, 1.0, (2.0, 2.0)).records[0]
    player = record["player"]
    table = Table("reading", "value")
    readings = readings_of(profile, record)
    for name, value in (readings | _outcome_readings(profile, frame)).items():
        table.add_row(name, value)
    console.print(table)
    if isinstance(detector, NullDetector):
        console.print("No objects were looked for: give the weights of a detector with --detector.")
    if picture is not None:
        write_picture(picture, annotated(profile, frame, record))
        console.print(f"{picture} has all of it drawn in: look at it.")
    screen = profile.eye
    unread = [name for name in (screen.player_bars if screen else ()) if player[name] != player[name]]
    for name in unread:
        if BarReader(getattr(screen, name)).contradicts(frame, scale_of(profile, frame)):
            console.print(
                f"The bar {name} does not fill to the {getattr(screen, name).fills}, as its profile says, so it stays "
                "unknown: fills = left, up or down is read, too; else check its rectangle."
            )
        else:
            console.print(f"The bar {name} cannot be read in this picture: check its rectangle and its colours.")
    return _check_of(profile, record, picture, not isinstance(detector, NullDetector), tuple(unread))


def _located(name: str, profile: "GameProfile", frame: "np.ndarray") -> "GameProfile":
    """The profile with its play area where the game's fingerprint is found in a screenshot; says what was found."""
    from dataclasses import replace

    from understudy.cli.show.terminal import Console
    from understudy.contract.profile import Margins
    from understudy.worlds.desktop.capture.game_fingerprint import fingerprint_path, load_fingerprint
    from understudy.worlds.desktop.capture.play_area_locator import locate_play_area

    fingerprint = load_fingerprint(fingerprint_path(name))
    if not profile.locate_play_area or fingerprint is None:
        return profile
    console, edges = Console(soft_wrap=True), locate_play_area(fingerprint, frame)
    if edges is None:
        console.print("The game was not found by its picture; the play area is where the profile says.")
        return profile
    console.print(f"The game was found by its picture at {' '.join(map(str, edges))} (left top right bottom).")
    height, width = frame.shape[:2]
    found = Margins(left=edges[0], top=edges[1], right=width - edges[2], bottom=height - edges[3])
    return replace(profile, play_area=found)


def _check_of(
    profile: "GameProfile", record: "np.void", picture: Path | None, has_detector: bool, unread: tuple[str, ...]
) -> "ProfileCheck":
    from collections import Counter

    from understudy.cli.results.diagnostics import ProfileCheck
    from understudy.contract.observation import Role

    player, tracks = record["player"], record["tracks"][record["tracks"]["id"] > 0]
    index = int(player["map_index"])
    return ProfileCheck(
        game=profile.name,
        profile=None,
        picture=picture,
        hp=float(player["hp"]),
        shield=float(player["shield"]),
        map=profile.maps[index] if index >= 0 else None,
        x=float(player["x"]),
        y=float(player["y"]),
        landmarks=tuple(Role(int(mark["role"])).name.lower() for mark in record["landmarks"] if mark["role"] > 0),
        objects=dict(Counter(profile.kinds[int(track["kind"])].name for track in tracks)),
        has_detector=has_detector,
        unread_bars=unread,
    )


def _play_area_of(profile: "GameProfile", frame: "np.ndarray") -> "np.ndarray":
    """The play area of a screenshot of the whole window; a picture of the play area alone is returned as it is."""
    import numpy as np

    edges, (height, width) = profile.margins, frame.shape[:2]
    is_cut = (width, height) == (profile.window_width, profile.window_height)
    if is_cut or edges.left + edges.right >= width or edges.top + edges.bottom >= height:
        return frame
    return np.ascontiguousarray(frame[edges.top : height - edges.bottom, edges.left : width - edges.right])


def readings_of(profile: "GameProfile", record: "np.void") -> dict[str, str]:
    """What was seen of that which the profile says where to see, in words a player knows."""
    from understudy.contract.observation import Role
    from understudy.contract.screen_layout import Screen

    screen = profile.eye or Screen()
    player, tracks = record["player"], record["tracks"][record["tracks"]["id"] > 0]
    index = int(player["map_index"])
    marks = [Role(int(mark["role"])).name.lower() for mark in record["landmarks"] if mark["role"] > 0]
    names = [profile.kinds[int(track["kind"])].name for track in tracks]
    readings = {
        "hp": (screen.hp, _per_cent(float(player["hp"]))),
        "shield": (screen.shield, _per_cent(float(player["shield"]))),
        "rocket": (screen.rocket, _per_cent(float(player["rocket_ready"]))),
        "ammunition": (screen.ammo, ", ".join(_per_cent(float(left)) for left in player["ammo"])),
        "loaded": (screen.ammo_kind, str(int(player["ammo_kind"]) or "unknown")),
        "laser": (screen.laser, "on" if player["laser_on"] else "off or unknown"),
        "map": (screen.maps, profile.maps[index] if index >= 0 else "unknown"),
        "place": (screen.dots, f"{_per_cent(float(player['x']))} across, {_per_cent(float(player['y']))} down"),
        "landmarks": (screen.dots, ", ".join(marks) or "none seen"),
        "objects": (True, ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names)) or "none seen"),
    }
    return {name: reading for name, (is_said, reading) in readings.items() if is_said}


def _outcome_readings(profile: "GameProfile", frame: "np.ndarray") -> dict[str, str]:
    """The score, and whether the game is over, where the profile says how to tell."""
    from understudy.perception.outcomes.end_screen import EndScreenReader
    from understudy.perception.outcomes.score_reader import ScoreReader
    from understudy.perception.screen_regions import scale_of

    readings = {}
    if profile.eye is not None and profile.eye.score is not None:
        number = ScoreReader(profile.eye.score).read(frame, scale_of(profile, frame))
        readings["score"] = "unknown" if number != number else f"{number:.0f}"
    if profile.eye is not None and profile.eye.game_over is not None:
        readings["game over"] = "yes" if EndScreenReader(profile.eye.game_over).is_shown(frame) else "no"
    return readings


def _per_cent(value: float) -> str:
    return "unknown" if value != value else f"{100 * value:.0f} %"


def annotated(profile: "GameProfile", frame: "np.ndarray", record: "np.void") -> "np.ndarray":
    """A copy of a picture with everything drawn in that the profile names and that was seen."""
    from understudy.cli.show.images import GREEN, draw_area
    from understudy.contract.screen_layout import Screen

    picture, screen, player = frame.copy(), profile.eye or Screen(), record["player"]
    for panel in profile.panels:
        draw_area(picture, panel.left, panel.top, panel.width, panel.height, "", (90, 90, 160))
    part = profile.minimap
    draw_area(picture, part.left, part.top, part.width, part.height, "minimap", (255, 220, 90))
    bars = {"hp": screen.hp, "shield": screen.shield, "rocket": screen.rocket}
    values = {"hp": player["hp"], "shield": player["shield"], "rocket": player["rocket_ready"]}
    for name, bar in bars.items():
        if bar is not None:
            area = bar.area
            text = f"{name} {_per_cent(float(values[name]))}"
            draw_area(picture, area.left, area.top, area.width, area.height, text, (255, 120, 220))
    for number, bar in enumerate(screen.ammo):
        draw_area(
            picture, bar.area.left, bar.area.top, bar.area.width, bar.area.height, str(number + 1), (255, 120, 220)
        )
    if player["x"] == player["x"]:
        x, y = part.left + float(player["x"]) * part.width, part.top + float(player["y"]) * part.height
        draw_area(picture, x - 0.006, y - 0.01, 0.012, 0.02, "ship", (255, 255, 255))
    for track in record["tracks"][record["tracks"]["id"] > 0]:
        left, top = track["x"] - track["width"] / 2, track["y"] - track["height"] / 2
        hp = _per_cent(float(track["hp"])) if track["hp"] == track["hp"] else ""
        text = f"{profile.kinds[int(track['kind'])].name} {hp}"
        draw_area(picture, float(left), float(top), float(track["width"]), float(track["height"]), text.strip(), GREEN)
    return picture


def write_confidences(path: Path, confidences: "Mapping[str, float]") -> None:
    """Puts a table [eye.confidences] into a profile; the rest of the file stays as it is, where that is possible.

    Raises:
        WireError: if the file is no profile.
    """
    import json
    import re
    import tempfile
    from dataclasses import replace

    from understudy.contract.errors import WireError
    from understudy.contract.profile import Profile as GameProfile
    from understudy.contract.safe_files import replace_bytes
    from understudy.contract.screen_layout import Screen
    from understudy.contract.serialization import read_toml
    from understudy.contract.toml_writer import to_toml

    before = read_toml(GameProfile, path)
    wanted = replace(before, eye=replace(before.eye or Screen(), confidences=dict(confidences)))
    text = path.read_text(encoding="utf-8")
    kept = re.sub(r"(?ms)^\[eye\.confidences\]$.*?(?=^\[|\Z)", "", text).rstrip()
    lines = (f"{json.dumps(name, ensure_ascii=False)} = {value}" for name, value in confidences.items())
    table = "\n".join(("[eye.confidences]", *lines, ""))
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder, "profile.toml")
        replace_bytes(trial, f"{kept}\n\n{table}".encode())
        try:
            fits = to_toml(read_toml(GameProfile, trial)) == to_toml(wanted)
        except WireError:  # [eye] stands in one line, and cannot be added to
            fits = False
        replace_bytes(path, trial.read_bytes() if fits else to_toml(wanted).encode())
