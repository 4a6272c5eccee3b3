"""Hovering is learnt from play and done in closed loop: where the profile names no kind for it, lanterns stay dark."""

from pathlib import Path

import pytest

from tests.support.hover_game import PROFILE, WITHOUT_HOVER, HoverGame, Player
from understudy.cli.train import Train, settings_of
from understudy.contract.action import Actor
from understudy.contract.observation import TICK_RATE_HZ
from understudy.contract.profile import Profile
from understudy.contract.protocols import Pilot
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.learning.data.dataset import load_dataset
from understudy.learning.supervised.train_policy import train_policy
from understudy.policies.policy_bundle import load_policies
from understudy.recordings.episode import describe
from understudy.recordings.vector_recorder import record_lockstep
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.runtime.session import Session

SECONDS = 60


def played(pilot: Pilot) -> tuple[float, float]:
    """Share of the lanterns' time in which the cursor rests on them, and coins a minute."""
    seeds = seeds_for(Purpose.CHOOSE, 8)
    game = HoverGame(seeds)
    Session(game, pilot, seeds=seeds).run(SECONDS * TICK_RATE_HZ)
    return float(game.rested.sum() / game.lit.sum()), float(game.coins.mean() * 60 / SECONDS)


def learnt(folder: Path, profile: Profile) -> Pilot:
    """The policies of twelve minutes of the player's play, recorded with a profile."""
    seeds = seeds_for(Purpose.TRAIN, 4)
    files = [
        (folder / "play" / f"{n}.mcap", describe(profile, pilot="player", world="lanterns", simulated_time=True))
        for n in range(len(seeds))
    ]
    game = HoverGame(seeds, profile)
    record_lockstep(game, Player(), seeds, files, 180 * TICK_RATE_HZ, Actor.TEACHER, lambda _: None)
    dataset = load_dataset(folder / "play")
    models = folder / "models"
    command = Train(output_dir=models, log_dir=models / "logs", quick=True, epoch_scale=0.5)
    for policy, settings in settings_of(command, dataset.hours).items():
        train_policy(policy, dataset, settings)
    return HierarchicalPolicy(load_policies(models, profile=profile), profile)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_policy_that_saw_a_player_hover_does_so(tmp_path: Path) -> None:
    pilots = {
        "player": Player(),
        "policy": learnt(tmp_path / "with", PROFILE),
        "without": learnt(tmp_path / "without", WITHOUT_HOVER),
    }
    share = {}
    for name, pilot in pilots.items():
        share[name], coins = played(pilot)
        assert coins > 10, name
    assert share["player"] > 0.7
    assert share["policy"] > 0.8 * share["player"]
    assert share["without"] < 0.5 * share["policy"]
