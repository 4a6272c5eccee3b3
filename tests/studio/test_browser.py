"""The studio in a real Chromium: keys, seeking, judging, promoting; nothing from elsewhere, nothing too wide."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.correction_files import said, write_corrections, write_many_corrections
from tests.support.found_objects import write_made_up
from tests.support.perturbed_candidates import playing, put_up, write_brain
from tests.support.studio_client import served_studio, taught_session
from understudy.contract.game.readings import GaugeRole
from understudy.perception.discovery.discovered import Discovery
from understudy.perception.discovery.discovery_files import read_discovery
from understudy.recordings.store import read_episode

pytestmark = pytest.mark.slow
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGES = ("/", "/recordings", "/recordings/session", "/corrections", "/learning", "/gate", "/kinds")
SIZES = ((360, 740), (1920, 1080))
Open = Callable[..., Any]

if CHROMIUM is None:
    pytest.skip("no Chromium is installed (on Debian: apt install chromium)", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session, corrections, policies with a candidate, and a curve."""
    taught_session(tmp_path / "recordings" / "one.mcap")
    write_corrections(tmp_path / "corrections")
    put_up(write_brain(tmp_path / "models"), "a", 0.01)
    write_made_up(tmp_path / "discovery")
    run = tmp_path / "logs" / "training" / "executor_1"
    run.mkdir(parents=True)
    lines = (f'{{"step": {step}, "loss": {1 / step}, "loss_baseline": 0.5}}\n' for step in range(1, 9))
    (run / "numbers.jsonl").write_text("".join(lines), encoding="utf-8")
    return tmp_path


@pytest.fixture
def open_page(folder: Path) -> Iterator[Open]:
    """Opens a page of the studio; fails if a page said something to the console or asked anybody else."""
    complaints: list[str] = []
    with served_studio(folder) as address, playwright.sync_playwright() as driver:
        origin = address.split("/?")[0]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        def open_one(path: str, size: tuple[int, int] = SIZES[1], theme: str = "light") -> Any:
            context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
            context.set_default_timeout(180_000)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda problem: complaints.append(str(problem)))
            page.on("request", lambda one: one.url.startswith((origin, "blob:")) or complaints.append(one.url))
            page.goto(address)
            if path == "/recordings/session":
                page.goto(f"{origin}/recordings")
                page.click("#list a")
                wait(page, "window.studioSession && window.studioSession.shown() === 0")
            elif path != "/":
                page.goto(origin + path)
            return page

        yield open_one
        browser.close()
    assert complaints == []


def wait(page: Any, expression: str) -> None:
    """Returns when an expression holds in the page; the content policy forbids playwright's own way, an eval."""
    until = time.perf_counter() + 180
    while not page.evaluate(expression):
        assert time.perf_counter() < until, expression
        page.wait_for_timeout(20)


def at(page: Any) -> int:
    """The tick that a session's page shows."""
    return int(page.get_attribute("#timeline", "aria-valuenow"))


def test_a_session_is_looked_through_by_keys_and_by_pointer(open_page: Open, folder: Path) -> None:
    page = open_page("/recordings/session")

    def press(key: str, tick: int) -> None:
        page.keyboard.press(key)
        wait(page, f"window.studioSession.shown() === {tick}")
        assert at(page) == tick

    press("ArrowRight", 1)
    press("Shift+ArrowRight", 21)
    press("PageDown", 221)
    press("ArrowLeft", 220)
    press("End", 1199)
    press("Home", 0)
    assert "teacher" in page.get_attribute("#timeline", "aria-valuetext")
    for name in ("boxes", "kills", "deaths", "jumps"):
        for box in page.get_by_label(name).all():
            box.uncheck()
    page.locator("#timeline").focus()
    press("n", 200)  # F2
    box = page.locator("#timeline").bounding_box()
    page.mouse.click(box["x"] + 58 + (box["width"] - 66) / 2, box["y"] + 40)
    wait(page, "Math.abs(window.studioSession.shown() - 600) < 5")
    page.keyboard.press(" ")
    wait(page, "window.studioSession.shown() > 620")
    page.keyboard.press(" ")


