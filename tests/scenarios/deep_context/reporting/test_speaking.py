"""What modelled models say: they read their prompts, err as they are told to, and the same way each time."""

from __future__ import annotations

from statistics import mean
from typing import Any

import pytest

from commissure.hal.call import Call
from commissure.scenarios.deep_context.activity.log import package_of
from commissure.scenarios.deep_context.activity.record import report_schema
from commissure.scenarios.deep_context.activity.render import render
from commissure.scenarios.deep_context.activity.rubric import grade
from commissure.scenarios.deep_context.reporting import prompts
from commissure.scenarios.deep_context.reporting.mistakes import corrections, extracted, row_of
from commissure.scenarios.deep_context.reporting.rows import corrected, read_rows
from commissure.scenarios.deep_context.reporting.skill import Errors, found_share, skills
from commissure.scenarios.deep_context.reporting.speaking import Speaker
from commissure.scenarios.deep_context.reporting.synthetic import synthetic

LOG = synthetic(3, 12_000)[:120]
PACKAGE = package_of(LOG)


def errors(**changes: float) -> Errors:
    """None at all, but for some."""
    tier = skills().tiers["frontier"]
    values = {name: changes.get(name, 0.0) for name in Errors.model_fields}
    return Errors(**{name: getattr(tier, name).model_copy(update={"value": value}) for name, value in values.items()})


def said(ask: Any, **changes: float) -> str:
    speaker = Speaker("gpt-5", errors(**changes), 0, "oolong")
    return speaker.answer(Call(ask.prompt, kind=ask.kind, max_tokens=ask.max_tokens))[0].text


def test_without_errors_it_extracts_just_what_stands_in_its_prompt() -> None:
    some = LOG[:7]
    rows = read_rows(said(prompts.extract(render(some), 7, PACKAGE, schema=True)))
    assert rows == [row_of(one, PACKAGE) for one in some]


def test_without_errors_a_short_report_has_all_points() -> None:
    some = LOG[:5]
    text = said(prompts.whole(render(some), PACKAGE, report_schema(), 5000))
    assert grade(text, some, PACKAGE).total == pytest.approx(100)


@pytest.mark.parametrize(("error", "part"), [
    ("omitted", "attribution"), ("wrong_person", "attribution"), ("invented_pr", "hallucination"),
    ("wrong_area", "areas"), ("missed_revert", "reverts"), ("unsupported_line", "support"), ("miscount", "totals"),
    ("malformed", "format"),
])  # fmt: skip
def test_each_error_costs_its_own_part(error: str, part: str) -> None:
    ask = prompts.whole(render(LOG), PACKAGE, report_schema(), 100_000)
    right, wrong = (grade(said(ask, **change), LOG, PACKAGE) for change in ({}, {error: 1.0}))
    assert wrong.parts[part] < right.parts[part]
    assert wrong.total < right.total
    assert wrong.zero_hallucination == (error not in ("invented_pr", "malformed"))


def test_errors_come_as_often_as_they_are_assumed_to() -> None:
    some = synthetic(1, 60_000)[:1000]
    rows = extracted(some, PACKAGE, errors(omitted=0.2, wrong_person=0.1, wrong_area=0.3), 1.0, "key")
    right = {one.sha: row_of(one, PACKAGE) for one in some}
    assert len(rows) / len(some) == pytest.approx(0.8, abs=0.04)
    assert mean(row.person != right[row.sha].person for row in rows) == pytest.approx(0.1, abs=0.03)
    assert mean(row.areas[0] != right[row.sha].areas[0] for row in rows) == pytest.approx(0.3, abs=0.05)
    assert len(extracted(some, PACKAGE, errors(), 0.5, "key")) / len(some) == pytest.approx(0.5, abs=0.05)


def test_a_check_puts_right_what_it_catches_and_spoils_what_it_spoils() -> None:
    wrong = extracted(LOG, PACKAGE, errors(wrong_person=1.0, omitted=0.2), 1.0, "key")
    mended = corrected(wrong, corrections(LOG, PACKAGE, wrong, errors(caught=1.0), "check"))
    right = [row_of(one, PACKAGE) for one in LOG]
    assert sorted(mended, key=lambda row: row.sha) == sorted(right, key=lambda row: row.sha)
    assert corrections(LOG, PACKAGE, wrong, errors(), "check") == []
    spoiled = corrections(LOG, PACKAGE, right, errors(spoiled=1.0), "check")
    assert all(row.person != one.person for row, one in zip(spoiled, right, strict=True))


def test_an_answer_is_cut_at_its_length() -> None:
    ask = prompts.whole(render(LOG), PACKAGE, report_schema(), 100)
    choice, tokens = Speaker("gpt-5", errors(), 0, "oolong").answer(Call(ask.prompt, max_tokens=100))
    assert (choice.finish, tokens, len(choice.text)) == ("length", 100, 400)


def test_the_file_says_of_every_probability_that_it_is_assumed() -> None:
    for tier in skills().tiers.values():
        for name, quantity in tier:
            assert quantity.assumed, name
            assert 0 <= quantity.value <= 1


@pytest.mark.parametrize("source", ["oolong", "rlm"])
def test_one_call_finds_less_of_a_longer_log(source: Any) -> None:
    shares = [found_share("gpt-5", tokens, source) for tokens in (100, 2000, 30_000, 200_000)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.99
    assert 0 < shares[-1] < 0.6
