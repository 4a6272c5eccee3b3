"""A game that is not ours: Debian's xbill (apt install xbill), recorded and replayed with only a profile and weights.

    python benchmarks/second_game.py shots  --folder F     # screenshots, with labels found by the game's own sprites
    understudy detector train --images F/shots --labels F/labels --out F/bill.onnx --output-dir F/detector --epochs 20
    python benchmarks/second_game.py record --folder F     # recorder_v2 watches a script that clicks on what walks
    python benchmarks/second_game.py replay --folder F     # what was recorded, held against the screen's pixels
    understudy train --data-dir F/recordings --output-dir F/models
    python benchmarks/second_game.py play   --folder F     # the understudy plays; once more with --nobody to compare

In xbill little men walk to the computers and have to be clicked before they get there. The script that plays sees the
screen by comparing it with the game's sprites, which is also how the screenshots are labelled; the detector, the eye
and the recorder know nothing of sprites. Each stage opens an X server of its own.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from desktop import AreaGuard, x_server
from PIL import Image
from smallest import require, runs

from understudy.worlds.desktop.platform import open_camera, open_injector, open_windows
from understudy.worlds.desktop.windows.window_system import Area, find_window

SPRITES = Path("/usr/share/xbill/pixmaps")
PROFILE = Path(__file__).parent / "second_game.toml"
WALKING = [f"bill{side}_{number}" for side in "LR" for number in range(3)]
SURE = 0.97
"""How well a sprite has to fit, normalised correlation."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("shots", "record", "replay", "play"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--shots", type=int, default=80)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--nobody", action="store_true", help="play: nobody plays")
    small = ("--folder", "{folder}/bill", "--shots", "4", "--seconds", "3")
    for words in runs(("shots", *small), ("play", *small, "--nobody")):
        asked = parser.parse_args(words)
        {"shots": shots, "record": record, "replay": replay, "play": play}[asked.stage](asked)


def sprites() -> list[tuple[np.ndarray, np.ndarray]]:
    """The walking men as (RGB, mask)."""
    found = []
    for name in WALKING:
        rgba = np.array(Image.open(SPRITES / f"{name}.xpm").convert("RGBA"))
        found.append((np.ascontiguousarray(rgba[:, :, :3]), (rgba[:, :, 3] > 0).astype(np.uint8)))
    return found


def men(picture: np.ndarray, known: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[float, float, int, int]]:
    """Middle and size in pixels of each walking man in a picture."""
    places: dict[tuple[int, int], tuple[float, float, int, int]] = {}
    for sprite, mask in known:
        fit = cv2.matchTemplate(picture, sprite, cv2.TM_CCORR_NORMED, mask=np.repeat(mask[:, :, None], 3, 2))
        height, width = mask.shape
        fit[~np.isfinite(fit)] = 0
        for top, left in np.argwhere(fit >= SURE):
            middle = (left + width / 2, top + height / 2)
            if all(abs(middle[0] - x) + abs(middle[1] - y) > 12 for x, y, _, _ in places.values()):
                places[int(left), int(top)] = (*middle, width, height)
    return list(places.values())


class Game:
    """xbill on a display, from outside."""

    def __init__(self, folder: Path, level: int) -> None:
        environment = {**os.environ, "HOME": str(folder)}
        self.process = subprocess.Popen(["/usr/games/xbill", "-l", str(level)], env=environment)
        self.windows, self.camera, self.pointer = open_windows(), open_camera(), open_injector()
        until = time.perf_counter() + 20
        while "xbill" not in self.windows.titles().values() and time.perf_counter() < until:
            time.sleep(0.1)
        self.window = find_window(self.windows, "xbill")
        area = self.windows.area(self.window)
        assert area is not None
        self.area: Area = area

    def look(self) -> np.ndarray:
        return self.camera.grab(self.area).pixels

    def click(self, x: float, y: float) -> None:
        """A person's click: there, down, and up a moment later."""
        self.pointer.guard_with(AreaGuard(self.windows.desktop()))  # its dialogs lie beside its window
        self.pointer.move(self.area.left + round(x), self.area.top + round(y))
        time.sleep(0.06)
        self.pointer.press("button", "left")
        time.sleep(0.06)
        self.pointer.release("button", "left")

    def answer(self) -> bool:
        """Presses OK, low on the left, in the dialog between two levels; says whether there was one."""
        for number in self.windows.titles():
            dialog = None if number == self.window else self.windows.area(number)
            if dialog is not None:
                self.click(dialog.left - self.area.left + 16, dialog.top - self.area.top + dialog.height - 14)
                return True
        return False

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.pointer.close()
        self.camera.close()
        self.windows.close()


