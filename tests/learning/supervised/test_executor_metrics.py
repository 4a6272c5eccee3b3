"""The guide's figures: what knows everything scores perfectly, and the trivial predictors are what they say."""

import dataclasses

import numpy as np
import pytest

from tests.support.teacher_play import PROFILE, teacher_lessons
from understudy.contract.observation import MAX_TRACKS
from understudy.learning.data.labelled_episode import LabelledEpisode
from understudy.learning.data.motor_model_fit import fit_motor_model
from understudy.learning.supervised.executor_metrics import ExecutorForecast, guide_metrics, likeliest_positions
from understudy.policies.object_features import MINIMAP, SPACE

MINIMAP_CORNER = (PROFILE.minimap.left, PROFILE.minimap.top, PROFILE.minimap.width, PROFILE.minimap.height)


def figures(labelled: LabelledEpisode, start: np.ndarray, destination: np.ndarray) -> dict[str, float]:
    hand = fit_motor_model([(labelled.observation, labelled.actions, labelled.labels.gestures)])
    return guide_metrics(labelled, ExecutorForecast(start, destination), hand, np.random.default_rng(0))


def all_knowing(labelled: LabelledEpisode) -> tuple[np.ndarray, np.ndarray]:
    start, destination = (labelled.gesture_index >= 0).astype(float), np.full((len(labelled), 2), 0.5)
    for gesture in labelled.labels.gestures:
        destination[gesture["onset"]] = gesture["x"], gesture["y"]
    return start, destination


def test_who_knows_onsets_and_places_beats_every_trivial_predictor() -> None:
    labelled = teacher_lessons()[0]
    found = figures(labelled, *all_knowing(labelled))
    assert found["onset_recall"] == found["onset_precision"] == 1.0
    assert found["destination_error"] == 0.0
    for name in ("position_error", "moving_position_error", "destination_error"):
        assert found[name] < 0.5 * found[f"{name}_baseline"], name
    # presses last two ticks and their time varies by as much, so tick by tick even the true onsets do not win by much
    assert found["click_accuracy"] > 0.9


def test_who_foretells_nothing_is_the_trivial_predictor() -> None:
    labelled = teacher_lessons()[0]
    found = figures(labelled, np.zeros(len(labelled)), np.full((len(labelled), 2), 0.5))
    assert found["onset_recall"] == 0.0 and found["onset_precision"] == 0.0
    assert found["click_accuracy_baseline"] == pytest.approx(float((labelled.actions["button"] == 0).mean()))


def test_a_session_without_gestures_has_figures_too() -> None:
    labelled = teacher_lessons()[0]
    hindsight = dataclasses.replace(labelled.labels, gestures=labelled.labels.gestures[:0])
    quiet = dataclasses.replace(labelled, labels=hindsight)
    found = figures(quiet, np.zeros(len(labelled)), np.full((len(labelled), 2), 0.5))
    assert all(np.isfinite(value) for value in found.values())


def test_the_likeliest_candidate_is_where_it_is_in_the_window() -> None:
    labelled = teacher_lessons()[0]
    records, ticks = labelled.observation.records, len(labelled)
    minimap, space = np.tile([0.0, 0.5], (ticks, 1)), np.tile([-0.5, 0.25], (ticks, 1))
    left, top, width, height = MINIMAP_CORNER
    mark = records["landmarks"][:, 1]
    expected = {
        2: (records["tracks"]["x"][:, 2], records["tracks"]["y"][:, 2]),
        MAX_TRACKS + 1: (left + width * mark["x"], top + height * mark["y"]),
        MINIMAP: (np.full(ticks, left + 0.5 * width), np.full(ticks, top + 0.75 * height)),
        SPACE: (np.full(ticks, 0.25), np.full(ticks, 0.625)),
    }
    for candidate, place in expected.items():
        found = likeliest_positions(labelled, np.full(ticks, candidate), minimap, space, MINIMAP_CORNER)
        np.testing.assert_allclose(found, np.stack(place, axis=1), atol=1e-6)