def test_a_part_is_chosen_by_keys_and_cut_after_a_question(open_page: Open, folder: Path) -> None:
    page = open_page("/recordings/session")
    for key in ("PageDown", "i", "PageDown", "o"):
        page.keyboard.press(key)
    page.click("#keep")
    page.click("#question button[value=no]")
    assert len(read_episode(folder / "recordings" / "one.mcap")) == 1200
    page.click("#keep")
    with page.expect_navigation():
        page.click("#question button[value=yes]")
    wait(page, "window.studioSession && window.studioSession.shown() === 0")
    assert len(read_episode(folder / "recordings" / "one.mcap")) == 201


def test_corrections_are_judged_by_one_key_each(open_page: Open, folder: Path) -> None:
    page = open_page("/corrections")
    wait(page, "document.getElementById('count').textContent.startsWith('1 of 3')")
    assert page.inner_text("#bot") == "FIGHT" and page.inner_text("#right") == "FLEE"
    assert page.inner_text("#reason") == "<b>0</b>"
    wait(page, "document.getElementById('picture').naturalWidth > 0")
    for key in ("a", "x", "5"):
        page.keyboard.press(key)
    page.wait_for_selector("#none:not([hidden])")
    page.keyboard.press("u")
    page.wait_for_selector("#judging:not([hidden])")
    assert page.inner_text("#reason") == "<b>2</b>"
    found = said(folder / "corrections")
    assert found[:2] == [("<b>0</b>", "FLEE", "person"), ("<b>2</b>", "LOOT", "rules")]


def test_on_a_phone_every_judgement_is_reached_without_scrolling(open_page: Open) -> None:
    page = open_page("/corrections", SIZES[0])
    wait(page, "document.getElementById('picture').naturalWidth > 0")
    for button in page.locator("#judging button").all():
        box = button.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
        assert box["y"] >= 0 and box["y"] + box["height"] <= 740
    covered = page.locator("#one .verdict").bounding_box()
    assert covered["y"] + covered["height"] <= page.locator("#accept").bounding_box()["y"]


def test_two_hundred_corrections_by_keys_wait_for_the_person_and_not_for_the_page(
    open_page: Open, folder: Path
) -> None:
    """In ten minutes, three seconds each: pictures, writing and counting take a core a second of them at most."""
    write_many_corrections(folder / "corrections", 200)
    page = open_page("/corrections")
    wait(page, "document.getElementById('count').textContent.startsWith('1 of 203')")
    begun_s = time.process_time()  # the server is a thread of this process
    for number in range(1, 204):
        wait(page, f"document.getElementById('count').textContent.startsWith('{number} of 203')")
        wait(page, "document.getElementById('picture').complete")
        page.keyboard.press("axa5"[number % 4])
    page.wait_for_selector("#none:not([hidden])")
    assert time.process_time() - begun_s < 200.0
    assert {source for _, _, source in said(folder / "corrections")} == {"person", "rules"}


def test_a_candidate_is_promoted_and_rolled_back_after_a_question(open_page: Open, folder: Path) -> None:
    before = playing(folder / "models")
    page = open_page("/gate")
    page.click("text=Promote without a test")
    with page.expect_navigation():
        page.click("#question button[value=yes]")
    assert playing(folder / "models") != before
    page.click("#rollback-last")
    with page.expect_navigation():
        page.click("#question button[value=yes]")
    assert playing(folder / "models") == before


def found(folder: Path, holds: Callable[[Discovery], bool]) -> None:
    """Returns when the discovery on disk is as expected."""
    until = time.perf_counter() + 60
    while not holds(read_discovery(folder / "discovery")):
        assert time.perf_counter() < until, read_discovery(folder / "discovery").kinds
        time.sleep(0.02)


