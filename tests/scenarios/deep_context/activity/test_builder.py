"""A task is pinned: its manifest tells two logs apart. The public log is the one that the reference counted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.builder import Manifest, manifest_of, verify
from commissure.scenarios.deep_context.activity.log import read_log
from commissure.scenarios.deep_context.activity.record import Commit

DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).parents[5] / "shared" / "data")


def log() -> list[Commit]:
    back = "Co-authored-by: Bob"
    return [
        Commit("a" * 12, "Ann", "aa", "2025-06-03", 9, 'Revert "Add cache (#8)" (#9)', back, ("Bob",), ("src/x/a.py",)),
        Commit("b" * 12, "Bob", "bb", "2025-06-01", 8, "Add cache (#8)", files=("src/x/a.py", "docs/a.md")),
    ]


def test_a_manifest_pins_a_task() -> None:
    manifest = manifest_of(log(), 1000, "made up")
    assert (manifest.commits, manifest.persons, manifest.prs, manifest.reverts, manifest.co_authors) == (2, 2, 2, 1, 1)
    assert (manifest.since, manifest.until, manifest.package) == ("2025-06-01", "2025-06-03", "src")
    assert manifest.from_text
    assert manifest.tokens == -(-manifest.characters // 4) <= 1000
    verify(Manifest.model_validate_json(manifest.model_dump_json()), log())
    first, second = log()
    for other, told in (
        ([first], "commits 2 is now 1"), ([second, first], "text_sha256"),
        ([first, replace(second, files=("lib/x.py",))], "report_sha256"),
        ([replace(first, author="Anna"), second], "text_sha256"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=told):
            verify(manifest, other)
    assert not manifest_of([replace(log()[0], sha="no hash")], 1000, "made up").from_text
    with pytest.raises(UsageError, match="no commit"):
        manifest_of([], 1000, "made up")


def plain(commit: Commit) -> str:
    """As the reference renders one: without ids and marks, with all files."""
    head = f"{commit.sha} {commit.day} {commit.author}\n{commit.subject}\n{commit.body}\n"
    return head + "\n".join(commit.files) + "\n\n"


def newest_plain(commits: Sequence[Commit], tokens: int) -> list[Commit]:
    used, found = 0, []
    for one in commits:
        used += len(plain(one))
        if used > 4 * tokens:
            break
        found.append(one)
    return found


@pytest.mark.parametrize(
    ("tokens", "counts"),
    [(30_000, (227, "2025-06-03", 108, 227, 2, 43)), (200_000, (2454, "2025-02-18", 492, 2454, 28, 575)),
     (285_400, (3319, "2024-12-14", 599, 3309, 35, 823))],
)  # fmt: skip
def test_the_public_log_is_the_one_of_the_reference(tokens: int, counts: tuple[object, ...]) -> None:
    path = DATA / "activity" / "vllm.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}: set COMMISSURE_DATA to the folder of public data")
    found = newest_plain(read_log(log=str(path)), tokens)
    assert counts == (
        len(found), found[-1].day, len({one.person for one in found}),
        len({one.pr for one in found if one.pr}), sum("revert" in one.subject.lower() for one in found),
        sum(len(one.co_authors) for one in found),
    )  # fmt: skip


def test_the_manifest_of_the_public_log() -> None:
    path = DATA / "activity" / "vllm.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}: set COMMISSURE_DATA to the folder of public data")
    found = manifest_of(read_log(log=str(path)), 30_000, "vllm")
    assert (found.commits, found.tokens, found.persons, found.prs, found.reverts) == (391, 29_641, 150, 391, 3)
    assert found.from_text
    assert found.text_sha256.startswith("57dfa9c61d750b3c")
    assert found.report_sha256.startswith("b838763af9a25c3e")
