"""Walking through source folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grandrounds.errors import SourceError
from grandrounds.sources.folder import walk


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def names(root: Path) -> list[str]:
    return [file.name for file in walk(root).files]


def test_files_come_in_one_order_with_slashes(tmp_path: Path) -> None:
    put(tmp_path, "b.txt", "a/z.txt", "a/b/c.txt", "a.txt")
    assert names(tmp_path) == ["a.txt", "a/b/c.txt", "a/z.txt", "b.txt"]


def test_hidden_version_control_and_temporary_files_are_skipped(tmp_path: Path) -> None:
    put(
        tmp_path,
        "keep.xml",
        ".hidden",
        ".git/config",
        "CVS/Root",
        "a~",
        ".a.swp",
        "#a#",
        "~$a.doc",
        "Thumbs.db",
        "x.tmp",
        "x.part",
    )
    put(tmp_path, "__MACOSX/a", "sources.yaml")
    assert names(tmp_path) == ["keep.xml"]
    assert walk(tmp_path).rules == tmp_path / "sources.yaml"


def test_links_out_and_in_circles_are_told_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    root = tmp_path / "root"
    put(outside, "secret.xml")
    put(root, "a/real.xml")
    (root / "out").symlink_to(outside)
    (root / "out.xml").symlink_to(outside / "secret.xml")
    (root / "a/loop").symlink_to(root)
    (root / "self").symlink_to("self")
    (root / "gone").symlink_to("nowhere")
    (root / "again.xml").symlink_to(root / "a/real.xml")
    files = {file.name: file for file in walk(root).files}
    assert sorted(files) == ["a/loop", "a/real.xml", "again.xml", "gone", "out", "out.xml", "self"]
    assert {name for name, file in files.items() if file.outside} == {
        "a/loop",
        "gone",
        "out",
        "out.xml",
        "self",
    }
    assert "outside the source folder" in files["out.xml"].trouble
    assert not files["again.xml"].trouble


def test_a_link_to_a_source_folder_is_that_folder(tmp_path: Path) -> None:
    put(tmp_path / "real", "a.xml")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    files = walk(tmp_path / "link").files
    assert [(file.name, file.trouble) for file in files] == [("a.xml", "")]


def test_names_with_odd_bytes_are_printable_and_distinct(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path)
    for name in (b"caf\xe9.xml", b"caf\\xe9.xml", b"tab\there.xml", "na\u00efve.xml".encode()):
        try:
            with open(raw + b"/" + name, "wb") as handle:
                handle.write(name)
        except OSError:
            pytest.skip("this file system refuses odd names")
    found = names(tmp_path)
    assert len(set(found)) == 4
    assert "na\u00efve.xml" in found
    assert all(name.isprintable() for name in found)
    assert [file.path.read_bytes() for file in walk(tmp_path).files]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    put(tmp_path, "locked/a.xml", "b.xml")
    (tmp_path / "locked").chmod(0)
    try:
        files = {file.name: file for file in walk(tmp_path).files}
    finally:
        (tmp_path / "locked").chmod(0o755)
    assert files["locked"].trouble
    assert files["locked"].remedy


def test_an_unreadable_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "locked/a.xml", "b.xml")
    real = os.scandir

    def scandir(path: Path) -> os.PathLike[str]:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("grandrounds.sources.folder.os.scandir", scandir)
    files = {file.name: file for file in walk(tmp_path).files}
    assert "Permission denied" in files["locked"].trouble


def test_a_single_file_gives_itself(tmp_path: Path) -> None:
    put(tmp_path, "a.xml", "b.xml", "sources.yaml")
    found = walk(tmp_path / "a.xml")
    assert [file.name for file in found.files] == ["a.xml"]
    assert found.rules == tmp_path / "sources.yaml"


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no folder of sources") as caught:
        walk(tmp_path / "nothing")
    assert "--sources" in caught.value.remedy


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert walk(tmp_path).files == ()
