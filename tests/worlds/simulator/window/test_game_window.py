import time
from collections.abc import Callable, Iterator

import numpy as np
import pygame
import pytest

from understudy.contract.action import Action, Actor, idle_action
from understudy.contract.errors import WorldError
from understudy.contract.observation import TICK_S, Button
from understudy.contract.protocols import Step
from understudy.runtime.session import Session
from understudy.worlds.simulator.engine.readings import LOADED
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.window.game_window import GameWindow
from understudy.worlds.simulator.window.human_operator import HumanPilot
from understudy.worlds.simulator.world import Simulator

SIZE = (320, 180)
MakeWindow = Callable[..., GameWindow]


class SteppingClock:
    """Goes on by 2 ms whenever it is asked; at set moments it plays the person."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.plans: list[tuple[float, Callable[[], object]]] = []

    def __call__(self) -> float:
        self.now_s += 0.002
        for plan in [plan for plan in self.plans if plan[0] <= self.now_s]:
            self.plans.remove(plan)
            plan[1]()
        return self.now_s

    def post(self, after_s: float, kind: int, **fields: object) -> None:
        """Lets an event come in so many seconds from now."""
        event = pygame.event.Event(kind, fields)
        self.plans.append((self.now_s + after_s, lambda: pygame.event.post(event)))


class Notes:
    """A Listener that keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.closed = False

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def make_window() -> Iterator[MakeWindow]:
    windows: list[GameWindow] = []

    def make(*arguments: object, **settings: object) -> GameWindow:
        windows.append(GameWindow(*arguments, size=SIZE, **settings))  # type: ignore[arg-type]
        pygame.event.clear()
        return windows[-1]

    yield make
    for window in windows:
        window.close()


def play(window: GameWindow, num_ticks: int) -> Notes:
    """A person plays so many ticks."""
    notes = Notes()
    session = Session(window, HumanPilot(window), [notes], actor=Actor.PERSON, take_inputs=window.take_inputs)
    session.run(num_ticks, until=lambda step: window.closed)
    return notes


def test_ticks_begin_a_twentieth_of_a_second_apart_on_the_monotonic_clock(
    make_window: MakeWindow, clock: SteppingClock
) -> None:
    notes = play(make_window(3, "1-1", clock=clock), 6)
    times = [float(step.observation.records["time_s"][0]) for step in notes.steps]
    assert np.diff(times) == pytest.approx(TICK_S)
    assert times[0] > 100


def test_a_click_of_a_person_reaches_the_game_in_the_tick_in_which_it_was_made(
    make_window: MakeWindow, clock: SteppingClock
) -> None:
    window = make_window(3, "1-1", clock=clock)
    clock.post(0.11, pygame.MOUSEBUTTONDOWN, pos=(240, 60), button=1)
    clock.post(0.12, pygame.MOUSEBUTTONUP, pos=(240, 60), button=1)
    steps = play(window, 6).steps
    assert [int(step.action.records["button"][0]) for step in steps] == [0, 0, Button.LEFT, 0, 0, 0]
    assert [event.kind for event in steps[2].inputs] == ["press", "release"]
    start = float(steps[2].observation.records["time_s"][0])
    assert all(start <= event.time_s <= start + TICK_S + 0.02 for event in steps[2].inputs)
    assert steps[5].observation.records["player"]["vx"][0] > 0, "the ship flies where the click was"


def test_a_person_playing_is_recorded_as_a_person_and_has_no_intent(
    make_window: MakeWindow, clock: SteppingClock
) -> None:
    step = play(make_window(3, clock=clock), 1).steps[0]
    assert step.actors[0] == Actor.PERSON
    assert step.intent.records["mode"][0] == -1


def test_the_game_stands_still_in_a_pause_and_goes_on_where_it_was(
    make_window: MakeWindow, clock: SteppingClock
) -> None:
    window = make_window(3, "1-1", clock=clock)
    clock.post(0.07, pygame.KEYDOWN, key=pygame.K_p)
    clock.post(0.20, pygame.MOUSEBUTTONDOWN, pos=(240, 60), button=1)
    clock.post(0.22, pygame.MOUSEBUTTONUP, pos=(240, 60), button=1)
    clock.post(0.60, pygame.KEYDOWN, key=pygame.K_ESCAPE)
    steps = play(window, 4).steps
    gaps = np.diff([float(step.observation.records["time_s"][0]) for step in steps])
    assert gaps.max() == pytest.approx(TICK_S + 0.53, abs=0.03)
    assert window.num_missed == 0
    assert not any(step.action.records["button"][0] for step in steps), "a click in a pause is not played"


def test_closing_the_window_ends_the_session_and_closes_everything(
    make_window: MakeWindow, clock: SteppingClock
) -> None:
    window = make_window(3, clock=clock)
    clock.post(0.12, pygame.QUIT)
    notes = play(window, 100)
    assert 2 <= len(notes.steps) <= 4
    assert notes.closed
    assert not pygame.display.get_init()
    window.close()


def test_leaving_from_the_pause_screen_ends_the_session(make_window: MakeWindow, clock: SteppingClock) -> None:
    window = make_window(3, clock=clock)
    clock.post(0.06, pygame.KEYDOWN, key=pygame.K_q)
    clock.post(0.16, pygame.KEYDOWN, key=pygame.K_p)
    clock.post(0.40, pygame.KEYDOWN, key=pygame.K_q)
    assert len(play(window, 100).steps) < 8
    assert clock.now_s > 100.4, "Q leaves only from the pause"


