"""Plays the embedded game from a folder of `understudy export`, with numpy and ONNX Runtime, without torch.

    understudy export --models models --out out/export
    python examples/play_exported.py --folder out/export

What is taken from understudy is compiled by numba: the game, the encoder of its observations, and the sampler with
the motor model. The rest is here: when each network runs, what it is given, and what its outputs mean.
"""

import argparse
import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from understudy.contract.action import ACTION, Action
from understudy.contract.intent import INTENT, Intent
from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS, TICK_RATE_HZ, Observation
from understudy.contract.profile import Profile
from understudy.contract.protocols import Decision, Step
from understudy.contract.serialization import to_plain
from understudy.policies.conditioning import CONDITIONING_WIDTH, STRATEGY_WIDTH, follow_targets_in_worlds
from understudy.policies.declared.feature_layout import COMMON
from understudy.policies.encoder import ENCODING, Encoder
from understudy.policies.motor_model import MOTOR_MODEL, MOTOR_STATE
from understudy.policies.sampling import ActionProbabilities, sample_actions
from understudy.runtime.session import Session
from understudy.worlds.simulator.world import Simulator

Outputs = dict[str, np.ndarray]


class ExportedPolicy:
    """A Pilot of one world."""

    def __init__(self, folder: Path, profile: Profile) -> None:
        self.config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if self.config["encoding"] != ENCODING:
            raise SystemExit(f"{folder} was trained on {self.config['encoding']}, this version speaks {ENCODING}.")
        tables = json.loads((folder / "motor_model.json").read_text(encoding="utf-8"))
        self.hand = np.zeros(1, MOTOR_MODEL)[0]
        for name, numbers in tables.items():
            self.hand[name] = numbers
        self.encoder = Encoder(profile)
        layout = self.config["networks"]["executor"]["meta"]["config"].get("layout", to_plain(COMMON))
        if layout != to_plain(self.encoder.layout):
            raise SystemExit(f"{folder} takes the features of another profile than {profile.name}.")
        self.networks = {name: _session(folder / f"{name}.onnx") for name in self.config["networks"]}

    def start(self, seeds: np.ndarray) -> dict[str, Any]:
        """Returns the initial state, which is all that changes from tick to tick."""
        assert len(seeds) == 1, "the networks were exported for one world"
        return {
            "tick": 0,
            "encoding": self.encoder.start(1),
            "hand": np.zeros(1, MOTOR_STATE),
            "random": seeds.astype(np.uint64).copy(),
            "contexts": deque[np.ndarray](),
            "strategy": np.zeros((1, STRATEGY_WIDTH), np.float32),
            "conditioning": np.zeros((1, CONDITIONING_WIDTH), np.float32),
            "target_probs": np.zeros((1, MAX_TRACKS), np.float32),
            "target_ids": np.zeros((1, MAX_TRACKS), np.int32),
        }

    def decide(self, observation: Observation, carry: dict[str, Any]) -> Decision:
        """Runs the networks that are due, and samples an action from the Executor's output."""
        encoded = self.encoder.encode(observation, carry["encoding"])
        ids = observation.records["tracks"]["id"]
        if self._is_due("strategist", carry["tick"]):
            self._run_strategist(encoded.context, carry)
        if self._is_due("tactician", carry["tick"]):
            inputs = (encoded.context, carry["strategy"], encoded.tracks, encoded.kinds)
            tactic = self._run("tactician", *inputs)
            probabilities = _softmax(tactic["target_logits"])
            parts = (carry["strategy"], tactic["route"], probabilities[:, -1:])  # the last: no target at all
            carry["conditioning"] = np.concatenate(parts, axis=1)
            carry["target_probs"], carry["target_ids"] = probabilities[:, :-1], ids.copy()
        carry["tick"] += 1
        target_probs = np.zeros((1, MAX_TRACKS), np.float32)  # objects may have changed their slots since
        follow_targets_in_worlds(carry["target_ids"], carry["target_probs"], ids, target_probs)
        inputs = (encoded.context, carry["conditioning"], encoded.tracks, encoded.kinds, target_probs)
        output = self._run("executor", *inputs, encoded.landmarks)
        return Decision(action=self._act(observation, output, carry), intent=Intent(np.zeros(1, INTENT)), carry=carry)

    def _is_due(self, name: str, tick: int) -> bool:
        return name in self.networks and tick % self.config["networks"][name]["every_ticks"] == 0

    def _run(self, name: str, *inputs: np.ndarray) -> Outputs:
        network = self.config["networks"][name]
        feed = {spec["name"]: value for spec, value in zip(network["inputs"], inputs, strict=True)}
        names = [spec["name"] for spec in network["outputs"]]
        return dict(zip(names, self.networks[name].run(names, feed), strict=True))

    def _run_strategist(self, context: np.ndarray, carry: dict[str, Any]) -> None:
        """Attention is causal: the rest of the window may stay empty, and the latest second's output counts."""
        window = np.zeros(self.config["networks"]["strategist"]["inputs"][0]["shape"], np.float32)
        seconds = carry["contexts"]
        seconds.append(context[0])
        if len(seconds) > window.shape[1]:
            seconds.popleft()
        window[0, : len(seconds)] = seconds
        output = self._run("strategist", window)
        latest = len(seconds) - 1
        parts = (_softmax(output["mode_logits"][:, latest]), output["goal"][:, latest])
        carry["strategy"] = np.concatenate(parts, axis=1)
        carry["conditioning"][:, :STRATEGY_WIDTH] = carry["strategy"]

    def _act(self, observation: Observation, output: Outputs, carry: dict[str, Any]) -> Action:
        sampling = self.config["sampling"]
        actions = np.zeros(1, ACTION)
        sample_actions(
            observation.records,
            carry["hand"],
            self.hand,
            self.encoder.geometry,
            carry["random"],
            ActionProbabilities(
                start=_sigmoid(output["start_logit"]),
                pointer=_softmax(_tempered_pointer(output["pointer_logits"], sampling)),
                right=_sigmoid(output["right_logit"]),
                minimap=_mixture(output["minimap_density"], sampling["minimap_temperature"]),
                space=_mixture(output["space_density"], sampling["space_temperature"]),
                keys=_sigmoid(output["key_logits"]),
                press_times=_press_times(output),
            ),
            actions,
        )
        return Action(actions)


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # faster than several for networks of this size
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)


