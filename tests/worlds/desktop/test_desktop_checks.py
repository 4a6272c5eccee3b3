"""The doctor's trials of a desktop, on a real display with real windows."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from Xlib import XK, X
from Xlib.display import Display

from tests.support.desktop_fixtures import TITLE, PaperGame, hand
from understudy.cli.main import main
from understudy.contract.profile import Margins
from understudy.worlds.catalog import load_profile
from understudy.worlds.desktop.desktop_checks import Finding, Severity, _check_browser, examine
from understudy.worlds.desktop.platform import open_windows
from understudy.worlds.desktop.windows.window_system import find_window

pytestmark = pytest.mark.desktop


def found(findings: list[Finding], words: str) -> Finding:
    (one,) = [finding for finding in findings if words in finding.what]
    return one


def test_a_sound_desktop_is_fine_and_the_mouse_is_back_where_it_was(
    open_game: Callable[..., PaperGame], screen: dict[str, str]
) -> None:
    game = open_game(TITLE, (640, 360))
    hand(screen, "mousemove", 700, 300)
    findings = list(examine(load_profile(), TITLE))
    for words in ("on the screen", "focus", "shape", "scaling", "black", "cursor", "events arrive", "keeps"):
        assert found(findings, words).weight == Severity.FINE, words
    assert found(findings, "equal").weight == Severity.WARNING, "the paper game stands still"
    with closing(Display(screen["DISPLAY"])) as display:
        place = display.screen().root.query_pointer()
    assert (place.root_x, place.root_y) == (700, 300)
    assert not [told for told in game.told if told.kind == "press"]


def test_black_pictures_a_wrong_shape_and_claimed_keys_are_told(
    open_game: Callable[..., PaperGame], screen: dict[str, str]
) -> None:
    open_game(TITLE, (400, 400))
    hand(screen, "key", "b", "sleep", 0.2)
    with closing(Display(screen["DISPLAY"])) as other:
        code = other.keysym_to_keycode(XK.string_to_keysym("F5"))
        other.screen().root.grab_key(code, 0, 1, X.GrabModeAsync, X.GrabModeAsync)
        other.sync()
        findings = list(examine(load_profile(), TITLE))
    assert found(findings, "black").weight == Severity.SERIOUS
    assert "44% narrower" in found(findings, "shape").figure
    claimed = found(findings, "keeps")
    assert claimed.figure == "f5" and claimed.advice


def test_without_the_window_one_sentence_says_which_there_are(
    open_game: Callable[..., PaperGame], screen: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    open_game()
    assert main(["doctor", "--desktop", "--window", "Chess"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "no window with the title 'Chess'" in said.err and TITLE in said.err
    assert main(["doctor", "--desktop", "--monitor", "3"]) == 2


def test_a_small_window_and_one_off_the_screen_are_each_told_once(
    open_game: Callable[..., PaperGame], screen: dict[str, str]
) -> None:
    open_game(TITLE, (320, 180))
    findings = list(examine(load_profile(), TITLE))
    assert found(findings, "is small").weight == Severity.WARNING
    with closing(open_windows()) as windows:
        hand(screen, "windowmove", find_window(windows, TITLE), 1100, 600)
    findings = list(examine(load_profile(), TITLE))
    (serious,) = [finding for finding in findings if finding.weight == Severity.SERIOUS]
    assert "partly off" in serious.what and found(findings, "keeps")


def test_a_browser_is_named_with_what_is_missing_for_it() -> None:
    profile = load_profile()
    assert list(_check_browser("xbill", profile, "Pond")) == []
    found = {finding.what: finding.weight for finding in _check_browser("chromium", profile, "Chromium")}
    assert found == {
        "the window is a browser": Severity.NOTE,
        "the profile has no play area": Severity.SERIOUS,
        "the title fits every page of this browser": Severity.SERIOUS,
    }
    with_area = replace(profile, play_area=Margins(top=87))
    assert [finding.weight for finding in _check_browser("firefox-esr", with_area, "Pond")] == [Severity.NOTE]
