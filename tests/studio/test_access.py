"""Who may ask the studio, and for what: the token, Host, Origin, methods, and paths that lead out of its folders."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.support.studio_client import ORIGIN, PORT, TOKEN, studio_client, taught_session

PAGES = ("/", "/recordings", "/home/now", "/home/disk", "/static/studio.js", "/static/uPlot.iife.min.js")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with studio_client(tmp_path) as client:
        yield client


@pytest.mark.parametrize("address", PAGES)
def test_without_the_token_nothing_is_answered(tmp_path: Path, address: str) -> None:
    with studio_client(tmp_path, with_token=False) as client:
        assert client.get(address).status_code == 403
        assert client.get(f"{address}?token=another").status_code == 403
        answer = client.get(f"{address}?token={TOKEN}")
        assert answer.status_code == 303 and TOKEN not in answer.headers["location"]
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert client.get(address).status_code == 200


def test_the_token_leads_to_no_other_host(tmp_path: Path) -> None:
    with studio_client(tmp_path, with_token=False) as client:
        answer = client.get(f"{ORIGIN}//elsewhere.example/x?token={TOKEN}&key=1")
        assert answer.headers["location"] == "/elsewhere.example/x?key=1"


@pytest.mark.parametrize("host", ["elsewhere.example", f"elsewhere.example:{PORT}", "127.0.0.1:1", "", "0.0.0.0:8420"])
def test_another_host_is_refused_even_with_the_cookie(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://elsewhere.example", "null", f"https://127.0.0.1:{PORT}", "http://127.0.0.1"]
)
def test_a_change_from_another_origin_is_refused(client: TestClient, origin: str) -> None:
    assert client.post("/recordings/tags", json={}, headers={"origin": origin}).status_code == 403


def test_a_change_needs_an_origin_and_json_and_is_small(client: TestClient) -> None:
    del client.headers["origin"]
    assert client.post("/recordings/tags", json={}).status_code == 403
    client.headers["origin"] = ORIGIN
    assert client.post("/recordings/tags", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert client.post("/recordings/tags", json={"x": "y" * 70_000}).status_code == 413
    assert client.post("/recordings/tags", json=[1]).json()["error"]
    assert (
        client.post("/recordings/tags", content=b"{", headers={"content-type": "application/json"}).status_code == 400
    )


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client: TestClient, method: str) -> None:
    assert client.request(method, "/").status_code == 405


def test_nothing_is_changed_by_get(client: TestClient) -> None:
    for address in ("/recordings/tags", "/recordings/cut", "/recordings/delete", "/recordings/restore"):
        assert client.get(address).status_code in (404, 405)


def test_every_answer_forbids_what_comes_from_elsewhere(client: TestClient) -> None:
    for address in (*PAGES, "/nowhere"):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["..%2fapp.py", "%2e%2e/app.py", "../app.py", "app.py", "vendor/uPlot.iife.min.js"])
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_a_link_out_of_the_folder_is_no_recording(tmp_path: Path) -> None:
    outside = taught_session(tmp_path / "outside.mcap")
    taught_session(tmp_path / "recordings" / "inside.mcap", world=1)
    (tmp_path / "recordings" / "link.mcap").symlink_to(outside)
    with studio_client(tmp_path) as client:
        page = client.get("/recordings").text
        assert "inside.mcap" in page and "link.mcap" not in page
        (key,) = re.findall(r'data-key="(\w+)"', page)
        (tmp_path / "recordings" / "inside.mcap").unlink()
        (tmp_path / "recordings" / "inside.mcap").symlink_to(outside)
        assert client.get(f"/recordings/session?key={key}").status_code == 404, "a known key leads nowhere else later"


def test_names_are_escaped(tmp_path: Path) -> None:
    taught_session(tmp_path / "recordings" / "<img src=x onerror=alert(1)>.mcap")
    with studio_client(tmp_path) as client:
        page = client.get("/recordings").text
        assert "<img src=x" not in page and "&lt;img src=x" in page
