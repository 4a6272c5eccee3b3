"""Policy bundle: the three trained policies and the motor model, loaded from their checkpoints."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from understudy.contract import serialization
from understudy.contract.errors import CheckpointError
from understudy.contract.profile import GameNote, Profile
from understudy.contract.terminal_text import printable
from understudy.policies.checkpoint import Checkpoint, load_playing
from understudy.policies.checkpoint_archive import first_line
from understudy.policies.declared.feature_layout import FeatureLayout, layout_of
from understudy.policies.encoder import ENCODING
from understudy.policies.executor import Executor, ExecutorConfig, PointerPlaces
from understudy.policies.motor_model import (
    CURVE_FIELDS,
    DRAG_FIELDS,
    HOVER_FIELDS,
    LONGEST_CURVE,
    MOTOR_MODEL,
    has_curves,
)
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig

_log = logging.getLogger(__name__)

M = TypeVar("M", bound=torch.nn.Module)
MOST_OF_A_HAND = 1e5
"""Limit of a motor model's values (ticks, half-sizes or shares)."""


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How gesture targets are sampled: temperatures and what they apply to; onsets are always sampled as predicted."""

    pointer_temperature: float = 0.3
    """Temperature of the pointer; below 1 likelier candidates are sampled more often than predicted."""
    minimap_temperature: float = 0.7
    """Temperature of points on the minimap; below 1 they are nearer to the modes."""
    space_temperature: float = 0.4
    """Temperature of points in space."""
    pointer_places: PointerPlaces = "each"
    """Whether the pointer's temperature applies to each place of the map, or to all together (ExecutorConfig)."""


@dataclass(frozen=True)
class PolicyBundle:
    """Three policies and a motor model; an Executor trained without the slower levels plays without them."""

    executor: Executor
    hand: np.void
    """Record of dtype MOTOR_MODEL."""
    strategist: Strategist | None = None
    tactician: Tactician | None = None

    @property
    def sampling(self) -> SamplingConfig:
        """How the Executor's output is sampled."""
        return sampling_of(self.executor)

    @property
    def window_s(self) -> int:
        """The Strategist's input window, seconds; 1 without a Strategist."""
        return self.strategist.config.window_s if self.strategist else 1

    def require_layout(self, profile: Profile) -> None:
        """Rejects policies whose features are laid out for another profile, as `require_layout` does."""
        for name, level in self.levels.items():
            require_layout(name, level.config.layout, profile)

    @property
    def levels(self) -> dict[str, Strategist | Tactician | Executor]:
        """The policies by name, the slowest first."""
        levels = {"strategist": self.strategist, "tactician": self.tactician, "executor": self.executor}
        return {name: level for name, level in levels.items() if level is not None}


def sampling_of(executor: Executor) -> SamplingConfig:
    """Returns how this Executor's output is sampled, in play and in the likelihoods of reinforcement learning."""
    return SamplingConfig(pointer_places=executor.config.pointer_places)


def load_policies(
    folder: Path,
    candidate: Checkpoint | None = None,
    *,
    use_held_out_twin: bool = False,
    profile: Profile | None = None,
) -> PolicyBundle:
    """Loads `folder`/{strategist,tactician,executor}/best_model.pt; warns of levels that the Executor was not trained
    with.

    Args:
        folder: of the three policies.
        candidate: replaces the best_model.pt of its policy.
        judged: load the twins that were trained without the held-out sessions, if there are any.
        profile: of the game to play, which must be the one that they were trained for.

    Raises:
        CheckpointError: if a required one is missing, torn, hostile, or of another encoding or game.
    """
    levels = load_levels(folder, candidate, use_held_out_twin=use_held_out_twin)
    if profile is not None:
        require_game({name: level.meta.game for name, level in levels.items()}, profile)
    policies = build_policies(levels)
    if profile is not None:
        policies.require_layout(profile)
    return policies


def load_levels(
    folder: Path, candidate: Checkpoint | None = None, *, use_held_out_twin: bool = False
) -> dict[str, Checkpoint]:
    """Loads the checkpoints of the Executor and of the levels that it was trained with, as `load_policies` does.

    Returns:
        Policy -> its checkpoint, the slowest level first.
    """
    executor = _load_level(folder, "executor", candidate, use_held_out_twin)
    needs = {parent.what: parent.identity for parent in executor.meta.lineage}
    levels: dict[str, Checkpoint] = {
        name: _load_level(folder, name, candidate, use_held_out_twin)
        for name in ("strategist", "tactician")
        if name in needs
    }
    for name, level in levels.items():
        if not level.continues(needs[name]):
            _log.warning(
                "The executor in %s was trained with another %s than the one beside it now: train the executor again.",
                folder,
                name,
            )
    return {**levels, "executor": executor}


