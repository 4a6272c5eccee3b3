"""The mouse wheel is learnt from play and turned in closed loop: without it the zoom is soon lost."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.zoom_game import PROFILE, Player, ZoomGame
from understudy.cli.train import Train, settings_of
from understudy.contract.action import Action, Actor
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.protocols import Carry, Decision, Pilot
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.learning.data.dataset import load_dataset
from understudy.learning.supervised.train_policy import train_policy
from understudy.policies.policy_bundle import load_policies
from understudy.recordings.episode import describe
from understudy.recordings.vector_recorder import record_lockstep
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.runtime.session import Session

SECONDS = 60


class WithoutWheel:
    """Another pilot, whose wheel does not turn."""

    def __init__(self, pilot: Pilot) -> None:
        self._pilot = pilot

    def start(self, seeds: np.ndarray) -> Carry:
        return self._pilot.start(seeds)

    def decide(self, observation: object, carry: Carry) -> Decision:
        decision = self._pilot.decide(observation, carry)  # type: ignore[arg-type]
        records = decision.action.records.copy()
        records["keys"] = 0
        return Decision(Action(records), decision.intent, decision.carry)


def share_in_the_middle(pilot: Pilot) -> float:
    seeds = seeds_for(Purpose.CHOOSE, 8)
    game = ZoomGame(seeds)
    Session(game, pilot, seeds=seeds).run(SECONDS * TICK_RATE_HZ)
    return float(game.ticks_in_the_middle.mean()) / (SECONDS * TICK_RATE_HZ)


@pytest.mark.slow
def test_a_policy_that_saw_a_player_zoom_with_the_wheel_does_so(tmp_path: Path) -> None:
    seeds = seeds_for(Purpose.TRAIN, 4)
    files = [
        (tmp_path / "play" / f"{n}.mcap", describe(PROFILE, pilot="player", world="zoom", simulated_time=True))
        for n in range(len(seeds))
    ]
    record_lockstep(ZoomGame(seeds), Player(), seeds, files, 180 * TICK_RATE_HZ, Actor.TEACHER, lambda _: None)
    dataset = load_dataset(tmp_path / "play")
    models = tmp_path / "models"
    command = Train(output_dir=models, log_dir=models / "logs", quick=True, epoch_scale=0.5)
    for policy, settings in settings_of(command, dataset.hours).items():
        train_policy(policy, dataset, settings)
    learnt = HierarchicalPolicy(load_policies(models, profile=PROFILE), PROFILE)
    player, policy, without = (share_in_the_middle(pilot) for pilot in (Player(), learnt, WithoutWheel(learnt)))
    print(f"zoom in the middle: player {player:.3f}, policy {policy:.3f}, without wheel {without:.3f}")
    assert player > 0.8 and without < 0.3
    assert policy > 0.85 * player