def test_kinds_are_named_put_together_and_thrown_away_by_keys(open_page: Open, folder: Path) -> None:
    page = open_page("/kinds")
    wait(page, "document.querySelectorAll('#kinds .kind').length === 3")
    page.locator("#kinds .kind").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("wasp")
    page.keyboard.press("Tab")
    found(folder, lambda now: now.kind(0).name == "wasp")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    found(folder, lambda now: now.kind(0).role == 2)
    for key in ("ArrowRight", "ArrowRight", "m", "ArrowLeft", "m"):
        page.keyboard.press(key)
    found(folder, lambda now: now.kind(2).merged_into == 1)
    wait(page, "document.querySelectorAll('#kinds .kind').length === 2")
    assert "80 ×" in page.inner_text("#kinds .kind[data-id='1']")
    page.keyboard.press("x")
    found(folder, lambda now: now.kind(1).thrown_away)
    wait(page, "document.querySelectorAll('#thrown .kind').length === 1")
    for left in (1, 2, 3):  # each change is taken back by a key
        page.keyboard.press("u")
        wait(page, f"document.querySelectorAll('#kinds .kind').length === {min(1 + left, 3)}")
    found(folder, lambda now: now.kind(2).merged_into is None and now.kind(0).role == 1)


def test_kinds_are_put_together_by_dragging_one_onto_another(open_page: Open, folder: Path) -> None:
    page = open_page("/kinds")
    wait(page, "[...document.querySelectorAll('#kinds .tile img')].filter((one) => one.naturalWidth > 0).length === 3")
    page.drag_and_drop("#kinds .kind[data-id='2'] .tile", "#kinds .kind[data-id='0'] .tile")
    found(folder, lambda now: now.kind(2).merged_into == 0)
    page.click("text=Separate")
    found(folder, lambda now: now.kind(2).merged_into is None)
    shows = page.get_by_role("combobox", name="pixels at 128, 72").and_(page.locator("input"))
    shows.fill("fuel")
    shows.press("Tab")
    found(folder, lambda now: now.bars[0].chosen_gauge == "fuel")
    page.get_by_label("Role of the bar of 256 x 14 pixels at 128, 72").select_option("STORE")
    found(folder, lambda now: (now.bars[0].gauge, now.bars[0].chosen_role) == ("fuel", GaugeRole.STORE))


def test_curves_grow_while_one_looks_and_a_form_shows_its_command(open_page: Open, folder: Path) -> None:
    page = open_page("/learning")
    page.wait_for_selector(".chart canvas")
    assert "baseline 0.5" in page.inner_text(".chart h3")
    with (folder / "logs" / "training" / "executor_1" / "numbers.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 9, "loss": 0.0625, "loss_baseline": 0.5}\n')
    wait(page, "document.querySelector('.chart h3').textContent.includes('0.0625')")
    page.click("details[data-verb=practise] > summary")
    page.fill("details[data-verb=practise] input[name=hours]", "2")
    wait(page, "document.querySelector('[data-verb=practise] [data-line]').textContent.includes('--hours 2')")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pages_fit_the_screen_and_every_control_has_a_name(open_page: Open, size: tuple[int, int], theme: str) -> None:
    for path in PAGES:
        page = open_page(path, size, theme)
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
        nameless = page.evaluate(
            """[...document.querySelectorAll("button, input, select, a, img, canvas")].filter((one) =>
                !(one.closest("[aria-hidden]") || one.closest("label")?.textContent.trim() || one.textContent.trim()
                  || one.getAttribute("aria-label") || one.hasAttribute("alt") || one.closest(".u-wrap")))
                .map((one) => one.outerHTML)"""
        )
        assert nameless == [], path
        assert len(page.locator("h1").all()) == 1 and page.get_attribute("html", "lang") == "en"
        page.context.close()
