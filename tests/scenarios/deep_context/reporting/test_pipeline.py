"""Recursion over a log: what code extracts is the oracle's; what fails is left out; nothing that is said breaks it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import settings as within
from hypothesis import strategies as st

from commissure.hal.call import Call
from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.log import read_log
from commissure.scenarios.deep_context.activity.render import parse, render
from commissure.scenarios.deep_context.reporting.mistakes import row_of
from commissure.scenarios.deep_context.reporting.pieces import pieces_of
from commissure.scenarios.deep_context.reporting.prompts import LOG, WRITE
from commissure.scenarios.deep_context.reporting.recipe import ORACLE, POLICIES
from commissure.scenarios.deep_context.reporting.source import commits_of, own_repository
from tests.scenarios.deep_context.reporting.made import Says, leg, made, settings

DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).resolve().parents[5] / "shared" / "data")
VLLM = DATA / "activity" / "vllm.jsonl"


@within(max_examples=12, deadline=None)
@drawn(seed=st.integers(0, 10_000), tokens=st.integers(200, 6000), chunk=st.integers(64, 3000))
def test_recursion_with_the_deterministic_extractor_is_as_right_as_the_oracle(
    seed: int, tokens: int, chunk: int
) -> None:
    given = settings(tokens=tokens, chunk_tokens=chunk)
    found, _ = made("recursive_code", given, seed=seed)
    assert (found.precision, found.recall, found.left_out) == (1.0, 1.0, 0)
    assert found.points["attribution"] == pytest.approx(30)
    assert made(ORACLE, given, seed=seed)[0].total == pytest.approx(100)


@pytest.mark.parametrize("tokens", [30_000, 200_000])
def test_on_a_public_log_too(tokens: int) -> None:
    if not VLLM.exists():
        pytest.skip(f"the public log {VLLM} is not here; COMMISSURE_DATA names the folder")
    given = settings(log=str(VLLM), tokens=tokens)
    found, _ = made("recursive_code", given)
    assert (found.precision, found.recall, found.zero_hallucination) == (1.0, 1.0, True)
    assert made(ORACLE, given)[0].total == pytest.approx(100)


def test_and_on_the_repository_of_the_project() -> None:
    try:
        read_log(repo=str(own_repository()))
    except UsageError as error:
        pytest.skip(str(error))
    given = settings(log="", tokens=2000)
    assert made("recursive_code", given)[0].f1 == 1.0
    assert made(ORACLE, given)[0].total == pytest.approx(100)


def test_changes_without_a_number_are_named_as_the_log_names_them(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    old = {"author": "A", "person": "aa", "date": "2025-01-01", "subject": "Add a cache", "files": ["a/b.py"]}
    back = f"This reverts commit {'1' * 40}."
    lines = [{"sha": "2" * 40, **old, "subject": 'Revert "Add a cache"', "body": back}, {"sha": "1" * 40, **old}]
    log.write_text("\n".join(map(json.dumps, lines)))

    def said(call: Call) -> str:
        rows = [row_of(one, "a").model_dump() for one in parse(call.prompt.partition(LOG)[2])]
        return json.dumps({"rows": rows})

    given = settings(log=str(log), write="code", verify=False)
    assert made("heterogeneous", given, behaviour=Says(said))[0].total == pytest.approx(100)


@pytest.mark.parametrize("policy", [*POLICIES, ORACLE])
def test_every_policy_runs_and_the_same_seed_gives_the_same(policy: str) -> None:
    given = settings(tokens=4000)
    first, again, other = leg(policy, given), leg(policy, given), leg(policy, given, seed=1)
    assert first.trace_hash == again.trace_hash
    assert first.measures == again.measures
    assert other.measures != first.measures
    assert first.measures["report"]["parsed"]
    assert first.calls == first.measures["report"]["calls"] == sum(first.measures["served"].values())


def test_who_does_what() -> None:
    served = {policy: leg(policy, settings(tokens=4000)).measures["served"] for policy in POLICIES}
    assert set(served["one_call"]) == set(served["chunked"]) == set(served["homogeneous"]) == {"claude"}
    assert set(served["heterogeneous"]) == {"claude", "cerebras"}
    assert served["one_call"]["claude"] == 1


@within(max_examples=25, deadline=None)
@drawn(said=st.one_of(
    st.text(max_size=60), st.just('{"rows": [1, {"sha": null}, {"sha": "a", "person": "b", "pr": -1}]}'),
    st.just("[" * 100_000), st.just('{"lines": []}'), st.just('{"rows": [], "lines": null}'),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                 lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["rows", "lines", "sha"]),
                 inner, max_size=3), max_leaves=8).map(json.dumps),
), policy=st.sampled_from(POLICIES))  # fmt: skip
def test_no_answer_breaks_it(said: str, policy: str) -> None:
    found, _ = made(policy, settings(tokens=300), behaviour=Says(lambda call: said))
    assert 0 <= found.total <= 100
    if policy == "recursive_code":
        assert found.f1 == 1.0
        assert found.written == 0
    else:
        assert found.f1 == 0.0
    if policy == "one_call":
        assert not found.zero_hallucination


def test_a_piece_that_fails_is_left_out_and_the_rest_is_right() -> None:
    given = settings(tokens=3000, chunk_tokens=600, write="code", verify=False)
    commits = commits_of(given, 0)
    bad = pieces_of(commits, 600)[1]

    def said(call: Call) -> str:
        text = call.prompt.partition(LOG)[2]
        rows = [{"sha": one.sha, "pr": one.pr, "person": one.person, "subject": one.subject} for one in parse(text)]
        return "no" if text == bad.text else json.dumps({"rows": rows})

    found, done = made("heterogeneous", given, behaviour=Says(said))
    assert found.left_out == 1
    assert not found.complete
    assert found.failures == {"malformed": 2}, "it is asked once more, and no more"
    assert found.precision == 1.0
    assert found.recall == pytest.approx(1 - bad.count / len(commits))
    assert len(done.calls) == found.pieces + 1


@pytest.mark.parametrize("limit", [{"calls": 3}, {"usd": 0.02}])
def test_a_budget_ends_it_with_what_is_known(limit: dict[str, float]) -> None:
    given = settings(tokens=6000, chunk_tokens=500, **limit)
    found, done = made("heterogeneous", given)
    assert found.failures["budget"] > 0
    assert found.calls <= given.limits.calls
    assert found.usd <= given.limits.usd
    assert len(done.calls) <= given.limits.calls
    assert 0 < found.recall < 1 or found.pieces == found.left_out


def test_one_call_that_fits_nowhere_is_a_typed_failure() -> None:
    found, done = made("one_call", settings(tokens=6000), fleet="local-pair")
    assert (found.failures, found.total, found.usd, done.calls) == ({"room": 1}, 0.0, 0.0, ())


def test_rows_that_stand_nowhere_are_dropped_unless_told_otherwise() -> None:
    def said(call: Call) -> str:
        if call.prompt.startswith(WRITE):
            return "{}"
        one = parse(call.prompt.partition(LOG)[2])[0]
        right = {"sha": one.sha, "pr": one.pr, "person": one.person, "subject": one.subject}
        # Each is a part of what stands there: of the number, of two words, of the person's id. And one is made up.
        wrong: list[dict[str, str | int | None]] = [
            {"pr": 1},
            {"sha": f"{one.day} {one.person}"},
            {"person": one.person[:4]},
            {"sha": "f" * 12, "pr": None},
        ]
        return json.dumps({"rows": [*(right | change for change in wrong), right]})

    given = settings(tokens=200, verify=False)
    found, _ = made("heterogeneous", given, behaviour=Says(said))
    assert (found.dropped, found.zero_hallucination, found.precision) == (4 * found.pieces, True, 1.0)
    loose, _ = made("heterogeneous", given.model_copy(update={"grounded": False}), behaviour=Says(said))
    assert loose.dropped == 0
    assert not loose.zero_hallucination


@within(max_examples=30, deadline=None)
@drawn(seed=st.integers(0, 99), tokens=st.integers(64, 2000))
def test_pieces_hold_every_commit_once_and_in_order(seed: int, tokens: int) -> None:
    commits = commits_of(settings(tokens=4000), seed)
    pieces = pieces_of(commits, tokens)
    assert [one.sha for piece in pieces for one in parse(piece.text)] == [one.sha for one in commits]
    assert all(piece.count == 1 or len(piece.text) <= 4 * tokens + 8 * piece.count for piece in pieces)
    assert render(commits[: pieces[0].count]) == pieces[0].text
