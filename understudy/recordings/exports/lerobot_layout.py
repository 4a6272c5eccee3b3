"""Names, paths and versions of a LeRobot data set, version 3, as this project writes and reads it.

Source: https://huggingface.co/docs/lerobot/lerobot-dataset-v3.
"""

from understudy.recordings.exports.vectors import action_vectors, environment_vectors, state_vectors

VERSION = "v3.0"
EPISODES_PER_CHUNK = 1000
_NUMBERED = "chunk-{chunk_index:03d}/file-{file_index:03d}"
FILE = f"{_NUMBERED}.parquet"
VIDEO_FILE = f"videos/{{video_key}}/{_NUMBERED}.mp4"
_FIRST = FILE.format(chunk_index=0, file_index=0)
EPISODES_PATH, TASKS_PATH = f"meta/episodes/{_FIRST}", "meta/tasks.parquet"
INFO_PATH, STATS_PATH = "meta/info.json", "meta/stats.json"
OWN_PATH = "meta/understudy.json"
"""EpisodeInfo of each episode, which LeRobot ignores."""

PICTURES = "observation.images.screen"
"""The feature of recorded pictures."""
ACTION, STATE, ENVIRONMENT = "action", "observation.state", "observation.environment_state"
VECTORS = {ACTION: action_vectors, STATE: state_vectors, ENVIRONMENT: environment_vectors}
KNOWN = {STATE: "known.state", ENVIRONMENT: "known.environment_state"}
"""Masks of what is known; their names begin otherwise, so that LeRobot does not learn from them unasked."""


def data_path(episode: int) -> str:
    """Returns the path of the ticks of an episode: a file each."""
    chunk_index, file_index = divmod(episode, EPISODES_PER_CHUNK)
    return "data/" + FILE.format(chunk_index=chunk_index, file_index=file_index)


def video_path(episode: int) -> str:
    """Returns the path of the pictures of an episode: a file each."""
    chunk_index, file_index = divmod(episode, EPISODES_PER_CHUNK)
    return VIDEO_FILE.format(video_key=PICTURES, chunk_index=chunk_index, file_index=file_index)
