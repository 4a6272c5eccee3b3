"""Rates on a clock that the test moves."""

import pytest

from tests.support.manual_clock import ManualClock
from understudy.contract.rate import Beat, Rate, SystemClock


def test_an_hour_of_uneven_work_does_not_drift() -> None:
    clock = ManualClock(oversleep_s=0.0007)
    rate = Rate(20.0, clock)
    rate.wait()
    for tick in range(1, 72_001):
        clock.work(0.002 + 0.01 * (tick % 5) / 4)
        assert rate.wait() == 0
    assert clock.time_s == pytest.approx(100.0 + 3600.0 + 0.0007)
    report = rate.report()
    assert report.num_ticks == 72_001
    assert report.num_skipped == report.num_late == 0
    assert report.late_p99_s == pytest.approx(0.0007)


def test_a_tick_that_takes_three_periods_skips_two_slots_and_comes_back_on_the_grid() -> None:
    clock = ManualClock()
    rate = Rate(20.0, clock)
    rate.wait()
    clock.work(0.17)  # deadlines at 0.05, 0.10 and 0.15 pass by
    assert rate.wait() == 2
    assert clock.time_s == pytest.approx(100.17)
    assert rate.wait() == 0
    assert clock.time_s == pytest.approx(100.20)
    report = rate.report()
    assert (report.num_ticks, report.num_skipped, report.num_late) == (3, 2, 1)
    assert report.late_max_s == pytest.approx(0.12)


def test_percentiles_tell_a_rare_delay_from_a_common_one() -> None:
    clock = ManualClock()
    rate = Rate(20.0, clock)
    for tick in range(1000):
        clock.oversleep_s = 0.04 if tick % 50 == 0 else 0.001
        rate.wait()
    report = rate.report()
    assert report.late_p50_s == pytest.approx(0.001)
    assert report.late_p95_s == pytest.approx(0.001)
    assert report.late_p99_s == pytest.approx(0.04)
    assert "p99 40.0" in str(report)


def test_a_report_before_the_first_tick_is_all_zero() -> None:
    assert Rate(5.0, ManualClock()).report().late_p99_s == 0.0


def test_the_system_clock_sleeps_until_the_moment_and_not_before() -> None:
    clock = SystemClock()
    deadline_s = clock.now_s() + 0.02
    clock.sleep_until(deadline_s)
    assert clock.now_s() >= deadline_s
    clock.sleep_until(deadline_s - 1.0)  # past: returns at once instead of failing on a negative sleep


def test_a_beat_tells_when_each_missed_tick_and_the_present_one_began() -> None:
    clock = ManualClock()
    beat = Beat(clock.now_s)
    begun_s = beat.start_s
    clock.work(0.06)
    assert beat.next() == pytest.approx([begun_s + 0.05])
    clock.work(0.21)  # ticks end at 0.10, 0.15, 0.20 and 0.25
    assert beat.next() == pytest.approx([begun_s + 0.10, begun_s + 0.15, begun_s + 0.20, begun_s + 0.25])
    assert (beat.num_ticks, beat.num_missed) == (5, 3)
    assert beat.end_s == pytest.approx(begun_s + 0.30)


def test_a_beat_catches_up_as_many_ticks_as_it_may_lag_behind() -> None:
    clock = ManualClock()
    beat = Beat(clock.now_s, most_behind=10)
    clock.work(0.42)
    assert [len(beat.next()) for _ in range(8)] == [1] * 8
    assert beat.num_missed == 0


def test_after_a_standstill_a_beat_goes_on_from_now_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    beat = Beat(clock.now_s)
    clock.work(30.0)
    assert len(beat.next()) == 1 and beat.num_missed == 0
    assert beat.start_s == pytest.approx(clock.now_s())
    assert "stood still for 29.9 s" in caplog.text or "stood still for 30.0 s" in caplog.text
