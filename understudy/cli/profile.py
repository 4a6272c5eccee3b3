"""Make a game's profile from a screenshot, or check one: what the window shows where."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from tyro.conf import Positional

from understudy.cli.flags.output_paths import Output, OutputFile
from understudy.cli.flags.spellings import DetectorWeights, Flag
from understudy.cli.results.json_output import JsonFlag

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from understudy.cli.results.diagnostics import ProfileCheck
    from understudy.contract.profile import Profile as GameProfile


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
    """The keys that the game knows, with blanks between: ctrl space 1 2. A game that uses the mouse wheel: wheel_up and
    wheel_down, too."""
    maps: str | None = None
    """Names of its maps, with blanks between."""
    kinds: str | None = None
    """What there is in the game: name:ROLE:value, with blanks between; ROLE is ENEMY, LOOT, PLAYER, PORTAL, BASE or
    OTHER. A fourth part is the danger, 0 to 1: shark:ENEMY:5:0.8."""
    hp: str | None = None
    """The bar of the player's health: left top right bottom and how full it is, in per cent; then `left`, `up` or
    `down` if it does not fill to the right. `-` for none."""
    shield: str | None = None
    """The bar of the shield, likewise."""
    gauges: str | None = None
    """Further bars of the player: name:ROLE and a bar as for --hp, one after the other with ; between; ROLE is VITAL,
    DANGER, COOLDOWN, STORE or PLAIN. `weapon` at the end of one says that it falls when the player shoots."""
    switches: str | None = None
    """What is on or off and lit in the screenshot: name left top right bottom, with ; between; then the key that turns
    it on and off, and `weapon` if the player shoots while it is on."""
    selectors: str | None = None
    """Which of several is lit: name=NUMBER of the one that is lit in the screenshot, then left top right bottom of each
    with / between; several selectors with ; between."""
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
    """Point at places with the mouse in a window, in place of typing pixels: at all of those above that no flag gives,
    in the screenshot or in the picture that --live has taken. Names, keys and the number of the score are typed."""
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
        if (self.score is None) != (self.score_values is None) and not (self.score is None and self.window):
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
    from dataclasses import replace

    from understudy.cli.play_area_questions import ask_for_play_area, point_at_play_area, window_pictures
    from understudy.cli.profile_questions import ask_for_profile
    from understudy.cli.show.output_file import write_output
    from understudy.cli.show.terminal import Console
    from understudy.contract.profile import Profile as GameProfile
    from understudy.contract.serialization import read_toml
    from understudy.contract.toml_writer import to_toml

    pictures = window_pictures(command)
    frame, area = pictures[0], ask_for_play_area(command, pictures)
    if command.window and command.play_area is None and area is None:
        command = replace(command, play_area=point_at_play_area(frame))
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
    from understudy.cli.show.profile_readings import (
        annotated,
        outcome_readings,
        readings_of,
        unread_in_words,
        what_to_check,
    )
    from understudy.cli.show.terminal import Console
    from understudy.contract.errors import CheckpointError
    from understudy.contract.screen_layout import Bar
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
    for name, value in (readings | outcome_readings(profile, frame)).items():
        table.add_row(name, value)
    console.print(table)
    if isinstance(detector, NullDetector):
        console.print("No objects were looked for: give the weights of a detector with --detector.")
    if picture is not None:
        write_picture(picture, annotated(profile, frame, record))
        console.print(f"{picture} has all of it drawn in: look at it.")
    unread = []
    for gauge, value in zip(profile.gauges, player["gauges"], strict=False):
        if gauge.reading is None or value == value:
            continue
        unread.append(gauge.name)
        if isinstance(gauge.reading, Bar) and BarReader(gauge.reading).contradicts(frame, scale_of(profile, frame)):
            console.print(
                f"The bar {gauge.name} does not fill to the {gauge.reading.fills}, as its profile says, so it stays "
                "unknown: fills = left, up or down is read, too; else check its rectangle."
            )
        else:
            console.print(f"{unread_in_words(gauge)} cannot be read in this picture: check {what_to_check(gauge)}.")
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
    import math
    from collections import Counter

    from understudy.cli.results.diagnostics import ProfileCheck
    from understudy.contract.observation import Role

    player, tracks = record["player"], record["tracks"][record["tracks"]["id"] > 0]
    index = int(player["map_index"])
    values = {gauge.name: value for gauge, value in zip(profile.gauges, player["gauges"], strict=False)}
    return ProfileCheck(
        game=profile.name,
        profile=None,
        picture=picture,
        **{name: float(values[name]) if name in values else math.nan for name in ("hp", "shield")},
        gauges={name: float(value) for name, value in values.items() if value == value},
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
