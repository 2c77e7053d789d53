"""Each invariant of selectors holds of every one that we have, and is broken by one that was made to break it."""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from commissure.hal.errors import UsageError
from commissure.policies.custom.selector import selector_from
from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.sample import Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.selectors import selector_names
from commissure.policies.ensemble.selectors.plurality import Plurality
from commissure.policies.testing import Broken
from commissure.policies.testing.search import drawn
from commissure.policies.testing.selection import (
    POPULATIONS,
    SELECTOR_INVARIANTS,
    Poll,
    check_selector,
    check_selector_invariant,
    is_pure,
    polls,
)
from commissure.policies.testing.selection.poll import key
from commissure.policies.testing.selection.regret import selector_regrets
from commissure.policies.testing.selection.simpler import simpler
from tests.policies.testing import faulty_selectors as faulty

BY_NAME = {invariant.name: invariant for invariant in SELECTOR_INVARIANTS}
# Who breaks what, the counter-example's candidates, and a part of what is said of it.
FAULTY = [
    ("answers", faulty.Raises, [], "select raised StopIteration"),
    ("answers", faulty.Refuses, None, "select raised UsageError: an endpoint that tells"),
    ("answers", faulty.Recursive, None, "select raised RecursionError"),
    ("answers", faulty.Unwrapped, [], "select gave None: it must return a Decision"),
    ("answers", faulty.Sets, ["0"], "a value that is no JSON: {'a'}"),
    ("confidence is a share", faulty.Percent, ["0"], "its confidence is 100"),
    ("confidence is a share", faulty.NotANumber, [], "its confidence is nan"),
    ("index says the value", faulty.CountsParsed, ["", "0"], "candidate 0 does not say 0"),
    ("index says the value", faulty.Last, ["0", "0"], "its index is 1, but candidate 0 says that value first"),
    ("index says the value", faulty.Pythonic, None, "does not say"),
    ("nothing parsed is no answer", faulty.Insists, [], "it answers None (no candidate, confidence 0.0), but nothing"),
    ("nothing parsed is no answer", faulty.Murmurs, [], "it does not answer, but gives Decision(value='none'"),
    ("says what all say", faulty.Rounds, ["0"], "all say 0, but it says '0'"),
    ("unparsed have no vote", faulty.HearsAll, ["", "", "0"], "and without what does not parse 0"),
    ("is pure", faulty.Drains, None, "select has left 0 of 1 candidates"),
    ("is pure", faulty.Completes, ["{}"], 'select has changed candidate 0, {}, '),
    ("is pure", faulty.TakesTurns, ["0", "1"], "and asked again"),
    ("questions are apart", faulty.Remembers, ["0", "1"], "but after a poll in which all said 1"),
    ("questions are apart", faulty.Caches, ["0", "1"], "but after a poll in which all said 1"),
    ("questions are apart", faulty.ByIdentity, ["0", "1"], "but after a poll in which all said 1"),
    ("is deterministic", faulty.Born, ["0", "1"], "and built anew"),
    ("is deterministic", faulty.Hashes, None, "where texts hash differently"),
    ("order does not matter", faulty.Early, ["0", "1"], "and in the order 1, 0 1"),
]  # fmt: skip


@pytest.mark.parametrize("name", selector_names())
def test_every_selector_of_ours_keeps_them(name: str) -> None:
    report = check_selector(name, examples=50)
    assert report.ok, [one.counter_example.story() for one in report.broken if one.counter_example]
    assert {one.invariant for one in report.findings if one.verdict == "declined"} == (
        {"order does not matter"} if name == "first" else set()
    )
    assert all(one.examples > 10 for one in report.findings if one.verdict == "holds")
    # It is no worse than one sample alone, but where votes are led astray.
    (all_of,) = [one for one in report.regrets if one.population == "all" and one.selector == name]
    assert all_of.versus_first[2] >= 0


