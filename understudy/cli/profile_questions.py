"""The questions of `understudy profile new`; each is answered by a flag, by typing, or with the mouse in a window."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from understudy.cli.profile_declarations import (
    GAUGES_ASKED,
    SELECTORS_ASKED,
    SWITCHES_ASKED,
    WORDS_ASKED,
    DeclaredReadings,
    numbers_of,
    read_bar,
)
from understudy.cli.show.images import read_picture
from understudy.cli.show.pointing import NONE, point_at, with_places
from understudy.cli.show.questions import ask_until_valid, typed
from understudy.cli.show.terminal import Console
from understudy.contract.errors import FlagError, WorldError
from understudy.contract.game.readings import Gauge, GaugeRole
from understudy.contract.observation import Role
from understudy.contract.profile import KEY_BITS, WHEEL, Kind, Margins, Profile, Rectangle
from understudy.contract.ranges import require_file_name
from understudy.contract.screen_layout import Area, Bar, Dot, EndScreen, Score, Screen
from understudy.perception.detector import CONFIDENCE, IOU
from understudy.perception.outcomes.end_screen import end_screen_of
from understudy.perception.outcomes.score_calibration import score_of
from understudy.perception.profile_calibration import area_of, dot_of
from understudy.worlds.desktop.input.key_names import x11_keysyms

if TYPE_CHECKING:
    from understudy.cli.profile import New
    from understudy.viewer.region_picker import Wanted

T = TypeVar("T")
NO_MINIMAP = Rectangle(left=0.0, top=0.0, width=1e-6, height=1e-6)
"""In the profile of a game without one."""
VALUES_ASKED = "And what does it show? (1250; other screenshots with other digits: 1250 later.png=3468)"
KIND_FORM = "name:ROLE:value:strength (strength from 0, harmless, to 1)"
POINTED_AT: dict[str, "Wanted"] = {
    "hp": "bar",
    "shield": "bar",
    "minimap": "area",
    "ship": "point",
    "panels": "areas",
    "score": "area",
    "game_over": "end",
    "forbidden": "areas",
}
"""Questions that are answered with the mouse if --window is set."""
DECLARED = ("gauges", "switches", "selectors")
"""Of these the words are typed then, and the places pointed at."""
_ROLES = tuple(role.name for role in Role if role is not Role.NONE)


def ask_for_profile(command: "New", frame: np.ndarray, area: str | None = None) -> Profile:
    """Builds a profile from flags and answers.

    Args:
        command: the flags.
        frame: the screenshot.
        area: the play area, if it was found by what moves: left top right bottom; NONE for all of the window.

    Raises:
        FlagError: if an answer is invalid, or a question has neither flag nor answer.
    """
    margins = margins_of(area or command.play_area or NONE, frame)
    frame = frame[margins.top : frame.shape[0] - margins.bottom, margins.left : frame.shape[1] - margins.right]
    questions = _Questions(command, frame, margins)
    questions.require_pictures()
    height, width = frame.shape[:2]
    name = questions.ask("name", "What shall the game be called?", questions.name_of)
    title = questions.ask("title", "What is the title of its window, or a part of it?", str)
    keys = questions.ask(
        "keys", "Which keys does it know? (such as: ctrl space 1 2; where it knows none: space)", keys_of
    )
    maps = questions.ask("maps", "What are its maps called? (one will do)", _words)
    kinds = questions.ask("kinds", questions.about_kinds(), kinds_of)
    panels = questions.ask("panels", "Which parts are no open space? (l t r b; l t r b; or -)", questions.panels_of)
    hp = questions.ask(
        "hp", "Where is the bar of your health, and how full is it? (l t r b per cent, or -)", questions.bar_of("hp")
    )
    shield = questions.ask("shield", "And the bar of your shield? (l t r b per cent, or -)", questions.bar_of("shield"))
    minimap = questions.ask(
        "minimap", "Where is the minimap, inside its frame? (l t r b, or -)", questions.area_or_none
    )
    own = (
        Gauge(name="hp", role=GaugeRole.VITAL, reading=hp),
        Gauge(name="shield", role=GaugeRole.DANGER, reading=shield),
    )
    declared = DeclaredReadings(frame, questions.area)
    gauges = questions.ask_further("gauges", GAUGES_ASKED, declared.gauges_of)
    switches = questions.ask_further("switches", SWITCHES_ASKED, lambda text: declared.switches_of(text, keys))
    selectors = questions.ask_further("selectors", SELECTORS_ASKED, declared.selectors_of)
    score = None
    if command.score is not None or command.window:
        score = questions.ask("score", "Where are the digits of the score, with room for more?", questions.score_of)
    game_over = None
    if command.game_over_shot is not None:
        game_over = questions.ask(
            "game_over", "Where is the panel when the game is over? (l t r b, then x y to click or nothing)",
            questions.game_over_of,
        )  # fmt: skip
    forbidden: tuple[Rectangle, ...] = ()
    if command.forbidden is not None or command.window:
        forbidden = questions.ask("forbidden", "Which parts must never be clicked?", questions.panels_of)
    dots: tuple[Dot, ...] = ()
    if minimap is not None:
        dots = questions.ask(
            "ship", "Where is your own dot on the minimap? (x y of one of its pixels, or -)", questions.dots_of
        )
    try:
        return Profile(
            name=name,
            window_title=title,
            window_width=width,
            window_height=height,
            minimap=NO_MINIMAP if minimap is None else _rectangle(minimap),
            panels=panels,
            play_area=None if margins == Margins() else margins,
            locate_play_area=command.locate or area not in (None, NONE),
            forbidden=forbidden,
            keys=keys,
            kinds=kinds,
            maps=maps,
            gauges=tuple(gauge for gauge in (*own, *gauges) if gauge.reading is not None),
            switches=switches,
            selectors=selectors,
            eye=Screen(confidence=CONFIDENCE, iou=IOU, dots=dots, score=score, game_over=game_over),
        )
    except ValueError as problem:
        raise FlagError(f"These answers make no profile: {problem}.") from None


class _Questions:
    """Asks the questions about one screenshot."""

    def __init__(self, command: "New", frame: np.ndarray, margins: Margins) -> None:
        """Args: frame: the play area; margins: the edges cut off, from which typed positions are measured."""
        self._command, self._frame, self._margins = command, frame, margins
        self._height, self._width = frame.shape[:2]
        self._typed = True
        self._mistake = ""
        self._console = Console(soft_wrap=True)

    def ask(self, flag: str, question: str, read: Callable[[str], T]) -> T:
        """Returns the answer to one question; repeats the question after an invalid typed answer."""
        given = getattr(self._command, flag)
        self._typed = given is not None or not (flag in POINTED_AT or flag in DECLARED)
        if given is not None:
            return read(str(given))

        def read_some(answer: str) -> T:
            try:
                if not answer:
                    raise FlagError("Nothing was typed: give an answer; Ctrl-C ends.")
                return read(answer)
            except FlagError as mistake:
                self._mistake = str(mistake)
                raise

        self._mistake = ""

        return ask_until_valid(lambda: self._answer(flag, question), read_some, self._console)

    def ask_further(self, flag: str, question: str, read: Callable[[str], tuple[T, ...]]) -> tuple[T, ...]:
        """Returns the answer to a question that does not concern most games; it is put only at a terminal."""
        if getattr(self._command, flag) is None and not sys.stdin.isatty():
            return ()
        return self.ask(flag, question, lambda text: () if text.strip() == NONE else read(text))

    def _answer(self, flag: str, question: str) -> str:
        nobody = f"Nobody answered {question!r}: give --{flag.replace('_', '-')}."
        if not self._command.window or not (flag in POINTED_AT or flag in DECLARED):
            return typed(question, self._console, nobody)
        if flag in DECLARED:
            words = typed(WORDS_ASKED[flag], self._console, nobody)
            return words if words in ("", NONE) else with_places(flag, words, self._point_at)
        shot = self._command.game_over_shot if flag == "game_over" else None
        return self._point_at(question, POINTED_AT[flag], None if shot is None else self._other(shot))

    def _point_at(self, question: str, wanted: "Wanted", frame: np.ndarray | None = None) -> str:
        """Returns what is pointed at in the screenshot, or in another frame of its size."""
        return point_at(self._frame if frame is None else frame, question, wanted, self._console, mistake=self._mistake)

    def name_of(self, text: str) -> str:
        """Validates the name: it must be a possible file name and not overwrite a profile."""
        require_game_name(text)
        out = self._command.out or Path(f"{text}.toml")
        if out.exists() and not self._command.replace:
            raise FlagError(f"{out} is there already: choose another name or --out, or say --replace.")
        return text

    def about_kinds(self) -> str:
        """Returns the question for kinds, with the detector's classes if there is a detector."""
        question = (
            "What is there in the game? (name:ROLE:value:strength, such as streuner:ENEMY:1:0.2 bonus_box:LOOT:1)"
        )
        model: Path | None = self._command.model
        if model is None or self._command.kinds is not None:
            return question
        from understudy.perception.detector_loader import onnx_file
        from understudy.perception.onnx_detector import OnnxDetector

        return f"{question} The weights know: {', '.join(OnnxDetector(onnx_file(model)).names)}."

    def panels_of(self, text: str) -> tuple[Rectangle, ...]:
        """Parses rectangles separated by semicolons."""
        parts = [part for part in text.split(";") if part.strip()]
        return () if text.strip() == NONE else tuple(_rectangle(self.area(numbers_of(part, 4))) for part in parts)

    def area_or_none(self, text: str) -> Area | None:
        """Parses one rectangle; None for none."""
        return None if text.strip() == NONE else self.area(numbers_of(text, 4))

    def bar_of(self, name: str) -> Callable[[str], Bar | None]:
        """Returns a parser of one bar's answer."""

        def read(text: str) -> Bar | None:
            if text.strip() == NONE:
                return None
            return read_bar(text, self._frame, self.area, name)

        return read

    def score_of(self, text: str) -> Score | None:
        """Measures the digits of the score in the screenshots of --score-values; None for none."""
        if text.strip() == NONE:
            return None
        area, values = self.area(numbers_of(text, 4)), self._command.score_values
        if values is None:
            values = typed(VALUES_ASKED, self._console, "Nobody answered what the score shows: give --score-values.")
        return score_of(self._shots_of(values), area)

    def _shots_of(self, values: str) -> list[tuple[np.ndarray, str]]:
        """Parses --score-values: screenshots, and what the score shows in each."""
        shots: list[tuple[np.ndarray, str]] = []
        for part in values.split():
            path, _, value = part.rpartition("=")
            if not value.isascii() or not value.isdigit():
                raise FlagError(f"{part!r} was given where what the score shows was expected, such as 1250.")
            shots.append((self._frame if not path else self._other(Path(path)), value))
        if not shots:
            raise FlagError("The score shows a number: give it, such as 1250.")
        return shots

    def require_pictures(self) -> None:
        """Raises FlagError for a screenshot that a flag names and that cannot be read; called before the questions."""
        if self._command.score_values is not None:
            self._shots_of(self._command.score_values)
        if self._command.game_over_shot is not None:
            self._other(self._command.game_over_shot)

    def game_over_of(self, text: str) -> EndScreen | None:
        """Measures the end screen in the screenshot of --game-over-shot; None for none."""
        assert self._command.game_over_shot is not None
        if text.strip() == NONE:
            return None
        numbers = numbers_of(text, 6 if len(text.replace(",", " ").split()) > 4 else 4)
        restart = None
        if len(numbers) == 6:
            x, y = self._shifted(numbers[4:])
            restart = ((x + 0.5) / self._width, (y + 0.5) / self._height)
        try:
            return end_screen_of(
                self._other(self._command.game_over_shot), self._frame, self.area(numbers[:4]), restart
            )
        except ValueError as problem:
            raise FlagError(f"This cannot be an end screen: {problem}.") from None

    def _other(self, path: Path) -> np.ndarray:
        """The play area of another screenshot of the same window."""
        frame, edges = read_picture(path), self._margins
        wanted = (self._height + edges.top + edges.bottom, self._width + edges.left + edges.right)
        if frame.shape[:2] != wanted:
            raise FlagError(f"{path} is not {wanted[1]} x {wanted[0]} pixels, as the screenshot is.")
        return frame[edges.top : edges.top + self._height, edges.left : edges.left + self._width]

    def dots_of(self, text: str) -> tuple[Dot, ...]:
        """Parses the position of the player's own dot."""
        if text.strip() == NONE:
            return ()
        x, y = self._shifted(numbers_of(text, 2))
        return (dot_of(self._frame, Role.PLAYER, x, y, self._height),)

    def area(self, edges: list[float]) -> Area:
        """Returns an area given in pixels of the screenshot, or of the play area where it was pointed at."""
        left, top, right, bottom = self._shifted(edges)
        return area_of(left, top, right, bottom, self._width, self._height)

    def _shifted(self, places: list[float]) -> list[float]:
        """Converts pixels of the screenshot (x and y alternating) to pixels of the play area, except picked ones."""
        if self._command.window and not self._typed:
            return places
        return [place - (self._margins.top if i % 2 else self._margins.left) for i, place in enumerate(places)]