def _softmax(logits: np.ndarray, axis: int = -1) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return (raised / raised.sum(axis=axis, keepdims=True)).astype(np.float32)


def _tempered_pointer(logits: np.ndarray, sampling: dict[str, Any]) -> np.ndarray:
    """Divides logits by the temperature; the map's places keep their shares where they are tempered together."""
    temperature = np.float32(sampling["pointer_temperature"])
    tempered = logits / temperature
    if sampling.get("pointer_places", "each") == "together":
        places = slice(MAX_TRACKS, MAX_TRACKS + MAX_LANDMARKS + 1)  # landmarks, and the free point of the minimap
        total = np.logaddexp.reduce(logits[:, places], axis=-1, keepdims=True)
        tempered[:, places] = logits[:, places] + (1 / temperature - 1) * total
    return tempered


def _mixture(density: np.ndarray, temperature: float) -> np.ndarray:
    """Components (log weight, mean x and y, covariance factor) -> the same at a temperature, with probabilities."""
    weights = _softmax(density[..., :1] / np.float32(temperature), axis=1)
    return np.concatenate([weights, density[..., 1:3], density[..., 3:] * np.float32(temperature**0.5)], axis=-1)


def _press_times(output: Outputs) -> np.ndarray:
    """Components (log weight, mean, log scale) -> (probability, mean, scale), ticks; not every Executor has them."""
    timing = output.get("press_times")
    if timing is None:
        return np.zeros((*output["pointer_logits"].shape, 0, 3), np.float32)
    return np.stack([_softmax(timing[..., 0]), timing[..., 1], np.exp(timing[..., 2])], axis=-1)


class EventTotals:
    """A Listener that adds up what the game's log reports."""

    def __init__(self) -> None:
        self.totals = dict.fromkeys(("kills", "loot", "deaths"), 0.0)

    def on_step(self, step: Step) -> None:
        for name in self.totals:
            self.totals[name] += float(step.observation.records["events"][name].sum())

    def close(self) -> None:
        """Holds nothing that needs closing."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Play from an exported folder, without torch.")
    parser.add_argument("--folder", type=Path, default=Path("out/export"), help="what understudy export wrote")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="of the world and of the draws")
    options = parser.parse_args(arguments)

    seeds = np.array([options.seed], np.uint64)
    world = Simulator(seeds)
    policy, events = ExportedPolicy(options.folder, world.profile), EventTotals()
    num_ticks = Session(world, policy, [events]).run(round(options.seconds * TICK_RATE_HZ))
    print(f"{num_ticks} ticks: {events.totals}")


if __name__ == "__main__":
    main()
