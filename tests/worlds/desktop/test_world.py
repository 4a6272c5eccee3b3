"""The screen as a world, with a real window, real pixels and real events."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from tests.support.desktop_fixtures import HEIGHT, TITLE, WIDTH, PaperGame, RedEye, hand, until, wish
from understudy.contract.action import Actor
from understudy.contract.errors import WorldError
from understudy.contract.observation import TICK_S, Button, Observation
from understudy.contract.profile import Margins, Profile, Rectangle
from understudy.contract.protocols import Step, World
from understudy.contract.screen_layout import Area as ScreenArea
from understudy.perception.outcomes.end_screen import end_screen_of
from understudy.runtime.session import Session
from understudy.runtime.shared_control import HumanInput
from understudy.worlds.catalog import load_profile
from understudy.worlds.desktop.capture.screen_capture import Frame
from understudy.worlds.desktop.human_operator import DesktopHumanPilot, DesktopOperator
from understudy.worlds.desktop.open_desktop import open_desktop
from understudy.worlds.desktop.platform import open_camera
from understudy.worlds.desktop.windows.press_guard import Refusal
from understudy.worlds.desktop.windows.target_window import OCCLUSION_POINTS
from understudy.worlds.desktop.windows.window_system import Area, find_window
from understudy.worlds.desktop.world import DesktopSettings, DesktopWorld

pytestmark = pytest.mark.desktop
LEFT, TOP = (1280 - WIDTH) // 2, (720 - HEIGHT) // 2
Sat = tuple[DesktopWorld, DesktopOperator, list[str]]


@pytest.fixture
def sit(open_game: Callable[..., PaperGame]) -> Iterator[Callable[..., Sat]]:
    """Opens the desktop at a window."""
    worlds: list[DesktopWorld] = []

    def begin(**settings: object) -> Sat:
        said: list[str] = []
        asked = {"window": TITLE, "sends": True, "handback_delay_s": 0.4, **settings}
        profile = asked.pop("profile", load_profile())
        world, seat = open_desktop(profile, RedEye(), DesktopSettings(**asked), notify=said.append)  # type: ignore[arg-type]
        worlds.append(world)
        return world, seat, said

    yield begin
    for world in worlds:
        world.close()


def red(world: DesktopWorld) -> tuple[float, float]:
    """Where the eye sees the square."""
    track = world.observe().records["tracks"][0, 0]
    return float(track["x"]), float(track["y"])


def act(world: DesktopWorld, *wishes: tuple[float, float, Button]) -> None:
    for x, y, button in wishes:
        world.observe()
        world.act(wish(x, y, button))


def test_a_click_moves_the_game_and_the_next_pictures_show_it(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    open_game()
    world, seat, said = sit()
    assert isinstance(world, World) and isinstance(seat, HumanInput)
    assert red(world) == pytest.approx((0.25, 0.5), abs=0.01)
    act(world, (0.75, 0.25, Button.NONE), (0.75, 0.25, Button.LEFT), (0.75, 0.25, Button.NONE))
    act(world, (0.75, 0.25, Button.NONE))
    assert red(world) == pytest.approx((0.75, 0.25), abs=0.01)
    assert said == []
    assert seat.touched_s == float("-inf"), "what we did is no touch"


def test_observations_tell_what_mouse_and_keys_did_and_ticks_keep_their_time(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    open_game()
    world, _, _ = sit()
    seen = []
    for number in range(12):
        seen.append(world.observe().copy().records[0])
        keys = world.profile.key_bit("space") if number == 5 else 0
        world.act(wish(0.1 + 0.05 * number, 0.5, Button.RIGHT if number == 3 else Button.NONE, keys))
    assert [int(each["button"]) for each in seen[3:6]] == [0, Button.RIGHT, 0]
    assert [int(each["keys"]) for each in seen[5:8]] == [0, world.profile.key_bit("space"), 0]
    assert [float(each["cursor_x"]) for each in seen[2:]] == pytest.approx(
        [0.1 + 0.05 * number for number in range(1, 11)], abs=0.002
    )
    assert seen[-1]["time_s"] - seen[0]["time_s"] == pytest.approx(TICK_S * (11 + world.num_missed), abs=0.3)


def test_the_first_tick_begins_with_the_first_look(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    open_game()
    world, _, _ = sit(sends=False)
    time.sleep(0.9)  # whatever is loaded meanwhile
    act(world, (0.5, 0.5, Button.NONE))
    assert world.num_missed < 9, "of the eighteen ticks before play none is missed"


def test_looking_twice_shows_the_same_and_keeps_what_was_done(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    open_game()
    world, _, _ = sit()
    act(world, (0.5, 0.5, Button.LEFT))
    assert world.observe().records.tobytes() == world.observe().records.tobytes()
    assert world.observe().records["button"][0] == Button.LEFT


def test_actions_outside_stay_inside_the_window(open_game: Callable[..., PaperGame], sit: Callable[..., Sat]) -> None:
    game = open_game()
    world, _, _ = sit()
    act(world, (1.7, -3.0, Button.NONE), (1.7, -3.0, Button.LEFT), (0.5, 0.5, Button.NONE))
    pressed = game.wait_for(lambda told: told.kind == "press")
    assert (pressed.x, pressed.y) == (WIDTH - 1, 0)


def test_the_play_area_is_all_that_is_seen_and_clicked(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    game = open_game()
    edges = Margins(left=40, top=80, right=20, bottom=20)
    world, _, _ = sit(profile=replace(load_profile(), play_area=edges))
    assert (world.area.width, world.area.height) == (WIDTH - 60, HEIGHT - 100)
    assert red(world) == pytest.approx(((0.25 * WIDTH - 40) / 580, (0.5 * HEIGHT - 80) / 300), abs=0.01)
    act(world, (9.0, 9.0, Button.NONE), (-9.0, -9.0, Button.NONE), (-9.0, -9.0, Button.LEFT))
    pressed = game.wait_for(lambda told: told.kind == "press")
    assert (pressed.x, pressed.y) == (40, 80)
    assert (619, 379) in [(told.x, told.y) for told in game.told if told.kind == "move"]
    assert world.perception._perception.shapes == {(300, 580, 3)}  # type: ignore[attr-defined]


def test_what_the_profile_forbids_is_never_pressed_and_counted(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    game = open_game()
    shop = Rectangle(left=0.5, top=0.0, width=0.5, height=0.5)
    world, _, _ = sit(profile=replace(load_profile(), forbidden=(shop,)))
    act(world, (0.75, 0.25, Button.NONE), (0.75, 0.25, Button.LEFT), (0.75, 0.25, Button.NONE))
    act(world, (0.25, 0.75, Button.NONE), (0.25, 0.75, Button.LEFT), (0.25, 0.75, Button.NONE))
    game.wait_for(lambda told: told.kind == "press")
    assert [told.x for told in game.told if told.kind == "press"] == [WIDTH // 4]
    assert world.refused == {Refusal.FORBIDDEN: 1}


def test_edges_that_leave_nothing_of_the_window_are_refused(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    open_game()
    with pytest.raises(WorldError, match="play_area leaves out"):
        sit(profile=replace(load_profile(), play_area=Margins(top=HEIGHT)))


def test_another_title_in_the_same_window_pauses_and_presses_nothing(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    game = open_game()
    world, _, said = sit()
    act(world, (0.5, 0.5, Button.NONE))
    windows = world._parts.windows
    title = windows.title
    windows.title = lambda window: "My bank"  # type: ignore[method-assign]
    world.act(wish(0.5, 0.5, Button.LEFT))  # decided on a picture of the game, and too late

    def bring_back() -> None:
        windows.title = title  # type: ignore[method-assign]

    back = threading.Timer(0.5, bring_back)
    back.start()
    world.observe()
    back.join()
    assert "'My bank'" in said[0] and said[-1] == "Going on."
    assert not [told for told in game.told if told.kind == "press"]


def test_a_touch_takes_over_at_once_and_nothing_stays_down(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    game = open_game()
    world, _, _ = sit()
    act(world, (0.5, 0.5, Button.NONE), (0.5, 0.5, Button.LEFT))
    game.wait_for(lambda told: told.kind == "press")
    hand(screen, "mousemove", LEFT + 64, TOP + 40)
    until(lambda: world.person_in_charge, "the touch")
    sent = world._parts.input_listener.num_own
    act(world, (0.9, 0.9, Button.LEFT))
    game.wait_for(lambda told: told.kind == "release")
    assert world._parts.input_listener.num_own == sent + 1, "the release, and nothing else"
    until(lambda: not world.person_in_charge, "letting go hands back")
    act(world, (0.9, 0.9, Button.NONE), (0.9, 0.9, Button.NONE))
    assert world.observe().records["cursor_x"][0] == pytest.approx(0.9, abs=0.01)


class Notes:
    """A Listener that keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def close(self) -> None: ...


