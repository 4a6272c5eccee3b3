"""Decides a recording once more: `replay_process.py MODELS RECORDING`; prints ticks and how many came out otherwise."""

import sys
from pathlib import Path

import torch

from understudy.recordings.store import read_episode
from understudy.runtime.process_replay import differences, hierarchy_of, replay

if __name__ == "__main__":
    torch.set_num_threads(1)
    episode = read_episode(Path(sys.argv[2]))
    found = differences(episode, replay(episode, hierarchy_of(episode, Path(sys.argv[1]))))
    print(len(found), int(found.sum()))