def build_policies(levels: Mapping[str, Checkpoint]) -> PolicyBundle:
    """Builds the policies of checkpoints.

    Args:
        levels: policy -> its checkpoint; the Executor's at least.

    Raises:
        CheckpointError: if a config does not match its weights, the Executor has no usable motor model, or the policies
            take features of different layouts.
    """
    policies = PolicyBundle(
        build_executor(levels["executor"]),
        hand_from_plain(levels["executor"].meta.hand),
        build_strategist(levels["strategist"]) if "strategist" in levels else None,
        build_tactician(levels["tactician"]) if "tactician" in levels else None,
    )
    for name, level in policies.levels.items():
        if level.config.layout != policies.executor.config.layout:
            raise CheckpointError(
                f"The executor was trained with places for {printable(policies.executor.config.layout.in_words)}, and "
                f"the {name} with places for {printable(level.config.layout.in_words)}: train both with one profile."
            )
    return policies


def require_game(notes: Mapping[str, GameNote], profile: Profile) -> None:
    """Rejects weights of another game. The profile may have additional keys and kinds at the end.

    Weights without a note are accepted, with one warning for all.

    Args:
        notes: of each policy, by name.
        profile: of the game to play.

    Raises:
        CheckpointError: naming both games and their difference.
    """
    unknown = [policy for policy, note in notes.items() if note == GameNote()]
    if unknown:
        _log.warning(
            "The weights (%s) do not say which game they were trained for, so it is taken to be %r; train them again "
            "to have it noted.",
            ", ".join(unknown),
            profile.name,
        )
    for policy, note in notes.items():
        if policy not in unknown:
            _require_same(policy, note, profile)


def _require_same(policy: str, note: GameNote, profile: Profile) -> None:
    now = profile.note
    for what, trained, present in (
        ("keys", note.keys, now.keys),
        ("keys that click", note.click_keys, now.click_keys),
        ("kinds", note.kinds, now.kinds),
        ("gauges", note.gauges, now.gauges),
        ("switches", note.switches, now.switches),
        ("selectors", note.selectors, now.selectors),
    ):
        if present[: len(trained)] != trained:
            raise _other_game(policy, note, profile, what, trained, present)
    if not set(note.hovers) <= set(now.hovers):  # a profile may name more of them: hovers do not move any index
        raise _other_game(policy, note, profile, "kinds that the cursor rests on", note.hovers, now.hovers)


def _other_game(
    policy: str, note: GameNote, profile: Profile, what: str, trained: tuple[str, ...], present: tuple[str, ...]
) -> CheckpointError:
    return CheckpointError(
        f"The {policy} was trained for the game {printable(note.name)!r} with the {what} {_listed(trained)}, and the "
        f"profile {profile.name!r} has {_listed(present)}: give the profile or the models of the same game "
        "(--profile, --models)."
    )


def require_layout(policy: str, layout: FeatureLayout, profile: Profile) -> None:
    """Rejects a policy whose features are laid out for another profile.

    Raises:
        CheckpointError: naming what each of them has places for.
    """
    now = layout_of(profile)
    if layout != now:
        raise CheckpointError(
            f"The {policy} was trained with places for {printable(layout.in_words)} beyond those that all games have, "
            f"and the profile {profile.name!r} needs places for {printable(now.in_words)}: train it again with this "
            "profile, or give the profile that it was trained with."
        )


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(printable(name) for name in names[:6])
    return f"{shown} ..." if len(names) > 6 else shown or "none"


def _load_level(folder: Path, name: str, candidate: Checkpoint | None, use_held_out_twin: bool) -> Checkpoint:
    """Loads the checkpoint of one policy."""
    if candidate is not None and candidate.meta.policy == name:
        return candidate
    return load_playing(folder / name, name, ENCODING, judged=use_held_out_twin)


