"""All pairs of users that meet conditions: the answer grows with the square of the users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from math import isqrt

from commissure.hal.clock.dice import Dice
from commissure.scenarios.deep_context.questions.draft import Draft, Kind, ranked
from commissure.scenarios.deep_context.questions.record import Row, Window

# An answer holds at most this share of all pairs, and so many pairs: published ones reach ten thousand
# (arXiv 2512.24601), a window of a million tokens has millions.
_MOST_SHARE, MOST_PAIRS = 0.6, 20_000
_BY_USER = "by = {}\nfor day, user, label in rows:\n    by.setdefault(user, []).append([day, label])\n"
_JOIN = (
    "first = [user for user in by if a(by[user])]\nsecond = [user for user in by if b(by[user])]\n"
    "pairs = set()\nfor one in first:\n    for other in second:\n"
    "        if one != other:\n            pairs.add(', '.join(sorted([one, other])))\n"
    "result = '\\n'.join(sorted(pairs))"
)


@dataclass(frozen=True, slots=True)
class _Condition:
    """What the texts of one user are to hold: in words, as a test, and as code over `these` of [day, label]."""

    words: str
    holds: Callable[[Sequence[Row]], bool]
    code: str


def _either(one: str, other: str, after: date | None = None) -> _Condition:
    when = f" on or after {after.isoformat()}" if after else ""
    since = after or date.min
    return _Condition(
        f"has at least one text with the label '{one}' or '{other}'{when}",
        lambda rows: any(row.label in (one, other) and row.day >= since for row in rows),
        f"any(label in {[one, other]!r} and day >= {since.isoformat()!r} for day, label in these)",
    )


def _exactly(label: str, times: int) -> _Condition:
    return _Condition(
        f"has exactly {_texts(times)} with the label '{label}'",
        lambda rows: sum(row.label == label for row in rows) == times,
        f"sum(1 for day, label in these if label == {label!r}) == {times}",
    )


def _at_least(label: str, times: int, before: date | None = None) -> _Condition:
    when = f" before {before.isoformat()}" if before else ""
    until = before or date.max
    return _Condition(
        f"has at least {_texts(times)} with the label '{label}'{when}",
        lambda rows: sum(row.label == label and row.day < until for row in rows) >= times,
        f"sum(1 for day, label in these if label == {label!r} and day < {until.isoformat()!r}) >= {times}",
    )


def _texts(times: int) -> str:
    return "1 text" if times == 1 else f"{times} texts"


def _by_user(rows: Sequence[Row]) -> dict[str, list[Row]]:
    by: dict[str, list[Row]] = {}
    for row in rows:
        by.setdefault(row.user, []).append(row)
    return by


def _draft(window: Window, a: _Condition, b: _Condition) -> Draft | None:
    def meeting(rows: Sequence[Row]) -> tuple[set[str], set[str]]:
        by = _by_user(rows)
        first = {user for user, these in by.items() if a.holds(these)}
        return first, {user for user, these in by.items() if b.holds(these)}

    def answer(rows: Sequence[Row]) -> str:
        first, second = meeting(rows)
        return "\n".join(
            f"{one}, {other}"
            for one, other in combinations(sorted(first | second), 2)
            if (one in first and other in second) or (one in second and other in first)
        )

    first, second = meeting(window.rows)
    both = len(first & second)
    # Of all who meet one with all who meet the other, without a user with itself, each pair once.
    found = len(first) * len(second) - both - both * (both - 1) // 2
    users = len({row.user for row in window.rows})
    if not 0 < found <= min(MOST_PAIRS, _MOST_SHARE * users * (users - 1) / 2):
        return None
    who = "each of the two" if a is b else "one of the two, whichever,"
    rest = "" if a is b else f", and the other one {b.words}"
    text = (
        "List all pairs of users (no pair twice, the lower number first) of whom "
        f"{who} {a.words}{rest}. Answer with one pair a line, as '12345, 67890'."
    )
    code = f"{_BY_USER}def a(these):\n    return {a.code}\ndef b(these):\n    return {b.code}\n{_JOIN}"
    return Draft(text, "PAIRS", answer, code=code, chance=0.0)


def _both_either(window: Window, roll: Dice) -> Draft | None:
    one, other = roll.sample(window.labels, 2)
    users = len({row.user for row in window.rows if row.label in (one, other)})
    if users * (users - 1) > 2 * MOST_PAIRS:
        return None
    a = _either(one, other)
    return _draft(window, a, a)


def _both_either_dated(window: Window, roll: Dice) -> Draft | None:
    one, other = roll.sample(window.labels, 2)
    wanted = _wanted(window, roll)
    users: set[str] = set()
    for row in sorted(window.rows, key=lambda row: row.day, reverse=True):
        if row.label in (one, other):
            users.add(row.user)
        if len(users) == wanted:
            a = _either(one, other, row.day)
            return _draft(window, a, a)
    return None


def _both_many(window: Window, roll: Dice) -> Draft | None:
    label = roll.choice(window.labels)
    a = _at_least(label, _reached(_counts(window, label), _wanted(window, roll)))
    return _draft(window, a, a)


def _both_exactly(window: Window, roll: Dice) -> Draft | None:
    label = roll.choice(window.labels)
    a = _exactly(label, _some_count(window, label, roll))
    return _draft(window, a, a)


def _unlike(window: Window, roll: Dice) -> Draft | None:
    one, other = roll.sample(window.labels, 2)
    times = _reached(_counts(window, one), _wanted(window, roll))
    return _draft(window, _at_least(one, times), _exactly(other, _some_count(window, other, roll)))


def _unlike_dated(window: Window, roll: Dice) -> Draft | None:
    one, other = roll.sample(window.labels, 2)
    before = roll.choice(window.rows).day
    times = _reached(_counts(window, one, before), _wanted(window, roll))
    return _draft(window, _at_least(one, times, before), _exactly(other, _some_count(window, other, roll)))


def _counts(window: Window, label: str, before: date = date.max) -> Counter[str]:
    return Counter(row.user for row in window.rows if row.label == label and row.day < before)


def _wanted(window: Window, roll: Dice) -> int:
    """How many users a condition is to single out: some, and no more than make the most pairs."""
    users = len({row.user for row in window.rows})
    return roll.randint(2, max(2, min(users * 3 // 4, isqrt(2 * MOST_PAIRS))))


def _reached(counts: Counter[str], users: int) -> int:
    """The number of texts that about so many users reach, at least 1."""
    order = ranked(counts)
    return counts[order[min(users, len(order)) - 1]] if order else 1


def _some_count(window: Window, label: str, roll: Dice) -> int:
    """A number of texts with this label that some user has."""
    return roll.choice(sorted(set(_counts(window, label).values())) or [1])


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
