"""Records a scripted teacher playing the embedded game, much faster than real time; or a person on the desktop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from understudy.cli.flags.number_ranges import Minutes, Monitor, Range, RecordingSeed
from understudy.cli.flags.output_paths import OutputFolder
from understudy.cli.flags.spellings import MAP, DetectorWeights, Flag
from understudy.cli.results.json_output import JsonFlag
from understudy.perception.model_files.execution_provider import Device
from understudy.recordings.video.encoder_names import EncoderName

if TYPE_CHECKING:
    import numpy as np

    from understudy.worlds.simulator.teacher.demonstration_noise import DemonstrationNoise

Progress = Callable[[int, int], None]
"""Told how many ticks are done, and of how many."""

SESSION_MINUTES = 5.0
"""Length of a session where their number is not given; whole sessions are held out in training, so some must exist."""
SESSIONS_OF_SHORT_PLAY, SHORTEST_MINUTES = 8, 1.0
"""A short recording is split into so many all the same, if each lasts so long: then no map is seen in one session only,
and whichever is held out, what is left has all of them."""
SEEDS_PER_RECORDING = 1000
"""At most so many sessions; those of one --seed play in worlds of their own."""
WORLDS_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Record(JsonFlag):
    """Record a scripted teacher playing the embedded game, faster than real time."""

    teacher: str = "hunter"
    """Style of the teacher, such as hunter, kiter or careful."""
    minutes: Minutes = 60.0
    """Minutes of play, all sessions together."""
    seed: RecordingSeed = 0
    """Decides the worlds; another seed gives other games."""
    sessions: Annotated[int | None, Range(1, SEEDS_PER_RECORDING)] = None
    """How many sessions to split the play into, each in a world of its own; by default one for every 5 minutes,
    or 8 of at least a minute each."""
    start_map: Annotated[str | None, MAP] = None
    """Name of the map on which every session begins; by default they begin on each map in turn."""
    out: OutputFolder = Path("recordings/v2_training")
    """Folder for the recordings."""
    replace: bool = False
    """Replace recordings of the same teacher and seed that are there already."""
    hardship: tuple[str, ...] = ()
    """What makes the play harder to learn from, as a person's is; any of uneven_reactions, drifting_attention,
    idle_minutes, menus_and_chat, mis_clicks, two_styles, other_window, curved_paths, corrections, coarse_mouse,
    overlaps, drags."""
    world: Literal["simulator", "desktop"] = "simulator"
    """The scripted teacher in the embedded game, or you in a game on your screen: F5 starts and stops, F6 saves."""
    monitor: Monitor = 1
    """With --world desktop: the monitor that the game fills, counted from 1."""
    window: str | None = None
    """With --world desktop: title of the game's window, where it does not fill a monitor."""
    model: DetectorWeights = None
    """With --world desktop: weights of the detector; by default those that come with the profile."""
    profile: str = "darkorbit"
    """With --world desktop: which game, the name of a profile or a path to one (.toml)."""
    device: Device = "auto"
    """With --world desktop: where the detector runs; auto takes the best that is installed and works."""
    hotkeys: str | None = None
    """With --world desktop: other keys than F1 to F7, such as "record=f8 save=f9"."""
    video: Flag[bool] = False
    """With --world desktop: record nothing at all rather than without pictures; by default they are recorded where it
    is possible."""
    no_video: Flag[bool] = False
    """With --world desktop: keep no pictures."""
    video_encoder: EncoderName = "auto"
    """With --world desktop: which of PyAV's encoders; auto takes one that is free of the GPL."""
    perceive: Literal["now", "later"] = "now"
    """With --world desktop: later keeps pictures and input only, for understudy recordings reperceive."""

    def __post_init__(self) -> None:
        if self.world != "desktop" and (self.video or self.no_video or self.perceive == "later"):
            raise ValueError("--video, --no-video and --perceive are for a game on the screen: add --world desktop")
        if self.perceive == "later" and self.no_video:
            raise ValueError("--perceive later needs the pictures: leave --no-video out")
        if self.json and self.world == "desktop":
            raise ValueError("--json is for the scripted teacher: leave it out with --world desktop")
        if self.video and self.no_video:
            raise ValueError("--video and --no-video exclude each other")


