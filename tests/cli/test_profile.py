"""A profile made from a screenshot, unattended: by flags, by piped answers, and what is refused."""

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.canvas_pictures import canvas_picture
from understudy.cli.main import main
from understudy.cli.profile import write_confidences
from understudy.cli.show.images import read_picture, write_picture
from understudy.contract.game.readings import Gauge
from understudy.contract.profile import Margins, Profile
from understudy.contract.screen_layout import Area, Counter, Dial, Score, Screen
from understudy.contract.serialization import read_toml
from understudy.contract.toml_writer import to_toml
from understudy.worlds.catalog import load_profile

FLAGS = ["--name", "pond", "--title", "Pond", "--keys", "space", "--maps", "pond", "--kinds", "duck:ENEMY:2 bread:LOOT"]
PLACES = ["--panels", "0 0 200 40", "--minimap", "300 200 400 300", "--ship", "350 250"]
BARS = ["--hp", "40 10 140 20 40", "--shield", "-"]


@pytest.fixture
def screenshot(tmp_path: Path) -> Path:
    """A game that nobody has seen before: a bar at 40 %, a minimap with a white dot in its middle."""
    frame = np.full((300, 400, 3), (20, 60, 30), np.uint8)
    frame[10:20, 40:140] = (15, 15, 15)
    frame[10:20, 40:80] = (220, 40, 40)
    frame[200:300, 300:400] = (0, 10, 30)
    frame[248:253, 348:353] = 255
    write_picture(tmp_path / "shot.png", frame)
    return tmp_path / "shot.png"


