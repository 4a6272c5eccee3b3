"""The critic that needs no model: a few rules of the embedded game, from the observation alone.

It speaks up only where it is plain to see (a broken hull under fire, a flight from nobody) and agrees with everything
else, so that it can be the default: the loop of corrections and fine-tuning can be tried by anyone, offline.
"""

import math
from dataclasses import dataclass

import numpy as np

from understudy.contract.intent import Mode
from understudy.contract.observation import Role
from understudy.feedback.provider import Judgement, ProviderError, ReviewMoment
from understudy.feedback.state_snapshot import NEAR


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """Where the rules draw their lines. Health is 0.7 of the hull and 0.3 of the shield, 0..1."""

    flee_below: float = 0.28
    """Under fire with less than this, it is time to go; and with nobody shooting, no fight is begun."""
    crowd_flee_below: float = 0.32
    """The same where `crowd` enemies or more are near."""
    crowd: int = 3
    bold_above: float = 0.85
    """With more than this, nobody flees from the weak."""
    weak: float = 0.3
    """Attackers whose strengths add up to less are weak."""


class RuleCritic:
    """A Provider of the embedded game; keeps nothing between moments."""

    source, model = "rules", ""

    def __init__(self, settings: RuleSettings | None = None) -> None:
        """Args: `settings`, where it draws its lines."""
        self.settings = settings or RuleSettings()

    def judge(self, moment: ReviewMoment) -> Judgement:
        """What the rules say.

        Raises:
            ProviderError: while the ship is destroyed or its bars cannot be read.
        """
        facts = _facts_of(moment)
        found = self._danger(facts, moment.mode) or self._calm(facts, moment.mode)
        return found or Judgement(mode=moment.mode, confidence=0.6, reason="nothing speaks against it")

    def close(self) -> None:
        """Nothing to give up."""

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
            # Away first, rest at home: in the examination the teachers of every style flee here.
            better = Mode.CAUTIOUS if facts.safe else Mode.FLEE
            reason = f"Low HP ({facts.health:.0%}) and nobody shoots - should repair first"
            return Judgement(mode=better, confidence=0.7, reason=reason, target=0)
        return None

    def _calm(self, facts: "_Facts", mode: Mode) -> Judgement | None:
        rules = self.settings
        weak = facts.attackers and facts.danger < rules.weak
        if mode is Mode.FLEE and facts.health > rules.bold_above and weak:
            reason = f"Hull and shield at {facts.health:.0%} and only weak attackers - should fight"
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
    """Strengths of the attackers, added up."""
    attacker: int
    """Id of the nearest attacker; 0 for none."""


def _facts_of(moment: ReviewMoment) -> _Facts:
    record, profile = moment.observation[0], moment.profile
    player, tracks = record["player"], record["tracks"][record["tracks"]["id"] > 0]
    health = float(0.7 * player["hp"] + 0.3 * player["shield"])
    if not player["alive"] or not math.isfinite(health):
        raise ProviderError("the ship is destroyed or its bars cannot be read")
    enemies = tracks[tracks["role"] == int(Role.ENEMY)]
    attackers = enemies[enemies["attacking"] > 0]  # occupied slots come nearest first
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
