"""What is read from each file that an earlier version wrote."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.digests import FIXTURES, digest, digest_weights, sha, total
from tests.golden.inputs import MODELS_WITH_HISTORY, two_styles
from understudy.contract.profile import Profile
from understudy.contract.serialization import read_toml, to_plain
from understudy.feedback.correction_reader import Entry, read_corrections
from understudy.feedback.state_snapshot import unpack_window
from understudy.learning.corrections.aggregation import aggregate_corrections
from understudy.learning.data.interventions import has_interventions
from understudy.learning.registry.audit_log import read_audit_log
from understudy.learning.registry.candidates import load_active, load_candidate, newest_candidate
from understudy.learning.registry.promotion import active_promotions, ancestors
from understudy.policies.checkpoint import load_checkpoint
from understudy.policies.policy_bundle import hand_from_plain, hand_to_plain
from understudy.policies.style_heads import swap_styles
from understudy.recordings import flat_table
from understudy.recordings.episode import Episode, irregularities
from understudy.recordings.mcap_channels import inputs_to_records
from understudy.recordings.recording_stats import recording_stats
from understudy.recordings.store import read_episode
from understudy.runtime.weight_swap import identities
from understudy.worlds.simulator.engine.readings import HP

Values = dict[str, Any]
RECORDINGS = sorted(
    path.relative_to(FIXTURES).as_posix() for room in ("recordings", "live") for path in (FIXTURES / room).iterdir()
)
CHECKPOINTS = sorted(path.relative_to(FIXTURES).as_posix() for path in FIXTURES.rglob("*.pt"))
PROFILES = sorted(path.relative_to(FIXTURES).as_posix() for path in (FIXTURES / "profiles").iterdir())


LATER_FIELDS = {
    "play_area": None,
    "locate_play_area": False,
    "forbidden": [],
    "hotkeys": None,
    "click_keys": [],
    "game": {"name": "", "keys": [], "click_keys": [], "kinds": [], "gauges": [], "switches": [], "selectors": []},
}
"""Fields that came after the expected values were written, with what they hold in every file from before."""
LATER_HAND_FIELDS = ("other_button", "drag", "drag_way", "drag_ticks", "overlap")
"""Fields of the motor model that came later: zeros in one from before."""


LATER_SCREEN_FIELDS = {"score": None, "game_over": None, "fills": "right", "hover": False, "hovers": []}
"""Fields of a profile's screen layout, its bars and its kinds, and of a game note, likewise."""