def test_a_person_is_recorded_tick_by_tick_with_raw_events(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    open_game()
    world, seat, _ = sit(sends=False)
    notes = Notes()
    session = Session(world, DesktopHumanPilot(world, seat), [notes], actor=Actor.PERSON, take_inputs=seat.take_inputs)
    for number in range(14):
        if number == 4:
            hand(screen, "mousemove", LEFT + 320, TOP + 100, "click", 1, "key", "1")
        session.tick()
    session.close()
    pressed = [step for step in notes.steps if step.action.records["button"][0] == Button.LEFT]
    assert len(pressed) == 1
    assert (pressed[0].action.records["cursor_x"][0], pressed[0].action.records["cursor_y"][0]) == pytest.approx(
        (0.5, 0.25), abs=0.01
    )
    assert sum(int(step.action.records["keys"][0] == world.profile.key_bit("1")) for step in notes.steps) == 1
    for before, after in zip(notes.steps, notes.steps[1:], strict=False):
        assert after.observation.records["button"][0] == before.action.records["button"][0]
        from_s, to_s = before.observation.records["time_s"][0], after.observation.records["time_s"][0]
        assert all(from_s - 0.5 < event.time_s < to_s for event in before.inputs)
    kinds = [(event.kind, event.code) for step in notes.steps for event in step.inputs]
    assert kinds == [("move", ""), ("press", "left"), ("release", "left"), ("press", "1"), ("release", "1")]


@pytest.mark.parametrize(("keys", "why"), [(("key", "F3"), "F3"), (("mousemove", 0, 0), "corner")])
def test_the_stop_key_and_a_corner_stop_at_once(
    open_game: Callable[..., PaperGame],
    sit: Callable[..., Sat],
    screen: dict[str, str],
    keys: tuple[str, ...],
    why: str,
) -> None:
    game = open_game()
    world, _, said = sit()
    act(world, (0.5, 0.5, Button.NONE), (0.5, 0.5, Button.LEFT))
    game.wait_for(lambda told: told.kind == "press")
    hand(screen, *keys)
    until(lambda: world.closed and bool(said), "the stop")  # nobody observes: the watcher's thread does it
    game.wait_for(lambda told: told.kind == "release")
    assert len(said) == 1 and why in said[0]
    sent = world._parts.input_listener.num_own
    act(world, (0.2, 0.2, Button.LEFT), (0.3, 0.2, Button.LEFT))
    time.sleep(0.05)
    assert world._parts.input_listener.num_own == sent, "nothing is sent after it"


def test_a_black_picture_pauses_and_says_so(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    open_game()
    world, _, said = sit(handback_delay_s=0.1)
    act(world, (0.5, 0.5, Button.NONE))
    hand(screen, "key", "b", "sleep", 0.2)
    light = threading.Timer(0.7, lambda: hand(screen, "key", "c"))
    light.start()
    began_s = time.perf_counter()
    seen = world.observe()
    light.join()
    assert time.perf_counter() - began_s > 0.4
    assert np.isfinite(seen.records["tracks"]["x"][0, 0])
    assert "black" in said[0] and said[-1] == "Going on."
    world.act(wish(0.5, 0.5))
    assert world.num_missed <= 2, "a pause is no missed tick"


def profile_of_ended_game(screen: dict[str, str], restart: tuple[float, float] | None) -> Profile:
    """Lets the open game end; returns a profile that knows its end screen."""
    full = load_profile()
    assert full.eye is not None
    with closing(open_camera()) as camera:
        window = Area(left=LEFT, top=TOP, width=WIDTH, height=HEIGHT)
        playing = camera.grab(window).pixels.copy()
        hand(screen, "key", "e", "sleep", 0.3)
        over = camera.grab(window).pixels.copy()
    area = ScreenArea(left=200 / WIDTH, top=120 / HEIGHT, width=240 / WIDTH, height=160 / HEIGHT)
    end = end_screen_of(over, playing, area, restart=restart)
    return replace(full, eye=replace(full.eye, game_over=end))


def test_an_end_screen_pauses_counts_a_death_and_is_left_by_the_click_that_the_profile_names(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    game = open_game()
    profile = profile_of_ended_game(screen, restart=(320 / WIDTH, 240 / HEIGHT))
    world, _, said = sit(profile=profile, handback_delay_s=0.1)
    seen = world.observe()
    assert seen.records["events"]["deaths"][0] == 1.0 and world.totals["deaths"] == 1.0
    assert "the game is over" in said[0] and said[-1] == "Going on."
    pressed = [told for told in game.told if told.kind == "press" and told.detail == "1"]
    assert [(told.x, told.y) for told in pressed] == [(320, 240)]
    world.act(wish(0.5, 0.5))
    assert world.observe().records["events"]["deaths"][0] == 0.0


def test_an_end_screen_without_a_click_waits_for_the_person(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    game = open_game()
    profile = profile_of_ended_game(screen, restart=None)
    world, _, said = sit(profile=profile, handback_delay_s=0.1)
    person = threading.Timer(3.0, lambda: hand(screen, "mousemove", LEFT + 320, TOP + 240, "click", 1))
    person.start()
    world.observe()
    person.join()
    assert said[-1] == "Going on." and len([told for told in game.told if told.kind == "press" and told.x > 0]) == 1


def test_a_window_that_loses_the_focus_or_is_closed_pauses(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    game = open_game()
    world, _, said = sit()
    act(world, (0.5, 0.5, Button.NONE), (0.5, 0.5, Button.LEFT))
    game.wait_for(lambda told: told.kind == "press")

    def disturb() -> None:
        game.close()
        time.sleep(0.3)
        hand(screen, "key", "F3")

    disturber = threading.Thread(target=disturb)
    disturber.start()
    until(lambda: (act(world, (0.5, 0.5, Button.LEFT)), world.closed)[1], "F3 ends the pause")
    disturber.join()
    assert any("gone" in line for line in said)
    assert not world._parts.controller.down  # type: ignore[union-attr]


def test_a_press_beside_a_held_one_asks_for_the_focus_too(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    game = open_game()
    world, _, _ = sit()
    act(world, (0.5, 0.5, Button.NONE), (0.5, 0.5, Button.LEFT))
    game.wait_for(lambda told: told.kind == "press")
    world._parts.windows.has_focus = lambda window: False  # type: ignore[method-assign]
    world.act(wish(0.5, 0.5, Button.LEFT, world.profile.key_bit("space")))
    game.wait_for(lambda told: told.kind == "release")
    assert [told.x for told in game.told if told.kind == "press"] == [WIDTH // 2], "the click, and no key"


def test_the_focus_is_looked_after_in_every_tick_while_something_is_held(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    open_game()
    world, _, said = sit()
    act(world, (0.5, 0.5, Button.NONE), (0.5, 0.5, Button.LEFT))
    windows = world._parts.windows
    asked = windows.has_focus
    windows.has_focus = lambda window: False  # type: ignore[method-assign]

    def give_back() -> None:
        windows.has_focus = asked  # type: ignore[method-assign]

    again = threading.Timer(0.3, give_back)
    again.start()
    world.observe()
    again.join()
    assert "not in focus" in said[0] and said[-1] == "Going on."
    assert not world._parts.controller.down  # type: ignore[union-attr]


def test_f1_pauses_and_goes_on_and_f2_marks(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    open_game()
    world, seat, said = sit()
    world.observe()
    hand(screen, "key", "F2", "key", "F1")
    until(lambda: (seat.end_tick(), world.paused)[1], "the pause")
    assert [(event.kind, event.code) for event in seat.take_inputs()] == [("mark", "wrong")]
    world.act(wish(0.5, 0.5))
    again = threading.Timer(0.4, lambda: hand(screen, "mousemove", LEFT + 9, TOP + 9, "click", 1, "key", "F1"))
    again.start()
    world.observe()
    again.join()
    assert said[0].startswith("Paused: F1") and said[-1] == "Going on."
    assert world.hands.end_tick().records["button"][0] == Button.NONE, "a click in the pause is not played"


def test_another_window_over_the_place_is_not_clicked(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    open_game()
    world, _, _ = sit()
    world._parts.windows.has_focus = lambda window: True  # type: ignore[method-assign]  # as an always-on-top panel is
    above = open_game("Above", (200, 100))
    act(world, (0.5, 0.5, Button.NONE), (0.5, 0.5, Button.LEFT), (0.1, 0.9, Button.NONE))
    until(lambda: world.refused[Refusal.COVERED] == 1, "the press was held back")
    assert not [told for told in above.told if told.kind == "press"]


def test_what_lies_over_the_game_is_told_once(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    open_game()
    world, _, said = sit()
    world._parts.windows.has_focus = lambda window: True  # type: ignore[method-assign]  # as an always-on-top panel is
    open_game("Above", (200, 100))
    for _ in range(2 * len(OCCLUSION_POINTS)):
        world._sight._next_cover_s = 0.0
        act(world, (0.1, 0.9, Button.NONE))
    assert [line for line in said if "lies over" in line] == said != []


def test_a_picture_of_where_the_window_was_is_not_looked_at(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat], screen: dict[str, str]
) -> None:
    open_game()
    world, _, said = sit()
    before = red(world)
    world.act(wish(0.5, 0.5))
    grab = world._parts.camera.grab

    def move_first(area: Area) -> Frame:
        world._parts.camera.grab = grab  # type: ignore[method-assign]
        hand(screen, "windowmove", find_window(world._parts.windows, TITLE), 20, 30)
        return grab(area)

    world._parts.camera.grab = move_first  # type: ignore[method-assign]  # it is moved between the look and the picture
    assert red(world) == pytest.approx(before, abs=0.01)
    assert "moved" in said[0] and said[-1] == "Going on." and (world.area.left, world.area.top) == (20, 30)


def test_a_whole_monitor_can_be_watched_but_not_played(
    open_game: Callable[..., PaperGame], sit: Callable[..., Sat]
) -> None:
    open_game()
    world, _, _ = sit(window=None, sends=False)
    assert (world.area.width, world.area.height) == (1280, 720)
    assert red(world)[0] == pytest.approx((LEFT + WIDTH / 4) / 1280, abs=0.01)
    with pytest.raises(ValueError, match="has to be named"):
        DesktopSettings(sends=True)


def test_a_window_that_is_not_there_leaves_nothing_open(sit: Callable[..., Sat], screen: dict[str, str]) -> None:
    with pytest.raises(WorldError, match="no window"):
        sit(window="Nothing of the kind")


class SlowEye(RedEye):
    """Needs 120 ms a picture, as a large detector does."""

    def process(
        self, frame: np.ndarray, time_s: float, cursor: tuple[float, float], keys: int, button: int
    ) -> Observation:
        time.sleep(0.12)
        return super().process(frame, time_s, cursor, keys, button)


def test_decisions_keep_20_hz_with_a_detector_that_manages_8(open_game: Callable[..., PaperGame]) -> None:
    open_game()
    world, _ = open_desktop(load_profile(), SlowEye(), DesktopSettings(window=TITLE, sends=True))
    world.warm_up()
    try:
        assert any(_is_quick(world) for _ in range(60)), (
            "a busy machine has calm seconds; a detector in the loop has none"
        )
    finally:
        world.close()
    assert "perception" not in [thread.name for thread in threading.enumerate()]


def _is_quick(world: DesktopWorld) -> bool:
    """Whether 20 ticks come in time, with what the slow eye saw a moment before."""
    missed, perceived, ages = world.num_missed, world.perception.report().num_perceived, []
    for _ in range(20):
        ages.append(int(world.observe().records["tracks"]["age_ms"][0, 0]))
        world.act(wish(0.5, 0.5))
    assert max(ages) <= 600
    seen = world.perception.report().num_perceived - perceived
    return world.num_missed - missed <= 3 and seen < 15 and 100 <= np.median(ages) <= 350


class BlindEye(RedEye):
    """Cannot go on after its first picture."""

    def process(
        self, frame: np.ndarray, time_s: float, cursor: tuple[float, float], keys: int, button: int
    ) -> Observation:
        if self.shapes:
            raise WorldError("A frame of 9 x 9 pixels is too small.")
        return super().process(frame, time_s, cursor, keys, button)


def test_what_the_eye_cannot_do_ends_the_session_in_its_own_words(open_game: Callable[..., PaperGame]) -> None:
    open_game()
    world, seat = open_desktop(load_profile(), BlindEye(), DesktopSettings(window=TITLE))
    session = Session(world, DesktopHumanPilot(world, seat), [], actor=Actor.PERSON)
    with pytest.raises(WorldError, match="9 x 9 pixels"):
        session.run(10)
    assert world.closed
