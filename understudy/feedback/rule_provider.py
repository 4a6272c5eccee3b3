"""The rule-based provider: a few rules for games with gauges of health, computed from the observation alone.

It corrects only obvious mistakes (fighting with low health, fleeing from nobody) and agrees otherwise, so it can be
the default: corrections and fine-tuning can be tried without a model, offline.
"""

import math
from dataclasses import dataclass

import numpy as np

from understudy.contract.game.readings import GaugeRole
from understudy.contract.intent import Mode
from understudy.contract.observation import Role
from understudy.contract.profile import Profile
from understudy.feedback.provider import Judgement, ProviderError, ReviewMoment
from understudy.feedback.rule_settings import RuleSettings
from understudy.feedback.state_snapshot import NEAR


class RuleCritic:
    """A stateless Provider for games with gauges of health."""

    source, model = "rules", ""

    def __init__(self, settings: RuleSettings | None = None) -> None:
        """Args: `settings`, thresholds; the defaults when None."""
        self.settings = settings or RuleSettings()

    def judge(self, moment: ReviewMoment) -> Judgement:
        """Judges a moment by the rules.

        Raises:
            ProviderError: if the ship is destroyed or its bars cannot be read.
        """
        facts = _facts_of(moment)
        found = self._danger(facts, moment.mode) or self._calm(facts, moment.mode)
        return found or Judgement(mode=moment.mode, confidence=0.6, reason="nothing speaks against it")

    def close(self) -> None:
        """Does nothing."""

    def _danger(self, facts: "_Facts", mode: Mode) -> Judgement | None:
        rules = self.settings
        crowded = facts.near >= rules.crowd
        line = rules.crowd_flee_below if crowded else rules.flee_below
        if facts.attackers and not facts.safe and facts.health < line:
            who = f"{facts.near} enemies nearby" if crowded else f"{facts.attackers} shooting"
            reason = f"Low HP ({facts.health:.0%}), {who} - should retreat"
            return Judgement(mode=Mode.FLEE, confidence=0.95 if facts.health < rules.flee_below else 0.8, reason=reason,
                           target=0)  # fmt: skip
        if mode is Mode.FIGHT and not facts.attackers and facts.health < rules.flee_below:
            # First away, then rest at home: the scripted teachers of every style flee here.
            better = Mode.CAUTIOUS if facts.safe else Mode.FLEE
            reason = f"Low HP ({facts.health:.0%}) and nobody shoots - should repair first"
            return Judgement(mode=better, confidence=0.7, reason=reason, target=0)
        return None

    def _calm(self, facts: "_Facts", mode: Mode) -> Judgement | None:
        rules = self.settings
        weak = facts.attackers and facts.danger < rules.weak
        if mode is Mode.FLEE and facts.health > rules.bold_above and weak:
            reason = f"Health at {facts.health:.0%} and only weak attackers - should fight"
            return Judgement(mode=Mode.FIGHT, confidence=0.7, reason=reason, target=facts.attacker)
        return None


@dataclass(frozen=True, kw_only=True)
class _Facts:
    health: float
    safe: bool
    near: int
    """Enemies within NEAR."""
    attackers: int
    danger: float
    """Summed strength of the attackers."""
    attacker: int
    """Id of the nearest attacker; 0 for none."""


def _health(gauges: np.ndarray, profile: Profile) -> float:
    """Returns 0.7 of the vital gauges and 0.3 of the others of health; NaN where one is unknown or none is declared."""
    vital, other = (
        gauges[[place for place, gauge in enumerate(profile.gauges) if gauge.role is role]]
        for role in (GaugeRole.VITAL, GaugeRole.DANGER)
    )
    if len(vital) and len(other):
        return float(0.7 * vital.mean() + 0.3 * other.mean())
    return float(np.concatenate([vital, other]).mean()) if len(vital) + len(other) else math.nan


def _facts_of(moment: ReviewMoment) -> _Facts:
    record, profile = moment.observation[0], moment.profile
    player, tracks = record["player"], record["tracks"][record["tracks"]["id"] > 0]
    health = _health(player["gauges"], profile)
    if not player["alive"] or not math.isfinite(health):
        raise ProviderError("the ship is destroyed or its bars cannot be read")
    enemies = tracks[tracks["role"] == int(Role.ENEMY)]
    attackers = enemies[enemies["attacking"] > 0]  # occupied slots are sorted by distance
    strengths = np.array([kind.strength for kind in profile.kinds])
    aspect = profile.window_height / profile.window_width
    away = np.hypot(enemies["x"] - 0.5, (enemies["y"] - 0.5) * aspect)
    return _Facts(
        health=health,
        safe=bool(player["safe"]),
        near=int((away < NEAR).sum()),
        attackers=len(attackers),
        danger=float(strengths[np.clip(attackers["kind"], 0, len(strengths) - 1)].sum()),
        attacker=int(attackers["id"][0]) if len(attackers) else 0,
    )