def require_game_name(text: str) -> None:
    """Raises FlagError if a name cannot be a game's, which names files too."""
    try:
        require_file_name("the name of a game", text)
    except ValueError as problem:
        raise FlagError(f"This cannot be the game's name: {problem}.") from None


def keys_of(text: str) -> tuple[str, ...]:
    """Parses names of keys and of the wheel, without duplicates.

    Raises:
        FlagError: if a name is unknown.
    """
    names = tuple(dict.fromkeys(text.lower().split()))
    if len(names) > KEY_BITS:
        raise FlagError(f"{len(names)} keys were given where {KEY_BITS} are the most: leave some out.")
    for name in names:
        if name in WHEEL:
            continue
        try:
            x11_keysyms(name)
        except WorldError:
            raise FlagError(
                f"{name!r} is no key that is known: give such as space, ctrl, a, 1, f5, left or {WHEEL[0]}."
            ) from None
    return names


def kinds_of(text: str) -> tuple[Kind, ...]:
    """Parses kinds given as name:ROLE:value:strength; without them, value and strength are 0.

    Raises:
        FlagError: if one is invalid; the message names it.
    """
    kinds = []
    for part in text.split():
        name, _, rest = part.partition(":")
        role, _, rest = rest.partition(":")
        value, _, strength = rest.partition(":")
        if role.upper() not in _ROLES or not name:
            raise FlagError(f"{part!r} was given where {KIND_FORM} was expected, ROLE one of {', '.join(_ROLES)}.")
        try:
            kinds.append(
                Kind(name=name, role=Role[role.upper()], value=float(value or 0), strength=float(strength or 0))
            )
        except ValueError as problem:
            raise FlagError(f"{part!r} was given where {KIND_FORM} was expected: {problem}.") from None
    if not kinds or len({kind.name for kind in kinds}) != len(kinds):
        raise FlagError(f"{text!r} names no kind, or one twice: give each once, such as alien:ENEMY:5 box:LOOT:1.")
    return tuple(kinds)


def margins_of(text: str, frame: np.ndarray) -> Margins:
    """Returns the margins around a play area given as left top right bottom.

    Raises:
        FlagError: if it is not inside the screenshot.
    """
    if text.strip() == NONE:
        return Margins()
    height, width = frame.shape[:2]
    left, top, right, bottom = numbers_of(text, 4)
    area_of(left, top, right, bottom, width, height)
    return Margins(left=round(left), top=round(top), right=width - round(right), bottom=height - round(bottom))


def _words(text: str) -> tuple[str, ...]:
    """Splits a text into words without duplicates."""
    return tuple(dict.fromkeys(text.split()))


def _rectangle(area: Area) -> Rectangle:
    return Rectangle(left=area.left, top=area.top, width=area.width, height=area.height)
