"""How often the labels come."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.clock.dice import Dice
from commissure.scenarios.deep_context.questions.draft import (
    COMPARISONS,
    Draft,
    Kind,
    clear_at,
    clearly,
    compared,
    counts_of,
    ranked,
)
from commissure.scenarios.deep_context.questions.record import Row, Window

_COUNT = """\
n = {{}}
for label in {labels!r}:
    n[label] = 0
for day, user, label in rows:
    n[label] += 1
"""


def _code(window: Window, rest: str) -> str:
    return _COUNT.format(labels=list(window.labels)) + rest


def _place(window: Window, place: int, words: str, rest: str) -> Draft | None:
    labels = window.labels
    counts = counts_of(window.rows, labels)
    if not clear_at(counts, place):
        return None
    text = f"Which of the labels is the {words} among the texts? Answer in the form 'Label: answer'."
    return Draft(text, "LABEL", lambda rows: ranked(counts_of(rows, labels))[place], labels, _code(window, rest))


def _most(window: Window, roll: Dice) -> Draft | None:
    return _place(window, 0, "most common", "result = max(n, key=lambda label: n[label])")


def _least(window: Window, roll: Dice) -> Draft | None:
    return _place(window, -1, "least common", "result = min(n, key=lambda label: n[label])")


def _second(window: Window, roll: Dice) -> Draft | None:
    if len(window.labels) < 3:
        return None
    rest = "n.pop(max(n, key=lambda label: n[label]))\nresult = max(n, key=lambda label: n[label])"
    return _place(window, 1, "second most common", rest)


def _relative(window: Window, roll: Dice) -> Draft | None:
    labels = window.labels
    one, other = roll.sample(labels, 2)
    counts = counts_of(window.rows, labels)
    if not clearly(counts[one], counts[other]):
        return None

    def answer(rows: Sequence[Row]) -> str:
        found = counts_of(rows, labels)
        return compared(found[one], found[other])

    text = (
        f"Is the label '{one}' more common, less common or of the same frequency among the texts as '{other}'? "
        "Answer in the form 'Answer: more common', 'Answer: less common' or 'Answer: same frequency'."
    )
    rest = (
        f"gap = n[{one!r}] - n[{other!r}]\n"
        "result = 'same frequency'\nif gap > 0: result = 'more common'\nif gap < 0: result = 'less common'"
    )
    return Draft(text, "COMPARISON", answer, COMPARISONS, _code(window, rest))


def _number(window: Window, roll: Dice) -> Draft | None:
    labels = window.labels
    label = roll.choice(labels)
    text = f"How many of the texts have the label '{label}'? Answer in the form 'Answer: number'."
    return Draft(
        text, "NUMERIC", lambda rows: str(counts_of(rows, labels)[label]), code=_code(window, f"result = n[{label!r}]")
    )


def _times(window: Window, roll: Dice) -> Draft | None:
    labels = window.labels
    label = roll.choice(labels)
    times = counts_of(window.rows, labels)[label]
    if list(counts_of(window.rows, labels).values()).count(times) > 1:
        return None

    def answer(rows: Sequence[Row]) -> str:
        counts = counts_of(rows, labels)
        return min(labels, key=lambda one: (abs(counts[one] - times), one))

    text = f"Which label is represented exactly {times} times? Answer in the form 'Label: answer'."
    rest = f"near = sorted([abs(n[label] - {times}), label] for label in n)\nresult = near[0][1]"
    return Draft(text, "LABEL", answer, labels, _code(window, rest))


KINDS = (
    Kind("MOST_FREQ", _most),
    Kind("NUMERIC_ONE_CLASS", _number),
    Kind("RELATIVE_FREQ", _relative),
    Kind("LEAST_FREQ", _least),
    Kind("SECOND_MOST_FREQ", _second),
    Kind("REPRESENTED_N_TIMES", _times),
)
