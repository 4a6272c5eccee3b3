"""The level scheduler: each level runs once in each of its slots."""

import numpy as np
import torch

from understudy.contract.observation import MAX_TRACKS
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.level_scheduler import LevelScheduler, SlotCounter
from understudy.policies.object_features import TRACK_WIDTH
from understudy.policies.strategist import Strategy
from understudy.policies.tactician import Tactic


class CountingNetworks:
    """Two levels that note in which tick they run; the context's first feature is the tick."""

    def __init__(self) -> None:
        self.windows: list[list[int]] = []
        self.tactician_ticks: list[int] = []

    def strategist(self, summaries_BTF: torch.Tensor) -> Strategy:
        self.windows.append([int(tick) for tick in summaries_BTF[0, :, 0]])
        shape = summaries_BTF.shape[:2]
        return Strategy(
            torch.zeros(*shape, 5), torch.full((*shape, 16), float(len(self.windows))), torch.zeros(*shape, 14)
        )

    def tactician(self, context: torch.Tensor, strategy: torch.Tensor, tracks: torch.Tensor, kinds: torch.Tensor):  # type: ignore[no-untyped-def]
        self.tactician_ticks.append(int(context[0, 0]))
        return Tactic(torch.zeros(len(context), MAX_TRACKS + 1), torch.zeros(len(context), 2))


def run(num_ticks: int, window_s: int = 3) -> CountingNetworks:
    networks = CountingNetworks()
    scheduler = LevelScheduler(networks, window_s)
    state = scheduler.start(1)
    for tick in range(num_ticks):
        context = torch.full((1, CONTEXT_WIDTH), float(tick))
        tracks, kinds = torch.zeros(1, MAX_TRACKS, TRACK_WIDTH), torch.zeros(1, MAX_TRACKS, dtype=torch.int64)
        scheduler.step(state, context, tracks, kinds, np.zeros((1, MAX_TRACKS), np.int32))
    return networks


def test_the_strategist_runs_every_20_ticks_on_its_last_window_and_the_tactician_every_4() -> None:
    networks = run(100)
    assert networks.windows == [[0], [0, 20], [0, 20, 40], [20, 40, 60], [40, 60, 80]]
    assert networks.tactician_ticks == list(range(0, 100, 4))


def test_a_slot_counter_says_how_many_slots_began() -> None:
    counter = SlotCounter(4)
    assert [counter.advance(tick) for tick in (0, 1, 3, 4, 5, 15, 16)] == [1, 0, 0, 1, 0, 2, 1]
    assert counter.slot == 4


def test_outputs_of_the_old_networks_hold_after_a_swap_until_the_next_run() -> None:
    old, new = CountingNetworks(), CountingNetworks()
    scheduler = LevelScheduler(old, 3)
    state = scheduler.start(1)
    goals = []
    for tick in range(50):
        if tick == 30:
            new.windows += [[]] * 100
            scheduler.swap(new, 2, state)
        tracks, kinds = torch.zeros(1, MAX_TRACKS, TRACK_WIDTH), torch.zeros(1, MAX_TRACKS, dtype=torch.int64)
        context = torch.full((1, CONTEXT_WIDTH), float(tick))
        scheduler.step(state, context, tracks, kinds, np.zeros((1, MAX_TRACKS), np.int32))
        goals.append(float(state.strategy[0, -1]))
    assert goals == [1.0] * 20 + [2.0] * 20 + [101.0] * 10
    assert new.windows[-1] == [20, 40], "the history is kept, as long as the new window"