def run(command: Record) -> int | None:
    """Records, with a progress bar, and says what was written."""
    if command.world == "desktop":
        from understudy.cli.live import recorder

        return recorder.run(
            recorder.RecorderV2(
                model=command.model,
                monitor=command.monitor,
                window=command.window,
                profile=command.profile,
                device=command.device,
                hotkeys=command.hotkeys,
                out=command.out,
                minutes=command.minutes,
                video=command.video,
                no_video=command.no_video,
                video_encoder=command.video_encoder,
                perceive=command.perceive,
            )
        )
    from rich.progress import Progress as Bar

    from understudy.cli.results.json_output import print_result
    from understudy.cli.results.recordings import RecordedSessions
    from understudy.cli.show.terminal import Console

    with Bar(transient=True) as bar:
        task = bar.add_task(f"recording teacher {command.teacher}", total=None)
        paths = record_teacher(
            command.teacher,
            command.minutes,
            command.seed,
            command.out,
            sessions=command.sessions,
            start_map=command.start_map,
            replace=command.replace,
            hardship=command.hardship,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    num_bytes = sum(path.stat().st_size for path in paths)
    Console(soft_wrap=True).print(
        f"{command.minutes:g} minutes of teacher {command.teacher} in {len(paths)} sessions: "
        f"{command.out} ({num_bytes / 1e6:.1f} MB)"
    )
    if command.json:
        result = RecordedSessions(
            teacher=command.teacher, minutes=command.minutes, recordings=tuple(paths), num_bytes=num_bytes
        )
        print_result("record", result)
    return None


def record_teacher(
    style: str,
    minutes: float,
    seed: int,
    folder: Path,
    sessions: int | None = None,
    progress: Progress | None = None,
    *,
    start_map: Annotated[str | None, MAP] = None,
    replace: bool = False,
    hardship: Sequence[str] = (),
) -> list[Path]:
    """Lets a teacher play in lockstep worlds and writes one recording for each.

    Args:
        style: of the teacher.
        minutes: of play, split evenly over the sessions.
        seed: picks the worlds out of those set aside for training.
        folder: for the recordings; made where it is missing.
        sessions: how many; None for `usual_sessions`.
        progress: told now and then how far it has come.
        start_map: name of the map on which all begin; None for each map in turn.
        replace: whether recordings of the same names may be replaced.
        hardship: names of hardships that the teacher plays with, at their usual strengths.

    Returns:
        The paths, in order of their sessions.

    Raises:
        FlagError: if the numbers or names make no sense, or a recording is there already and may not be replaced.
    """
    from understudy.contract.observation import TICK_RATE_HZ
    from understudy.evaluation.rollouts.seeds import Purpose, seeds_for
    from understudy.worlds.catalog import load_profile
    from understudy.worlds.simulator.teacher.demonstration_noise import hardships_named

    count = usual_sessions(minutes) if sessions is None else sessions
    ticks = round(minutes * 60 * TICK_RATE_HZ / max(count, 1))
    _expect_ticks(ticks)
    hardships = hardships_named(hardship)
    maps = load_profile("darkorbit").maps if start_map is None else (start_map,)
    starts = [maps[number % len(maps)] for number in range(count)]
    seeds = seeds_for(Purpose.TRAIN, count, seed * SEEDS_PER_RECORDING)
    manner = "_".join((style, *hardships.names))
    paths = [folder / f"teacher_{manner}_seed{seed}_{number:02d}.mcap" for number in range(count)]
    _expect_free(paths, replace)

    for first in range(0, count, WORLDS_AT_ONCE):
        wave = slice(first, first + WORLDS_AT_ONCE)
        worlds = len(paths[wave])

        def on_ticks(done: int, before: int = first * ticks, worlds: int = worlds) -> None:
            if progress is not None:
                progress(before + done * worlds, ticks * count)

        _record_wave(style, hardships, starts[wave], seeds[wave], paths[wave], ticks, on_ticks)
    return paths


def usual_sessions(minutes: float) -> int:
    """Into how many sessions so much play is split: four to a thousand."""
    wanted = max(4, min(SESSIONS_OF_SHORT_PLAY, int(minutes / SHORTEST_MINUTES)), round(minutes / SESSION_MINUTES))
    return min(wanted, SEEDS_PER_RECORDING)


def _expect_ticks(ticks: int) -> None:
    from understudy.contract.errors import FlagError

    if ticks < 1:
        raise FlagError("--minutes is too short for the number of sessions: each needs at least one tick")


def _expect_free(paths: list[Path], replace: bool) -> None:
    from understudy.contract.errors import FlagError

    for path in paths:
        if path.exists() and not replace:
            raise FlagError(f"{path} is there already: choose another --seed or --out, or say --replace")


def _record_wave(
    style: str,
    hardships: "DemonstrationNoise",
    start_maps: Sequence[str],
    seeds: "np.ndarray",
    paths: list[Path],
    ticks: int,
    on_ticks: Callable[[int], None],
) -> None:
    """Plays as many worlds as there are seeds for `ticks`, each into its own file.

    A file that is there already is replaced when the new one is whole, so a full disk costs no older recording.
    """
    from understudy.contract.action import Actor
    from understudy.contract.protocols import Pilot
    from understudy.contract.safe_files import replace_file, temporary_beside
    from understudy.recordings.episode import describe
    from understudy.recordings.vector_recorder import record_lockstep
    from understudy.worlds.catalog import load_profile
    from understudy.worlds.simulator.teacher.demonstration_noise import resized
    from understudy.worlds.simulator.teacher.noisy_teacher import NoisyTeacher
    from understudy.worlds.simulator.teacher.teacher import Teacher
    from understudy.worlds.simulator.world import Simulator

    world = Simulator(seeds, start_maps, resized(load_profile("darkorbit"), hardships.other_window))
    teacher: Pilot = NoisyTeacher(style, world.profile, hardships) if hardships.names else Teacher(style, world.profile)
    pilot = f"teacher:{style}" + (f" with {', '.join(hardships.names)}" if hardships.names else "")
    infos = [
        describe(world.profile, pilot=pilot, seed=int(seed), start_map=start_map, simulated_time=True)
        for seed, start_map in zip(seeds, start_maps, strict=True)
    ]
    written = [temporary_beside(path) if path.exists() else path for path in paths]
    try:
        record_lockstep(world, teacher, seeds, list(zip(written, infos, strict=True)), ticks, Actor.TEACHER, on_ticks)
        for new, path in zip(written, paths, strict=True):
            replace_file(new, path)
    finally:
        for new in set(written) - set(paths):
            new.unlink(missing_ok=True)
