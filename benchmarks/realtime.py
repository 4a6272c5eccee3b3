"""How well 20 Hz are held: `python benchmarks/realtime.py [--seconds 30] [--models models/v2] [--part decide alone]`.

Parts: `decide` (one decision after the other), `libraries` (each policy by ONNX Runtime beside torch), `alone` and
`trainer` (the beat in real time without and with a training process at nice 19 beside it), `window` (the beat in the
game's window, drawn; SDL_VIDEODRIVER=dummy draws without a display).
"""

import argparse
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", NUMBA_NUM_THREADS="1", PYGAME_HIDE_SUPPORT_PROMPT="1")

import numpy as np
import torch
from smallest import flags, require

from understudy.contract.action import Action, Actor, idle_action
from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.contract.rate import Rate, SystemClock
from understudy.policies.conditioning import CONDITIONING_WIDTH, STRATEGY_WIDTH
from understudy.policies.context_features import CONTEXT_WIDTH
from understudy.policies.executor import Executor, ExecutorConfig
from understudy.policies.inference_backend import OnnxBackend, TorchBackend, fastest_backend, make_backend
from understudy.policies.motor_model import MOTOR_MODEL
from understudy.policies.object_features import LANDMARK_WIDTH, NUM_LANDMARK_PLACES, PLACE_AT, THERE_AT, TRACK_WIDTH
from understudy.policies.policy_bundle import PolicyBundle, load_policies
from understudy.policies.strategist import Strategist, StrategistConfig
from understudy.policies.tactician import Tactician, TacticianConfig
from understudy.runtime.hierarchical_policy import HierarchicalPolicy
from understudy.runtime.latency_monitor import LatencyMonitor, LatencyReport
from understudy.runtime.session import Session
from understudy.runtime.shared_control import SharedControlPilot
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.world import Simulator

SEEDS = np.array([3], np.uint64)
TRAINER = [__file__, "--part", "train"]
TRAINS = "it trains\n"
"""The trainer says so after its first step."""
PARTS = ("decide", "libraries", "alone", "trainer", "window")


def find_policies(models: Path | None) -> PolicyBundle:
    """Trained policies, or untrained ones of the same size: they cost the same."""
    if models is not None:
        return load_policies(models)
    hand: np.void = np.ones(1, MOTOR_MODEL)[0]
    return PolicyBundle(Executor(ExecutorConfig()), hand, Strategist(StrategistConfig()), Tactician(TacticianConfig()))


class Nobody:
    """A person who never touches anything; the beat of a world without a window is kept here."""

    touched_s, holding = float("-inf"), False

    def __init__(self, world: "BeatenSimulator") -> None:
        self._world = world

    def wait_tick(self) -> None:
        self._world.wait()

    def end_tick(self) -> Action:
        return idle_action(self._world.observe())


class BeatenSimulator(Simulator):
    """The bare game in real time: a tick begins at its deadline."""

    def __init__(self) -> None:
        super().__init__(SEEDS)
        self.rate = Rate(20.0)
        self.num_missed = 0
        self._start_s = time.perf_counter()
        self._slot = 0
        self.rate.wait()
        self._stamp()

    def wait(self) -> None:
        missed = self.rate.wait()
        self.num_missed += missed
        self._slot += 1 + missed

    def act(self, action: Action) -> None:
        super().act(action)
        self._stamp()

    def _stamp(self) -> None:
        self.observe().records["time_s"] = self._start_s + self._slot / 20.0


def live(hierarchy: HierarchicalPolicy, seconds: float) -> LatencyReport:
    """The beat without a window."""
    world = BeatenSimulator()
    pilot = SharedControlPilot(hierarchy, Nobody(world), num_missed=lambda: world.num_missed)
    Session(world, pilot, actor=Actor.POLICY, seeds=SEEDS).run(round(20 * seconds))
    return pilot.cadence.report()


def live_in_window(hierarchy: HierarchicalPolicy, seconds: float) -> LatencyReport:
    """The beat in the game's window, drawn up to 60 times a second."""
    from understudy.worlds.simulator.window.game_window import GameWindow
    from understudy.worlds.simulator.window.human_operator import WindowOperator

    window = GameWindow(3, "1-1")
    pilot = SharedControlPilot(hierarchy, WindowOperator(window), num_missed=lambda: window.num_missed)
    Session(window, pilot, actor=Actor.POLICY, seeds=SEEDS).run(round(20 * seconds), until=lambda step: window.closed)
    print(f"  {window.num_frames / seconds:.0f} pictures a second")
    return pilot.cadence.report()


def say(name: str, report: LatencyReport) -> None:
    print(f"{name}: ms as p50 / p95 / p99 / max")
    print(f"  thinking {report.decide};  seen to decided {report.latency};  jitter {1000 * report.jitter_s:.1f}")
    for each in report.levels:
        print(f"  {each.rate_hz:g} Hz: {each.num_runs} times, {each.num_skipped} left out, late {each.late}")
    print(f"  late ticks {report.num_late} of {report.num_ticks} ({report.late_share:.3%})")


def decide(hierarchy: HierarchicalPolicy, seconds: float) -> None:
    """One decision after the other, on the clock and on the processor."""
    world, carry = Simulator(SEEDS), hierarchy.start(SEEDS)
    cadence, clock, spent = LatencyMonitor(), SystemClock(), []
    until, tick = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        began_s, cpu_s = clock.now_s(), time.thread_time()
        timing = cadence.begin(tick, began_s, began_s)
        decision = hierarchy.decide(world.observe(), carry)
        cadence.end(timing, began_s, began_s, clock.now_s())
        spent.append(time.thread_time() - cpu_s)
        carry, tick = decision.carry, tick + 1
        world.act(decision.action)
    percentiles = " / ".join(f"{1000 * value:.1f}" for value in np.percentile(spent, [50, 95, 99, 100]))
    print(f"decide, {tick} in a row: ms on the clock {cadence.report().decide}, on the processor {percentiles}")


