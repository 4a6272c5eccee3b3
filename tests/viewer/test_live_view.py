import numpy as np
import pygame
import pytest

from understudy.contract.action import Actor, idle_action
from understudy.contract.intent import INTENT, Intent
from understudy.contract.observation import Observation
from understudy.runtime.shared_control import TickSnapshot
from understudy.viewer.live_view import COLOURS, ControlBanner, Dashboard, LiveView, LiveViewSources, banner_for
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.rendering.renderer import pixels_of
from understudy.worlds.simulator.rendering.scene import Scene, scene_of
from understudy.worlds.simulator.world import Simulator

SIZE = (640, 360)


def black() -> pygame.Surface:
    return pygame.Surface(SIZE, 0, 32)


def scene() -> Scene:
    world = Simulator(np.array([3], np.uint64), "1-1")
    return scene_of(world.states[0], world.observe().records[0])


def moment(actor: Actor, hands_back_s: float = 0.0) -> TickSnapshot:
    intents = np.zeros(1, INTENT)
    intents["mode_probabilities"] = 0.2
    observation = Observation(scene().observation.reshape(1).copy())
    return TickSnapshot(
        observation=observation,
        intent=Intent(intents),
        decided=idle_action(observation),
        actor=actor,
        hands_back_s=hands_back_s,
    )


def drawn(view: LiveView, actor: Actor, hands_back_s: float = 0.0) -> np.ndarray:
    surface = black()
    view.show(moment(actor, hands_back_s))
    view.draw(surface, scene())
    return pixels_of(surface)


def view_of(notice: str = "", **settings: object) -> LiveView:
    facts = LiveViewSources(lines=lambda: ("20 Hz on time",), mouse=lambda: (0.7, 0.6), notice=lambda: notice)
    return LiveView(load_profile(), SIZE, facts, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("actor", [Actor.POLICY, Actor.PERSON, Actor.NOBODY])
def test_the_whole_frame_has_the_colour_of_the_one_in_charge(actor: Actor) -> None:
    picture = drawn(view_of(), actor)
    for place in ((1, 20), (180, 0), (180, -1), (-1, 320)):
        assert tuple(picture[place]) == COLOURS[actor]


def test_the_colours_of_understudy_and_person_cannot_be_mixed_up() -> None:
    difference = np.abs(np.array(COLOURS[Actor.POLICY]) - np.array(COLOURS[Actor.PERSON]))
    assert difference.sum() > 300


def test_the_banner_says_who_plays_and_when_the_understudy_will() -> None:
    assert banner_for(Actor.POLICY).title == "THE UNDERSTUDY PLAYS"
    person = banner_for(Actor.PERSON, 0.6, 1.5)
    assert person.title == "YOU PLAY" and "plays again in 0.6 s" in person.hint
    assert person.waiting == pytest.approx(0.4)
    assert "TEST MODE" in banner_for(Actor.NOBODY, test_mode=True).title
    assert "watches again" in banner_for(Actor.PERSON, 0.6, test_mode=True).hint


def test_the_persons_own_mouse_is_shown_while_the_understudy_moves_the_cursor() -> None:
    place = (slice(205, 226), slice(438, 459))
    orange = np.array(COLOURS[Actor.PERSON])
    seen = {
        actor: bool((drawn(view_of(), actor)[place] == orange).all(axis=2).any())
        for actor in (Actor.POLICY, Actor.PERSON)
    }
    assert seen == {Actor.POLICY: True, Actor.PERSON: False}


def test_the_cadence_stands_under_the_modes_and_a_notice_in_the_middle() -> None:
    plain, noticed = drawn(view_of(), Actor.POLICY), drawn(view_of("marked"), Actor.POLICY)
    assert (plain[130:150, 8:120] > 100).any()
    assert (plain != noticed)[60:90, 280:360].any()
    assert not (plain != noticed)[100:].any()


def test_nothing_is_drawn_before_the_first_decision() -> None:
    surface = black()
    view_of().draw(surface, scene())
    assert not pixels_of(surface).any()


def test_a_banner_without_a_hint_is_a_line_less_high() -> None:
    heights = []
    for hint in ("", "touch to take over"):
        surface = black()
        surface.fill((255, 255, 255))
        Dashboard(SIZE).draw(surface, ControlBanner(actor=Actor.POLICY, title="PLAYS", hint=hint), ())
        column = pixels_of(surface)[5:60, 320 - 22]
        heights.append(int((column != 255).any(axis=1).sum()))
    assert heights[0] + 8 < heights[1]
