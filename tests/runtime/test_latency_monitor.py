import numpy as np
import pytest

from understudy.contract.observation import TICK_S
from understudy.contract.tick_timing import TIMING, Level
from understudy.runtime.latency_monitor import LatencyMonitor, lines_of, report_of


def play(cadence: LatencyMonitor, ticks: list[int], late_s: float = 0.0, thinks_s: float = 0.005) -> np.ndarray:
    """Goes through ticks of the beat; gives their timings."""
    rows = []
    for tick in ticks:
        time_s = 100.0 + tick * TICK_S
        timing = cadence.begin(tick, time_s, time_s + late_s)
        cadence.end(timing, time_s, time_s + late_s, time_s + late_s + thinks_s)
        rows.append(timing)
    return np.concatenate(rows)


def test_levels_think_one_five_and_twenty_times_a_second() -> None:
    timings = play(LatencyMonitor(), list(range(200)))
    assert timings["ran"].sum(axis=0).tolist() == [10, 50, 200]
    report = report_of(timings)
    assert [each.rate_hz for each in report.levels] == [1.0, 5.0, 20.0]
    assert report.num_late == 0 and report.jitter_s == pytest.approx(0.0, abs=1e-6)


def test_lateness_and_latency_are_measured_from_the_moment_of_the_observation() -> None:
    report = report_of(play(LatencyMonitor(), list(range(40)), late_s=0.003, thinks_s=0.004))
    assert report.levels[Level.EXECUTOR].late.p50_s == pytest.approx(0.003, abs=1e-6)
    assert report.decide.p99_s == pytest.approx(0.004, abs=1e-6)
    assert report.latency.max_s == pytest.approx(0.007, abs=1e-6)


def test_a_level_whose_tick_was_left_out_thinks_in_the_next_one_and_says_how_late_that_is() -> None:
    timings = play(LatencyMonitor(), [*range(19), 22])
    last = timings[-1]
    assert last["ran"].tolist() == [1, 1, 1], "the second began in tick 20 and the fifth of it too"
    assert last["skipped"].tolist() == [0, 0, 3]
    assert last["late_s"][Level.STRATEGIST] == pytest.approx(2 * TICK_S, abs=1e-6)
    assert last["late_s"][Level.EXECUTOR] == pytest.approx(0.0, abs=1e-6)


def test_slots_that_passed_whole_are_counted_for_each_level() -> None:
    timings = play(LatencyMonitor(), [0, 65])
    assert timings[-1]["skipped"].tolist() == [2, 15, 64]
    report = report_of(timings)
    assert report.num_late == 64
    assert report.late_share == pytest.approx(64 / 66)


def test_a_decision_after_the_end_of_its_tick_is_late() -> None:
    cadence = LatencyMonitor()
    play(cadence, [0, 1])
    play(cadence, [2], thinks_s=0.06)
    assert cadence.report().num_late == 1
    assert cadence.report(num_ticks=1).num_ticks == 1


def test_the_live_lines_name_every_rate_and_are_made_anew_only_now_and_then() -> None:
    cadence = LatencyMonitor()
    play(cadence, list(range(10)))
    lines = cadence.lines()
    assert [line.split()[0] for line in lines] == ["1", "5", "20", "thinks"]
    play(cadence, [10, 11], thinks_s=0.04)
    assert cadence.lines() is lines
    play(cadence, list(range(12, 21)))
    assert cadence.lines() != lines


def test_no_ticks_give_a_report_of_zeros() -> None:
    report = report_of(np.zeros(0, TIMING))
    assert report.num_ticks == 0 and report.late_share == 0.0
    assert len(lines_of(report)) == 4
