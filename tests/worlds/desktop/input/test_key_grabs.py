"""Our own keys are heard by us and not by the game."""

from collections.abc import Callable

import pytest

from tests.support.desktop_fixtures import TITLE, PaperGame, hand, until
from understudy.contract.profile import Hotkeys
from understudy.worlds.desktop.input.input_listener import InputListener
from understudy.worlds.desktop.input.key_grabs import is_browser
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.input.raw_input import RawInput
from understudy.worlds.desktop.platform import open_key_grabs, open_raw_listener
from understudy.worlds.desktop.windows.window_system import WindowSystem, find_window


@pytest.mark.desktop
def test_a_taken_key_is_heard_by_us_and_not_by_the_game(
    open_game: Callable[..., PaperGame], windows: WindowSystem, screen: dict[str, str]
) -> None:
    game, found = open_game(), list[RawInput]()
    grabs = open_key_grabs()
    assert grabs.take(("f5", "f6"), find_window(windows, TITLE)) == ()
    watcher = open_raw_listener(("f5", "1"), OwnEventFilter(), found.append)
    hand(screen, "key", "F5", "key", "1")
    game.wait_for(lambda told: told.detail == "1")
    until(lambda: [each.code for each in found if each.kind == "press"] == ["f5", "1"], "both are heard")
    assert not [told for told in game.told if told.detail == "f5"]
    grabs.close()
    grabs.close()
    hand(screen, "key", "F5")
    game.wait_for(lambda told: told.detail == "f5")
    watcher.close()


@pytest.mark.desktop
def test_a_key_that_another_program_has_taken_is_named(
    open_game: Callable[..., PaperGame], windows: WindowSystem
) -> None:
    open_game()
    first, second = open_key_grabs(), open_key_grabs()
    window = find_window(windows, TITLE)
    assert first.take(("f5",), window) == ()
    assert second.take(("f5", "f6"), window) == ("f5",)
    first.close()
    second.close()


def press(code: str) -> RawInput:
    return RawInput(1.0, "press", code, 0, 0, own=False)


def test_other_hotkeys_command_the_same_and_the_default_ones_are_the_games_again() -> None:
    stopped: list[str] = []
    listener = InputListener(("f1", "f2", "3"), hotkeys=Hotkeys(pause="f8", stop="f9"))
    listener.on_stop = stopped.append
    for code in ("f8", "f1", "3"):
        listener.on_event(press(code))
    assert [event.code for event in listener.take_commands()] == ["f1", "3"]
    listener.on_event(press("f9"))
    assert stopped == ["F9 was pressed"]
    assert set(listener.command_keys) == {"f8", "f2", "f9", "3"}


def test_what_was_pressed_before_it_is_ready_commands_nothing() -> None:
    listener = InputListener(("f1",))
    listener.on_event(press("f1"))
    listener.forget()
    assert listener.take_commands() == [] and listener.take(2.0) == []


def test_sentences_name_the_keys_that_are_used() -> None:
    keys = Hotkeys(pause="f8")
    assert keys.in_words("press F1, or F3, not F10") == "press F8, or F3, not F10"
    with pytest.raises(ValueError, match="distinct"):
        Hotkeys(pause="f3")


def test_browsers_are_known_by_their_programs_names() -> None:
    assert is_browser("chromium") and is_browser("firefox-esr") and is_browser("msedge")
    assert not is_browser("xbill") and not is_browser("")