@pytest.mark.parametrize(("name", "make", "texts", "said"), FAULTY)
def test_a_broken_one_is_caught_by_a_small_poll(
    name: str, make: type[Selector], texts: list[str] | None, said: str
) -> None:
    found = check_selector_invariant(BY_NAME[name], make, examples=100)
    assert found.verdict == "broken"
    assert found.counter_example is not None
    poll = found.counter_example.case
    assert said in found.why
    assert len(poll.candidates) <= 2 if texts is None else sorted(one.text for one in poll.candidates) == texts
    assert (poll.source, poll.schema) == ("", "{}")
    assert all((one.logprob, one.verdict, one.member, one.tokens) == (None, None, "", 0) for one in poll.candidates)
    assert found.counter_example.story()[-1] == f"broken: {found.why}"


def test_every_invariant_has_one_that_breaks_it() -> None:
    assert {name for name, *_ in FAULTY} == set(BY_NAME)


def test_what_fails_is_told_of_once() -> None:
    report = check_selector(faulty.Raises, examples=60)
    assert "answers" in {one.invariant for one in report.broken}
    assert not {"is pure", "confidence is a share", "questions are apart"} & {one.invariant for one in report.broken}
    assert re.search(r"\(faulty_selectors\.py, line \d+\)", report.broken[0].why)
    assert report.regrets == ()


def test_who_always_abstains_is_not_held_to_have_answered_well() -> None:
    report = check_selector(faulty.Silent, examples=40)
    verdicts = {one.invariant: one.verdict for one in report.findings}
    assert (verdicts["answers"], verdicts["says what all say"]) == ("holds", "not checked")
    assert report.abstained == report.answerable > 10
    assert not report.ok
    assert {one.accuracy for one in report.regrets if one.selector == "Silent"} == {(0, 0, 0)}


def test_order_may_be_declined() -> None:
    report = check_selector(faulty.First, examples=40)
    assert report.ok
    assert {one.invariant: one.verdict for one in report.findings}["order does not matter"] == "declined"


def test_the_same_seed_finds_the_same() -> None:
    first, second = (check_selector(faulty.Early, examples=60, seed=3) for _ in range(2))
    assert not first.ok
    assert [one.data() for one in first.findings] == [one.data() for one in second.findings]
    assert first.regrets == second.regrets


@given(polls())
@settings(max_examples=60)
def test_polls_are_what_they_seem_and_simpler_ones_come_to_an_end(poll: Poll) -> None:
    for one, sample in zip(poll.candidates, poll.samples(), strict=True):
        assert (canonical(sample.value) == key(one.text)) if one.parsed else sample.value is None
    assert len(poll.lines()) >= 2
    steps = 0
    less = next(simpler(poll), None)
    while less is not None:
        poll, less, steps = less, next(simpler(less), None), steps + 1
    assert poll == Poll("", "{}", ())
    assert steps < 20


@pytest.mark.parametrize(
    "reached",
    [
        lambda poll: not poll.candidates,
        lambda poll: poll.candidates and not poll.parsed(),
        lambda poll: len(poll.parsed()) == 1,
        lambda poll: len({key(one.text) for one in poll.parsed()}) > 2,
        lambda poll: len({key(one.text) for one in poll.parsed()}) == 1 < len({one.text for one in poll.parsed()}),
        lambda poll: any(len(one.text) > 1000 for one in poll.parsed()),
        lambda poll: any(one.text == "null" for one in poll.parsed()) and len(poll.parsed()) < len(poll.candidates),
        lambda poll: len({one.logprob is None for one in poll.parsed()}) == 2,
        lambda poll: len({one.member for one in poll.candidates}) > 1,
        lambda poll: len({type(one.value) for one in poll.samples() if one.parsed}) > 2,
    ],
)  # fmt: skip
def test_polls_reach_everywhere(reached: Any) -> None:
    assert any(map(reached, _drawn()))


