"""Benchmarks at their smallest size: `python benchmarks/X.py --smallest` needs no other flag, no input and no care.

Each script names the flags of its smallest run; the figures of such a run mean nothing. It is there so that a test
sees every part of every script run to its end (tests/test_benchmarks.py): what nobody runs rots.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # benchmarks share games and players with tests/support

FLAG = "--smallest"
FOLDER = Path("smallest")
"""In the current folder: inputs that are made for the smallest runs."""
MINUTES, SESSIONS = 4.0, 4


def runs(*smallest: Sequence[str]) -> Iterator[list[str]]:
    """The flags to parse: those of the command line, or in place of --smallest each of the given ones in turn.

    Args:
        smallest: flags of one run each. `{models}` in them stands for a folder of untrained policies, `{recordings}`
            for one with a few minutes of the hunter's play, `{folder}` for one to write to.
    """
    if sys.argv[1:] != [FLAG]:
        yield sys.argv[1:]
        return
    for words in smallest:
        print(f"smallest: {' '.join(words)}", flush=True)
        yield [_filled_in(word) for word in words]


def flags(*smallest: str) -> list[str]:
    """As `runs`, for a script whose smallest run is a single one."""
    return next(runs(smallest))


def require(holds: bool, sentence: str) -> None:
    """Ends a benchmark, loudly, when a part of it has died: its figures would be of something else.

    Raises:
        SystemExit: with the sentence, unless it holds.
    """
    if not holds:
        raise SystemExit(f"The benchmark is void: {sentence}")


def _filled_in(word: str) -> str:
    makers: dict[str, Callable[[], Path]] = {
        "models": untrained_models,
        "recordings": hunter_recordings,
        "folder": lambda: FOLDER,
    }
    for name, make in makers.items():
        if f"{{{name}}}" in word:
            word = word.replace(f"{{{name}}}", str(make()))
    return word


def hunter_recordings() -> Path:
    """Records some minutes of the hunter's play, unless they are there; returns their folder."""
    from understudy.cli.record import record_teacher

    folder = FOLDER / "recordings"
    if not folder.exists():
        record_teacher("hunter", MINUTES, 0, folder, sessions=SESSIONS)
    return folder


def untrained_models() -> Path:
    """Writes small untrained policies with the hunter's motor model, unless they are there; returns their folder."""
    import torch

    from understudy.contract.serialization import to_plain
    from understudy.learning.data.dataset import load_dataset
    from understudy.learning.supervised.train_policy import fit_hand_from_dataset
    from understudy.policies.checkpoint import BEST, Checkpoint, CheckpointMeta, save_checkpoint
    from understudy.policies.encoder import ENCODING
    from understudy.policies.executor import Executor, ExecutorConfig
    from understudy.policies.policy_bundle import hand_to_plain
    from understudy.policies.strategist import Strategist, StrategistConfig
    from understudy.policies.tactician import Tactician, TacticianConfig

    folder = FOLDER / "models"
    if folder.exists():
        return folder
    torch.manual_seed(0)
    dataset = load_dataset(hunter_recordings())
    hand = hand_to_plain(fit_hand_from_dataset(dataset.train, dataset.profile))
    made = {
        "strategist": Strategist(StrategistConfig(width=16, layers=1, heads=2)),
        "tactician": Tactician(TacticianConfig(width=16)),
        "executor": Executor(ExecutorConfig(width=16, heads=2, components=2)),
    }
    for name, module in made.items():
        meta = CheckpointMeta(
            policy=name,
            encoding=ENCODING,
            config=to_plain(module.config),
            hand=hand if name == "executor" else {},
        )
        save_checkpoint(folder / name / BEST, Checkpoint(meta=meta, weights=module.state_dict()))
    return folder