def _build(checkpoint: Checkpoint, kind: Callable[[Any], M], config_kind: type) -> M:
    """Builds a policy from a checkpoint's config and weights, which are untrusted.

    Raises:
        CheckpointError: if config and weights do not match, or a weight is not finite.
    """
    try:
        config: Any = serialization.from_plain(config_kind, checkpoint.meta.config)
        with _NumbersAtMost(sum(weight.numel() for weight in checkpoint.weights.values())):
            model = kind(config)
        _require_same_shapes(model.state_dict(), checkpoint.weights)
        model.load_state_dict(checkpoint.weights)
    except Exception as problem:  # an untrusted config: WireError, and RuntimeError from torch
        raise CheckpointError(
            f"The {checkpoint.meta.policy}'s weights do not fit its own config ({first_line(problem)}): train it again."
        ) from problem
    if not all(bool(torch.isfinite(weight).all()) for weight in checkpoint.weights.values()):
        raise CheckpointError(f"The {checkpoint.meta.policy} holds weights that are not numbers: train it again.")
    return model.eval()


class _NumbersAtMost(TorchFunctionMode):
    """Limits the tensor elements created in its block: an untrusted config may describe a terabyte model."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._left = most

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Raises ValueError above the limit; a new tensor occupies no memory pages until it is written."""
        made = function(*args, **(kwargs or {}))
        if function in (torch.empty, torch.zeros):
            self._left -= made.numel()
            if self._left < 0:
                raise ValueError("it describes a larger model")
        return made


def _require_same_shapes(expected: dict[str, Tensor], given: dict[str, Tensor]) -> None:
    for name in (*expected, *given):
        wanted, found = expected.get(name), given.get(name)
        if wanted is None or found is None or wanted.shape != found.shape or wanted.dtype != found.dtype:
            described = ["nothing" if one is None else f"{tuple(one.shape)} {one.dtype}" for one in (found, wanted)]
            raise ValueError(f"{name[:60]} is {described[0]} where {described[1]} was expected")


def build_strategist(checkpoint: Checkpoint) -> Strategist:
    """Builds the Strategist of a checkpoint, in evaluation mode.

    Raises:
        CheckpointError: if config and weights do not match (likewise for the other two).
    """
    return _build(checkpoint, Strategist, StrategistConfig)


def build_tactician(checkpoint: Checkpoint) -> Tactician:
    """Builds the Tactician of a checkpoint, in evaluation mode."""
    return _build(checkpoint, Tactician, TacticianConfig)


def build_executor(checkpoint: Checkpoint) -> Executor:
    """Builds the Executor of a checkpoint, in evaluation mode."""
    return _build(checkpoint, Executor, ExecutorConfig)


def hand_to_plain(hand: np.void) -> dict[str, Any]:
    """Converts a motor model to plain numbers for a checkpoint, with as few digits as a float32 needs."""
    assert hand.dtype.names is not None
    drags = hand["drag"].any() or hand["overlap"].any()
    absent = (*(() if has_curves(hand) else CURVE_FIELDS), *(() if drags else DRAG_FIELDS))
    absent = (*absent, *(() if hand["hover_share"] > 0 else HOVER_FIELDS))
    names = [name for name in hand.dtype.names if name not in absent]
    return {name: hand[name].astype(str).astype(float).tolist() for name in names}


def hand_from_plain(plain: dict[str, Any]) -> np.void:
    """Builds a motor model from plain numbers; those of earlier versions have no curves.

    Raises:
        CheckpointError: if they are not those of a motor model.
    """
    hand: np.void = np.zeros(1, MOTOR_MODEL)[0]
    assert MOTOR_MODEL.names is not None
    earlier = (*(() if "curve" in plain else CURVE_FIELDS), *DRAG_FIELDS, *HOVER_FIELDS, "other_button")
    absent: dict[str, Any] = {name: np.zeros(MOTOR_MODEL[name].shape) for name in earlier}
    for name in MOTOR_MODEL.names:
        try:
            numbers = np.asarray((absent | plain)[name], np.float64).reshape(MOTOR_MODEL[name].shape)
            if not np.abs(numbers).max() <= MOST_OF_A_HAND:
                raise ValueError("out of range")
            if name == "curve_ticks" and "curve" in plain and not 1 <= numbers.min() <= numbers.max() <= LONGEST_CURVE:
                raise ValueError("a curve without a duration")
            if name == "drag_ticks" and hand["drag"].any() and numbers.min() < 1:
                raise ValueError("a drag without a duration")
            hand[name] = numbers
        except (KeyError, ValueError, TypeError, OverflowError) as problem:
            raise CheckpointError(
                f"The executor's checkpoint holds no usable hand ({name}): train it again."
            ) from problem
    return hand
