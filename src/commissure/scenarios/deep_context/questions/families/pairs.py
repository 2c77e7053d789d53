"""All pairs of users that meet conditions: the answer grows with the square of the users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from commissure.hal.clock.dice import Dice
from commissure.scenarios.deep_context.questions.draft import Draft, Kind
from commissure.scenarios.deep_context.questions.record import Row, Window

Holds = Callable[[Sequence[Row]], bool]
_MOST_SHARE = 0.6
MOST_PAIRS = 20_000
_BY_USER = "by = {}\nfor day, user, label in rows:\n    by.setdefault(user, []).append([day, label])\n"
_JOIN = (
    "pairs = []\nusers = sorted(by)\nfor i in range(len(users)):\n    for j in range(i + 1, len(users)):\n"
    "        one = by[users[i]]\n        other = by[users[j]]\n"
    "        if (a(one) and b(other)) or (b(one) and a(other)):\n            pairs.append(users[i] + ', ' + users[j])\n"
    "result = '\\n'.join(pairs)"
)


class _Condition:
    """What the texts of one user are to hold: in words, as a test, and as code."""

    def __init__(self, words: str, holds: Holds, code: str) -> None:
        self.words = words
        self.holds = holds
        self.code = code


def _either(window: Window, roll: Dice, after: date | None) -> _Condition:
    one, other = roll.sample(window.labels, 2)
    when = f" on or after {after.isoformat()}" if after else ""
    since = after or date.min
    return _Condition(
        f"has at least one text with the label '{one}' or '{other}'{when}",
        lambda rows: any(row.label in (one, other) and row.day >= since for row in rows),
        f"any(label in {[one, other]!r} and day >= {since.isoformat()!r} for day, label in these)",
    )


def _exactly(label: str, times: int) -> _Condition:
    return _Condition(
        f"has exactly {times} texts with the label '{label}'",
        lambda rows: sum(row.label == label for row in rows) == times,
        f"sum(1 for day, label in these if label == {label!r}) == {times}",
    )


def _at_least(label: str, times: int, before: date | None) -> _Condition:
    when = f" before {before.isoformat()}" if before else ""
    until = before or date.max
    return _Condition(
        f"has at least {times} texts with the label '{label}'{when}",
        lambda rows: sum(row.label == label and row.day < until for row in rows) >= times,
        f"sum(1 for day, label in these if label == {label!r} and day < {until.isoformat()!r}) >= {times}",
    )


def _meeting(rows: Sequence[Row], a: _Condition, b: _Condition) -> tuple[set[str], set[str]]:
    """The users of whom the one condition holds, and the other."""
    by: dict[str, list[Row]] = {}
    for row in rows:
        by.setdefault(row.user, []).append(row)
    first = {user for user, these in by.items() if a.holds(these)}
    return first, first if a is b else {user for user, these in by.items() if b.holds(these)}


def _pairs(first: set[str], second: set[str]) -> list[tuple[str, str]]:
    """Pairs of one of each, the lower first, in order, none twice."""
    return sorted({(min(one, other), max(one, other)) for one in first for other in second if one != other})


def _draft(window: Window, a: _Condition, b: _Condition) -> Draft | None:
    def answer(rows: Sequence[Row]) -> str:
        return "\n".join(f"{one}, {other}" for one, other in _pairs(*_meeting(rows, a, b)))

    first, second = _meeting(window.rows, a, b)
    users = len({row.user for row in window.rows})
    both_ways = len(first & second)
    found = len(first) * len(second) - both_ways - both_ways * (both_ways - 1) // 2
    if not 0 < found <= min(MOST_PAIRS, _MOST_SHARE * users * (users - 1) / 2):
        return None
    both = "both users: each" if a is b else "one of the users (either)"
    rest = "" if a is b else f", and the other {b.words}"
    text = (
        "List all pairs of users (no pair twice, the lower number first) for which this holds of "
        f"{both} {a.words}{rest}. Answer with one pair a line, as '12345, 67890'."
    )
    code = f"{_BY_USER}def a(these):\n    return {a.code}\ndef b(these):\n    return {b.code}\n{_JOIN}"
    return Draft(text, "PAIRS", answer, code=code, chance=0.0)


def _both_either(window: Window, roll: Dice) -> Draft | None:
    a = _either(window, roll, None)
    return _draft(window, a, a)


def _both_either_dated(window: Window, roll: Dice) -> Draft | None:
    a = _either(window, roll, _late_day(window, roll))
    return _draft(window, a, a)


def _both_many(window: Window, roll: Dice) -> Draft | None:
    a = _at_least(roll.choice(window.labels), roll.randint(2, 5), None)
    return _draft(window, a, a)


def _both_exactly(window: Window, roll: Dice) -> Draft | None:
    a = _exactly(roll.choice(window.labels), roll.randint(1, 3))
    return _draft(window, a, a)


def _unlike(window: Window, roll: Dice) -> Draft | None:
    one, other = roll.sample(window.labels, 2)
    return _draft(window, _at_least(one, roll.randint(1, 4), None), _exactly(other, roll.randint(0, 3)))


def _unlike_dated(window: Window, roll: Dice) -> Draft | None:
    one, other = roll.sample(window.labels, 2)
    a = _at_least(one, roll.randint(1, 2), _late_day(window, roll))
    return _draft(window, a, _exactly(other, roll.randint(1, 2)))


def _late_day(window: Window, roll: Dice) -> date:
    days = sorted(row.day for row in window.rows)
    return days[roll.randrange(len(days) // 3, len(days))]


KINDS = tuple(
    Kind(name, draw, "quadratic")
    for name, draw in (
        ("PAIRS_EITHER", _both_either),
        ("PAIRS_UNLIKE", _unlike),
        ("PAIRS_EITHER_DATED", _both_either_dated),
        ("PAIRS_MANY", _both_many),
        ("PAIRS_UNLIKE_DATED", _unlike_dated),
        ("PAIRS_EXACTLY", _both_exactly),
    )
)
