"""How often the gate errs, and what it costs: `python benchmarks/gate.py`, about two CPU-minutes. Nothing is trained.

Equal candidates are made in earnest: the scripted hunter against itself with other dice, 1536 worlds of two minutes.
Trials draw their pairs from these with replacement, within each map, so the differences have the true spread and tails;
made-up ones with far heavier tails stand beside them. A better candidate is an equal one with points added. Every rule
sees the same trials and looks after each 64 pairs, up to 1024. Results: docs/decisions/gate.md.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from understudy.contract.protocols import Carry, Pilot
from understudy.evaluation.comparison.group_sequential import spending_bounds
from understudy.evaluation.comparison.paired_test import RARE_EVENT_PRIOR, SequentialTestConfig
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import BLOCK, rollout_all
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

MAX_PAIRS, SECONDS, NUM_MAPS = 1024, 120.0, 4
LOOKS = np.arange(BLOCK, MAX_PAIRS + 1, BLOCK)
HOURS = SECONDS / 3600


class OtherDice:
    """The same pilot with other luck in the same worlds."""

    def __init__(self, pilot: Pilot) -> None:
        self._pilot, self.decide = pilot, pilot.decide

    def start(self, seeds: np.ndarray) -> Carry:
        """Seeds as far from the true ones as can be."""
        return self._pilot.start(~seeds)


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Pairs that trials draw from, [maps, pairs]: score difference, deaths of candidate and incumbent."""

    gain: np.ndarray
    deaths: np.ndarray
    incumbent_deaths: np.ndarray


def equal_pool(num_worlds: int) -> Pool:
    """The hunter against itself."""
    hunter = Teacher("hunter", load_profile("darkorbit"))
    played = rollout_all(
        {"new": OtherDice(hunter), "old": hunter}, seeds_for(Purpose.CHOOSE, num_worlds, 60_000), SECONDS
    )
    new, old = played["new"], played["old"]
    by_map = np.argsort(old.start_maps, kind="stable").reshape(NUM_MAPS, -1)
    gain = (new.scores - old.scores)[by_map]
    print(
        f"hunter against itself, {num_worlds} worlds: score {old.scores.mean():.1f}, difference {gain.mean():+.2f}, "
        f"deviation {gain.std():.1f}, excess kurtosis {float((gain**4).mean() / (gain**2).mean() ** 2 - 3):.1f}, "
        f"correlation of a pair {np.corrcoef(new.scores, old.scores)[0, 1]:.2f}, "
        f"deaths an hour {old.total('deaths').mean() / HOURS:.1f}"
    )
    new_deaths, old_deaths = new.total("deaths")[by_map], old.total("deaths")[by_map]
    # both ways round: exactly equal, whatever luck this pool had
    return Pool(
        gain=np.concatenate([gain, -gain], axis=1),
        deaths=np.concatenate([new_deaths, old_deaths], axis=1),
        incumbent_deaths=np.concatenate([old_deaths, new_deaths], axis=1),
    )


def made_up_pools(random: np.random.Generator, spread: float) -> dict[str, Pool]:
    """Mean zero, heavy and lopsided tails; deaths that always pass."""
    size = (NUM_MAPS, 50_000)
    tails = random.standard_t(2.5, size)
    often = np.where(random.random(size) < 0.02, -49.0, 1.0) + spread / 2 * random.normal(size=size)
    none = np.zeros(size)
    return {
        "Student's t, 2.5 degrees": Pool(gain=spread * tails / 5**0.5, deaths=none, incumbent_deaths=none),
        "a point more, but -49 in 2 of 100": Pool(gain=often, deaths=none, incumbent_deaths=none),
        "a point less, but +49 in 2 of 100": Pool(gain=-often, deaths=none, incumbent_deaths=none),
    }


@dataclass(frozen=True)
class Sums:
    """Means and their errors after each look, [trials, looks]."""

    mean: np.ndarray
    error: np.ndarray


def sums(values: np.ndarray, floor: float = 0.0) -> Sums:
    """Of values [trials, maps, pairs / maps], errors within the maps, as `sequential.paired_mean` does it."""
    per_map = LOOKS // NUM_MAPS
    totals = values.cumsum(axis=2)[..., per_map - 1]
    squares = (values**2).cumsum(axis=2)[..., per_map - 1] - totals**2 / per_map
    error = np.sqrt((squares.sum(axis=1) + floor) / (LOOKS - NUM_MAPS) / LOOKS)
    return Sums(totals.sum(axis=1) / LOOKS, error)


def reach(bound: np.ndarray) -> np.ndarray:
    """Standard errors for each look's bound, few pairs allowed for."""
    return np.asarray(-special.stdtrit(LOOKS - NUM_MAPS, special.ndtr(-bound)))


def spending(error: float, shape: float) -> np.ndarray:
    """Group-sequential bounds."""
    return reach(np.array(spending_bounds(tuple((LOOKS / MAX_PAIRS).tolist()), error, shape)))


