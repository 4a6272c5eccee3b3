"""The flags of a game on the screen."""

import pytest

from understudy.cli.live.desktop import DesktopChoice, hotkeys_of
from understudy.contract.errors import FlagError
from understudy.contract.profile import Hotkeys


def test_hotkeys_are_chosen_by_flag_and_the_others_stay() -> None:
    assert hotkeys_of("pause=F8 stop=f9", Hotkeys(save="f10")) == Hotkeys(pause="f8", stop="f9", save="f10")
    assert DesktopChoice(window="Pond", hotkeys="stop=f9").read_profile().our_keys.stop == "f9"


@pytest.mark.parametrize(
    ("text", "words"),
    [("pause", "NAME=KEY"), ("halt=f8", "NAME one of pause"), ("pause=f99", "NAME=KEY"), ("pause=f3", "told apart")],
)
def test_hotkeys_that_make_no_sense_are_refused_with_one_sentence(text: str, words: str) -> None:
    with pytest.raises(FlagError, match=words):
        hotkeys_of(text, Hotkeys())
