"""A teacher with human-like noise: uneven reactions, distraction, absence and other hardships.

The teacher's own rules and motor model produce every action; a hardship changes its style from tick to tick, or pauses
its play for a while. Recordings therefore hold real play by mouse and keys with its consequences in the world.
"""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt64

from understudy.contract.action import ACTION, Action
from understudy.contract.intent import no_intent
from understudy.contract.observation import TICK_RATE_HZ, TICK_S, Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import Carry, Decision
from understudy.worlds.simulator.engine.counter_rng import counter_normal, counter_uniform
from understudy.worlds.simulator.teacher.demonstration_noise import DemonstrationNoise, TwoStyles
from understudy.worlds.simulator.teacher.distraction import Distraction
from understudy.worlds.simulator.teacher.game_knowledge import game_record
from understudy.worlds.simulator.teacher.motor import IDLE
from understudy.worlds.simulator.teacher.person_hand import PersonHand
from understudy.worlds.simulator.teacher.state import TEACHER_CARRY
from understudy.worlds.simulator.teacher.step import decide_worlds
from understudy.worlds.simulator.teacher.style import STYLE, Style, find_style, read_styles, style_record
from understudy.worlds.simulator.teacher.teacher import Teacher

_UNEVEN, _DRIFT, _ATTENTION, _IDLE, _CHAT, _STYLES = range(6)
"""Random streams, one per hardship, so that enabling one does not change the others."""
SLIPS_WHEN_SLOPPY = 0.05


@dataclass
class NoisyTeacherCarry:
    """State of B worlds."""

    teacher: np.ndarray
    """Records of dtype TEACHER_CARRY, shape (B,); not advanced while the player is away."""
    seeds: UInt64[np.ndarray, " B"]
    tick: int
    away: Bool[np.ndarray, " B"]
    """Whether the player is away; an absence begins once no gesture is active."""
    hands: np.ndarray
    """Records of dtype HAND, shape (B,)."""