def test_a_pilot_plays_in_the_window_just_as_in_the_bare_game(make_window: MakeWindow, clock: SteppingClock) -> None:
    window = make_window(7, "1-2", clock=clock)
    seeds = np.array([7], np.uint64)
    bare, teacher, notes = Simulator(seeds, "1-2"), Teacher("hunter", window.profile), Notes()
    Session(window, teacher, [notes], actor=Actor.TEACHER, seeds=seeds).run(30)
    for step in notes.steps:
        bare.act(step.action)
    assert window.num_missed == 0
    assert window.state["tick"] == 30
    assert window.state.tobytes() == bare.states[0].tobytes()


def test_the_game_goes_on_without_a_pilot_that_thinks_too_long(make_window: MakeWindow) -> None:
    window = make_window(3, "1-1")
    for _ in range(2):
        action = idle_action(window.observe())
        time.sleep(0.23)
        window.act(action)
    assert window.num_missed >= 6
    assert window.state["tick"] == window.num_ticks >= 8
    late_s = time.perf_counter() - float(window.observe().records["time_s"][0])
    assert late_s < 2 * TICK_S + 0.2


def test_a_person_on_a_busy_machine_still_gets_every_tick(make_window: MakeWindow, clock: SteppingClock) -> None:
    window = make_window(3, "1-1", most_behind=10, clock=clock)
    clock.plans.append((clock.now_s + 0.12, lambda: setattr(clock, "now_s", clock.now_s + 0.4)))
    notes = play(window, 14)
    times = [float(step.observation.records["time_s"][0]) for step in notes.steps]
    assert window.num_missed == 0
    assert np.diff(times) == pytest.approx(TICK_S)
    assert clock.now_s - times[-1] < 2 * TICK_S, "and has made up for the time lost"


def test_after_a_long_standstill_the_game_does_not_rush(make_window: MakeWindow, clock: SteppingClock) -> None:
    window = make_window(3, "1-1", clock=clock)
    action = idle_action(window.observe())
    clock.now_s += 30.0
    window.act(action)
    assert window.state["tick"] == 1


def test_the_games_clock_starts_with_play_and_not_with_the_window(
    make_window: MakeWindow, clock: SteppingClock, caplog: pytest.LogCaptureFixture
) -> None:
    for loading_s in (0.4, 18.0):
        window = make_window(3, "1-1", clock=clock)
        clock.now_s += loading_s
        began_s = clock.now_s
        times = [float(step.observation.records["time_s"][0]) for step in play(window, 4).steps]
        assert times[0] == pytest.approx(began_s, abs=0.02) and np.diff(times) == pytest.approx(TICK_S)
        assert (window.num_ticks, window.num_missed) == (4, 0)
    assert "stood still" not in caplog.text


def test_what_is_drawn_reaches_the_screen(make_window: MakeWindow, clock: SteppingClock) -> None:
    window = make_window(3, "1-1", clock=clock)
    window.act(idle_action(window.observe()))
    screen = pygame.display.get_surface()
    assert screen is not None
    assert screen.get_size() == SIZE
    assert len(np.unique(np.frombuffer(screen.get_buffer().raw, np.uint32))) > 500
    assert window.num_frames >= 3


def test_a_pilots_cursor_is_shown_and_a_persons_lessons_are_not(make_window: MakeWindow, clock: SteppingClock) -> None:
    window = make_window(3, "1-1", clock=clock)
    records = idle_action(window.observe()).records.copy()
    pictures = []
    for x in (0.3, 0.7):
        records["cursor_x"], records["cursor_y"] = x, 0.3
        for _ in range(3):
            window.act(Action(records))
        screen = pygame.display.get_surface()
        assert screen is not None
        pixels = np.frombuffer(screen.get_buffer().raw, np.uint8).reshape(SIZE[1], -1, 4)
        top, left = int(0.3 * SIZE[1]), int(x * SIZE[0])
        pictures.append(pixels[top : top + 6, left : left + 5, :3].min(axis=2).max())
        labelled_episodes = pixels[int(0.03 * SIZE[1]) : int(0.3 * SIZE[1]), int(0.8 * SIZE[0]) :, :3]
        assert (labelled_episodes.min(axis=2) > 190).mean() < 0.01
    assert min(pictures) > 150, "the arrow is bright"


@pytest.mark.parametrize("key", [pygame.K_m, pygame.K_h])
def test_the_map_and_the_lessons_come_and_go_by_their_keys(
    make_window: MakeWindow, clock: SteppingClock, key: int
) -> None:
    window = make_window(3, "1-1", clock=clock)
    HumanPilot(window)
    pictures = []
    for _ in range(3):
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
        window.act(idle_action(window.observe()))
        window.act(idle_action(window.observe()))
        screen = pygame.display.get_surface()
        assert screen is not None
        pictures.append(np.frombuffer(screen.get_buffer().raw, np.uint8).astype(int))
    changed = [float((np.abs(pictures[0] - other) > 24).mean()) for other in pictures[1:]]
    assert changed[0] > 4 * changed[1]


def test_without_a_display_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "a driver that does not exist")
    with pytest.raises(WorldError, match="needs a display"):
        GameWindow(1)


def test_an_action_carries_out_at_the_end_of_its_tick(make_window: MakeWindow, clock: SteppingClock) -> None:
    window = make_window(3, "1-1", clock=clock)
    records = idle_action(window.observe()).records.copy()
    records["keys"] = window.profile.key_bit("2")
    window.act(Action(records))
    assert window.observe().records["player"]["selectors"][..., LOADED][0] == 2
