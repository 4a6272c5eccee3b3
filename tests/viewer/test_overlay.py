import numpy as np
import pygame
import pytest

from understudy.contract.intent import Mode, Phase, no_intent
from understudy.contract.observation import Role, empty_observation
from understudy.viewer.overlay import MODE_COLOURS, Overlay
from understudy.worlds.catalog import load_profile

WIDTH, HEIGHT = 1280, 720


def drawn(observation: np.void, intent: np.void, caption: str = "") -> np.ndarray:
    """What the overlay adds to black, RGB, shape (height, width, 3)."""
    surface = pygame.Surface((WIDTH, HEIGHT), 0, 32)
    Overlay(load_profile(), (WIDTH, HEIGHT)).draw(surface, observation, intent, caption)
    pixels = np.frombuffer(surface.get_buffer().raw, np.uint8).reshape(HEIGHT, WIDTH, 4)
    return pixels[..., 2::-1]


@pytest.fixture
def observation() -> np.void:
    record: np.void = empty_observation(1).records[0].copy()
    record["cursor_x"], record["cursor_y"] = 0.5, 0.5
    track = record["tracks"][3]
    track["id"], track["role"], track["x"], track["y"], track["width"], track["height"] = (
        7,
        Role.ENEMY,
        0.7,
        0.3,
        0.1,
        0.1,
    )
    return record


@pytest.fixture
def intent() -> np.void:
    record: np.void = no_intent(1).records[0].copy()
    record["mode"] = Mode.LOOT
    record["mode_probabilities"] = (0.1, 0.6, 0.1, 0.1, 0.1)
    return record


def test_a_pilot_that_keeps_its_thoughts_to_itself_gets_boxes_alone(observation: np.void) -> None:
    seen = drawn(observation, no_intent(1).records[0]).any(axis=2)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert (columns[0] + columns[-1]) / 2 / WIDTH == pytest.approx(0.7, abs=0.002)
    assert (rows[0] + rows[-1]) / 2 / HEIGHT == pytest.approx(0.3, abs=0.003)
    assert (columns[-1] - columns[0]) / WIDTH == pytest.approx(0.1, abs=0.004)


@pytest.mark.parametrize(("share", "slot"), [(0.6, Mode.LOOT), (0.3, Mode.LOOT)])
def test_the_bar_of_a_mode_is_as_long_as_its_probability(
    observation: np.void, intent: np.void, share: float, slot: Mode
) -> None:
    lengths = []
    for each in (1.0, share):
        intent["mode_probabilities"][slot] = each
        panel = drawn(observation, intent)[: int(0.4 * HEIGHT), 85 : int(0.165 * WIDTH)]
        lengths.append((panel == MODE_COLOURS[slot]).all(axis=2).sum(axis=1).max())
    assert lengths[1] / lengths[0] == pytest.approx(share, abs=0.03)


def test_the_likely_target_stands_out(observation: np.void, intent: np.void) -> None:
    area = (slice(int(0.2 * HEIGHT), int(0.4 * HEIGHT)), slice(int(0.6 * WIDTH), int(0.85 * WIDTH)))
    plain = int(drawn(observation, intent)[area].astype(int).sum())
    intent["target_probabilities"][3], intent["target_id"] = 0.9, 7
    assert drawn(observation, intent)[area].astype(int).sum() > 2 * plain


def test_the_gesture_to_come_is_drawn_where_it_ends(observation: np.void, intent: np.void) -> None:
    idle = drawn(observation, intent).astype(int)
    intent["phase"], intent["gesture_x"], intent["gesture_y"] = Phase.MOVE, 0.3, 0.6
    added = np.abs(drawn(observation, intent).astype(int) - idle).any(axis=2)
    assert added[int(0.58 * HEIGHT) : int(0.62 * HEIGHT), int(0.29 * WIDTH) : int(0.31 * WIDTH)].any()
    assert added[int(0.54 * HEIGHT) : int(0.56 * HEIGHT), int(0.38 * WIDTH) : int(0.42 * WIDTH)].any(), "the way there"
    assert not added[:, int(0.55 * WIDTH) :].any()


def test_a_caption_stands_at_the_top(observation: np.void, intent: np.void) -> None:
    plain, named = drawn(observation, intent), drawn(observation, intent, "the understudy")
    changed = np.flatnonzero((plain != named).any(axis=(1, 2)))
    assert len(changed) > 0
    assert changed.max() < 0.08 * HEIGHT
