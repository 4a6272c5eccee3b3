"""How often the gate errs, and what it costs: `python benchmarks/gate.py`, about four CPU-minutes. Nothing is trained.

Equal candidates are made in earnest: the scripted hunter against itself with other dice, 1536 worlds of two minutes.
Trials draw their pairs from these with replacement, within each map, so the differences have the true spread and
tails; made-up ones with far heavier and lopsided tails stand beside them. A better candidate is an equal one with
points added. Every rule sees the same trials and looks after each 64 pairs, up to 1024. Then one live world, 36 pairs.
Shares are given with their 95 % interval (Wilson). Results: docs/decisions/gate.md.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from gate_rules import LOOKS, MAX_PAIRS, NUM_MAPS, RULES, Rule, Sums, sums
from scipy import special
from smallest import flags

from understudy.contract.protocols import Carry, Pilot
from understudy.evaluation.comparison.group_sequential import SHAPE, spending_bounds
from understudy.evaluation.comparison.mean_bound import lower_bounds
from understudy.evaluation.comparison.paired_test import RARE_EVENT_PRIOR, SequentialTestConfig
from understudy.evaluation.comparison.statistics import wilson
from understudy.evaluation.gate.live_gate import LIVE_TRIAL, LiveGateConfig
from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
from understudy.evaluation.rollouts.vector_rollout import rollout_all
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.teacher.teacher import Teacher

SECONDS = 120.0
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

    def pool(gain: np.ndarray) -> Pool:
        return Pool(gain=gain, deaths=np.zeros(size), incumbent_deaths=np.zeros(size))

    def rare(loss: float, share: float) -> Pool:
        """So much less in a share of the pairs, as much more in the others as makes it equal."""
        even = loss * share / (1 - share)
        return pool(np.where(random.random(size) < share, -loss, even) + spread / 2 * random.normal(size=size))

    return {
        "Student's t, 2.5 degrees": pool(spread * random.standard_t(2.5, size) / 5**0.5),
        "-49 in 2 of 100": rare(49.0, 0.02),
        "+49 in 2 of 100": rare(-49.0, 0.02),
        "-24 in 4 of 100": rare(24.0, 0.04),
        "-49.5 in 1 of 100": rare(49.5, 0.01),
        "-99 in 1 of 100": rare(99.0, 0.01),
    }


@dataclass(frozen=True)
class Outcome:
    """Of many trials."""

    num_trials: int
    promoted: float
    pairs: float

    def text(self) -> str:
        """Share promoted with its interval, and mean number of pairs."""
        share = wilson(self.promoted * self.num_trials, self.num_trials)
        return f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f}), {self.pairs:.0f}"


def draw(pool: Pool, num_trials: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of each trial, [trials, maps, pairs / maps]."""
    size = (num_trials, MAX_PAIRS // NUM_MAPS)
    picks = [random.integers(pool.gain.shape[1], size=size) for _ in range(NUM_MAPS)]
    gain, deaths, incumbent = (
        np.stack([field[each][pick] for each, pick in enumerate(picks)], axis=1)
        for field in (pool.gain, pool.deaths, pool.incumbent_deaths)
    )
    return gain, deaths, incumbent


def outcome(rule: Rule, gain: np.ndarray, excess: Sums | None, config: SequentialTestConfig) -> Outcome:
    """What a rule decides; without deaths where there are none given."""
    score = sums(gain)
    better = rule.yes(gain, score, config.type_1_error)
    hopeless = score.mean + rule.bound(config.type_2_error) * score.error < config.smallest_gain
    if excess is not None:
        better &= excess.mean + rule.bound(config.deaths_error) * excess.error < 0
        hopeless |= excess.mean - rule.bound(config.type_2_error) * excess.error > 0
    over = better | hopeless
    over[:, -1] = True
    first = over.argmax(axis=1)
    promoted = better[np.arange(len(first)), first]
    return Outcome(len(first), float(promoted.mean()), float(LOOKS[first].mean()))


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
            allowed = config.deaths_ratio * incumbent + config.deaths_allowance * HOURS
            excess = sums(fewer + more - allowed, RARE_EVENT_PRIOR) if times else None
            for name, rule in RULES.items():
                found[name].append(outcome(rule, gain + points, excess, config))
    print_table([f"{pool} {shift}".strip() for pool in pools for shift in shifts], found)


def print_table(columns: list[str], found: Mapping[str, list[Outcome]]) -> None:
    """As Markdown: share promoted (95 % interval), mean pairs."""
    print(f"\n| promoted, mean pairs | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for name, outcomes in found.items():
        print(f"| {name} | {' | '.join(each.text() for each in outcomes)} |", flush=True)


def live_rows(pools: Mapping[str, Pool], shifts: tuple[float, ...], num_trials: int) -> None:
    """The live gate's score test: a line for each worst loss, a column for each pool or shift."""
    config = LiveGateConfig()
    drawn = {
        name: np.random.default_rng(2).choice(pool.gain.ravel(), (num_trials, config.max_pairs))
        for name, pool in pools.items()
    }
    equal = next(iter(drawn.values()))
    drawn |= {f"{points:+g}": equal + points for points in shifts}
    worst = {f"Gaffke, worst {loss:g}": loss for loss in (10.0, LIVE_TRIAL.worst_loss, 25.0, 50.0)}
    print_table(
        list(drawn),
        {
            name: [live_outcome(differences, loss, config) for differences in drawn.values()]
            for name, loss in {"t, spending, shape 1.5 (was)": None, **worst}.items()
        },
    )


def live_outcome(differences: np.ndarray, worst_loss: float | None, config: LiveGateConfig) -> Outcome:
    """Of trials [trials, pairs] in one live world, whose deaths always pass; by a t-test without a worst loss."""
    looks = np.arange(config.pairs_per_look, config.max_pairs + 1, config.pairs_per_look)
    fractions = tuple((looks / config.max_pairs).tolist())
    better, hopeless = (np.zeros((len(differences), len(looks)), bool) for _ in range(2))
    for look, num in enumerate(looks):
        yes, no = (
            spending_bounds(fractions, error, SHAPE)[look]
            for error in (config.trial.type_1_error, config.trial.type_2_error)
        )
        values = differences[:, :num]
        mean, error = values.mean(axis=1), values.std(axis=1, ddof=1) / num**0.5
        reach_yes, reach_no = (-special.stdtrit(num - 1, special.ndtr(-deviate)) for deviate in (yes, no))
        hopeless[:, look] = mean + reach_no * error < config.trial.smallest_gain
        if worst_loss is None:
            better[:, look] = mean - reach_yes * error > 0
        else:
            wide = mean[:, None] + (values - mean[:, None]) * (num / (num - 1)) ** 0.5
            better[:, look] = lower_bounds(wide, yes, -worst_loss) > 0
    over = better | hopeless
    over[:, -1] = True
    first = over.argmax(axis=1)
    return Outcome(len(first), float(better[np.arange(len(first)), first].mean()), float(looks[first].mean()))


def main() -> None:
    """Prints the tables."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--trials", type=int, default=4000)
    arguments.add_argument("--worlds", type=int, default=1536)
    settings = arguments.parse_args(flags("--trials", "20", "--worlds", "8"))
    pool = equal_pool(settings.worlds)
    made_up = made_up_pools(np.random.default_rng(0), float(pool.gain.std()))
    print(f"{settings.trials} trials each. The score alone, equal on average, and with points added:")
    rows({"hunter": pool, **made_up}, {"": (0.0, 0.0)}, settings.trials)
    rows({"": pool}, {"+1": (1.0, 0.0), "+2": (2.0, 0.0), "+3": (3.0, 0.0)}, settings.trials)
    print("\nScore and deaths:")
    real = {
        "equal": (0.0, 1.0),
        "-2": (-2.0, 1.0),
        "+1": (1.0, 1.0),
        "+2": (2.0, 1.0),
        "+2, deaths x 0.5": (2.0, 0.5),
        "+3, deaths x 1.35": (3.0, 1.35),
        "+3, deaths x 2": (3.0, 2.0),
    }
    rows({"": pool}, real, settings.trials)
    print("\nOne live world, 36 pairs, the score alone:")
    live_rows({"hunter": pool, **made_up}, (3.0, 5.0, 7.0, 10.0), settings.trials)


if __name__ == "__main__":
    main()