def shots(asked: argparse.Namespace) -> None:
    """Screenshots of several levels while the script plays, each with its labels."""
    for name in ("shots", "labels"):
        (asked.folder / name).mkdir(parents=True, exist_ok=True)
    (asked.folder / "labels" / "classes.txt").write_text("bill\n", encoding="utf-8")
    known, number = sprites(), 0
    with x_server() as display:
        os.environ["DISPLAY"] = display
        for level in (1, 3, 5, 7):
            game = Game(asked.folder, level)
            for _ in range(asked.shots // 4):
                time.sleep(0.4)
                picture = game.look()
                found = men(picture, known)
                height, width = picture.shape[:2]
                lines = [f"0 {x / width:.5f} {y / height:.5f} {w / width:.5f} {h / height:.5f}" for x, y, w, h in found]
                Image.fromarray(picture).save(asked.folder / "shots" / f"{number:03d}.png")
                (asked.folder / "labels" / f"{number:03d}.txt").write_text("\n".join(lines), encoding="utf-8")
                number += 1
                if found and number % 3 == 0:
                    game.click(*found[0][:2])
            game.close()
    print(f"{number} screenshots")


def record(asked: argparse.Namespace) -> None:
    """The script plays; recorder_v2 watches from a process of its own."""
    known = sprites()
    with x_server() as display:
        os.environ["DISPLAY"] = display
        game = Game(asked.folder, 2)
        command = [sys.executable, "-m", "darkorbit_bot.v2.recording.recorder_v2", "--window", "xbill", "--start-now"]
        command += ["--profile", str(PROFILE), "--model", str(asked.folder / "bill.onnx")]
        command += ["--out", str(asked.folder / "recordings"), "--minutes", str(asked.seconds / 60)]
        watching = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        clicked = 0
        while watching.poll() is None:
            found = [] if game.answer() else men(game.look(), known)
            if found:
                game.click(*found[0][:2])
                clicked += 1
            time.sleep(0.25)
        print(watching.communicate()[0].strip())
        require(watching.returncode == 0, f"the recorder has ended with {watching.returncode}")
        print(f"{clicked} clicks were made, some before the recording began")
        Image.fromarray(game.look()).save(asked.folder / "end.png")
        game.close()


def play(asked: argparse.Namespace) -> None:
    """The understudy plays; a script answers the dialogs between levels and keeps a picture every ten seconds."""
    with x_server() as display:
        os.environ["DISPLAY"] = display
        game = Game(asked.folder, 2)
        command = [sys.executable, "-m", "understudy.cli.main", "run", "--world", "desktop", "--window", "xbill"]
        command += ["--profile", str(PROFILE), "--model", str(asked.folder / "bill.onnx"), "--no_online_learning"]
        command += ["--models", str(asked.folder / "models"), "--minutes", str(asked.seconds / 60)]
        if asked.nobody:
            command = ["sleep", str(asked.seconds)]
        playing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        began_s, answered, kept = time.perf_counter(), 0, 0
        while playing.poll() is None:
            answered += game.answer()
            time.sleep(0.25)
            if time.perf_counter() - began_s > 10 * kept:
                name = f"{'nobody' if asked.nobody else 'played'}_{kept:02d}.png"
                Image.fromarray(game.look()).save(asked.folder / name)
                kept += 1
        print(playing.communicate()[0].strip())
        require(playing.returncode == 0, f"the understudy has ended with {playing.returncode}")
        print(f"{answered} dialogs were answered")
        game.close()


def replay(asked: argparse.Namespace) -> None:
    """The recording as a session again: what the eye saw where the script clicked."""
    from understudy.contract.observation import Button, Role
    from understudy.recordings.store import find_recordings, read_episode

    for path in find_recordings(asked.folder / "recordings"):
        episode = read_episode(path)
        seen, pressed = episode.observations, episode.actions["button"] == Button.LEFT
        onsets = np.flatnonzero(pressed & ~np.concatenate([[False], pressed[:-1]]))
        enemies = (seen["tracks"]["id"] > 0) & (seen["tracks"]["role"] == Role.ENEMY)
        misses = []
        for tick in onsets:
            there = seen["tracks"][tick][enemies[tick]]
            away = np.hypot(
                (there["x"] - episode.actions["cursor_x"][tick]) * episode.info.window_width,
                (there["y"] - episode.actions["cursor_y"][tick]) * episode.info.window_height,
            )
            misses.append(away.min() if len(away) else np.inf)
        print(
            f"{path.name}: {len(episode)} ticks, {enemies.sum(axis=1).mean():.2f} men in sight, {len(onsets)} clicks, "
            f"{np.mean(np.array(misses) < 25):.0%} of them within 25 pixels of a man that the eye saw"
        )


if __name__ == "__main__":
    main()
