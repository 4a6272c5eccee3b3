"""Steps `perceive` and `train`: the recorded pictures through the game's own detector, then the three policies."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.contract.safe_files import keep_under_new_name

if TYPE_CHECKING:
    from understudy.cli.new_game.dialogue import Dialogue
    from understudy.cli.new_game.game_folder import GameFolder

MOST_FINDINGS = 3
"""Findings of the doctor that are printed."""


def perceive_play(folder: "GameFolder", dialogue: "Dialogue") -> int:
    """Perceives all play with the game's detector, into new recordings; then says what the doctor finds.

    Raises:
        UnderstudyError: if a recording has no pictures, or cannot be written.
    """
    from understudy.cli.pictures.reperceive import lineage_of, perceive_episode, with_pictures
    from understudy.recordings.key_selection import with_profile
    from understudy.recordings.store import finished_recordings, read_episode, write_episode
    from understudy.recordings.video.video_paths import video_path
    from understudy.worlds.catalog import load_profile

    profile = load_profile(str(folder.profile))
    num_ticks = num_seen = num_objects = 0
    for path in with_pictures(finished_recordings(folder.play), dialogue.say):
        episode = with_profile(read_episode(path), profile)
        done = perceive_episode(path, episode, profile, folder.detector, dialogue.say)
        lineage = lineage_of(path, folder.detector, done.num_seen)
        info = replace(done.episode.info, perceived=True, reperceptions=(*episode.info.reperceptions, lineage))
        target = folder.recordings / path.name
        write_episode(replace(done.episode, info=info, losses=()), target)
        _link(video_path(path), video_path(target))
        num_ticks, num_seen = num_ticks + len(episode), num_seen + done.num_seen
        num_objects += int((done.episode.observations["tracks"]["id"] > 0).sum())
    findings = _findings(folder.recordings)
    for line in findings:
        dialogue.say(line)
    in_sight = num_objects / max(1, num_ticks)
    folder.finish("perceive", f"{num_seen} of {num_ticks} ticks perceived; {in_sight:.1f} objects in sight on average.")
    return 0


def train_policies(folder: "GameFolder", dialogue: "Dialogue") -> int:
    """Trains on all perceived play.

    Raises:
        TooLittlePlayError: if there is too little to learn from; it says how more is played here.
    """
    from understudy.cli import train
    from understudy.contract.errors import TooLittlePlayError

    command = train.Train(
        data_dir=folder.recordings,
        output_dir=folder.models,
        log_dir=folder.logs,
        resume=_was_interrupted(folder),
    )
    try:
        code = train.run(command)
    except TooLittlePlayError as problem:
        raise TooLittlePlayError(
            problem.lack,
            f"play more with  understudy new-game {folder.progress.name} --folder {folder.folder} --again play "
            "; what was played is kept, and counts.",
        ) from problem
    if code == 0:
        folder.finish("train", f"Strategist, Tactician and Executor are in {folder.models}.")
    return code


def _was_interrupted(folder: "GameFolder") -> bool:
    """Returns whether a training on these very recordings was begun before."""
    last = folder.models / "strategist" / "last_model.pt"
    perceived_s = max(path.stat().st_mtime for path in folder.recordings.glob("*.mcap"))
    return last.exists() and last.stat().st_mtime > perceived_s


def _findings(recordings: Path) -> list[str]:
    """Returns the worst findings of the doctor, one line each."""
    from understudy.evaluation.diagnostics.diagnose import diagnose

    found = diagnose(recordings).findings
    return [f"{one.severity.name.lower()}: {one.what} ({one.figure}): {one.advice}" for one in found[:MOST_FINDINGS]]


def _link(source: Path, target: Path) -> None:
    """Puts the pictures beside the perceived recording, without a second copy where the file system can."""
    target.unlink(missing_ok=True)
    keep_under_new_name(source, target)
