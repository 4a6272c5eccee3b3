"""Step `window`: which window is the game, and which part of it; writes a first profile and a screenshot."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from understudy.contract.errors import FlagError

if TYPE_CHECKING:
    import numpy as np

    from understudy.cli.new_game.dialogue import Dialogue
    from understudy.cli.new_game.game_folder import GameFolder
    from understudy.cli.new_game.verb import NewGame
    from understudy.contract.profile import Margins, Profile


def choose_window(command: "NewGame", folder: "GameFolder", dialogue: "Dialogue") -> int:
    """Asks for window and play area, takes a screenshot, and writes the profile.

    Raises:
        FlagError: if nobody answers.
        WorldError: if there is no display or no such window.
    """
    from understudy.cli.play_area_questions import keep_border, live_pictures, point_at_play_area
    from understudy.cli.profile import New
    from understudy.cli.profile_questions import keys_of, margins_of
    from understudy.cli.show.images import write_picture
    from understudy.cli.show.output_file import write_output
    from understudy.cli.show.pointing import NONE
    from understudy.contract.toml_writer import to_toml
    from understudy.perception.moving_area import moving_area
    from understudy.recordings.key_selection import COMMON_KEYS

    title = command.window or dialogue.ask("Which window is the game?", _chooser(dialogue), flag="--window")
    pictures = live_pictures(title)
    pixels = pictures[0]
    height, width = pixels.shape[:2]
    write_picture(folder.screenshot, pixels)
    dialogue.say(f"{folder.screenshot} shows the window, {width} x {height} pixels.")
    moving = moving_area(pictures)
    found = NONE if moving is None else " ".join(map(str, moving))
    if command.play_area is None and command.point:
        area = point_at_play_area(pixels, moving)
    elif command.play_area is None and not dialogue.unattended:
        area = dialogue.ask(
            "Which part of it is the game? Pixels of the screenshot: left top right bottom; - for all of it. "
            f"{'Nothing moves just now' if moving is None else 'In brackets stands what moves'}.",
            lambda text: _checked(text, pixels),
            suggested=found,
        )
    else:
        area = found if command.play_area == New.MOVING else command.play_area or NONE
    margins = margins_of(area, pixels)
    keys = COMMON_KEYS if command.keys is None else keys_of(command.keys)
    profile = _first_profile(folder.progress.name, title, keys, tuple(keys_of(command.click_keys)), margins, pixels)
    profile = replace(profile, locate_play_area=moving is not None and area == found)
    keep_border(profile, pixels, folder.profile)
    write_output(folder.profile, to_toml(profile).encode("utf-8"))
    folder.finish(
        "window", f"{title!r}, the game in {profile.window_width} x {profile.window_height} pixels of it.", title
    )
    return 0


def _first_profile(
    name: str,
    title: str,
    keys: tuple[str, ...],
    click_keys: tuple[str, ...],
    margins: "Margins",
    pixels: "np.ndarray",
) -> "Profile":
    """Returns the profile of a game of which only the window is known: no kinds, no bars, one map.

    Raises:
        FlagError: if it would not be valid, such as click keys that are no keys.
    """
    from understudy.cli.profile_questions import NO_MINIMAP
    from understudy.contract.profile import Margins, Profile

    height, width = pixels.shape[:2]
    try:
        return Profile(
            name=name,
            window_title=title,
            window_width=width - margins.left - margins.right,
            window_height=height - margins.top - margins.bottom,
            minimap=NO_MINIMAP,
            play_area=None if margins == Margins() else margins,
            keys=keys,
            click_keys=click_keys,
            kinds=(),
            maps=(name,),
        )
    except ValueError as problem:
        raise FlagError(f"These answers make no profile: {problem}.") from None


def _chooser(dialogue: "Dialogue") -> Callable[[str], str]:
    from understudy.worlds.desktop.platform import open_windows

    windows = open_windows()
    try:
        titles = sorted(set(windows.titles().values()))
    finally:
        windows.close()
    if not dialogue.unattended:
        for number, title in enumerate(titles, 1):
            dialogue.say(f"  {number}  {title}")

    def read(text: str) -> str:
        if text.isdigit() and 1 <= int(text) <= len(titles):
            return titles[int(text) - 1]
        if any(text and text.casefold() in title.casefold() for title in titles):
            return text
        raise FlagError(f"{text!r} was given where the number of a window, or a part of its title, was expected.")

    return read


def _checked(area: str, pixels: "np.ndarray") -> str:
    """Returns an answer about the play area, if it can be understood."""
    from understudy.cli.profile_questions import margins_of

    margins_of(area, pixels)
    return area