def plain(error: float) -> np.ndarray:
    """The bound of a single look, at every look: what one must not do."""
    return reach(np.full(len(LOOKS), special.ndtri(1 - error)))


def at_the_end(error: float) -> np.ndarray:
    """One look, after the last pair."""
    return np.where(LOOKS < MAX_PAIRS, np.inf, plain(error))


def mixture(error: float, tuned_to: float = 256.0) -> np.ndarray:
    """An anytime-valid confidence sequence (normal mixture; Waudby-Smith and others 2024), one-sided."""
    rho = (2 * np.log(1 / (2 * error)) / tuned_to) ** 0.5
    scale = LOOKS * rho**2 + 1
    return np.asarray(np.sqrt(scale / (LOOKS * rho**2) * 2 * np.log(scale**0.5 / (2 * error) + 1)))


Rule = Callable[[float], np.ndarray]
RULES: dict[str, Rule] = {
    "5 % at every look": plain,
    "one look at 1024": at_the_end,
    "spending, shape 1": lambda error: spending(error, 1.0),
    "spending, shape 1.5 (the gate)": lambda error: spending(error, 1.5),
    "spending, shape 3": lambda error: spending(error, 3.0),
    "mixture e-process": mixture,
}


@dataclass(frozen=True)
class Outcome:
    """Of many trials."""

    promoted: float
    pairs: float

    def text(self) -> str:
        """Share promoted and mean number of pairs."""
        return f"{100 * self.promoted:6.2f} % {self.pairs:5.0f}"


def draw(pool: Pool, num_trials: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of each trial, [trials, maps, pairs / maps]."""
    size = (num_trials, MAX_PAIRS // NUM_MAPS)
    picks = [random.integers(pool.gain.shape[1], size=size) for _ in range(NUM_MAPS)]
    gain, deaths, incumbent = (
        np.stack([field[each][pick] for each, pick in enumerate(picks)], axis=1)
        for field in (pool.gain, pool.deaths, pool.incumbent_deaths)
    )
    return gain, deaths, incumbent


def outcome(rule: Rule, score: Sums, excess: Sums | None, config: SequentialTestConfig) -> Outcome:
    """What a rule decides; without deaths where there are none given."""
    better = score.mean - rule(config.type_1_error) * score.error > 0
    hopeless = score.mean + rule(config.type_2_error) * score.error < config.smallest_gain
    if excess is not None:
        better &= excess.mean + rule(config.deaths_error) * excess.error < 0
        hopeless |= excess.mean - rule(config.type_2_error) * excess.error > 0
    over = better | hopeless
    over[:, -1] = True
    first = over.argmax(axis=1)
    promoted = better[np.arange(len(first)), first]
    return Outcome(float(promoted.mean()), float(LOOKS[first].mean()))


def rows(pools: Mapping[str, Pool], shifts: Mapping[str, tuple[float, float]], num_trials: int) -> None:
    """Prints a line for each rule, a column for each pool and shift (points added, deaths times)."""
    config = SequentialTestConfig()
    found: dict[str, list[Outcome]] = {name: [] for name in RULES}
    for pool in pools.values():
        for points, times in shifts.values():
            random = np.random.default_rng(1)
            gain, deaths, incumbent = draw(pool, num_trials, random)
            more = random.poisson(np.maximum(times - 1, 0) * incumbent.mean(), deaths.shape)
            fewer = random.binomial(deaths.astype(int), min(times, 1.0))
            score = sums(gain + points)
            allowed = config.deaths_ratio * incumbent + config.deaths_allowance * HOURS
            excess = sums(fewer + more - allowed, RARE_EVENT_PRIOR) if times else None
            for name, rule in RULES.items():
                found[name].append(outcome(rule, score, excess, config))
    columns = [f"{pool}: {shift}" for pool in pools for shift in shifts]
    print("\n" + " | ".join(columns) + "   (promoted, mean pairs)")
    for name, outcomes in found.items():
        print(f"{name:32s}" + " | ".join(each.text() for each in outcomes))


def main() -> None:
    """Prints the tables."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--trials", type=int, default=4000)
    arguments.add_argument("--worlds", type=int, default=1536)
    settings = arguments.parse_args()
    pool = equal_pool(settings.worlds)
    made_up = made_up_pools(np.random.default_rng(0), float(pool.gain.std()))
    print(f"{settings.trials} trials each; standard error at 5 %: {100 * (0.05 * 0.95 / settings.trials) ** 0.5:.2f} %")
    score_only = {"equal, score alone": (0.0, 0.0)}
    rows({"hunter": pool, **made_up}, score_only, settings.trials)
    real = {
        "equal": (0.0, 1.0),
        "-2": (-2.0, 1.0),
        "+1": (1.0, 1.0),
        "+2": (2.0, 1.0),
        "+3": (3.0, 1.0),
        "+2, deaths x 0.5": (2.0, 0.5),
        "+3, deaths x 1.35": (3.0, 1.35),
        "+3, deaths x 2": (3.0, 2.0),
    }
    rows({"hunter": pool}, real, settings.trials)


if __name__ == "__main__":
    main()
