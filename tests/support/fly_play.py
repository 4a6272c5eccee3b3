"""Play of the fly game by a scripted hand in simulated time: as a recording with pictures, and the truth of each."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.support.fly_game import HEIGHT, LOOKS, WIDTH, FlyGame
from tests.support.synthetic_episodes import made_up
from understudy.contract.action import ACTION, Actor
from understudy.contract.observation import OBSERVATION, TICK_S, Button
from understudy.contract.protocols import InputEvent
from understudy.recordings.episode import Episode
from understudy.recordings.store import write_episode
from understudy.recordings.video.frame_codec import FrameEncoder, choose_encoder
from understudy.recordings.video.video_file_writer import VideoInfo, create_video
from understudy.recordings.video.video_paths import video_path


@dataclass(frozen=True)
class PlayedTick:
    """One tick: the picture, where the hand is, whether it holds the right button, and what is where."""

    picture: np.ndarray
    cursor: tuple[float, float]
    """Pixels."""
    is_held: bool
    flies: np.ndarray
    """(N, 2), pixels; the wasp is not among them."""
    wasp: np.ndarray
    eaten: int


class FlyHand:
    """Right-clicks on the nearest fly, where it will be: smooth motions of a third of a second and short rests."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.cursor = np.array([200.0, 150.0])
        self._plan: list[tuple[np.ndarray, bool]] = []

    def tick(self, game: FlyGame) -> bool:
        """Moves the cursor by a tick; returns whether the button is held."""
        if not self._plan:
            self._go_for(game)
        self.cursor, is_held = self._plan.pop(0)
        return is_held

    def _go_for(self, game: FlyGame) -> None:
        flies = [fly for fly in game.flies if not fly.is_wasp]
        fly = min(flies, key=lambda each: float(np.hypot(*(each.place - game.frog))))
        num = int(self._random.integers(5, 9))
        walk_s = float(np.hypot(*(fly.place - game.frog))) / 260
        aim = fly.place + fly.velocity * (num * TICK_S + 0.7 * walk_s) + self._random.normal(0, 2, 2)
        aim = np.clip(aim, (4, 4), (376, 264))
        share = np.arange(1, num + 1) / num
        share = share**3 * (10 - 15 * share + 6 * share**2)
        path = self.cursor + (aim - self.cursor) * share[:, None]
        self._plan = [(place, False) for place in path] + [(aim, True)]
        self._plan += [(aim, False)] * (round(walk_s / TICK_S) + int(self._random.integers(1, 5)))


def play_flies(num_ticks: int, seed: int = 0, look: str = "sand", *, step: int = 3) -> list[PlayedTick]:
    """Plays some ticks of simulated time."""
    game, hand, ticks = FlyGame(seed, LOOKS[look]), FlyHand(seed + 1), []
    was_held = False
    for _ in range(num_ticks):
        is_held = hand.tick(game)
        if is_held and not was_held:
            game.right_click(*hand.cursor.tolist())
        was_held = is_held
        x, y = hand.cursor.tolist()
        flies = np.array([fly.place for fly in game.flies if not fly.is_wasp])
        wasp = game.flies[-1].place
        ticks.append(PlayedTick(game.frame(), (x, y), is_held, flies, wasp, game.eaten))
        for _ in range(step):
            game.step(TICK_S / step)
    return ticks


def write_fly_recording(path: Path, num_ticks: int, seed: int = 0, look: str = "sand") -> list[PlayedTick]:
    """Writes such play as a recording of a window, with H.264 pictures and raw input; needs PyAV. Returns the truth."""
    ticks = play_flies(num_ticks, seed, look)
    base = made_up(num_ticks, with_inputs=False)
    observations, actions = np.zeros(num_ticks, OBSERVATION), np.zeros(num_ticks, ACTION)
    observations["time_s"] = np.arange(num_ticks) * TICK_S
    for records in (observations, actions):
        records["cursor_x"] = [tick.cursor[0] / WIDTH for tick in ticks]
        records["cursor_y"] = [tick.cursor[1] / HEIGHT for tick in ticks]
        records["button"] = [int(Button.RIGHT) * tick.is_held for tick in ticks]
    info = replace(base.info, perceived=False, world="desktop", window_width=WIDTH, window_height=HEIGHT)
    events = tuple(raw_events([tick.cursor for tick in ticks], [tick.is_held for tick in ticks]))
    actors = np.full(num_ticks, Actor.PERSON, np.int8)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_episode(Episode(info=info, observations=observations, actions=actions, actors=actors, inputs=events), path)
    encoder = choose_encoder("auto")
    coder = FrameEncoder(encoder, WIDTH, HEIGHT)
    described = VideoInfo(
        recording=path.name, encoder=encoder, video_format=coder.video_format, width=WIDTH, height=HEIGHT
    )
    video = create_video(video_path(path), described)
    for number, tick in enumerate(ticks):
        video.append(number, number * TICK_S, number * TICK_S, coder.encode(tick.picture))
    video.close()
    return ticks


def raw_events(cursors: list[tuple[float, float]], held: list[bool]) -> list[InputEvent]:
    """What a mouse reports of a hand: a motion wherever the cursor moved since the tick before, then the button."""
    events: list[InputEvent] = []
    for number, (x, y) in enumerate(cursors):
        time_s, place = number * TICK_S, (x / WIDTH, y / HEIGHT)
        if number == 0 or (x, y) != cursors[number - 1]:
            events.append(InputEvent(time_s, "move", "", *place))
        if held[number] != (number > 0 and held[number - 1]):
            events.append(InputEvent(time_s, "press" if held[number] else "release", "right", *place))
    return events