def _without_later_screen_fields(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_without_later_screen_fields(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    missing = object()
    return {
        name: _without_later_screen_fields(item)
        for name, item in plain.items()
        if LATER_SCREEN_FIELDS.get(name, missing) != item
    }


def _without_later_fields(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = _without_later_screen_fields(to_plain(value))
    if isinstance(plain.get("eye"), dict) and plain["eye"].get("confidences") == {}:
        del plain["eye"]["confidences"]
    return {name: item for name, item in plain.items() if name not in LATER_FIELDS or item != LATER_FIELDS[name]}


def recording(path: Path) -> Values:
    episode = read_episode(path)
    events = episode.observations["events"]
    profile = json.dumps(_without_later_fields(episode.info.profile), sort_keys=True)
    return {
        "info": {name: value for name, value in to_plain(episode.info).items() if name != "profile"},
        "profile": hashlib.sha256(profile.encode()).hexdigest(),
        "num_ticks": len(episode),
        "losses": episode.losses,
        "irregularities": irregularities(episode),
        "has_interventions": has_interventions(episode),
        "stats": recording_stats(episode),
        "inputs": _inputs(episode),
        "observations": sha(episode.observations),
        "actions": sha(episode.actions),
        "actors": {"sha256": sha(episode.actors), "counts": np.bincount(episode.actors, minlength=4)},
        "intents": None if episode.intents is None else sha(episode.intents),
        "timings": None if episode.timings is None else sha(episode.timings),
        "event_sums": {name: float(events[name].sum()) for name in events.dtype.names},
        "middle_tick": _middle_tick(episode),
        "columns": _columns(episode) if path.name in ("mixed.mcap", "teacher_hunter.mcap") else None,
    }


def _inputs(episode: Episode) -> Values:
    kinds = sorted({event.kind for event in episode.inputs})
    return {
        "num": len(episode.inputs),
        "by_kind": {kind: sum(event.kind == kind for event in episode.inputs) for kind in kinds},
        "first": tuple(episode.inputs[:5]),
        "sha256": sha(inputs_to_records(episode.inputs)) if episode.inputs else "",
    }


def _middle_tick(episode: Episode) -> Values:
    middle = episode.observations[len(episode) // 2]
    return {
        "time_s": float(middle["time_s"]),
        "player.hp": float(middle["player"]["gauges"][..., HP]),
        "player.x": float(middle["player"]["x"]),
        "tracks.id": middle["tracks"]["id"],
        "cursor_x": float(middle["cursor_x"]),
    }


def _columns(episode: Episode) -> Values:
    columns = {name: digest(values) for name, values in flat_table.columns(episode).items()}
    return {name: [of["shape"], of["dtype"], of.get("sum"), of["sha256"][:16]] for name, of in columns.items()}


def checkpoint(path: Path) -> Values:
    of = load_checkpoint(path)
    hand = hand_from_plain(of.meta.hand) if of.meta.hand else None
    return {
        "meta": {name: value for name, value in _without_later_fields(of.meta).items() if name != "hand"},
        "identity": of.identity,
        "hand": None if hand is None else hand_digests(hand),
        "weights": digest_weights(of.weights),
        "total": total(of.weights),
        "has_training": of.training is not None,
    }


def hand_digests(hand: np.void) -> Values:
    """Digests of a motor model by field, without those that came later."""
    assert not any(hand[name].any() for name in LATER_HAND_FIELDS)
    return {name: digest(hand[name]) for name in hand_to_plain(hand) if name not in LATER_HAND_FIELDS}


def two_styles_swapped() -> Values:
    """The weights of an Executor that holds two styles, after they were swapped."""
    return digest_weights(swap_styles(two_styles()).state_dict())


def history() -> Values:
    models = MODELS_WITH_HISTORY
    candidate = newest_candidate(models)
    return {
        "audit_log": {name: read_audit_log(models / name) for name in ("executor", "strategist")},
        "ancestors": ancestors(models, "executor"),
        "active_promotions": active_promotions(models, "executor"),
        "active": {name: load_active(models, name).identity for name in ("strategist", "tactician", "executor")},
        "identities": identities(models),
        "newest_candidate": candidate,
        "candidate_identity": load_candidate(models, candidate).identity,
    }


def corrections() -> Values:
    found = read_corrections(FIXTURES / "vlm_corrections")
    aggregated = aggregate_corrections(found.entries)
    return {
        "problems": found.problems,
        "entries": [_entry(entry) for entry in found.entries],
        "aggregated": {name: value for name, value in vars(aggregated).items() if name != "reviewed"}
        | {"num_corrections": aggregated.num_corrections},
        "judged": {name: value for name, value in vars(aggregated.reviewed).items() if name != "windows"},
        "judged_windows": [digest(window) for window in aggregated.reviewed.windows],
    }


def _entry(entry: Entry) -> Values:
    state = entry.correction.state
    return {
        "line": entry.line,
        "differs": entry.correction.differs,
        "frame": entry.frame,
        **{name: value for name, value in to_plain(entry.correction).items() if name != "state"},
        "words": state.words,
        "hp, shield": [state.gauges.get(name) for name in ("hp", "shield")],
        "window": None if state.window is None else digest(unpack_window(state.window)),
    }


def profile(path: Path) -> Values:
    plain: Values = json.loads(json.dumps(_without_later_fields(read_toml(Profile, path)), sort_keys=True))
    return plain


def practice() -> Values:
    """What practice.pt holds."""
    training = load_checkpoint(FIXTURES / "practice.pt").training or {}
    state = training["practice"]
    return {
        "training_keys": sorted(training),
        "journey": training["journey"],
        "settings": training["settings"],
        "keys": {"practice": sorted(state), "policy": sorted(state["policy"]), "value": sorted(state["value"])},
        "num_stretches": state["num_stretches"],
        "warm": state["warm"],
        "num_steps": state["policy"]["num_steps"],
        "guard": state["policy"]["guard"],
        "generator": digest(state["generator"]),
        "value_net": digest_weights(state["value"]["net"]),
        "policy_model": digest_weights(state["policy"]["model"]),
        "policy_average": total(state["policy"]["average"]),
        "policy_person": total(state["policy"]["person"]),
    }
