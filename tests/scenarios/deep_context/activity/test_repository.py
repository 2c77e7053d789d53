"""Any repository is read, whatever stands in it and in its settings; nothing that it names is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.areas import main_area
from commissure.scenarios.deep_context.activity.git import without_addresses
from commissure.scenarios.deep_context.activity.log import read_log
from commissure.scenarios.deep_context.activity.record import Commit
from commissure.scenarios.deep_context.activity.render import as_shown, parse, render

ODD = 'src/a"b\tc\\d.py'


def git(folder: Path, *words: str, environ: dict[str, str] | None = None, said: bytes = b"") -> str:
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
           for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.org"))}  # fmt: skip
    every = os.environ | quiet | who | (environ or {})
    done = subprocess.run(["git", *words], cwd=folder, env=every, input=said, check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(folder: Path, name: str, message: str, **environ: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(message)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "--allow-empty-message", "-m", message, environ=environ)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, ODD, "Add cache (#1)\n\nSigned-off-by: Eve <eve@example.org>")
    commit(folder, "src/b.py", "Ünder way (#2)\n\nCo-Authored-By: Bob <bob@example.org>")
    git(folder, "mv", "src/b.py", "src/c.py")
    git(folder, "commit", "-q", "-m", "Move")
    return folder


def read(folder: Path) -> list[Commit]:
    return read_log(repo=str(folder))


def test_paths_authors_and_trailers(repository: Path) -> None:
    moved, second, first = read(repository)
    assert (first.files, main_area(first.files, "src"), first.co_authors) == ((ODD,), "src", ())
    assert (second.subject, second.co_authors, moved.files) == ("Ünder way (#2)", ("Bob",), ("src/c.py",))
    shown = [as_shown(one) for one in (moved, second, first)]
    assert parse(render(shown)) == shown


def test_the_settings_of_a_repository_change_nothing(repository: Path) -> None:
    before = read(repository)
    for name, value in (
        ("i18n.logOutputEncoding", "UTF-16"), ("log.showRoot", "false"), ("diff.renames", "false"),
        ("diff.relative", "true"), ("color.ui", "always"), ("core.quotePath", "true"), ("log.showSignature", "true"),
        ("log.date", "raw"), ("format.pretty", "oneline"), ("log.decorate", "full"),
    ):  # fmt: skip
        git(repository, "config", name, value)
    assert read(repository) == before
    assert read(repository / "src") == before


def test_one_person_by_mailmap(repository: Path) -> None:
    commit(repository, "d.py", "From home", GIT_AUTHOR_EMAIL="ann@home.example")
    assert len({one.person for one in read(repository)}) == 2
    (repository / ".mailmap").write_text("Ann <ann@example.org> <ann@home.example>\n")
    assert len({one.person for one in read(repository)}) == 1


def test_what_is_no_utf8_is_read(repository: Path) -> None:
    commit(repository, os.fsdecode(b"src/\xff.bin"), "Names")
    tree, parent = git(repository, "rev-parse", "HEAD^{tree}"), git(repository, "rev-parse", "HEAD")
    who = b" J\xfe <j@example.org> 1750000000 +0000\n"
    raw = f"tree {tree}\nparent {parent}\nauthor".encode() + who + b"committer" + who + b"encoding UTF-8\n\n\xff (#3)\n"
    git(repository, "reset", "-q", "--soft", git(repository, "hash-object", "-t", "commit", "-w", "--stdin", said=raw))
    bad, named = read(repository)[:2]
    assert (bad.author, bad.subject, bad.pr, bad.files) == ("J\ufffd", "\ufffd (#3)", 3, ())
    assert named.files == ("src/\ufffd.bin",)
    git(repository, "-c", "i18n.commitEncoding=latin-1", "commit", "-q", "--allow-empty", "-m", os.fsdecode(b"f\xfcr"))
    assert read(repository)[0].subject == "für"
    render(read(repository)).encode()


def test_a_bare_repository_is_read_and_a_shallow_one_is_told(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare")
    assert read(tmp_path / "bare") == read(repository)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    with pytest.raises(UsageError, match=r"shallow clone.*fetch --unshallow"):
        read(tmp_path / "shallow")


def test_nothing_is_fetched_or_run(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=tree:0", f"file://{repository}", "partial")
    ran, program = tmp_path / "ran", tmp_path / "program"
    program.write_text(f'#!/bin/sh\ntouch "{ran}"\nexec git-upload-pack "$@"\n')
    program.chmod(0o755)
    git(tmp_path / "partial", "config", "remote.origin.uploadpack", str(program))
    with pytest.raises(UsageError, match="fetch"):
        read(tmp_path / "partial")
    assert not ran.exists()
    # By itself git does run it: the case is a real one.
    git(tmp_path / "partial", "log", "--name-only")
    assert ran.exists()


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed"):
        read(repository)


def test_addresses_within_addresses_end() -> None:
    assert without_addresses("a <ann@example.org>, b") == "a , b"
    deep = "ann@example.org"
    for _ in range(3000):
        deep = f"x<{deep}>@d.com"
    assert "@" not in without_addresses(deep)