def libraries(policies: PolicyBundle) -> None:
    """Each policy by itself in both libraries, one thread, processor time; and what making it ready costs."""
    seen = (torch.randn(1, MAX_TRACKS, TRACK_WIDTH), torch.ones(1, MAX_TRACKS, dtype=torch.int64))
    context = torch.randn(1, CONTEXT_WIDTH)
    told = (torch.rand(1, MAX_TRACKS), made_up_landmarks(1))
    cases = {
        "strategist": (torch.randn(1, 60, CONTEXT_WIDTH),),
        "tactician": (context, torch.randn(1, STRATEGY_WIDTH), *seen),
        "executor": (context, torch.randn(1, CONDITIONING_WIDTH), *seen, *told),
    }
    OnnxBackend(policies)  # imports the exporter
    began_s = time.thread_time()
    by_torch, by_onnx = TorchBackend(policies), OnnxBackend(policies)
    print(f"exported in {time.thread_time() - began_s:.2f} s of processor time")
    for name, arguments in cases.items():
        one, other = getattr(by_torch, name), getattr(by_onnx, name)
        with torch.inference_mode():
            expected, given = vars(one(*arguments)), vars(other(*arguments))
            spent = [spent_ms(lambda ask=ask, arguments=arguments: ask(*arguments)) for ask in (one, other)]
        parts = [(part, given[field]) for field, part in expected.items() if part is not None]
        apart = max(float((part - other).nan_to_num().abs().max()) for part, other in parts)
        print(f"{name}: torch {spent[0]}, ONNX Runtime {spent[1]} ms on the processor (p50 / p99); apart {apart:.1e}")


def made_up_landmarks(batch: int) -> torch.Tensor:
    """Marks on the minimap, (batch, MAX_LANDMARKS, LANDMARK_WIDTH): all there, at places that exist."""
    landmarks = torch.randn(batch, MAX_LANDMARKS, LANDMARK_WIDTH)
    landmarks[..., THERE_AT] = 1.0
    landmarks[..., PLACE_AT] = torch.randint(NUM_LANDMARK_PLACES, (batch, MAX_LANDMARKS)).float()
    return landmarks


def spent_ms(work: Callable[[], object], times: int = 500) -> str:
    """Processor time of one run."""
    spent = []
    for _ in range(times):
        began_s = time.thread_time()
        work()
        spent.append(time.thread_time() - began_s)
    return " / ".join(f"{1000 * value:.2f}" for value in np.percentile(spent[20:], [50, 99]))


def train_for_ever() -> None:
    """What stands beside the player: an Executor trained at batch 128 on one thread, at the lowest priority."""
    os.nice(19)
    torch.set_num_threads(1)
    model = Executor(ExecutorConfig())
    optimiser = torch.optim.AdamW(model.parameters())
    batch = (
        torch.randn(128, CONTEXT_WIDTH),
        torch.randn(128, CONDITIONING_WIDTH),
        torch.randn(128, MAX_TRACKS, TRACK_WIDTH),
        torch.ones(128, MAX_TRACKS, dtype=torch.int64),
        torch.rand(128, MAX_TRACKS),
        made_up_landmarks(128),
    )
    for step in itertools.count():
        optimiser.zero_grad()
        said = model(*batch)
        (said.start_logit.square().mean() + said.key_logits.square().mean()).backward()
        optimiser.step()
        if step == 0:
            print(TRAINS, end="", flush=True)


def beside_a_trainer(hierarchy: HierarchicalPolicy, seconds: float) -> LatencyReport:
    """The beat without a window, while another process trains from before its beginning until after its end."""
    trainer = subprocess.Popen([sys.executable, *TRAINER], stdout=subprocess.PIPE, text=True)
    try:
        assert trainer.stdout is not None
        require(trainer.stdout.readline() == TRAINS, "the trainer has not begun")
        report = live(hierarchy, seconds)
        require(trainer.poll() is None, f"the trainer has ended with {trainer.returncode}")
        return report
    finally:
        trainer.kill()
        trainer.communicate()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--models", type=Path, default=None)
    parser.add_argument("--library", choices=("onnxruntime", "torch"), default=fastest_backend())
    parser.add_argument("--part", nargs="*", choices=(*PARTS, "train"), default=PARTS)
    chosen = parser.parse_args(flags("--seconds", "1"))
    if "train" in chosen.part:
        train_for_ever()
    torch.set_num_threads(1)
    policies = find_policies(chosen.models)
    hierarchy = HierarchicalPolicy(policies, load_profile(), make_backend(policies, chosen.library))
    live(hierarchy, 2.0)  # compiles and allocates
    print(f"{hierarchy.networks.library}; load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if "decide" in chosen.part:
        decide(hierarchy, min(10.0, chosen.seconds))
    if "libraries" in chosen.part:
        libraries(policies)
    if "alone" in chosen.part:
        say("alone", live(hierarchy, chosen.seconds))
    if "trainer" in chosen.part:
        say("beside a trainer at nice 19", beside_a_trainer(hierarchy, chosen.seconds))
    if "window" in chosen.part:
        say("in the window", live_in_window(hierarchy, chosen.seconds))


if __name__ == "__main__":
    main()