def test_flags_alone_make_a_profile_that_reads_its_own_screenshot(
    screenshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pond.toml"
    assert main(["profile", "new", "--screenshot", str(screenshot), "--out", str(out), *FLAGS, *PLACES, *BARS]) == 0
    profile = read_toml(Profile, out)
    assert (profile.window_width, profile.kinds[0].name, profile.kinds[0].value) == (400, "duck", 2.0)
    assert out.with_suffix(".png").is_file()
    printed = capsys.readouterr().out
    assert "40 %" in printed
    assert "50 % across" in printed
    assert main(["profile", "check", str(screenshot), "--profile", str(out)]) == 0


def test_what_no_flag_says_is_asked_for(
    screenshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ["0 0 9999 40", "", "0 0 200 40", "40 10 140 20 40", "-", "300 200 400 300", "350 250"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(answers) + "\n"))
    out = tmp_path / "asked.toml"
    assert main(["profile", "new", "--screenshot", str(screenshot), "--out", str(out), *FLAGS]) == 0
    printed = capsys.readouterr().out
    assert "does not lie in the picture" in printed, "the first answer was wrong and asked for again"
    assert "Nothing was typed" in printed, "nor does Enter throw away what was answered before"
    assert "No objects were looked for" in printed and "shield" not in printed.partition("is written")[2]
    assert len(read_toml(Profile, out).panels) == 1


def test_a_profile_that_is_there_is_not_lost(
    screenshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pond.toml"
    out.write_text("# an evening's work")
    command = ["profile", "new", "--screenshot", str(screenshot), "--out", str(out), *FLAGS, *PLACES, *BARS]
    assert main(command) == 2
    assert "--replace" in capsys.readouterr().err and out.read_text() == "# an evening's work"
    assert main([*command, "--replace"]) == 0


def test_a_question_that_nobody_answers_names_its_flag(
    screenshot: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["profile", "new", "--screenshot", str(screenshot), *FLAGS]) == 2
    assert "--panels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        ("--hp", "40 10 140 20 100", "about half full"),
        ("--hp", "40 10 140", "5 numbers were expected"),
        ("--kinds", "duck:MONSTER:1", "name:ROLE:value:strength"),
        ("--kinds", "duck:NONE:1", "ROLE one of ENEMY"),
        ("--keys", "space none", "'none' is no key"),
        ("--minimap", "300 200 900 300", "does not lie in the picture"),
        ("--minimap", "nan 200 400 300", "does not lie in the picture"),
        ("--name", "../pond", "cannot be the game's name"),
        ("--title", "Pond\x1b[31m", "window_title must have at most 256 printable characters"),
        ("--kinds", "duck:ENEMY:nan", "the value of a kind must lie between"),
        ("--keys", " ".join(f"f{number}" for number in range(1, 34)), "33 keys were given where 32 are the most"),
    ],
)
def test_an_answer_that_makes_no_sense_is_one_sentence(
    screenshot: Path, capsys: pytest.CaptureFixture[str], flag: str, value: str, says: str
) -> None:
    arguments = [*FLAGS, *PLACES, *BARS]
    arguments[arguments.index(flag) + 1] = value
    assert main(["profile", "new", "--screenshot", str(screenshot), *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_profile_that_does_not_fit_the_picture_says_what_cannot_be_read(
    screenshot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["profile", "check", str(screenshot)]) == 1
    assert "The bar shield cannot be read" in capsys.readouterr().out


def test_a_ring_or_a_number_that_cannot_be_read_is_called_what_it_is(
    screenshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ring = Dial(x=0.5, y=0.5, radius=20.0, full=((1, 2, 3),), empty=((3, 2, 1),))
    area = Area(left=0.1, top=0.1, width=0.1, height=0.1)
    number = Counter(most=3.0, score=Score(area=area, colour=(1, 2, 3), digits={}))
    gauges = (Gauge(name="fuel", reading=ring), Gauge(name="lives", reading=number))
    (tmp_path / "pond.toml").write_text(to_toml(replace(load_profile("darkorbit"), gauges=gauges)))
    assert main(["profile", "check", str(screenshot), "--profile", str(tmp_path / "pond.toml")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "The ring fuel cannot be read in this picture: check its centre, its radius" in said
    assert "The number lives cannot be read in this picture: check its area" in said


def test_a_file_that_is_no_picture_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "check", str(tmp_path / "missing.png")]) == 2
    assert "no picture" in capsys.readouterr().err


def test_proposed_confidences_are_written_beside_what_the_profile_says(working_folder: Path) -> None:
    from understudy.worlds.catalog import PROFILES

    path = working_folder / "mine.toml"
    path.write_text("# my own words\n" + (PROFILES / "darkorbit.toml").read_text(encoding="utf-8"), encoding="utf-8")
    before = read_toml(Profile, path)
    write_confidences(path, {"streuner": 0.12, "Bonus Box": 0.25})
    write_confidences(path, {"streuner": 0.2})
    after = read_toml(Profile, path)
    assert path.read_text(encoding="utf-8").startswith("# my own words")
    assert after.eye is not None and before.eye is not None
    assert after.eye.confidences == {"streuner": 0.2}
    assert replace(after, eye=replace(after.eye, confidences={})).eye == before.eye and after == before


def test_a_profile_whose_eye_stands_in_one_line_gets_its_confidences_too(working_folder: Path) -> None:
    path = working_folder / "mine.toml"
    path.write_text(to_toml(replace(load_profile(), eye=Screen(confidence=0.4))), encoding="utf-8")
    write_confidences(path, {"streuner": 0.2})
    eye = read_toml(Profile, path).eye
    assert eye is not None and (eye.confidence, eye.confidences) == (0.4, {"streuner": 0.2})


def test_a_play_area_is_cut_out_and_places_are_still_pixels_of_the_screenshot(
    screenshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = np.full((387, 416, 3), (210, 220, 230), np.uint8)  # a toolbar above, a scroll bar on the right
    frame[87:, :400] = read_picture(screenshot)
    write_picture(tmp_path / "browser.png", frame)
    out = tmp_path / "pond.toml"
    places = ["--panels", "0 87 200 127", "--minimap", "300 287 400 387", "--ship", "350 337", "--shield", "-"]
    area = ["--play-area", "0 87 400 387", "--forbidden", "200 87 400 127", "--hp", "40 97 140 107 40"]
    made = ["profile", "new", "--screenshot", str(tmp_path / "browser.png"), "--out", str(out)]
    assert main([*made, *FLAGS, *places, *area]) == 0
    profile = read_toml(Profile, out)
    assert profile.play_area == Margins(top=87, right=16)
    assert (profile.window_width, profile.window_height) == (400, 300)
    assert profile.forbidden[0].left == 0.5 and profile.forbidden[0].top == 0.0
    assert "40 %" in capsys.readouterr().out
    assert main(["profile", "check", str(tmp_path / "browser.png"), "--profile", str(out)]) == 0
    assert main([*made, "--replace", *FLAGS, *places, "--hp", "-", "--play-area", "0 87 400 999"]) == 2


def moving_screenshots(folder: Path) -> list[str]:
    for number in range(6):
        write_picture(folder / f"window_{number}.png", canvas_picture(8 * number))
    return [str(folder / f"window_{number}.png") for number in range(6)]


MOVING = ["--panels", "-", "--minimap", "-", "--hp", "-", "--shield", "-"]


def test_what_moves_is_proposed_as_the_play_area_and_one_key_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *later = moving_screenshots(tmp_path)
    out = tmp_path / "pond.toml"
    monkeypatch.setattr("sys.stdin", io.StringIO("what?\n\n"))
    made = ["profile", "new", "--screenshot", first, "--later", *later, "--out", str(out), *FLAGS, *MOVING]
    assert main(made) == 0
    profile = read_toml(Profile, out)
    assert profile.play_area == Margins(left=246, top=124, right=1280 - 1035, bottom=720 - 593)
    assert profile.locate_play_area and (tmp_path / "pond.play_area.png").is_file()
    assert "Enter takes it" in capsys.readouterr().out
    write_picture(tmp_path / "bar.png", canvas_picture(3, shift=40))
    assert main(["profile", "check", str(tmp_path / "bar.png"), "--profile", str(out)]) == 0
    assert "found by its picture at 246 164 1035 633" in capsys.readouterr().out
    write_picture(tmp_path / "page.png", np.full((720, 1280, 3), 255, np.uint8))
    main(["profile", "check", str(tmp_path / "page.png"), "--profile", str(out)])
    assert "not found by its picture" in capsys.readouterr().out


def test_unattended_the_flag_takes_what_moves_and_a_still_game_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *later = moving_screenshots(tmp_path)
    made = ["profile", "new", "--out", str(tmp_path / "pond.toml"), *FLAGS, *MOVING, "--play-area", "moving"]
    assert main([*made, "--screenshot", first, "--later", *later]) == 0
    assert read_toml(Profile, tmp_path / "pond.toml").margins.top == 124
    assert main([*made, "--replace", "--screenshot", first, "--later", first]) == 2
    assert "Nothing moves" in capsys.readouterr().err
    for wrong in (["--screenshot", first], ["--live", "--screenshot", first], []):
        assert main([*made, "--replace", *wrong]) == 2


def test_score_game_over_and_a_bar_from_below_are_pointed_at_and_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shot(name: str, score: str, *, is_over: bool = False) -> str:
        frame = np.full((387, 416, 3), (210, 220, 230), np.uint8)
        frame[87:, :400] = (20, 60, 30)
        frame[100:200, 10:20] = (15, 15, 15)
        frame[140:200, 10:20] = (220, 40, 40)
        cv2.putText(frame, score, (210, 117), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2, cv2.LINE_AA)
        if is_over:
            frame[187:287, 100:300] = 245
            frame[240:270, 150:250] = (40, 90, 200)
        write_picture(tmp_path / name, frame)
        return str(tmp_path / name)

    first, other, end = shot("a.png", "1250"), shot("b.png", "346789"), shot("end.png", "17", is_over=True)
    out = tmp_path / "pond.toml"
    made = ["profile", "new", "--screenshot", first, "--out", str(out), *FLAGS, "--play-area", "0 87 400 387"]
    made += ["--panels", "-", "--minimap", "-", "--shield", "-", "--hp", "10 100 20 200 60 up"]
    scored = ["--score", "200 90 399 130", "--score-values", f"1250 {other}=346789"]
    assert main([*made, *scored, "--game-over-shot", end, "--game-over", "100 187 300 287 200 255"]) == 0
    made_profile = read_toml(Profile, out)
    eye, hp = made_profile.eye, made_profile.gauges[0].reading
    assert eye is not None and hp is not None and eye.score is not None and eye.game_over is not None
    assert hp.fills == "up" and sorted(eye.score.digits) == list("0123456789") and made_profile.shows_outcomes
    assert eye.game_over.restart == pytest.approx((200.5 / 400, 168.5 / 300))
    printed = capsys.readouterr().out
    assert "60 %" in printed and "1250" in printed and "game over" in printed
    assert main(["profile", "check", end, "--profile", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "yes" in printed and "17" in printed
    for wrong, says in (
        (["--score", "200 90 399 130"], "belong together"),
        (["--score", "200 90 399 130", "--score-values", "125"], "4 digits are seen"),
        (["--game-over", "100 187 300 287"], "needs a screenshot"),
        (["--game-over-shot", first, "--game-over", "100 187 300 287"], "looks alike"),
    ):
        assert main([*made, "--replace", *wrong]) == 2
        assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--game-over-shot", "missing.png"], "missing.png is no picture"),
        (["--score", "200 90 399 130", "--score-values", "1250 missing.png=970"], "missing.png is no picture"),
        (["--score", "200 90 399 130", "--score-values", "12x0"], "'12x0' was given"),
    ],
)
def test_pictures_of_flags_are_looked_at_before_anything_is_asked(
    flags: list[str],
    message: str,
    screenshot: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["profile", "new", "--screenshot", str(screenshot), *flags]) == 2
    printed = capsys.readouterr()
    assert message in printed.err and "called" not in printed.out + printed.err


def test_a_game_without_keys_minimap_or_bars_gets_a_profile_that_loads(screenshot: Path, tmp_path: Path) -> None:
    out = tmp_path / "dots.toml"
    flags = ["--name", "dots", "--title", "Dots", "--keys", "", "--maps", "dots", "--kinds", "dot:LOOT:1"]
    nothing = [part for name in ("minimap", "hp", "shield", "ship") for part in (f"--{name}", "-")]
    made = ["profile", "new", "--screenshot", str(screenshot), "--out", str(out), *flags, *nothing, "--panels", ""]
    assert main(made) == 0
    assert read_toml(Profile, out).keys == ()
    assert main(["profile", "check", str(screenshot), "--profile", str(out)]) == 0


@pytest.mark.parametrize("fills", ["below", "right"])
def test_check_names_a_bar_that_does_not_fill_from_the_left(
    screenshot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fills: str
) -> None:
    out = tmp_path / "pond.toml"
    assert main(["profile", "new", "--screenshot", str(screenshot), "--out", str(out), *FLAGS, *PLACES, *BARS]) == 0
    frame = read_picture(screenshot).copy()
    frame[10:20, 40:140] = (15, 15, 15)
    frame[(slice(14, 20), slice(40, 140)) if fills == "below" else (slice(10, 20), slice(80, 140))] = (220, 40, 40)
    write_picture(tmp_path / "other.png", frame)
    capsys.readouterr()
    assert main(["profile", "check", str(tmp_path / "other.png"), "--profile", str(out)]) == 1
    printed = capsys.readouterr().out
    assert "The bar hp does not fill to the right, as its profile says" in printed and "100 %" not in printed
