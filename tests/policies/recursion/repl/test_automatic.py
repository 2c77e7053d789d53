"""The automatic choice: by size and demand, and the next one where one was turned away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.policies.recursion.ask import Ask, Demand, Limits, Outcome
from commissure.policies.recursion.plans.plan import MapPlan
from commissure.policies.recursion.strategies.automatic import COMFORT, choose, order
from commissure.policies.recursion.strategies.strategy import Options, Task
from tests.policies.recursion.repl.scripts import READY, TEXT, done, root_and_leaf

CODE = [f"result = context.count('red')\n{READY}"]


@dataclass(frozen=True)
class CountRed(MapPlan):
    """How many rows are red, as leaves count them."""

    def split(self, context: str, chunk_tokens: int) -> Sequence[str]:
        lines = context.split("\n")
        return ["\n".join(lines[place : place + chunk_tokens]) for place in range(0, len(lines), chunk_tokens)]

    def ask(self, piece: str) -> Ask:
        return Ask(piece, "expand")

    def read(self, piece: str, text: str) -> int:
        return int(text)

    def join(self, parts: Sequence[int]) -> int:
        return sum(parts)

    def text(self, whole: int, closing: Outcome | None) -> str:
        return str(whole)


PLANNED = Task("How many rows are red?", TEXT, plan=CountRed())
TASKS = st.builds(
    Task,
    st.just("Which?"),
    st.integers(1, 400_000).map(lambda size: "a" * size),
    st.sampled_from(["constant", "linear", "quadratic"]),
    st.none() | st.just(CountRed()),
    max_tokens=st.integers(1, 4096),
)
ROOMS = st.lists(st.integers(1, 200_000) | st.just(float("inf")), max_size=3)


@given(TASKS, ROOMS, st.integers(0, 2**16))
def test_the_choice_is_pure_and_follows_size_and_demand(task: Task, rooms: list[float], most: int) -> None:
    options = Options(direct_tokens=most)
    chosen, way = choose(task, rooms, options), order(task, rooms, options)
    assert (chosen, len(set(way))) == (way[0], len(way))
    assert way == order(task, rooms[::-1], options)
    assert ("fixed_plan" in way) == (task.plan is not None)
    assert "free_code" in way
    fits = task.context_tokens + task.max_tokens <= max(rooms, default=0)
    assert fits or "direct" not in way
    if chosen == "direct":
        assert task.context_tokens <= COMFORT * max(rooms)
        assert task.context_tokens <= most or task.demand == "constant"
    elif task.demand == "constant":
        assert chosen == "free_code"
    else:
        assert (chosen == "fixed_plan") == (task.plan is not None)
    # More room never takes one call away.
    assert chosen != "direct" or choose(task, [2 * room for room in rooms], options) == "direct"


@pytest.mark.parametrize(("room", "way"), [(1300, "direct first"), (1100, "direct last"), (900, "not direct")])
def test_one_call_comes_first_only_where_it_fits_with_room_to_spare(room: int, way: str) -> None:
    """1,000 tokens, an answer and a question; tokens are only estimated."""
    tried = order(Task("Which?", "a" * 4000, max_tokens=10), [room], Options())
    assert tried == {"direct first": ("direct", "free_code"), "direct last": ("free_code", "direct")}.get(
        way, ("free_code",)
    )


@pytest.mark.parametrize(
    ("demand", "planned", "most", "used"),
    [
        ("linear", True, 2**14, "direct"), ("linear", True, 100, "fixed_plan"), ("quadratic", True, 100, "fixed_plan"),
        ("linear", False, 100, "free_code"), ("constant", True, 100, "direct"),
    ],
)  # fmt: skip
def test_the_answer_says_who_gave_it(demand: Demand, planned: bool, most: int, used: str) -> None:
    task = replace(PLANNED, demand=demand, plan=CountRed() if planned else None)
    found = done(
        CODE, task=task, strategy="automatic", direct_tokens=most, chunk_tokens=50,
        leaf=lambda call: str(call.prompt.count("red") - ("rows are red" in call.prompt)),
    )  # fmt: skip
    assert (found.answer.text, found.answer.strategy) == ("200", f"automatic: {used}")
    assert found.answer.complete


def test_a_needle_beyond_the_window_is_looked_up_by_code() -> None:
    small = root_and_leaf(room=4000)
    text = TEXT * 8
    task = Task("How many rows are red?", text, "constant", CountRed())
    found = done(CODE, task=task, strategy="automatic", fleet=small)
    assert (found.answer.strategy, found.answer.value) == ("automatic: free_code", text.count("red"))


def test_what_was_turned_away_is_tried_another_way() -> None:
    """There are no sub-calls for the plan, and it is told; code does without them."""
    found = done(CODE, task=PLANNED, strategy="automatic", direct_tokens=100, limits=Limits(depth=0), chunk_tokens=50)
    assert (found.answer.strategy, found.answer.text) == ("automatic: free_code", "200")
    assert set(found.kinds) == {"depth"}


def test_one_call_that_is_too_dear_is_not_the_end() -> None:
    """The whole context passes the budget of tokens; metadata and code do not."""
    task = replace(PLANNED, plan=None, max_tokens=8000)
    found = done(CODE, task=task, strategy="automatic", limits=Limits(tokens=6000))
    assert (found.answer.strategy, found.answer.text, found.kinds) == ("automatic: free_code", "200", ["budget"])


def test_what_was_found_before_the_budget_went_is_kept() -> None:
    """Two of six pieces are read; nobody after the plan can pay for an answer."""
    found = done(
        CODE, task=PLANNED, strategy="automatic", direct_tokens=100, chunk_tokens=50,
        limits=Limits(calls=2), leaf=lambda call: str(call.prompt.count("red")),
    )  # fmt: skip
    part = sum("\n".join(TEXT.split("\n")[place : place + 50]).count("red") for place in (0, 50))
    assert (found.answer.strategy, found.answer.text) == ("automatic: fixed_plan", str(part))
    assert not found.answer.complete
    assert set(found.kinds) == {"budget"}
    assert found.answer.used.calls == 2


def test_a_model_that_fails_at_its_work_is_not_turned_away() -> None:
    found = done(["raw:no code"], task=replace(PLANNED, plan=None), strategy="automatic", direct_tokens=100)
    assert (found.answer.strategy, found.kinds) == ("automatic: free_code", ["no code"])
    assert not found.leaves
