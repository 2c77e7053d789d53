"""How labels come over the months."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from commissure.hal.clock.dice import Dice
from commissure.scenarios.deep_context.questions.draft import (
    COMPARISONS,
    Draft,
    Kind,
    clear_at,
    clearly,
    compared,
    counts_of,
    month_of,
    ranked,
)
from commissure.scenarios.deep_context.questions.record import Row, Window

_MONTHS = "n = {}\nfor day, user, label in rows:\n    month = day[:7]\n    n.setdefault(month, []).append(label)\n"
_LEAST_ROWS = 4


def _by_month(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each month, earliest first."""
    months: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.day):
        months.setdefault(month_of(row.day), []).append(row)
    return months


def _busiest(window: Window, roll: Dice) -> Draft | None:
    if not clear_at(_sizes(window.rows), 0):
        return None
    months = tuple(_by_month(window.rows))
    text = "In which month were the most texts written? Answer in the form 'Month: YYYY-MM'."
    code = _MONTHS + "result = max(n, key=lambda month: len(n[month]))"
    return Draft(text, "MONTH_YEAR", lambda rows: next(iter(ranked(_sizes(rows))), ""), months, code)


def _sizes(rows: Sequence[Row]) -> Counter[str]:
    return Counter(month_of(row.day) for row in rows)


def _shift(window: Window, roll: Dice) -> Draft | None:
    label, day = roll.choice(window.labels), _middle_day(window, roll)

    def shares(rows: Sequence[Row]) -> tuple[float, float]:
        before = [row.label == label for row in rows if row.day < day]
        after = [row.label == label for row in rows if row.day >= day]
        return sum(before) / max(1, len(before)), sum(after) / max(1, len(after))

    def answer(rows: Sequence[Row]) -> str:
        return compared(*shares(rows))

    if not clearly(*shares(window.rows)):
        return None
    text = (
        f"Is the label '{label}' more common, less common or of the same frequency before {day.isoformat()}, compared "
        "with that day and later, as a share of the texts? "
        "Answer in the form 'Answer: more common', 'Answer: less common' or 'Answer: same frequency'."
    )
    code = (
        "old = []\nnew = []\nfor day, user, label in rows:\n"
        f"    (old if day < {day.isoformat()!r} else new).append(1 if label == {label!r} else 0)\n"
        "gap = sum(old) * max(1, len(new)) - sum(new) * max(1, len(old))\n"
        "result = 'more common' if gap > 0 else 'less common' if gap < 0 else 'same frequency'"
    )
    return Draft(text, "COMPARISON", answer, COMPARISONS, code)


def _range(window: Window, roll: Dice) -> Draft | None:
    label, first = roll.choice(window.labels), _middle_day(window, roll).replace(day=1)
    last = (first + timedelta(days=92)).replace(day=1) - timedelta(days=1)

    def answer(rows: Sequence[Row]) -> str:
        return str(sum(row.label == label and first <= row.day <= last for row in rows))

    text = (
        f"How many texts with the label '{label}' were written from {first.isoformat()} to {last.isoformat()}, both "
        "days included? Answer in the form 'Answer: number'."
    )
    code = (
        f"result = len([1 for day, user, label in rows if label == {label!r} "
        f"and {first.isoformat()!r} <= day <= {last.isoformat()!r}])"
    )
    return Draft(text, "NUMERIC", answer, code=code, span=(first, last))


def _first_over(window: Window, roll: Dice) -> Draft | None:
    one, other = roll.sample(window.labels, 2)

    def answer(rows: Sequence[Row]) -> str:
        return next((month for month, these in _by_month(rows).items() if _over(these, one, other)), "never")

    # Of labels that are as common the answer would mostly be the first month.
    counts = counts_of(window.rows, window.labels)
    months = tuple(_by_month(window.rows))
    if counts[one] >= counts[other] or answer(window.rows) in ("never", months[0]):
        return None
    text = (
        f"What is the first month in which the label '{one}' comes more often than '{other}'? Answer in the form "
        "'Month: YYYY-MM'."
    )
    code = _MONTHS + (
        f"over = sorted(month for month in n if n[month].count({one!r}) > n[month].count({other!r}))\n"
        "result = over[0] if over else 'never'"
    )
    return Draft(text, "MONTH_YEAR", answer, months, code)


def _months_over(window: Window, roll: Dice) -> Draft | None:
    one, other = roll.sample(window.labels, 2)

    def answer(rows: Sequence[Row]) -> str:
        return str(sum(_over(these, one, other) for these in _by_month(rows).values()))

    asked = f"In how many months does the label '{one}' come more often than '{other}'?"
    text = f"{asked} Answer in the form 'Answer: number'."
    code = _MONTHS + f"result = sum(1 for month in n if n[month].count({one!r}) > n[month].count({other!r}))"
    return Draft(text, "NUMERIC", answer, code=code)


def _sole_top(window: Window, roll: Dice) -> Draft | None:
    label = roll.choice(window.labels)
    labels = window.labels

    def answer(rows: Sequence[Row]) -> str:
        found = (counts_of(these, labels) for these in _by_month(rows).values())
        return str(sum(all(n[label] > n[other] for other in labels if other != label) for n in found))

    text = f"In how many months is '{label}' the single most common label? Answer in the form 'Answer: number'."
    code = _MONTHS + (
        f"result = 0\nfor month in n:\n    mine = n[month].count({label!r})\n"
        f"    others = [n[month].count(other) for other in {[one for one in labels if one != label]!r}]\n"
        "    if mine > max(others):\n        result += 1"
    )
    return Draft(text, "NUMERIC", answer, code=code)


def _over(rows: Sequence[Row], one: str, other: str) -> bool:
    return sum(row.label == one for row in rows) > sum(row.label == other for row in rows)


def _middle_day(window: Window, roll: Dice) -> date:
    """Some day with rows enough on both sides."""
    days = sorted(row.day for row in window.rows)
    return days[roll.randrange(len(days) // _LEAST_ROWS, len(days) - len(days) // _LEAST_ROWS)]


KINDS = (
    Kind("MONTHS_A_OVER_B", _months_over),
    Kind("BEFORE_AFTER", _shift),
    Kind("MONTH_RANGE", _range),
    Kind("FIRST_MONTH_A_OVER_B", _first_over),
    Kind("BUSIEST_MONTH", _busiest),
    Kind("MONTHS_SOLE_TOP", _sole_top),
)
