import os
import sys
from pathlib import Path

import pytest

from understudy.contract import safe_files
from understudy.contract.safe_files import (
    create_new,
    keep_under_new_name,
    move_to_new,
    open_to_append,
    replace_bytes,
    replace_file,
    replacing,
    temporary_beside,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """A symbolic link, laid by somebody else, to a file that is not to be touched."""
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    return tmp_path / "link"


@posix
def test_a_new_file_takes_no_name_that_is_taken_not_even_by_a_link_that_leads_nowhere(link: Path) -> None:
    (link.parent / "nowhere").symlink_to(link.parent / "gone")
    for taken in (link, link.parent / "precious", link.parent / "nowhere"):
        with pytest.raises(FileExistsError):
            create_new(taken)
    assert not (link.parent / "gone").exists()


def test_a_new_file_is_written_at_once_and_can_be_read_back(tmp_path: Path) -> None:
    with create_new(tmp_path / "new") as file:
        file.write(b"content")
        assert (tmp_path / "new").read_bytes() == b"content"
        file.seek(0)
        assert file.read() == b"content"


@posix
def test_appending_follows_no_link_and_waits_for_no_pipe(link: Path) -> None:
    os.mkfifo(link.parent / "pipe")
    for odd in (link, link.parent / "pipe"):
        with pytest.raises(OSError, match=r"link|pipe"):
            open_to_append(odd)
    assert (link.parent / "precious").read_bytes() == b"precious"


def test_appending_creates_the_file_and_goes_on_at_its_end(tmp_path: Path) -> None:
    for line in (b"one\n", b"two\n"):
        with open_to_append(tmp_path / "log") as file:
            file.write(line)
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


@posix
def test_replacing_replaces_a_link_and_leaves_alone_what_it_leads_to(link: Path) -> None:
    replace_bytes(link, b"new")
    assert link.read_bytes() == b"new"
    assert not link.is_symlink()
    assert (link.parent / "precious").read_bytes() == b"precious"


def interrupt(_: int) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_replacement_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "file") as file:
        interrupt(file.write(b"half"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_temporary_names_are_never_the_same_and_fit_for_the_longest_names(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 250)
    assert len({temporary_beside(path) for _ in range(100)}) == 100
    replace_bytes(path, b"fits")
    assert path.read_bytes() == b"fits"


def test_moving_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "two").write_bytes(b"2")
    with pytest.raises(FileExistsError):
        move_to_new(tmp_path / "one", tmp_path / "two")
    move_to_new(tmp_path / "one", tmp_path / "three")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"two": b"2", "three": b"1"}


def test_a_failed_move_leaves_no_empty_file_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):  # noqa: PT011  a folder cannot take the place of a file; the words differ by system
        move_to_new(tmp_path / "folder", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_move_to_another_disk_is_a_copy(tmp_path: Path) -> None:
    other_disk = Path("/dev/shm")
    if not other_disk.is_dir() or other_disk.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    target = temporary_beside(other_disk / "understudy-test")
    (tmp_path / "one").write_bytes(b"1")
    try:
        move_to_new(tmp_path / "one", target)
        assert target.read_bytes() == b"1"
        assert not (tmp_path / "one").exists()
    finally:
        target.unlink(missing_ok=True)


@pytest.mark.parametrize("disk_knows_links", [True, False])
def test_a_second_name_is_never_one_that_is_taken(
    tmp_path: Path, disk_knows_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("this disk knows no links")

    if not disk_knows_links:
        monkeypatch.setattr(safe_files.os, "link", refuse)
    (tmp_path / "one").write_bytes(b"1")
    keep_under_new_name(tmp_path / "one", tmp_path / "two")
    with pytest.raises(FileExistsError):
        keep_under_new_name(tmp_path / "one", tmp_path / "two")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"one": b"1", "two": b"1"}


def test_a_file_that_somebody_has_open_on_windows_is_replaced_once_they_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows answers with PermissionError while a file is open; the stand-in of os.replace does so twice."""
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "new").write_bytes(b"new")
    refusals, replace = iter((True, True)), os.replace

    def as_windows(source: Path, target: Path) -> None:
        if next(refusals, False):
            raise PermissionError(13, "Access is denied", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", as_windows)
    monkeypatch.setattr(safe_files, "REPLACE_PATIENCE_S", 60.0)
    replace_file(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32", reason="elsewhere nobody who reads a file keeps it from being replaced")
def test_a_folder_that_cannot_be_written_is_said_at_once_where_open_files_can_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(os, "replace", refuses)
    monkeypatch.setattr(safe_files, "RETRY_S", 1e6)
    with pytest.raises(PermissionError):
        replace_file(tmp_path / "new", tmp_path / "old")
