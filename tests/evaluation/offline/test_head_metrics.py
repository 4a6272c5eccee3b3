import numpy as np
import pytest

from understudy.evaluation.offline.head_metrics import (
    HeadReport,
    Metric,
    average_precision,
    calibration_of,
    choice_head,
    event_head,
    fitted_head,
)


def metric(head: HeadReport, name: str) -> Metric:
    return next(one for one in head.metrics if one.name == name)


def test_a_head_that_always_says_the_most_common_label_has_no_skill() -> None:
    truth = np.array([0] * 6 + [1] * 3 + [2])
    always = np.tile([0.6, 0.3, 0.1], (10, 1))
    head = choice_head("mode", always, truth, ("a", "b", "c"), floor=0.8)
    accuracy = metric(head, "accuracy")
    assert (accuracy.value, accuracy.trivial, accuracy.floor) == (0.6, 0.6, 0.8)
    assert accuracy.trivial_name == "always a"
    assert metric(head, "mean recall").value == pytest.approx(1 / 3)
    loss = metric(head, "log loss")
    assert loss.value == pytest.approx(loss.trivial)
    assert head.confusion is not None
    assert head.confusion.counts == ((6, 0, 0), (3, 0, 0), (1, 0, 0))


def test_a_label_that_never_held_has_no_recall() -> None:
    head = choice_head("mode", np.eye(3)[[0, 1, 2]], np.array([0, 1, 1]), ("a", "b", "c"))
    assert metric(head, "recall of b").value == 0.5
    assert not any(one.name == "recall of c" for one in head.metrics)
    assert metric(head, "mean recall").value == 0.75


def test_average_precision_by_hand() -> None:
    happened = np.array([True, False, True, False])
    assert average_precision(np.array([0.9, 0.8, 0.7, 0.1]), happened) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([0.9, 0.2, 0.7, 0.1]), happened) == 1.0


def test_an_event_head_that_knows_only_the_share_has_no_skill_however_accurate() -> None:
    happened = np.zeros(20_000, bool)
    happened[::50] = True
    head = event_head("click onset", np.full(20_000, 0.02), happened)
    assert metric(head, "log loss").value == pytest.approx(metric(head, "log loss").trivial)
    assert metric(head, "average precision").trivial == pytest.approx(0.02)
    assert metric(head, "events predicted per event (1 is calibrated)").value == pytest.approx(1.0)


def test_calibration_of_true_probabilities_lies_on_the_diagonal() -> None:
    random = np.random.default_rng(0)
    probability = random.random(50_000)
    bins = calibration_of(probability, random.random(50_000) < probability)
    assert sum(bins.counts) == 50_000
    np.testing.assert_allclose(bins.happened, bins.predicted, atol=0.02)


def test_figures_of_a_training_run_stand_beside_their_baselines() -> None:
    head = fitted_head("Tactician", {"accuracy": 0.7, "accuracy_baseline": 0.4, "route_error": 0.1}, {"accuracy": 0.65})
    assert [one.name for one in head.metrics] == ["accuracy", "route error"]
    accuracy, error = head.metrics
    assert (accuracy.trivial, accuracy.floor, accuracy.higher_is_better) == (0.4, 0.65, True)
    assert (error.trivial, error.higher_is_better) == (None, False)
