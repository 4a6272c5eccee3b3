"""`understudy play` as a person meets it: a process of its own, a real X display, real mouse and key events."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from understudy.cli.main import main
from understudy.cli.play import Play
from understudy.contract.action import Actor
from understudy.contract.observation import Button, Role
from understudy.recordings.episode import Episode
from understudy.recordings.store import find_recordings, read_episode
from understudy.worlds.catalog import load_profile
from understudy.worlds.simulator.engine.readings import LASER, LOADED

PATIENCE_S = 90.0
WIDTH, HEIGHT = 1280, 720
LEG_TICKS = 160
"""How long one place of the map is flown to."""


class Player:
    """A person at a game that runs as a process of its own: acts by xdotool, sees by the recording as it grows."""

    def __init__(self, environment: dict[str, str], folder: Path, *flags: str) -> None:
        binary = shutil.which("xdotool")
        if binary is None:
            pytest.skip("xdotool is not installed (on Debian: apt install xdotool)")
        self._xdotool, self._environment, self._folder = binary, environment, folder
        command = [sys.executable, "-m", "understudy.cli.main", "play", "--record", "--out", str(folder), *flags]
        self.game = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def do(self, *words: str | int) -> None:
        """Moves, clicks or types on the display."""
        subprocess.run([self._xdotool, *map(str, words)], env=self._environment, check=True, timeout=30)

    def click(self, x: float, y: float) -> None:
        """Moves there (window fractions) and clicks, all within a few milliseconds."""
        self.do("mousemove", round(x * WIDTH), round(y * HEIGHT), "click", 1)

    def episode(self) -> Episode | None:
        """What has been recorded so far; None as long as there is nothing to read."""
        if self.game.poll() is not None:
            pytest.fail(f"the game ended with {self.game.returncode}: {self.game.communicate()[0]}")
        files = sorted(self._folder.glob("*.mcap"))
        if not files or files[0].stat().st_size == 0:
            return None
        episode = read_episode(files[0])
        return episode if len(episode) else None

    def wait_for(self, seen: Callable[[Episode], bool], what: str) -> Episode:
        """Watches until it has been seen."""
        until = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < until:
            episode = self.episode()
            if episode is not None and seen(episode):
                return episode
            time.sleep(0.2)
        pytest.fail(f"{what} was not seen within {PATIENCE_S:.0f} s")

    def leave(self, how: signal.Signals) -> tuple[int, str, Episode]:
        """Ends the game; gives its exit code, what it said, and the finished recording."""
        self.game.send_signal(how)
        said, _ = self.game.communicate(timeout=PATIENCE_S)
        (path,) = find_recordings(self._folder)
        return self.game.returncode, said, read_episode(path)


@pytest.fixture
def start_player(desktop_environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Player]]:
    players: list[Player] = []

    def start(*flags: str) -> Player:
        players.append(Player(desktop_environment, tmp_path / "recordings", *flags))
        return players[-1]

    yield start
    for player in players:
        if player.game.poll() is None:
            player.game.kill()
        player.game.communicate(timeout=30)


def selected(episode: Episode) -> bool:
    return bool(episode.observations["tracks"]["selected"][-40:].any())


def fly_by_the_minimap(player: Player, x: float, y: float) -> None:
    area = load_profile().minimap
    player.click(area.left + x * area.width, area.top + y * area.height)


def click_an_alien(player: Player) -> None:
    """Clicks the alien nearest to the ship where it should be by now; the recording is up to a second old."""
    episode = find_an_alien(player)
    track = enemies(episode)[0]
    age_s = min(2.0, time.perf_counter() - float(episode.observations["time_s"][-1]))
    player.click(float(track["x"] + track["vx"] * age_s), float(track["y"] + track["vy"] * age_s))


def find_an_alien(player: Player) -> Episode:
    """Flies from place to place until an alien is in sight: where the ship stands none need ever come by."""
    until = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until:
        episode = player.episode()
        if episode is not None and enemies(episode).size:
            return episode
        leg = 0 if episode is None else len(episode) // LEG_TICKS
        fly_by_the_minimap(player, 0.2 + 0.6 * (leg * 3 % 7) / 6, 0.2 + 0.6 * (leg * 2 % 5) / 4)
        time.sleep(1.5)
    pytest.fail(f"no alien was in sight within {PATIENCE_S:.0f} s")


def enemies(episode: Episode) -> np.ndarray:
    """Aliens in the last tick's open space, nearest first."""
    tracks = episode.observations["tracks"][-1]
    near = (np.abs(tracks["x"] - 0.5) < 0.26) & (np.abs(tracks["y"] - 0.5) < 0.3)
    return np.asarray(tracks[(tracks["id"] > 0) & (tracks["role"] == Role.ENEMY) & near])


