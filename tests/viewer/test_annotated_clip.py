import cv2
import numpy as np
import pygame

from understudy.contract.intent import INTENT
from understudy.contract.observation import OBSERVATION, Role
from understudy.viewer.annotated_clip import Clip, IntentRenderer, annotate, jpegs
from understudy.worlds.catalog import load_profile


def record(time_s: float = 0.0, number: int = 42) -> np.ndarray:
    made = np.zeros(1, OBSERVATION)
    made["time_s"] = time_s
    track = made["tracks"][0, 0]
    track["id"], track["role"], track["x"], track["y"] = number, int(Role.ENEMY), 0.5, 0.5
    track["width"], track["height"] = 0.1, 0.1
    return made


def test_a_clip_keeps_the_last_shots_and_takes_one_now_and_then() -> None:
    clip, surface = Clip(num_shots=2, every_s=0.5), pygame.Surface((64, 36), 0, 32)
    for tick in range(60):
        if clip.due(tick / 20):
            surface.fill((tick, 0, 0))
            clip.take(surface, record(tick / 20))
    shots = clip.shots()
    assert [float(shot.observation["time_s"][0]) for shot in shots] == [2.0, 2.5]
    assert [int(shot.pixels[0, 0, 0]) for shot in shots] == [40, 50], "copies: the surface was drawn over since"


def test_the_number_of_an_object_stands_under_its_box() -> None:
    pixels = np.zeros((360, 640, 3), np.uint8)
    marked = annotate(pixels, record()[0])
    inked = np.argwhere(marked.max(axis=2) > 100)
    assert len(inked) > 20
    assert 195 < inked[:, 0].mean() < 212 and 285 < inked[:, 1].mean() < 312
    assert annotate(pixels, np.zeros(1, OBSERVATION)[0]).max() == 0


def test_a_model_is_given_jpegs_of_a_modest_size_in_the_right_colours() -> None:
    clip, surface = Clip(), pygame.Surface((1280, 720), 0, 32)
    surface.fill((200, 30, 10))
    clip.take(surface, record())
    (content,) = jpegs(clip.shots())
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None and picture.shape == (360, 640, 3)
    blue, green, red = picture[10, 10].tolist()
    assert red > 180 and green < 60 and blue < 40


def test_a_moment_without_a_picture_is_drawn_anew() -> None:
    intent = np.zeros(1, INTENT)
    picture = IntentRenderer(load_profile(), (320, 180)).draw(record()[0], intent[0])
    assert picture.shape == (360, 640, 3) and picture.std() > 5


def test_a_picture_shows_nothing_of_the_moment_before_it() -> None:
    intent, size = np.zeros(1, INTENT)[0], (320, 180)
    illustrator, killed = IntentRenderer(load_profile(), size), record()
    illustrator.draw(killed[0], intent)
    after = np.zeros(1, OBSERVATION)
    after["time_s"], after["events"]["kills"] = 0.05, 1
    alone = IntentRenderer(load_profile(), size).draw(after[0], intent)
    assert np.array_equal(illustrator.draw(after[0], intent), alone)