class NoisyTeacher:
    """A Pilot: a teacher of one style with hardships (except `other_window`, which changes the world)."""

    def __init__(self, style: str, profile: Profile, hardships: DemonstrationNoise) -> None:
        """Args: `style`, a name in ``data/styles.toml``; `profile`, the game to be played.

        Raises:
            FlagError: if there is no such style.
        """
        self.hardships = hardships
        self._teacher = Teacher(style, profile)
        self._game = game_record(profile)
        self._style = style_record(self._teacher.style)[0]
        chosen = hardships.two_styles
        self._other = self._style if chosen is None else style_record(_second_style(style, chosen))[0]
        chat = hardships.menus_and_chat
        self._hand = PersonHand(hardships)
        self._distraction = None if chat is None else Distraction(chat, profile)

    def start(self, seeds: UInt64[np.ndarray, " B"]) -> Carry:
        """Returns the initial carry of B worlds."""
        nobody, hands = np.zeros(len(seeds), bool), self._hand.start(len(seeds))
        return NoisyTeacherCarry(self._teacher.start(seeds), seeds.copy(), 0, nobody, hands)

    def decide(self, observation: Observation, carry: Carry) -> Decision:
        """Plays one tick; updates `carry` in place."""
        idle, chatting = self._scheduled_absences(carry)
        free = (carry.teacher["phase"] == IDLE) & (carry.teacher["key_down"] == 0)
        carry.away = (idle | chatting) & (carry.away | free)
        records = np.zeros(len(observation), ACTION)
        records["cursor_x"], records["cursor_y"] = observation.records["cursor_x"], observation.records["cursor_y"]
        self._play(observation, carry, records)
        if not self._hand.is_idle:
            self._hand.act(carry.hands, carry.teacher, carry.seeds, ~carry.away, records)
        if self._distraction is not None:
            worlds = np.flatnonzero(carry.away & ~idle)
            self._distraction.act(worlds, carry.seeds, carry.tick, records)
        carry.tick += 1
        return Decision(Action(records), no_intent(len(observation)), carry)

    def _play(self, observation: Observation, carry: NoisyTeacherCarry, records: np.ndarray) -> None:
        """Lets the teacher decide in the worlds where the player is present."""
        there = np.flatnonzero(~carry.away)
        styles = self._styles(carry)
        if len(there) == len(records):
            decide_worlds(observation.records, carry.teacher, self._game, styles, records)
            return
        seen = _as_raw_bytes(observation.records)[there].view(observation.records.dtype)
        memory = _as_raw_bytes(carry.teacher)[there].view(TEACHER_CARRY)
        done = np.empty(len(there), ACTION)
        decide_worlds(seen, memory, self._game, styles[there], done)
        _as_raw_bytes(carry.teacher)[there] = _as_raw_bytes(memory)
        records[there] = done

    def _scheduled_absences(self, carry: NoisyTeacherCarry) -> tuple[Bool[np.ndarray, " B"], Bool[np.ndarray, " B"]]:
        """Returns in which worlds the player should be (away from the keyboard, in menus and chat)."""
        nobody = np.zeros(len(carry.seeds), bool)
        idle, chat = self.hardships.idle_minutes, self.hardships.menus_and_chat
        return (
            nobody if idle is None else in_spell(carry, _IDLE, idle.every_minutes, idle.minutes),
            nobody if chat is None else in_spell(carry, _CHAT, chat.every_minutes, chat.minutes),
        )

    def _styles(self, carry: NoisyTeacherCarry) -> np.ndarray:
        """Returns the style of this tick in each world, records of dtype STYLE, shape (B,)."""
        styles = np.empty(len(carry.seeds), STYLE)
        styles[:] = self._style
        if self.hardships.two_styles is not None:
            turn, _ = period_of(carry, _STYLES, self.hardships.two_styles.every_minutes)
            styles[turn % 2 == 1] = self._other
        if self.hardships.mis_clicks is not None:
            styles["slip_chance"] += self.hardships.mis_clicks.chance
        slowness = self._uneven(carry) * self._inattention(carry, styles)
        for name in ("reaction_s", "notice_s"):
            styles[name] *= slowness
        return styles

    def _uneven(self, carry: NoisyTeacherCarry) -> Float64[np.ndarray, " B"]:
        """Returns the factor on the reaction times in this tick, from UnevenReactions."""
        uneven = self.hardships.uneven_reactions
        if uneven is None:
            return np.ones(len(carry.seeds))
        swing, since_s = period_of(carry, _DRIFT, uneven.drift_minutes)
        angle = 2.0 * np.pi * since_s / (60.0 * uneven.drift_minutes)
        scatter = counter_normal(carry.seeds, _UNEVEN, carry.tick // TICK_RATE_HZ)
        return np.asarray(np.exp(uneven.spread * scatter + uneven.drift * np.sin(angle) * np.ones_like(swing)))

    def _inattention(self, carry: NoisyTeacherCarry, styles: np.ndarray) -> Float64[np.ndarray, " B"]:
        """Returns a factor on the reaction times from DriftingAttention; also makes `styles` sloppier in place."""
        lapse = self.hardships.drifting_attention
        if lapse is None:
            return np.ones(len(carry.seeds))
        lapsed = in_spell(carry, _ATTENTION, lapse.every_minutes, lapse.minutes)
        slower = np.where(lapsed, lapse.slower, 1.0)
        styles["move_every_s"] *= slower
        styles["hand_speed"] /= np.sqrt(slower)
        styles["aim_noise"] *= np.where(lapsed, lapse.sloppier, 1.0)
        styles["slip_chance"] += np.where(lapsed, SLIPS_WHEN_SLOPPY, 0.0)
        return slower


def period_of(
    carry: NoisyTeacherCarry, stream: int, minutes: float
) -> tuple[Int64[np.ndarray, " B"], Float64[np.ndarray, " B"]]:
    """Returns (index of the period of `minutes`, seconds since it began); each world has its own random phase."""
    period_s = 60.0 * minutes
    at_s = carry.tick * TICK_S + period_s * counter_uniform(carry.seeds, stream, 0)
    number = np.floor(at_s / period_s).astype(np.int64)
    return number, at_s - number * period_s


def in_spell(carry: NoisyTeacherCarry, stream: int, every_minutes: float, minutes: float) -> Bool[np.ndarray, " B"]:
    """Whether the present tick lies in the period's spell, whose start within the period is random."""
    number, since_s = period_of(carry, stream, every_minutes)
    begin_s = 60.0 * max(0.0, every_minutes - minutes) * counter_uniform(carry.seeds, stream, number + 1)
    return np.asarray((since_s >= begin_s) & (since_s < begin_s + 60.0 * minutes))


def _second_style(style: str, chosen: TwoStyles) -> Style:
    """Returns the style that alternates with the first: the configured one, or the one whose numbers differ most."""
    if chosen.other is not None:
        return find_style(chosen.other)
    own = find_style(style)

    def differs(other: Style) -> float:
        pairs: list[tuple[float, float]] = [(getattr(own, f.name), getattr(other, f.name)) for f in fields(Style)]
        return sum(abs(a - b) / max(abs(a) + abs(b), 1e-9) for a, b in pairs)

    return max(read_styles().values(), key=differs)


def _as_raw_bytes(records: np.ndarray) -> np.ndarray:
    """Returns a view as raw bytes: numpy copies structured records field by field, twenty times slower."""
    return records.view(f"V{records.dtype.itemsize}")
