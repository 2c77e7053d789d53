"""The match of arguments: the leaderboard's own checker gives the same verdicts."""

from collections import Counter
from typing import Any

import pytest

from commissure.hal.clock.dice import dice
from commissure.scenarios.tool_calling.records.bfcl_data import FILES, entries
from commissure.scenarios.tool_calling.records.bfcl_match import match_arguments
from tests.scenarios.tool_calling.records.leaderboard import leaderboard_checker, needs_bfcl
from tests.scenarios.tool_calling.records.mutants import mutated, right_answer

TEXT, WHOLE, NUMBER, YES = ({"type": kind} for kind in ("string", "integer", "float", "boolean"))
TEXTS, NUMBERS = ({"type": "array", "items": one} for one in (TEXT, NUMBER))
AREA = {"type": "dict", "properties": {"width": WHOLE, "unit": TEXT}}
AREAS = {"type": "array", "items": AREA}
WIDE = {"width": [20, 21], "unit": ["m", ""]}


@needs_bfcl
@pytest.mark.parametrize("family", FILES)
def test_verdicts_are_those_of_the_leaderboard(family: str, record_property: Any) -> None:
    theirs, seen = leaderboard_checker(), Counter[str]()
    for entry in entries(family):
        rng = dice(f"mutants/{entry.id}")
        for _ in range(40):
            answer = right_answer(entry.possible, rng)
            for _ in range(rng.choice((0, 1, 1, 2))):
                answer = mutated(answer, rng)
                answer = answer if isinstance(answer, dict) else {}
            ours = match_arguments(entry.function["parameters"], entry.possible, answer)
            assert ours.right == all(ours.fields.values())
            try:
                verdict = theirs(entry.function, answer, entry.possible)
            except Exception as error:  # on values that it does not foresee; no such value is right
                seen[type(error).__name__] += 1
                verdict = False
            seen["right" if verdict else "wrong"] += 1
            assert ours.right == verdict, (entry.id, answer, entry.possible)
    record_property("verdicts", dict(seen))
    assert min(seen["right"], seen["wrong"]) > 0.2 * (seen["right"] + seen["wrong"])


@pytest.mark.parametrize(
    ("declared", "possible", "right", "wrong"),
    [
        (TEXT, ["New York, NY"], ["new-york ny", "NEW YORK,NY."], ["New York", "", None, 5]),
        (TEXT, ["it's"], ['It"s'], ["its"]),
        (TEXT, ["", "celsius"], ["Celsius", "", " "], ["c"]),
        (TEXT, ["", None], [None, ""], ["none"]),
        (TEXT, ["", True], [True], ["true", "x", 1]),
        (WHOLE, [5], [5], [5.0, "5", True, 6]),
        (WHOLE, ["n", "m"], ["n"], ["N", 5]),
        (NUMBER, [5.0, 2.5], [5, 5.0, 2.5], ["5", 2, 10**400, False]),
        (YES, [True], [True], [False, 1, "true"]),
        (TEXTS, [["a b", "c"], ["c"]], [["A-B", "C"], ["c"]], [["c", "a b"], [], ["c", "c"], "c", [1]]),
        (TEXTS, ["", ["a"]], [["a"], []], ["", ["b"], [1], None]),
        (NUMBERS, [[1.0, 2.5]], [[1.0, 2.5]], [[1, 2.5], [2.5, 1.0], [True, 2.5]]),
        (NUMBERS, ["", [1.0]], [[1], [1.0], []], [[2.0]]),
        (NUMBERS, [], [], [[], [1.0]]),
        (AREA, [WIDE], [{"width": 20}, {"unit": "M", "width": 21}], [{"unit": "m"}, {"width": 20, "x": 1}, {}]),
        (AREA, ["", {}], [{}], [{"width": 20}, ""]),
        (AREAS, [[WIDE, WIDE]], [[{"width": 20}, {"width": 21}]], [[{"width": 20}], [{"width": 20}, {}], [20, 21], []]),
        (AREAS, ["", [WIDE]], [[{"width": 20}], []], [[1], [None]]),
    ],
)  # fmt: skip
def test_a_value_is_matched_by_its_type(declared: Any, possible: list[Any], right: list[Any], wrong: list[Any]) -> None:
    parameters = {"type": "dict", "properties": {"one": declared, "two": WHOLE}, "required": ["two"]}
    for value in right + wrong:
        score = match_arguments(parameters, {"one": possible, "two": [1]}, {"one": value, "two": 1})
        assert score.right is (value in right and any(value is one for one in right)), value
        assert score.fields == {"/one": score.right, "/two": True}


def test_what_may_be_left_out_and_what_should_not_be_there() -> None:
    parameters = {"type": "dict", "properties": {"a": WHOLE, "b": WHOLE, "c": WHOLE}, "required": ["a", "c"]}
    possible: dict[str, list[Any]] = {"a": [1], "b": [2, ""], "c": [3, ""]}
    assert match_arguments(parameters, possible, {"a": 1, "c": 3}).fields == {"/a": True, "/b": True, "/c": True}
    assert match_arguments(parameters, possible, {"a": 1}).fields == {"/a": True, "/b": True, "/c": False}
    assert match_arguments(parameters, possible, {"a": 1, "c": 3, "d": 4}).fields["/d"] is False
    assert match_arguments(parameters, {**possible, "d": [4, ""]}, {"a": 1, "c": 3, "d": 4}).fields["/d"] is False
    assert match_arguments(parameters, {"b": [2]}, {"a": 1, "b": 2}).fields == {"/b": True, "/a": False, "/c": False}
    for nothing in (None, [], "a", 1, [{"a": 1, "c": 3}]):
        score = match_arguments(parameters, possible, nothing)
        assert (score.right, score.share) == (False, 0.0)