@pytest.mark.desktop
def test_real_clicks_and_keys_fly_select_and_shoot_and_are_all_in_the_recording(
    start_player: Callable[..., Player],
) -> None:
    player = start_player("--seed", "3", "--map", "1-1")
    player.wait_for(lambda episode: len(episode) > 10, "the game")
    fly_by_the_minimap(player, 0.30, 0.27)
    player.wait_for(lambda episode: bool((episode.observations["player"]["x"] > 0.22).any()), "a flight by the minimap")
    for _ in range(12):
        click_an_alien(player)
        time.sleep(1.2)
        if selected(player.episode() or pytest.fail("nothing recorded")):
            break
    player.wait_for(selected, "a selected alien")
    player.do("key", "Control_L")
    player.wait_for(lambda episode: bool(episode.observations["player"]["switches"][..., LASER].any()), "the laser")
    player.do("key", "2")
    player.wait_for(
        lambda episode: int(episode.observations["player"]["selectors"][..., LOADED][-1]) == 2, "other ammunition"
    )

    code, said, episode = player.leave(signal.SIGTERM)

    assert code == 0, said
    assert "points" in said
    assert episode.losses == ()
    assert (episode.actors == Actor.PERSON).all()
    presses = [event for event in episode.inputs if (event.kind, event.code) == ("press", "left")]
    clicks = np.flatnonzero(np.diff(episode.actions["button"].astype(int), prepend=0) == Button.LEFT)
    assert len(presses) == len(clicks) >= 2, "each click, however short, is a click of one tick"
    profile, minimap = load_profile(), load_profile().minimap
    first = episode.actions[clicks[0]]
    assert first["cursor_x"] == pytest.approx(minimap.left + 0.30 * minimap.width, abs=0.002)
    assert first["cursor_y"] == pytest.approx(minimap.top + 0.27 * minimap.height, abs=0.002)
    assert (episode.actions["keys"] & profile.key_bit("ctrl")).any()
    keys = [(event.kind, event.code) for event in episode.inputs if event.code not in ("left", "")]
    assert keys == [("press", "ctrl"), ("release", "ctrl"), ("press", "2"), ("release", "2")]
    times = episode.observations["time_s"]
    assert all(times[0] <= event.time_s <= times[-1] + 1.0 for event in episode.inputs)
    assert episode.info.seed == 3
    assert episode.info.start_map == "1-1"


@pytest.mark.desktop
def test_the_game_ends_by_itself_after_the_minutes_that_were_asked_for(start_player: Callable[..., Player]) -> None:
    player = start_player("--minutes", "0.05", "--size", "640", "360")
    said, _ = player.game.communicate(timeout=PATIENCE_S)
    assert player.game.returncode == 0, said
    assert "0 kills" in said


@pytest.mark.parametrize("flags", [["--size", "10", "10"], ["--minutes", "-1"]])
def test_numbers_that_make_no_game_are_refused_in_one_sentence(flags: list[str]) -> None:
    assert main(["play", *flags]) == 2


def test_a_map_that_does_not_exist_is_refused_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "--map", "9-9"]) == 2
    assert "1-1, 1-2, 1-3, 1-4" in capsys.readouterr().err


def test_recordings_of_a_person_go_where_training_looks() -> None:
    assert Play().out == Path("recordings/v2_training")


@pytest.mark.desktop
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_recording_made_by_real_mouse_and_keys_trains_and_plays(
    start_player: Callable[..., Player], tmp_path: Path
) -> None:
    player = start_player("--seed", "5", "--map", "1-1")
    player.wait_for(lambda episode: len(episode) > 10, "the game")
    until = time.perf_counter() + 200.0
    while time.perf_counter() < until:
        play_a_little(player)
    code, said, episode = player.leave(signal.SIGTERM)
    assert code == 0, said
    assert episode.duration_s > 190.0

    models, recordings = tmp_path / "models", tmp_path / "recordings"
    train = ["train", "--data-dir", str(recordings), "--output-dir", str(models), "--log-dir", str(tmp_path / "logs")]
    assert main([*train, "--epoch-scale", "0.05", "--device", "cpu"]) == 0
    judge = ["evaluate", "--models", str(models), "--worlds", "4", "--seconds", "20", "--processes", "1"]
    assert main([*judge, "--out", str(tmp_path / "judged")]) == 0
    assert (tmp_path / "judged" / "report.html").exists()


def play_a_little(player: Player) -> None:
    """Flies to an alien, shoots at it, and breaks off."""
    click_an_alien(player)
    player.do("key", "Control_L")
    time.sleep(1.5)
    player.click(0.45, 0.4)
    player.do("key", "space")
    time.sleep(1.0)
