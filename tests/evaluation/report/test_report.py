"""The page is complete, stands alone and escapes what it is given."""

import base64
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthetic_rollouts import made_up_verdict
from understudy.contract.errors import FlagError
from understudy.evaluation.offline.head_metrics import choice_head, event_head
from understudy.evaluation.report.plots import Curve, CurvePanel
from understudy.evaluation.report.report import Report, render_report, write_report

VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Collects text, images and sources, and insists on balanced tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.sources: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.sources += [value or "" for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def full_report(video: Path | None = None) -> Report:
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 200)
    probability = random.beta(0.3, 8, 500)
    return Report(
        title="Understudy <b>& hunter",
        verdict=made_up_verdict(),
        heads=(
            choice_head("Strategist", random.dirichlet(np.ones(3), 200), truth, ("a", "b", "c")),
            event_head("Executor", probability, random.random(500) < probability),
        ),
        curves=(CurvePanel(title="loss", x_label="step", curves=(Curve(name="x", x=(0.0, 1.0), y=(2.0, 1.0)),)),),
        facts=(("recorded", "60 minutes"),),
        video=video,
    )


def test_the_page_stands_alone(tmp_path: Path) -> None:
    video = tmp_path / "play.webm"
    video.write_bytes(b"\x1aE\xdf\xa3 not a real film")
    reader = read(render_report(full_report(video)))
    # scores, maps, travel, modes; curve; head pictures; calibration; video
    assert len(reader.sources) == 4 + 1 + 2 + 1 + 1
    assert all(source.startswith("data:") for source in reader.sources)
    film = next(source for source in reader.sources if source.startswith("data:video/webm;base64,"))
    assert base64.b64decode(film.partition(",")[2]) == video.read_bytes()


def test_every_picture_is_sound_svg() -> None:
    for source in read(render_report(full_report())).sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/svg+xml;base64"
        root = ElementTree.fromstring(base64.b64decode(data))
        assert root.tag.endswith("svg")


def test_every_pilot_every_figure_and_the_method_are_in_the_text() -> None:
    text = read(render_report(full_report())).text
    for words in ("understudy", "hunter", "random", "15.0", "30.0", "log loss", "60 minutes", "paired", "LOOT"):
        assert words in text
    assert "Understudy <b>& hunter" in text  # escaped in the source, or the reader would have met a tag


def test_no_text_becomes_a_tag() -> None:
    hostile = "</td><script>x</script>'\"&"
    report = replace(
        full_report(),
        lead=hostile,
        facts=((hostile, hostile),),
        heads=(event_head(hostile, np.array([0.2, 0.9]), np.array([False, True])),),
        curves=(CurvePanel(title=hostile, x_label="step", curves=(Curve(name=hostile, x=(0.0, 1.0), y=(2.0, 1.0)),)),),
    )
    reader = read(render_report(report))
    assert "script" not in reader.tags
    assert reader.text.count(hostile) == 4  # the lead, the fact's name and value, the head


def test_only_final_seeds_are_called_held_out() -> None:
    text = read(render_report(full_report())).text
    assert "held-out worlds" in text
    assert "not a final figure" not in text


def test_the_same_report_is_written_twice_byte_for_byte(tmp_path: Path) -> None:
    report = full_report()
    write_report(report, tmp_path / "deep" / "a.html")
    write_report(report, tmp_path / "deep" / "b.html")
    first, second = ((tmp_path / "deep" / name).read_text(encoding="utf-8") for name in ("a.html", "b.html"))
    assert first == second
    assert re.match(r"<!doctype html>", first)


def test_a_film_that_browsers_do_not_play_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FlagError, match="avi"):
        render_report(full_report(tmp_path / "play.avi"))