@cache
def _drawn() -> tuple[Poll, ...]:
    # Hypothesis also draws constants of the modules that are imported, so these are not the same in every test run.
    return drawn(polls(), 400, 0)


def test_an_invariant_in_a_test_of_ones_own() -> None:
    @settings(database=None, phases=[Phase.generate])
    @given(polls())
    def mine_is_pure(poll: Poll) -> None:
        is_pure(faulty.Sorts, poll)

    with pytest.raises(Broken, match="select has changed candidate 0"):
        mine_is_pure()


def test_regret() -> None:
    rows = {(row.population, row.selector): row for row in selector_regrets(Plurality, "mine", records=200, seed=0)}
    populations = [*(one.name for one in POPULATIONS), "all"]
    assert {population for population, _ in rows} == set(populations)
    for population in populations:
        mine, first, best = (rows[population, name] for name in ("mine", "first", "oracle of 8"))
        assert mine.accuracy == rows[population, "plurality"].accuracy
        assert mine.versus_plurality == first.versus_first == best.regret == (0, 0, 0)
        assert best.accuracy[0] >= max(mine.accuracy[0], first.accuracy[0])
        for low, mean, high in ((one[1], one[0], one[2]) for one in (mine.accuracy, mine.regret, mine.versus_first)):
            assert low <= mean <= high
    # A vote helps where errors are apart, and not where one wrong answer is likelier than the right one.
    assert rows[POPULATIONS[3].name, "mine"].versus_first[1] > 0 > rows[POPULATIONS[2].name, "mine"].versus_first[1]


def test_a_baselines_name_is_not_taken_for_the_baseline() -> None:
    rows = selector_regrets(faulty.First, "plurality", records=200, seed=0)
    given_one, plurality = (
        next(row for row in rows if (row.population, row.selector) == ("all", name))
        for name in ("plurality (given)", "plurality")
    )
    assert given_one.versus_first == (0, 0, 0) != plurality.versus_first


class Tuned(Selector):
    def __init__(self, alpha: float) -> None: ...

    def select(self, candidates: Any, question: Question) -> Decision:
        return Decision(None, None, 0.0, answered=False)


MODULE = ModuleType("theirs")
vars(MODULE)["build"] = lambda: Plurality()


@pytest.mark.parametrize(
    "make", ["plurality", Plurality, Plurality(), MODULE, lambda: Plurality(), lambda n=8: Plurality()]
)
def test_what_a_selector_is_built_of(make: Any) -> None:
    selector = selector_from(make)
    assert type(selector) is Plurality
    assert selector.select([Sample("1", 1, parsed=True)], Question("")).value == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ("pluralty", "unknown policy 'pluralty'. Did you mean 'plurality'"),
        (int, "int is no selector: derive it from commissure.Selector"),
        (Selector, "Selector is no selector yet: it has no select"),
        (3, "3 is no selector: give a class"),
        (Tuned, r"Tuned asks for alpha: give a function build\(\)"),
        (re, r"module re has no function build\(\)"),
        (lambda: None, "gave None, which is no selector"),
    ],
)
def test_what_is_no_selector_is_refused(make: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_selector(make, examples=1)
    with pytest.raises(UsageError, match=said):
        selector_from(make)
    with pytest.raises(UsageError, match="examples >= 1"):
        check_selector(make, examples=0)


def test_a_build_that_fails_is_a_broken_promise() -> None:
    def build() -> Selector:
        raise KeyError("weights")

    report = check_selector(build, examples=5)
    assert "building it raised KeyError: 'weights' (test_selectors.py, line" in report.broken[0].why
    with pytest.raises(UsageError, match=r"cannot be built: KeyError: 'weights' \(test_selectors.py, line \d+\)"):
        selector_from(build)


def test_an_interrupt_is_no_answer_of_the_policy() -> None:
    class Stopped(Selector):
        def select(self, candidates: Any, question: Question) -> Decision:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_selector(Stopped, examples=5)
